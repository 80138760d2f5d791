//! A journal cut anywhere in its last batch opens and goes on; one that is damaged before it is
//! refused and left as it is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cordon_journal::disk::RealDisk;
use cordon_journal::disk::sim::Dice;
use cordon_journal::probe::sample_batch;
use cordon_journal::{Hash, Journal, NewRecord, Options, Reader, Report, verify_on};

/// Where the first batch begins: behind the page of the segment's head.
const DATA: usize = 4096;
const CASES: u64 = 50;

fn options() -> Options {
    Options {
        segment_bytes: 256 * 1024,
        reserve_bytes: 4096,
        warn_free_bytes: 0,
        floor_free_bytes: 0,
        background: false,
        ..Options::new("torn")
    }
}

/// A closed journal of ten batches in one segment.
struct Written {
    bytes: Vec<u8>,
    /// Where the last batch begins and ends.
    last: std::ops::Range<usize>,
    records: Vec<NewRecord>,
    /// Number and chain of the record before the last batch.
    before: (u64, Hash),
}

fn segment(dir: &Path) -> PathBuf {
    dir.join("00000001.seg")
}

fn used(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1
}

fn written() -> Written {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(dir.path(), options()).unwrap();
    let mut records = Vec::new();
    for n in 0..9 {
        let batch = sample_batch(3, 700, n);
        journal.append_batch(&batch).unwrap();
        records.extend(batch);
    }
    let before = (journal.last(), journal.chain());
    let earlier = std::fs::read(segment(dir.path())).unwrap();
    journal.append_batch(&sample_batch(3, 700, 9)).unwrap();
    drop(journal);
    let bytes = std::fs::read(segment(dir.path())).unwrap();
    let mut both = bytes.iter().zip(&earlier);
    let begin = both.position(|(now, then)| now != then).unwrap();
    assert!(begin >= used(&earlier) && begin > DATA);
    Written {
        last: begin..used(&bytes),
        bytes,
        records,
        before,
    }
}

/// A folder that holds only this segment.
fn folder(bytes: &[u8]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    drop(Journal::open(dir.path(), options()).unwrap());
    std::fs::write(segment(dir.path()), bytes).unwrap();
    dir
}

fn holds(dir: &Path, records: &[NewRecord]) {
    let found = Reader::open(dir).unwrap().read_from(1).unwrap();
    let found: Vec<_> = found.map(Result::unwrap).collect();
    assert_eq!(found.len(), records.len());
    for (found, record) in found.iter().zip(records) {
        assert_eq!((&found.label, &found.body), (&record.label, &record.body));
    }
}

/// Verifies without waiting for a writer to finish: there is none.
fn look(dir: &Path) -> Report {
    verify_on(Arc::new(RealDisk), dir, &[], Duration::ZERO).unwrap()
}

#[test]
fn a_batch_torn_at_any_byte_is_cut_and_nothing_else() {
    let written = written();
    let mut dice = Dice::new(50);
    for case in 0..CASES {
        let room = u64::try_from(written.last.len()).unwrap();
        let at = written.last.start + usize::try_from(dice.below(room)).unwrap();
        let mut torn = written.bytes.clone();
        torn[at..].fill(0);
        let dir = folder(&torn);
        let begun = torn[written.last.clone()].iter().any(|byte| *byte != 0);
        let told = look(dir.path());
        assert!(told.is_clean() && told.torn_tail == begun, "{at}: {told:?}");

        let mut journal = Journal::open(dir.path(), options()).unwrap();
        assert_eq!(journal.opening().torn.is_some(), begun, "{at}");
        assert_eq!((journal.last(), journal.chain()), written.before, "{at}");
        holds(dir.path(), &written.records);
        let report = look(dir.path());
        assert!(report.is_clean() && !report.torn_tail, "{at}: {report:?}");

        // It goes on, also with a batch that is shorter than what was cut.
        let next = sample_batch(1 + usize::try_from(case % 4).unwrap(), 300, 100 + case);
        journal.append_batch(&next).unwrap();
        drop(journal);
        let all: Vec<_> = written.records.iter().chain(&next).cloned().collect();
        let journal = Journal::open(dir.path(), options()).unwrap();
        assert_eq!(journal.opening().torn, None, "{at}");
        holds(dir.path(), &all);
        assert!(look(dir.path()).is_clean(), "{at}");
    }
}

#[test]
fn a_byte_changed_before_the_last_batch_is_an_error_and_no_cut() {
    let written = written();
    let mut dice = Dice::new(51);
    for _ in 0..CASES {
        let room = u64::try_from(written.last.start - DATA).unwrap();
        let at = DATA + usize::try_from(dice.below(room)).unwrap();
        let mut damaged = written.bytes.clone();
        damaged[at] ^= 1 << dice.below(8);
        let dir = folder(&damaged);
        let report = look(dir.path());
        assert!(!report.is_clean(), "{at}: {report:?}");
        let fault = Journal::open(dir.path(), options()).err();
        let fault = fault.unwrap_or_else(|| panic!("{at} was not found"));
        assert_eq!(fault.code(), "J005", "{at}: {fault}");
        assert!(fault.place().starts_with("00000001.seg+"), "{fault}");
        let left = std::fs::read(segment(dir.path())).unwrap();
        assert!(left == damaged, "{at}: the evidence was touched");
    }
}

/// A power cut leaves zeros or old bytes, never a shorter file: segments are written at full size and
/// synced before their first batch. So a shorter one was cut by somebody, and that is no torn tail.
#[test]
fn a_segment_file_that_became_shorter_is_refused() {
    let written = written();
    for at in [written.last.start, written.last.end] {
        let dir = folder(&written.bytes[..at]);
        assert_eq!(look(dir.path()).problems[0].code, "J061");
        let fault = Journal::open(dir.path(), options()).err().unwrap();
        assert_eq!(fault.code(), "J061", "{fault}");
        assert_eq!(std::fs::read(segment(dir.path())).unwrap().len(), at);
    }
}

/// A few bytes less at its empty end, and the head was called damaged, with no way out.
#[test]
fn a_file_that_lost_its_empty_end_alone_is_made_whole() {
    let made = written();
    let whole = made.bytes.len();
    let mut all = made.records.clone();
    all.extend(sample_batch(3, 700, 9));
    for left in [whole - 1, whole - 192, whole - 4096, made.last.end + 512] {
        let dir = folder(&made.bytes[..left]);
        let told = look(dir.path());
        assert_eq!(told.problems[0].code, "J061", "{left}");
        let mut journal = Journal::open(dir.path(), options()).unwrap();
        holds(dir.path(), &all);
        journal.append_batch(&sample_batch(3, 700, 10)).unwrap();
        drop(journal);
        let bytes = std::fs::read(segment(dir.path())).unwrap();
        assert_eq!(bytes.len(), whole);
        let told = look(dir.path());
        assert!(told.problems.is_empty(), "{:?}", told.problems);
    }
}

#[test]
fn a_file_that_was_cut_within_its_last_batch_is_given_up_by_name_alone() {
    let made = written();
    // In its head, in its middle, before its last byte, and at its end, behind which another may have stood.
    let places = [20, 700, made.last.len() - 1, made.last.len()];
    for place in places {
        let left = &made.bytes[..made.last.start + place];
        let dir = folder(left);
        let refused = Journal::open(dir.path(), options()).err().unwrap();
        assert_eq!(refused.code(), "J061", "{place}: {refused}");
        assert_eq!(std::fs::read(segment(dir.path())).unwrap(), left);
        let by_name = Options {
            gives_up_changed: true,
            ..options()
        };
        let mut journal = Journal::open(dir.path(), by_name).unwrap();
        let kept = if place == made.last.len() { 3 } else { 0 };
        assert_eq!(journal.last(), made.before.0 + kept, "{place}");
        journal.append_batch(&sample_batch(3, 700, 11)).unwrap();
        drop(journal);
        let told = look(dir.path());
        assert!(told.problems.is_empty(), "{:?}", told.problems);
    }
}
