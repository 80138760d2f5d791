//! Order of facts: of what one speaker says about one subject, by whatever door, the newest statement
//! holds. The park is one speaker, whoever of its people speaks. What it says of a grant stands until
//! the park says otherwise, whatever the enterprise says of it later.
//!
//! A pure fold over messages. What arrives late is journaled like everything else, marked as
//! overtaken, and shown to no plug-in that decides by it, so that a grant which was spooled, lost on
//! the way or sent twice never overrules its own withdrawal.

mod lean;
mod stamp;
mod stamps;
mod standing;
mod subjects;
mod words;

use cordon_contract::{
    CLOCK_SET, ClockSteps, EntryKind, NoRoom, Rows, Single, is_planned, speaker_of,
};
use cordon_model::{AccessGrant, Body, LifeState, Message, OperatingMode, Timestamp};

use self::lean::Lean;
pub(crate) use self::lean::raises;
use self::stamp::Stamp;
use self::stamps::Stamps;
use self::standing::Standing;
use self::subjects::{Key, key, of_grant, subjects};
use self::words::Words;
use crate::decide::draft::Draft;
use crate::decide::entry_time::{EntryTime, lead_told};
use crate::decide::settled::Times;
use crate::decide::time_scale::TimeScale;
use crate::flags;

/// Subjects remembered at once. Beyond it the sender with the most of them gives up the one whose newest
/// statement is oldest, so that nobody's many words make another's be forgotten: a late statement about
/// it would be taken as new. As many words of the park on grants are kept beside them; more are refused.
pub const SUBJECTS_MAX: usize = 100_000;

/// Under which name the park's words are kept, whoever of its people says them; no sender has it.
const PARK: &str = "";

/// An evacuation within this time is one already for whoever spoke before it.
const EVACUATION_SOON_MS: i64 = 60_000;

/// The newest statements about every subject, by sender.
#[derive(Debug)]
pub(crate) struct Precedence {
    words: Words,
    /// The park's word on grants, which nobody's many words make be forgotten.
    standing: Standing,
    /// How the journal's time stands to the hub's clock.
    scale: Single<TimeScale>,
    /// By how much entry time jumped, and when.
    steps: Single<ClockSteps>,
}

impl Default for Precedence {
    fn default() -> Self {
        Self::within(SUBJECTS_MAX)
    }
}

impl Precedence {
    /// Nothing said; at most so many subjects are remembered.
    fn within(most: usize) -> Self {
        Self {
            words: Words::within(most),
            standing: Standing::within(most),
            scale: Single::new("scale", 1),
            steps: Single::new("clock-steps", 1),
        }
    }

    /// All that is stored.
    pub(crate) fn tables(&mut self) -> Vec<&mut dyn Rows> {
        vec![
            self.words.table(),
            self.standing.table(),
            &mut self.scale,
            &mut self.steps,
        ]
    }

    /// Its tables were filled or emptied.
    pub(crate) fn restored(&mut self) {
        self.words.restored();
        self.standing.restored();
    }

    /// The flags of a statement that changes nothing: its speaker has said something newer about the same
    /// subject, or the park has spoken on it. 0 for one that holds, and for what acted before it could be
    /// written down: that is a fact.
    pub(crate) fn judge(&self, draft: &Draft, received: Timestamp) -> u16 {
        let Some(message) = ordered(draft).filter(|_| draft.flags & flags::LATE == 0) else {
            return 0;
        };
        if let Body::AccessGrant(grant) = &message.body
            && grant.state == LifeState::Active
            && !is_park(draft)
            && self.standing.said(&key(&of_grant(grant))).is_some()
        {
            return flags::OVERTAKEN | flags::PARK_STANDS;
        }
        match self.is_overtaken(draft, received) {
            true => flags::OVERTAKEN,
            false => 0,
        }
    }

    /// Whether something newer to the contrary is known, be the statement late or not.
    pub(crate) fn is_overtaken(&self, draft: &Draft, received: Timestamp) -> bool {
        let Some(message) = ordered(draft) else {
            return false;
        };
        let stamp = Stamp::of(&self.scale, draft, message, received);
        let lean = Lean::of(&message.body);
        let is_overruled = |place: &Vec<Vec<String>>| {
            place.iter().any(|subject| {
                let said = self.said(draft, message, &key(subject));
                said.is_some_and(|said| said.overrule(stamp, lean))
            })
        };
        let places = subjects(&message.body).compared;
        match lean {
            // It is the newest of a place, and cannot be carried out in part.
            Lean::Safe => !places.is_empty() && places.iter().all(is_overruled),
            Lean::Open => places.iter().any(is_overruled),
        }
    }

    /// Whether what is said would be remembered: the park's word on a grant is never forgotten while the
    /// grant lasts, so there must be room for it.
    pub(crate) fn has_room(&self, draft: &Draft, times: Times) -> Result<(), NoRoom> {
        let grant = ordered(draft).and_then(|message| parks_grant(draft, message));
        let has_room = |grant: &AccessGrant| {
            let takes_back = grant.state != LifeState::Active;
            let key = key(&of_grant(grant));
            self.standing.has_room(&key, takes_back, times.passed())
        };
        match grant.is_none_or(has_room) {
            true => Ok(()),
            false => Err(NoRoom {
                setting: "docs/reference/authority.md",
                part: self.standing.most(),
            }),
        }
    }

    /// What the same voice said of a subject.
    fn said(&self, draft: &Draft, message: &Message, key: &Key) -> Option<&Stamps> {
        match parks_grant(draft, message) {
            Some(_) => self.standing.said(key),
            None => self.words.said(voice(draft, message), key),
        }
    }

    /// Takes in a statement that holds.
    pub(crate) fn apply(&mut self, times: Times, draft: &Draft) {
        if let Some(lead) = lead_told(draft) {
            self.scale.note(lead);
            return;
        }
        if let Some(message) = draft.message.as_deref().filter(|_| is_step(draft)) {
            self.steps.take(message, times.entry);
            return;
        }
        let Some(message) = ordered(draft) else {
            return;
        };
        if is_for_later(message) {
            return;
        }
        let stamp = Stamp::of(&self.scale, draft, message, times.entry);
        for subject in subjects(&message.body).noted {
            let key = key(&subject);
            match parks_grant(draft, message) {
                Some(grant) => {
                    let until = grant.valid_to;
                    self.standing.note(key, stamp, until, times.passed());
                }
                None => self.words.note(voice(draft, message), key, stamp),
            }
        }
    }

    /// The steps of the hub's clock.
    pub(crate) fn clock_steps(&self) -> &ClockSteps {
        &self.steps
    }

    /// How far the journal is known to be ahead of the hub's clock.
    pub(crate) fn lead(&self) -> EntryTime {
        self.scale.newest()
    }
}

/// Whether the hub tells by it that its clock was set.
fn is_step(draft: &Draft) -> bool {
    let is_own = draft.flags & flags::DECIDED == 0;
    draft.kind == EntryKind::Audit && is_own && draft.label == CLOCK_SET
}

/// A mode for later says nothing of now, and so nothing against what is said of now.
fn is_for_later(message: &Message) -> bool {
    let Body::OperatingModeChange(change) = &message.body else {
        return false;
    };
    let said = message.header.occurred_at;
    match change.mode {
        OperatingMode::Evacuation => is_planned(change, said.plus_ms(EVACUATION_SOON_MS)),
        _ => is_planned(change, said),
    }
}

/// Whether the park itself says it.
fn is_park(draft: &Draft) -> bool {
    draft.flags & flags::PARK != 0
}

/// Whether it counts as said by the park: its people's word, and every act on gates, which nobody else may
/// order.
fn is_parks_voice(draft: &Draft, message: &Message) -> bool {
    let is_act = matches!(
        message.body,
        Body::EmergencyGateOpen(_) | Body::GateCommand(_) | Body::OperatingModeChange(_)
    );
    is_act || is_park(draft)
}

/// The grant that the park speaks of.
fn parks_grant<'a>(draft: &Draft, message: &'a Message) -> Option<&'a AccessGrant> {
    match &message.body {
        Body::AccessGrant(grant) if is_park(draft) => Some(grant),
        _ => None,
    }
}

/// Who speaks: whoever says it for himself, or the park.
fn voice<'a>(draft: &Draft, message: &'a Message) -> &'a str {
    match is_parks_voice(draft, message) {
        true => PARK,
        false => speaker_of(message),
    }
}

/// The message of a draft, when it is a statement that order matters for. Conformance traffic
/// changes nothing, so it overrules nothing either.
fn ordered(draft: &Draft) -> Option<&Message> {
    let message = draft.message.as_deref()?;
    let counts = draft.kind == EntryKind::Message && !message.header.test;
    counts.then_some(message)
}

#[cfg(test)]
mod tests;
