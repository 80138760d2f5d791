//! When a statement was true, and which of two is the older.

use cordon_contract::speaker_of;
use cordon_model::{Body, Message, Timestamp};
use serde::{Deserialize, Serialize};

use super::is_parks_voice;
use super::lean::Lean;
use crate::decide::draft::Draft;
use crate::decide::sealer::digest_of_parts;
use crate::decide::time_scale::TimeScale;

/// How far words of two authors have to lie apart to say anything of their order: many clocks show whole
/// seconds, and a second takes 0.9 s in the time of a journal that is ahead of the clock.
const APART_MICROS: i64 = 800_000;
/// The same of what is on the safe side: where the order is in doubt it holds.
const SAFE_APART_MICROS: i64 = 2_000_000;
/// How far a clock may be ahead at the door.
const CLOCK_OFF_MICROS: i64 = 300_000_000;
/// Numbers of one author that lie farther apart than this come of two counts: a person has two devices, a
/// plant two gateways, a system was set up anew.
const ONE_COUNT: u64 = 100;

/// Stands for a partner, who is one author whoever speaks for it.
const PARTNER: u32 = 0;

/// When a statement was true, and its place in its author's own count. What the park says is timed by
/// the journal, what a partner says by his own clock.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Stamp {
    /// When its author says that it was.
    pub said_micros: i64,
    /// When it came, which is no earlier than it was truly said.
    pub came_micros: i64,
    /// Whose count it is, where several people are one speaker.
    pub author: u32,
    pub sequence: u64,
    /// It is an entry of a list, on the safe side. Of two such neither is safer than the other: one may bar another
    /// plate, or for a shorter time.
    pub bars: bool,
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
        let (said_micros, came_micros, author) = match is_parks_voice(draft, message) {
            false => {
                let came = scale.newest().clock_at(received);
                (occurred.micros(), came.micros(), PARTNER)
            }
            true => {
                let digest = digest_of_parts(&[speaker_of(message).as_bytes()]);
                let [a, b, c, d, ..] = digest.0;
                let author = u32::from_be_bytes([a, b, c, d]).max(PARTNER + 1);
                (scale.entry_time_of(occurred), received.micros(), author)
            }
        };
        Self {
            said_micros,
            came_micros,
            author,
            sequence: message.header.sequence,
            bars: matches!(message.body, Body::ListEntry(_))
                && Lean::of(&message.body) == Lean::Safe,
        }
    }

    /// A partner's time as far as any door takes it: a journal may hold one of next year, which was taken when
    /// not every door judged times, and it must not hold against all that is said until then.
    fn at_the_door(self) -> Self {
        let latest = self.came_micros.saturating_add(CLOCK_OFF_MICROS);
        match self.author {
            PARTNER => Self {
                said_micros: self.said_micros.min(latest),
                ..self
            },
            _ => self,
        }
    }

    /// True when `self`, which leans to a side, was true before `other`.
    pub(super) fn is_before(self, other: Self, lean: Lean) -> bool {
        let (own, other) = (self.at_the_door(), other.at_the_door());
        own.lies_before_by(other, lean)
    }

    fn lies_before_by(self, other: Self, lean: Lean) -> bool {
        // No count tells what a clock cannot be wrong about.
        let is_long_before = self.said_micros.saturating_add(CLOCK_OFF_MICROS) < other.said_micros;
        if self.bars && other.bars && is_long_before {
            return true;
        }
        match (self.author == other.author, lean) {
            (true, Lean::Safe) => self.is_surely_before_own(other),
            (true, Lean::Open) => self.is_before_own(other),
            // Two authors close together say nothing of each other's order: the one that comes last holds.
            (false, Lean::Safe) => self.lies_before(other, SAFE_APART_MICROS),
            (false, Lean::Open) => self.lies_before(other, APART_MICROS),
        }
    }

    /// Whether it is the one to be kept of the two, which are of one author.
    pub(super) fn is_newer_own(self, other: Self) -> bool {
        let said = |stamp: Self| (stamp.at_the_door().said_micros, stamp.sequence);
        said(self) >= said(other)
    }

    /// Of one author: by his time, and by his count at one time. The count of another time says nothing: it
    /// begins anew when a system does. Where the clock was put right between the two, a time that was ahead says
    /// nothing: a lower number is older then, and of a number that went on the time of arrival tells.
    fn is_before_own(self, other: Self) -> bool {
        if self.is_newer_own(other) {
            let behind = other.sequence.saturating_sub(self.sequence);
            let at_latest = other.bounded_micros().saturating_add(CLOCK_OFF_MICROS);
            return (1..=ONE_COUNT).contains(&behind)
                && self.sequence > 0
                && self.ahead_micros() > SAFE_APART_MICROS
                && self.said_micros <= at_latest
                && !other.is_of_one_clock(self);
        }
        let was_put_right =
            self.sequence > other.sequence && other.is_ahead() && !self.is_of_one_clock(other);
        !was_put_right || self.lies_before(other, 1)
    }

    /// The same of what is on the safe side: it is older only where clock and count leave no doubt. They do
    /// when the count is another or none, and when the clock of the other statement was ahead and that of
    /// this one is not: then the other is no later than it came.
    fn is_surely_before_own(self, other: Self) -> bool {
        if self.is_newer_own(other) {
            return false;
        }
        let is_of_one_clock = self.is_of_one_clock(other);
        let others = match is_of_one_clock {
            true => other.said_micros,
            false => other.bounded_micros(),
        };
        match other.sequence.checked_sub(self.sequence) {
            Some(0) => self.said_micros.saturating_add(APART_MICROS) <= others,
            Some(1..=ONE_COUNT) if self.sequence > 1 => {
                is_of_one_clock || self.said_micros < others
            }
            // The count went on, and the clock was put back.
            None if self.sequence - other.sequence <= ONE_COUNT => false,
            _ => {
                let at_latest = self.bounded_micros().saturating_add(SAFE_APART_MICROS);
                at_latest <= other.bounded_micros()
            }
        }
    }

    /// How far its clock is ahead at least; below 0 by what it was late.
    fn ahead_micros(self) -> i64 {
        self.said_micros.saturating_sub(self.came_micros)
    }

    /// Whether the park knows that its clock was ahead. A partner's is not judged by the hub's.
    fn is_ahead(self) -> bool {
        self.author != PARTNER && self.ahead_micros() > 0
    }

    /// Whether the clocks of two statements can be one: neither is ahead, or both by about as much.
    fn is_of_one_clock(self, other: Self) -> bool {
        let (mine, others) = (self.ahead_micros(), other.ahead_micros());
        if others <= 0 {
            return true;
        }
        let differ = others.saturating_sub(mine);
        mine > 0 && (differ <= SAFE_APART_MICROS || differ < mine)
    }

    /// When it was true at the latest. Of the park's people none speaks of the future to the others: they are
    /// several, each with a clock, and one whose clock is ahead must not silence an evacuation.
    pub(super) fn bounded_micros(self) -> i64 {
        self.said_micros.min(self.came_micros)
    }

    fn lies_before(self, other: Self, apart_micros: i64) -> bool {
        let (mine, others) = match self.author == PARTNER {
            true => (self.said_micros, other.said_micros),
            false => (self.bounded_micros(), other.bounded_micros()),
        };
        mine.saturating_add(apart_micros) <= others
    }
}
