//! Time formats of the outside world, turned into RFC 3339 with an offset.

use cordon_model::Timestamp;
use serde::Deserialize;

use crate::exact::Exact;

/// How a source writes its times.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum TimeFormat {
    /// RFC 3339 with an offset.
    Rfc3339,
    /// Seconds since 1970, fractions allowed.
    EpochS,
    /// Milliseconds since 1970.
    EpochMs,
    /// `yyyy-MM-dd HH:mm:ss` (or with `T`), fractions allowed, in the declared zone unless it carries
    /// an offset of its own: the same firmware writes both, by a setting.
    Local,
    /// `yyyyMMddHHmmss`, three more digits for milliseconds allowed, in the declared zone.
    Compact,
}

/// Times before 2000 and after 2100 are unit mistakes (seconds for milliseconds) or dead clocks.
const EARLIEST_S: i64 = 946_684_800;
const LATEST_S: i64 = 4_102_444_800;

/// A fixed offset such as `+08:00`. China keeps one zone without summer time.
pub fn is_zone(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit = |index: usize| bytes.get(index).is_some_and(u8::is_ascii_digit);
    bytes.len() == 6
        && matches!(bytes.first(), Some(b'+' | b'-'))
        && digit(1)
        && digit(2)
        && bytes.get(3) == Some(&b':')
        && digit(4)
        && digit(5)
}

/// Reads a time; `None` when it is not of the format or not plausible.
pub fn read(text: &str, format: TimeFormat, zone: &str) -> Option<Timestamp> {
    let text = text.trim();
    let time = match format {
        TimeFormat::Rfc3339 => text.parse::<Timestamp>().ok()?,
        TimeFormat::EpochS => epoch(text, "1000000")?,
        TimeFormat::EpochMs => epoch(text, "1000")?,
        TimeFormat::Local => {
            let (day, clock) = text.split_once([' ', 'T'])?;
            let zoned = format!("{day}T{clock}").parse::<Timestamp>();
            zoned
                .or_else(|_| format!("{day}T{clock}{zone}").parse())
                .ok()?
        }
        TimeFormat::Compact => compact(text, zone)?,
    };
    // One way of writing: the park's own offset.
    let time = Timestamp::from_micros(time.micros());
    let seconds = time.micros().div_euclid(1_000_000);
    (EARLIEST_S..LATEST_S).contains(&seconds).then_some(time)
}

fn epoch(text: &str, factor: &str) -> Option<Timestamp> {
    let micros = Exact::parse(text)?.times(Exact::parse(factor)?)?.round(0);
    Some(Timestamp::from_micros(micros.to_i64()?))
}

fn compact(text: &str, zone: &str) -> Option<Timestamp> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) || !(text.len() == 14 || text.len() == 17) {
        return None;
    }
    let part = |from: usize, to: usize| text.get(from..to);
    let fraction = if text.len() == 17 {
        format!(".{}", part(14, 17)?)
    } else {
        String::new()
    };
    format!(
        "{}-{}-{}T{}:{}:{}{fraction}{zone}",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?
    )
    .parse::<Timestamp>()
    .ok()
}

#[cfg(test)]
mod tests {
    use super::{TimeFormat, is_zone, read};

    #[test]
    fn one_instant_in_all_formats() {
        let micros = 1_774_932_645_000_000;
        for (text, format) in [
            ("2026-03-31T12:50:45+08:00", TimeFormat::Rfc3339),
            ("1774932645", TimeFormat::EpochS),
            ("1774932645000", TimeFormat::EpochMs),
            ("2026-03-31 12:50:45", TimeFormat::Local),
            ("2026-03-31T04:50:45Z", TimeFormat::Local),
            ("2026-03-31T12:50:45+08:00", TimeFormat::Local),
            ("20260331125045", TimeFormat::Compact),
            ("20260331125045000", TimeFormat::Compact),
        ] {
            assert_eq!(
                read(text, format, "+08:00").unwrap().micros(),
                micros,
                "{text}"
            );
        }
    }

    #[test]
    fn wrong_units_and_dead_clocks_are_refused() {
        for (text, format) in [
            ("1774932645", TimeFormat::EpochMs),
            ("1774932645000", TimeFormat::EpochS),
            ("1970-01-01 00:00:12", TimeFormat::Local),
            ("2026-02-30 00:00:00", TimeFormat::Local),
            ("2026-03-31T12:50:45", TimeFormat::Rfc3339),
            ("2026033112504", TimeFormat::Compact),
        ] {
            assert_eq!(read(text, format, "+08:00"), None, "{text}");
        }
        assert!(is_zone("-03:30"));
        assert!(!is_zone("CST"));
    }
}
