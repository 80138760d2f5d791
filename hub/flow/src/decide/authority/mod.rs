//! Who may say what, about whose things: one table, default deny.
//!
//! The corridor's workers ask what the plan alone can answer (who speaks, and whose gates, lanes, areas,
//! devices and enterprises are named); the sequencer asks what depends on the order of statements
//! (whose vehicles, persons and alarms). What is journaled as a message is therefore lawful.

mod alarms;
mod estate;
mod grants;
mod order;
mod past;
mod register;
mod settings;
pub(crate) mod settle;
mod show;
mod speaker;
pub(crate) mod step;
mod table;
mod things;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use cordon_contract::{Fault, Owners};
use cordon_model::plan::ParkPlan;
use cordon_model::{Body, MessageType, PartyId};

pub(crate) use alarms::{flow_id, is_over};
pub(crate) use order::Order;
pub(crate) use register::Register;
pub use settings::{AuthoritySettings, Confirm, HazmatGrants, Reaction};
pub(crate) use speaker::Speaker;
pub use table::Table;
pub use words::{Thing, Voice, Whose};

use crate::fault::{ACT_OF_ANOTHER, NOT_YOURS, UNKNOWN_THING};
use estate::Estate;
use things::{Mention, mentions};

/// The table, the plan and the settings of a park.
#[derive(Clone, Debug)]
pub struct Authority {
    table: Table,
    plan: Arc<ParkPlan>,
    hub: PartyId,
    settings: AuthoritySettings,
    owners: Owners,
    /// The names under which enterprises speak.
    names: BTreeMap<PartyId, Vec<String>>,
}

/// Why something may not be said: code, element, and words for the log.
pub(crate) type Unlawful = (&'static str, &'static str, String);

impl Authority {
    /// The authority of a park; `hub` is its own party.
    pub fn new(
        plan: Arc<ParkPlan>,
        hub: PartyId,
        settings: AuthoritySettings,
    ) -> Result<Self, Fault> {
        let owners = Owners::new(&plan, &hub);
        let mut names: BTreeMap<PartyId, Vec<String>> = BTreeMap::new();
        for (name, owner) in owners.partners() {
            names.entry(owner.clone()).or_default().push(name.clone());
        }
        Ok(Self {
            table: Table::built_in()?,
            owners,
            names,
            plan,
            hub,
            settings,
        })
    }

    /// The names under which the enterprise speaks that answers for this speaker: its own and those of its
    /// devices. `None` for the park.
    pub(crate) fn names_beside(&self, speaker: &str) -> Option<&[String]> {
        let names = self.names.get(self.owner(speaker)?)?;
        Some(names)
    }

    /// The enterprise that answers for a speaker; `None` for the park.
    pub(crate) fn owner(&self, speaker: &str) -> Option<&PartyId> {
        self.owners.partner(speaker)
    }

    /// Who answers for alarms.
    pub(crate) fn owners(&self) -> &Owners {
        &self.owners
    }

    /// The park's own party.
    pub(crate) fn hub(&self) -> &PartyId {
        &self.hub
    }

    /// The section of the configuration.
    pub(crate) fn settings(&self) -> &AuthoritySettings {
        &self.settings
    }

    /// The plan it reads.
    pub(crate) fn plan(&self) -> &ParkPlan {
        &self.plan
    }

    /// How many words about alarms an enterprise may say in a minute.
    pub(crate) fn alarm_words_a_minute(&self) -> u32 {
        self.settings.alarm_words_a_minute
    }

    /// Whether the speaker may send this type of message at all.
    pub(crate) fn may_say(&self, speaker: &Speaker, message_type: MessageType) -> bool {
        self.table.may_say(speaker.voice, message_type)
    }

    /// Judges what the plan alone can answer. The type must be one the speaker may send.
    pub(crate) fn judge_by_plan(&self, speaker: &Speaker, body: &Body) -> Result<(), Unlawful> {
        let estate = self.estate();
        for mention in mentions(body) {
            if let Some(whose) = estate.whose(speaker, mention.1) {
                self.allow(speaker, body.message_type(), mention, whose)?;
            }
        }
        Ok(())
    }

    fn estate(&self) -> Estate<'_> {
        Estate {
            plan: &self.plan,
            hub: &self.hub,
        }
    }

    fn allow(
        &self,
        speaker: &Speaker,
        message_type: MessageType,
        (field, name): Mention<'_>,
        whose: Whose,
    ) -> Result<(), Unlawful> {
        let thing = name.thing();
        if self.table.allows(speaker.voice, message_type, thing, whose) {
            return Ok(());
        }
        let code = match (thing, whose) {
            (Thing::Actor, _) => ACT_OF_ANOTHER,
            // An enterprise is not told which alarms there are.
            (Thing::Alarm | Thing::Ending, _) if speaker.is_enterprise() => NOT_YOURS,
            (_, Whose::Unknown) => UNKNOWN_THING,
            _ => NOT_YOURS,
        };
        let detail = format!(
            "{message_type} by {} {}: the {} is {}",
            speaker.voice.as_str(),
            speaker.id,
            thing.as_str(),
            match whose {
                Whose::Own => "its own",
                Whose::About => "another's and about it",
                Whose::Park => "the park's",
                Whose::Other => "another enterprise's",
                Whose::Unknown => "nobody's",
            }
        );
        Err((code, field, detail))
    }
}
