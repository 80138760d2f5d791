//! The writer: one per folder. A batch is one write and one sync, whole or not there.

mod place;
mod room;
mod touch;
mod trim;

use std::any::Any;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::archive::Archiver;
use crate::chain::{self, Hash};
use crate::counters::{Counters, Tally};
use crate::disk::{Disk, RealDisk};
use crate::expect;
use crate::fault::{FaultKind, JournalFault, Result};
use crate::frame::{self, FRAME_HEAD, FRAME_TAIL, FrameHead};
use crate::options::Options;
use crate::packed::{Forgetter, Packer};
use crate::prepare::{Done, Job, Preparer, Worker};
use crate::reader::Reader;
use crate::record::NewRecord;
use crate::recover::{Opening, recover};
use crate::segment::{self, Seal, Segment};
use crate::space::{Space, SpaceLevel};
use crate::walk::Walker;
use crate::watch::Watch;

/// Number and chain hash of each record of a batch, in order.
pub type Receipts = Vec<(u64, Hash)>;

/// The segment being written: a walker that stands at its end.
struct Active {
    walker: Walker,
    sealed: bool,
}

/// A batch ready to be written.
struct Staged {
    receipts: Receipts,
    leaves: Vec<Hash>,
    payload: u64,
}

/// The journal's writer.
pub struct Journal {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    options: Options,
    active: Active,
    ready: VecDeque<Segment>,
    preparer: Preparer,
    /// Why the last segment could not be prepared, until one can.
    blocked: Option<JournalFault>,
    /// An ordinary batch was refused for want of room, and there is no new room since.
    refusing: bool,
    /// Why this writer takes nothing more.
    poison: Option<String>,
    next: u64,
    chain: Hash,
    buffer: Vec<u8>,
    space: Space,
    watch: Watch,
    tally: Arc<Tally>,
    opening: Opening,
    /// Held by whoever packs or trims segments.
    packing: Arc<Mutex<()>>,
    _lock: Box<dyn Any + Send>,
}

impl Journal {
    /// Opens the journal in `dir`, making it if the folder is empty. See [`Journal::opening`] for what was found.
    pub fn open(dir: impl AsRef<Path>, options: Options) -> Result<Self> {
        Self::open_on(Arc::new(RealDisk), dir, options)
    }

    /// Opens on a given disk; the simulated one in tests.
    pub fn open_on(disk: Arc<dyn Disk>, dir: impl AsRef<Path>, options: Options) -> Result<Self> {
        options.check()?;
        let dir = dir.as_ref().to_path_buf();
        let lock = take_lock(disk.as_ref(), &dir)?;
        let tally = Arc::new(Tally::default());
        // Before recovery, which writes: a journal that is refused stays as it was found.
        expect::check(&disk, &dir, &options)?;
        let mut found = recover(disk.as_ref(), &dir, &options, &tally)?;
        expect::check(&disk, &dir, &options)?;
        let worker = Worker {
            disk: Arc::clone(&disk),
            dir: dir.clone(),
            identity: options.identity.clone(),
            segment_bytes: options.segment_bytes,
            segment_bytes_min: options.segment_bytes_min(),
            floor_free_bytes: options.floor_free_bytes,
            tally: Arc::clone(&tally),
        };
        let mut preparer = Preparer::new(worker, options.background)?;
        let genesis = chain::genesis(&options.identity);
        let active = match found.active {
            Some((walker, sealed)) => Active { walker, sealed },
            None => {
                let segment = match found.ready.pop_front() {
                    Some(segment) => segment,
                    None => first_segment(&mut preparer)?,
                };
                Active {
                    walker: Walker::new(segment, Some((1, genesis))),
                    sealed: false,
                }
            }
        };
        let next = found.opening.last + 1;
        let chain = if next == 1 {
            genesis
        } else {
            active.walker.chain
        };
        let mut journal = Self {
            active,
            ready: found.ready,
            preparer,
            blocked: None,
            refusing: false,
            poison: None,
            next,
            chain,
            buffer: Vec::new(),
            space: Space {
                level: SpaceLevel::Normal,
                free_bytes: 0,
                total_bytes: 0,
                prepared_bytes: 0,
            },
            watch: Watch::new((next - 1, chain)),
            tally,
            opening: found.opening,
            packing: Arc::default(),
            _lock: lock,
            disk,
            dir,
            options,
        };
        journal.look();
        journal.prepare_ahead();
        journal.collect(false);
        journal.update_space();
        Ok(journal)
    }

    /// What opening found and did.
    pub fn opening(&self) -> &Opening {
        &self.opening
    }

    /// Number of the last durable record; 0 before the first.
    pub fn last(&self) -> u64 {
        self.next - 1
    }

    /// Chain hash after the last durable record.
    pub fn chain(&self) -> Hash {
        self.chain
    }

    /// A handle on the durable position for other threads.
    pub fn watch(&self) -> Watch {
        self.watch.clone()
    }

    /// The room left.
    pub fn space(&self) -> Space {
        self.space
    }

    /// Room kept back for urgent batches.
    pub fn reserve_bytes(&self) -> u64 {
        self.options.reserve_bytes
    }

    /// Counts since opening.
    pub fn counters(&self) -> Counters {
        self.tally.read()
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A reader on the same folder and disk, and on the archive.
    pub fn reader(&self) -> Result<Reader> {
        let reader = Reader::open_on(Arc::clone(&self.disk), &self.dir)?;
        Ok(reader.with_archive(self.options.archive.as_deref()))
    }

    /// Who packs this journal's sealed segments, on any thread, while it is written.
    pub fn packer(&self) -> Packer {
        Packer::beside(
            Arc::clone(&self.disk),
            self.dir.clone(),
            Arc::clone(&self.packing),
        )
    }

    /// Who moves this journal's packed segments to the folder `archive`, on any thread, while it is written. Nothing is
    /// asked of that folder's disk here.
    pub fn archiver(&self, archive: &Path) -> Archiver {
        Archiver::beside(
            Arc::clone(&self.disk),
            self.dir.clone(),
            archive.to_path_buf(),
            Arc::clone(&self.packing),
        )
    }

    /// Who takes expired bodies out of this journal's packed segments, here and in its archive, on any thread, while it is written.
    pub fn forgetter(&self, archive: Option<&Path>) -> Forgetter {
        Forgetter::beside(
            Arc::clone(&self.disk),
            self.dir.clone(),
            archive,
            Arc::clone(&self.packing),
        )
    }

    /// Number the first record of the next batch will get, so that records of one batch can name
    /// each other.
    pub fn next_number(&self) -> u64 {
        self.next
    }

    /// Makes a batch durable: one write, one sync. Returns number and chain hash of each record.
    ///
    /// After an error with code `J011` nothing of the batch may be acknowledged and the writer
    /// refuses everything (`J010`); after `J012` and `J013` nothing was written and the writer goes on.
    pub fn append_batch(&mut self, records: &[NewRecord]) -> Result<Receipts> {
        self.append(records, false)
    }

    /// As [`Journal::append_batch`], and may use the reserve kept back on a full disk: emergency
    /// openings and alarms.
    pub fn append_urgent(&mut self, records: &[NewRecord]) -> Result<Receipts> {
        self.append(records, true)
    }

    fn append(&mut self, records: &[NewRecord], urgent: bool) -> Result<Receipts> {
        self.collect(false);
        self.check_poison()?;
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let staged = self.stage(records)?;
        self.make_room(urgent)?;
        self.write_staged(&staged)?;
        Ok(self.committed(staged))
    }

    fn check_poison(&self) -> Result<()> {
        match &self.poison {
            None => Ok(()),
            Some(why) => Err(JournalFault::new(
                FaultKind::Poisoned,
                self.dir.display().to_string(),
                why.clone(),
            )),
        }
    }

    /// Encodes the batch into the buffer and computes its chain. Nothing of the writer's state changes.
    fn stage(&mut self, records: &[NewRecord]) -> Result<Staged> {
        if records.len() > self.options.batch_records_max {
            let (len, max) = (records.len(), self.options.batch_records_max);
            return Err(too_large(format!(
                "{len} records, at most {max} are allowed"
            )));
        }
        self.buffer.clear();
        self.buffer.resize(FRAME_HEAD, 0);
        let mut staged = Staged {
            receipts: Vec::with_capacity(records.len()),
            leaves: Vec::with_capacity(records.len()),
            payload: 0,
        };
        let mut chain = self.chain;
        for (number, record) in (self.next..).zip(records) {
            let start = self.buffer.len();
            record.encode_into(&mut self.buffer)?;
            let encoded = self.buffer.get(start..).unwrap_or_default();
            let leaf = chain::leaf_of(number, encoded);
            chain = chain::link(&chain, &leaf);
            staged.receipts.push((number, chain));
            staged.leaves.push(leaf);
            staged.payload += record.payload_bytes() as u64;
        }
        let bytes = (self.buffer.len() + FRAME_TAIL) as u64;
        let max = self.options.frame_bytes_max();
        if bytes > max {
            return Err(too_large(format!(
                "{bytes} bytes, at most {max} are allowed"
            )));
        }
        Ok(staged)
    }

    /// Bytes of the staged batch on disk.
    fn staged_bytes(&self) -> u64 {
        (self.buffer.len() + FRAME_TAIL) as u64
    }

    /// Seals the active segment (its sync is not waited for: opening repairs a missing seal) and goes on in the next.
    fn change_to(&mut self, segment: Segment) -> Result<()> {
        self.require_in_place(&segment)?;
        Tally::add(&self.tally.rotations, 1);
        // One unsynced seal at a time: after a crash a missing seal is then always the last one.
        while self.preparer.sealing > 0 {
            self.collect(true);
            self.check_poison()?;
        }
        let old = &mut self.active;
        if let (false, Some(seal)) = (old.sealed, old.walker.seal()) {
            let wrote = write_seal(&old.walker.segment, &seal);
            if let Err(fault) = wrote {
                return Err(self.poisoned(fault));
            }
            Tally::add(&self.tally.file_bytes, segment::SEAL_BYTES);
            old.sealed = true;
            let sealed = old.walker.segment.clone();
            self.preparer.give(Job::SyncSeal(sealed));
        }
        self.active = Active {
            walker: Walker::new(segment, Some((self.next, self.chain))),
            sealed: false,
        };
        self.prepare_ahead();
        self.collect(false);
        self.update_space();
        self.check_poison()
    }

    fn write_staged(&mut self, staged: &Staged) -> Result<()> {
        self.look_at_length()?;
        let walker = &self.active.walker;
        let len = self.buffer.len() - FRAME_HEAD;
        let head = FrameHead {
            len: u32::try_from(len).map_err(|_| too_large(format!("{len} bytes")))?,
            salt: walker.segment.head.salt,
            first: self.next,
            count: u32::try_from(staged.leaves.len()).unwrap_or(u32::MAX),
            chain_before: self.chain,
        };
        frame::close(&mut self.buffer, &head);
        let file = walker.segment.file.as_ref();
        if let Err(error) = file.write_durably(&self.buffer, walker.offset) {
            let place = walker.segment.place(walker.offset);
            let detail = format!("writing records from {}: {error}", self.next);
            let fault = JournalFault::new(FaultKind::Write, place, detail).caused(&error);
            return Err(self.poisoned(fault));
        }
        // What nobody finds again is not durable, whatever the sync says.
        self.look_in_place()
    }

    fn poisoned(&mut self, fault: JournalFault) -> JournalFault {
        tracing::error!(%fault, "the journal stops: nothing more is acknowledged");
        self.poison = Some(fault.to_string());
        fault
    }

    /// Takes over what the durable batch changed.
    fn committed(&mut self, staged: Staged) -> Receipts {
        let bytes = self.buffer.len() as u64;
        let tally = &self.tally;
        Tally::add(&tally.batches, 1);
        Tally::add(&tally.records, staged.leaves.len() as u64);
        Tally::add(&tally.payload_bytes, staged.payload);
        Tally::add(&tally.file_bytes, bytes);
        Tally::add(&tally.batch_syncs, 1);
        let walker = &mut self.active.walker;
        walker.begin.get_or_insert((self.next, self.chain));
        walker.last_offset = walker.offset;
        walker.offset += bytes;
        walker.batches += 1;
        for leaf in staged.leaves {
            walker.merkle.push(leaf);
        }
        if let Some((number, chain)) = staged.receipts.last() {
            self.next = number + 1;
            self.chain = *chain;
        }
        walker.next = Some(self.next);
        walker.chain = self.chain;
        self.watch.set((self.next - 1, self.chain));
        self.update_space();
        staged.receipts
    }
}

pub(crate) fn take_lock(disk: &dyn Disk, dir: &Path) -> Result<Box<dyn Any + Send>> {
    disk.make_dir(dir)
        .map_err(|error| JournalFault::io(dir, "making the folder", &error))?;
    let lock = disk
        .lock(dir)
        .map_err(|error| JournalFault::io(dir, "locking", &error))?;
    lock.ok_or_else(|| {
        let place = dir.join("lock").display().to_string();
        JournalFault::new(
            FaultKind::Locked,
            place,
            "another process writes this journal",
        )
    })
}

fn first_segment(preparer: &mut Preparer) -> Result<Segment> {
    preparer.give(Job::Prepare(1));
    match preparer.collect(true) {
        Some(Done::Prepared(made, _)) => made,
        _ => Err(JournalFault::new(
            FaultKind::Io,
            "segment 1",
            "the preparer stopped",
        )),
    }
}

fn write_seal(segment: &Segment, seal: &Seal) -> Result<()> {
    let offset = segment.head.data_end();
    segment
        .file
        .write_at(&seal.encode(), offset)
        .map_err(|error| {
            JournalFault::new(
                FaultKind::Write,
                segment.place(offset),
                format!("sealing: {error}"),
            )
            .caused(&error)
        })
}

fn too_large(detail: String) -> JournalFault {
    JournalFault::new(FaultKind::TooLarge, "batch", detail)
}
