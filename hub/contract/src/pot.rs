//! A bounded store that several speakers fill: nobody's many words take another's room.

use std::collections::BTreeMap;

use cordon_model::{PartyId, Timestamp};

use crate::share::Share;

/// Until when something kept matters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Term {
    /// False for what was taken back: it is over, whenever it was to end.
    pub stands: bool,
    /// Its end, microseconds since the epoch; `i64::MAX` when it has none.
    pub until_micros: i64,
}

impl Term {
    /// Of what ends at a time, or not at all.
    pub fn new(stands: bool, until: Option<Timestamp>) -> Self {
        Self {
            stands,
            until_micros: until.map_or(i64::MAX, |until| until.micros()),
        }
    }

    /// It can be forgotten before anything that matters.
    pub fn is_over(self, now: Timestamp) -> bool {
        !self.stands || self.until_micros < now.micros()
    }
}

/// What has passed by the clock, and surely ([`crate::Entry::settled`]).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Passed {
    /// What the hub's clock shows.
    pub clock: Timestamp,
    /// What it has surely shown.
    pub settled: Timestamp,
}

/// Who keeps how much of a bounded store, and what of it can be spared.
///
/// The park keeps at most `most`, and all its enterprises together as many, each at most an even part of
/// them. The door alone refuses by this ([`Pot::has_room`]), before anything is journaled. What it took in is
/// kept ([`Pot::taken`]), also by a fold under a smaller part: `most` or the number of enterprises may have
/// changed since. So what stands is bounded by the largest part that was ever in force while it was taken.
/// What is surely over gives way to what comes, the owner's own alone; what stands never does. What is over by the
/// clock alone takes nobody's room either, but stays: as much of it as may stand is kept beside what stands. Found again
/// from what is kept, never saved. What a question and a change cost, [`Share`] says.
#[derive(Clone, Debug)]
pub struct Pot<K> {
    most: usize,
    part: usize,
    kept: BTreeMap<Option<PartyId>, Share<K>>,
}

impl<K> Default for Pot<K> {
    fn default() -> Self {
        Self::shared(0, 0)
    }
}

impl<K> Pot<K> {
    /// An empty one: `most` for the park, and as many for so many enterprises.
    pub fn shared(most: usize, enterprises: usize) -> Self {
        Self {
            most,
            part: even_part(most, enterprises),
            kept: BTreeMap::new(),
        }
    }

    /// How much an owner may keep, `None` being the park.
    pub fn part(&self, owner: Option<&PartyId>) -> usize {
        owner.map_or(self.most, |_| self.part)
    }
}

impl<K: Clone + Ord> Pot<K> {
    /// How much an owner keeps.
    pub fn of(&self, owner: Option<&PartyId>) -> usize {
        self.kept.get(&owner.cloned()).map_or(0, Share::len)
    }

    /// Whether one more of this owner can be kept, by letting go of what is over if need be: less stands of
    /// it than its part. What is over makes no room where more stands than a part that became smaller.
    pub fn has_room(&self, owner: Option<&PartyId>, now: Passed) -> bool {
        let kept = self.kept.get(&owner.cloned());
        let part = self.part(owner);
        kept.map_or(part > 0, |kept| {
            kept.has_room(part, now.clock) && kept.has_room(part.saturating_mul(2), now.settled)
        })
    }

    /// What the owner keeps that can be spared at `now`: what was taken back, else what ended first.
    pub fn over(&self, owner: Option<&PartyId>, now: Timestamp) -> Option<K> {
        self.kept.get(&owner.cloned())?.over(now)
    }

    /// How a fold takes in one more of this owner's.
    pub fn taken(&self, owner: Option<&PartyId>, term: Term, now: Passed) -> Taken<K> {
        let part = self.part(owner);
        match self.kept.get(&owner.cloned()) {
            Some(kept) => kept.taken(part, term, now),
            None => Share::default().taken(part, term, now),
        }
    }

    /// What of the owner's ends first, be it over or not.
    pub fn first(&self, owner: Option<&PartyId>) -> Option<K> {
        self.kept.get(&owner.cloned())?.first()
    }

    /// Anything of anybody's that ended before a time.
    pub fn ended_before(&self, micros: i64) -> Option<K> {
        let mut kept = self.kept.values();
        kept.find_map(|kept| kept.ended_before(micros)).cloned()
    }

    /// Notes what is kept now.
    pub fn put(&mut self, owner: Option<&PartyId>, term: Term, key: K) {
        self.kept.entry(owner.cloned()).or_default().put(term, key);
    }

    /// Notes that it is kept no more.
    pub fn remove(&mut self, owner: Option<&PartyId>, term: Term, key: K) {
        let owner = owner.cloned();
        let Some(kept) = self.kept.get_mut(&owner) else {
            return;
        };
        kept.remove(term, key);
        if kept.is_empty() {
            self.kept.remove(&owner);
        }
    }
}

/// An even part of `most` for each of so many; at least one.
pub fn even_part(most: usize, owners: usize) -> usize {
    (most / owners.max(1)).max(1)
}

/// How something that the door let in is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Taken<K> {
    /// With all that is kept already.
    Beside,
    /// This one, which is over, is let go for it.
    InsteadOf(K),
    /// It is over itself, and nothing is let go for it.
    Not,
}

/// Why nothing more of a kind is kept for somebody.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NoRoom {
    /// The setting that limits it, as in `access.grants_max`.
    pub setting: &'static str,
    /// How many he keeps and may keep.
    pub part: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(id: &str) -> Option<PartyId> {
        Some(PartyId::new(id).unwrap())
    }

    fn until(seconds: i64) -> Term {
        Term::new(true, Some(at(seconds)))
    }

    fn by(seconds: i64) -> Passed {
        Passed {
            clock: at(seconds),
            settled: at(seconds),
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    /// One that filled the pot left no room for anybody, the park included.
    #[test]
    fn who_fills_his_part_leaves_the_others_and_the_park_theirs() {
        let mut pot = Pot::shared(10, 3);
        let (loud, quiet) = (party("E-1"), party("E-2"));
        for number in 0..3 {
            assert!(pot.has_room(loud.as_ref(), by(0)), "{number}");
            pot.put(loud.as_ref(), until(100), number);
        }
        assert!(!pot.has_room(loud.as_ref(), by(0)), "an even part");
        assert!(pot.has_room(quiet.as_ref(), by(0)));
        for number in 10..20 {
            assert!(pot.has_room(None, by(0)), "{number}");
            pot.put(None, until(100), number);
        }
        assert!(!pot.has_room(None, by(0)));
        assert_eq!((pot.of(loud.as_ref()), pot.of(None)), (3, 10));
    }

    /// A part became smaller between what was taken and the fold that reads it again.
    #[test]
    fn what_stands_is_taken_beyond_a_part_and_what_is_over_is_not() {
        let mut pot = Pot::shared(2, 2);
        let own = party("E-1");
        for number in 0..5 {
            assert_eq!(pot.taken(own.as_ref(), until(50), by(0)), Taken::Beside);
            pot.put(own.as_ref(), until(50), number);
        }
        assert!(!pot.has_room(own.as_ref(), by(0)), "the door refuses");
        assert_eq!(pot.taken(own.as_ref(), until(5), by(9)), Taken::Not);
        let (kept, next) = (own.as_ref(), until(99));
        assert_eq!(pot.taken(kept, next, by(60)), Taken::InsteadOf(0));
    }

    /// One that was over made room for one more, so that an owner stayed above a smaller part for ever.
    #[test]
    fn beyond_a_smaller_part_there_is_room_once_less_stands_than_it() {
        let mut pot = Pot::shared(2, 1);
        let own = party("E-1");
        for number in 0..5 {
            pot.put(own.as_ref(), until(10 * i64::from(number)), number);
        }
        let room = |pot: &Pot<i32>| -> Vec<bool> {
            let times = [5, 15, 25, 35];
            times.map(|now| pot.has_room(own.as_ref(), by(now))).into()
        };
        assert_eq!(
            room(&pot),
            [false, false, false, true],
            "of 5 one, two, three, four are over"
        );
        pot.remove(own.as_ref(), until(40), 4);
        let back = Term {
            stands: false,
            ..until(40)
        };
        pot.put(own.as_ref(), back, 4);
        assert_eq!(
            room(&pot),
            [false, false, true, true],
            "one of them taken back"
        );
    }

    #[test]
    fn what_was_taken_back_gives_way_first_then_what_ended_and_nothing_that_stands() {
        let mut pot = Pot::shared(3, 1);
        let own = party("E-1");
        pot.put(own.as_ref(), until(5), 'a');
        pot.put(own.as_ref(), until(9), 'b');
        let back = Term {
            stands: false,
            ..until(50)
        };
        pot.put(own.as_ref(), back, 'c');
        for (now, spared) in [(20, 'c'), (20, 'a'), (20, 'b')] {
            assert!(pot.has_room(own.as_ref(), by(now)));
            assert_eq!(pot.over(own.as_ref(), at(now)), Some(spared));
            let term = match spared {
                'c' => back,
                'a' => until(5),
                _ => until(9),
            };
            pot.remove(own.as_ref(), term, spared);
        }
        pot.put(own.as_ref(), until(30), 'd');
        assert_eq!(pot.over(own.as_ref(), at(20)), None);
        assert_eq!(pot.first(own.as_ref()), Some('d'));
        assert_eq!(pot.ended_before(30_000_000), None);
        assert_eq!(pot.ended_before(31_000_000), Some('d'));
        pot.remove(own.as_ref(), until(30), 'd');
        assert_eq!((pot.of(own.as_ref()), pot.kept.len()), (0, 0));
    }

    /// A clock that was wrong for a moment made what stands give way; after an outage all that was over barred what came.
    #[test]
    fn what_is_over_by_the_clock_alone_stays_and_takes_no_room() {
        let mut pot = Pot::shared(3, 1);
        let own = party("E-1");
        let (owner, next) = (own.as_ref(), until(99));
        for number in 0..3 {
            pot.put(owner, until(10), number);
        }
        let ahead = Passed {
            settled: at(5),
            ..by(60)
        };
        for number in 3..6 {
            assert!(pot.has_room(owner, ahead), "{number}");
            assert_eq!(pot.taken(owner, next, ahead), Taken::Beside);
            pot.put(owner, next, number);
        }
        assert!(!pot.has_room(owner, ahead), "as many as may stand");
        assert!(!pot.has_room(owner, by(5)), "the clock is right again");
        assert_eq!(
            pot.taken(owner, until(50), ahead),
            Taken::Not,
            "over when it came"
        );
        assert!(matches!(
            pot.taken(owner, next, by(60)),
            Taken::InsteadOf(0)
        ));
    }
}
