//! How a target fares, and how long it and what failed at it rest.
//!
//! A target that took nothing since a failure is in doubt: either it is down, or it does not take what was
//! tried. It rests half as long as a single order would after as many failures in a row, however many wait;
//! what failed rests by itself. So in each pause of the one another is tried, and who is down hears no more tries for a
//! thousand orders than for two. When it takes one the doubt is over, and what failed meanwhile rests only as
//! long as the times it failed at a target that was well ask for.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::held::Held;
use crate::decide::rank::Subject;

/// First and longest rest after a failed delivery.
const REST_MIN: Duration = Duration::from_millis(500);
const REST_MAX: Duration = Duration::from_secs(30);

/// What waits after a failure, by its first order.
struct Failed {
    number: u64,
    at: Instant,
    until: Instant,
    /// It rests no longer than until then, so that there is time for a last try.
    latest: Instant,
    /// Its place among all failures of the target.
    turn: u64,
    strikes: u32,
    /// Nothing was taken since.
    in_doubt: bool,
}

/// How one target fares.
#[derive(Default)]
pub(crate) struct Fares {
    /// Failures since it took something.
    failures: u32,
    rests_until: Option<Instant>,
    /// Until then what never failed goes first: what fails takes no more than half of the time.
    spared_until: Option<Instant>,
    failed: BTreeMap<Subject, Failed>,
    turns: u64,
}

impl Fares {
    pub(crate) fn rests(&self, now: Instant) -> bool {
        self.rests_until.is_some_and(|until| now < until)
    }

    pub(crate) fn is_in_doubt(&self) -> bool {
        self.failures > 0
    }

    /// Whether what never failed goes before all that did.
    pub(crate) fn spares(&self, now: Instant) -> bool {
        self.is_in_doubt() || self.spared_until.is_some_and(|until| now < until)
    }

    /// A try from `began` to `now` failed. The target rests no longer than until `latest`, when what failed has its last
    /// try, nor than until the last try of anything else that failed, and always half of the shortest rest.
    pub(crate) fn fail(
        &mut self,
        number: u64,
        (began, now): (Instant, Instant),
        latest: Option<Instant>,
    ) {
        self.failures = self.failures.saturating_add(1);
        let until = now + rest_after(self.failures, number) / 2;
        let others = self.failed.values().map(|failed| failed.latest);
        let until = others.chain(latest).fold(until, Instant::min);
        self.rests_until = Some(until.max(now + REST_MIN / 2));
        self.spared_until = Some(now + now.saturating_duration_since(began));
    }

    /// It took an order, or said that it never will: it is well.
    pub(crate) fn well(&mut self) {
        self.failures = 0;
        self.rests_until = None;
        for failed in self.failed.values_mut().filter(|failed| failed.in_doubt) {
            failed.in_doubt = false;
            failed.strikes = failed.strikes.saturating_add(1);
            let until = failed.at + rest_after(failed.strikes, failed.number);
            failed.until = until.min(failed.latest);
        }
    }

    /// What failed rests, and all behind it that tells of the same.
    pub(crate) fn put_to_rest(
        &mut self,
        subject: Subject,
        held: &Held,
        (now, latest): (Instant, Instant),
    ) {
        self.turns += 1;
        let failed = Failed {
            number: held.order.number,
            at: now,
            until: latest.min(now + rest_after(held.order.attempt, held.order.number)),
            latest,
            turn: self.turns,
            strikes: held.strikes,
            in_doubt: true,
        };
        self.failed.insert(subject, failed);
    }

    pub(crate) fn has_failed(&self, subject: &Subject) -> bool {
        self.failed.contains_key(subject)
    }

    /// No longer; gives its strikes.
    pub(crate) fn release(&mut self, subject: &Subject) -> u32 {
        let failed = self.failed.remove(subject);
        failed.map_or(0, |failed| failed.strikes)
    }

    /// What has its last try now, with its place among the failures.
    pub(crate) fn due(&self, now: Instant) -> impl Iterator<Item = (&Subject, u64)> {
        let due = self.failed.iter().filter(move |(_, it)| it.latest <= now);
        due.map(|(subject, failed)| (subject, failed.turn))
    }

    /// What has rested, with its place among the failures.
    pub(crate) fn rested(&self, now: Instant) -> impl Iterator<Item = (&Subject, u64)> {
        let rested = self.failed.iter().filter(move |(_, it)| it.until <= now);
        rested.map(|(subject, failed)| (subject, failed.turn))
    }
}

/// Doubles with each attempt, with up to a quarter more so that many targets do not come together.
fn rest_after(attempt: u32, number: u64) -> Duration {
    let doubled = REST_MIN.saturating_mul(
        1_u32
            .checked_shl(attempt.saturating_sub(1).min(10))
            .unwrap_or(u32::MAX),
    );
    let base = doubled.min(REST_MAX);
    // The order's number spreads the retries well enough; no randomness is needed.
    let jitter = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56;
    base + base.mul_f64(f64::from(u32::try_from(jitter).unwrap_or(0)) / 1_024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_grows_to_its_limit_and_differs_between_orders() {
        assert!(rest_after(1, 7) < rest_after(4, 7));
        assert!(rest_after(60, 7) <= REST_MAX.mul_f64(1.25));
        assert_ne!(rest_after(1, 1), rest_after(1, 2));
    }
}
