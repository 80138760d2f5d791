//! UN numbers of dangerous goods (standards 11.4).

use super::CodeError;

/// Checks a UN number, with or without `UN` before it, and gives its four digits; leading zeros
/// are part of the number, so it stays text.
pub fn un_number(text: &str) -> Result<&str, CodeError> {
    let digits = text.strip_prefix("UN").unwrap_or(text);
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(CodeError::Shape);
    }
    match digits.parse::<u16>() {
        Ok(4..=3600) => Ok(digits),
        _ => Err(CodeError::Range),
    }
}

#[cfg(test)]
mod tests {
    use super::un_number;
    use crate::codes::CodeError;

    #[test]
    fn test_values_of_the_catalogue() {
        let samples = [
            "1005", "1017", "1965", "1073", "1977", "1203", "1230", "1090", "1381", "1402", "1942",
            "2014", "1051", "1830", "1824", "3082", "0081",
        ];
        for good in samples {
            assert_eq!(un_number(good), Ok(good));
        }
        assert_eq!(un_number("UN0081"), Ok("0081"));
        assert_eq!(un_number("0003"), Err(CodeError::Range));
        assert_eq!(un_number("3601"), Err(CodeError::Range));
        for odd in ["", "81", "UN 1005", "un1005", "10050", "１００５"] {
            assert_eq!(un_number(odd), Err(CodeError::Shape), "{odd}");
        }
    }
}
