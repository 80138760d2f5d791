//! The hub's time as figures are booked under it: what its clock showed, and what went on where that was surely behind.
//!
//! A clock that shows another year for the seconds of one start cannot be told from a right one while it does. It can
//! when it goes back: of what it shows now and what it showed before, the nearer to what has surely passed is right.

use cordon_contract::Entry;
use serde::{Deserialize, Serialize};

/// So long a hub must have run for what has surely passed to say which of two clocks is right, microseconds: a journal
/// may have begun with the wrong one.
const SURE_AFTER: i64 = 600_000_000;
/// More between two entries is no time of a hub that ran, microseconds: there is a tick each minute.
const GAP_MAX: i64 = 120_000_000;

/// The time of the last entry. All in microseconds.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct HubTime {
    now: i64,
    /// What has surely passed; it goes on with the hub's time where the clock is behind.
    passed: i64,
    /// How long the hub has run, up to [`SURE_AFTER`].
    ran: i64,
    /// The entry's own time, which never goes back.
    entry: i64,
}

impl HubTime {
    /// That of the journal's first entry.
    pub(crate) fn first(entry: &Entry) -> Self {
        Self {
            now: entry.clock.micros(),
            passed: i64::MIN,
            ran: 0,
            entry: entry.time.micros(),
        }
    }

    /// Goes on to the next entry; whether the clock was ahead until now and is right again.
    pub(crate) fn pass(&mut self, entry: &Entry) -> bool {
        let clock = entry.clock.micros();
        let elapsed = entry.time.micros().saturating_sub(self.entry).max(0);
        self.entry = self.entry.max(entry.time.micros());
        if elapsed <= GAP_MAX {
            self.ran = self.ran.saturating_add(elapsed).min(SURE_AFTER);
        }
        if self.ran >= SURE_AFTER {
            self.passed = self.passed.max(entry.settled.micros());
        }
        if clock >= self.now {
            self.now = clock;
            return false;
        }
        if clock.abs_diff(self.passed) < self.now.abs_diff(self.passed) || self.ran < SURE_AFTER {
            self.now = clock;
            return true;
        }
        self.now = self.now.saturating_add(elapsed);
        self.passed = self.passed.saturating_add(elapsed);
        false
    }

    /// What has surely passed, microseconds since 1970; nothing is sure of a hub that ran for minutes.
    pub(crate) fn passed(self) -> Option<i64> {
        (self.ran >= SURE_AFTER).then_some(self.passed)
    }

    /// Microseconds since 1970.
    pub(crate) fn now(self) -> i64 {
        self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standard::said;

    const S: i64 = 1_000_000;
    const DAY: i64 = 86_400 * S;

    /// A hub that ran for an hour, its clock right; then at each entry what elapsed, what the clock showed and what
    /// had surely passed, in microseconds after that hour.
    fn ran(then: &[(i64, i64, i64)]) -> Vec<(i64, bool)> {
        let start = said::at("2026-03-31T12:00:00+08:00");
        let mut entry = said::on_duty(1, start.plus_micros(-3_600 * S));
        let mut time = HubTime::first(&entry);
        for _ in 0..60 {
            entry.time = entry.time.plus_micros(60 * S);
            (entry.clock, entry.settled) = (entry.time, entry.time);
            assert!(!time.pass(&entry));
        }
        let told = then.iter().map(|(elapsed, clock, settled)| {
            entry.time = entry.time.plus_micros(*elapsed);
            entry.clock = start.plus_micros(*clock);
            entry.settled = start.plus_micros(*settled);
            let put_right = time.pass(&entry);
            (time.now() - start.micros(), put_right)
        });
        told.collect()
    }

    #[test]
    fn a_clock_that_was_ahead_for_seconds_is_right_when_it_goes_back() {
        let ahead = 100 * DAY;
        let told = ran(&[
            (ahead, ahead, 0),
            (8 * S, ahead + 8 * S, 32 * S),
            // It shows less than what has passed at four times the pace.
            (0, 20 * S, 20 * S),
            (54 * S, 80 * S, 80 * S),
        ]);
        let expected = [
            (ahead, false),
            (ahead + 8 * S, false),
            (20 * S, true),
            (80 * S, false),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_clock_that_is_behind_for_seconds_is_not_followed_whatever_came_before() {
        let (behind, ahead) = (-20_000 * DAY, 100 * DAY);
        let told = ran(&[
            (0, behind, behind),
            (8 * S, behind + 8 * S, behind + 8 * S),
            (20 * S, 30 * S, 30 * S),
            (ahead, ahead, 30 * S),
            (0, behind, behind),
            (8 * S, behind + 8 * S, behind + 8 * S),
            (0, 60 * S, 60 * S),
        ]);
        let expected = [
            (0, false),
            (8 * S, false),
            (30 * S, false),
            (ahead, false),
            (ahead, false),
            (ahead + 8 * S, false),
            (60 * S, true),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_journal_that_began_with_a_wrong_clock_is_put_right() {
        let start = said::at("2026-03-31T12:00:00+08:00");
        let ahead = start.plus_micros(100 * DAY);
        let mut entry = said::on_duty(1, ahead);
        let mut time = HubTime::first(&entry);
        (entry.clock, entry.settled) = (start, start);
        assert!(time.pass(&entry));
        assert_eq!(time.now(), start.micros());
    }
}
