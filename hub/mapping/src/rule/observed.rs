//! What must not be lost: observations.
//!
//! A detector that says FIRE says so whatever its battery field holds. In these messages a field that
//! cannot be read is left out, or something that is true of the reading stands in for it; either way it
//! is told. A grant or a registration means what all its fields mean together, and stays strict.

use cordon_model::name;

use crate::catalogue::{Field, Simple};
use crate::source::{Scope, event_id, time_of};

/// Whether a message is an observation.
pub(super) fn is_observation(message: &str) -> bool {
    matches!(
        message,
        "AlarmEvent" | "SensorReadingBatch" | "DeviceStatus"
    )
}

/// What stands in for a field that must be there and cannot be read; `group` is the message, or the
/// message and its repeating element.
pub(super) fn stand_in(group: &str, field: &str, scope: &Scope<'_>) -> Option<String> {
    let reading = scope.reading;
    Some(match (group, field) {
        ("AlarmEvent", "AlarmId") => event_id(reading),
        // Somebody may be hurt, so somebody is told at once.
        ("AlarmEvent", "AlarmLevel") => "ORANGE".to_owned(),
        ("AlarmEvent", "State") => "RAISED".to_owned(),
        ("AlarmEvent", "Description") => cordon_contract::NO_TEXT.to_owned(),
        ("DeviceStatus", "DeviceId") | ("SensorReadingBatch", "GatewayId") => {
            reading.device.to_string()
        }
        ("DeviceStatus", "DeviceKind") => "SENSOR".to_owned(),
        ("SensorReadingBatch/Samples", "Quality") => "SUSPECT".to_owned(),
        (_, "OccurredAt" | "ObservedAt") => time_of(reading).to_string(),
        _ => return None,
    })
}

/// How texts of a field are brought into the language's form.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shape {
    /// As it is.
    Plain,
    /// At most so many letters, none that XML cannot hold.
    Text(usize),
    /// The same of one line, white space collapsed.
    Token,
    /// A name; other letters than those of an identifier are written out.
    Name { more: &'static str, length: usize },
}

impl Shape {
    /// The shape of a field of an observation.
    pub(super) fn of(field: &Field, kind: &Simple) -> Self {
        let name = |more, length| Self::Name { more, length };
        match (field.kind.as_str(), kind) {
            ("DeviceId" | "AreaId", _) => name("", 64),
            ("Point", _) => name("/", 64),
            ("Reference", _) => name(":", 96),
            ("ShortText", _) => Self::Text(200),
            ("Text" | "OptionalText", _) => Self::Text(2_000),
            (_, Simple::Text) => Self::Token,
            _ => Self::Plain,
        }
    }

    pub(super) fn apply(self, text: String) -> String {
        match self {
            Self::Plain => text,
            Self::Name { more, length } => name::escape(&text, more, length),
            Self::Text(length) => text.chars().take(length).map(readable).collect(),
            Self::Token => {
                let words: Vec<&str> = text.split_whitespace().collect();
                words.join(" ").chars().map(readable).collect()
            }
        }
    }
}

/// A letter that XML can hold.
fn readable(letter: char) -> char {
    match letter {
        '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        '\t' | '\n' | '\r' | '\u{20}'.. => letter,
        _ => char::REPLACEMENT_CHARACTER,
    }
}
