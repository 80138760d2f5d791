//! Time between the house's [`Timestamp`], `xsd:dateTime` of WS-Security and UNIX seconds.

use std::borrow::Cow;
use std::time::Duration;

use cordon_model::Timestamp;
use rustls::pki_types::UnixTime;

/// Reads `xsd:dateTime` with zone. Senders write up to seven decimals; the model keeps six.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let cut = match text.find('.') {
        None => Cow::Borrowed(text),
        Some(point) => {
            let (whole, rest) = text.split_at_checked(point + 1)?;
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (fraction, zone) = rest.split_at_checked(digits)?;
            match fraction.get(..6) {
                Some(kept) if digits > 6 => Cow::Owned([whole, kept, zone].concat()),
                _ => Cow::Borrowed(text),
            }
        }
    };
    cut.parse().ok()
}

/// Writes `2026-11-24T08:00:00.000Z` in UTC with milliseconds, as WS-I BSP 1.1 asks for.
pub(crate) fn utc(at: Timestamp) -> String {
    let civil = at.at_offset(0).civil();
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        civil.year,
        civil.month,
        civil.day,
        civil.hour,
        civil.minute,
        civil.second,
        civil.micro / 1_000
    )
}

pub(crate) fn unix(at: Timestamp) -> UnixTime {
    let seconds = u64::try_from(at.micros().div_euclid(1_000_000)).unwrap_or_default();
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

pub(crate) fn from_unix(time: UnixTime) -> Timestamp {
    from_seconds(i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}

pub(crate) fn from_seconds(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds.saturating_mul(1_000_000))
}

#[cfg(test)]
mod tests {
    use super::{parse, utc};

    #[test]
    fn senders_decimals_are_understood() {
        for text in [
            "2026-11-24T08:00:00.1234567Z",
            "2026-11-24T08:00:00.123456Z",
        ] {
            assert_eq!(parse(text).unwrap().micros() % 1_000_000, 123_456);
        }
        assert_eq!(
            utc(parse(" 2026-11-24T08:00:00+08:00 ").unwrap()),
            "2026-11-24T00:00:00.000Z"
        );
        assert!(parse("2026-11-24T08:00:00").is_none());
    }
}
