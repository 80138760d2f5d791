//! What one keeps of a kind, by its end: what can be spared is found without a look at what stands.

use std::collections::BTreeSet;

use cordon_model::Timestamp;

use crate::pot::{Passed, Taken, Term};

/// What one owner keeps.
///
/// The door refuses by [`Share::has_room`]; a fold keeps by [`Share::taken`] what the door let in. Both cost the
/// logarithm of what is kept. Only where more is kept than a limit that became smaller does the door look at
/// single ones: at as many as are kept beyond it, at most at as many as the limit.
#[derive(Clone, Debug)]
pub struct Share<K> {
    standing: BTreeSet<(i64, K)>,
    taken_back: BTreeSet<(i64, K)>,
}

impl<K> Default for Share<K> {
    fn default() -> Self {
        Self {
            standing: BTreeSet::new(),
            taken_back: BTreeSet::new(),
        }
    }
}

impl<K> Share<K> {
    /// How much is kept.
    pub fn len(&self) -> usize {
        self.standing.len().saturating_add(self.taken_back.len())
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How much of it was not taken back, be it over or not.
    pub fn not_taken_back(&self) -> usize {
        self.standing.len()
    }

    /// All of it: first what stands, then what was taken back; of each what ends last first.
    pub fn latest(&self) -> impl Iterator<Item = &K> {
        let standing = self.standing.iter().rev();
        let all = standing.chain(self.taken_back.iter().rev());
        all.map(|(_, key)| key)
    }
}

impl<K: Clone + Ord> Share<K> {
    /// Whether less than `most` of it stands at `now`: one more can be kept, by letting go of what is over if need be.
    pub fn has_room(&self, most: usize, now: Timestamp) -> bool {
        self.weighed(most, now).0
    }

    /// The same, and how many were looked at one by one.
    fn weighed(&self, most: usize, now: Timestamp) -> (bool, usize) {
        let Some(beyond) = self.len().checked_sub(most) else {
            return (true, 0);
        };
        let needed = beyond.saturating_add(1);
        let ended = needed.saturating_sub(self.taken_back.len());
        let is_over = |end: i64| end < now.micros();
        // From the end that is nearer to the answer.
        if ended <= most {
            let first = self.standing.iter().take(ended);
            let over = first.take_while(|(end, _)| is_over(*end)).count();
            (over == ended, over)
        } else {
            let last = self.standing.iter().rev().take(most);
            let stand = last.take_while(|(end, _)| !is_over(*end)).count();
            (stand < most, stand)
        }
    }

    /// What can be spared at `now`: what was taken back, else what ended first.
    pub fn over(&self, now: Timestamp) -> Option<K> {
        let ended = || {
            let first = self.standing.first();
            first.filter(|(end, _)| *end < now.micros())
        };
        let spared = self.taken_back.first().or_else(ended);
        spared.map(|(_, key)| key.clone())
    }

    /// What was taken back and would have ended first.
    pub fn taken_back(&self) -> Option<K> {
        self.taken_back.first().map(|(_, key)| key.clone())
    }

    /// How a fold takes in one more.
    pub fn taken(&self, most: usize, term: Term, now: Passed) -> Taken<K> {
        if self.len() < most {
            return Taken::Beside;
        }
        match self.over(now.settled) {
            Some(spared) => Taken::InsteadOf(spared),
            None if term.is_over(now.clock) => Taken::Not,
            None => Taken::Beside,
        }
    }

    /// What ends first, be it over or not.
    pub fn first(&self) -> Option<K> {
        let first = self.taken_back.first().or_else(|| self.standing.first());
        first.map(|(_, key)| key.clone())
    }

    /// Anything that ended before a time.
    pub fn ended_before(&self, micros: i64) -> Option<&K> {
        let firsts = [self.standing.first(), self.taken_back.first()];
        let mut ended = firsts.into_iter().flatten();
        ended.find(|(end, _)| *end < micros).map(|(_, key)| key)
    }

    /// Notes what is kept now.
    pub fn put(&mut self, term: Term, key: K) {
        self.of(term.stands).insert((term.until_micros, key));
    }

    /// Notes that it is kept no more.
    pub fn remove(&mut self, term: Term, key: K) {
        self.of(term.stands).remove(&(term.until_micros, key));
    }

    fn of(&mut self, stands: bool) -> &mut BTreeSet<(i64, K)> {
        match stands {
            true => &mut self.standing,
            false => &mut self.taken_back,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    /// One that ends each second from 1 on.
    fn of(standing: i64, taken_back: i64) -> Share<i64> {
        let mut share = Share::default();
        for number in 1..=standing {
            share.put(Term::new(true, Some(at(number))), number);
        }
        for number in 1..=taken_back {
            share.put(Term::new(false, Some(at(number))), -number);
        }
        share
    }

    /// A refusal looked at all that one kept: 10,000 refusals of 1,000 kept took seconds.
    #[test]
    fn a_full_share_refuses_at_one_look_however_much_it_holds() {
        for most in [10, 1_000, 30_000] {
            let full = of(i64::try_from(most).unwrap(), 0);
            assert_eq!(full.weighed(most, at(0)), (false, 0));
            assert_eq!(full.weighed(most, at(2)), (true, 1), "one is over");
        }
    }

    /// A limit that became smaller, and what of it ended is still remembered.
    #[test]
    fn beyond_a_smaller_limit_no_more_is_looked_at_than_the_limit() {
        for many in [1_000, 10_000, 50_000] {
            let share = of(many, 0);
            assert_eq!(share.weighed(100, at(0)), (false, 100));
            // All but a hundred, and all but ninety-nine are over.
            assert_eq!(share.weighed(100, at(many - 99)), (false, 100));
            assert_eq!(share.weighed(100, at(many - 98)), (true, 99));
            // What was taken back needs no look.
            assert_eq!(of(50, many).weighed(100, at(0)), (true, 0));
            assert_eq!(of(100, many).weighed(100, at(0)), (false, 0));
        }
    }

    #[test]
    fn both_ends_give_the_answer_of_a_count() {
        for (standing, taken_back) in [(0, 0), (5, 0), (3, 4), (9, 2), (20, 1)] {
            let share = of(standing, taken_back);
            for (now, most) in (0..24).flat_map(|now| (0..24).map(move |most| (now, most))) {
                let stand = usize::try_from((standing - now + 1).clamp(0, standing)).unwrap();
                let room = share.has_room(most, at(now));
                assert_eq!(
                    room,
                    stand < most,
                    "{standing} {taken_back} at {now} of {most}"
                );
            }
        }
    }

    #[test]
    fn what_ends_last_comes_first_and_what_was_taken_back_last() {
        let order: Vec<i64> = of(3, 2).latest().copied().collect();
        assert_eq!(order, [3, 2, 1, -2, -1]);
    }
}
