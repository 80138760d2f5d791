//! Times as XML Schema writes them, and the camera's own clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// The true time, milliseconds since 1970-01-01T00:00Z.
pub(crate) fn true_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Year, month, day, hour, minute, second, millisecond of an instant in UTC.
pub(crate) fn civil(ms: i64) -> [i64; 7] {
    let (days, rest) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    // Days to date by eras of 400 years, counted from 0000-03-01.
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    [
        year,
        month,
        day,
        rest / 3_600_000,
        rest / 60_000 % 60,
        rest / 1_000 % 60,
        rest % 1_000,
    ]
}

/// Days since 1970-01-01 of a date.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let yoe = year.rem_euclid(400);
    let mp = (month + 9) % 12;
    let doy = (153 * mp + 2) / 5 + day - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

/// `xs:dateTime` in UTC with milliseconds.
pub(crate) fn date_time(ms: i64) -> String {
    let [year, month, day, hour, minute, second, milli] = civil(ms);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// The same instant with nanoseconds and `+00:00`.
pub(crate) fn date_time_nanos(ms: i64) -> String {
    let [year, month, day, hour, minute, second, milli] = civil(ms);
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}482913+00:00"
    )
}

/// Reads `xs:dateTime`; a time without zone is taken for UTC.
pub(crate) fn parse_date_time(text: &str) -> Option<i64> {
    let text = text.trim();
    let (date, clock) = text.split_once('T')?;
    let mut date = date.splitn(3, '-').map(str::parse::<i64>);
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let (clock, zone_minutes) = split_zone(clock)?;
    let mut clock = clock.splitn(3, ':');
    let hour: i64 = clock.next()?.parse().ok()?;
    let minute: i64 = clock.next()?.parse().ok()?;
    let second = clock.next()?;
    let (second, fraction) = second.split_once('.').unwrap_or((second, ""));
    let second: i64 = second.parse().ok()?;
    let milli = fraction_ms(fraction)?;
    let lawful = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..=24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    lawful.then(|| {
        days(year, month, day) * 86_400_000
            + (hour * 3_600 + (minute - zone_minutes) * 60 + second) * 1_000
            + milli
    })
}

fn fraction_ms(fraction: &str) -> Option<i64> {
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let three: String = fraction.chars().chain("000".chars()).take(3).collect();
    three.parse().ok()
}

fn split_zone(clock: &str) -> Option<(&str, i64)> {
    if let Some(clock) = clock.strip_suffix('Z') {
        return Some((clock, 0));
    }
    let Some(at) = clock.rfind(['+', '-']) else {
        return Some((clock, 0));
    };
    let (clock, zone) = clock.split_at(at);
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    Some((
        clock,
        sign * (hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?),
    ))
}

/// Reads `xs:duration` of days, hours, minutes and seconds into milliseconds.
pub(crate) fn parse_duration(text: &str, minutes_as_seconds: bool) -> Option<i64> {
    let text = text.trim().strip_prefix('P')?;
    let mut total = 0_i64;
    let mut number = String::new();
    let mut time = false;
    for c in text.chars() {
        match c {
            'T' if !time && number.is_empty() => time = true,
            '0'..='9' | '.' => number.push(c),
            _ => {
                let unit = match (time, c) {
                    (false, 'D') => 86_400_000,
                    (true, 'H') => 3_600_000,
                    (true, 'M') if minutes_as_seconds => 1_000,
                    (true, 'M') => 60_000,
                    (true, 'S') => 1_000,
                    _ => return None,
                };
                let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
                let milli = fraction_ms(fraction)?;
                let whole: i64 = whole.parse().ok()?;
                total = total
                    .checked_add(whole.checked_mul(unit)?)?
                    .checked_add(milli * unit / 1_000)?;
                number.clear();
            }
        }
    }
    number.is_empty().then_some(total)
}

#[cfg(test)]
mod tests {
    use super::{date_time, parse_date_time, parse_duration};

    #[test]
    fn times_survive_the_round_trip() {
        for ms in [0, 951_827_696_789, 1_782_777_600_000, -1, 4_102_444_799_999] {
            assert_eq!(parse_date_time(&date_time(ms)), Some(ms));
        }
        assert_eq!(date_time(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(
            parse_date_time("2026-11-24T10:00:00+08:00"),
            parse_date_time("2026-11-24T02:00:00Z")
        );
        assert_eq!(parse_date_time("yesterday"), None);
        assert_eq!(parse_date_time("2026-13-01T00:00:00Z"), None);
    }

    #[test]
    fn durations_in_all_usual_forms() {
        assert_eq!(parse_duration("PT600S", false), Some(600_000));
        assert_eq!(parse_duration("PT1M", false), Some(60_000));
        assert_eq!(parse_duration("PT1M", true), Some(1_000));
        assert_eq!(parse_duration("P1DT1.5S", false), Some(86_401_500));
        assert_eq!(parse_duration("600", false), None);
        assert_eq!(parse_duration("PT5", false), None);
    }
}
