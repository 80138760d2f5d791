//! Expired bodies: what stays of them, who reads around them, and what a power cut leaves.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

mod segments;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cordon_journal::disk::sim::SimDisk;
use cordon_journal::disk::{Disk, RealDisk};
use cordon_journal::{
    Archiver, Forgetter, Forgetting, Journal, JournalFault, Packer, Reader, Record, Tiered, chain,
    verify, verify_on,
};
use segments::{all, batch_at, fill, names, options, pack_all, written};

/// Forgets every second body; what it was shown.
#[derive(Default)]
struct EverySecond {
    seen: BTreeSet<u64>,
}

impl Forgetting for EverySecond {
    fn look(&mut self, record: &Record) {
        self.seen.insert(record.number);
    }

    fn forgets(&self, record: &Record) -> bool {
        assert!(self.seen.contains(&record.number), "it is shown before");
        record.number.is_multiple_of(2)
    }
}

fn forget(dir: &Path, archive: Option<&Path>, number: u64) -> u64 {
    let mut forgetter = Forgetter::alone(dir, archive).unwrap();
    let mut rule = EverySecond::default();
    let gone = forgetter.forget(number, &mut rule).unwrap();
    gone.map_or(0, |gone| gone.bodies)
}

/// What a record is without the body that it may have lost.
fn head(record: &Record) -> Record {
    let whole = record.to_new();
    let without = whole.without_body().unwrap_or(whole);
    Record {
        body: without.body,
        form: without.form,
        ..record.clone()
    }
}

/// The records after segment 2 lost every second body: all else is as it was.
fn assert_forgotten(before: &[Record], after: &[Record], of: std::ops::RangeInclusive<u64>) {
    assert_eq!(before.len(), after.len());
    for (was, is) in before.iter().zip(after) {
        let is_gone = of.contains(&is.number) && is.number % 2 == 0;
        assert_eq!(is.is_expired(), is_gone, "{}", is.number);
        match is_gone {
            true => assert_eq!(*is, head(was)),
            false => assert_eq!(is, was),
        }
        let leaf = |record: &Record| chain::leaf(record.number, &record.to_new()).unwrap();
        assert_eq!(leaf(is), leaf(was));
    }
}

#[test]
fn bodies_that_expire_leave_number_digest_and_chain_and_the_writer_goes_on() {
    let (dir, before) = written(6);
    let packed = pack_all(&mut Packer::alone(dir.path()).unwrap());
    let second = &packed[1];
    let (from, to) = (second.first, second.last);
    // One that looked before remembers where batches stood.
    let reader = Reader::open(dir.path()).unwrap();
    for record in before.iter().step_by(3) {
        assert_eq!(reader.get(record.number).unwrap().as_ref(), Some(record));
    }
    let follow = reader.read_from(from).unwrap();
    let size = |number: u64| {
        let path = dir.path().join(format!("{number:08}.segz"));
        std::fs::metadata(path).unwrap().len()
    };
    let whole = size(2);
    let gone = forget(dir.path(), None, 2);
    assert_eq!(
        gone,
        (from..=to).filter(|number| number % 2 == 0).count() as u64
    );
    assert!(size(2) < whole);
    assert_eq!(forget(dir.path(), None, 2), 0, "nothing is left to go");
    assert_forgotten(&before, &all(dir.path()), from..=to);
    let after = all(dir.path());
    for record in after.iter().step_by(3) {
        assert_eq!(reader.get(record.number).unwrap().as_ref(), Some(record));
    }
    // Who began to read before reads what was there then, or what is there now.
    assert_eq!(
        follow.map(Result::unwrap).count() as u64,
        before.len() as u64 + 1 - from
    );
    let report = verify(dir.path()).unwrap();
    assert!(report.is_clean() && report.sealed == 5, "{report:?}");
    let mut journal = Journal::open(dir.path(), options()).unwrap();
    assert_eq!(journal.last(), before.len() as u64);
    journal.append_batch(&batch_at(9_999, 1)).unwrap();
    drop(journal);
    assert!(verify(dir.path()).unwrap().is_clean());
}

#[test]
fn a_body_that_is_put_back_changed_or_taken_without_its_digest_is_found() {
    let (dir, before) = written(4);
    pack_all(&mut Packer::alone(dir.path()).unwrap());
    forget(dir.path(), None, 1);
    let gone = all(dir.path())[1].to_new();
    let leaf = |record: &cordon_journal::NewRecord| chain::leaf(2, record).unwrap();
    assert_eq!(leaf(&gone), leaf(&before[1].to_new()));
    let other = cordon_journal::NewRecord {
        body: bytes::Bytes::from_static(b"another"),
        ..before[1].to_new()
    };
    assert_ne!(leaf(&other.without_body().unwrap()), leaf(&gone));
}

#[test]
fn what_lies_in_the_archive_expires_there() {
    let (dir, before) = written(6);
    let archive = tempfile::tempdir().unwrap();
    let packed = pack_all(&mut Packer::alone(dir.path()).unwrap());
    let mut archiver = Archiver::alone(dir.path(), archive.path()).unwrap();
    for _ in 0..2 {
        archiver.archive_next(i64::MAX).unwrap().unwrap();
    }
    drop(archiver);
    let forgetter = Forgetter::alone(dir.path(), Some(archive.path())).unwrap();
    let segments = forgetter.segments(0).unwrap();
    assert_eq!(segments[..4], [1, 2, 3, 4]);
    let packed_ones = segments
        .iter()
        .filter(|number| forgetter.is_packed(**number));
    assert_eq!(packed_ones.count(), packed.len());
    let aged = forgetter.aged(2).unwrap().unwrap();
    assert_eq!(aged.last, packed[1].last);
    let behind = before[usize::try_from(aged.last).unwrap()].time_micros;
    assert_eq!(
        aged.before, behind,
        "the first of the next was written then"
    );
    drop(forgetter);
    assert!(forget(dir.path(), Some(archive.path()), 2) > 0);
    let both: Arc<dyn Disk> = Arc::new(Tiered::new(Arc::new(RealDisk), dir.path(), archive.path()));
    let reader = Reader::open_on(Arc::clone(&both), dir.path()).unwrap();
    let after: Vec<Record> = reader.read_from(1).unwrap().map(Result::unwrap).collect();
    assert_forgotten(&before, &after, packed[1].first..=packed[1].last);
    assert!(
        verify_on(both, dir.path(), &[], Duration::ZERO)
            .unwrap()
            .is_clean()
    );
    // It comes back as it lies there.
    let mut archiver = Archiver::alone(dir.path(), archive.path()).unwrap();
    while archiver.restore_next().unwrap().is_some() {}
    drop(archiver);
    assert_eq!(all(dir.path()), after);
    assert!(verify(dir.path()).unwrap().is_clean());
}

/// A crash after a copy and before the removal left the segment in both; then its bodies expired here.
#[test]
fn a_copy_in_the_archive_that_has_more_gives_way_to_the_one_that_has_less() {
    let (dir, _) = written(6);
    let archive = tempfile::tempdir().unwrap();
    pack_all(&mut Packer::alone(dir.path()).unwrap());
    let name = "00000001.segz";
    std::fs::copy(dir.path().join(name), archive.path().join(name)).unwrap();
    assert!(forget(dir.path(), Some(archive.path()), 1) > 0);
    let left = std::fs::read(dir.path().join(name)).unwrap();
    let mut archiver = Archiver::alone(dir.path(), archive.path()).unwrap();
    assert_eq!(archiver.archive_next(i64::MAX).unwrap().unwrap().number, 1);
    assert_eq!(std::fs::read(archive.path().join(name)).unwrap(), left);
}

#[test]
fn whole_segments_go_oldest_first_and_the_journal_says_with_which_it_begins() {
    let (dir, before) = written(6);
    let archive = tempfile::tempdir().unwrap();
    let packed = pack_all(&mut Packer::alone(dir.path()).unwrap());
    let mut archiver = Archiver::alone(dir.path(), archive.path()).unwrap();
    archiver.archive_next(i64::MAX).unwrap().unwrap();
    drop(archiver);
    let mut forgetter = Forgetter::alone(dir.path(), Some(archive.path())).unwrap();
    let all_below = u64::MAX;
    let stays = |fault: JournalFault| fault.to_string();
    let why = forgetter.remove_oldest(2, all_below).map_err(stays);
    assert!(why.unwrap_err().contains("not the oldest"), "1 is older");
    let why = forgetter.remove_oldest(1, packed[0].last).map_err(stays);
    assert!(why.unwrap_err().contains("later entries"));
    let gone = forgetter.remove_oldest(1, all_below).unwrap();
    assert_eq!((gone.first, gone.last), (1, packed[0].last));
    assert_eq!(names(archive.path()), [""; 0]);
    forgetter.remove_oldest(2, all_below).unwrap();
    drop(forgetter);
    assert!(!names(dir.path()).contains(&"00000002.segz".to_owned()));
    let left = all(dir.path());
    assert_eq!(left, before[usize::try_from(packed[1].last).unwrap()..]);
    let report = verify(dir.path()).unwrap();
    assert!(report.is_clean(), "{report:?}");
    Journal::open(dir.path(), options()).unwrap();
}

/// At whatever step the power fails, the segment has all its bodies, or what is left of them.
#[test]
fn a_power_cut_leaves_a_segment_before_or_after() {
    let folder = Path::new("/journal");
    let mut outcomes = BTreeSet::new();
    for step in 1.. {
        let disk = SimDisk::new(step);
        disk.make_dir(folder).unwrap();
        disk.set_free(1 << 30);
        let records = || -> Vec<Record> {
            let reader = Reader::open_on(Arc::new(disk.clone()), folder).unwrap();
            reader.read_from(0).unwrap().map(Result::unwrap).collect()
        };
        let mut journal = Journal::open_on(Arc::new(disk.clone()), folder, options()).unwrap();
        fill(&mut journal, folder, &disk, 4);
        let packed = pack_all(&mut journal.packer());
        let (before, first) = (records(), &packed[0]);
        disk.cut_at(step);
        let forgot = journal
            .forgetter(None)
            .forget(1, &mut EverySecond::default());
        let is_cut = disk.is_off();
        assert_eq!(forgot.is_err(), is_cut, "{step}: {forgot:?}");
        drop(journal);
        disk.power_cycle();
        let after = records();
        let is_less = after.iter().any(Record::is_expired);
        match is_less {
            true => assert_forgotten(&before, &after, 1..=first.last),
            false => assert_eq!(after, before),
        }
        outcomes.insert((is_cut, is_less));
        let disk: Arc<dyn Disk> = Arc::new(disk.clone());
        let report = verify_on(Arc::clone(&disk), folder, &[], Duration::ZERO).unwrap();
        assert!(report.is_clean(), "{step}: {report:?}");
        Journal::open_on(disk, folder, options()).unwrap();
        if !is_cut {
            break;
        }
    }
    assert!(outcomes.contains(&(true, false)) && outcomes.contains(&(false, true)));
}
