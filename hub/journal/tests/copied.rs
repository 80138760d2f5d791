//! A copy of a journal that is written, packed and archived meanwhile.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

mod segments;

use std::sync::atomic::{AtomicBool, Ordering};

use cordon_journal::{Journal, Packer, copy};
use segments::{all, batch_at, options, pack_all, written};

#[test]
fn a_copy_holds_what_was_durable_when_it_began_whatever_is_written_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(dir.path(), options()).unwrap();
    let mut packer = journal.packer();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut n = 0;
            while !done.load(Ordering::Relaxed) && n < 4_000 {
                journal.append_batch(&batch_at(n, n as u64)).unwrap();
                n += 1;
                if n % 40 == 0 {
                    while packer.pack_next(i64::MAX).unwrap().is_some() {}
                }
            }
        });
        for round in 0..6 {
            let to = tempfile::tempdir().unwrap();
            let known = last(dir.path());
            let report = copy(dir.path(), to.path().join("journal")).unwrap();
            assert!(
                report.is_clean() && report.last >= known,
                "{round}: {report:?}"
            );
            let copied = all(&to.path().join("journal"));
            let opened = Journal::open(to.path().join("journal"), options()).unwrap();
            assert_eq!(opened.last(), copied.len() as u64);
        }
        done.store(true, Ordering::Relaxed);
    });
}

/// The last record that is written, as a reader sees it.
fn last(dir: &std::path::Path) -> u64 {
    let reader = cordon_journal::Reader::open(dir);
    reader
        .and_then(|it| it.position())
        .map_or(0, |(last, _)| last)
}

#[test]
fn what_is_packed_and_trimmed_is_copied_as_it_is() {
    let (dir, records) = written(6);
    pack_all(&mut Packer::alone(dir.path()).unwrap());
    let mut journal = Journal::open(dir.path(), options()).unwrap();
    let half = records.len() as u64 / 2;
    assert!(journal.trim(half).unwrap() > 0);
    drop(journal);
    let to = tempfile::tempdir().unwrap();
    let report = copy(dir.path(), to.path()).unwrap();
    assert!(report.is_clean() && report.first > 1, "{report:?}");
    assert_eq!(all(to.path()), all(dir.path()));
}

#[test]
fn a_journal_without_a_record_is_copied() {
    let dir = tempfile::tempdir().unwrap();
    drop(Journal::open(dir.path(), options()).unwrap());
    let to = tempfile::tempdir().unwrap();
    let report = copy(dir.path(), to.path()).unwrap();
    assert!(report.is_clean() && report.last == 0, "{report:?}");
}

#[test]
fn a_damaged_journal_is_copied_and_said_to_be_damaged() {
    let (dir, _) = written(4);
    let path = dir.path().join("00000002.seg");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[50_000] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let to = tempfile::tempdir().unwrap();
    let report = copy(dir.path(), to.path()).unwrap();
    assert!(!report.is_clean(), "{report:?}");
    assert_eq!(
        std::fs::read(to.path().join("00000002.seg")).unwrap(),
        bytes
    );
}
