//! What was due while the hub was away: when to look for it after a start.

use cordon_model::Timestamp;

/// So long the clock has stood without a jump before anything is looked for, seconds: a machine that boots with a
/// wrong clock is put right within that time.
const STOOD_S: i64 = 15;
/// And so long until the clock is believed whatever it shows, seconds.
const BELIEVED_S: i64 = 600;
/// A greater step between two looks is a clock that was set, or a look that took long; seconds.
const STEP_S: i64 = 10;

/// The looks after a start.
#[derive(Debug)]
pub(crate) struct CatchUp {
    /// Since when the clock stands.
    since: Timestamp,
    last: Timestamp,
    looked: Looked,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Looked {
    Nothing,
    ForSure,
    All,
}

/// What is to be looked for now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Look {
    /// What surely was due.
    Missed,
    /// Whatever was due by the clock, which has stood for long.
    Due,
}

impl CatchUp {
    /// Begins at a start.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            since: now,
            last: now,
            looked: Looked::Nothing,
        }
    }

    /// Goes on to `now`; each look comes once.
    pub(crate) fn look(&mut self, now: Timestamp) -> Option<Look> {
        let step = now.ms_since(self.last);
        self.last = now;
        if !(0..=STEP_S * 1_000).contains(&step) {
            self.since = now;
        }
        let stood = now.ms_since(self.since);
        if self.looked < Looked::ForSure && stood >= STOOD_S * 1_000 {
            self.looked = Looked::ForSure;
            return Some(Look::Missed);
        }
        if self.looked < Looked::All && stood >= BELIEVED_S * 1_000 {
            self.looked = Looked::All;
            return Some(Look::Due);
        }
        None
    }

    /// The last look failed: it comes again when the clock has stood anew.
    pub(crate) fn again(&mut self, look: Look) {
        self.looked = match look {
            Look::Missed => Looked::Nothing,
            Look::Due => Looked::ForSure,
        };
        self.since = self.last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(catch_up: &mut CatchUp, steps: impl IntoIterator<Item = i64>) -> Vec<(i64, Look)> {
        let mut at = 0;
        let mut seen = Vec::new();
        for step in steps {
            at += step;
            let look = catch_up.look(Timestamp::from_micros(at * 1_000_000));
            seen.extend(look.map(|look| (at, look)));
        }
        seen
    }

    #[test]
    fn what_was_missed_is_looked_for_once_the_clock_stands() {
        let start = Timestamp::from_micros(0);
        let mut steady = CatchUp::new(start);
        let seen = looks(&mut steady, std::iter::repeat_n(5, 400));
        assert_eq!(seen, [(15, Look::Missed), (600, Look::Due)]);
        // Forty days ahead for ten seconds: nothing is looked for by that clock.
        let mut jumping = CatchUp::new(start);
        let wrong = 40 * 86_400;
        let seen = looks(&mut jumping, [5, wrong, 5, 5, -wrong, 5, 5, 5]);
        assert_eq!(seen, [(30, Look::Missed)]);
        jumping.again(Look::Missed);
        assert_eq!(looks(&mut jumping, [35, 5, 5, 5]), [(45, Look::Missed)]);
    }
}
