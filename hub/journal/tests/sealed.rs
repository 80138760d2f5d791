//! Segments before the one being written that are missing, cut short or another's: a start notices, at the cost of a
//! look at each file; somebody gives them up by name; and what was cut under a running writer is noticed at once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::any::Any;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use cordon_journal::disk::{Disk, DiskFile, FileId, RealDisk};
use cordon_journal::probe::sample_batch;
use cordon_journal::{Expectation, Journal, Options, Reader, Result, verify};

const BYTES: u64 = 32 * 1024;
const HEAD: u64 = 4096;
const SEAL: u64 = 192;

fn options() -> Options {
    Options {
        segment_bytes: BYTES,
        reserve_bytes: 4096,
        warn_free_bytes: 0,
        floor_free_bytes: 0,
        background: false,
        ..Options::new("sealed")
    }
}

fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:08}.seg"))
}

/// Whether batches were written into a segment.
fn is_begun(dir: &Path, number: u64) -> bool {
    let bytes = std::fs::read(path(dir, number));
    bytes.is_ok_and(|bytes| bytes[4096..].iter().any(|byte| *byte != 0))
}

/// A closed journal of which `segments` were begun.
fn written(segments: u64) -> tempfile::TempDir {
    written_from(segments, 0)
}

fn written_from(segments: u64, seed: u64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(dir.path(), options()).unwrap();
    while !is_begun(dir.path(), segments) {
        let batch = sample_batch(3, 700, seed + journal.last());
        journal.append_batch(&batch).unwrap();
    }
    dir
}

fn shorten(dir: &Path, number: u64, left: u64) {
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(path(dir, number));
    file.unwrap().set_len(left).unwrap();
}

fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(dir).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|it| it == "seg"))
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

fn code<T>(result: Result<T>) -> &'static str {
    result.err().map_or("none", |fault| fault.code())
}

/// Each said `ok` at a start, and `journal verify` alone found it.
#[test]
fn a_broken_segment_before_the_last_is_refused_and_left_as_it_is() {
    type Way = (&'static str, fn(&Path, u64));
    let ways: [Way; 7] = [
        ("J061", |dir, number| shorten(dir, number, BYTES / 2)),
        ("J061", |dir, number| shorten(dir, number, HEAD)),
        ("J003", |dir, number| shorten(dir, number, 100)),
        ("J004", |dir, number| {
            std::fs::remove_file(path(dir, number)).unwrap();
        }),
        ("J003", |dir, number| {
            let (one, other) = (path(dir, number), path(dir, number + 1));
            std::fs::rename(&one, dir.join("away")).unwrap();
            std::fs::rename(&other, &one).unwrap();
            std::fs::rename(dir.join("away"), &other).unwrap();
        }),
        // An older copy, from when half of it was written.
        ("J005", |dir, number| {
            let mut bytes = std::fs::read(path(dir, number)).unwrap();
            bytes[usize::try_from(BYTES / 2).unwrap()..].fill(0);
            std::fs::write(path(dir, number), bytes).unwrap();
        }),
        // That of another journal under the same name, as long as this one.
        ("J006", |dir, number| {
            let other = written_from(5, 1_000);
            std::fs::copy(path(other.path(), number), path(dir, number)).unwrap();
        }),
    ];
    for (at, (wanted, way)) in ways.iter().enumerate() {
        for number in [1, 2, 3] {
            let dir = written(5);
            way(dir.path(), number);
            let before = files(dir.path());
            let fault = Journal::open(dir.path(), options()).err();
            let fault = fault.unwrap_or_else(|| panic!("way {at}, segment {number}: it started"));
            let wanted = match (*wanted, number) {
                ("J004", 1) => "J050",
                (wanted, _) => wanted,
            };
            assert_eq!(fault.code(), wanted, "way {at}, segment {number}: {fault}");
            assert!(files(dir.path()) == before, "the evidence was touched");
            let broken = Expectation::broken(dir.path(), &options()).unwrap();
            assert!(!broken.is_empty(), "way {at}, segment {number}");
        }
    }
}

/// What is there in full is made whole, as it is for the last segment.
#[test]
fn a_segment_that_lost_its_seal_alone_is_sealed_again() {
    for number in [1, 2, 4] {
        for left in [BYTES - 1, BYTES - SEAL, BYTES - SEAL + 1] {
            let dir = written(5);
            let before = files(dir.path());
            shorten(dir.path(), number, left);
            assert_eq!(Expectation::broken(dir.path(), &options()).unwrap(), []);
            let journal = Journal::open(dir.path(), options()).unwrap();
            assert_eq!(journal.opening().sealed, Some(number), "{left}");
            drop(journal);
            assert!(files(dir.path()) == before, "{number}, {left}");
        }
    }
}

fn read(reader: &Reader, number: u64) -> &'static str {
    match reader.get(number) {
        Ok(Some(record)) if record.number == number => "there",
        Ok(_) => "the end",
        Err(fault) => fault.code(),
    }
}

#[test]
fn what_is_given_up_by_name_stays_given_up_and_hides_nothing_else() {
    for (way, wanted) in [("cut", "J061"), ("gone", "J004"), ("headless", "J003")] {
        for number in [2, 3, 4] {
            let dir = written(6);
            let last = Reader::open(dir.path()).unwrap().position().unwrap().0;
            match way {
                "cut" => shorten(dir.path(), number, HEAD),
                "gone" => std::fs::remove_file(path(dir.path(), number)).unwrap(),
                _ => shorten(dir.path(), number, 9),
            }
            let told = Expectation::broken(dir.path(), &options()).unwrap();
            let told: Vec<_> = told.iter().map(|(at, why)| (*at, why.code())).collect();
            assert_eq!(told, [(number, wanted)], "{way}");
            assert_eq!(code(Journal::open(dir.path(), options())), wanted, "{way}");
            let by_name = Options {
                gives_up_segments: vec![number],
                ..options()
            };
            let mut journal = Journal::open(dir.path(), by_name).unwrap();
            assert_eq!(journal.last(), last, "{way} {number}");
            journal.append_batch(&sample_batch(3, 700, 9)).unwrap();
            drop(journal);

            // Nobody has to say it again, and what is behind it is read; at it reading says what is wrong.
            drop(Journal::open(dir.path(), options()).unwrap());
            assert_eq!(Expectation::broken(dir.path(), &options()).unwrap(), []);
            let reader = Reader::open(dir.path()).unwrap();
            assert_eq!(reader.position().unwrap().0, last + 3, "{way} {number}");
            for there in [1, last, last + 3] {
                assert_eq!(read(&reader, there), "there", "{way} {number}");
            }
            let all = reader.read_from(1).unwrap();
            let mut reached = 0;
            let end = all.map(|record| record.map(|record| reached = record.number));
            let end = end.filter_map(Result::err).next().map(|fault| fault.code());
            assert_eq!(end, Some(wanted), "{way} {number}");
            // Whoever can do without it goes on behind it.
            let behind = reader.behind_given_up(reached + 1).unwrap().unwrap();
            assert!(behind > reached + 1, "{way} {number}");
            let rest = reader
                .read_from(behind)
                .unwrap()
                .map(|record| record.unwrap().number);
            assert_eq!(rest.last(), Some(last + 3), "{way} {number}");
            assert_eq!(reader.behind_given_up(behind).unwrap(), None);
            assert!(!verify(dir.path()).unwrap().is_clean(), "{way} {number}");

            // Another one is no part of what was given up.
            shorten(dir.path(), 1, BYTES / 2);
            assert_eq!(code(Journal::open(dir.path(), options())), "J061", "{way}");
        }
    }
}

#[test]
fn a_beginning_that_was_removed_is_given_up_by_name_too() {
    let dir = written(5);
    for number in [1, 2] {
        std::fs::remove_file(path(dir.path(), number)).unwrap();
    }
    let told = Expectation::broken(dir.path(), &options()).unwrap();
    let told: Vec<_> = told.iter().map(|(at, why)| (*at, why.code())).collect();
    assert_eq!(told, [(2, "J050")]);
    let by_name = Options {
        gives_up_segments: vec![2],
        ..options()
    };
    drop(Journal::open(dir.path(), by_name).unwrap());
    drop(Journal::open(dir.path(), options()).unwrap());
}

/// The files that were opened, each with the bytes that were read of it.
type Counts = Vec<(PathBuf, Arc<AtomicU64>)>;

/// Counts what is read of each file that is opened, and waits for no sync.
#[derive(Clone, Default)]
struct Counting(Arc<Mutex<Counts>>);

struct CountedFile(Arc<dyn DiskFile>, Arc<AtomicU64>);

impl Disk for Counting {
    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        RealDisk.make_dir(dir)
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        RealDisk.list(dir)
    }
    fn open(&self, path: &Path, write: bool) -> io::Result<Arc<dyn DiskFile>> {
        let count = Arc::new(AtomicU64::new(0));
        let mut opened = self.0.lock().unwrap();
        opened.push((path.to_owned(), Arc::clone(&count)));
        Ok(Arc::new(CountedFile(RealDisk.open(path, write)?, count)))
    }
    fn create(&self, path: &Path, bytes: u64) -> io::Result<Arc<dyn DiskFile>> {
        let file = RealDisk.create(path, bytes)?;
        Ok(Arc::new(CountedFile(file, Arc::default())))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }
    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        RealDisk.free_bytes(dir)
    }
    fn id(&self, path: &Path) -> io::Result<FileId> {
        RealDisk.id(path)
    }
    fn lock(&self, dir: &Path) -> io::Result<Option<Box<dyn Any + Send>>> {
        RealDisk.lock(dir)
    }
    fn salt(&self) -> io::Result<u64> {
        RealDisk.salt()
    }
}

impl DiskFile for CountedFile {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }
    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        let read = self.0.read_at(out, offset)?;
        self.1.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_at(bytes, offset)
    }
    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.0.set_len(bytes)
    }
    fn id(&self) -> io::Result<FileId> {
        self.0.id()
    }
    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

/// A start costs a look at each file, whatever stands in it.
#[test]
fn of_a_sealed_segment_a_start_reads_head_and_seal_alone() {
    let dir = written(8);
    let disk = Counting::default();
    drop(Journal::open_on(Arc::new(disk.clone()), dir.path(), options()).unwrap());
    let opened = disk.0.lock().unwrap();
    for number in 2..7 {
        let of_it = opened
            .iter()
            .filter(|(at, _)| *at == path(dir.path(), number));
        let read: Vec<u64> = of_it
            .map(|(_, count)| count.load(Ordering::Relaxed))
            .collect();
        assert_eq!(read, [HEAD + SEAL], "segment {number}");
    }
}

/// It was acknowledged until the next start, which refused the journal.
#[test]
fn a_file_that_is_cut_under_its_writer_ends_the_acknowledging_at_once() {
    for left in [HEAD, HEAD + 3_000, BYTES - SEAL, BYTES - 1] {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path(), options()).unwrap();
        for seed in 0..4 {
            journal.append_batch(&sample_batch(3, 700, seed)).unwrap();
        }
        let last = journal.last();
        shorten(dir.path(), 1, left);
        let before = files(dir.path());
        let refused = journal.append_batch(&sample_batch(3, 700, 9)).unwrap_err();
        assert_eq!(refused.code(), "J061", "{left}: {refused}");
        assert_eq!(journal.last(), last, "{left}");
        assert!(
            files(dir.path()) == before,
            "{left}: something was written into it"
        );
        assert_eq!(code(journal.append_batch(&sample_batch(1, 9, 9))), "J010");
    }
    // Also where nothing is to be written.
    let dir = written(1);
    let mut journal = Journal::open(dir.path(), options()).unwrap();
    shorten(dir.path(), 1, BYTES - 1);
    assert_eq!(code(journal.look_in_place()), "J061");
}
