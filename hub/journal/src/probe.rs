//! Measuring the raw disk and the journal in one run, so that benchmarks speak in ratios: on a busy
//! machine absolute rates say nothing.

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::counters::Counters;
use crate::disk::sim::Dice;
use crate::disk::{Disk, RealDisk};
use crate::fault::{JournalFault, Result};
use crate::journal::Journal;
use crate::record::NewRecord;

/// Rate and latency of a series of equal steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Steps made.
    pub count: u64,
    /// Time of them all.
    pub elapsed: Duration,
    /// Median step.
    pub p50: Duration,
    /// 99th percentile step.
    pub p99: Duration,
}

impl Rate {
    fn of(mut steps: Vec<Duration>) -> Self {
        steps.sort_unstable();
        let at = |share: usize| {
            let index = (steps.len() * share / 100).min(steps.len().saturating_sub(1));
            steps.get(index).copied().unwrap_or_default()
        };
        Self {
            count: steps.len() as u64,
            elapsed: steps.iter().sum(),
            p50: at(50),
            p99: at(99),
        }
    }

    /// Steps per second.
    pub fn per_second(&self) -> f64 {
        self.count as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }
}

/// The raw bound: `count` times write `bytes` and `fdatasync`, one after the other through a
/// preallocated file in `dir`, removed afterwards.
pub fn raw_sync_rate(dir: impl AsRef<Path>, bytes: usize, count: u32) -> Result<Rate> {
    let dir = dir.as_ref();
    let path = dir.join("probe.tmp");
    let fault = |error| JournalFault::io(&path, "probing", &error);
    let size = (bytes as u64)
        .saturating_mul(u64::from(count))
        .clamp(1 << 20, 256 << 20);
    RealDisk.make_dir(dir).map_err(fault)?;
    let file = RealDisk.create(&path, size).map_err(fault)?;
    file.sync().map_err(fault)?;
    let block = noise(bytes, 1);
    let mut steps = Vec::with_capacity(count as usize);
    let mut at = 0;
    for _ in 0..count {
        if at + bytes as u64 > size {
            at = 0;
        }
        let begun = Instant::now();
        file.write_at(&block, at)
            .and_then(|()| file.sync())
            .map_err(fault)?;
        steps.push(begun.elapsed());
        at += bytes as u64;
    }
    RealDisk.remove(&path).map_err(fault)?;
    Ok(Rate::of(steps))
}

/// Records like the hub's, with bodies of `body_bytes`.
pub fn sample_batch(records: usize, body_bytes: usize, seed: u64) -> Vec<NewRecord> {
    let record = |n: usize| {
        let mut dice = Dice::new(seed.wrapping_mul(1_000_003).wrapping_add(n as u64));
        let mut message_id = [0; 16];
        for (to, from) in message_id
            .iter_mut()
            .zip(dice.roll().to_le_bytes().iter().cycle())
        {
            *to = *from;
        }
        NewRecord {
            time_micros: 1_700_000_000_000_000 + n as i64,
            kind: 1,
            message_id,
            sender: "enterprise-1".into(),
            label: "PassageRecord".into(),
            digest: [dice.roll() as u8 | 1; 32],
            body: Bytes::from(noise(body_bytes, dice.roll())),
            ..NewRecord::default()
        }
    };
    (0..records).map(record).collect()
}

fn noise(bytes: usize, seed: u64) -> Vec<u8> {
    let mut dice = Dice::new(seed);
    let mut out = Vec::with_capacity(bytes + 8);
    while out.len() < bytes {
        out.extend_from_slice(&dice.roll().to_le_bytes());
    }
    out.truncate(bytes);
    out
}

/// What appending came to.
#[derive(Clone, Copy, Debug)]
pub struct AppendRate {
    /// One step is one batch.
    pub batches: Rate,
    /// Records appended.
    pub records: u64,
    /// The journal's own counts over exactly these batches.
    pub counters: Counters,
}

/// Appends `batches` batches and times each.
pub fn append_rate(
    journal: &mut Journal,
    batches: u32,
    records: usize,
    body_bytes: usize,
) -> Result<AppendRate> {
    let batch = sample_batch(records, body_bytes, 7);
    let before = journal.counters();
    let mut steps = Vec::with_capacity(batches as usize);
    for _ in 0..batches {
        let begun = Instant::now();
        journal.append_batch(&batch)?;
        steps.push(begun.elapsed());
    }
    let after = journal.counters();
    Ok(AppendRate {
        batches: Rate::of(steps),
        records: after.records - before.records,
        counters: after.since(&before),
    })
}
