//! Exact decimal arithmetic for scales and offsets; no floating point anywhere.

use std::fmt;

/// Most digits after the point that are kept; further ones are rounded half to even.
const SCALE_MAX: u32 = 12;

/// A decimal number: `digits` divided by ten to the power `scale`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Exact {
    digits: i128,
    scale: u32,
}

impl Exact {
    /// Reads `-12.50`, `+3`, `1.5e-3`. Refuses everything else, and numbers beyond 27 digits.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, number) = match number.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, number.strip_prefix('+').unwrap_or(number)),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let written = number.contains('.');
        let digits_only = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || (written && fraction.is_empty()) || whole.len() + fraction.len() > 27
        {
            return None;
        }
        if !digits_only(whole) || !digits_only(fraction) {
            return None;
        }
        let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        let digits = if negative { -digits } else { digits };
        let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        if !(-27..=27).contains(&scale) {
            return None;
        }
        let number = if scale < 0 {
            let factor = 10_i128.checked_pow(scale.unsigned_abs())?;
            Self {
                digits: digits.checked_mul(factor)?,
                scale: 0,
            }
        } else {
            Self {
                digits,
                scale: scale.unsigned_abs(),
            }
        };
        Some(number.round(SCALE_MAX))
    }

    /// The product, exact up to twelve digits after the point.
    pub fn times(self, other: Self) -> Option<Self> {
        let product = Self {
            digits: self.digits.checked_mul(other.digits)?,
            scale: self.scale + other.scale,
        };
        Some(product.round(SCALE_MAX))
    }

    /// The sum.
    pub fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let sum = self
            .stretched(scale)?
            .checked_add(other.stretched(scale)?)?;
        Some(Self { digits: sum, scale })
    }

    /// Rounded half to even to `scale` digits after the point.
    #[must_use]
    pub fn round(self, scale: u32) -> Self {
        if self.scale <= scale {
            return self;
        }
        let Some(factor) = 10_i128.checked_pow(self.scale - scale) else {
            return Self { digits: 0, scale };
        };
        let (quotient, rest) = (self.digits / factor, self.digits % factor);
        let twice = rest.abs().saturating_mul(2);
        let up = twice > factor || (twice == factor && quotient % 2 != 0);
        let step = if up { self.digits.signum() } else { 0 };
        Self {
            digits: quotient + step,
            scale,
        }
    }

    /// Whether it is a whole number, and then without digits after the point.
    pub fn whole(self) -> Option<Self> {
        let rounded = self.round(0);
        (rounded.compare(self)? == std::cmp::Ordering::Equal).then_some(rounded)
    }

    /// Ordering by value; `None` beyond 38 digits.
    pub fn compare(self, other: Self) -> Option<std::cmp::Ordering> {
        let scale = self.scale.max(other.scale);
        Some(self.stretched(scale)?.cmp(&other.stretched(scale)?))
    }

    /// As a whole 64-bit number.
    pub fn to_i64(self) -> Option<i64> {
        i64::try_from(self.whole()?.digits).ok()
    }

    fn stretched(self, scale: u32) -> Option<i128> {
        self.digits
            .checked_mul(10_i128.checked_pow(scale - self.scale)?)
    }
}

impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.digits < 0 { "-" } else { "" };
        let digits = self.digits.unsigned_abs().to_string();
        let scale = usize::try_from(self.scale).unwrap_or(0);
        if scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = padded.split_at(padded.len() - scale);
        write!(f, "{sign}{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::Exact;

    fn exact(text: &str) -> Exact {
        Exact::parse(text).unwrap()
    }

    #[test]
    fn scale_and_offset_are_exact() {
        let celsius = exact("3023")
            .times(exact("0.1"))
            .unwrap()
            .plus(exact("-273.15"))
            .unwrap();
        assert_eq!(celsius.to_string(), "29.15");
        assert_eq!(exact("0.1").plus(exact("0.2")).unwrap().to_string(), "0.3");
        assert_eq!(exact("-0.05").to_string(), "-0.05");
        assert_eq!(exact("1.5e3").to_string(), "1500");
        assert_eq!(exact("15e-4").to_string(), "0.0015");
    }

    #[test]
    fn rounding_is_half_to_even() {
        for (from, to) in [
            ("0.125", "0.12"),
            ("0.135", "0.14"),
            ("-0.125", "-0.12"),
            ("2.1", "2.1"),
        ] {
            assert_eq!(exact(from).round(2).to_string(), to);
        }
        assert_eq!(exact("21.0").whole().unwrap().to_string(), "21");
        assert_eq!(exact("21.5").whole(), None);
    }

    #[test]
    fn what_is_not_a_number_is_refused() {
        for text in [
            "",
            "-",
            "1.",
            ".5",
            "1,5",
            "NaN",
            "1e99",
            "0x10",
            "1234567890123456789012345678",
        ] {
            assert_eq!(Exact::parse(text), None, "{text}");
        }
    }
}
