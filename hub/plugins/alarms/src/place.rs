//! Whether the words of an end tell of the place of one alarm. It is ended only when that is sure.

use crate::values::is_chinese;
use crate::words::gist;

/// Words of an end, which name no place.
const ENDINGS: [&str; 28] = [
    "normal",
    "restored",
    "restore",
    "reset",
    "clear",
    "cleared",
    "ok",
    "over",
    "end",
    "ended",
    "off",
    "recovery",
    "recovered",
    "resolved",
    "closed",
    "gone",
    "no",
    "is",
    "was",
    "has",
    "been",
    "to",
    "return",
    "returned",
    "back",
    "now",
    "alarm",
    "alarms",
];
/// The same in Chinese, where words stand without spaces.
const CHINESE_ENDINGS: [&str; 10] = [
    "恢复", "正常", "消除", "解除", "复位", "结束", "已", "报警", "告警", "警报",
];
/// What happens: it stands before a place or behind it.
const KINDS: [&str; 5] = ["fire", "smoke", "leak", "火警", "泄漏"];
/// Chinese letters that number places.
const NUMBERS: &str = "零一二三四五六七八九十百千两甲乙丙丁戊己庚辛壬癸东南西北上下负";

/// What some words say: each word, number and Chinese letter of its own, and breaks between them.
pub(crate) struct Place(Vec<String>);

impl Place {
    pub(crate) fn new(words: &str) -> Self {
        let mut words: String = gist(words).chars().map(plain).collect();
        words = words.to_lowercase();
        for ending in CHINESE_ENDINGS {
            words = words.replace(ending, "\n");
        }
        for kind in KINDS {
            words = words.replace(kind, &format!("\n{kind}\n"));
        }
        let mut place = Self(Vec::new());
        let mut word = String::new();
        let mut letters = words.chars().peekable();
        while let Some(letter) = letters.next() {
            let is_digit = |it: &char| it.is_ascii_digit();
            // Floors below the ground are numbered so.
            let behind = letters.clone().find(|it| !it.is_whitespace());
            let is_sign = word.is_empty() && "-+".contains(letter);
            if is_sign && behind.is_some_and(|it| is_number(&it.to_string())) {
                place.0.push(letter.to_string());
                continue;
            }
            let is_time = letter == ':' && word.ends_with(|it| is_digit(&it));
            let joins = letter.is_alphanumeric() && !is_chinese(letter)
                || "-_/.#%&@+*°'".contains(letter)
                || is_time && letters.peek().is_some_and(is_digit);
            if joins {
                word.push(letter);
                continue;
            }
            place.push(&std::mem::take(&mut word));
            match letter {
                '\n' => place.0.push(String::new()),
                _ if is_chinese(letter) => place.0.push(letter.to_string()),
                _ => {}
            }
        }
        place.push(&word);
        place
    }

    fn push(&mut self, word: &str) {
        let bare = word.trim_matches(|it: char| it.is_ascii_punctuation());
        // What stands at a number is of it.
        let kept = match is_number(bare) {
            true => "#%+-'*",
            false => "#%",
        };
        let is_cut = |it: char| it.is_ascii_punctuation() && !kept.contains(it);
        let word = word.trim_matches(is_cut);
        if ENDINGS.contains(&word) {
            self.0.push(String::new());
        } else if !word.is_empty() {
            self.0.push(word.to_owned());
        }
    }

    /// Whether they say nothing but that something is over.
    pub(crate) fn is_none(&self) -> bool {
        self.0.iter().all(String::is_empty)
    }

    /// Whether all that they say stands in these words too: what tells places apart together and in that order.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        let mut runs = self.0.split(String::is_empty);
        runs.all(|run| match run.iter().any(|word| is_number(word)) {
            true => other.0.windows(run.len()).any(|there| there == run),
            false => run.iter().all(|word| other.0.contains(word)),
        })
    }

    /// Whether the numbers that they say are those of these words, in that order; or they say none.
    pub(crate) fn is_numbered_as(&self, other: &Self) -> bool {
        let own: Vec<&String> = self.0.iter().filter(|word| is_number(word)).collect();
        own.is_empty()
            || own
                .iter()
                .copied()
                .eq(other.0.iter().filter(|word| is_number(word)))
    }
}

/// A letter as it is written in ASCII: of full width, and the many dashes.
fn plain(letter: char) -> char {
    match letter {
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => '-',
        '’' | '′' => '\'',
        '！'..='～' => u32::from(letter)
            .checked_sub(0xFEE0)
            .and_then(char::from_u32)
            .unwrap_or(letter),
        other => other,
    }
}

/// Whether a word tells two places apart: it has a number, is one letter, or a sign of one.
fn is_number(word: &str) -> bool {
    if ["-", "+", "basement"].contains(&word) {
        return true;
    }
    let mut letters = word.chars();
    let (first, second) = (letters.next(), letters.next());
    let is_letter = |it: char| it.is_alphabetic() && !is_chinese(it);
    word.contains(|it: char| it.is_numeric() || NUMBERS.contains(it))
        || second.is_none() && first.is_some_and(is_letter)
}

#[cfg(test)]
mod tests {
    use super::Place;

    fn fits(end: &str, alarm: &str) -> (bool, bool) {
        let (end, alarm) = (Place::new(end), Place::new(alarm));
        (end.is_numbered_as(&alarm), end.is_within(&alarm))
    }

    #[test]
    fn an_end_in_words_of_its_own_is_within_those_of_its_place() {
        for (end, alarm) in [
            ("normal", "ZONE 7 FIRE"),
            ("恢复正常", "2号罐火警"),
            ("Gas normal", "Gas high"),
            ("温度恢复正常", "温度过高"),
            ("ZONE 7: normal", "ZONE 7:FIRE"),
            ("ZONE 7 FIRE cleared", "FIRE zone=7"),
            ("2号罐火警解除", "火警 2号罐"),
            ("2#泵房报警解除", "2#泵房火警"),
            ("1:02:03 restored", "FIRE 1:02:03"),
            ("L1-D02: FIRE RESTORED", "L1-D02 FIRE"),
            ("NH3 normal", "NH3:40ppm"),
            ("NH3:5ppm", "NH3:40ppm"),
            ("区域1 恢复", "区域1温度: 71"),
            ("32%液碱罐 恢复", "32%液碱罐 火警"),
        ] {
            assert_eq!(fits(end, alarm), (true, true), "{end}");
        }
    }

    #[test]
    fn another_place_is_not_within() {
        for (end, alarm) in [
            ("ZONE 9 normal", "ZONE 1 FIRE"),
            ("2号罐报警恢复", "1号罐温度报警"),
            ("ZONE 2 smoke detector reset", "ZONE 1 smoke detector alarm"),
            ("Hall B fire alarm reset", "Fire alarm Hall A"),
            ("ZONE2 NORMAL", "ZONE 1 FIRE"),
            ("ZONE 02 NORMAL", "ZONE 2 FIRE"),
            ("Restore 1.02.04", "1:02:03 FIRE"),
            ("二号罐恢复", "1号罐火警"),
            ("乙罐恢复", "甲罐火警"),
            ("２号罐恢复", "1号罐火警"),
            ("罐2区1恢复", "罐1区2火警"),
            ("loop 2 detector 1 restored", "loop 1 detector 2 FIRE"),
            ("32%液碱罐 恢复", "50%液碱罐 火警"),
        ] {
            assert_eq!(fits(end, alarm), (false, false), "{end}");
        }
        // Its numbers are not all of the other's, or a sign stands before one.
        for (end, alarm) in [
            ("2号罐恢复", "1号罐2号泵火警"),
            ("1层泵房恢复", "-1层泵房火警"),
            ("FLOOR 1 normal", "FLOOR -1 FIRE"),
            ("FLOOR 1 normal", "FLOOR - 1 FIRE"),
            ("FLOOR 1 normal", "BASEMENT 1 FIRE"),
            ("1层恢复", "－1层火警"),
            ("－１层恢复", "１层火警"),
            ("一层恢复", "-一层火警"),
            ("1层恢复", "负1层火警"),
            ("1层恢复", "地下1层火警"),
            ("Hall A normal", "Hall A+ FIRE"),
            ("癸罐恢复", "壬、癸罐火警"),
            ("北罐区恢复", "南罐区火警"),
        ] {
            assert!(!fits(end, alarm).0, "{end}: {alarm}");
        }
        // Without a number it is another place only where another is known.
        for (end, alarm) in [
            ("north hall normal", "south hall"),
            ("school restored", "fire: boiler"),
        ] {
            assert_eq!(fits(end, alarm), (true, false), "{end}");
        }
    }
}
