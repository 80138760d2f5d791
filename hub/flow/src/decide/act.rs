//! What a person orders of gates is for now: an order that comes late, or after a newer one to the
//! contrary, is refused instead of recorded as carried out.

use cordon_contract::Fault;
use cordon_model::Timestamp;

use crate::decide::authority::AuthoritySettings;
use crate::decide::draft::Draft;
use crate::decide::precedence::{Precedence, raises};
use crate::fault::{ACT_LATE, fault};
use crate::flags;

/// What an act is judged by.
pub(crate) struct Today<'a> {
    pub settings: &'a AuthoritySettings,
    pub precedence: &'a Precedence,
    /// The hub's clock.
    pub now: Timestamp,
    /// The time of the entry it would become.
    pub entry: Timestamp,
    /// What was ordered before this time is not known.
    pub blind_since: Option<Timestamp>,
}

impl Today<'_> {
    /// Why an act is not carried out. What is no act, or acted already, passes.
    pub(crate) fn allows(&self, draft: &Draft) -> Result<(), Fault> {
        let Some(message) = draft.message.as_deref().filter(|_| draft.is_act()) else {
            return Ok(());
        };
        if message.header.test || draft.flags & flags::LATE != 0 {
            return Ok(());
        }
        let refused = |why: String| {
            Err(fault(ACT_LATE)
                .at("/c:Message/c:Header/c:OccurredAt")
                .log(why))
        };
        let occurred = message.header.occurred_at;
        let most_s = match raises(&message.body) {
            true => self.settings.late_opening_s,
            false => self.settings.late_lowering_s,
        };
        if occurred.plus_seconds(i64::from(most_s)) < self.now {
            return refused(format!(
                "ordered at {occurred}, longer ago than {most_s} s; it is {} now",
                self.now
            ));
        }
        if !raises(&message.body)
            && let Some(since) = self.blind_since.filter(|since| occurred < *since)
        {
            return refused(format!(
                "ordered at {occurred}; what was opened before {since} cannot be read, so it may be older"
            ));
        }
        // By the very judgement that marks entries: what passes here is carried out.
        match self.precedence.judge(draft, self.entry) & flags::OVERTAKEN != 0 {
            true => refused(format!(
                "ordered at {occurred}, and the park has ordered otherwise since"
            )),
            false => Ok(()),
        }
    }
}
