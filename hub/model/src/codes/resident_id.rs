//! Resident identity numbers, GB 11643 (standards 11.1).

use super::CodeError;
use crate::{Civil, Timestamp};

/// Checks a resident identity number and gives it with the check character in upper case.
///
/// The region is not compared with a table: correct numbers exist whose region existed only in
/// other years.
pub fn check(text: &str) -> Result<String, CodeError> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: &[u8; 11] = b"10X98765432";
    let upper = text.to_ascii_uppercase();
    let (digits, check) = match upper.as_bytes().split_at_checked(17) {
        Some((digits, [check])) if digits.iter().all(u8::is_ascii_digit) => (digits, *check),
        _ => return Err(CodeError::Shape),
    };
    if !check.is_ascii_digit() && check != b'X' {
        return Err(CodeError::Shape);
    }
    let sum: u32 = digits
        .iter()
        .zip(WEIGHTS)
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    if CHECKS.get(sum as usize % 11) != Some(&check) {
        return Err(CodeError::Check);
    }
    let number = |range: std::ops::Range<usize>| -> u16 {
        upper
            .get(range)
            .and_then(|part| part.parse().ok())
            .unwrap_or(0)
    };
    let born = Civil {
        year: i32::from(number(6..10)),
        month: u8::try_from(number(10..12)).unwrap_or(0),
        day: u8::try_from(number(12..14)).unwrap_or(0),
        hour: 0,
        minute: 0,
        second: 0,
        micro: 0,
    };
    if born.year < 1800 || Timestamp::from_civil(born, 0).is_none() {
        return Err(CodeError::Date);
    }
    Ok(upper)
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::codes::CodeError;

    #[test]
    fn test_values_of_the_catalogue() {
        for good in [
            "11010519491231002X",
            "440524188001010014",
            "34052419800101001X",
            "320106200002290019",
            "320703199001011231",
            "32058219851130451X",
        ] {
            assert_eq!(check(good).as_deref(), Ok(good));
        }
        assert_eq!(
            check("11010519491231002x").as_deref(),
            Ok("11010519491231002X")
        );
        assert_eq!(check("110105194912310021"), Err(CodeError::Check));
        assert_eq!(check("320106190002290012"), Err(CodeError::Date));
        assert_eq!(check("110105194913010029"), Err(CodeError::Date));
        for odd in [
            "",
            "1101051949123100",
            "11010519491231002XX",
            "1101051949123100AX",
            "110105194912310０2X",
        ] {
            assert_eq!(check(odd), Err(CodeError::Shape), "{odd}");
        }
    }
}
