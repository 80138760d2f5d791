//! What the words of an alarm say of where it is: a value that changes is none, a zone's number is.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Different words, or names, that are remembered of one alarm. What comes beyond is taken for one of them.
const HEARD_MAX: usize = 1_000;
/// Behind a number: it is a value. Letters that also end the name of a place are none of them.
const UNITS: [&str; 11] = [
    "%", "‰", "°", "℃", "℉", "ppm", "ppb", "mg/m", "kPa", "MPa", "mbar",
];
/// Before a number with a point: it is an address all the same.
const ADDRESSES: [&str; 16] = [
    "zone", "loop", "line", "point", "addr", "address", "detector", "section", "no", "room", "区",
    "回路", "点", "点位", "地址", "号",
];
/// Letters that number things as digits do.
const NUMERALS: &str = "〇一二三四五六七八九十甲乙丙丁戊东南西北";

/// The words without the values in them: a number with a point or before a unit, and a time, change from one
/// telling to the next, and a whole number names a zone.
pub(crate) fn gist(words: &str) -> String {
    let mut gist = String::with_capacity(words.len());
    let mut rest = words;
    while let Some(start) = rest.find(|letter: char| letter.is_ascii_digit()) {
        let (before, number) = rest.split_at(start);
        let joins = before.ends_with(|letter: char| letter.is_alphanumeric() && letter.is_ascii());
        if let Some(after) = after_moment(number).filter(|_| !joins) {
            gist.push_str(before);
            gist.push('#');
            rest = after;
            continue;
        }
        let is_part = |letter: char| letter.is_ascii_digit() || matches!(letter, '.' | ',');
        let length = number.find(|letter| !is_part(letter));
        let (number, after) = number.split_at(length.unwrap_or(number.len()));
        // The full stop of a sentence is none of the number's.
        let whole = number.trim_end_matches(['.', ',']);
        gist.push_str(before);
        match !joins && is_value(&gist, whole, after) {
            true => gist.push('#'),
            false => gist.push_str(whole),
        }
        gist.push_str(number.get(whole.len()..).unwrap_or_default());
        rest = after;
    }
    gist.push_str(rest);
    gist
}

/// What follows a time of day with its seconds or a date, with which these words begin.
fn after_moment(words: &str) -> Option<&str> {
    let time = (':', 1..=2, 2..=2);
    let dates = ['-', '/', '.', '年'].map(|mark| (mark, 4..=4, 1..=2));
    std::iter::once(time)
        .chain(dates)
        .find_map(|(mark, first, rest)| {
            let (one, words) = digits(words)?;
            // 2026年11月24日
            let (two, words) = digits(words.strip_prefix(mark)?)?;
            let words = words
                .strip_prefix(mark)
                .or_else(|| words.strip_prefix('月'))?;
            let (three, words) = digits(words)?;
            let fits = first.contains(&one) && rest.contains(&two) && rest.contains(&three);
            let part = words.strip_prefix('.').and_then(digits);
            fits.then(|| part.map_or(words, |(_, words)| words))
        })
}

/// How many digits the words begin with, and what follows.
fn digits(words: &str) -> Option<(usize, &str)> {
    let count = words.find(|letter: char| !letter.is_ascii_digit());
    let count = count.unwrap_or(words.len());
    (count > 0).then(|| (count, words.split_at(count).1))
}

/// Whether a number in the words is a value.
fn is_value(before: &str, number: &str, after: &str) -> bool {
    let after = after.trim_start();
    let parts = number.split(['.', ',']).count();
    if UNITS.iter().any(|unit| after.starts_with(unit)) {
        return parts <= 2;
    }
    let before = before.trim_end_matches([' ', '.', ':', '：', '#', '-']);
    let before = before.to_lowercase();
    let is_address = ADDRESSES.iter().any(|word| before.ends_with(word));
    parts == 2 && !is_address
}

/// What numbers and letters name a place in the words: of two tellings at different levels the place says
/// whether they are one.
pub(crate) fn places(words: &str) -> Vec<String> {
    let gist = gist(words);
    let mut places = Vec::new();
    for word in gist.split(|letter: char| !letter.is_alphanumeric()) {
        let letters = word.chars().count();
        let is_letter = letters == 1 && word.chars().all(|letter| letter.is_ascii_alphabetic());
        let numerals = word.chars().filter(|letter| NUMERALS.contains(*letter));
        let numerals: String = numerals.collect();
        // Chinese words stand without spaces: of them the digits alone.
        let is_ascii = word.is_ascii();
        if is_ascii && (is_letter || word.chars().any(|letter| letter.is_ascii_digit())) {
            places.push(word.to_uppercase());
        } else if !is_ascii {
            let digits = word.split(|letter: char| !letter.is_ascii_alphanumeric());
            let digits = digits.filter(|it| it.chars().any(|letter| letter.is_ascii_digit()));
            places.extend(digits.map(str::to_uppercase));
            places.extend((!numerals.is_empty()).then_some(numerals));
        }
    }
    places
}

/// Texts that were told of one alarm, by a number made of each.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Heard(BTreeSet<u64>);

impl Heard {
    /// Notes a text; whether it is the first time. Of more than are remembered none is.
    pub(crate) fn first(&mut self, text: &str) -> bool {
        let is_new = !self.knows(text) && self.0.len() < HEARD_MAX;
        is_new && self.0.insert(mark(text))
    }

    pub(crate) fn knows(&self, text: &str) -> bool {
        self.0.contains(&mark(text))
    }

    /// Whether this text and no other was told.
    pub(crate) fn is_only(&self, text: &str) -> bool {
        self.0.len() == 1 && self.knows(text)
    }
}

/// FNV-1a: the same in every build, as what is saved must be.
fn mark(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |mark, byte| {
        (mark ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::{HEARD_MAX, Heard, gist, places};

    #[test]
    fn values_are_no_words_and_numbers_of_places_are() {
        let same = [
            ("temp 71.0", "temp 72.1"),
            ("temperature 71.0 C", "temperature 9.5 C"),
            ("CH4 25 %LEL", "CH4 31 %LEL"),
            ("温度71.2℃", "温度 71.9℃"),
            ("ZONE 3: 85℃.", "ZONE 3: 90℃."),
            ("40 ppm CO, fan 2", "50 ppm CO, fan 2"),
            ("压力 1,2 MPa", "压力 1,3 MPa"),
            ("ZONE 3 at 12:30:05", "ZONE 3 at 8:31:06.250"),
            ("2026-11-24 12:30:05 fire", "2026-11-25 01:02:03 fire"),
            ("2026年11月24日 火警", "2026年12月1日 火警"),
        ];
        for (one, other) in same {
            let spaceless = |words| gist(words).replace(' ', "");
            assert_eq!(spaceless(one), spaceless(other));
        }
        let two = [
            ("ZONE 1", "ZONE 7"),
            ("ZONE 1.1", "ZONE 1.7"),
            ("回路1.12", "回路1.13"),
            ("camera 10.0.0.1", "camera 10.0.0.2"),
            ("B1.2", "B1.3"),
            ("floor 3F", "floor 5F"),
            ("Loop: 1.003", "Loop: 1.004"),
            ("1号罐", "2号罐"),
            ("loop 1:03", "loop 1:04"),
            ("L1-02-03", "L1-02-04"),
            ("tank 2026", "tank 2027"),
            ("3月", "4月"),
        ];
        for (one, other) in two {
            assert_ne!(gist(one), gist(other));
        }
        assert_eq!(gist("no number. 7. end"), "no number. 7. end");
    }

    #[test]
    fn places_are_told_by_numbers_and_single_letters() {
        assert_eq!(places("ZONE 1 boiler"), places("fire in zone 1"));
        assert_eq!(places("smoke"), places("fire"));
        assert_eq!(places("temp 71.0 in hall B"), places("temp 90.5, hall B"));
        assert_eq!(places("3号罐预警"), places("3号罐火警"));
        for (one, other) in [
            ("ZONE 1 boiler", "ZONE 7 school"),
            ("ZONE A", "ZONE B"),
            ("一号罐", "二号罐"),
            ("1号罐", "2号罐"),
            ("东门", "西门"),
        ] {
            assert_ne!(places(one), places(other));
        }
    }

    #[test]
    fn a_text_is_first_once_and_none_is_beyond_the_limit() {
        let mut heard = Heard::default();
        assert!(heard.first("a") && !heard.first("a") && heard.is_only("a"));
        for number in 1..HEARD_MAX {
            assert!(heard.first(&number.to_string()));
        }
        assert!(!heard.first("one more") && heard.knows("a") && !heard.is_only("a"));
    }
}
