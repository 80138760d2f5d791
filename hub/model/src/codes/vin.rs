//! Vehicle identification numbers (standards 11.7).

use super::CodeError;

/// Checks the shape of a VIN: 17 characters without I, O and Q. The check digit of ISO 3779 is
/// not mandatory for vehicles sold in China before 2020, so it is not demanded.
pub fn check(text: &str) -> Result<(), CodeError> {
    if crate::facets::VIN.check(text).is_ok() {
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
        assert!(check("LFV2A21K6A3123456").is_ok());
        for odd in [
            "LFV2A21K6A312345",
            "LFV2A21K6A31234567",
            "LFV2A21I6A3123456",
            "lfv2a21k6a3123456",
        ] {
            assert!(check(odd).is_err(), "{odd}");
        }
    }
}
