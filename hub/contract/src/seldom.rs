//! How often something is written to the log that happens again and again.

use std::time::{Duration, Instant};

/// Tells the first time at once, and then once in a while how often it has happened since.
#[derive(Debug)]
pub struct Seldom {
    pause: Duration,
    told: Option<Instant>,
    untold: u64,
}

impl Seldom {
    /// With at least `pause` between two tellings.
    pub fn new(pause: Duration) -> Self {
        Self {
            pause,
            told: None,
            untold: 0,
        }
    }

    /// It happened once more. When that is to be told, how often it happened since it was last told, this time
    /// included.
    pub fn again(&mut self, now: Instant) -> Option<u64> {
        self.untold = self.untold.saturating_add(1);
        let is_due = |told| now.saturating_duration_since(told) >= self.pause;
        if !self.told.is_none_or(is_due) {
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With no open file to spare, each of 20 tries a second was a line of the log.
    #[test]
    fn the_first_is_told_at_once_and_then_how_often() {
        let (begun, step) = (Instant::now(), Duration::from_millis(50));
        let mut seldom = Seldom::new(Duration::from_secs(60));
        let told: Vec<_> = (0..2_401)
            .filter_map(|try_| seldom.again(begun + step * try_))
            .collect();
        assert_eq!(told, [1, 1_200, 1_200]);
        let later = begun + Duration::from_secs(3_600);
        assert_eq!(seldom.again(later), Some(1));
    }
}
