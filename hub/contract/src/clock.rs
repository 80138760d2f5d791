//! Time as a trait, so that certificates, time-outs and curfews can be tested.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use cordon_model::Timestamp;

/// Where a room gets its time from.
pub trait Clock: Send + Sync + 'static {
    /// The wall-clock time now.
    fn now(&self) -> Timestamp;

    /// The same without the steps by which it was set since the program started: it goes on by what elapses, and
    /// nothing sets it. Deadlines of orders are on this scale.
    fn steady(&self) -> Timestamp {
        self.times().1
    }

    /// [`Clock::now`] and [`Clock::steady`] of one instant.
    fn times(&self) -> (Timestamp, Timestamp) {
        let now = self.now();
        (now, self.standing().without_steps(now))
    }

    /// How the machine's wall clock stands to it. A clock that follows it blindly says: it agrees.
    fn standing(&self) -> ClockStanding {
        ClockStanding::default()
    }
}

/// How the machine's wall clock stands to the clock that is used.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ClockStanding {
    /// Wall clock minus the time that is used, microseconds.
    pub offset_micros: i64,
    /// The wall clock is so far away that it is not followed.
    pub is_off: bool,
    /// How often the time that is used was set by a step since the start.
    pub steps: u64,
    /// By how much in all of them together, microseconds.
    pub stepped_micros: i64,
}

impl ClockStanding {
    /// What would be shown without the steps.
    pub fn without_steps(&self, now: Timestamp) -> Timestamp {
        Timestamp::from_micros(now.micros().saturating_sub(self.stepped_micros))
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands still until a test moves it. Clones share the same hand.
#[derive(Clone, Debug)]
pub struct ManualClock {
    micros: Arc<AtomicI64>,
    stepped: Arc<AtomicI64>,
}

impl ManualClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        Self {
            micros: Arc::new(AtomicI64::new(start.micros())),
            stepped: Arc::default(),
        }
    }

    /// Sets the clock by a step: what it shows jumps, and no time passes.
    pub fn step_ms(&self, ms: i64) {
        let micros = ms.saturating_mul(1_000);
        self.stepped.fetch_add(micros, Ordering::SeqCst);
        self.micros.fetch_add(micros, Ordering::SeqCst);
    }

    /// Moves the hand forward (or back) by this many milliseconds.
    pub fn advance_ms(&self, ms: i64) {
        self.micros
            .fetch_add(ms.saturating_mul(1_000), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros.load(Ordering::SeqCst))
    }

    fn standing(&self) -> ClockStanding {
        let stepped_micros = self.stepped.load(Ordering::SeqCst);
        ClockStanding {
            steps: u64::from(stepped_micros != 0),
            stepped_micros,
            ..ClockStanding::default()
        }
    }
}
