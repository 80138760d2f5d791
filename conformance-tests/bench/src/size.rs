//! How much is measured.

use std::time::Duration;

/// Counts and times of a run.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Rounds of a comparison; each gives one ratio, the median is reported.
    pub rounds: usize,
    /// Signed messages of one round.
    pub letters: usize,
    /// Longest time of one load step.
    pub window: Duration,
    /// Writes and syncs of the raw disk in one go.
    pub syncs: u32,
    /// Batches appended to the bare journal in one round.
    pub batches: u32,
    /// Sensor samples offered per second beside the gate decisions.
    pub samples: usize,
    /// Grants of a large park.
    pub grants: usize,
    /// Messages in a long journal.
    pub entries: usize,
    /// Messages that wait at the broker.
    pub backlog: usize,
}

impl Size {
    /// What `docs/benchmarks.md` is written from; under four minutes.
    pub const FULL: Self = Self {
        rounds: 11,
        letters: 1_000,
        window: Duration::from_secs(8),
        syncs: 200,
        batches: 100,
        samples: 10_000,
        grants: 200_000,
        entries: 100_000,
        backlog: 50_000,
    };
    /// A look; under forty seconds.
    pub const QUICK: Self = Self {
        rounds: 5,
        letters: 250,
        window: Duration::from_millis(1_500),
        syncs: 50,
        batches: 30,
        samples: 10_000,
        grants: 50_000,
        entries: 20_000,
        backlog: 10_000,
    };
    /// Only proves that every figure is computed.
    pub const TINY: Self = Self {
        rounds: 2,
        letters: 8,
        window: Duration::from_millis(400),
        syncs: 4,
        batches: 3,
        samples: 200,
        grants: 600,
        entries: 300,
        backlog: 300,
    };
}
