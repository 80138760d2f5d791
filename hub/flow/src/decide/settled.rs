//! The time that has surely passed: by it alone anything is forgotten for good.
//!
//! A clock that is wrong for a moment, at a start above all, shows the end of everything that is kept, and what is
//! forgotten then does not come back when the clock is right. So this time follows the clock at a distance: as fast
//! again as time goes by while the hub runs, up to twenty times where it is months behind, and it never shows
//! more than the clock. What was away for a week is a week behind for a week, which keeps a little for longer. A clock that
//! is behind for a moment takes little of it back; one that shows less for good takes back what a wrong one had added.

use cordon_contract::Passed;
use cordon_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::decide::entry_time::EntryClock;
use crate::decide::stored_entry::StoredEntry;

/// What passes between two entries of a hub that runs, microseconds: twice the time between two ticks at most. More
/// is a hub that was down, or a clock that jumped.
const GAP_MAX: i64 = 120_000_000;
/// What is further behind than this is so many times faster, microseconds: 30 days.
const CATCHES_UP: i64 = 30 * 86_400_000_000;
/// But never faster than so many times what passes: an hour of a wrong clock settles less than a day.
const TIMES_MAX: i64 = 20;
/// A clock that shows less is followed so many times as fast as time goes by: five minutes of an empty battery take
/// five hours back, and a year that was wrong at the installation is gone after a week.
const BACK: i64 = 60;

/// Among the first so many entries of a journal a clock that shows less is followed at once: what a wrong one showed at the
/// first start is no time that had passed, and nothing is old yet that might be kept for too long. A park with many sensors
/// writes them in half an hour, a quiet one in weeks.
const YOUNG: u64 = 100_000;
/// But not to before November 2026, when this was written: no clock that shows that is right. Microseconds.
const WRITTEN: i64 = 1_793_491_200_000_000;

/// The times of one entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Times {
    /// The journal's.
    pub entry: Timestamp,
    /// What the hub's clock showed.
    pub clock: Timestamp,
    /// What has surely passed.
    pub settled: Timestamp,
    /// The same, also while the clock shows less.
    reached: i64,
    /// How long the hub surely ran since the entry before, microseconds.
    pub ran: i64,
}

impl Times {
    /// What has passed by the clock, and surely.
    pub(crate) fn passed(self) -> Passed {
        Passed {
            clock: self.clock,
            settled: self.settled,
        }
    }
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Settled {
    micros: i64,
    /// The last entry's time; 0 before the first.
    entry: i64,
}

impl Settled {
    /// The times of the next entry, which has this number.
    pub(crate) fn times(&self, number: u64, entry: Timestamp, clock: Timestamp) -> Times {
        let ran = self.ran(entry.micros());
        let young = number <= YOUNG && (WRITTEN..self.micros).contains(&clock.micros());
        let settled = match self.entry {
            0 => clock.micros(),
            _ if young => clock.micros(),
            _ => self.next(ran, clock.micros()),
        };
        Times {
            entry,
            clock,
            settled: Timestamp::from_micros(settled.min(clock.micros())),
            reached: settled,
            ran,
        }
    }

    /// How long the hub ran until an entry of this time. What is more than that between two was no time of a hub that ran,
    /// and settles nothing.
    fn ran(&self, entry: i64) -> i64 {
        match entry.saturating_sub(self.entry) {
            gap if self.entry != 0 && (0..=GAP_MAX).contains(&gap) => gap,
            _ => 0,
        }
    }

    fn next(&self, ran: i64, clock: i64) -> i64 {
        let behind = clock.saturating_sub(self.micros);
        if behind < 0 {
            let back = self.micros.saturating_sub(ran.saturating_mul(BACK));
            return back.max(clock);
        }
        let faster = (behind / CATCHES_UP).clamp(1, TIMES_MAX);
        let next = self.micros.saturating_add(ran.saturating_mul(1 + faster));
        next.min(clock)
    }

    /// Takes in the times of an entry.
    pub(crate) fn note(&mut self, times: Times) {
        self.micros = times.reached;
        self.entry = self.entry.max(times.entry.micros());
    }

    /// What had passed at the last entry, by what the clock showed.
    pub(crate) fn last(&self, clock: Timestamp) -> Timestamp {
        Timestamp::from_micros(self.micros.min(clock.micros()))
    }
}

/// What the hub's clock showed at each entry and what had surely passed, for whoever reads all of them in their order
/// and keeps this beside what he makes of them: what plug-ins are told as [`Entry::clock`](cordon_contract::Entry::clock)
/// and [`Entry::settled`](cordon_contract::Entry::settled). It follows from the entries alone.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct EntryTimes {
    clock: EntryClock,
    settled: Settled,
}

impl EntryTimes {
    /// Tells an entry its times, by what it and the entries before it tell. How long the hub surely ran since the one
    /// before, microseconds.
    pub fn tell(&mut self, stored: &mut StoredEntry) -> i64 {
        let clock = self.clock.pass(stored);
        let entry = &stored.entry;
        let times = self.settled.times(entry.number, entry.time, clock);
        self.settled.note(times);
        stored.entry.clock = times.clock;
        stored.entry.settled = times.settled;
        times.ran
    }

    /// As [`EntryTimes::of`] takes it, to be kept in columns: the lead of entries over the clock and what that showed when it
    /// began; what had surely passed, and the time of the last entry. All in microseconds.
    pub fn told(&self) -> [i64; 4] {
        let (lead, since) = self.clock.told();
        [lead, since, self.settled.micros, self.settled.entry]
    }

    /// Goes on from an entry of this time, under a lead as [`EntryTimes::told`] gives it, where what had surely passed is not
    /// known: it is what the clock showed.
    pub fn since(lead: (i64, i64), entry: i64) -> Self {
        let clock = EntryClock::of(lead);
        let micros = clock.at(Timestamp::from_micros(entry)).micros();
        Self {
            clock,
            settled: Settled { micros, entry },
        }
    }

    /// Goes on from what [`EntryTimes::told`] gave.
    pub fn of([lead, since, micros, entry]: [i64; 4]) -> Self {
        Self {
            clock: EntryClock::of((lead, since)),
            settled: Settled { micros, entry },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000;
    const DAY: i64 = 86_400;

    /// A hub that runs, as its clock shows it, with an entry every so many seconds.
    struct Hub {
        settled: Settled,
        /// Of the last entry.
        number: u64,
        entry: i64,
        clock: Timestamp,
    }

    impl Hub {
        fn at(second: i64) -> Self {
            let mut hub = Self {
                settled: Settled::default(),
                number: YOUNG,
                entry: second,
                clock: Timestamp::from_micros(0),
            };
            hub.enters(0, second);
            hub
        }

        fn enters(&mut self, passed: i64, clock: i64) {
            self.entry += passed;
            self.number += 1;
            let at = |second: i64| Timestamp::from_micros(second * S);
            let times = self.settled.times(self.number, at(self.entry), at(clock));
            self.settled.note(times);
            self.clock = at(clock);
        }

        fn shown(&self) -> i64 {
            self.settled.last(self.clock).micros() / S
        }

        /// Seconds that it is behind this clock after so many minutes.
        fn runs(&mut self, minutes: i64, clock: i64) -> i64 {
            for minute in 1..=minutes {
                self.enters(60, clock + minute * 60);
            }
            clock + minutes * 60 - self.shown()
        }
    }

    #[test]
    fn it_shows_what_the_clock_shows_while_that_is_right() {
        let mut hub = Hub::at(1_000 * DAY);
        assert_eq!(hub.runs(1_000, 1_000 * DAY), 0);
    }

    /// One start with the year wrong made everything be forgotten that ended within it.
    #[test]
    fn a_clock_that_is_wrong_for_a_moment_settles_nothing() {
        let mut hub = Hub::at(1_000 * DAY);
        let (right, wrong) = (1_000 * DAY, 1_400 * DAY);
        hub.enters(400 * DAY, wrong);
        for second in 1..=5 {
            hub.enters(1, wrong + second);
        }
        assert!(hub.shown() < right + 120, "{}", hub.shown() - right);
        // The clock is right again, and the journal ahead of it.
        hub.enters(0, right + 10);
        assert_eq!(hub.shown(), right + 10);
        assert_eq!(hub.runs(60, right + 10), 0);
    }

    #[test]
    fn a_hub_that_was_away_catches_up_in_as_long_and_one_of_another_decade_faster() {
        let mut hub = Hub::at(1_000 * DAY);
        hub.enters(7 * DAY, 1_007 * DAY);
        let behind = hub.runs(3 * 24 * 60, 1_007 * DAY);
        assert!((3 * DAY..5 * DAY).contains(&behind), "{behind}");
        assert_eq!(hub.runs(5 * 24 * 60, 1_010 * DAY), 0);
        // A machine whose clock was of another decade.
        hub.enters(9_000 * DAY, 10_015 * DAY);
        let behind = hub.runs(365 * 24 * 60, 10_015 * DAY);
        assert!(behind < 2_000 * DAY, "{}", behind / DAY);
    }

    /// Two starts with the year wrong, and a first one of all with it: each alone is told from the other by nothing.
    #[test]
    fn wrong_starts_settle_nothing_however_many_they_are() {
        for (days, starts) in [(400, 1), (400, 2), (400, 10), (4_000, 10)] {
            let mut hub = Hub::at(1_000 * DAY);
            let mut right = 1_000 * DAY;
            for _ in 0..starts {
                // The journal goes on from its last entry, by a minute at most.
                hub.enters(60, right + days * DAY);
                for second in 1..=26 {
                    hub.enters(1, right + days * DAY + second);
                }
                assert!(hub.shown() < right + DAY / 12, "{}", hub.shown() - right);
                hub.runs(24 * 60, right);
                right += DAY;
                assert_eq!(hub.shown(), right);
            }
        }
    }

    #[test]
    fn what_a_wrong_clock_had_added_a_right_one_takes_back() {
        let mut hub = Hub::at(1_400 * DAY);
        // It was installed with the wrong year.
        hub.runs(10, 1_400 * DAY);
        hub.runs(10 * 24 * 60, 1_000 * DAY);
        hub.enters(60, 1_400 * DAY);
        assert!(hub.shown() < 1_011 * DAY, "{}", hub.shown() / DAY);
        // And no more than it had: a battery that is empty for five minutes costs hours.
        let mut hub = Hub::at(20_000 * DAY);
        hub.runs(5, 0);
        hub.enters(0, 20_000 * DAY + 300);
        let behind = 20_000 * DAY + 300 - hub.shown();
        assert!(behind <= 5 * 3_600 + 600, "{behind}");
    }

    /// A new park began with a wrong clock, which was put right, and its next start had the same: what was said in
    /// between was over for good.
    #[test]
    fn what_a_first_start_showed_is_forgotten_as_soon_as_the_clock_is_right() {
        let (right, days) = (21_000 * DAY, 400);
        let mut hub = Hub::at(right + days * DAY);
        hub.number = 1;
        for second in 1..=14 {
            hub.enters(1, right + days * DAY + second);
        }
        hub.enters(0, right + 15);
        hub.enters(5, right + 20);
        hub.enters(60, right + days * DAY + 80);
        assert!(hub.shown() < right + 1_000, "{}", hub.shown() - right);
        // An empty battery shows no time that this takes over.
        hub.enters(0, right + 100);
        hub.enters(1, 0);
        hub.enters(1, right + 102);
        assert!(hub.shown() >= right + 40, "{}", hub.shown() - right);
        // Nor does a journal that is no longer new follow at once.
        hub.number = YOUNG;
        hub.enters(1, right - 40 * DAY);
        hub.enters(1, right + 104);
        assert!(hub.shown() >= right - 60, "{}", hub.shown() - right);
    }

    /// A battery that was empty for one start: nothing said since gave way for months.
    #[test]
    fn a_clock_that_is_behind_for_a_moment_takes_nothing_back() {
        let mut hub = Hub::at(20_000 * DAY);
        hub.enters(0, 0);
        assert_eq!(hub.shown(), 0, "never more than the clock");
        hub.enters(10, 20_000 * DAY + 10);
        assert_eq!(hub.shown(), 20_000 * DAY + 10);
    }

    #[test]
    fn a_clock_that_is_set_back_is_followed_at_once() {
        let mut hub = Hub::at(1_000 * DAY);
        hub.enters(0, 999 * DAY);
        assert_eq!(hub.shown(), 999 * DAY);
    }
}
