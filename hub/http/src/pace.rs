//! How often: so many at once, then one in so long, for each of many.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Keys that are told apart at once. Beyond, a new one is not slowed: those known already are, and
/// the places limit the rest.
const KEYS_MAX: usize = 10_000;

/// So many at once, and so many a second for good.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rate {
    /// How many may come together after a rest.
    pub at_once: u32,
    /// How many may come a second without end; 0 counts as 1.
    pub a_second: u32,
}

impl Rate {
    fn interval(self) -> Duration {
        Duration::from_secs(1) / self.a_second.max(1)
    }
}

/// The rate of each of many, kept by letting what comes too soon wait its turn.
#[derive(Debug)]
pub struct Pace<K> {
    rate: Rate,
    /// When each would have used up nothing of its rate again; in the past is as good as absent.
    rested: Mutex<HashMap<K, Instant>>,
}

impl<K: Clone + Eq + Hash> Pace<K> {
    /// Nobody has come yet.
    pub fn new(rate: Rate) -> Self {
        Self {
            rate,
            rested: Mutex::default(),
        }
    }

    /// How long one more of `key` waits for its turn, which is then taken; none when that would be
    /// longer than `patience`, and then no turn is taken.
    pub fn turn(&self, key: &K, patience: Duration) -> Option<Duration> {
        self.turn_at(key, patience, Instant::now())
    }

    fn turn_at(&self, key: &K, patience: Duration, now: Instant) -> Option<Duration> {
        let mut rested = self.lock();
        if rested.len() >= KEYS_MAX && !rested.contains_key(key) {
            rested.retain(|_, rested| *rested > now);
            if rested.len() >= KEYS_MAX {
                return Some(Duration::ZERO);
            }
        }
        let interval = self.rate.interval();
        let after = rested.get(key).map_or(now, |rested| (*rested).max(now)) + interval;
        let wait = (after - now).saturating_sub(interval * self.rate.at_once.max(1));
        if wait > patience {
            return None;
        }
        rested.insert(key.clone(), after);
        Some(wait)
    }

    /// Gives a turn back: it was not of the kind that is counted.
    pub fn give_back(&self, key: &K) {
        if let Some(rested) = self.lock().get_mut(key) {
            *rested = rested.checked_sub(self.rate.interval()).unwrap_or(*rested);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Instant>> {
        self.rested.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What counts as one address: of IPv6 the network of 64 bits that one site is given.
pub fn site(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
        address => address,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    fn pace() -> Pace<u32> {
        Pace::new(Rate {
            at_once: 3,
            a_second: 10,
        })
    }

    #[test]
    fn so_many_come_at_once_and_the_others_one_after_the_other() {
        let (pace, now) = (pace(), Instant::now());
        let turn = |key, ms| {
            let at = now + Duration::from_millis(ms);
            pace.turn_at(&key, PATIENCE, at)
                .map(|wait| wait.as_millis())
        };
        let waits: Vec<_> = (0..5).map(|_| turn(1, 0)).collect();
        assert_eq!(waits, [Some(0), Some(0), Some(0), Some(100), Some(200)]);
        assert_eq!(turn(2, 0), Some(0), "another has a rate of its own");
        assert_eq!(turn(1, 200), Some(100));
        assert_eq!(turn(1, 10_000), Some(0), "after a rest it is as at first");
    }

    #[test]
    fn a_turn_that_is_too_far_off_is_not_taken() {
        let (pace, now) = (pace(), Instant::now());
        let taken = (0..1_000)
            .filter_map(|_| pace.turn_at(&1, PATIENCE, now))
            .count();
        assert_eq!(taken, 53, "three at once and five seconds of ten");
        let later = now + Duration::from_secs(1);
        let taken = (0..1_000)
            .filter_map(|_| pace.turn_at(&1, PATIENCE, later))
            .count();
        assert_eq!(taken, 10);
    }

    #[test]
    fn a_turn_given_back_is_there_for_the_next() {
        let (pace, now) = (pace(), Instant::now());
        for _ in 0..100 {
            assert_eq!(pace.turn_at(&1, PATIENCE, now), Some(Duration::ZERO));
            pace.give_back(&1);
        }
        pace.give_back(&7);
    }

    #[test]
    fn the_table_is_bounded_and_those_who_rested_leave_it() {
        let (pace, now) = (pace(), Instant::now());
        for key in 0..20_000 {
            assert_eq!(pace.turn_at(&key, PATIENCE, now), Some(Duration::ZERO));
        }
        assert_eq!(pace.lock().len(), KEYS_MAX);
        for _ in 0..9 {
            pace.turn_at(&1, PATIENCE, now).unwrap();
        }
        let later = now + Duration::from_millis(500);
        pace.turn_at(&30_000, PATIENCE, later).unwrap();
        assert_eq!(pace.lock().len(), 2, "the busy one and the new one");
    }

    #[test]
    fn a_site_of_ipv6_is_one_address() {
        let of = |text: &str| site(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
    }
}
