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
    pub occurred_micros: i64,
    /// Whose count it is, where several people are one speaker.
    pub author: u32,
    pub sequence: u64,
}

impl Stamp {
    /// Of the park's people none speaks of the future: they are several, each with a clock, and one
    /// whose clock is ahead must not silence the others. What comes from the future counts as said when it
    /// came, no earlier: it is newer than all that came before it. A partner's clock is its own.
    pub(super) fn of(
        scale: &TimeScale,
        draft: &Draft,
        message: &Message,
        received: Timestamp,
    ) -> Self {
        let occurred = message.header.occurred_at;
        if !is_parks_voice(draft, message) {
            return Self {
                occurred_micros: occurred.micros(),
                author: 0,
                sequence: message.header.sequence,
            };
        }
        let occurred_micros = scale.entry_time_of(occurred);
        let digest = digest_of_parts(&[speaker_of(message).as_bytes()]);
        let [a, b, c, d, ..] = digest.0;
        Self {
            occurred_micros: occurred_micros.min(received.micros()),
            author: u32::from_be_bytes([a, b, c, d]),
            sequence: message.header.sequence,
        }
    }

    /// True when `self`, which may be one to raise barriers, was true before `newest`: by time, and by its
    /// author's count at one time. The count of another time says nothing: it begins anew when a system does.
    /// Two authors close together say nothing of each other's order, and where somebody's clock and count
    /// contradict each other within as little, what raises is not older.
    pub(super) fn is_before(self, newest: Self, raises: bool) -> bool {
        let (this, that) = (self.occurred_micros, newest.occurred_micros);
        let apart = |micros: i64| this.saturating_add(micros) <= that;
        match self.author == newest.author {
            true if raises && self.sequence > newest.sequence => apart(RAISE_APART_MICROS),
            true => (this, self.sequence) < (that, newest.sequence),
            false if raises => apart(RAISE_APART_MICROS),
            false => apart(APART_MICROS),
        }
    }
}
