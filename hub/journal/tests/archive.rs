//! Segments in the archive: read from there, brought back, and what is refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

mod segments;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cordon_journal::disk::sim::SimDisk;
use cordon_journal::disk::{Disk, RealDisk};
use cordon_journal::{
    Archiver, Journal, Moved, Options, Packer, Reader, Record, Report, Tiered, verify, verify_on,
};
use segments::{all, batch_at, fill, names, options, pack_all, written};

/// A journal of six segments of which four are packed, its records, and an empty archive.
fn packed() -> (tempfile::TempDir, Vec<Record>, tempfile::TempDir) {
    let (dir, records) = written(6);
    pack_all(&mut Packer::alone(dir.path()).unwrap());
    (dir, records, tempfile::tempdir().unwrap())
}

fn archive_all(dir: &Path, archive: &Path) -> Vec<Moved> {
    let mut archiver = Archiver::alone(dir, archive).unwrap();
    std::iter::from_fn(|| archiver.archive_next(i64::MAX).unwrap()).collect()
}

fn tiered(dir: &Path, archive: &Path) -> Arc<dyn Disk> {
    Arc::new(Tiered::new(Arc::new(RealDisk), dir, archive))
}

fn both(dir: &Path, archive: &Path) -> Vec<Record> {
    let reader = Reader::open_on(tiered(dir, archive), dir).unwrap();
    reader.read_from(1).unwrap().map(Result::unwrap).collect()
}

fn verify_both(dir: &Path, archive: &Path) -> Report {
    verify_on(tiered(dir, archive), dir, &[], Duration::ZERO).unwrap()
}

/// Who was reading when a segment was moved was told that it is not kept any more.
#[test]
fn what_is_moved_under_a_reader_is_read_on_from_the_archive() {
    let (dir, records, archive) = packed();
    let reader = Reader::open(dir.path()).unwrap();
    let alone = reader.clone();
    let reader = reader.with_archive(Some(archive.path()));
    let mut reading = reader.read_from(1).unwrap();
    let mut read = reading.next_batch().unwrap().unwrap();
    let mut reading_alone = alone.read_from(1).unwrap();
    reading_alone.next_batch().unwrap().unwrap();
    archive_all(dir.path(), archive.path());
    while let Some(batch) = reading.next_batch().unwrap() {
        read.extend(batch);
    }
    assert_eq!(read, records);
    let mut rest = std::iter::from_fn(|| reading_alone.next_batch().transpose());
    let fault = rest.find_map(Result::err).unwrap();
    assert_eq!(fault.code(), "J014", "without the archive it is gone");
}

#[test]
fn what_was_archived_is_read_from_there_and_the_journal_goes_on_without_it() {
    let (dir, records, archive) = packed();
    let moved = archive_all(dir.path(), archive.path());
    assert_eq!(
        moved.iter().map(|it| it.number).collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
    assert_eq!(
        names(dir.path()),
        ["00000005.seg", "00000006.seg", "trimmed"]
    );
    assert_eq!(names(archive.path()).len(), 4);
    assert_eq!(both(dir.path(), archive.path()), records);
    let report = verify_both(dir.path(), archive.path());
    assert!(
        report.is_clean() && report.records == records.len() as u64,
        "{report:?}"
    );

    // Alone it is a journal that was trimmed.
    let kept = &records[moved[3].last as usize..];
    assert_eq!(all(dir.path()), kept);
    let report = verify(dir.path()).unwrap();
    assert!(
        report.is_clean() && report.first == kept[0].number,
        "{report:?}"
    );
    let reader = Reader::open(dir.path()).unwrap();
    assert_eq!(reader.get(1).unwrap_err().code(), "J014");
    let mut journal = Journal::open(dir.path(), options()).unwrap();
    journal.append_batch(&batch_at(9, 9)).unwrap();
    drop(journal);
    assert_eq!(both(dir.path(), archive.path()).len(), records.len() + 4);
}

#[test]
fn only_what_is_packed_and_old_is_archived() {
    let (dir, records, archive) = packed();
    let mut archiver = Archiver::alone(dir.path(), archive.path()).unwrap();
    assert_eq!(archiver.archive_next(-1).unwrap(), None);
    let newest = records.last().unwrap().time_micros;
    let first = archiver.archive_next(newest).unwrap().unwrap();
    let begin_of_second = records[first.last as usize].time_micros;
    assert_eq!(archiver.archive_next(begin_of_second).unwrap(), None);
    while archiver.archive_next(newest).unwrap().is_some() {}
    assert!(dir.path().join("00000005.seg").exists(), "it is not packed");
}

#[test]
fn what_is_brought_back_is_there_again_and_stays_in_the_archive() {
    let (dir, records, archive) = packed();
    archive_all(dir.path(), archive.path());
    let mut archiver = Archiver::alone(dir.path(), archive.path()).unwrap();
    let back: Vec<u64> =
        std::iter::from_fn(|| archiver.restore_next().unwrap().map(|it| it.number)).collect();
    assert_eq!(back, [4, 3, 2, 1]);
    drop(archiver);
    assert_eq!(all(dir.path()), records);
    assert_eq!(names(archive.path()).len(), 4);
    let report = verify(dir.path()).unwrap();
    assert!(report.is_clean() && report.first == 1, "{report:?}");
    drop(Journal::open(dir.path(), options()).unwrap());
    // And once more: what is there already is not copied.
    assert_eq!(archive_all(dir.path(), archive.path()).len(), 4);
    assert_eq!(both(dir.path(), archive.path()), records);
}

#[test]
fn an_archive_that_lacks_one_that_is_anothers_or_damaged_is_told() {
    let (dir, _, archive) = packed();
    archive_all(dir.path(), archive.path());
    let path = archive.path().join("00000004.segz");
    let whole = std::fs::read(&path).unwrap();
    let restore = || {
        let mut archiver = Archiver::alone(dir.path(), archive.path()).unwrap();
        archiver.restore_next().map(|_| ()).unwrap_err()
    };

    std::fs::remove_file(&path).unwrap();
    assert_eq!(restore().code(), "J004");
    let report = verify_both(dir.path(), archive.path());
    assert!(
        report.problems.iter().any(|it| it.code == "J004"),
        "{report:?}"
    );

    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(restore().code(), "J061");
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    std::fs::write(&path, damaged).unwrap();
    assert_eq!(restore().code(), "J007");
    assert!(!verify_both(dir.path(), archive.path()).is_clean());

    let (other, ..) = packed_of("other");
    std::fs::copy(other.path().join("00000004.segz"), &path).unwrap();
    assert_eq!(restore().code(), "J009");
    // Of this journal's name, and another one's content.
    let (other, ..) = packed_of("packed");
    std::fs::copy(other.path().join("00000004.segz"), &path).unwrap();
    assert_eq!(restore().code(), "J006");
    std::fs::write(&path, whole).unwrap();
    let mut archiver = Archiver::alone(dir.path(), archive.path()).unwrap();
    assert_eq!(archiver.restore_next().unwrap().unwrap().number, 4);
    assert!(!names(dir.path()).iter().any(|name| name.ends_with("tmp")));
}

/// As `packed`, of another identity or another history.
fn packed_of(identity: &str) -> (tempfile::TempDir, u64) {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        identity: identity.to_owned(),
        ..options()
    };
    let mut journal = Journal::open(dir.path(), options).unwrap();
    journal.append_batch(&batch_at(-7, 77)).unwrap();
    fill(&mut journal, dir.path(), &RealDisk, 6);
    let last = journal.last();
    drop(journal);
    pack_all(&mut Packer::alone(dir.path()).unwrap());
    (dir, last)
}

#[test]
fn nothing_in_the_archive_is_ever_replaced() {
    let (dir, records, archive) = packed();
    for (identity, code) in [("other", "J009"), ("packed", "J007")] {
        let (other, _) = packed_of(identity);
        let theirs = archive.path().join("00000001.segz");
        std::fs::copy(other.path().join("00000001.segz"), &theirs).unwrap();
        let bytes = std::fs::read(&theirs).unwrap();
        let mut archiver = Archiver::alone(dir.path(), archive.path()).unwrap();
        let fault = archiver.archive_next(i64::MAX).unwrap_err();
        assert_eq!(fault.code(), code, "{fault}");
        assert_eq!(std::fs::read(&theirs).unwrap(), bytes);
        assert_eq!(all(dir.path()), records);
    }
    let mut same = Archiver::alone(dir.path(), dir.path()).unwrap();
    assert_eq!(same.archive_next(i64::MAX).unwrap_err().code(), "J015");
}

/// At whatever step the power fails while segments go to the archive or come back, every record is in one of the two.
#[test]
fn a_power_cut_at_any_step_of_moving_loses_nothing() {
    let (dir, archive) = (Path::new("/journal"), Path::new("/archive"));
    let mut cuts = 0;
    for step in 1..400 {
        let disk = SimDisk::new(step);
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let open = || Journal::open_on(Arc::clone(&shared), dir, options());
        let mut journal = open().unwrap();
        fill(&mut journal, dir, &disk, 6);
        let last = journal.last();
        pack_all(&mut journal.packer());
        let both = || -> Report {
            let tiered = Tiered::new(Arc::clone(&shared), dir, archive);
            verify_on(Arc::new(tiered), dir, &[], Duration::ZERO).unwrap()
        };
        shared.make_dir(archive).unwrap();
        let mut archiver = journal.archiver(archive);
        disk.cut_at(step);
        while let Ok(Some(_)) = archiver.archive_next(i64::MAX) {}
        while let Ok(Some(_)) = archiver.restore_next() {}
        let is_cut = disk.is_off();
        drop((journal, archiver));
        disk.power_cycle();
        let report = both();
        assert!(
            report.is_clean() && report.records == last,
            "step {step}: {report:?}"
        );
        let journal = open().unwrap();
        let mut archiver = journal.archiver(archive);
        while archiver.restore_next().unwrap().is_some() {}
        let report = verify_on(Arc::clone(&shared), dir, &[], Duration::ZERO).unwrap();
        assert!(
            report.is_clean() && report.records == last,
            "step {step}: {report:?}"
        );
        cuts += u32::from(is_cut);
        if !is_cut {
            break;
        }
    }
    assert!(cuts > 40, "{cuts}");
}

/// The disk of the archive is not mounted: its folder is empty.
#[test]
fn nothing_is_moved_to_a_folder_that_lacks_what_was_moved_before() {
    let (dir, records, archive) = packed();
    let mut archiver = Archiver::alone(dir.path(), archive.path()).unwrap();
    assert_eq!(archiver.archive_next(i64::MAX).unwrap().unwrap().number, 1);
    drop(archiver);
    let empty = tempfile::tempdir().unwrap();
    let mut archiver = Archiver::alone(dir.path(), empty.path()).unwrap();
    assert_eq!(archiver.archive_next(i64::MAX).unwrap_err().code(), "J004");
    assert!(names(empty.path()).is_empty());
    drop(archiver);
    assert_eq!(archive_all(dir.path(), archive.path()).len(), 3);
    assert_eq!(both(dir.path(), archive.path()), records);
}

/// A hub that is told of its archive reads it as its journal.
#[test]
fn a_writer_that_knows_its_archive_reads_both() {
    let (dir, records, archive) = packed();
    archive_all(dir.path(), archive.path());
    let options = Options {
        archive: Some(archive.path().to_path_buf()),
        ..options()
    };
    let journal = Journal::open(dir.path(), options).unwrap();
    let reader = journal.reader().unwrap();
    let read: Vec<Record> = reader.read_from(1).unwrap().map(Result::unwrap).collect();
    assert_eq!(read, records);
    assert_eq!(reader.before_first().unwrap().0, 0, "nothing is gone");
    std::fs::rename(archive.path(), archive.path().with_extension("away")).unwrap();
    let away = journal.archiver(archive.path()).archive_next(i64::MAX);
    assert_eq!(away.unwrap(), None, "what is kept is not packed");
    assert_eq!(journal.reader().unwrap().get(1).unwrap_err().code(), "J014");
    let first = journal.reader().unwrap().first().unwrap().unwrap();
    let last_gone = &records[usize::try_from(first).unwrap() - 2];
    let before = reader.before_first().unwrap();
    assert_eq!(before, (last_gone.number, last_gone.chain), "it is away");
    std::fs::rename(archive.path().with_extension("away"), archive.path()).unwrap();
}
