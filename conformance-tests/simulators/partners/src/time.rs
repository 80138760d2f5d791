//! The plant's clock: local time without a zone, as such systems write it.

use std::time::{SystemTime, UNIX_EPOCH};

const OFFSET_S: i64 = 8 * 3_600;

/// Seconds since 1970.
pub fn now_s() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// `2026-03-31 12:50:45`.
pub fn local(seconds: i64) -> String {
    let local = seconds + OFFSET_S;
    let (days, rest) = (local.div_euclid(86_400), local.rem_euclid(86_400));
    // Days to a date: the civil calendar shifted to begin in March (H. Hinnant's algorithm).
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let index = (5 * of_year + 2) / 153;
    let day = of_year - (153 * index + 2) / 5 + 1;
    let month = if index < 10 { index + 3 } else { index - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn known_instants() {
        assert_eq!(super::local(1_774_932_645), "2026-03-31 12:50:45");
        assert_eq!(super::local(951_753_600), "2000-02-29 00:00:00");
    }
}
