//! When a statement was true, and which of two is the older.

use cordon_contract::speaker_of;
use cordon_model::{Message, Timestamp};
use serde::{Deserialize, Serialize};

use super::is_parks_voice;
use crate::draft::Draft;
use crate::sealer::digest_of_parts;
use crate::time_scale::TimeScale;

/// How far words of two authors have to lie apart to say anything of their order: many clocks show whole
/// seconds, and a second takes 0.9 s in the time of a journal that is ahead of the clock.
const APART_MICROS: i64 = 800_000;
/// The same of what raises barriers: where the order is in doubt they rise.
const RAISE_APART_MICROS: i64 = 2_000_000;

/// When a statement was true, and its place in its author's own count. What the park says is timed by
/// the journal, what a partner says by his own clock.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Stamp {
    /// When its author says that it was.
    pub occurred_micros: i64,
    /// The same, no later than it came: of the park's people none speaks of the future to the others. They
    /// are several, each with a clock, and one whose clock is ahead must not silence an evacuation.
    pub at_latest_micros: i64,
    /// Whose count it is, where several people are one speaker.
    pub author: u32,
    pub sequence: u64,
}

impl Stamp {
    /// A partner's clock is its own: it contradicts nobody but itself.
    pub(super) fn of(
        scale: &TimeScale,
        draft: &Draft,
        message: &Message,
        received: Timestamp,
    ) -> Self {
        let occurred = message.header.occurred_at;
        let sequence = message.header.sequence;
        if !is_parks_voice(draft, message) {
            return Self {
                occurred_micros: occurred.micros(),
                at_latest_micros: occurred.micros(),
                author: 0,
                sequence,
            };
        }
        let occurred_micros = scale.entry_time_of(occurred);
        let digest = digest_of_parts(&[speaker_of(message).as_bytes()]);
        let [a, b, c, d, ..] = digest.0;
        Self {
            occurred_micros,
            at_latest_micros: occurred_micros.min(received.micros()),
            author: u32::from_be_bytes([a, b, c, d]),
            sequence,
        }
    }

    /// True when `self`, which may be one to raise barriers, was true before `newest`.
    pub(super) fn is_before(self, newest: Self, raises: bool) -> bool {
        match self.author == newest.author {
            true => self.is_before_own(newest, raises),
            false => self.is_before_anothers(newest, raises),
        }
    }

    /// Of one author: by his time, and by his count at one time. The count of another time says nothing: it
    /// begins anew when a system does. Where clock and count contradict each other, the time is that of the
    /// arrival if the clock had been ahead, and what raises has the benefit of the doubt.
    fn is_before_own(self, newest: Self, raises: bool) -> bool {
        let this = (self.occurred_micros, self.sequence);
        if this >= (newest.occurred_micros, newest.sequence) {
            return false;
        }
        let counts_on = self.sequence > newest.sequence;
        let begins_anew = self.sequence <= 1 && self.sequence < newest.sequence;
        let is_uncounted = self.sequence == newest.sequence;
        let was_ahead = newest.at_latest_micros < newest.occurred_micros;
        let is_in_doubt = counts_on || begins_anew || is_uncounted && was_ahead;
        if raises && is_in_doubt {
            return self.lies_before(newest, RAISE_APART_MICROS);
        }
        !(counts_on && was_ahead) || self.lies_before(newest, 1)
    }

    /// Two authors close together say nothing of each other's order: the one that comes last holds.
    fn is_before_anothers(self, newest: Self, raises: bool) -> bool {
        let apart_micros = match raises {
            true => RAISE_APART_MICROS,
            false => APART_MICROS,
        };
        self.lies_before(newest, apart_micros)
    }

    fn lies_before(self, newest: Self, apart_micros: i64) -> bool {
        self.at_latest_micros.saturating_add(apart_micros) <= newest.at_latest_micros
    }
}
