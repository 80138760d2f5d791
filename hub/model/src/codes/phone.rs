//! Mobile phone numbers of mainland China (standards 11.7).

use super::CodeError;

/// Checks a mobile phone number.
pub fn check(text: &str) -> Result<(), CodeError> {
    if crate::facets::PHONE.check(text).is_ok() {
        Ok(())
    } else {
        Err(CodeError::Shape)
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn shape_only() {
        assert!(check("13800000001").is_ok());
        for odd in [
            "12800000001",
            "1380000000",
            "138000000011",
            "+8613800000001",
            "１３８00000001",
        ] {
            assert!(check(odd).is_err(), "{odd}");
        }
    }
}
