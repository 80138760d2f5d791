//! Points in time with their offset from UTC.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// A point in time, in microseconds since 1970-01-01T00:00:00Z, with the offset it was told in.
/// Order and equality look at the instant alone. Written as RFC 3339 with the offset, `Z` for
/// zero, and as many decimals as needed.
#[derive(Clone, Copy)]
pub struct Timestamp {
    micros: i64,
    offset_minutes: i16,
}

/// A calendar date and time of day at some offset.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Civil {
    /// Year of the common era.
    pub year: i32,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, from 1.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 59; leap seconds do not exist here.
    pub second: u8,
    /// Microsecond, 0 to 999999.
    pub micro: u32,
}

/// Text that is not an RFC 3339 time with offset between the years 1900 and 2199, or a date that
/// no calendar has.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not an RFC 3339 time with offset and at most nine decimals, years 1900 to 2199")]
pub struct TimestampError;

impl Timestamp {
    /// Offset of park time: +08:00.
    pub const PARK_OFFSET_MINUTES: i16 = 480;

    /// An instant, shown in park time.
    pub const fn from_micros(micros: i64) -> Self {
        Self {
            micros,
            offset_minutes: Self::PARK_OFFSET_MINUTES,
        }
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.micros
    }

    /// Minutes east of UTC of the place it was told in.
    pub const fn offset_minutes(self) -> i16 {
        self.offset_minutes
    }

    /// The same instant told at another offset; cut to ±14 hours.
    #[must_use]
    pub fn at_offset(self, offset_minutes: i16) -> Self {
        Self {
            micros: self.micros,
            offset_minutes: offset_minutes.clamp(-840, 840),
        }
    }

    /// Later by this many microseconds (earlier when negative); stops at the ends of the range.
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self {
            micros: self.micros.saturating_add(micros),
            offset_minutes: self.offset_minutes,
        }
    }

    /// Later by this many milliseconds.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        self.plus_micros(ms.saturating_mul(1_000))
    }

    /// Later by this many seconds.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_micros(seconds.saturating_mul(MICROS_PER_SECOND))
    }

    /// Milliseconds from `earlier` to `self`, negative when it is the other way round.
    pub const fn ms_since(self, earlier: Self) -> i64 {
        self.micros.saturating_sub(earlier.micros) / 1_000
    }

    /// Calendar date and time of day at its own offset.
    pub fn civil(self) -> Civil {
        let local = self
            .micros
            .saturating_add(i64::from(self.offset_minutes) * 60 * MICROS_PER_SECOND);
        let seconds = local.div_euclid(MICROS_PER_SECOND);
        let (days, of_day) = (
            seconds.div_euclid(SECONDS_PER_DAY),
            seconds.rem_euclid(SECONDS_PER_DAY),
        );
        let (year, month, day) = date_of(days);
        Civil {
            year: small(year),
            month: small(month),
            day: small(day),
            hour: small(of_day / 3_600),
            minute: small(of_day / 60 % 60),
            second: small(of_day % 60),
            micro: small(local.rem_euclid(MICROS_PER_SECOND)),
        }
    }

    /// The instant of a calendar date and time of day at an offset; `None` when no calendar has it.
    pub fn from_civil(civil: Civil, offset_minutes: i16) -> Option<Self> {
        let lawful = (1..=12).contains(&civil.month)
            && (1..=days_of_month(civil.year, civil.month)).contains(&civil.day)
            && civil.hour < 24
            && civil.minute < 60
            && civil.second < 60
            && civil.micro < 1_000_000
            && (-840..=840).contains(&offset_minutes)
            && (-9999..=9999).contains(&civil.year);
        if !lawful {
            return None;
        }
        let seconds = days_to(
            i64::from(civil.year),
            i64::from(civil.month),
            i64::from(civil.day),
        ) * SECONDS_PER_DAY
            + i64::from(civil.hour) * 3_600
            + i64::from(civil.minute) * 60
            + i64::from(civil.second)
            - i64::from(offset_minutes) * 60;
        Some(Self {
            micros: seconds * MICROS_PER_SECOND + i64::from(civil.micro),
            offset_minutes,
        })
    }

    /// 00:00 of its day at its own offset.
    #[must_use]
    pub fn start_of_day(self) -> Self {
        let local = self
            .micros
            .saturating_add(i64::from(self.offset_minutes) * 60 * MICROS_PER_SECOND);
        self.plus_micros(-local.rem_euclid(SECONDS_PER_DAY * MICROS_PER_SECOND))
    }
}

/// For values already known to be in range.
fn small<T: TryFrom<i64> + Default>(value: i64) -> T {
    T::try_from(value).unwrap_or_default()
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar (H. Hinnant's algorithm).
fn days_to(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date so many days after 1970-01-01.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

fn days_of_month(year: i32, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Reads fixed fields of a text from left to right.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn digits(&mut self, count: usize) -> Option<u32> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        head.iter().try_fold(0_u32, |sum, byte| {
            byte.is_ascii_digit()
                .then(|| sum * 10 + u32::from(byte - b'0'))
        })
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn expect(&mut self, wanted: u8) -> Option<()> {
        (self.byte()? == wanted).then_some(())
    }

    /// Microseconds. Other platforms write up to nine decimals (.NET seven, Java nine); what lies
    /// beyond microseconds is cut.
    fn fraction(&mut self) -> Option<u32> {
        if self.0.first() != Some(&b'.') {
            return Some(0);
        }
        self.byte();
        let count = self
            .0
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if !(1..=9).contains(&count) {
            return None;
        }
        let nanos = self.digits(count)? * 10_u32.pow(9 - u32::try_from(count).ok()?);
        Some(nanos / 1_000)
    }

    fn offset(&mut self) -> Option<i16> {
        let sign = match self.byte()? {
            b'Z' => return Some(0),
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let hours = self.digits(2)?;
        self.expect(b':')?;
        let minutes = self.digits(2)?;
        let lawful = (hours < 14 && minutes < 60) || (hours == 14 && minutes == 0);
        let total = i16::try_from(hours * 60 + minutes).ok()?;
        lawful.then_some(sign * total)
    }
}

fn parse(text: &str) -> Option<Timestamp> {
    let mut rest = Cursor(text.as_bytes());
    let year = rest.digits(4).filter(|year| (1900..2200).contains(year))?;
    rest.expect(b'-')?;
    let month = rest.digits(2)?;
    rest.expect(b'-')?;
    let day = rest.digits(2)?;
    rest.expect(b'T')?;
    let hour = rest.digits(2)?;
    rest.expect(b':')?;
    let minute = rest.digits(2)?;
    rest.expect(b':')?;
    let second = rest.digits(2)?;
    let micro = rest.fraction()?;
    let offset = rest.offset()?;
    if !rest.0.is_empty() {
        return None;
    }
    let civil = Civil {
        year: i32::try_from(year).ok()?,
        month: u8::try_from(month).ok()?,
        day: u8::try_from(day).ok()?,
        hour: u8::try_from(hour).ok()?,
        minute: u8::try_from(minute).ok()?,
        second: u8::try_from(second).ok()?,
        micro,
    };
    Timestamp::from_civil(civil, offset)
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        parse(text).ok_or(TimestampError)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let civil = self.civil();
        // Years outside 0 to 9999 are written with a sign or more digits; no message has one.
        if let Some(year) = u32::try_from(civil.year).ok().filter(|it| *it <= 9_999) {
            let mut text = Written::new();
            text.number(year, 4);
            text.date_and_time(civil);
            text.offset(self.offset_minutes);
            return f.write_str(text.as_str());
        }
        let mut text = Written::new();
        text.date_and_time(civil);
        text.offset(self.offset_minutes);
        write!(f, "{:04}{}", civil.year, text.as_str())
    }
}

/// A time being written. Every message holds several; the formatter's calls would be felt.
struct Written {
    bytes: [u8; 40],
    length: usize,
}

impl Written {
    fn new() -> Self {
        Self {
            bytes: [0; 40],
            length: 0,
        }
    }

    fn as_str(&self) -> &str {
        let written = self.bytes.get(..self.length).unwrap_or_default();
        std::str::from_utf8(written).unwrap_or_default()
    }

    fn byte(&mut self, byte: u8) {
        if let Some(to) = self.bytes.get_mut(self.length) {
            *to = byte;
            self.length += 1;
        }
    }

    fn number(&mut self, number: u32, width: u32) {
        for place in (0..width).rev() {
            let digit = number / 10_u32.pow(place) % 10;
            self.byte(b'0' + digit as u8);
        }
    }

    /// `-11-28T09:05:07.25`, without trailing zeros of the fraction.
    fn date_and_time(&mut self, civil: Civil) {
        let parts = [
            (b'-', civil.month),
            (b'-', civil.day),
            (b'T', civil.hour),
            (b':', civil.minute),
            (b':', civil.second),
        ];
        for (before, number) in parts {
            self.byte(before);
            self.number(u32::from(number), 2);
        }
        let (mut digits, mut width) = (civil.micro, 6);
        while digits != 0 && digits % 10 == 0 {
            digits /= 10;
            width -= 1;
        }
        if digits != 0 {
            self.byte(b'.');
            self.number(digits, width);
        }
    }

    fn offset(&mut self, minutes: i16) {
        if minutes == 0 {
            return self.byte(b'Z');
        }
        let away = u32::from(minutes.unsigned_abs());
        self.byte(if minutes < 0 { b'-' } else { b'+' });
        self.number(away / 60, 2);
        self.byte(b':');
        self.number(away % 60, 2);
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

impl Ord for Timestamp {
    fn cmp(&self, other: &Self) -> Ordering {
        self.micros.cmp(&other.micros)
    }
}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        self.micros == other.micros
    }
}

impl Eq for Timestamp {}

impl Hash for Timestamp {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.micros.hash(state);
    }
}

impl Default for Timestamp {
    fn default() -> Self {
        Self::from_micros(0)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            (self.micros, self.offset_minutes).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            return text.parse().map_err(de::Error::custom);
        }
        let (micros, offset) = <(i64, i16)>::deserialize(deserializer)?;
        Ok(Self::from_micros(micros).at_offset(offset))
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn known_instants() {
        assert_eq!(time("1970-01-01T00:00:00Z").micros(), 0);
        assert_eq!(
            time("2026-11-24T08:00:00+08:00").micros(),
            1_795_478_400_000_000
        );
        assert_eq!(
            time("2000-02-29T23:59:59.5-05:30").micros(),
            951_888_599_500_000
        );
        assert_eq!(
            time("1900-01-01T00:00:00Z").micros(),
            -2_208_988_800_000_000
        );
    }

    #[test]
    fn text_there_and_back() {
        for text in [
            "2026-11-24T08:00:00+08:00",
            "2026-11-24T08:00:00.000001+08:00",
            "2026-11-24T08:00:00.12Z",
            "1999-12-31T23:59:59-14:00",
            "2100-02-28T00:00:00+05:45",
        ] {
            assert_eq!(time(text).to_string(), text);
        }
        assert_eq!(
            Timestamp::from_micros(0).to_string(),
            "1970-01-01T08:00:00+08:00"
        );
    }

    #[test]
    fn every_day_of_four_centuries_is_its_own_inverse() {
        let mut micros = -2_208_988_800_000_000;
        for _ in 0..109_572 {
            let at = Timestamp::from_micros(micros).at_offset(0);
            assert_eq!(
                at.to_string().parse::<Timestamp>().unwrap().micros(),
                micros
            );
            micros += 86_400_000_000;
        }
    }

    #[test]
    fn odd_texts_are_refused() {
        for text in [
            "",
            "2026-11-24",
            "2026-11-24T08:00:00",
            "2026-11-24 08:00:00+08:00",
            "2026-11-24T08:00:00+0800",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-24T24:00:00Z",
            "2026-11-24T08:00:60Z",
            "2026-11-24T08:00:00.Z",
            "2026-11-24T08:00:00.1234567890Z",
            "2026-11-24T08:00:00+14:01",
            "1899-12-31T00:00:00Z",
            "2200-01-01T00:00:00Z",
            "2026-11-24T08:00:00Z ",
            "+026-11-24T08:00:00Z",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn decimals_beyond_microseconds_are_cut() {
        for text in [
            "2026-11-24T08:00:00.123456999Z",
            "2026-11-24T08:00:00.1234569Z",
            "2026-11-24T08:00:00.12345600Z",
        ] {
            assert_eq!(time(text).to_string(), "2026-11-24T08:00:00.123456Z");
        }
    }

    #[test]
    fn the_instant_decides_order() {
        assert_eq!(
            time("2026-11-24T08:00:00+08:00"),
            time("2026-11-24T00:00:00Z")
        );
        assert!(time("2026-11-24T08:00:00+08:00") < time("2026-11-24T00:00:01Z"));
    }

    #[test]
    fn days_begin_in_their_own_place() {
        assert_eq!(
            time("2026-11-24T07:59:59.9+08:00")
                .start_of_day()
                .to_string(),
            "2026-11-24T00:00:00+08:00"
        );
        assert_eq!(
            time("1960-11-24T07:59:59Z").start_of_day().to_string(),
            "1960-11-24T00:00:00Z"
        );
    }
}
