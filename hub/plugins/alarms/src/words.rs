//! What the words of an alarm say: a value that changes is no word, and other words are another place.

use std::collections::BTreeSet;

use cordon_model::name::mark;
use serde::{Deserialize, Serialize};

use crate::values::{after_value, in_formula};

/// Different words, or names, that are remembered of one alarm. What comes beyond is taken for one of them.
const HEARD_MAX: usize = 200;

/// What stands for a value.
pub(crate) const VALUE: char = '\u{1}';

/// The words without what is surely a value in them.
pub(crate) fn gist(words: &str) -> String {
    let mut gist = String::with_capacity(words.len());
    let mut rest = words;
    while let Some(start) = rest.find(|letter: char| letter.is_ascii_digit()) {
        let (before, number) = rest.split_at(start);
        gist.push_str(before);
        rest = match after_value(&gist, number) {
            Some((sign, after)) => {
                gist.truncate(gist.len().saturating_sub(sign));
                gist.push(VALUE);
                after
            }
            None => {
                // A part of an address is no number of its own.
                let joins = |it: char| it.is_ascii_alphanumeric() || ".,:/_-".contains(it);
                let length = in_formula(&gist, number);
                let length = length.or_else(|| number.find(|letter| !joins(letter)));
                let (address, after) = number.split_at(length.unwrap_or(number.len()));
                gist.push_str(address);
                after
            }
        };
    }
    gist.push_str(rest);
    gist
}

/// Texts that were told of one alarm, by a number made of each.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Heard(BTreeSet<u64>);

impl Heard {
    /// Notes a text; whether it is the first time. Of more than are remembered none is.
    pub(crate) fn first(&mut self, text: &str) -> bool {
        let is_new = !self.knows(text) && self.0.len() < HEARD_MAX;
        is_new && self.0.insert(mark(text))
    }

    pub(crate) fn knows(&self, text: &str) -> bool {
        self.has(mark(text))
    }

    /// The same by the text's mark.
    pub(crate) fn has(&self, text: u64) -> bool {
        self.0.contains(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::{HEARD_MAX, Heard, gist};

    #[test]
    fn what_is_surely_a_value_is_no_word() {
        for (one, other) in [
            ("temp 71.0", "temp 72.1"),
            ("temperature 71.0, hall", "temperature 9.5, hall"),
            ("value: 71, ZONE 3", "value: 9, ZONE 3"),
            ("zone=3 temp=71 fire", "zone=3 temp=72 fire"),
            ("temp=71℃ fire", "temp=72℃ fire"),
            ("CH4 25 %LEL", "CH4 31 %LEL"),
            ("CH4: 25 %LEL high", "CH4: 31 %LEL high"),
            ("CO:40PPM.", "CO:50PPM."),
            ("NH3:40ppm", "NH3:41ppm"),
            ("罐区H2S:10mg/m3", "罐区H2S:12mg/m3"),
            (
                "tank A SO2 4.1 ppb, O2: 19 %VOL",
                "tank A SO2 5 ppb, O2: 20 %VOL",
            ),
            ("co2=400ppm", "co2=500ppm"),
            ("1号罐CH4 25%LEL高报", "1号罐CH4 30%LEL高报"),
            ("温度71.2℃", "温度-9℃"),
            ("温度: 71", "温度: 9"),
            ("2号罐浓度25%", "2号罐浓度30%"),
            ("浓度25%LEL，压力1.2MPa", "浓度30%LEL，压力0.9MPa"),
            ("压力 1,2 MPa", "压力 1,3 MPa"),
            (
                "temp=85℃ 2026-11-24 12:30:05",
                "temp=9℃ 2026-11-24 12:30:06",
            ),
            ("2026-11-24 12:30:05 fire", "2026-11-25 01:02:03 fire"),
            ("2026-11-24T12:30:05.25+08:00", "2026-11-25T01:02:03Z"),
            ("2026/1/5 9:03:07 火警", "2026/11/15 10:03:07 火警"),
            (
                "2026年11月24日12时30分05秒 火警",
                "2026年1月2日12时31分05秒 火警",
            ),
            (
                "2026年11月29日02时30分01号主机火警",
                "2026年11月29日02时31分01号主机火警",
            ),
            (
                "2026年11月29日02时30分07秒01号主机火警",
                "2026年11月29日02时31分8秒01号主机火警",
            ),
            ("2026-11-24 12:30, ZONE 1", "2026-11-24 12:31, ZONE 1"),
            ("2号罐CH4 3%LEL恢复", "2号罐CH4 4%LEL恢复"),
        ] {
            assert_eq!(gist(one), gist(other));
        }
    }

    #[test]
    fn all_else_is_words() {
        for (one, other) in [
            // Tanks, lines and stores are called by what is in them.
            ("32%液碱罐 火警", "50%液碱罐 火警"),
            ("98% acid tank leak", "93% acid tank leak"),
            ("1.0MPa蒸汽管线", "3.5MPa蒸汽管线"),
            ("2.5 MPa hydrogen vessel", "1.6 MPa hydrogen vessel"),
            ("-18℃冷库", "-25℃冷库"),
            ("5℃ store", "15℃ store"),
            ("3 % foam hall", "6 % foam hall"),
            ("10 ppm H2S room", "50 ppm H2S room"),
            ("浓度98%硫酸罐", "浓度93%硫酸罐"),
            ("浓度：98% 硫酸罐", "浓度：93% 硫酸罐"),
            (
                "pressure 2.5 MPa hydrogen vessel",
                "pressure 1.6 MPa hydrogen vessel",
            ),
            ("temperature 71.0 hall", "temperature 72.0 hall"),
            ("CH4 2 %LEL: 40", "CH4 3 %LEL: 40"),
            ("CO2 3% foam hall", "CO2 6% foam hall"),
            ("NH3-2", "NH3-3"),
            ("XNH3:40ppm", "XNH3:41ppm"),
            ("25 %LEL", "30 %LEL"),
            ("0101-02-03", "0101-02-04"),
            ("1:02:03", "1:02:04"),
            ("2026年11月24日 火警", "2026年12月1日 火警"),
            ("01:02:03 FIRE", "01:02:04 FIRE"),
            ("2001-02-03", "2001-02-04"),
            // What stands behind a time is of a name.
            (
                "2026年11月29日02时30分01号主机02回路003号点火警",
                "2026年11月29日02时30分02号主机02回路003号点火警",
            ),
            ("2026年11月29日02时30分01#罐", "2026年11月29日02时30分02#罐"),
            ("2026年11月29日02时30号楼", "2026年11月29日02时31号楼"),
            ("2026-11-29 02:30:01#罐火警", "2026-11-29 02:30:02#罐火警"),
            ("2026-11-29 02:30:01号罐火警", "2026-11-29 02:30:02号罐火警"),
            ("2026-11-29 02:30:01层火警", "2026-11-29 02:30:02层火警"),
            ("2026-11-29 02:01＃罐", "2026-11-29 02:02＃罐"),
            ("2026-11-29 02:30-02:03 FIRE", "2026-11-29 02:30-02:04 FIRE"),
            ("2026-11-29 02:30+02:03 FIRE", "2026-11-29 02:30+02:04 FIRE"),
            // Nor is a number of a detector one of nitric oxide, or its range its value.
            (
                "Detector No 1 %LEL high alarm",
                "Detector No 2 %LEL high alarm",
            ),
            ("Sensor No:1 ppm H2S high", "Sensor No:2 ppm H2S high"),
            ("NH3 100ppm探头泄漏", "NH3 200ppm探头泄漏"),
            ("NH3 100ppm泄漏探头", "NH3 200ppm泄漏探头"),
            ("NH3 100ppm高区", "NH3 200ppm高区"),
            ("2026-13-24 12:30:05", "2026-14-24 12:30:05"),
            ("2026-11-24 12:30:05-03", "2026-11-24 12:30:05-04"),
            (
                "2026-11-24 12:30 fire at 01:02:03",
                "2026-11-24 12:30 fire at 01:02:04",
            ),
            ("12:30:05", "12:30:06"),
            ("Hall 2.1", "Hall 2.2"),
            ("71.0", "72.0"),
            ("ZONE 1", "ZONE 7"),
            ("zone=1", "zone=2"),
            ("ZONE%201%20boiler", "ZONE%202%20boiler"),
            ("tank 2 ppm: 40", "tank 3 ppm: 40"),
            ("loop 1:40 %", "loop 2:40 %"),
            ("L1-40 %", "L2-40 %"),
            ("1-40 ppm", "2-40 ppm"),
            ("温度1", "温度2"),
            ("温度1: 71.0", "温度2: 71.0"),
            ("温度: 3 号罐", "温度: 4 号罐"),
            ("液位: 1 #罐 超高", "液位: 2 #罐 超高"),
            ("Pressure: 1 line", "Pressure: 2 line"),
            ("Temperature: 3F", "Temperature: 5F"),
            ("感烟温度2C", "感烟温度3C"),
            ("压力1.2号阀", "压力1.3号阀"),
            ("temp 2", "temp 3"),
            ("temp-2.1", "temp-2.2"),
            ("value 2.1.3", "value 2.1.4"),
            ("attempt 1.1", "attempt 1.2"),
            ("camera 10.0.0.1", "camera 10.0.0.2"),
            ("B1.2", "B1.3"),
            ("floor 3F", "floor 5F"),
            ("1号罐", "2号罐"),
            ("3月", "4月"),
            ("N 34.5°", "N 34.6°"),
        ] {
            assert_ne!(gist(one), gist(other));
        }
        assert_eq!(gist("no number. 7. end"), "no number. 7. end");
    }

    #[test]
    fn a_text_is_first_once_and_none_is_beyond_the_limit() {
        let mut heard = Heard::default();
        assert!(heard.first("a") && !heard.first("a"));
        for number in 1..HEARD_MAX {
            assert!(heard.first(&number.to_string()));
        }
        assert!(!heard.first("one more") && heard.knows("a"));
    }
}
