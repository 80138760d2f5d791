//! The table as data: read once, complete or not at all.

use std::collections::BTreeMap;

use cordon_contract::Fault;
use cordon_model::MessageType;
use serde::Deserialize;

use super::things::named;
use super::words::{Thing, Voice, Whose};
use crate::fault::{CONFIGURATION, fault};

const TEXT: &str = include_str!("table.toml");

/// What a speaker may say about things of each kind.
type Rights = BTreeMap<Thing, Vec<Whose>>;

/// Every message type, every speaker, every thing it names, and whose it may be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Table {
    rows: BTreeMap<(MessageType, Voice), Option<Rights>>,
}

/// A right as it is written.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Never(String),
    About(BTreeMap<String, String>),
}

impl Table {
    /// The table of this program.
    pub fn built_in() -> Result<Self, Fault> {
        Self::read(TEXT)
    }

    /// Reads a table. `F014` when a message type, a speaker or a thing is missing or unknown.
    pub fn read(text: &str) -> Result<Self, Fault> {
        let mut sections: BTreeMap<String, BTreeMap<String, Written>> =
            toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let mut rows = BTreeMap::new();
        for message_type in MessageType::ALL.iter().copied() {
            let mut voices = sections
                .remove(message_type.as_str())
                .ok_or_else(|| wrong(format!("{message_type} is missing")))?;
            for voice in Voice::ALL {
                let place = format!("{message_type}.{}", voice.as_str());
                let written = voices
                    .remove(voice.as_str())
                    .ok_or_else(|| wrong(format!("{place} is missing")))?;
                rows.insert(
                    (message_type, voice),
                    rights(message_type, written, &place)?,
                );
            }
            if let Some(extra) = voices.into_keys().next() {
                return Err(wrong(format!("{message_type}.{extra} is no speaker")));
            }
        }
        match sections.into_keys().next() {
            Some(extra) => Err(wrong(format!("{extra} is no message type"))),
            None => Ok(Self { rows }),
        }
    }

    /// The kinds of things a type of message names.
    pub fn things(message_type: MessageType) -> &'static [Thing] {
        named(message_type)
    }

    /// Whether the speaker may send this type of message at all.
    pub fn may_say(&self, voice: Voice, message_type: MessageType) -> bool {
        matches!(self.rows.get(&(message_type, voice)), Some(Some(_)))
    }

    /// Whether the speaker may say it about a thing of this kind that is somebody's.
    pub fn allows(
        &self,
        voice: Voice,
        message_type: MessageType,
        thing: Thing,
        whose: Whose,
    ) -> bool {
        self.rows
            .get(&(message_type, voice))
            .and_then(Option::as_ref)
            .and_then(|rights| rights.get(&thing))
            .is_some_and(|allowed| allowed.contains(&whose))
    }
}

fn rights(
    message_type: MessageType,
    written: Written,
    place: &str,
) -> Result<Option<Rights>, Fault> {
    let mut about = match written {
        Written::Never(word) if word == "never" => return Ok(None),
        Written::Never(word) => return Err(wrong(format!("{place}: `{word}` is no right"))),
        Written::About(about) => about,
    };
    let mut rights = Rights::new();
    for thing in named(message_type).iter().copied() {
        let words = about
            .remove(thing.as_str())
            .ok_or_else(|| wrong(format!("{place}.{} is missing", thing.as_str())))?;
        let mut allowed = Vec::new();
        for word in words.split_whitespace() {
            let whose = Whose::ALL.into_iter().find(|whose| whose.as_str() == word);
            allowed
                .push(whose.ok_or_else(|| wrong(format!("{place}.{}: `{word}`", thing.as_str())))?);
        }
        rights.insert(thing, allowed);
    }
    match about.into_keys().next() {
        Some(extra) => Err(wrong(format!(
            "{place}.{extra} is not named by the message"
        ))),
        None => Ok(Some(rights)),
    }
}

fn wrong(why: String) -> Fault {
    fault(CONFIGURATION).at("authority table").log(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_leaves_something_out_is_refused() {
        Table::built_in().unwrap();
        let refused = |text: &str| Table::read(text).unwrap_err().to_string();
        let cut = TEXT.replace("[GateStatus]", "[GateStatuses]");
        assert!(refused(&cut).contains("GateStatus is missing"));
        let cut = TEXT.replacen("vendor     = \"never\"\n", "", 1);
        assert!(refused(&cut).contains("VehicleRegistration.vendor is missing"));
        let cut = TEXT.replacen("vehicle = \"own unknown\", ", "", 1);
        assert!(refused(&cut).contains("VehicleRegistration.enterprise.vehicle is missing"));
        let more = TEXT.replacen(
            "vehicle = \"own unknown\"",
            "vehicle = \"own everybody\"",
            1,
        );
        assert!(refused(&more).contains("everybody"));
        let more = format!("{TEXT}\n[Rumour]\n");
        assert!(refused(&more).contains("Rumour is no message type"));
    }

    #[test]
    fn nobody_outside_may_decide_command_or_write_the_hubs_papers() {
        let table = Table::built_in().unwrap();
        use MessageType as M;
        let papers = [
            M::PassageDecision,
            M::ReportDocument,
            M::Receipt,
            M::Refusal,
            M::AuditEvent,
        ];
        for voice in Voice::ALL {
            for paper in papers {
                assert!(!table.may_say(voice, paper), "{voice:?} {paper}");
            }
            for order in [M::EmergencyGateOpen, M::GateCommand] {
                let orders = table.may_say(voice, order);
                assert_eq!(orders, voice == Voice::Operator, "{voice:?} {order}");
            }
        }
    }
}
