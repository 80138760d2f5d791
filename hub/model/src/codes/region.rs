//! Administrative division codes, GB/T 2260 (standards 11.5).

use super::CodeError;

/// Checks a region code of 6 digits, or of 9 or 12 for streets and platforms. Only the shape and
/// the province are checked: counties come and go.
pub fn check(text: &str) -> Result<(), CodeError> {
    let shaped = matches!(text.len(), 6 | 9 | 12) && text.bytes().all(|byte| byte.is_ascii_digit());
    if !shaped {
        return Err(CodeError::Shape);
    }
    let province: u8 = text
        .get(..2)
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0);
    match province {
        11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81 | 82 => Ok(()),
        _ => Err(CodeError::Range),
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::codes::CodeError;

    #[test]
    fn province_and_shape() {
        for good in [
            "320000",
            "320100",
            "320282",
            "320282001",
            "320282001002",
            "110105",
            "820000",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        assert_eq!(check("160000"), Err(CodeError::Range));
        assert_eq!(check("32010"), Err(CodeError::Shape));
        assert_eq!(check("32010a"), Err(CodeError::Shape));
    }
}
