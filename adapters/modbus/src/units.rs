//! The units behind one connection: which of them answer, how fast, and when a silent one is tried
//! again. Pure.
//!
//! A gateway hands requests on one after the other, so every question to a unit that does not
//! answer costs all the others its time-out. A silent unit is therefore asked seldom: less and less
//! often by itself, and all silent ones together for no more than a quarter of the time while
//! others answer. A bus on which nobody answers has nobody to spare.
//!
//! A unit that answers late costs the others as much as one that does not. It pays for it itself: what
//! others need goes before each question to it, and after each it is left alone for half as long.

use std::collections::{BTreeMap, BTreeSet};

/// First wait of a silent unit; it doubles up to the longest.
const WAIT_MS: u64 = 250;
/// Longest wait between two questions to a silent unit.
const WAIT_MS_MAX: u64 = 10_000;
/// Longest wait while an emergency order waits for the unit.
const WAIT_MS_URGENT: u64 = 500;
/// So many times as long as a question to a silent unit cost, none is asked again.
const SPARE: u64 = 3;
/// An answer that takes this long is a slow one.
const SLOW_MS: u64 = 100;
/// A unit goes before one whose answers take so many times as long as its own.
const QUICKER: u64 = 4;
/// Questions without an answer after which a unit is offline; one late answer is not an outage.
pub(crate) const MISSES_OFFLINE: u32 = 2;

#[derive(Clone, Copy, Debug)]
struct Silence {
    misses: u32,
    retry_ms: u64,
}

/// Which units answer, and which did not answer their last question. The rest was not asked yet.
#[derive(Debug, Default)]
pub(crate) struct Units {
    answering: BTreeSet<u8>,
    silent: BTreeMap<u8, Silence>,
    /// No silent unit is asked before this moment.
    spare_until_ms: u64,
    /// How long each is waited for. It rises at once and falls slowly.
    costs: BTreeMap<u8, u64>,
    /// No slow unit is asked, unless somebody ordered it, before this moment.
    rest_until_ms: u64,
}

/// How a question went unanswered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Miss {
    /// When it was given up.
    pub now_ms: u64,
    /// How long it was waited for.
    pub cost_ms: u64,
    /// Whether an emergency order waits for this unit.
    pub urgent: bool,
}

impl Units {
    pub(crate) fn is_silent(&self, unit: u8) -> bool {
        self.silent.contains_key(&unit)
    }

    /// How many questions in a row it left unanswered.
    pub(crate) fn misses(&self, unit: u8) -> u32 {
        self.silent.get(&unit).map_or(0, |silence| silence.misses)
    }

    pub(crate) fn answers(&self, unit: u8) -> bool {
        self.answering.contains(&unit)
    }

    /// Whether another unit than this answers.
    pub(crate) fn others_answer(&self, unit: u8) -> bool {
        self.answering.iter().any(|other| *other != unit)
    }

    /// How long the unit is waited for; without end for one that does not answer.
    pub(crate) fn cost_ms(&self, unit: u8) -> u64 {
        match self.answers(unit) {
            true => self.costs.get(&unit).copied().unwrap_or(0),
            false => u64::MAX,
        }
    }

    /// How long its answers took so far, whether or not it was greeted; 0 for one that was not heard yet.
    pub(crate) fn known_ms(&self, unit: u8) -> u64 {
        self.costs.get(&unit).copied().unwrap_or(0)
    }

    /// Whether nothing is known of it: it neither answered nor failed to.
    pub(crate) fn is_unheard(&self, unit: u8) -> bool {
        !self.answers(unit) && !self.is_silent(unit) && !self.costs.contains_key(&unit)
    }

    /// Whether its greeting is not over and proved to be slow.
    pub(crate) fn is_greeted_slowly(&self, unit: u8) -> bool {
        !self.answers(unit) && self.known_ms(unit) >= SLOW_MS
    }

    /// Who is asked first when several may be: the lowest. One that was not greeted yet may be as quick as any, so it comes
    /// before those that are known to be slow; one that does not answer comes last.
    pub(crate) fn rank(&self, unit: u8) -> u64 {
        let known = self.known_ms(unit) / SLOW_MS;
        match (self.answers(unit), self.is_silent(unit)) {
            (true, _) => known,
            (false, false) => known.max(1),
            (false, true) => u64::MAX,
        }
    }

    /// Whether the needs of a unit go before the next question to a slow one.
    pub(crate) fn goes_before(&self, unit: u8, slow: u8) -> bool {
        let theirs = self.cost_ms(slow);
        let own = self.cost_ms(unit).saturating_mul(QUICKER);
        self.answers(unit) && theirs >= SLOW_MS && own <= theirs
    }

    /// Whether a unit is slow, and another is not.
    pub(crate) fn pays(&self, slow: u8) -> bool {
        let mut answering = self.answering.iter();
        answering.any(|unit| self.goes_before(*unit, slow))
    }

    /// Notes how long an answer took.
    pub(crate) fn took(&mut self, unit: u8, now_ms: u64, ms: u64) {
        self.costs(unit, ms);
        if self.answers(unit) && self.pays(unit) {
            self.rest_until_ms = now_ms.saturating_add(ms / 2);
        }
    }

    fn costs(&mut self, unit: u8, ms: u64) {
        let cost = self.costs.entry(unit).or_insert(ms);
        *cost = ms.max((cost.saturating_mul(3) + ms) / 4);
    }

    /// When the unit may be asked; 0 for one that answers in time.
    pub(crate) fn ask_ms(&self, unit: u8) -> u64 {
        match self.silent.get(&unit) {
            Some(silence) => silence.retry_ms.max(self.spare_until_ms),
            None if self.answers(unit) && self.pays(unit) => self.rest_until_ms,
            None if self.answers(unit) => 0,
            None => self.spare_until_ms,
        }
    }

    /// Notes a question without an answer; returns how many there were in a row.
    pub(crate) fn missed(&mut self, unit: u8, miss: Miss) -> u32 {
        self.answering.remove(&unit);
        self.costs(unit, miss.cost_ms);
        let others = !self.answering.is_empty();
        let silence = self.silent.entry(unit).or_insert(Silence {
            misses: 0,
            retry_ms: 0,
        });
        silence.misses = silence.misses.saturating_add(1);
        let longest = if miss.urgent {
            WAIT_MS_URGENT
        } else {
            WAIT_MS_MAX
        };
        // The first is asked again at once: most likely its answer was late.
        let wait_ms = match silence.misses {
            1 => 0,
            misses => WAIT_MS
                .saturating_mul(1 << (misses - 2).min(10))
                .min(longest),
        };
        silence.retry_ms = miss.now_ms.saturating_add(wait_ms);
        let spare = match (others, miss.urgent) {
            (true, false) => SPARE,
            (true, true) => 1,
            (false, _) => 0,
        };
        let spare_ms = miss.cost_ms.saturating_mul(spare);
        self.spare_until_ms = miss.now_ms.saturating_add(spare_ms);
        silence.misses
    }

    /// An emergency order has come for the unit: it is asked at once.
    pub(crate) fn hurry(&mut self, unit: u8) {
        if let Some(silence) = self.silent.get_mut(&unit) {
            silence.retry_ms = 0;
        }
    }

    pub(crate) fn answered(&mut self, unit: u8) {
        self.answering.insert(unit);
        self.silent.remove(&unit);
    }
}

#[cfg(test)]
mod tests {
    use super::{Miss, Units};

    fn miss(now_ms: u64, urgent: bool) -> Miss {
        Miss {
            now_ms,
            cost_ms: 1_000,
            urgent,
        }
    }

    #[test]
    fn silent_units_together_take_a_quarter_of_the_time_at_most() {
        let mut units = Units::default();
        units.answered(16);
        let (mut now_ms, mut asked) = (0, 0);
        while now_ms < 100_000 {
            let ready = (1..=15).find(|unit| units.ask_ms(*unit) <= now_ms);
            match ready {
                Some(unit) => {
                    now_ms += 1_000;
                    asked += 1;
                    units.missed(unit, miss(now_ms, false));
                }
                None => now_ms += 100,
            }
        }
        assert!((20..=25).contains(&asked), "{asked} questions in 100 s");
        assert_eq!(units.ask_ms(16), 0, "who answers is not made to wait");
    }

    #[test]
    fn a_slow_unit_gives_way_to_the_quick_ones_and_rests() {
        let mut units = Units::default();
        units.answered(1);
        units.took(1, 1_000, 900);
        assert_eq!(units.ask_ms(1), 0, "alone it makes nobody wait");
        units.answered(2);
        units.took(2, 2_000, 5);
        units.took(1, 3_000, 900);
        assert!(units.goes_before(2, 1) && !units.goes_before(1, 2));
        assert_eq!((units.ask_ms(1), units.ask_ms(2)), (3_450, 0));
        assert!(units.rank(2) < units.rank(3) && units.rank(3) < units.rank(1));
        units.took(1, 4_000, 5);
        assert!(units.pays(1), "one quick answer is not enough");
        for _ in 0..12 {
            units.took(1, 5_000, 5);
        }
        assert!(!units.pays(1), "after several it is quick again");
    }

    #[test]
    fn alone_on_the_bus_it_is_asked_by_its_own_wait_and_sooner_in_an_emergency() {
        let mut units = Units::default();
        assert_eq!(units.missed(1, miss(1_000, false)), 1);
        assert_eq!(units.ask_ms(1), 1_000, "one late answer is asked for again");
        let waits: Vec<u64> = (0..8)
            .map(|_| {
                units.missed(1, miss(1_000, false));
                units.ask_ms(1) - 1_000
            })
            .collect();
        assert_eq!(
            waits,
            [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]
        );
        units.missed(1, miss(1_000, true));
        assert_eq!(units.ask_ms(1), 1_500);
        units.hurry(1);
        assert_eq!(units.ask_ms(1), 1_000);
        units.answered(1);
        assert!(units.answers(1) && !units.is_silent(1));
        assert_eq!(
            units.missed(1, miss(1_000, false)),
            1,
            "misses are counted anew"
        );
    }
}
