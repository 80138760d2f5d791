//! Moving packed segments between the journal's folder and its archive, one at a time.

use std::any::Any;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::disk::{Disk, RealDisk};
use crate::fault::{FaultKind, JournalFault, Result};
use crate::journal::take_lock;
use crate::packed::{self, Old, checked};
use crate::segment::{self, Seal, Segment};
use crate::trimmed::Trimmed;

/// How a file is called until it is whole.
const DRAFT: &str = "moving.tmp";
/// Copied at once, bytes.
const PIECE: usize = 1 << 20;

/// A segment that was moved.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Moved {
    /// Its number.
    pub number: u64,
    /// Its first record.
    pub first: u64,
    /// Its last record.
    pub last: u64,
    /// Bytes of its packed file.
    pub bytes: u64,
}

/// Moves the oldest segments of one journal to its archive, and back. A segment goes from where it was only when it was
/// read through where it is; the journal's folder then says, as after a trim, with which record it begins.
pub struct Archiver {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    archive: PathBuf,
    /// Held while files change.
    packing: Arc<Mutex<()>>,
    _lock: Option<Box<dyn Any + Send>>,
}

impl Archiver {
    /// Moves segments of the journal in `dir` while no hub writes it.
    ///
    /// # Errors
    /// `J002` when one does.
    pub fn alone(dir: impl AsRef<Path>, archive: impl AsRef<Path>) -> Result<Self> {
        let disk = RealDisk;
        let dir = dir.as_ref().to_path_buf();
        let lock = take_lock(&disk, &dir)?;
        let archive = archive.as_ref().to_path_buf();
        let mut archiver = Self::beside(Arc::new(disk), dir, archive, Arc::default());
        archiver._lock = Some(lock);
        Ok(archiver)
    }

    /// Nothing is asked of the archive's disk yet, which may hang.
    pub(crate) fn beside(
        disk: Arc<dyn Disk>,
        dir: PathBuf,
        archive: PathBuf,
        packing: Arc<Mutex<()>>,
    ) -> Self {
        Self {
            disk,
            dir,
            archive,
            packing,
            _lock: None,
        }
    }

    /// The archive must be another folder, and there.
    fn require_other(&self) -> Result<()> {
        let io = |error| JournalFault::io(&self.archive, "looking for the archive", &error);
        self.disk.list(&self.archive).map_err(io)?;
        let id = |path: &Path| self.disk.id(path).ok();
        if id(&self.dir).is_some() && id(&self.dir) == id(&self.archive) {
            let detail = "the archive is the journal's own folder";
            return Err(JournalFault::new(FaultKind::Option, "archive", detail));
        }
        Ok(())
    }

    /// Moves the first segment kept here to the archive, if it is packed and all its records are old; `None` when it
    /// is not.
    ///
    /// # Errors
    /// Why it stays: the archive does not hold the segment before it (`J004`: another disk is mounted there, or none), it
    /// is damaged, the archive is not there (`J001`) or the journal's own folder (`J015`), it holds another journal's segment under its number (`J009`) or another one of this (`J007`),
    /// one of the two disks fails or is full.
    pub fn archive_next(&mut self, old: impl Into<Old>) -> Result<Option<Moved>> {
        let packing = Arc::clone(&self.packing);
        let _alone = packing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(number) = segment::list(self.disk.as_ref(), &self.dir)?
            .first()
            .copied()
        else {
            return Ok(None);
        };
        let segment = Segment::open(self.disk.as_ref(), &self.dir, number, false)?;
        let is_old = packed::begin_after(self.disk.as_ref(), &self.dir, number)?;
        if !segment.is_packed() || !is_old.is_some_and(|begin| old.into().is(begin)) {
            return Ok(None);
        }
        let Some(seal) = segment.seal()? else {
            return Ok(None);
        };
        self.require_other()?;
        self.goes_on(&segment, &seal)?;
        let bytes = self.copy(&self.dir, &self.archive, &segment, &seal)?;
        let kept = Trimmed {
            first: seal.last() + 1,
            chain_before: seal.chain_last,
        };
        kept.write(self.disk.as_ref(), &self.dir)?;
        self.disk
            .remove(&segment.path)
            .and_then(|()| self.disk.sync_dir(&self.dir))
            .map_err(|error| JournalFault::io(&segment.path, "removing", &error))?;
        Ok(Some(moved(number, &seal, bytes)))
    }

    /// Brings the segment before the first one kept here back from the archive; it stays there too. `None` when the
    /// journal begins with its first record.
    ///
    /// # Errors
    /// `J004` when the archive lacks it; `J006` when it does not lead to what is kept here; as
    /// [`Archiver::archive_next`] otherwise.
    pub fn restore_next(&mut self) -> Result<Option<Moved>> {
        let packing = Arc::clone(&self.packing);
        let _alone = packing.lock().unwrap_or_else(PoisonError::into_inner);
        let lowest = segment::list(self.disk.as_ref(), &self.dir)?
            .first()
            .copied();
        let Some(number) = lowest.filter(|lowest| *lowest > 1) else {
            return Ok(None);
        };
        self.require_other()?;
        let number = number - 1;
        let (segment, seal) = self.archived(number)?;
        self.follows(&segment, &seal)?;
        let bytes = self.copy(&self.archive, &self.dir, &segment, &seal)?;
        let begins = Trimmed {
            first: seal.first,
            chain_before: seal.chain_before,
        };
        begins.write(self.disk.as_ref(), &self.dir)?;
        Ok(Some(moved(number, &seal, bytes)))
    }

    /// A segment of the archive.
    fn archived(&self, number: u64) -> Result<(Segment, Seal)> {
        let path = self.archive.join(packed::file_name(number));
        let segment = Segment::open(self.disk.as_ref(), &self.archive, number, false);
        let segment = segment.map_err(|fault| match self.disk.id(&path) {
            Ok(_) => fault,
            Err(_) => {
                let detail = "the archive does not hold it";
                let place = path.display().to_string();
                JournalFault::new(FaultKind::MissingSegment, place, detail)
            }
        })?;
        let seal = segment.seal()?.ok_or_else(|| {
            let place = segment.place(segment.head.data_end());
            JournalFault::new(FaultKind::Seal, place, "it has no seal")
        })?;
        Ok((segment, seal))
    }

    /// What went to the archive before must be there: where its disk is not mounted the folder is empty, and what is
    /// put into it is hidden later.
    fn goes_on(&self, segment: &Segment, seal: &Seal) -> Result<()> {
        let Some(before) = segment.head.number.checked_sub(1).filter(|it| *it > 0) else {
            return Ok(());
        };
        let (archived, last) = self.archived(before)?;
        same_journal(segment, &archived)?;
        if (last.last() + 1, last.chain_last) == (seal.first, seal.chain_before) {
            return Ok(());
        }
        let detail = format!("it does not lead to segment {}", segment.head.number);
        let place = archived.path.display().to_string();
        Err(JournalFault::new(FaultKind::Chain, place, detail))
    }

    /// What is brought back must lead to what is kept.
    fn follows(&self, segment: &Segment, seal: &Seal) -> Result<()> {
        let next = segment.head.number + 1;
        let kept = Segment::open(self.disk.as_ref(), &self.dir, next, false)?;
        same_journal(segment, &kept)?;
        let begin = match kept.seal()? {
            Some(kept) => Some((kept.first, kept.chain_before)),
            None => packed::begin_of(&kept)?.map(|(first, chain_before, _)| (first, chain_before)),
        };
        // Of one without a record only the number can be wrong.
        if begin.is_none_or(|begin| begin == (seal.last() + 1, seal.chain_last)) {
            return Ok(());
        }
        let detail = format!("it does not lead to segment {next} of the journal");
        let place = segment.path.display().to_string();
        Err(JournalFault::new(FaultKind::Chain, place, detail))
    }

    /// Copies a packed segment; whole, durable and read through when this returns. One that is there already and the
    /// same is left, another is never replaced.
    fn copy(&self, from: &Path, to: &Path, segment: &Segment, seal: &Seal) -> Result<u64> {
        let name = packed::file_name(segment.head.number);
        let target = to.join(&name);
        if self.disk.id(&target).is_ok() {
            let there = Segment::open(self.disk.as_ref(), to, segment.head.number, false)?;
            same_journal(segment, &there)?;
            let held = there.seal()?;
            if held.as_ref().is_none_or(|held| !held.is_of_the_same(seal)) {
                let detail = "another segment of this number is there";
                let place = target.display().to_string();
                return Err(JournalFault::new(FaultKind::Seal, place, detail));
            }
            // Of the same records the one takes the place from which bodies have gone since.
            if held.as_ref() == Some(seal) {
                return checked(self.disk.as_ref(), &target, segment.head.number, seal);
            }
        }
        let draft = to.join(DRAFT);
        let copied = self
            .write(&from.join(&name), &draft)
            .and_then(|()| checked(self.disk.as_ref(), &draft, segment.head.number, seal));
        if copied.is_err() {
            // What is left over the next one replaces.
            let _ = self.disk.remove(&draft);
        }
        let bytes = copied?;
        self.disk
            .rename(&draft, &target)
            .and_then(|()| self.disk.sync_dir(to))
            .map_err(|error| JournalFault::io(&target, "naming", &error))?;
        Ok(bytes)
    }

    fn write(&self, from: &Path, to: &Path) -> Result<()> {
        let write = || {
            let source = self.disk.open(from, false)?;
            let bytes = source.len()?;
            let target = self.disk.create(to, bytes)?;
            let (mut piece, mut at) = (vec![0; PIECE], 0);
            while at < bytes {
                let read = source.read_at(&mut piece, at)?;
                let part = piece.get(..read).filter(|part| !part.is_empty());
                let part = part.ok_or(std::io::ErrorKind::UnexpectedEof)?;
                target.write_at(part, at)?;
                at += part.len() as u64;
            }
            target.sync()
        };
        write().map_err(|error| JournalFault::write(to, "moving", &error))
    }
}

fn moved(number: u64, seal: &Seal, bytes: u64) -> Moved {
    Moved {
        number,
        first: seal.first,
        last: seal.last(),
        bytes,
    }
}

fn same_journal(one: &Segment, other: &Segment) -> Result<()> {
    if one.head.identity == other.head.identity {
        return Ok(());
    }
    let detail = format!(
        "it belongs to {:?}, the other to {:?}",
        other.head.identity, one.head.identity
    );
    let place = other.path.display().to_string();
    Err(JournalFault::new(FaultKind::Identity, place, detail))
}
