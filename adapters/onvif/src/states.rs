//! States as cameras write them: `true`, `TRUE`, `1`, `active`, `on` … Pure.
//!
//! The standard says `xs:boolean`; what cameras say is told by its meaning, so that no alarm hangs on a
//! capital letter. A word that means nothing known is told, not taken for "no".

use crate::config::{CameraConfig, InputConfig};
use crate::decode::{Notification, Operation};

/// Topics that tell a state, and the items that hold it, the first present one.
const STATES: [(&str, &[&str]); 5] = [
    (
        "tns1:RuleEngine/FieldDetector/ObjectsInside",
        &["data.IsInside", "data.State"],
    ),
    ("tns1:VideoSource/GlobalSceneChange", &["data.State"]),
    (
        "tns1:RuleEngine/TamperDetector",
        &["data.IsTamper", "data.State"],
    ),
    ("tns1:VideoSource/SignalLoss", &["data.State"]),
    (INPUT, &["data.LogicalState", "data.State"]),
];
const INPUT: &str = "tns1:Device/Trigger/DigitalInput";
const TOKENS: [&str; 2] = ["source.InputToken", "source.Token"];
/// Letters shown of a word that is not known.
const SHOWN_MAX: usize = 60;

/// The truth of a word; `None` for one that is not known.
pub(crate) fn truth(word: &str) -> Option<bool> {
    let word = word.trim();
    let is_one = |words: &[&str]| words.iter().any(|known| word.eq_ignore_ascii_case(known));
    if is_one(&["true", "1", "active", "on", "open"]) {
        return Some(true);
    }
    is_one(&["false", "0", "inactive", "off", "closed", "close"]).then_some(false)
}

/// The items that hold the state of a topic.
fn items_of(topic: &str) -> &'static [&'static str] {
    let known = STATES.iter().find(|(root, _)| {
        let rest = topic.strip_prefix(root);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    known.map_or(&[], |(_, items)| items)
}

/// The state that a notification tells, and its word.
fn state(notification: &Notification) -> Option<&str> {
    let items = items_of(&notification.topic).iter();
    let mut words = items.filter_map(|name| notification.item(name));
    words.next()
}

/// The word that stands for the value of an item: `true` and `false` for a state, however it was written.
pub(crate) fn plain<'a>(notification: &Notification, name: &str, value: &'a str) -> &'a str {
    if !items_of(&notification.topic).contains(&name) {
        return value;
    }
    match truth(value) {
        Some(true) => "true",
        Some(false) => "false",
        None => value,
    }
}

fn token(notification: &Notification) -> Option<&str> {
    TOKENS.iter().find_map(|name| notification.item(name))
}

fn is_of(input: &InputConfig, token: &str) -> bool {
    input.token.trim().eq_ignore_ascii_case(token.trim())
}

/// The configured input whose alarm a notification tells.
pub(crate) fn input<'a>(
    notification: &Notification,
    camera: &'a CameraConfig,
) -> Option<&'a InputConfig> {
    let items = items_of(INPUT).iter();
    let word = items.filter_map(|name| notification.item(name)).next()?;
    let (token, active) = (token(notification)?, truth(word)?);
    let mut inputs = camera.input.iter();
    inputs.find(|input| is_of(input, token) && input.active == active)
}

/// Stands for what could not be read.
const HARM: char = '\u{fffd}';

/// What of a mended notification can mean nothing any more though something hangs on it: its topic, a plate, or
/// the token of an input where inputs mean something.
pub(crate) fn harmed(notification: &Notification, camera: &CameraConfig) -> Option<&'static str> {
    if notification.topic.contains(HARM) {
        return Some("letters that XML forbids in its topic");
    }
    let is_plate = |name: &str| name.ends_with("PlateNumber");
    let mut items = notification.items.iter();
    if items.any(|(name, value)| is_plate(name) && value.contains(HARM)) {
        return Some("letters that XML forbids in a plate");
    }
    let token = token(notification).filter(|_| notification.topic == INPUT)?;
    let is_told = camera.input.iter().any(|input| is_of(input, token));
    let is_harmed = token.contains(HARM) && !is_told && !camera.input.is_empty();
    is_harmed.then_some("letters that XML forbids in an input's token")
}

/// What tells a state, by its name, and what of it is not understood; `None` for what tells none, and for an
/// input that means nothing by the configuration.
pub(crate) fn told(
    notification: &Notification,
    camera: &CameraConfig,
) -> Option<(String, Option<String>)> {
    if items_of(&notification.topic).is_empty() || notification.operation == Operation::Deleted {
        return None;
    }
    let mut name = notification.topic.clone();
    if notification.topic == INPUT {
        let token = token(notification);
        let is_told = |token: &str| camera.input.iter().any(|input| is_of(input, token));
        if camera.input.is_empty() || token.is_some_and(|token| !is_told(token)) {
            return None;
        }
        let Some(token) = token else {
            return Some((name, Some("it names no input".to_owned())));
        };
        name = format!("input {}", token.trim());
    }
    let odd = match state(notification) {
        None => Some("it tells no state".to_owned()),
        Some(word) if truth(word).is_none() => {
            let word: String = word.chars().take(SHOWN_MAX).collect();
            Some(format!("its state `{word}` is not known"))
        }
        Some(_) => None,
    };
    Some((name, odd))
}

#[cfg(test)]
mod tests {
    use super::{harmed, input, plain, told, truth};
    use crate::config::CameraConfig;
    use crate::decode::{Notification, Operation};

    fn camera() -> CameraConfig {
        let text = "device = \"C\"\naddress = \"http://x/\"\n[[input]]\ntoken = \"in1\"\nalarm = \"HELP_CALL\"\nlevel = \"RED\"";
        toml::from_str(text).unwrap()
    }

    fn says(topic: &str, items: &[(&str, &str)]) -> Notification {
        let items = items.iter();
        let items = items.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Notification {
            topic: topic.to_owned(),
            operation: Operation::Changed,
            utc_text: String::new(),
            utc: None,
            items: items.collect(),
            raw: bytes::Bytes::new(),
        }
    }

    #[test]
    fn words_are_known_however_they_are_written() {
        for word in [
            "true", "TRUE", " True ", "1", "active", "Active", "on", "open",
        ] {
            assert_eq!(truth(word), Some(true), "{word}");
        }
        for word in ["false", "0", "Inactive", "OFF", "closed"] {
            assert_eq!(truth(word), Some(false), "{word}");
        }
        for word in ["", "2", "yes, maybe", "alarm"] {
            assert_eq!(truth(word), None, "{word}");
        }
    }

    #[test]
    fn an_input_is_known_by_its_token_and_its_state() {
        for (token, item, word, raises) in [
            ("in1", "data.LogicalState", "true", true),
            ("IN1", "data.LogicalState", "active", true),
            (" in1", "data.State", "TRUE", true),
            ("in1", "data.State", "off", false),
            ("in2", "data.State", "on", false),
        ] {
            let one = says(super::INPUT, &[("source.InputToken", token), (item, word)]);
            assert_eq!(input(&one, &camera()).is_some(), raises, "{token} {word}");
            assert!(told(&one, &camera()).is_none_or(|(_, odd)| odd.is_none()));
        }
        for items in [
            vec![
                ("source.InputToken", "IN1"),
                ("data.LogicalState", "pressed"),
            ],
            vec![("source.InputToken", "in1")],
            vec![("data.LogicalState", "true")],
        ] {
            let (_, odd) = told(&says(super::INPUT, &items), &camera()).unwrap();
            assert!(odd.is_some(), "{items:?}");
        }
        let other = says(
            super::INPUT,
            &[("source.InputToken", "x"), ("data.State", "?")],
        );
        assert_eq!(told(&other, &camera()), None, "it means nothing");
    }

    #[test]
    fn what_can_mean_nothing_any_more_is_known() {
        let token = |token| says(super::INPUT, &[("source.InputToken", token)]);
        let mut deaf = camera();
        deaf.input.clear();
        assert!(harmed(&token("i\u{fffd}1"), &camera()).is_some());
        assert_eq!(harmed(&token("i\u{fffd}1"), &deaf), None);
        assert_eq!(harmed(&token("in1"), &camera()), None);
        assert!(harmed(&says("tns1:Devi\u{fffd}e", &[]), &deaf).is_some());
        for (name, is_harmed) in [
            ("data.PlateNumber", true),
            ("data.LicensePlateInfo.PlateNumber", true),
            ("data.TrailerPlateNumber", true),
            ("data.Rule", false),
        ] {
            let one = says("tns1:X", &[(name, "苏\u{fffd}1")]);
            assert_eq!(harmed(&one, &deaf).is_some(), is_harmed, "{name}");
        }
    }

    #[test]
    fn states_of_other_topics_are_told_alike() {
        let inside = "tns1:RuleEngine/FieldDetector/ObjectsInside";
        let one = says(
            inside,
            &[("data.IsInside", "TRUE"), ("data.Colour", "TRUE")],
        );
        assert_eq!(plain(&one, "data.IsInside", "TRUE"), "true");
        assert_eq!(plain(&one, "data.Colour", "TRUE"), "TRUE");
        let odd = says(inside, &[("data.IsInside", "perhaps")]);
        assert!(
            told(&odd, &camera())
                .unwrap()
                .1
                .unwrap()
                .contains("perhaps")
        );
        assert_eq!(
            told(
                &says("tns1:RuleEngine/LineDetector/Crossed", &[]),
                &camera()
            ),
            None
        );
    }
}
