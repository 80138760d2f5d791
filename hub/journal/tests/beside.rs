//! A writer at work between any two looks of `verify` and of a reader: each interleaving once, in
//! one thread, on the simulated disk.
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
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cordon_journal::disk::sim::SimDisk;
use cordon_journal::disk::{Disk, DiskFile, FileId};
use cordon_journal::probe::sample_batch;
use cordon_journal::{FaultKind, Journal, Options, Reader, verify_on};

/// What the writer does when its moment has come.
type Moment = Box<dyn FnOnce() + Send>;

/// A disk for those who read, with a writer that acts before one of their looks.
#[derive(Clone)]
struct Watched {
    disk: SimDisk,
    looks: Arc<AtomicU64>,
    at: u64,
    moment: Arc<Mutex<Option<Moment>>>,
}

impl Watched {
    /// The writer acts before look number `at`, counted from 0.
    fn new(disk: &SimDisk, at: u64, moment: impl FnOnce() + Send + 'static) -> Self {
        Self {
            disk: disk.clone(),
            looks: Arc::default(),
            at,
            moment: Arc::new(Mutex::new(Some(Box::new(moment)))),
        }
    }

    fn look(&self) {
        if self.looks.fetch_add(1, Ordering::SeqCst) == self.at
            && let Some(moment) = self.moment.lock().unwrap().take()
        {
            moment();
        }
    }

    /// True when there were so few looks that the writer's moment never came.
    fn was_quiet(&self) -> bool {
        self.moment.lock().unwrap().is_some()
    }
}

impl Disk for Watched {
    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        self.disk.make_dir(dir)
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.look();
        self.disk.list(dir)
    }
    fn open(&self, path: &Path, write: bool) -> io::Result<Arc<dyn DiskFile>> {
        self.look();
        let file = self.disk.open(path, write)?;
        Ok(Arc::new(WatchedFile {
            file,
            watched: self.clone(),
        }))
    }
    fn create(&self, path: &Path, bytes: u64) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.create(path, bytes)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.disk.sync_dir(dir)
    }
    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        self.disk.free_bytes(dir)
    }
    fn id(&self, path: &Path) -> io::Result<FileId> {
        self.disk.id(path)
    }
    fn lock(&self, dir: &Path) -> io::Result<Option<Box<dyn Any + Send>>> {
        self.disk.lock(dir)
    }
    fn salt(&self) -> io::Result<u64> {
        self.disk.salt()
    }
}

struct WatchedFile {
    file: Arc<dyn DiskFile>,
    watched: Watched,
}

impl DiskFile for WatchedFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        self.watched.look();
        self.file.read_at(out, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_at(bytes, offset)
    }
    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)
    }
    fn id(&self) -> io::Result<FileId> {
        self.file.id()
    }
    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}

const SEGMENT: u64 = 16 * 1024;

fn dir() -> &'static Path {
    Path::new("/journal")
}

fn append(journal: &mut Journal, batches: u64) {
    for n in 0..batches {
        journal.append_batch(&sample_batch(3, 700, n)).unwrap();
    }
}

/// A journal of `batches` batches; six of them fill a segment.
fn journal(disk: &SimDisk, batches: u64) -> Journal {
    let options = Options {
        segment_bytes: SEGMENT,
        reserve_bytes: 0,
        warn_free_bytes: 0,
        floor_free_bytes: 0,
        background: false,
        ahead: 2,
        ..Options::new("beside")
    };
    let mut journal = Journal::open_on(Arc::new(disk.clone()), dir(), options).unwrap();
    append(&mut journal, batches);
    journal
}

/// Whether the writer also gives up old segments, so that their files are written anew.
#[derive(Clone, Copy, Debug)]
enum Trim {
    No,
    Half,
    All,
}

impl Trim {
    fn apply(self, journal: &mut Journal) {
        let before = match self {
            Self::No => return,
            Self::Half => journal.last() / 2,
            Self::All => journal.last(),
        };
        journal.trim(before).unwrap();
    }
}

/// Runs `check` with the writer acting before look 0, 1, 2 … until all looks were interrupted;
/// returns how many interleavings there were.
fn every_moment(check: impl Fn(&Watched, u64, Trim)) -> u64 {
    let mut interleavings = 0;
    for trim in [Trim::No, Trim::Half, Trim::All] {
        // Nothing yet, and the end of the second segment.
        for before in [0, 11, 12] {
            for written in [1, 3, 8] {
                for at in 0.. {
                    let disk = SimDisk::new(1);
                    let mut journal = journal(&disk, before);
                    let known = journal.last();
                    let watched = Watched::new(&disk, at, move || {
                        append(&mut journal, written);
                        trim.apply(&mut journal);
                        append(&mut journal, written);
                    });
                    check(&watched, known, trim);
                    interleavings += 1;
                    if watched.was_quiet() {
                        break;
                    }
                }
            }
        }
    }
    interleavings
}

#[test]
fn verify_is_clean_whenever_the_writer_acts() {
    let interleavings = every_moment(|watched, known, trim| {
        let report = verify_on(Arc::new(watched.clone()), dir(), &[], Duration::ZERO).unwrap();
        let at = watched.at;
        assert!(
            report.is_clean() && !report.torn_tail,
            "before look {at}, {trim:?}: {report:?}"
        );
        // Of a journal that was trimmed away under its eyes it may have seen nothing.
        let seen = report.last >= known || matches!(trim, Trim::All | Trim::Half);
        assert!(seen, "before look {at}: {report:?}");
    });
    println!("{interleavings} interleavings");
    assert!(interleavings > 300, "{interleavings}");
}

#[test]
fn a_reader_sees_each_record_once_whenever_the_writer_acts() {
    let interleavings = every_moment(|watched, known, trim| {
        let at = watched.at;
        let trimmed = |kind| {
            let allowed = !matches!(trim, Trim::No)
                && matches!(kind, FaultKind::Trimmed | FaultKind::Io | FaultKind::Head);
            assert!(allowed, "before look {at}, {trim:?}: {kind:?}");
        };
        let reader = match Reader::open_on(Arc::new(watched.clone()), dir()) {
            Ok(reader) => reader,
            Err(fault) => return trimmed(fault.kind()),
        };
        let records = match reader.read_from(1) {
            Ok(records) => records,
            Err(fault) => return trimmed(fault.kind()),
        };
        let mut next = None;
        for record in records {
            match record {
                Ok(record) => {
                    assert_eq!(record.number, next.unwrap_or(record.number), "look {at}");
                    next = Some(record.number + 1);
                }
                Err(fault) => return trimmed(fault.kind()),
            }
        }
        assert!(next.unwrap_or(1) > known, "before look {at}");
    });
    assert!(interleavings > 300, "{interleavings}");
}

/// Each of a batch's records was looked for by a reading of the whole batch.
#[test]
fn records_asked_for_in_order_cost_one_reading_of_each_batch() {
    let disk = SimDisk::new(1);
    let journal = journal(&disk, 12);
    let reader = Reader::open_on(Arc::new(disk.clone()), dir()).unwrap();
    let mut nearby = reader.nearby();
    for number in 1..=journal.last() {
        let record = nearby.get(number).unwrap();
        assert_eq!(record, reader.get(number).unwrap());
    }
    assert_eq!(nearby.batches_read(), 12);
    assert!(nearby.get(journal.last() + 1).unwrap().is_none());
    // Backwards within a batch it is still held, elsewhere it is read again.
    let before = nearby.batches_read();
    assert_eq!(nearby.get(2).unwrap().unwrap().number, 2);
    assert_eq!(nearby.get(1).unwrap().unwrap().number, 1);
    assert_eq!(nearby.batches_read(), before + 1);
}
