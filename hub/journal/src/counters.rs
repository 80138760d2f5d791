//! What the writer did, counted: the exact figures benchmarks and `/metrics` show.

use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub batches: AtomicU64,
    pub records: AtomicU64,
    pub payload_bytes: AtomicU64,
    pub file_bytes: AtomicU64,
    pub batch_syncs: AtomicU64,
    pub other_syncs: AtomicU64,
    pub rotations: AtomicU64,
    pub waits: AtomicU64,
}

impl Tally {
    pub(crate) fn add(counter: &AtomicU64, amount: u64) {
        counter.fetch_add(amount, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Counters {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            batches: get(&self.batches),
            records: get(&self.records),
            payload_bytes: get(&self.payload_bytes),
            file_bytes: get(&self.file_bytes),
            batch_syncs: get(&self.batch_syncs),
            other_syncs: get(&self.other_syncs),
            rotations: get(&self.rotations),
            waits: get(&self.waits),
        }
    }
}

/// Counts since the journal was opened.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counters {
    /// Batches made durable.
    pub batches: u64,
    /// Records made durable.
    pub records: u64,
    /// Bytes callers handed over ([`crate::NewRecord::payload_bytes`]).
    pub payload_bytes: u64,
    /// Bytes written to files: batches, heads, seals, repairs.
    pub file_bytes: u64,
    /// Syncs a batch waited for.
    pub batch_syncs: u64,
    /// Syncs of files and folders off the hot path (preparing, sealing, opening).
    pub other_syncs: u64,
    /// Changes to a new segment.
    pub rotations: u64,
    /// Changes that had to wait because the next segment was not ready yet.
    pub waits: u64,
}

impl Counters {
    /// What was added since an earlier reading.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            batches: self.batches - before.batches,
            records: self.records - before.records,
            payload_bytes: self.payload_bytes - before.payload_bytes,
            file_bytes: self.file_bytes - before.file_bytes,
            batch_syncs: self.batch_syncs - before.batch_syncs,
            other_syncs: self.other_syncs - before.other_syncs,
            rotations: self.rotations - before.rotations,
            waits: self.waits - before.waits,
        }
    }

    /// All syncs per batch.
    pub fn syncs_per_batch(&self) -> f64 {
        (self.batch_syncs + self.other_syncs) as f64 / self.batches.max(1) as f64
    }

    /// File bytes written per payload byte.
    pub fn bytes_per_payload_byte(&self) -> f64 {
        self.file_bytes as f64 / self.payload_bytes.max(1) as f64
    }
}
