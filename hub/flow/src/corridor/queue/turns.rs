//! What waits in one lane, by where it came from: whoever took the least of the sequencer's time has the next turn.
//!
//! Start-time fair queueing: the time that the work of an origin takes is charged to it, and an origin that had
//! nothing waiting begins where the others are, so that nobody saves turns up and nobody pays for a time when he
//! was alone. What one origin sends keeps its order.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use cordon_model::PartyId;

/// Origins remembered before those are forgotten that owe nothing.
const REMEMBERED_MIN: usize = 64;

/// Where a piece of work came from.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Origin {
    /// The hub itself, and the people at its console.
    Hub,
    /// What came of orders.
    Outcome,
    /// Whoever signed it.
    Signer(PartyId),
    /// An instance of an adapter.
    Source(Arc<str>),
}

/// The time charged so far, nanoseconds, then the order in which turns were given.
type Turn = (u64, u64);

/// What one origin has waiting.
struct Queued<T> {
    charged: u64,
    /// Its place among the turns; `None` while nothing waits.
    turn: Option<Turn>,
    waiting: VecDeque<T>,
}

/// One lane.
pub(crate) struct Turns<T> {
    origins: HashMap<Origin, Queued<T>>,
    turns: BTreeMap<Turn, Origin>,
    /// Turns given so far.
    given: u64,
    /// Time charged to whoever had the last turn, before it: where an origin begins that had nothing waiting.
    floor: u64,
    len: usize,
    /// Origins at which those are forgotten that owe nothing.
    remembered_max: usize,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self {
            origins: HashMap::new(),
            turns: BTreeMap::new(),
            given: 0,
            floor: 0,
            len: 0,
            remembered_max: REMEMBERED_MIN,
        }
    }
}

impl<T> Turns<T> {
    /// How many pieces wait.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// What waits, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.origins.values().flat_map(|queued| &queued.waiting)
    }

    /// Puts a piece behind what its origin has waiting.
    pub(crate) fn push(&mut self, origin: Origin, piece: T) {
        self.forget_idle();
        let floor = self.floor;
        let queued = self
            .origins
            .entry(origin.clone())
            .or_insert_with(|| Queued::new(floor));
        queued.waiting.push_back(piece);
        self.len += 1;
        if queued.turn.is_none() {
            queued.charged = queued.charged.max(floor);
            self.give_turn(origin);
        }
    }

    /// The next piece: the oldest of the origin that took the least time.
    pub(crate) fn pop(&mut self) -> Option<(Origin, T)> {
        let ((charged, _), origin) = self.turns.pop_first()?;
        let queued = self.origins.get_mut(&origin)?;
        let piece = queued.waiting.pop_front()?;
        queued.turn = None;
        self.floor = self.floor.max(charged);
        self.len = self.len.saturating_sub(1);
        self.give_turn(origin.clone());
        Some((origin, piece))
    }

    /// Charges an origin with the time that its work took.
    pub(crate) fn charge(&mut self, origin: &Origin, took: Duration) {
        // It may have been forgotten meanwhile.
        let floor = self.floor;
        let queued = self
            .origins
            .entry(origin.clone())
            .or_insert_with(|| Queued::new(floor));
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        queued.charged = queued.charged.saturating_add(nanos);
        if self.len == 0 {
            // Nobody waited for it.
            self.floor = self.floor.max(queued.charged);
        }
        if let Some(turn) = queued.turn.take() {
            self.turns.remove(&turn);
            self.give_turn(origin.clone());
        }
    }

    /// Drops what waits.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Gives an origin its place among the turns, if something of it waits.
    fn give_turn(&mut self, origin: Origin) {
        let Some(queued) = self.origins.get_mut(&origin) else {
            return;
        };
        if queued.waiting.is_empty() {
            return;
        }
        self.given += 1;
        let turn = (queued.charged, self.given);
        queued.turn = Some(turn);
        self.turns.insert(turn, origin);
    }

    /// Forgets origins that have nothing waiting and owe nothing. Each look at all of them is paid for by as many
    /// new ones.
    fn forget_idle(&mut self) {
        if self.origins.len() < self.remembered_max {
            return;
        }
        let floor = self.floor;
        self.origins
            .retain(|_, queued| queued.turn.is_some() || queued.charged > floor);
        self.remembered_max = (self.origins.len() * 2).max(REMEMBERED_MIN);
    }
}

impl<T> Queued<T> {
    fn new(charged: u64) -> Self {
        Self {
            charged,
            turn: None,
            waiting: VecDeque::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(name: &str) -> Origin {
        Origin::Signer(PartyId::new(name).unwrap())
    }

    /// Takes all there is, each piece taking so many microseconds of its own.
    fn taken(turns: &mut Turns<(char, u64)>) -> String {
        let mut order = String::new();
        while let Some((origin, (name, micros))) = turns.pop() {
            turns.charge(&origin, Duration::from_micros(micros));
            order.push(name);
        }
        order
    }

    #[test]
    fn whose_work_takes_long_waits_for_those_whose_work_does_not() {
        let mut turns = Turns::default();
        for _ in 0..4 {
            turns.push(party("ENT-1"), ('a', 1_000));
        }
        for _ in 0..6 {
            turns.push(party("ENT-2"), ('b', 100));
        }
        assert_eq!(taken(&mut turns), "abbbbbbaaa");
        assert_eq!(turns.len(), 0);
    }

    #[test]
    fn equal_work_takes_turns_and_each_keeps_its_order() {
        let mut turns = Turns::default();
        for (origin, names) in [("ENT-1", "abc"), ("ENT-2", "xyz")] {
            for name in names.chars() {
                turns.push(party(origin), (name, 10));
            }
        }
        assert_eq!(taken(&mut turns), "axbycz");
    }

    #[test]
    fn whoever_was_away_saved_no_turns_and_whoever_was_alone_owes_none() {
        let mut turns = Turns::default();
        for _ in 0..1_000 {
            turns.push(party("ENT-1"), ('a', 1_000));
            assert_eq!(taken(&mut turns), "a");
        }
        for _ in 0..3 {
            turns.push(party("ENT-2"), ('b', 1_000));
        }
        for _ in 0..3 {
            turns.push(party("ENT-1"), ('a', 1_000));
        }
        assert_eq!(taken(&mut turns), "bababa");
    }

    #[test]
    fn what_is_charged_later_moves_the_turn_that_is_given() {
        let mut turns = Turns::default();
        turns.push(party("ENT-1"), ('a', 0));
        turns.push(party("ENT-1"), ('a', 0));
        turns.push(party("ENT-2"), ('b', 0));
        let (first, _) = turns.pop().unwrap();
        turns.charge(&first, Duration::from_secs(1));
        assert_eq!(taken(&mut turns), "ba");
        // One that is not remembered, while somebody waits.
        turns.push(party("ENT-3"), ('c', 0));
        turns.push(party("ENT-3"), ('c', 0));
        turns.charge(&party("ENT-9"), Duration::from_secs(1));
        turns.push(party("ENT-9"), ('z', 0));
        assert_eq!(taken(&mut turns), "ccz");
    }

    #[test]
    fn a_hundred_thousand_origins_are_not_remembered() {
        let mut turns = Turns::default();
        for number in 0..100_000 {
            turns.push(party(&format!("ENT-{number}")), ('a', 1));
            assert_eq!(taken(&mut turns), "a");
            assert!(turns.origins.len() <= 2 * REMEMBERED_MIN);
        }
    }
}
