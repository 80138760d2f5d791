//! Entries of a program that did not ask the table: judged as the door judges today, when they are
//! stepped again.
//!
//! Which they are stands in the journal: each start says whether its door asks. How a message stood that
//! was judged is stored with it and is not judged again, whatever the plan says by now.

use cordon_contract::{EntryKind, Fault, speaker_of};
use cordon_model::{DeviceId, Message, PartyId, Timestamp};

use super::order::Order;
use super::register::Register;
use super::speaker::Speaker;
use super::words::Voice;
use super::{Authority, Unlawful};
use crate::decide::draft::Draft;
use crate::fault::{ROLE_MAY_NOT, STRANGER, fault};
use crate::flags;

impl Authority {
    /// Judges an entry that nobody judged. Gives the flags it would have been journaled with, or why it
    /// would have been refused.
    pub(crate) fn judge_past(
        &self,
        draft: &Draft,
        time: Timestamp,
        register: &Register,
    ) -> Result<u16, Fault> {
        let outside = draft.kind == EntryKind::Message && draft.flags & flags::DECIDED == 0;
        let message = draft.message.as_deref().filter(|_| outside);
        let Some(message) = message else {
            return Ok(0);
        };
        // The hub's own words, and those of operators, who never spoke without being judged.
        let own = draft.sender == self.hub && message.header.attested_by.is_none();
        if own || draft.flags & flags::PARK != 0 {
            return Ok(0);
        }
        self.judge_words(message, time, register)
            .map_err(|(code, field, why)| fault(code).at(field).log(why))
    }

    fn judge_words(
        &self,
        message: &Message,
        now: Timestamp,
        register: &Register,
    ) -> Result<u16, Unlawful> {
        let body = &message.body;
        let Some(speaker) = self.speaker_then(message) else {
            let why = format!("{} is not in the plan", speaker_of(message));
            return Err((STRANGER, "SenderId", why));
        };
        if !self.may_say(&speaker, body.message_type()) {
            let why = format!("{} by {}", body.message_type(), speaker.id);
            return Err((ROLE_MAY_NOT, "MessageType", why));
        }
        self.judge_by_plan(&speaker, body)?;
        let order = Order {
            authority: self,
            register,
            speaker: &speaker,
            now,
        };
        order.judge(body)
    }

    /// Who spoke. The certificate is not asked: of those that are in no plan none had a right.
    fn speaker_then(&self, message: &Message) -> Option<Speaker> {
        let who = speaker_of(message);
        let attested = message.header.attested_by.is_some();
        let enterprise = PartyId::new(who).ok();
        let enterprise = enterprise.filter(|id| self.plan.enterprise(id).is_some());
        if attested {
            let device = DeviceId::new(who).ok()?;
            return Speaker::reading(&device, enterprise.as_ref(), &self.plan);
        }
        let device = DeviceId::new(who).ok();
        let voice = match enterprise {
            Some(_) => Voice::Enterprise,
            None if device.is_some_and(|id| self.plan.device(&id).is_some()) => Voice::Device,
            None => return None,
        };
        Some(Speaker {
            voice,
            id: who.to_owned(),
        })
    }
}
