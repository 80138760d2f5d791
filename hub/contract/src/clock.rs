//! Time as a trait, so that certificates, time-outs and curfews can be tested.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use cordon_model::Timestamp;

/// Where a room gets its time from.
pub trait Clock: Send + Sync + 'static {
    /// The wall-clock time now.
    fn now(&self) -> Timestamp;

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
    /// By how much the last time, microseconds.
    pub step_micros: i64,
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
}

impl ManualClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        Self {
            micros: Arc::new(AtomicI64::new(start.micros())),
        }
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
}
