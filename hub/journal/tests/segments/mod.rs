//! Journals of several small segments, for those that pack and move them.
#![allow(dead_code, reason = "each test uses some")]

use std::path::Path;

use cordon_journal::disk::{Disk, RealDisk};
use cordon_journal::probe::sample_batch;
use cordon_journal::{Journal, NewRecord, Options, Packed, Packer, Reader, Record};

pub const BYTES: u64 = 512 * 1024;

pub fn options() -> Options {
    Options {
        segment_bytes: BYTES,
        reserve_bytes: 4096,
        warn_free_bytes: 0,
        floor_free_bytes: 0,
        background: false,
        ..Options::new("packed")
    }
}

/// A batch of records written at this time.
pub fn batch_at(micros: i64, seed: u64) -> Vec<NewRecord> {
    let mut batch = sample_batch(4, 8_000, seed);
    for record in &mut batch {
        record.time_micros = micros;
    }
    batch
}

/// Writes until so many segments were begun; the batch with the number n has the time n.
pub fn fill(journal: &mut Journal, dir: &Path, disk: &dyn Disk, segments: u64) {
    let mut n = i64::try_from(journal.last()).unwrap() / 4;
    while !begun(disk, dir, segments) {
        journal.append_batch(&batch_at(n, n as u64)).unwrap();
        n += 1;
    }
}

pub fn begun(disk: &dyn Disk, dir: &Path, number: u64) -> bool {
    let Ok(file) = disk.open(&dir.join(format!("{number:08}.seg")), false) else {
        return false;
    };
    let mut magic = [0; 4];
    file.read_at(&mut magic, 4096).unwrap();
    magic == *b"CJB1"
}

pub fn written(segments: u64) -> (tempfile::TempDir, Vec<Record>) {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(dir.path(), options()).unwrap();
    fill(&mut journal, dir.path(), &RealDisk, segments);
    drop(journal);
    let records = all(dir.path());
    (dir, records)
}

pub fn all(dir: &Path) -> Vec<Record> {
    let reader = Reader::open(dir).unwrap();
    reader.read_from(0).unwrap().map(Result::unwrap).collect()
}

pub fn pack_all(packer: &mut Packer) -> Vec<Packed> {
    std::iter::from_fn(|| packer.pack_next(i64::MAX).unwrap()).collect()
}

pub fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "lock")
        .collect();
    names.sort();
    names
}
