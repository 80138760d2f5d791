//! RFC 3339 with the park's offset, written without a calendar library.

use std::time::{SystemTime, UNIX_EPOCH};

const OFFSET_S: i64 = 8 * 3_600;

/// Milliseconds since 1970 now.
pub fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// `2026-03-31T12:50:45.250+08:00`.
pub fn rfc3339(ms: i64) -> String {
    let local = ms + OFFSET_S * 1_000;
    let (days, rest) = (local.div_euclid(86_400_000), local.rem_euclid(86_400_000));
    // Days to a date: the civil calendar shifted to begin in March (H. Hinnant's algorithm).
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 {
        month_index + 3
    } else {
        month_index - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
    let (second, milli) = (rest / 1_000 % 60, rest % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}+08:00")
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn known_instants() {
        assert_eq!(rfc3339(1_774_932_645_250), "2026-03-31T12:50:45.250+08:00");
        assert_eq!(rfc3339(951_753_600_000), "2000-02-29T00:00:00.000+08:00");
        assert_eq!(rfc3339(0), "1970-01-01T08:00:00.000+08:00");
    }
}
