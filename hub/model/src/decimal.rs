//! Fixed-point numbers: what was written is what is kept, and no float is ever in between.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A decimal number: `mantissa` × 10^−`scale`. Trailing zeros are kept when written and ignored
/// when compared, so `1.50` equals `1.5`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Decimal {
    mantissa: i64,
    scale: u8,
}

/// Text that is not a decimal number, or one with more than 18 digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a decimal number of at most 18 digits")]
pub struct DecimalError;

impl Decimal {
    /// Most digits after the point.
    pub const SCALE_MAX: u8 = 18;

    /// Makes `mantissa` × 10^−`scale`; a scale above 18 is cut to 18.
    pub const fn new(mantissa: i64, scale: u8) -> Self {
        let scale = if scale > Self::SCALE_MAX {
            Self::SCALE_MAX
        } else {
            scale
        };
        Self { mantissa, scale }
    }

    /// All digits as a whole number.
    pub fn mantissa(self) -> i64 {
        self.mantissa
    }

    /// Digits after the point.
    pub fn scale(self) -> u8 {
        self.scale
    }

    /// The same number with exactly this many digits after the point, half away from zero;
    /// `None` when it does not fit.
    pub fn rescale(self, scale: u8) -> Option<Self> {
        if scale > Self::SCALE_MAX {
            return None;
        }
        let wide = i128::from(self.mantissa);
        let mantissa = if scale >= self.scale {
            wide.checked_mul(power(scale - self.scale))?
        } else {
            let unit = power(self.scale - scale);
            let half = unit / 2;
            if wide < 0 {
                (wide - half) / unit
            } else {
                (wide + half) / unit
            }
        };
        i64::try_from(mantissa)
            .ok()
            .map(|mantissa| Self { mantissa, scale })
    }

    /// The sum; `None` when it does not fit.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let (one, two) = (self.rescale(scale)?, other.rescale(scale)?);
        one.mantissa
            .checked_add(two.mantissa)
            .map(|mantissa| Self { mantissa, scale })
    }

    /// The product; `None` when it does not fit.
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        let mantissa = self.mantissa.checked_mul(other.mantissa)?;
        let scale = self
            .scale
            .checked_add(other.scale)
            .filter(|scale| *scale <= Self::SCALE_MAX)?;
        Some(Self { mantissa, scale })
    }

    /// `self` ÷ `other` with this many digits after the point, half away from zero; `None` for a
    /// division by zero or when it does not fit.
    pub fn checked_div(self, other: Self, scale: u8) -> Option<Self> {
        if other.mantissa == 0 || scale > Self::SCALE_MAX {
            return None;
        }
        let above = i128::from(self.mantissa)
            .checked_mul(power(other.scale))?
            .checked_mul(power(scale))?;
        let below = i128::from(other.mantissa).checked_mul(power(self.scale))?;
        let twice = above.checked_mul(2)?;
        let half = if (above < 0) == (below < 0) {
            below
        } else {
            -below
        };
        let mantissa = twice
            .checked_add(half)?
            .checked_div(below.checked_mul(2)?)?;
        i64::try_from(mantissa)
            .ok()
            .map(|mantissa| Self { mantissa, scale })
    }

    /// Without trailing zeros.
    pub fn normal(self) -> Self {
        let mut made = self;
        while made.scale > 0 && made.mantissa % 10 == 0 {
            made.mantissa /= 10;
            made.scale -= 1;
        }
        made
    }
}

/// 10^n for n ≤ 18.
fn power(exponent: u8) -> i128 {
    10_i128.pow(u32::from(exponent.min(Decimal::SCALE_MAX)))
}

impl From<i64> for Decimal {
    fn from(whole: i64) -> Self {
        Self::new(whole, 0)
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let (negative, digits) = match text.as_bytes().first() {
            Some(b'-') => (true, text.get(1..).unwrap_or_default()),
            Some(b'+') => (false, text.get(1..).unwrap_or_default()),
            _ => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() {
            return Err(DecimalError);
        }
        let mut mantissa = 0_i64;
        for byte in whole.bytes().chain(fraction.bytes()) {
            if !byte.is_ascii_digit() {
                return Err(DecimalError);
            }
            mantissa = mantissa
                .checked_mul(10)
                .and_then(|sum| sum.checked_add(i64::from(byte - b'0')))
                .ok_or(DecimalError)?;
        }
        let scale = u8::try_from(fraction.len())
            .ok()
            .filter(|scale| *scale <= Self::SCALE_MAX)
            .ok_or(DecimalError)?;
        Ok(Self {
            mantissa: if negative { -mantissa } else { mantissa },
            scale,
        })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let all = self.mantissa.unsigned_abs();
        if self.scale == 0 {
            return write!(f, "{sign}{all}");
        }
        let unit = 10_u64.pow(u32::from(self.scale));
        write!(
            f,
            "{sign}{}.{:0width$}",
            all / unit,
            all % unit,
            width = usize::from(self.scale)
        )
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let one = i128::from(self.mantissa) * power(other.scale);
        let two = i128::from(other.mantissa) * power(self.scale);
        one.cmp(&two)
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl Hash for Decimal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let normal = self.normal();
        (normal.mantissa, normal.scale).hash(state);
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            (self.mantissa, self.scale).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            return text.parse().map_err(de::Error::custom);
        }
        let (mantissa, scale) = Deserialize::deserialize(deserializer)?;
        Ok(Self::new(mantissa, scale))
    }
}

#[cfg(test)]
mod tests {
    use super::Decimal;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_written_is_kept() {
        for text in [
            "0",
            "-0.5",
            "12.50",
            "999999999999.999999",
            "-1",
            "0.000001",
        ] {
            assert_eq!(decimal(text).to_string(), text);
        }
        assert_eq!(decimal("+7.").to_string(), "7");
        assert_eq!(decimal(".5").to_string(), "0.5");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "-",
            ".",
            "1e3",
            "1,5",
            "NaN",
            "١",
            "1.2.3",
            "9999999999999999999",
            "0.0000000000000000001",
        ] {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
    }

    #[test]
    fn value_decides_equality_and_order() {
        assert_eq!(decimal("1.50"), decimal("1.5"));
        assert!(decimal("-2") < decimal("-1.999"));
        assert!(decimal("0.1") < decimal("1"));
    }

    #[test]
    fn arithmetic_is_exact_and_rounds_half_away() {
        assert_eq!(
            decimal("0.1").checked_add(decimal("0.20")),
            Some(decimal("0.3"))
        );
        assert_eq!(decimal("2.5").rescale(0), Some(decimal("3")));
        assert_eq!(decimal("-2.5").rescale(0), Some(decimal("-3")));
        assert_eq!(
            decimal("1").checked_div(decimal("3"), 4),
            Some(decimal("0.3333"))
        );
        assert_eq!(
            decimal("-2").checked_div(decimal("3"), 2),
            Some(decimal("-0.67"))
        );
        assert_eq!(
            decimal("2").checked_div(decimal("-3"), 2),
            Some(decimal("-0.67"))
        );
        assert_eq!(decimal("1").checked_div(decimal("0"), 2), None);
        assert_eq!(Decimal::new(i64::MAX, 0).checked_add(decimal("1")), None);
    }
}
