//! How long to wait before the next try to connect.

use std::time::Duration;

const FIRST_MS: u64 = 500;
const MAX_MS: u64 = 30_000;

/// Waits that double up to half a minute. Being let in does not end them: a broker that takes a
/// connection and closes it at once would be asked twice a second for ever. A connection that held
/// longer than the longest wait does.
#[derive(Debug, Default)]
pub struct BackOff {
    attempt: u32,
}

impl BackOff {
    /// The wait after a connection that held for `held` (zero: none came about). It lies somewhere
    /// between half of the full wait and all of it, by `seed`, so that many clients do not come back
    /// at the same instant.
    pub fn after(&mut self, held: Duration, seed: u64) -> Duration {
        if held >= Duration::from_millis(MAX_MS) {
            self.attempt = 0;
        }
        let full = FIRST_MS
            .saturating_mul(1 << self.attempt.min(10))
            .min(MAX_MS);
        let mut mixed = seed
            .wrapping_add(u64::from(self.attempt))
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed ^= mixed >> 29;
        self.attempt = self.attempt.saturating_add(1);
        Duration::from_millis(full / 2 + mixed % (full / 2 + 1))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::BackOff;

    #[test]
    fn waits_grow_are_bounded_and_differ() {
        let mut back_off = BackOff::default();
        let mut longest = Duration::ZERO;
        for _ in 0..40 {
            let wait = back_off.after(Duration::ZERO, 7);
            assert!((250..=30_000).contains(&wait.as_millis()), "{wait:?}");
            longest = longest.max(wait);
        }
        assert!(longest >= Duration::from_secs(15));
        assert_ne!(
            BackOff::default().after(Duration::ZERO, 1),
            BackOff::default().after(Duration::ZERO, 2)
        );
    }

    #[test]
    fn a_connection_that_is_closed_at_once_does_not_end_the_waiting() {
        let mut back_off = BackOff::default();
        for _ in 0..9 {
            back_off.after(Duration::from_millis(3), 7);
        }
        assert!(back_off.after(Duration::from_millis(3), 7) >= Duration::from_secs(15));
        assert!(back_off.after(Duration::from_secs(31), 7) <= Duration::from_millis(500));
    }
}
