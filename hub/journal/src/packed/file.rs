//! A packed segment read as if it were not packed.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::head::{CHUNK, FIXED, PackedHead};
use crate::disk::{DiskFile, FileId};
use crate::fault::{FaultKind, JournalFault, Result};
use crate::segment::{DATA_START, HEAD_BYTES, SEAL_BYTES, place};

/// Read at once for the head: that of a segment of the usual size.
const FIRST_READ: usize = 4096;

/// The bytes of a segment out of its packed file. Head and seal cost one read; of the rest one chunk is held. A chunk
/// that cannot be unpacked reads as zeros: its batches are missed as damaged ones are, and those of the others are not.
pub(crate) struct PackedFile {
    file: Arc<dyn DiskFile>,
    head: PackedHead,
    /// Where each chunk begins, and behind the last where the file ends.
    places: Vec<u64>,
    held: Mutex<Option<(usize, Vec<u8>)>>,
}

impl PackedFile {
    /// The segment in this file.
    ///
    /// # Errors
    /// `J003` when its head is damaged, `J061` when it was cut short, `J001` when the disk fails.
    pub(crate) fn open(file: Arc<dyn DiskFile>, path: &Path) -> Result<Self> {
        let io = |error| JournalFault::io(path, "reading the packed head", &error);
        let Some(head) = read_head(file.as_ref()).map_err(io)? else {
            let detail = "this is not the packed head of a segment";
            return Err(JournalFault::new(FaultKind::Head, place(path, 0), detail));
        };
        let mut at = PackedHead::bytes_for(head.lengths.len() as u64);
        let mut places = vec![at];
        for length in &head.lengths {
            at += u64::from(*length);
            places.push(at);
        }
        let len = file.len().map_err(io)?;
        if len < at {
            let detail = format!("the file ends {} bytes before its head says", at - len);
            return Err(JournalFault::new(FaultKind::Cut, place(path, len), detail));
        }
        Ok(Self {
            file,
            head,
            places,
            held: Mutex::default(),
        })
    }

    /// A mark of this very file.
    pub(crate) fn mark(&self) -> u32 {
        self.head.mark()
    }

    /// Bytes of a segment that stand in the head, where all that is asked for does.
    fn in_head(&self, offset: u64, len: usize) -> Option<Vec<u8>> {
        let end = offset.checked_add(len as u64)?;
        let (base, kept) = match (end <= DATA_START, offset >= self.seal_at()) {
            (true, _) => {
                let mut page = vec![0; DATA_START as usize];
                page.get_mut(..HEAD_BYTES)?.copy_from_slice(&self.head.head);
                (0, page)
            }
            (_, true) => (self.seal_at(), self.head.seal.to_vec()),
            _ => return None,
        };
        let from = usize::try_from(offset - base).ok()?;
        kept.get(from..from + len).map(<[u8]>::to_vec)
    }

    fn seal_at(&self) -> u64 {
        self.head.bytes.saturating_sub(SEAL_BYTES)
    }

    /// Copies from one chunk; how much of `out` it filled.
    fn copy_chunk(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        let number = usize::try_from(offset / CHUNK).unwrap_or(usize::MAX);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.as_ref().is_none_or(|(of, _)| *of != number) {
            *held = Some((number, self.unpacked(number)?));
        }
        let chunk = held.as_ref().map_or(&[][..], |(_, bytes)| bytes.as_slice());
        let from = usize::try_from(offset % CHUNK).unwrap_or(usize::MAX);
        let rest = chunk.get(from..).unwrap_or_default();
        let len = rest.len().min(out.len());
        if let (Some(to), Some(rest)) = (out.get_mut(..len), rest.get(..len)) {
            to.copy_from_slice(rest);
        }
        Ok(len)
    }

    fn unpacked(&self, number: usize) -> io::Result<Vec<u8>> {
        let (Some(begin), Some(end)) = (self.places.get(number), self.places.get(number + 1))
        else {
            return Ok(Vec::new());
        };
        let before = number as u64 * CHUNK;
        let len = usize::try_from((self.head.bytes - before).min(CHUNK)).unwrap_or_default();
        // A length says more than a chunk can need only where the head was made so; it is not taken at its word.
        let most = zstd::zstd_safe::compress_bound(CHUNK as usize) as u64;
        let mut packed = vec![0; usize::try_from((end - begin).min(most)).unwrap_or_default()];
        let read = self.file.read_at(&mut packed, *begin)?;
        packed.truncate(read);
        match zstd::bulk::decompress(&packed, len) {
            Ok(bytes) if bytes.len() == len => Ok(bytes),
            _ => {
                tracing::warn!(
                    chunk = number,
                    "a chunk of a packed segment cannot be unpacked"
                );
                Ok(vec![0; len])
            }
        }
    }
}

fn read_head(file: &dyn DiskFile) -> io::Result<Option<PackedHead>> {
    let mut bytes = vec![0; FIRST_READ];
    let read = file.read_at(&mut bytes, 0)?;
    let fixed = bytes.get(..read.min(FIXED)).unwrap_or_default();
    let Some(length) = PackedHead::length(fixed) else {
        return Ok(None);
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > read {
        bytes.resize(length, 0);
        let read = file.read_at(&mut bytes, 0)?;
        bytes.truncate(read);
    }
    Ok(bytes.get(..length).and_then(PackedHead::decode))
}

impl DiskFile for PackedFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.head.bytes)
    }

    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = self.head.bytes.saturating_sub(offset);
        let asked = out.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let out = out.get_mut(..asked).unwrap_or_default();
        if let Some(bytes) = self.in_head(offset, asked) {
            out.copy_from_slice(&bytes);
            return Ok(asked);
        }
        let mut filled = 0;
        while let Some(rest) = out.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.copy_chunk(rest, offset + filled as u64)? {
                0 => break,
                len => filled += len,
            }
        }
        Ok(filled)
    }

    fn write_at(&self, _: &[u8], _: u64) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn id(&self) -> io::Result<FileId> {
        self.file.id()
    }

    fn version(&self) -> io::Result<(u64, i128)> {
        self.file.version()
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}
