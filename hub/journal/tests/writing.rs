//! Writing, reading and verifying on real files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cordon_journal::probe::sample_batch;
use cordon_journal::{
    Expectation, FaultKind, Hash, Journal, NewRecord, Options, Reader, SpaceLevel, chain, verify,
    verify_against,
};

fn small(identity: &str) -> Options {
    Options {
        segment_bytes: 32 * 1024,
        reserve_bytes: 4096,
        warn_free_bytes: 0,
        floor_free_bytes: 0,
        ..Options::new(identity)
    }
}

/// Appends `batches` batches of three records; returns all receipts and records.
fn fill(journal: &mut Journal, batches: u64) -> Vec<(u64, [u8; 32], NewRecord)> {
    let mut all = Vec::new();
    for n in 0..batches {
        let batch = sample_batch(3, 700, journal.last() + n);
        let receipts = journal.append_batch(&batch).unwrap();
        for ((number, chain), record) in receipts.into_iter().zip(batch) {
            all.push((number, chain, record));
        }
    }
    all
}

fn knows(number: u64, chain: Option<Hash>) -> Expectation {
    Expectation {
        number,
        chain,
        source: "the test".to_owned(),
    }
}

fn flip(path: &Path, at: u64, bit: u8) {
    use std::os::unix::fs::FileExt;
    let file = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    byte[0] ^= 1 << bit;
    file.write_all_at(&byte, at).unwrap();
}

#[test]
fn records_come_back_over_many_segments_and_reopenings() {
    let dir = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    for _ in 0..4 {
        let mut journal = Journal::open(dir.path(), small("park/hub")).unwrap();
        assert_eq!(journal.last(), all.len() as u64);
        assert_eq!(journal.opening().torn, None);
        all.extend(fill(&mut journal, 40));
    }
    let reader = Reader::open(dir.path()).unwrap();
    let mut chain = chain::genesis("park/hub");
    let mut count = 0;
    for (record, (number, receipt, new)) in reader.read_from(1).unwrap().zip(&all) {
        let record = record.unwrap();
        chain = chain::link(&chain, &chain::leaf(*number, new).unwrap());
        assert_eq!((record.number, record.chain), (*number, *receipt));
        assert_eq!(
            record.chain, chain,
            "the chain can be recomputed from the fields"
        );
        assert_eq!(&record.to_new(), new);
        count += 1;
    }
    assert_eq!(count, all.len());
    assert_eq!(reader.position().unwrap(), (480, all[479].1));
    for number in [1, 2, 3, 4, 77, 240, 479, 480] {
        let record = reader.get(number).unwrap().unwrap();
        assert_eq!(record.chain, all[number as usize - 1].1);
    }
    assert_eq!(reader.get(481).unwrap(), None);
    let numbers: Vec<u64> = reader
        .read_range(100, 205)
        .unwrap()
        .map(|r| r.unwrap().number)
        .collect();
    assert_eq!(numbers, (100..=205).collect::<Vec<_>>());

    let report = verify(dir.path()).unwrap();
    assert!(report.is_clean(), "{:?}", report.problems);
    assert_eq!((report.first, report.last, report.records), (1, 480, 480));
    assert_eq!(report.chain, all[479].1);
    assert!(report.sealed > 8 && !report.torn_tail, "{report:?}");
}

#[test]
fn a_batch_is_one_write_and_one_sync_and_little_more_than_its_payload() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(dir.path(), Options::new("p")).unwrap();
    for (records, body) in [(1, 600), (1, 5000), (64, 600), (16, 5000)] {
        let before = journal.counters();
        let rate = cordon_journal::probe::append_rate(&mut journal, 50, records, body).unwrap();
        assert_eq!(rate.counters.batch_syncs, 50);
        let ratio = rate.counters.bytes_per_payload_byte();
        assert!(ratio <= 1.15, "{records} records of {body} bytes: {ratio}");
        assert_eq!(
            journal.counters().records - before.records,
            50 * records as u64
        );
    }
    // Two segments made ready, two syncs each, whatever the number of batches.
    let counters = journal.counters();
    assert!(counters.other_syncs <= 4, "{counters:?}");
    assert_eq!(counters.batches, 200);
}

#[test]
fn a_reader_follows_a_writer() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(dir.path(), small("p")).unwrap();
    let reader = Reader::open(dir.path()).unwrap();
    let mut records = reader.read_from(1).unwrap();
    assert!(records.next().is_none());
    let mut seen = 0;
    for round in 0..60u64 {
        fill(&mut journal, 1 + round % 3);
        while let Some(batch) = records.next_batch().unwrap() {
            for record in batch {
                seen += 1;
                assert_eq!(record.number, seen);
            }
        }
        assert_eq!(seen, journal.last());
        assert_eq!(records.position(), (journal.last(), journal.chain()));
        assert_eq!(
            reader.position().unwrap(),
            (journal.last(), journal.chain())
        );
    }
    // Starting beyond the end waits for that number.
    let mut ahead = reader.read_from(seen + 3).unwrap();
    assert!(ahead.next().is_none());
    fill(&mut journal, 2);
    assert_eq!(ahead.next().unwrap().unwrap().number, seen + 3);
}

#[test]
fn readers_and_verify_work_beside_a_busy_writer() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(dir.path(), small("p")).unwrap();
    let watch = journal.watch();
    let target = 1500;
    let writer = std::thread::spawn(move || {
        while journal.last() < target {
            fill(&mut journal, 5);
        }
        journal
    });
    let path = dir.path().to_path_buf();
    let checker = std::thread::spawn(move || {
        let mut rounds = 0;
        loop {
            let report = verify(&path).unwrap();
            assert!(report.is_clean(), "{:?}", report.problems);
            rounds += 1;
            if report.last >= target {
                return rounds;
            }
        }
    });
    let reader = Reader::open(dir.path()).unwrap();
    let mut records = reader.read_from(1).unwrap();
    let mut next = 1;
    while next <= target {
        let (durable, chain) = watch
            .beyond(next - 1, Duration::from_secs(60))
            .expect("the writer stopped");
        let mut last = [0; 32];
        while next <= durable {
            let record = records.next().expect("durable but not readable").unwrap();
            assert_eq!(record.number, next);
            last = record.chain;
            next += 1;
        }
        assert_eq!(last, chain);
    }
    drop(writer.join().unwrap());
    assert!(checker.join().unwrap() >= 1);
    assert_eq!(watch.beyond(u64::MAX - 1, Duration::from_millis(1)), None);
}

#[test]
fn every_flipped_bit_in_a_sealed_segment_is_found_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(dir.path(), small("p")).unwrap();
    fill(&mut journal, 30);
    drop(journal);
    assert!(verify(dir.path()).unwrap().sealed >= 2);
    let file = dir.path().join("00000002.seg");
    let mut batch_places = 0;
    for at in [
        3, 20, 130, 4096, 4099, 4100, 4110, 4130, 4200, 9000, 15_000, 20_000, 32_000, 32_618,
    ] {
        flip(&file, at, (at % 8) as u8);
        let report = verify(dir.path()).unwrap();
        // 32,000 lies between the last batch and the seal.
        let used = at != 32_000;
        assert_eq!(!report.is_clean(), used, "offset {at}: {report:?}");
        let read = Reader::open(dir.path())
            .and_then(|reader| reader.read_from(1)?.collect::<Result<Vec<_>, _>>());
        match read {
            Ok(records) => assert!(records.len() == 90 && (!used || at > 32_500), "offset {at}"),
            Err(fault) => assert!(fault.place().contains("00000002.seg"), "{fault}"),
        }
        for problem in &report.problems {
            assert_eq!(problem.file, "00000002.seg");
            assert!(!problem.remedy.is_empty());
            batch_places += u64::from(problem.code == "J005" && problem.offset <= at);
        }
        flip(&file, at, (at % 8) as u8);
        assert!(verify(dir.path()).unwrap().is_clean());
    }
    assert!(batch_places >= 5);
}

#[test]
fn damage_before_a_good_batch_is_refused_and_a_torn_tail_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(
        dir.path(),
        Options {
            segment_bytes: 1 << 20,
            ..small("p")
        },
    )
    .unwrap();
    let all = fill(&mut journal, 10);
    drop(journal);
    let file = dir.path().join("00000001.seg");
    let options = || Options {
        segment_bytes: 1 << 20,
        ..small("p")
    };

    flip(&file, 4096 + 3000, 1);
    let fault = Journal::open(dir.path(), options()).err().unwrap();
    assert_eq!(fault.code(), "J005");
    assert!(fault.place().starts_with("00000001.seg+"), "{fault}");
    let mut records = Reader::open(dir.path()).unwrap().read_from(1).unwrap();
    let last = std::iter::from_fn(|| records.next()).last().unwrap();
    assert_eq!(
        last.unwrap_err().code(),
        "J005",
        "a reader does not end silently at damage"
    );
    flip(&file, 4096 + 3000, 1);

    // The last batch torn: cut, and what was before stays.
    let bytes = std::fs::read(&file).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    let mut torn = bytes;
    torn[end - 100..].fill(0);
    std::fs::write(&file, &torn).unwrap();
    assert!(verify(dir.path()).unwrap().torn_tail);
    let expecting = Options {
        expect: vec![knows(30, None)],
        ..options()
    };
    assert_eq!(
        Journal::open(dir.path(), expecting).err().unwrap().code(),
        "J008"
    );
    let left = std::fs::read(&file).unwrap();
    assert!(left == torn, "a refused journal is left as it was found");
    let journal = Journal::open(dir.path(), options()).unwrap();
    assert_eq!(journal.last(), 27);
    assert_eq!(journal.chain(), all[26].1);
    drop(journal);
    let report = verify(dir.path()).unwrap();
    assert!(report.is_clean() && !report.torn_tail, "{report:?}");
    let receipts = [(27, all[26].1), (30, all[29].1)];
    let report = verify_against(dir.path(), &receipts).unwrap();
    assert_eq!(report.problems.len(), 1);
    assert_eq!(
        (report.problems[0].code, report.problems[0].record),
        ("J008", Some(30))
    );
}

#[test]
fn a_missing_segment_and_a_foreign_folder_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(dir.path(), small("p")).unwrap();
    fill(&mut journal, 40);
    let second = Journal::open(dir.path(), small("p")).err().unwrap();
    assert_eq!(second.kind(), FaultKind::Locked);
    drop(journal);
    assert_eq!(
        Journal::open(dir.path(), small("q")).err().unwrap().kind(),
        FaultKind::Identity
    );
    std::fs::rename(dir.path().join("00000002.seg"), dir.path().join("kept")).unwrap();
    let fault = Journal::open(dir.path(), small("p")).err().unwrap();
    assert_eq!(fault.kind(), FaultKind::MissingSegment);
    assert!(fault.place().ends_with("00000002.seg"));
    let report = verify(dir.path()).unwrap();
    assert_eq!(report.problems[0].code, "J004");
}

#[test]
fn trimmed_segments_are_used_again_and_never_read_as_new() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(dir.path(), small("p")).unwrap();
    fill(&mut journal, 60);
    let reader = Reader::open(dir.path()).unwrap();
    let mut slow = reader.read_from(1).unwrap();
    assert_eq!(slow.next().unwrap().unwrap().number, 1);
    let trimmed = journal.trim(100).unwrap();
    assert!(trimmed >= 3, "{trimmed}");
    let first = reader.first().unwrap().unwrap();
    assert!(first > 1 && first <= 100);
    assert_eq!(
        reader.read_from(1).err().unwrap().kind(),
        FaultKind::Trimmed
    );
    assert_eq!(
        reader.read_from(0).unwrap().next().unwrap().unwrap().number,
        first
    );
    fill(&mut journal, 60);
    let (last, chain) = (journal.last(), journal.chain());
    let ended = std::iter::from_fn(|| slow.next()).last().unwrap();
    assert_eq!(ended.unwrap_err().kind(), FaultKind::Trimmed);
    drop(journal);
    let report = verify(dir.path()).unwrap();
    assert!(report.is_clean(), "{:?}", report.problems);
    assert_eq!((report.first, report.last), (first, last));
    let journal = Journal::open(
        dir.path(),
        Options {
            expect: vec![knows(last, Some(chain))],
            ..small("p")
        },
    )
    .unwrap();
    assert_eq!(journal.last(), last);
    let other = Options {
        expect: vec![knows(last, Some([1; 32]))],
        ..small("p")
    };
    drop(journal);
    assert_eq!(
        Journal::open(dir.path(), other).err().unwrap().kind(),
        FaultKind::Short
    );
}

#[test]
fn a_full_disk_warns_then_refuses_keeps_a_reserve_and_recovers() {
    let disk = cordon_journal::disk::sim::SimDisk::new(1);
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let options = Options {
        background: false,
        on_space: Some(Arc::new(move |space| {
            tell.lock().unwrap().push(space.level)
        })),
        warn_free_bytes: 64 * 1024,
        floor_free_bytes: 16 * 1024,
        reserve_bytes: 12 * 1024,
        ..small("p")
    };
    disk.set_free(200 * 1024);
    let dir = Path::new("/j");
    let mut journal = Journal::open_on(Arc::new(disk.clone()), dir, options).unwrap();
    let batch = sample_batch(3, 700, 1);
    let fault = loop {
        if let Err(fault) = journal.append_batch(&batch) {
            break fault;
        }
    };
    assert_eq!(fault.code(), "J012");
    let refused_at = journal.last();
    assert!(refused_at > 50, "{refused_at}");
    assert_eq!(*told.lock().unwrap(), [SpaceLevel::Low, SpaceLevel::Full]);
    assert_eq!(journal.append_batch(&batch).unwrap_err().code(), "J012");
    journal
        .append_urgent(&batch)
        .expect("the reserve is for urgent batches");
    let reader = journal.reader().unwrap();
    assert_eq!(reader.read_from(1).unwrap().count() as u64, journal.last());
    while journal.append_urgent(&batch).is_ok() {}
    assert_eq!(journal.append_urgent(&batch).unwrap_err().code(), "J012");
    disk.set_free(1 << 20);
    journal
        .append_batch(&batch)
        .expect("goes on when there is room again");
    assert_eq!(journal.space().level, SpaceLevel::Normal);
    assert_eq!(reader.read_from(1).unwrap().count() as u64, journal.last());
}

#[test]
fn a_volume_that_is_made_larger_is_seen_without_a_restart() {
    let disk = cordon_journal::disk::sim::SimDisk::new(1);
    disk.set_free(40 << 20);
    let options = Options {
        background: false,
        warn_free_bytes: 0,
        warn_used_percent: 40,
        ..Options::new("p")
    };
    let mut journal = Journal::open_on(Arc::new(disk.clone()), "/j", options).unwrap();
    let small = journal.space();
    assert_eq!((small.level, small.used_percent()), (SpaceLevel::Low, 42));
    disk.set_free(1 << 30);
    journal.look_for_room();
    let grown = journal.space();
    assert!(grown.total_bytes > 1 << 30, "{grown:?}");
    assert_eq!((grown.level, grown.used_percent()), (SpaceLevel::Normal, 1));
}

#[test]
fn limits_are_refused_and_leave_the_journal_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(
        dir.path(),
        Options {
            batch_records_max: 4,
            ..small("p")
        },
    )
    .unwrap();
    assert_eq!(journal.append_batch(&[]).unwrap(), []);
    for batch in [sample_batch(5, 10, 0), sample_batch(1, 40_000, 0)] {
        assert_eq!(journal.append_batch(&batch).unwrap_err().code(), "J013");
    }
    let mut bad = sample_batch(2, 10, 0);
    bad[1].label = "x".repeat(161);
    assert_eq!(journal.append_batch(&bad).unwrap_err().place(), "label");
    let receipts = journal.append_batch(&sample_batch(2, 10, 0)).unwrap();
    assert_eq!(receipts.iter().map(|r| r.0).collect::<Vec<_>>(), [1, 2]);
    let tiny = Options {
        segment_bytes: 100,
        ..small("p")
    };
    assert_eq!(
        Journal::open(dir.path().join("x"), tiny)
            .err()
            .unwrap()
            .code(),
        "J015"
    );
}

#[test]
fn a_first_start_needs_no_more_than_64_mib() {
    let disk = cordon_journal::disk::sim::SimDisk::new(1);
    disk.set_free(64 << 20);
    let dir = Path::new("/j");
    let mut journal =
        Journal::open_on(Arc::new(disk.clone()), dir, Options::new("p")).expect("it starts");
    // The largest batch that a segment of full size takes.
    let batch = sample_batch(15, 1 << 20, 1);
    journal.append_batch(&batch).expect("and takes every batch");
    assert_eq!(
        disk.bytes(&dir.join("00000001.seg")).unwrap().len(),
        32 << 20
    );
    let fault = Journal::open_on(
        Arc::new({
            let small = cordon_journal::disk::sim::SimDisk::new(2);
            small.set_free(8 << 20);
            small
        }),
        dir,
        Options::new("p"),
    );
    assert!(fault.err().unwrap().is_of_disk());
}

#[test]
fn files_and_folders_are_for_the_hub_and_its_group_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("data/journal");
    let journal = Journal::open(&folder, small("p")).unwrap();
    let state = dir.path().join("data/state.redb");
    cordon_journal::StateStore::open_for(&state, &journal.reader().unwrap()).unwrap();
    let bits = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for path in [folder.parent().unwrap(), &folder] {
        assert_eq!(bits(path), 0o750, "{}", path.display());
    }
    for path in [&folder.join("00000001.seg"), &folder.join("lock"), &state] {
        assert_eq!(bits(path), 0o640, "{}", path.display());
    }
}

/// A writer that tries its disk between the batches leaves nothing of it behind.
#[test]
fn a_disk_is_tried_without_a_record() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(dir.path(), small("park/hub")).unwrap();
    let mut all = Vec::new();
    journal.touch().unwrap();
    for _ in 0..60 {
        all.extend(fill(&mut journal, 1));
        let before = (journal.last(), journal.chain());
        journal.touch().unwrap();
        journal.touch().unwrap();
        assert_eq!((journal.last(), journal.chain()), before);
    }
    drop(journal);
    let report = verify(dir.path()).unwrap();
    assert!(
        report.is_clean() && report.last == all.len() as u64,
        "{report:?}"
    );
    let mut journal = Journal::open(dir.path(), small("park/hub")).unwrap();
    assert_eq!(journal.opening().torn, None);
    journal.touch().unwrap();
    all.extend(fill(&mut journal, 1));
    let read = journal.reader().unwrap().read_from(1).unwrap();
    assert!(
        read.map(|record| record.unwrap().chain)
            .eq(all.iter().map(|it| it.1))
    );
}
