//! CAS registry numbers of chemicals (standards 11.6).

use super::CodeError;

/// Checks a CAS number such as `7664-41-7`.
pub fn check(text: &str) -> Result<(), CodeError> {
    let mut parts = text.split('-');
    let (Some(first), Some(second), Some(last), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(CodeError::Shape);
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let shaped = (2..=7).contains(&first.len()) && second.len() == 2 && last.len() == 1;
    if !shaped || ![first, second, last].into_iter().all(digits) {
        return Err(CodeError::Shape);
    }
    let sum: u32 = first
        .bytes()
        .chain(second.bytes())
        .rev()
        .zip(1_u32..)
        .map(|(digit, weight)| weight * u32::from(digit - b'0'))
        .sum();
    let check = last.bytes().next().map(|digit| u32::from(digit - b'0'));
    if check == Some(sum % 10) {
        Ok(())
    } else {
        Err(CodeError::Check)
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::codes::CodeError;

    #[test]
    fn test_values_of_the_catalogue() {
        for good in ["7664-41-7", "75-21-8", "7782-50-5", "67-56-1", "75-44-5"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        assert_eq!(check("7664-41-8"), Err(CodeError::Check));
        for odd in [
            "",
            "7664417",
            "1-11-1",
            "7664-4-17",
            "7664-41-7-1",
            "766x-41-7",
            "12345678-41-7",
        ] {
            assert_eq!(check(odd), Err(CodeError::Shape), "{odd}");
        }
    }
}
