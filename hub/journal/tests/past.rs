//! A journal that is not what is known of it: rolled back, exchanged, beheaded, its last batch changed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cordon_journal::disk::RealDisk;
use cordon_journal::probe::sample_batch;
use cordon_journal::{
    Changes, Expectation, Journal, Options, Report, State, StateStore, Unmet, Witness, verify_on,
};

fn options() -> Options {
    Options {
        segment_bytes: 32 * 1024,
        reserve_bytes: 4096,
        warn_free_bytes: 0,
        floor_free_bytes: 0,
        background: false,
        ..Options::new("past")
    }
}

fn fill(journal: &mut Journal, batches: u64, seed: u64) {
    for n in 0..batches {
        journal
            .append_batch(&sample_batch(3, 700, seed + n))
            .unwrap();
    }
}

fn look(dir: &Path) -> Report {
    verify_on(Arc::new(RealDisk), dir, &[], Duration::ZERO).unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name() != "lock")
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, std::fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

fn of_witness(path: &Path) -> Expectation {
    let (number, chain) = Witness::read(path).unwrap().unwrap();
    Expectation {
        number,
        chain: Some(chain),
        source: "the witness".to_owned(),
    }
}

#[test]
fn a_journal_rolled_back_from_128_to_66_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, backup) = (folder.path().join("journal"), folder.path().join("backup"));
    let witness = folder.path().join("witness");
    let (state, _) = StateStore::open(folder.path().join("state.redb")).unwrap();
    state.watched_by(Witness::open(&witness).unwrap());

    let mut journal = Journal::open(&dir, options()).unwrap();
    fill(&mut journal, 22, 0);
    assert_eq!(journal.last(), 66);
    copy(&dir, &backup);
    fill(&mut journal, 21, 500);
    state
        .commit(&Changes::at(journal.last(), journal.chain()))
        .unwrap();
    let known = (journal.last(), journal.chain());
    drop(journal);
    assert_eq!(Witness::read(&witness).unwrap(), Some(known));

    std::fs::remove_dir_all(&dir).unwrap();
    copy(&backup, &dir);
    let before = files(&dir);
    let expecting = || Options {
        expect: vec![of_witness(&witness)],
        ..options()
    };
    let fault = Journal::open(&dir, expecting()).err().unwrap();
    assert_eq!(fault.code(), "J008");
    assert!(fault.detail().contains("ends with record 66"), "{fault}");
    assert!(fault.detail().contains("the witness"), "{fault}");
    assert!(fault.remedy().contains("cordon journal accept"));
    assert!(files(&dir) == before, "the evidence was touched");

    // Grown again to the same length with other records: another journal, not the one known.
    let mut other = Journal::open(&dir, options()).unwrap();
    fill(&mut other, 30, 900);
    drop(other);
    let unmet = of_witness(&witness).unmet(&dir).unwrap();
    assert_eq!(unmet, Some(Unmet::Other));
    let fault = Journal::open(&dir, expecting()).err().unwrap();
    assert_eq!(fault.code(), "J008");
    assert!(fault.detail().contains("another journal"), "{fault}");

    // Nothing left at all is the shortest journal.
    std::fs::remove_dir_all(&dir).unwrap();
    let fault = Journal::open(&dir, expecting()).err().unwrap();
    assert_eq!(fault.code(), "J008");
}

#[test]
fn a_lost_first_segment_is_said_unless_a_trim_is_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(dir.path(), options()).unwrap();
    fill(&mut journal, 60, 0);
    drop(journal);
    let first = dir.path().join("00000001.seg");
    let kept = std::fs::read(&first).unwrap();
    std::fs::remove_file(&first).unwrap();
    let report = look(dir.path());
    let codes: Vec<_> = report.problems.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["J050"], "{report:?}");
    let fault = Journal::open(dir.path(), options()).err().unwrap();
    assert_eq!(fault.code(), "J050", "{fault}");

    // The same records given up by the journal itself are missed by nobody.
    std::fs::write(&first, kept).unwrap();
    let mut journal = Journal::open(dir.path(), options()).unwrap();
    assert!(journal.trim(60).unwrap() >= 1);
    drop(journal);
    let report = look(dir.path());
    assert!(report.is_clean() && report.first > 1, "{report:?}");
    drop(Journal::open(dir.path(), options()).unwrap());

    // More than that is missed again.
    let (second, _) = files(dir.path())
        .into_iter()
        .find(|(name, _)| name.ends_with(".seg"))
        .unwrap();
    std::fs::remove_file(dir.path().join(second)).unwrap();
    assert_eq!(look(dir.path()).problems[0].code, "J050");
}

#[test]
fn a_flip_in_the_last_acknowledged_batch_is_not_called_torn() {
    let written = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(written.path(), options()).unwrap();
    fill(&mut journal, 3, 0);
    let (before, offset) = (journal.last(), used(written.path()));
    fill(&mut journal, 1, 77);
    drop(journal);
    let end = used(written.path());
    let whole = std::fs::read(written.path().join("00000001.seg")).unwrap();
    for at in (offset..end).step_by(37).chain(offset..offset + 64) {
        let dir = tempfile::tempdir().unwrap();
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        std::fs::write(dir.path().join("00000001.seg"), &changed).unwrap();
        let report = look(dir.path());
        assert!(!report.torn_tail && report.last == before, "{at}");
        let problem = &report.problems[0];
        assert_eq!((problem.code, problem.record), ("J051", Some(before + 1)));
        assert_eq!(problem.offset, at as u64);
        let fault = Journal::open(dir.path(), options()).err().unwrap();
        assert_eq!(fault.code(), "J051", "{at}: {fault}");
        let left = std::fs::read(dir.path().join("00000001.seg")).unwrap();
        assert!(left == changed, "{at}: the evidence was touched");
    }
}

/// Where the bytes of batches end in segment 1.
fn used(dir: &Path) -> usize {
    let bytes = std::fs::read(dir.join("00000001.seg")).unwrap();
    bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1
}

fn code<T>(result: cordon_journal::Result<T>) -> &'static str {
    result.err().map_or("none", |fault| fault.code())
}

type Way<'a> = Box<dyn Fn() + 'a>;

/// A renamed folder, an unmounted disk, removed files: every sync succeeds, into files that nobody finds.
#[test]
fn a_writer_whose_files_lost_their_path_acknowledges_nothing_more() {
    let scratch = tempfile::tempdir().unwrap();
    let (dir, away) = (scratch.path().join("journal"), scratch.path().join("away"));
    let remove = |name: &str| std::fs::remove_file(dir.join(name)).unwrap();
    let ways: [(&str, Way<'_>); 4] = [
        (
            "renamed",
            Box::new(|| std::fs::rename(&dir, &away).unwrap()),
        ),
        (
            "exchanged for its copy",
            Box::new(|| {
                std::fs::rename(&dir, &away).unwrap();
                copy(&away, &dir);
            }),
        ),
        ("removed", Box::new(|| remove("00000001.seg"))),
        // The segment that is written next, before anything stands in it.
        ("the next one removed", Box::new(|| remove("00000002.seg"))),
    ];
    for (what, lose) in ways {
        let mut journal = Journal::open(&dir, options()).unwrap();
        // In place the next segment is made some looks later.
        for _ in 0..5 {
            fill(&mut journal, 1, 1);
        }
        journal.look_in_place().unwrap();
        let last = journal.last();
        lose();
        let found = std::fs::read_dir(&dir).map_or(0, Iterator::count);
        let mut taken = 0;
        let refused = loop {
            match journal.append_batch(&sample_batch(3, 700, taken)) {
                Ok(_) => taken += 1,
                Err(fault) => break fault,
            }
            assert!(taken < 100, "{what}: it went on");
        };
        assert_eq!(refused.code(), "J060", "{what}: {refused}");
        if what != "the next one removed" {
            assert_eq!((taken, journal.last()), (0, last), "{what}");
        }
        assert_eq!(
            std::fs::read_dir(&dir).map_or(0, Iterator::count),
            found,
            "{what}: something was made where the path leads now"
        );
        assert_eq!(code(journal.append_batch(&sample_batch(1, 9, 9))), "J010");
        drop(journal);
        for folder in [&dir, &away] {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

#[test]
fn what_a_hub_wrote_itself_must_be_in_a_folder_before_anything_is_made_there() {
    let scratch = tempfile::tempdir().unwrap();
    let path = |name: &str| scratch.path().join(name);
    let mut journal = Journal::open(path("own"), options()).unwrap();
    fill(&mut journal, 4, 1);
    copy(&path("own"), &path("older"));
    fill(&mut journal, 4, 5);
    let own = Expectation {
        number: journal.last(),
        chain: Some(journal.chain()),
        source: "this hub".into(),
    };
    drop(journal);
    std::fs::create_dir(path("empty")).unwrap();
    fill(&mut Journal::open(path("other"), options()).unwrap(), 9, 70);
    for (name, says) in [
        ("absent", "no record is there"),
        ("empty", "no record is there"),
        ("older", "ends with record 12"),
        ("other", "another journal"),
    ] {
        let fault = own.require(path(name), &options()).unwrap_err();
        assert_eq!(fault.code(), "J060", "{name}");
        assert!(fault.log_text().contains(says), "{name}: {fault}");
        assert!(fault.is_of_disk(), "{name}: it may come back");
    }
    assert!(!path("absent").exists());
    assert_eq!(std::fs::read_dir(path("empty")).unwrap().count(), 0);
    own.require(path("own"), &options()).unwrap();
}
