//! Whether the words of an end say the place of an alarm. It is ended only when that is sure: what is not known is a
//! word, and other words are another place.

use crate::kept::WORDS_MAX;
use crate::values::{after_gas_unit, is_chinese};
use crate::words::{VALUE, gist};

/// How an end may close, word for word, once. Each may be a part of a name as well (`West end`, `Sulphur recovery`), so
/// none is left out elsewhere, and what the whole words say is a place too.
const ENDINGS: [&str; 37] = [
    "no fire ",
    "no smoke ",
    "all clear ",
    "back to normal ",
    "return to normal ",
    "returned to normal ",
    "restored to normal ",
    "to normal ",
    "normal ",
    "restored ",
    "restore ",
    "restoral ",
    "reset ",
    "clear ",
    "cleared ",
    "clr ",
    "rtn ",
    "ok ",
    "over ",
    "ended ",
    "off ",
    "recovery ",
    "recovered ",
    "resolved ",
    "closed ",
    "gone ",
    "恢 复 正 常 ",
    "恢 复 ",
    "正 常 ",
    "消 除 ",
    "解 除 ",
    "复 位 ",
    "复 归 ",
    "结 束 ",
    "消 失 ",
    "撤 销 ",
    "撤 除 ",
];
/// What may stand before that.
const BEFORE_ENDINGS: [&str; 8] = [
    "is ", "are ", "was ", "has ", "have ", "been ", "now ", "已 ",
];
/// How many of those at most: `has now been`.
const BEFORE_MAX: usize = 3;
/// How it may begin.
const BEGINNINGS: [&str; 11] = [
    "restored ",
    "restore ",
    "reset ",
    "cleared ",
    "recovered ",
    "resolved ",
    "恢 复 正 常 ",
    "恢 复 ",
    "解 除 ",
    "消 除 ",
    "复 位 ",
];
/// What happens: it stands behind a place, or else before it.
const KINDS: [&str; 10] = [
    "fire ", "smoke ", "leak ", "alarm ", "alarms ", "火 警 ", "泄 漏 ", "报 警 ", "告 警 ",
    "警 报 ",
];
/// How far it has gone: it stands behind a place, and an end may leave it out.
const LEVELS: [&str; 16] = [
    "high ", "low ", "过 高 ", "过 低 ", "超 高 ", "超 低 ", "偏 高 ", "偏 低 ", "高 报 ",
    "低 报 ", "超 限 ", "超 标 ", "高 限 ", "低 限 ", "高 ", "低 ",
];

/// What some words say of a place: each word and Chinese letter of its own, in order, and a space behind each.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Place {
    /// Without what happens behind it.
    words: String,
    /// Nor before it, where none stood behind it.
    bare: String,
}

impl Place {
    fn new(words: &str, has_kind: bool) -> Self {
        let bare = if has_kind {
            words
        } else {
            behind(words, &KINDS)
        };
        Self {
            words: words.to_owned(),
            bare: bare.to_owned(),
        }
    }

    fn is(&self, other: &Self) -> bool {
        self.words == other.words || self.bare == other.bare
    }
}

/// The place of an alarm: as it was told, and without how far it had gone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct AlarmPlace {
    whole: Place,
    short: Place,
}

impl AlarmPlace {
    pub(crate) fn of(words: &str) -> Self {
        let words = split(words);
        let place = without(&words, &KINDS);
        let whole = Place::new(place, place != words);
        let short = without(without(place, &LEVELS), &KINDS);
        let short = Place::new(short, whole.words == whole.bare);
        Self { whole, short }
    }

    /// Whether an end that says this place says just this one.
    fn is(&self, said: &Place) -> bool {
        said.is(&self.whole) || said.is(&self.short)
    }
}

/// The places that an end may mean: its words as they are, and without each of what may close or begin them.
#[derive(Debug)]
pub(crate) struct EndPlaces(Vec<Place>);

impl EndPlaces {
    /// Of words that are longer than those kept of an alarm it is not known; they say no alarm's place, and people end it.
    pub(crate) fn new(words: &str) -> Self {
        if words.chars().nth(WORDS_MAX).is_some() {
            return Self(Vec::new());
        }
        let words = split(words);
        let words = words.as_str();
        let place = without(words, &KINDS);
        let mut places = vec![Place::new(place, place != words)];
        let closed = each_without(words, &ENDINGS).chain(each_without(place, &ENDINGS));
        for closed in closed {
            let mut over = Some(closed);
            for _ in 0..=BEFORE_MAX {
                let Some(rest) = over else {
                    break;
                };
                let left = without(rest, &KINDS);
                places.push(Place::new(left, left != rest || place != words));
                over = each_without(rest, &BEFORE_ENDINGS).next();
            }
        }
        let (begun, is_closed) = (behind(place, &KINDS), places.len() > 1);
        for left in each_behind(begun, &BEGINNINGS).filter(|_| !is_closed) {
            places.push(Place::new(left, place != words));
        }
        Self(places)
    }

    /// Whether they may say none.
    pub(crate) fn is_none(&self) -> bool {
        self.0.iter().any(|place| place.bare.is_empty())
    }

    /// Whether this alarm's place may be meant.
    pub(crate) fn may_be(&self, alarm: &AlarmPlace) -> bool {
        self.0.iter().any(|place| alarm.is(place))
    }
}

/// The words without those of a list that stand behind them.
fn without<'a>(words: &'a str, list: &[&str]) -> &'a str {
    let mut words = words;
    while let Some(before) = each_without(words, list).next() {
        words = before;
    }
    words
}

/// The words without each of a list that stands behind them: whole words.
fn each_without<'a>(words: &'a str, list: &[&str]) -> impl Iterator<Item = &'a str> {
    let ends = list.iter().filter_map(move |last| words.strip_suffix(last));
    ends.filter(|before| before.is_empty() || before.ends_with(' '))
}

/// The words behind those of a list with which they begin.
fn behind<'a>(words: &'a str, list: &[&str]) -> &'a str {
    let mut words = words;
    while let Some(rest) = each_behind(words, list).next() {
        words = rest;
    }
    words
}

/// The words behind each of a list with which they begin.
fn each_behind<'a>(words: &'a str, list: &[&str]) -> impl Iterator<Item = &'a str> {
    list.iter()
        .filter_map(move |first| words.strip_prefix(first))
}

/// Words one by one. Only white space and punctuation that joins nothing stand between them.
fn split(words: &str) -> String {
    let gist: String = gist(words).chars().map(plain).collect();
    let mut split = String::with_capacity(gist.len());
    let mut rest = gist.as_str();
    let mut last = ' ';
    let breaks = |split: &mut String| {
        if !split.is_empty() && !split.ends_with(' ') {
            split.push(' ');
        }
    };
    while let Some(letter) = rest.chars().next() {
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        let next = rest.chars().next();
        let is_digit = |it: char| it.is_ascii_digit();
        let is_break = match letter {
            ':' => !is_digit(last) || !next.is_some_and(is_digit),
            '.' => next.is_none_or(char::is_whitespace),
            '=' => last.is_alphabetic(),
            other => other.is_whitespace() || ",;!?()[]{}、。【】".contains(other),
        };
        if letter == VALUE {
            breaks(&mut split);
            rest = after_gas_unit(rest).unwrap_or(rest);
        } else if is_chinese(letter) {
            breaks(&mut split);
            split.push(letter);
            split.push(' ');
        } else if is_break {
            breaks(&mut split);
        } else {
            split.push(letter);
        }
        last = letter;
    }
    breaks(&mut split);
    split
}

/// A letter as it is written in small ASCII: of full width, and the many dashes.
fn plain(letter: char) -> char {
    let plain = match letter {
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => '-',
        '！'..='～' => u32::from(letter)
            .checked_sub(0xFEE0)
            .and_then(char::from_u32)
            .unwrap_or(letter),
        other => other,
    };
    plain.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{AlarmPlace, EndPlaces};

    fn fits(end: &str, alarm: &str) -> bool {
        EndPlaces::new(end).may_be(&AlarmPlace::of(alarm))
    }

    #[test]
    fn an_end_in_words_of_its_own_says_the_place_word_for_word() {
        for (end, alarm) in [
            ("Gas normal", "Gas high"),
            ("Gas high: back to normal", "Gas high"),
            ("温度恢复正常", "温度过高"),
            ("温度过高恢复正常", "温度过高"),
            ("1号罐NH3浓度恢复正常", "1号罐NH3浓度高报警"),
            ("ZONE 7: normal", "ZONE 7:FIRE"),
            ("ZONE 7 FIRE cleared", "FIRE zone=7"),
            ("ZONE 7 is normal.", "Fire alarm: ZONE 7!"),
            ("FIRE ZONE 2 normal", "FIRE ZONE 2 alarm"),
            ("2号罐火警解除", "火警 2号罐"),
            ("2号罐火警已解除", "２号罐，火警"),
            ("2#泵房报警解除", "2#泵房火警"),
            ("1:02:03 restored", "FIRE 1:02:03"),
            ("RESTORE Z2", "FIRE Z2"),
            ("Normal line normal", "Normal line FIRE"),
            ("恢复室恢复", "恢复室火警"),
            ("L1-D02: FIRE RESTORED", "L1-D02 FIRE"),
            ("NH3 normal", "NH3:40ppm"),
            ("NH3:5ppm", "NH3:40ppm"),
            ("2号罐CH4 3%LEL恢复", "2号罐CH4 30%LEL高报"),
            ("CH4: 3 %LEL normal", "CH4: 25 %LEL high"),
            ("32%液碱罐 恢复", "32%液碱罐 火警"),
            ("-1层泵房恢复", "－１层泵房火警"),
            ("West end FIRE over", "West end FIRE"),
            ("1号主机02回路003号点恢复", "1号主机02回路003号点火警"),
            ("FIRE CLEARED: ZONE 2", "ZONE 2 FIRE"),
            ("火警恢复：2号罐", "2号罐火警"),
            ("ZONE 2 FIRE CLR", "ZONE 2 FIRE"),
            ("2号罐火警复归", "2号罐火警"),
            ("Sulphur recovery normal", "Sulphur recovery FIRE"),
        ] {
            assert!(fits(end, alarm), "{end}: {alarm}");
        }
    }

    #[test]
    fn what_is_not_word_for_word_the_place_is_another() {
        for (end, alarm) in [
            // Other numbers, and other ways to write them.
            ("ZONE 9 normal", "ZONE 1 FIRE"),
            ("ZONE2 NORMAL", "ZONE 2 FIRE"),
            ("ZONE 02 NORMAL", "ZONE 2 FIRE"),
            ("Restore 1.02.04", "1:02:03 FIRE"),
            ("二号罐恢复", "2号罐火警"),
            ("贰号罐恢复", "壹号罐火警"),
            ("一号罐恢复", "廿一号罐火警"),
            ("一号罐恢复", "贰拾一号罐火警"),
            ("拾贰号罐恢复", "拾壹号罐火警"),
            ("丑罐恢复", "子罐火警"),
            ("癸罐恢复", "壬、癸罐火警"),
            ("罐2区1恢复", "罐1区2火警"),
            ("❷号恢复", "❶号火警"),
            ("Hall ٢ normal", "Hall ١ FIRE"),
            // A letter or a sign more.
            ("1层恢复", "-1层火警"),
            ("FLOOR 1 normal", "FLOOR - 1 FIRE"),
            ("FLOOR 1 normal", "BASEMENT 1 FIRE"),
            ("1层恢复", "地下1层火警"),
            ("1层恢复", "1夹层火警"),
            ("Hall A normal", "Hall A+ FIRE"),
            ("Hall A normal", "Hall A\u{308} FIRE"),
            ("TANK 1 normal", "TANK 1\u{305} FIRE"),
            ("TANK 1 normal", "TANK 1″ FIRE"),
            ("TANK 1 normal", "TANK 1\" FIRE"),
            ("TANK 1 normal", "TANK 1_ FIRE"),
            ("TANK 1 normal", "TANK ~1 FIRE"),
            ("1 normal", "<1 FIRE"),
            ("🔵区恢复", "🔴区火警"),
            ("↓层恢复", "↑层火警"),
            ("罐1 2恢复", "罐1·2火警"),
            ("1 2号罐恢复", "1\u{200b}2号罐火警"),
            ("T-101 normal", "T-101(A) FIRE"),
            // A word more, fewer or in another order.
            ("2号罐恢复", "1号罐2号泵火警"),
            ("右侧仓库恢复", "左侧仓库火警"),
            ("右1号仓恢复", "左1号仓火警"),
            ("1号井恢复", "主1号井火警"),
            ("1号罐恢复", "1号罐（备）火警"),
            ("冷库恢复正常", "冷库机房火警"),
            ("1号楼恢复", "1号楼机房火警"),
            ("化工库恢复", "化工车间冷库火警"),
            ("loading store normal", "cold store loading bay FIRE"),
            ("school restored", "fire: boiler"),
            // Words of an end or of a kind that are of the name.
            ("West normal", "West end FIRE"),
            ("water tank normal", "clear water tank FIRE"),
            ("boiler normal", "recovery boiler FIRE"),
            ("pump room normal", "fire pump room FIRE"),
            ("low bay normal", "high bay FIRE"),
            ("Gas low normal", "Gas high"),
            ("阀间恢复", "报警阀间火警"),
            ("2号罐未恢复", "2号罐火警"),
            ("Sulphur recovery normal", "Sulphur FIRE"),
            ("Solvent recovery restored", "Solvent FIRE"),
            ("Hall 2 off normal", "Hall 2 FIRE"),
            ("静电消除恢复", "静电火警"),
            ("ZONE 1 all normal", "ZONE 1 FIRE"),
            ("Normal butane tank", "butane tank FIRE"),
            ("正常照明配电间", "照明配电间火警"),
            ("ZONE 2 is not restored", "ZONE 2 FIRE"),
        ] {
            assert!(!fits(end, alarm), "{end}: {alarm}");
        }
    }

    /// Thousands of places of one text held the hub for seconds.
    #[test]
    fn an_end_means_few_places_whatever_its_words() {
        let hostile = [
            format!("Z{}恢复", "已".repeat(190)),
            "is ".repeat(60) + "normal",
            "alarm ".repeat(30) + "恢复",
            "normal ".repeat(28),
            "恢复".repeat(99),
        ];
        for words in hostile {
            let places = EndPlaces::new(&words).0.len();
            assert!((1..=40).contains(&places), "{places}: {words}");
        }
        let long = format!("Z{}恢复", "已".repeat(1_990));
        let end = EndPlaces::new(&long);
        assert!(end.0.is_empty() && !end.is_none(), "people end it");
    }

    #[test]
    fn an_end_may_say_no_place() {
        for end in [
            "",
            " ",
            "normal",
            "恢复正常",
            "已恢复",
            "FIRE over",
            "火警解除",
            "all clear",
            "…",
        ] {
            assert_eq!(EndPlaces::new(end).is_none(), end != "…", "{end}");
        }
    }
}
