//! Who may say what, about whose things: one table, default deny.
//!
//! The corridor's workers ask what the plan alone can answer (who speaks, and whose gates, lanes, areas,
//! devices and enterprises are named); the sequencer asks what depends on the order of statements
//! (whose vehicles, persons and alarms). What is journaled as a message is therefore lawful.

mod estate;
mod order;
mod register;
mod settings;
mod show;
mod speaker;
mod table;
mod things;
mod words;

use std::sync::Arc;

use cordon_contract::Fault;
use cordon_model::plan::ParkPlan;
use cordon_model::{Body, MessageType, PartyId};

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
        Ok(Self {
            table: Table::built_in()?,
            plan,
            hub,
            settings,
        })
    }

    /// The park's own party.
    pub(crate) fn hub(&self) -> &PartyId {
        &self.hub
    }

    /// The plan it reads.
    pub(crate) fn plan(&self) -> &ParkPlan {
        &self.plan
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
            (Thing::Alarm, _) => NOT_YOURS,
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
                Whose::Park => "the park's",
                Whose::Other => "another enterprise's",
                Whose::Unknown => "nobody's",
            }
        );
        Err((code, field, detail))
    }
}
