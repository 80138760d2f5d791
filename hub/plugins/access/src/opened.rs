//! What is known of a lane that is held open, and of its release.

use cordon_model::{CommandOutcome, GateId, MessageId, PartyId, Timestamp};
use serde::{Deserialize, Serialize};

/// A lane that is held open.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Held {
    /// The emergency order or change of mode.
    pub order: String,
    pub by: PartyId,
    pub gate: GateId,
    pub command: MessageId,
    /// When it is released by itself.
    pub until: Option<Until>,
    /// True when a mode holds it and the end of the mode gives it back.
    pub by_mode: bool,
    pub opened: Opened,
    /// When it was ordered, or seen.
    pub at: Timestamp,
    /// It was found open, and nobody here has ordered it.
    pub found: bool,
    /// It was opened before the program started: who serves the lane knows nothing of it.
    pub before_start: bool,
    /// Its release was ordered last, and came to nothing.
    pub unwanted: bool,
}

impl Held {
    /// Whether its time is over, by the journal's time and the clock.
    pub(crate) fn is_over(&self, time: Timestamp, clock: Timestamp) -> bool {
        self.until.is_some_and(|until| until.is_over(time, clock))
    }
}

/// An end, by both times. A clock that was put back to before it was set says nothing of it, and a journal that went
/// ahead with a clock that was wrong does not end it early.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Until {
    /// By the journal's time.
    pub time: Timestamp,
    pub clock: Timestamp,
    /// What the clock showed when it was set.
    pub since: Timestamp,
}

impl Until {
    fn is_over(self, time: Timestamp, clock: Timestamp) -> bool {
        self.time <= time && (self.clock <= clock || clock < self.since)
    }
}

/// The release of a lane.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Release {
    pub command: MessageId,
    /// When it was ordered; when it was done, once that is known.
    pub at: Timestamp,
}

/// Openings of one lane whose outcome is waited for at once; one more counts as carried out. As many that have ended
/// are remembered.
const OPENINGS_MAX: usize = 16;

/// What is known of all the openings of a lane since its last release: the newest may come to nothing
/// while an earlier one has locked the boom open, and each may be confirmed late.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Opened {
    /// One was carried out, or nobody can say that it was not.
    locked: bool,
    /// The lane said so.
    confirmed: bool,
    /// Those whose outcome is not known yet, oldest first.
    awaited: Vec<MessageId>,
    /// Those that ended unconfirmed, oldest first: the lane may say otherwise later.
    ended: Vec<MessageId>,
}

impl Opened {
    pub fn ordered(command: MessageId) -> Self {
        Self {
            awaited: vec![command],
            ..Self::default()
        }
    }

    /// An opening that the lane confirmed.
    pub fn confirmed() -> Self {
        Self {
            locked: true,
            confirmed: true,
            ..Self::default()
        }
    }

    /// Takes in the openings of `other`.
    pub fn and(&mut self, other: &Self) {
        self.locked |= other.locked;
        self.confirmed |= other.confirmed;
        self.awaited.extend(&other.awaited);
        self.ended.extend(&other.ended);
        if self.awaited.len() > OPENINGS_MAX {
            self.locked = true;
            let over = self.awaited.len() - OPENINGS_MAX;
            self.ended.extend(self.awaited.drain(..over));
        }
        self.shorten();
    }

    /// Forgets what tells nothing more, and the oldest of too many.
    fn shorten(&mut self) {
        if self.confirmed {
            self.awaited.clear();
            self.ended.clear();
        }
        let over = self.ended.len().saturating_sub(OPENINGS_MAX);
        self.ended.drain(..over);
    }

    /// Whether the lane confirmed an opening.
    pub fn is_confirmed(&self) -> bool {
        self.confirmed
    }

    /// Whether it is known of all what came of them.
    pub fn is_settled(&self) -> bool {
        self.awaited.is_empty()
    }

    /// Whether it is not known yet what came of an order.
    pub fn awaits(&self, command: MessageId) -> bool {
        self.awaited.contains(&command)
    }

    /// Whether an order is one of those that ended unconfirmed.
    pub fn has_ended(&self, command: MessageId) -> bool {
        self.ended.contains(&command)
    }

    /// Takes in what came of an order; true when it was the last opening that could hold the lane, and
    /// came to nothing as well.
    pub fn ends_with(&mut self, command: MessageId, outcome: CommandOutcome) -> bool {
        let at = self.awaited.iter().position(|id| *id == command);
        if outcome == CommandOutcome::Accepted || at.is_none() && !self.has_ended(command) {
            return false;
        }
        if outcome == CommandOutcome::Confirmed {
            self.locked = true;
            self.confirmed = true;
        } else if let Some(at) = at {
            self.locked |= outcome != CommandOutcome::Failed;
            self.ended.push(self.awaited.remove(at));
        }
        self.shorten();
        at.is_some() && !self.locked && self.awaited.is_empty()
    }
}
