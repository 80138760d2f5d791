//! How often a configuration may be taken up: each reading of it costs a second of a core and leaves an entry.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Reloads in a minute; more are turned away.
pub const A_MINUTE: usize = 6;

const MINUTE: Duration = Duration::from_secs(60);

/// The reloads of the last minute.
#[derive(Debug, Default)]
pub struct Pace {
    of_late: VecDeque<Instant>,
    turned_away: u64,
}

impl Pace {
    /// Whether another one is taken now. One that is not is counted.
    pub fn takes(&mut self, now: Instant) -> bool {
        let is_old = |at: &Instant| now.saturating_duration_since(*at) >= MINUTE;
        while self.of_late.front().is_some_and(is_old) {
            self.of_late.pop_front();
        }
        let takes = self.of_late.len() < A_MINUTE;
        match takes {
            true => self.of_late.push_back(now),
            false => self.turned_away += 1,
        }
        takes
    }

    /// How many were turned away since this was asked last.
    pub fn take_turned_away(&mut self) -> u64 {
        std::mem::take(&mut self.turned_away)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_a_minute_and_the_rest_is_counted() {
        let (mut pace, begin) = (Pace::default(), Instant::now());
        let at = |seconds| begin + Duration::from_secs(seconds);
        let taken = (0..10).filter(|second| pace.takes(at(*second))).count();
        assert_eq!(taken, A_MINUTE);
        assert_eq!((pace.take_turned_away(), pace.take_turned_away()), (4, 0));
        assert!(!pace.takes(at(59)));
        assert!(pace.takes(at(60)), "the first of them is a minute old");
        assert!(!pace.takes(at(60)));
    }
}
