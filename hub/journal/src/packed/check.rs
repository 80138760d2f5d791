//! What is asked before a segment's file goes: whether it is old, and whether its new file holds it.

use std::path::Path;
use std::sync::Arc;

use super::PackedFile;
use crate::chain::Hash;
use crate::disk::{Disk, DiskFile};
use crate::fault::{FaultKind, JournalFault, Result};
use crate::segment::{self, Seal, Segment};
use crate::walk::{Step, Walker};

/// Number and time of the first record behind a segment, microseconds since 1970, where the segment behind it is sealed:
/// all records of the one before are older. `None` where it is not, or is the last.
pub(crate) fn begin_after(disk: &dyn Disk, dir: &Path, number: u64) -> Result<Option<(u64, i64)>> {
    let last = segment::list(disk, dir)?.pop();
    if last.is_none_or(|last| last <= number + 1) {
        return Ok(None);
    }
    let next = Segment::open(disk, dir, number + 1, false)?;
    if next.seal()?.is_none() {
        return Ok(None);
    }
    let Some((first, _, micros)) = begin_of(&next)? else {
        let place = next.place(segment::DATA_START);
        let detail =
            "the first batch of a sealed segment is damaged; when it was written nobody knows";
        return Err(JournalFault::new(FaultKind::BadRecord, place, detail));
    };
    Ok(Some((first, micros)))
}

/// Number and time of a segment's first record, and the chain hash before it.
pub(crate) fn begin_of(segment: &Segment) -> Result<Option<(u64, Hash, i64)>> {
    let mut walker = Walker::new(segment.clone(), None);
    let records = match walker.step()? {
        Step::Batch(records) => records,
        Step::Stop { .. } => return Ok(None),
    };
    let first = records.first().zip(walker.begin);
    Ok(first.map(|(record, (number, chain))| (number, chain, record.time_micros)))
}

/// Reads a packed file through, which must hold what the seal says; its bytes.
pub(crate) fn checked(disk: &dyn Disk, path: &Path, number: u64, seal: &Seal) -> Result<u64> {
    let io = |error| JournalFault::io(path, "opening", &error);
    let file = disk.open(path, false).map_err(io)?;
    let bytes = file.len().map_err(io)?;
    let file: Arc<dyn DiskFile> = Arc::new(PackedFile::open(file, path)?);
    // A fault in it is one of the segment itself.
    let named = path.with_file_name(segment::file_name(number));
    let mut walker = Walker::new(Segment::of(file, named, number)?, None);
    while matches!(walker.step()?, Step::Batch(_)) {}
    if walker.seal().as_ref() == Some(seal) {
        return Ok(bytes);
    }
    let place = walker.segment.place(walker.offset);
    let detail = "the good batches end before the seal says; it stays as it is";
    Err(JournalFault::new(FaultKind::Seal, place, detail))
}
