//! What in the words of an alarm is surely a value. All else is words, and other words are another place.

use std::ops::RangeInclusive;

/// What may stand behind a number that is a value already.
const UNITS: [&str; 19] = [
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
    "bar",
    "摄氏度",
];
/// Behind a number that stands behind a gas: it is a value.
const GAS_UNITS: [&str; 6] = ["%LEL", "%VOL", "ppm", "ppb", "mg/m3", "mg/m³"];
/// The gases by their formulas, without `NO`: detectors are numbered so.
const GASES: [&str; 16] = [
    "CH4", "CO", "CO2", "H2", "H2S", "NH3", "SO2", "NO2", "O2", "O3", "Cl2", "HCl", "HCN", "HF",
    "VOC", "TVOC",
];
/// What may stand directly behind the unit of a gas. Other Chinese words there make a name of it (`NH3 100ppm探头`).
const STATES: [&str; 19] = [
    "高", "低", "报", "过", "超", "限", "标", "报警", "告警", "警报", "泄漏", "泄露", "火警",
    "恢复", "正常", "解除", "消除", "复位", "已",
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

/// What follows the value with which `words` begin, and how much of what stands before it is its sign. A unit alone
/// makes none: tanks, lines and stores are called by it (`32%液碱罐`, `2.5 MPa vessel`).
pub(crate) fn after_value<'a>(before: &str, words: &'a str) -> Option<(usize, &'a str)> {
    if begins_anew(before)
        && let Some(after) = after_moment(words)
    {
        return Some((0, after));
    }
    let signless = before.strip_suffix(['-', '+']);
    let signless = signless.filter(|it| begins_anew(it)).unwrap_or(before);
    let (after, is_whole) = after_number(words)?;
    let is_value = is_of_gas(signless, after) || is_measured(signless, after, is_whole);
    is_value.then_some((before.len().saturating_sub(signless.len()), after))
}

/// How much of these words belongs to the formula of a gas that began before them: `3` of `NH3:40ppm`.
pub(crate) fn in_formula(before: &str, words: &str) -> Option<usize> {
    if !before.ends_with(|it: char| it.is_ascii_alphabetic()) {
        return None;
    }
    let of = |gas: &&str| {
        let (letters, rest) = gas.split_at(gas.find(|it: char| it.is_ascii_digit())?);
        let begins = without_end(before, letters).is_some_and(begins_anew);
        let (formula, after) = words.split_at_checked(rest.len())?;
        let ends = !after.starts_with(|it: char| it.is_ascii_alphanumeric());
        (begins && ends && formula.eq_ignore_ascii_case(rest)).then_some(rest.len())
    };
    GASES.iter().find_map(of)
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

/// What follows one of these units, and a space before it.
fn after_unit<'a>(after: &'a str, units: &[&str]) -> Option<&'a str> {
    let unit = after.strip_prefix(' ').unwrap_or(after);
    let first = unit.bytes().next()?;
    let begins = |name: &&&str| {
        name.as_bytes()
            .first()
            .is_some_and(|it| it.eq_ignore_ascii_case(&first))
    };
    units.iter().filter(begins).find_map(|name| {
        let (begin, rest) = unit.split_at_checked(name.len())?;
        let ends = !rest.starts_with(|it: char| it.is_ascii_alphanumeric() || "_-/³".contains(it));
        (begin.eq_ignore_ascii_case(name) && ends).then_some(rest)
    })
}

/// Whether a number stands between a gas and a unit of gases, and what follows has no value of its own.
fn is_of_gas(before: &str, after: &str) -> bool {
    // Few numbers have such a unit behind them: the gases are looked through for those alone.
    let Some(rest) = after_gas_unit(after) else {
        return false;
    };
    let (word, _) = unsigned(before);
    let mut gases = GASES.iter();
    let is_gas = gases.any(|gas| without_end(word, gas).is_some_and(begins_anew));
    is_gas && !is_name(rest) && !has_value(rest.trim_start())
}

/// What follows a unit of gases.
pub(crate) fn after_gas_unit(after: &str) -> Option<&str> {
    after_unit(after, &GAS_UNITS)
}

/// Whether what follows a unit directly is more than a state.
fn is_name(after: &str) -> bool {
    let mut rest = after;
    while let Some(next) = STATES.iter().find_map(|state| rest.strip_prefix(state)) {
        rest = next;
    }
    rest.starts_with(is_chinese)
}

/// Whether a number stands behind a measuring word and alone. A whole one needs a sign before it (`温度: 71`) or a
/// unit behind it: sensors are numbered too (`温度1`, `temp 2`).
fn is_measured(before: &str, after: &str, is_whole: bool) -> bool {
    let (word, is_signed) = unsigned(before);
    let unit = after_unit(after, &UNITS);
    if !is_signed && is_whole && unit.is_none() {
        return false;
    }
    let is_word = MEASURES.iter().any(|name| {
        let rest = without_end(word, name);
        rest.is_some_and(|rest| !name.is_ascii() || begins_anew(rest))
    });
    let is_field = before.trim_end().ends_with('=');
    is_word && is_alone(unit.unwrap_or(after), is_field)
}

/// The words before a sign, if they end with one.
fn unsigned(before: &str) -> (&str, bool) {
    let word = before.trim_end();
    let unsigned = word.strip_suffix(['=', ':', '：']);
    (unsigned.unwrap_or(word).trim_end(), unsigned.is_some())
}

/// Whether what follows a value is no name that begins with it: `浓度98%硫酸罐`, `温度: 3 号罐`, `pressure 2.5 MPa vessel`.
/// Behind `=` another word may follow; behind `:` it would be of the name as well (`Pressure: 1 line`).
fn is_alone(after: &str, is_field: bool) -> bool {
    let rest = after.strip_prefix('.').unwrap_or(after);
    let next = rest.trim_start();
    let stops = |it: char| ",;)，；。）!！".contains(it);
    let is_apart = next.len() < rest.len();
    let is_word = is_field && !next.starts_with(is_chinese) && !has_value(next);
    let is_followed = is_word || after_moment(next).is_some();
    next.is_empty() || rest.starts_with(stops) || is_apart && is_followed
}

/// Whether what follows a unit has the value that is its own: `CH4 2 %LEL: 40`.
fn has_value(next: &str) -> bool {
    let next = next.trim_start_matches(|it: char| it.is_whitespace() || "(（+-".contains(it));
    let names = |it: char| it.is_ascii_digit() || ":：=<>".contains(it);
    next.starts_with(names) && after_moment(next).is_none()
}

/// What stands before an end of the words, in whatever case that is written.
fn without_end<'a>(words: &'a str, end: &str) -> Option<&'a str> {
    let (begin, rest) = words.split_at_checked(words.len().checked_sub(end.len())?)?;
    rest.eq_ignore_ascii_case(end).then_some(begin)
}

/// What follows a whole date and the time beside it with which these words begin. A date alone may be an address.
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
    let date = rest.strip_prefix('日').filter(|_| mark == '年');
    let time = date.unwrap_or(rest);
    after_time(time.strip_prefix(['T', ' ']).unwrap_or(time), least)
}

/// What follows a time of day with which these words begin.
fn after_time(words: &str, least: usize) -> Option<&str> {
    let (_, rest) = number(words, least..=2, 0..=23)?;
    let mark = rest.chars().next().filter(|mark| ":时".contains(*mark))?;
    let (_, rest) = number(rest.strip_prefix(mark)?, 2..=2, 0..=59)?;
    if let Some(rest) = rest.strip_prefix('分') {
        // What is no second by its word begins a name: `02时30分01号主机`.
        let seconds = number(rest, least..=2, 0..=60);
        let seconds = seconds.and_then(|(_, after)| after.strip_prefix('秒'));
        return Some(seconds.unwrap_or(rest));
    }
    let seconds = rest.strip_prefix(':');
    let seconds = seconds.and_then(|rest| number(rest, 2..=2, 0..=60));
    let after = seconds.map_or(rest, |(_, rest)| after_zone(rest));
    let joins =
        |it: char| it.is_ascii_alphanumeric() || "-+/:_#＃.,~".contains(it) || is_chinese(it);
    // A sentence may end with it.
    let stop = after.strip_prefix(['.', ',']);
    let is_stop = stop.is_some_and(|rest| !rest.starts_with(|it: char| !it.is_whitespace()));
    (is_stop || !after.starts_with(joins)).then_some(after)
}

/// What follows the part of a second and the zone behind seconds.
fn after_zone(words: &str) -> &str {
    let part = words.strip_prefix('.').and_then(digits);
    let rest = part.map_or(words, |(_, rest)| rest);
    let zone = rest.strip_prefix(['+', '-']);
    let zone = zone.and_then(|zone| number(zone, 2..=2, 0..=14));
    let zone = zone.and_then(|(_, zone)| number(zone.strip_prefix(':')?, 2..=2, 0..=59));
    let zone = zone.map(|(_, rest)| rest).or(rest.strip_prefix('Z'));
    zone.unwrap_or(rest)
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
