//! Packed segments: what is read from them, what is said of damage, and what a power cut leaves.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

mod segments;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cordon_journal::disk::Disk;
use cordon_journal::disk::sim::SimDisk;
use cordon_journal::{Journal, Options, Packer, Reader, Record, verify, verify_on};
use segments::{BYTES, all, batch_at, fill, names, options, pack_all, written};

fn segz(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:08}.segz"))
}

fn turn_byte(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 0x55;
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn what_was_packed_reads_as_before_and_the_writer_goes_on() {
    let (dir, before) = written(6);
    let packed = pack_all(&mut Packer::alone(dir.path()).unwrap());
    // 5 is the last one sealed, 6 is being written.
    assert_eq!(
        packed.iter().map(|it| it.number).collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
    assert!(
        packed
            .iter()
            .all(|it| it.bytes == BYTES && it.packed_bytes < BYTES)
    );
    assert_eq!(packed[0].first, 1);
    assert!(packed.windows(2).all(|two| two[0].last + 1 == two[1].first));
    let expected = ["1.segz", "2.segz", "3.segz", "4.segz", "5.seg", "6.seg"];
    assert_eq!(
        names(dir.path()),
        expected.map(|name| format!("0000000{name}"))
    );

    assert_eq!(all(dir.path()), before);
    for record in before.iter().step_by(7) {
        let reader = Reader::open(dir.path()).unwrap();
        assert_eq!(reader.get(record.number).unwrap().as_ref(), Some(record));
    }
    let report = verify(dir.path()).unwrap();
    assert!(report.is_clean() && report.sealed == 5, "{report:?}");

    let mut journal = Journal::open(dir.path(), options()).unwrap();
    assert_eq!(journal.last(), before.len() as u64);
    journal.append_batch(&batch_at(9_999, 1)).unwrap();
    drop(journal);
    assert_eq!(all(dir.path())[..before.len()], before);
}

#[test]
fn a_reader_goes_on_while_what_it_reads_is_packed() {
    let (dir, before) = written(5);
    let reader = Reader::open(dir.path()).unwrap();
    let mut records = reader.read_from(1).unwrap();
    let mut read: Vec<Record> = records.by_ref().take(20).map(Result::unwrap).collect();
    pack_all(&mut Packer::alone(dir.path()).unwrap());
    read.extend(records.map(Result::unwrap));
    assert_eq!(read, before);
}

#[test]
fn only_what_is_old_is_packed() {
    let (dir, before) = written(6);
    let mut packer = Packer::alone(dir.path()).unwrap();
    assert_eq!(packer.pack_next(-1).unwrap(), None);
    let newest = before.last().unwrap().time_micros;
    let first = packer.pack_next(newest).unwrap().unwrap();
    let begin_of_second = before[first.last as usize].time_micros;
    assert_eq!(
        packer.pack_next(begin_of_second).unwrap(),
        None,
        "the second is not older"
    );
    assert_eq!(packer.pack_next(newest).unwrap().unwrap().number, 2);
}

#[test]
fn a_running_hub_packs_beside_its_writer_and_no_second_process_does() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(dir.path(), options()).unwrap();
    assert_eq!(
        Packer::alone(dir.path()).map(|_| ()).unwrap_err().code(),
        "J002"
    );
    let disk = cordon_journal::disk::RealDisk;
    fill(&mut journal, dir.path(), &disk, 4);
    let mut packer = journal.packer();
    let thread = std::thread::spawn(move || pack_all(&mut packer));
    fill(&mut journal, dir.path(), &disk, 8);
    assert!(!thread.join().unwrap().is_empty());
    let last = journal.last();
    drop(journal);
    let report = verify(dir.path()).unwrap();
    assert!(report.is_clean() && report.last == last, "{report:?}");
}

#[test]
fn trimming_removes_packed_ones_and_what_a_crash_left_of_packing() {
    let (dir, before) = written(6);
    let kept = std::fs::read(dir.path().join("00000002.seg")).unwrap();
    pack_all(&mut Packer::alone(dir.path()).unwrap());
    std::fs::write(dir.path().join("00000002.seg"), kept).unwrap();
    assert_eq!(all(dir.path()), before, "each is read once");
    let mut journal = Journal::open(dir.path(), options()).unwrap();
    let third = Reader::open(dir.path()).unwrap();
    let first = third
        .get(before.len() as u64 / 2 + 1)
        .unwrap()
        .unwrap()
        .number;
    assert!(journal.trim(first).unwrap() >= 2);
    assert!(!segz(dir.path(), 1).exists() && !segz(dir.path(), 2).exists());
    assert!(!dir.path().join("00000002.seg").exists());
    drop(journal);
    let report = verify(dir.path()).unwrap();
    assert!(report.is_clean(), "{report:?}");
}

#[test]
fn a_damaged_segment_is_told_and_stays_as_it_is_and_the_others_are_packed() {
    let (dir, _) = written(6);
    let damaged = dir.path().join("00000002.seg");
    turn_byte(&damaged, 60_000);
    let bytes = std::fs::read(&damaged).unwrap();
    let mut packer = Packer::alone(dir.path()).unwrap();
    assert_eq!(packer.pack_next(i64::MAX).unwrap().unwrap().number, 1);
    let fault = packer.pack_next(i64::MAX).unwrap_err();
    assert_eq!(fault.code(), "J007", "{fault}");
    assert!(fault.place().contains("00000002.seg"), "{fault}");
    let others: Vec<u64> = pack_all(&mut packer).iter().map(|it| it.number).collect();
    assert_eq!(others, [3, 4]);
    assert_eq!(std::fs::read(&damaged).unwrap(), bytes);
    assert!(!names(dir.path()).iter().any(|name| name.ends_with("tmp")));
}

#[test]
fn a_damaged_packed_head_or_a_cut_one_is_refused_at_the_start_by_name() {
    for (damage, code) in [
        (20, "J003"),
        (100, "J003"),
        (200, "J003"),
        (usize::MAX, "J061"),
    ] {
        let (dir, _) = written(5);
        pack_all(&mut Packer::alone(dir.path()).unwrap());
        let path = segz(dir.path(), 2);
        match damage {
            usize::MAX => {
                let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
                file.set_len(file.metadata().unwrap().len() - 1).unwrap();
            }
            at => turn_byte(&path, at),
        }
        let fault = Journal::open(dir.path(), options())
            .map(|_| ())
            .unwrap_err();
        assert_eq!(fault.code(), code, "{damage}: {fault}");
        assert!(fault.place().contains("00000002.segz"), "{fault}");
        let report = verify(dir.path()).unwrap();
        let problem = report.problems.iter().find(|it| it.code == code);
        let problem = problem.unwrap_or_else(|| panic!("{report:?}"));
        assert_eq!(problem.file, "00000002.segz");
        let options = Options {
            gives_up_segments: vec![2],
            ..options()
        };
        drop(Journal::open(dir.path(), options).unwrap());
    }
}

/// Of a chunk that cannot be unpacked its own batches alone are lost.
#[test]
fn a_damaged_chunk_is_found_by_verify_and_hides_nothing_of_the_others() {
    let (dir, before) = written(5);
    pack_all(&mut Packer::alone(dir.path()).unwrap());
    let path = segz(dir.path(), 2);
    let len = std::fs::read(&path).unwrap().len();
    turn_byte(&path, len / 4);
    let report = verify(dir.path()).unwrap();
    assert!(
        !report.is_clean() && report.last == before.len() as u64,
        "{report:?}"
    );
    assert!(report.records > before.len() as u64 / 2, "{report:?}");
    let problem = &report.problems[0];
    assert!(problem.file.contains("00000002.segz"), "{problem:?}");
    // A start reads none of its records, as of one that is not packed.
    drop(Journal::open(dir.path(), options()).unwrap());
    let reader = Reader::open(dir.path()).unwrap();
    let last = reader.read_from(before.len() as u64 - 3).unwrap();
    assert!(
        last.map(Result::unwrap)
            .eq(before[before.len() - 4..].iter().cloned())
    );
}

#[test]
fn any_flipped_bit_of_a_packed_file_is_found_or_harmless() {
    let (dir, before) = written(4);
    pack_all(&mut Packer::alone(dir.path()).unwrap());
    let path = segz(dir.path(), 1);
    let bytes = std::fs::read(&path).unwrap();
    let mut found = 0;
    for bit in (0..bytes.len() * 8).step_by(bytes.len() * 8 / 150) {
        let mut bad = bytes.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, bad).unwrap();
        let report = verify(dir.path()).unwrap();
        match report.is_clean() {
            true => assert_eq!(all(dir.path()), before, "bit {bit} went unseen"),
            false => found += 1,
        }
    }
    assert!(found > 100, "{found}");
}

/// At whatever step the power fails while segments are packed, every record is there afterwards, once.
#[test]
fn a_power_cut_at_any_step_of_packing_loses_nothing() {
    let dir = Path::new("/journal");
    let mut cuts = 0;
    for step in 1..200 {
        let disk = SimDisk::new(step);
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let mut journal = Journal::open_on(Arc::clone(&shared), dir, options()).unwrap();
        fill(&mut journal, dir, &disk, 5);
        let (last, chain) = (journal.last(), journal.chain());
        let mut packer = journal.packer();
        disk.cut_at(step);
        while let Ok(Some(_)) = packer.pack_next(i64::MAX) {}
        let is_cut = disk.is_off();
        drop((journal, packer));
        disk.power_cycle();
        let report = verify_on(Arc::clone(&shared), dir, &[], Duration::ZERO).unwrap();
        assert!(report.is_clean(), "step {step}: {report:?}");
        assert_eq!(
            (report.records, report.last, report.chain),
            (last, last, chain)
        );
        let mut journal = Journal::open_on(Arc::clone(&shared), dir, options()).unwrap();
        let mut packer = journal.packer();
        while packer.pack_next(i64::MAX).unwrap().is_some() {}
        journal.append_batch(&batch_at(1, 1)).unwrap();
        let report = verify_on(shared, dir, &[], Duration::ZERO).unwrap();
        assert!(
            report.is_clean() && report.records == last + 4,
            "{report:?}"
        );
        cuts += u32::from(is_cut);
        if !is_cut {
            break;
        }
    }
    assert!(cuts > 20, "{cuts}");
}

#[test]
fn a_disk_without_room_for_the_packed_file_is_told_and_tried_again() {
    let dir = Path::new("/journal");
    let disk = SimDisk::new(1);
    let mut journal = Journal::open_on(Arc::new(disk.clone()), dir, options()).unwrap();
    fill(&mut journal, dir, &disk, 5);
    let mut packer = journal.packer();
    disk.set_free(1 << 20);
    assert_eq!(packer.pack_next(i64::MAX).unwrap_err().code(), "J012");
    assert!(disk.bytes(&dir.join("00000001.seg")).is_some());
    disk.set_free(1 << 40);
    assert_eq!(packer.pack_next(i64::MAX).unwrap().unwrap().number, 1);
}

/// All that is not packed was lost: the last packed one ends the journal, and nothing is written into it.
#[test]
fn a_journal_whose_last_segment_is_packed_goes_on_behind_it() {
    let (dir, before) = written(6);
    let packed = pack_all(&mut Packer::alone(dir.path()).unwrap());
    for name in names(dir.path())
        .iter()
        .filter(|name| name.ends_with(".seg"))
    {
        std::fs::remove_file(dir.path().join(name)).unwrap();
    }
    let last = packed.last().unwrap().last;
    for _ in 0..2 {
        let journal = Journal::open(dir.path(), options()).unwrap();
        assert_eq!(journal.last(), last);
    }
    let mut journal = Journal::open(dir.path(), options()).unwrap();
    journal.append_batch(&batch_at(1, 1)).unwrap();
    drop(journal);
    let report = verify(dir.path()).unwrap();
    assert!(report.is_clean() && report.last == last + 4, "{report:?}");
    assert_eq!(all(dir.path())[..last as usize], before[..last as usize]);
}

/// When the segment before a damaged one may go nobody knows; it is told, and the others are packed.
#[test]
fn a_damaged_beginning_is_told_and_keeps_nothing_else() {
    let (dir, _) = written(6);
    turn_byte(&dir.path().join("00000003.seg"), 4096 + 200);
    let mut packer = Packer::alone(dir.path()).unwrap();
    assert_eq!(packer.pack_next(i64::MAX).unwrap().unwrap().number, 1);
    assert_eq!(packer.pack_next(i64::MAX).unwrap_err().code(), "J005");
    assert_eq!(packer.pack_next(i64::MAX).unwrap_err().code(), "J007");
    assert_eq!(pack_all(&mut packer).first().unwrap().number, 4);
}
