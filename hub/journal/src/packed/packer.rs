//! Packing sealed segments, one at a time, beside a running writer or without one.

use std::any::Any;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::head::{CHUNK, PackedHead};
use super::{Old, Passed, begin_after, checked, file_name};
use crate::disk::{Disk, DiskFile, RealDisk};
use crate::fault::{FaultKind, JournalFault, Result};
use crate::journal::take_lock;
use crate::segment::{self, HEAD_BYTES, SEAL_BYTES, Seal, Segment};

/// The usual level of zstd.
const LEVEL: i32 = 3;
/// What must stay free on the disk beside a packed file, bytes.
const KEPT_FREE: u64 = 32 << 20;
/// How a packed file is called until it is whole.
const DRAFT: &str = "packing.tmp";

/// A segment that was packed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Packed {
    /// Its number.
    pub number: u64,
    /// Its first record.
    pub first: u64,
    /// Its last record.
    pub last: u64,
    /// Bytes of its file before.
    pub bytes: u64,
    /// Bytes of its file now.
    pub packed_bytes: u64,
}

/// Packs the segments of one journal. What it packs is read through before the original goes: a segment is at every
/// moment there as one file that is whole.
pub struct Packer {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    /// Held while files change: no two pack, and nobody trims meanwhile.
    packing: Arc<Mutex<()>>,
    /// Segments that cannot be packed.
    passed: Passed<u64>,
    _lock: Option<Box<dyn Any + Send>>,
}

impl Packer {
    /// Packs the journal in `dir` while no hub writes it.
    ///
    /// # Errors
    /// `J002` when one does.
    pub fn alone(dir: impl AsRef<Path>) -> Result<Self> {
        let disk = RealDisk;
        let dir = dir.as_ref().to_path_buf();
        let lock = take_lock(&disk, &dir)?;
        let mut packer = Self::beside(Arc::new(disk), dir, Arc::default());
        packer._lock = Some(lock);
        Ok(packer)
    }

    pub(crate) fn beside(disk: Arc<dyn Disk>, dir: PathBuf, packing: Arc<Mutex<()>>) -> Self {
        Self {
            disk,
            dir,
            packing,
            passed: Passed::default(),
            _lock: None,
        }
    }

    /// Packs the oldest segment that is not packed and whose records are all old; `None` when there is none. The last sealed segment and what follows stay as they are, since a start may
    /// have to write there.
    ///
    /// # Errors
    /// Why a segment cannot be packed: it stays as it was, the next call goes on with the next, and it is tried again after
    /// [`Passed::REST`]. `J012` when there
    /// is no room for the packed file: the next call tries again.
    pub fn pack_next(&mut self, old: impl Into<Old>) -> Result<Option<Packed>> {
        let packing = Arc::clone(&self.packing);
        let _alone = packing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(number) = self.oldest()? else {
            return Ok(None);
        };
        let packed = self.pack_old(number, old.into());
        match &packed {
            Err(fault) if !fault.is_of_disk() => {
                self.passed.pass(number, fault.to_string(), Instant::now());
            }
            Err(_) => {}
            Ok(_) => drop(self.passed.clear(&number)),
        }
        packed
    }

    /// The oldest segment that is not packed, without those that rest because they cannot be.
    fn oldest(&self) -> Result<Option<u64>> {
        let names = self.disk.list(&self.dir);
        let names = names.map_err(|error| JournalFault::io(&self.dir, "listing", &error))?;
        let numbers = names
            .iter()
            .filter_map(|name| name.strip_suffix(segment::SUFFIX)?.parse().ok());
        let now = Instant::now();
        Ok(numbers
            .filter(|number| !self.passed.rests(number, now))
            .min())
    }

    /// Packs a segment if it is old enough and not the last one sealed.
    fn pack_old(&self, number: u64, old: Old) -> Result<Option<Packed>> {
        match begin_after(self.disk.as_ref(), &self.dir, number)? {
            Some(begin) if old.is(begin) => {}
            _ => return Ok(None),
        }
        let segment = Segment::open(self.disk.as_ref(), &self.dir, number, false)?;
        let seal = segment.seal()?.ok_or_else(|| {
            let place = segment.place(segment.head.data_end());
            JournalFault::new(FaultKind::Seal, place, "no seal, yet records follow")
        })?;
        self.pack(&segment, &seal).map(Some)
    }

    fn pack(&self, segment: &Segment, seal: &Seal) -> Result<Packed> {
        let number = segment.head.number;
        let io = |error| JournalFault::io(&segment.path, "packing", &error);
        let (head, chunks) = packed(segment.file.as_ref(), segment.head.bytes).map_err(io)?;
        let draft = self.dir.join(DRAFT);
        let packed_bytes = write_packed(self.disk.as_ref(), &draft, (&head, &chunks))?;
        drop(chunks);
        if let Err(fault) = checked(self.disk.as_ref(), &draft, number, seal) {
            // What is left over the next draft replaces.
            let _ = self.disk.remove(&draft);
            return Err(fault);
        }
        let named = || {
            self.disk
                .rename(&draft, &self.dir.join(file_name(number)))?;
            self.disk.sync_dir(&self.dir)?;
            self.disk.remove(&segment.path)?;
            self.disk.sync_dir(&self.dir)
        };
        named().map_err(io)?;
        Ok(Packed {
            number,
            first: seal.first,
            last: seal.last(),
            bytes: segment.head.bytes,
            packed_bytes,
        })
    }
}

/// A packed head and the chunks behind it.
pub(super) type Compressed = (PackedHead, Vec<Vec<u8>>);

/// Packs chunks, each with a checksum.
pub(super) fn compressor() -> io::Result<zstd::bulk::Compressor<'static>> {
    let mut packer = zstd::bulk::Compressor::new(LEVEL)?;
    packer.include_checksum(true)?;
    Ok(packer)
}

/// Writes a packed file, whole and durable, under a name that no reader takes; its bytes.
pub(super) fn write_packed(
    disk: &dyn Disk,
    path: &Path,
    (head, chunks): (&PackedHead, &[Vec<u8>]),
) -> Result<u64> {
    let bytes = head.encode();
    let length = bytes.len() + chunks.iter().map(Vec::len).sum::<usize>();
    let length = length as u64;
    let room = disk.free_bytes(path.parent().unwrap_or(path));
    if room.is_ok_and(|free| free < length + KEPT_FREE) {
        let detail = format!("{length} bytes for a packed segment, and {KEPT_FREE} beside it");
        let place = path.display().to_string();
        return Err(JournalFault::new(FaultKind::DiskFull, place, detail));
    }
    let write = || {
        let file = disk.create(path, length)?;
        file.write_at(&bytes, 0)?;
        let mut at = bytes.len() as u64;
        for chunk in chunks {
            file.write_at(chunk, at)?;
            at += chunk.len() as u64;
        }
        file.sync()
    };
    write().map_err(|error| JournalFault::write(path, "packing", &error))?;
    Ok(length)
}

/// The packed head and the packed chunks of a segment's file.
fn packed(file: &dyn DiskFile, bytes: u64) -> io::Result<Compressed> {
    let mut packer = compressor()?;
    let mut head = PackedHead {
        bytes,
        head: [0; HEAD_BYTES],
        seal: [0; SEAL_BYTES as usize],
        lengths: Vec::new(),
    };
    read_whole(file, &mut head.head, 0)?;
    read_whole(file, &mut head.seal, bytes.saturating_sub(SEAL_BYTES))?;
    let mut chunks = Vec::new();
    for number in 0..PackedHead::chunks(bytes) {
        let at = number * CHUNK;
        let mut chunk = vec![0; usize::try_from((bytes - at).min(CHUNK)).unwrap_or_default()];
        read_whole(file, &mut chunk, at)?;
        let chunk = packer.compress(&chunk)?;
        head.lengths
            .push(u32::try_from(chunk.len()).unwrap_or(u32::MAX));
        chunks.push(chunk);
    }
    Ok((head, chunks))
}

fn read_whole(file: &dyn DiskFile, out: &mut [u8], at: u64) -> io::Result<()> {
    match file.read_at(out, at)? {
        read if read == out.len() => Ok(()),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
