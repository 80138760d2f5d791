//! Unified social credit codes, GB 32100 (standards 11.2).

use super::CodeError;

const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Checks a unified social credit code. A remainder of 0 gives the check character 0; the widely
/// copied formula runs off the end of the alphabet there.
pub fn check(text: &str) -> Result<(), CodeError> {
    let values = text
        .bytes()
        .map(|byte| ALPHABET.iter().position(|letter| *letter == byte))
        .collect::<Option<Vec<usize>>>()
        .ok_or(CodeError::Shape)?;
    let Some((check, body)) = values.split_last().filter(|(_, body)| body.len() == 17) else {
        return Err(CodeError::Shape);
    };
    let mut weight = 1;
    let mut sum = 0;
    for value in body {
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    if *check == (31 - sum % 31) % 31 {
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
        for good in [
            "91350100M000100Y43",
            "91320700MA0000001A",
            "91320982MA0PARK01N",
            "123200004660000004",
            "91320000MA00000190",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        assert_eq!(check("91350100M000100Y4Z"), Err(CodeError::Shape));
        assert_eq!(check("91350100M000100Y44"), Err(CodeError::Check));
        for letter in ["I", "O", "S", "V", "Z", "a"] {
            assert_eq!(
                check(&format!("9135010{letter}M000100Y43")),
                Err(CodeError::Shape)
            );
        }
        assert_eq!(check(""), Err(CodeError::Shape));
        assert_eq!(check("91350100M000100Y4"), Err(CodeError::Shape));
    }
}
