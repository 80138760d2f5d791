//! What in the words of an alarm is surely a value. All else is words, and other words are another place.

use std::ops::RangeInclusive;

/// Behind a number: it is a value. Letters that also end the name of a place are none of them.
const UNITS: [&str; 18] = [
    "%LEL",
    "%VOL",
    "%RH",
    "%",
    "‰",
    "°C",
    "°F",
    "℃",
    "℉",
    "ppm",
    "ppb",
    "mg/m3",
    "mg/m³",
    "g/m³",
    "kPa",
    "MPa",
    "mbar",
    "摄氏度",
];
/// Before a number: it is a value. None of them also numbers floors or detectors.
const MEASURES: [&str; 13] = [
    "value",
    "reading",
    "temp",
    "temperature",
    "pressure",
    "concentration",
    "温度",
    "浓度",
    "压力",
    "液位",
    "湿度",
    "读数",
    "值",
];

/// What follows the value with which `words` begin, and how much of what stands before it is its sign.
pub(crate) fn after_value<'a>(before: &str, words: &'a str) -> Option<(usize, &'a str)> {
    if begins_anew(before)
        && let Some(after) = after_moment(words)
    {
        return Some((0, after));
    }
    let signless = before.strip_suffix(['-', '+']);
    let signless = signless.filter(|it| begins_anew(it)).unwrap_or(before);
    let (after, is_whole) = after_number(words)?;
    let after = match after_unit(after) {
        Some(after) if begins_anew(signless) => after,
        _ if is_measured(signless, after, is_whole) => after,
        _ => return None,
    };
    Some((before.len().saturating_sub(signless.len()), after))
}

/// Whether what comes behind these words is a number of its own, and no part of an address: `L1-02`, `1:40`.
fn begins_anew(before: &str) -> bool {
    let mut last = before.chars().rev();
    match last.next() {
        None => true,
        Some(':' | '：' | ',') => !last.next().is_some_and(|it| it.is_ascii_digit()),
        Some(it) => it.is_whitespace() || "=<>≤≥()（），；;".contains(it) || is_chinese(it),
    }
}

/// What follows a number, which may have one point, and whether it has none.
fn after_number(words: &str) -> Option<(&str, bool)> {
    let (_, whole) = digits(words)?;
    let part = whole.strip_prefix(['.', ',']).and_then(digits);
    Some(part.map_or((whole, true), |(_, after)| (after, false)))
}

/// What stands from the unit on that follows a number. A unit before another number, or a sign, is that one's:
/// `tank 2 ppm: 40`.
fn after_unit(after: &str) -> Option<&str> {
    let unit = after.strip_prefix(' ').unwrap_or(after);
    let rest = UNITS.iter().find_map(|name| {
        let (begin, rest) = unit.split_at_checked(name.len())?;
        let ends = !rest.starts_with(|it: char| it.is_ascii_alphanumeric() || "_-/³".contains(it));
        (begin.eq_ignore_ascii_case(name) && ends).then_some(rest)
    })?;
    let next = rest.trim_start_matches(|it: char| it.is_whitespace() || "(（+-".contains(it));
    let names = |it: char| it.is_ascii_digit() || ":：=<>".contains(it);
    let is_its = next.starts_with(names) && after_moment(next).is_none();
    (!is_its).then_some(unit)
}

/// Whether a number stands behind a measuring word and alone. A whole one needs a sign before it (`温度: 71`):
/// sensors are numbered too (`温度1`, `temp 2`).
fn is_measured(before: &str, after: &str, is_whole: bool) -> bool {
    let word = before.trim_end();
    let unsigned = word.strip_suffix(['=', ':', '：']);
    let is_signed = unsigned.is_some();
    let word = unsigned.unwrap_or(word).trim_end().to_lowercase();
    let is_word = MEASURES.iter().any(|name| {
        let rest = word.strip_suffix(name);
        rest.is_some_and(|rest| !name.is_ascii() || begins_anew(rest))
    });
    let stops = |it: char| it.is_whitespace() || ",;)，；。）!！".contains(it);
    let alone = after.strip_prefix('.').unwrap_or(after);
    let is_alone = alone.is_empty() || alone.starts_with(stops);
    // `温度: 3 号罐`
    let is_counted = is_whole && (!is_signed || after.trim_start().starts_with(is_chinese));
    is_word && is_alone && !is_counted
}

/// What follows a whole date with which these words begin, and the time beside it. A date without a time is
/// sure where its parts are called by their names: `2001-02-03` may be an address.
fn after_moment(words: &str) -> Option<&str> {
    let (_, rest) = number(words, 4..=4, 1970..=2100)?;
    let mark = rest.chars().next()?;
    let (least, second) = match mark {
        '-' | '.' => (2, mark),
        '/' => (1, mark),
        '年' => (1, '月'),
        _ => return None,
    };
    let (month, rest) = number(rest.strip_prefix(mark)?, least..=2, 1..=12)?;
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let (_, rest) = number(rest.strip_prefix(second)?, least..=2, 1..=days)?;
    let is_named = mark == '年';
    let date = if is_named {
        rest.strip_prefix('日')?
    } else {
        rest
    };
    let time = date.strip_prefix(['T', ' ']).unwrap_or(date);
    let after = after_time(time, least).or(is_named.then_some(date))?;
    let joins = |it: char| it.is_ascii_alphanumeric() || "-/:_".contains(it);
    (!after.starts_with(joins)).then_some(after)
}

/// What follows a time of day with which these words begin.
fn after_time(words: &str, least: usize) -> Option<&str> {
    let (_, rest) = number(words, least..=2, 0..=23)?;
    let (_, rest) = number(rest.strip_prefix([':', '时'])?, 2..=2, 0..=59)?;
    let seconds = rest.strip_prefix([':', '分']);
    let seconds = seconds.and_then(|rest| number(rest, 2..=2, 0..=60));
    let rest = seconds.map_or(rest, |(_, rest)| rest.strip_prefix('秒').unwrap_or(rest));
    let part = rest.strip_prefix('.').and_then(digits);
    let rest = part.map_or(rest, |(_, rest)| rest);
    let zone = rest.strip_prefix(['+', '-']);
    let zone = zone.and_then(|zone| number(zone, 2..=2, 0..=14));
    let zone = zone.and_then(|(_, zone)| number(zone.strip_prefix(':')?, 2..=2, 0..=59));
    let zone = zone.map(|(_, rest)| rest).or(rest.strip_prefix('Z'));
    Some(zone.unwrap_or(rest))
}

/// A number of so many digits and in these bounds with which the words begin, and what follows.
fn number(
    words: &str,
    lengths: RangeInclusive<usize>,
    bounds: RangeInclusive<u32>,
) -> Option<(u32, &str)> {
    let (digits, rest) = digits(words)?;
    let number = digits.parse().ok()?;
    (lengths.contains(&digits.len()) && bounds.contains(&number)).then_some((number, rest))
}

/// The digits with which the words begin, and what follows.
fn digits(words: &str) -> Option<(&str, &str)> {
    let length = words.find(|letter: char| !letter.is_ascii_digit());
    let (digits, rest) = words.split_at(length.unwrap_or(words.len()));
    (!digits.is_empty()).then_some((digits, rest))
}

/// Chinese words stand without spaces.
pub(crate) fn is_chinese(letter: char) -> bool {
    matches!(letter, '\u{4e00}'..='\u{9fff}')
}
