//! Times as cameras write them. More is understood than XML Schema allows.

use cordon_model::{Civil, Timestamp};
use cordon_xml::Node;

use crate::soap::{below, text_of};

const MICROS_PER_MS: i64 = 1_000;
/// 2000-01-01 and 2100-01-01; what lies outside is a clock that was never set.
const PLAUSIBLE: std::ops::Range<i64> = 946_684_800_000_000..4_102_444_800_000_000;

/// Reads `xs:dateTime` with any number of decimals; without a zone it is UTC, as the standard
/// says. `None` for what is no time, or not of this century.
pub fn date_time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let (clock, zone) = split_zone(text)?;
    let clock = match clock.split_once('.') {
        Some((whole, fraction)) => {
            let digits: String = fraction.chars().take(6).collect();
            if digits.is_empty() {
                whole.to_owned()
            } else {
                format!("{whole}.{digits}")
            }
        }
        None => clock.to_owned(),
    };
    let time: Timestamp = format!("{clock}{zone}").parse().ok()?;
    PLAUSIBLE.contains(&time.micros()).then_some(time)
}

fn split_zone(text: &str) -> Option<(&str, &str)> {
    let at = text.find('T')?;
    match text.rfind(['Z', '+', '-']).filter(|zone| *zone > at) {
        Some(zone) => Some(text.split_at(zone)),
        None => Some((text, "Z")),
    }
}

/// Reads `tt:DateTime` (`Date` and `Time` in parts) as UTC.
pub fn utc_parts(node: Node<'_>) -> Option<Timestamp> {
    let number =
        |part: &str, name: &str| -> Option<u32> { text_of(below(node, part)?, name)?.parse().ok() };
    let civil = Civil {
        year: i32::try_from(number("Date", "Year")?).ok()?,
        month: u8::try_from(number("Date", "Month")?).ok()?,
        day: u8::try_from(number("Date", "Day")?).ok()?,
        hour: u8::try_from(number("Time", "Hour")?).ok()?,
        minute: u8::try_from(number("Time", "Minute")?).ok()?,
        // A leap second is told as 60.
        second: u8::try_from(number("Time", "Second")?.min(59)).ok()?,
        micro: 0,
    };
    Timestamp::from_civil(civil, 0).filter(|time| PLAUSIBLE.contains(&time.micros()))
}

/// A time in whole seconds of UTC, ending in `Z`; some cameras take no other form.
pub fn zulu(time: Timestamp) -> String {
    let whole = time.micros().div_euclid(1_000_000) * 1_000_000;
    Timestamp::from_micros(whole).at_offset(0).to_string()
}

/// A time moved by milliseconds.
pub fn moved(time: Timestamp, ms: i64) -> Timestamp {
    time.plus_micros(ms.saturating_mul(MICROS_PER_MS))
}

#[cfg(test)]
mod tests {
    use super::{date_time, zulu};

    #[test]
    fn times_in_all_usual_forms() {
        let same = [
            "2026-11-24T10:00:00.123Z",
            "2026-11-24T10:00:00.123",
            "2026-11-24T18:00:00.123+08:00",
            " 2026-11-24T10:00:00.123000482913+00:00 ",
        ];
        for text in same {
            assert_eq!(date_time(text), date_time(same[0]), "{text}");
            assert!(date_time(text).is_some(), "{text}");
        }
        assert_eq!(
            date_time("2026-11-24T10:00:00."),
            date_time("2026-11-24T10:00:00Z")
        );
        for text in [
            "",
            "T",
            "now",
            "1970-01-01T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-24",
        ] {
            assert_eq!(date_time(text), None, "{text}");
        }
        assert_eq!(
            zulu(date_time("2026-11-24T18:00:00.9+08:00").unwrap()),
            "2026-11-24T10:00:00Z"
        );
    }
}
