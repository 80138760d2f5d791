//! A copy of a journal that may be written meanwhile.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use crate::disk::{Disk, RealDisk, modes};
use crate::fault::{FaultKind, JournalFault, Result};
use crate::packed;
use crate::segment::{self, Segment};
use crate::verify::{Report, verify};
use crate::walk::{Step, Walker};

/// What is copied beside the segments, behind them: each speaks of no less than what was copied.
const BESIDE: [&str; 2] = ["given-up", "trimmed"];
/// Copied at once, bytes.
const PIECE: usize = 1 << 20;
/// How often a segment is looked for that is packed or moved meanwhile.
const TRIES: usize = 3;

/// Copies the journal in `dir` into the empty folder `to` and reads the copy through. It holds what was durable when
/// this was called, and perhaps a little more; a batch that was being written is cut off when it is opened.
///
/// # Errors
/// A disk that fails, no room (`J012`), a segment that went to the archive meanwhile (`J004`: once more).
pub fn copy(dir: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<Report> {
    let (disk, dir, to): (Arc<dyn Disk>, _, _) = (Arc::new(RealDisk), dir.as_ref(), to.as_ref());
    modes::make_dir(to).map_err(|error| JournalFault::io(to, "making the folder", &error))?;
    for number in begun(disk.as_ref(), dir)? {
        copy_segment(disk.as_ref(), (dir, to), number)?;
    }
    for name in BESIDE {
        if disk.id(&dir.join(name)).is_ok() {
            copy_file(disk.as_ref(), &dir.join(name), &to.join(name), None)?;
        }
    }
    let synced = File::open(to).and_then(|folder| folder.sync_all());
    synced.map_err(|error| JournalFault::io(to, "syncing", &error))?;
    verify(to)
}

/// The segments up to the one being written. Of those made ready behind it none is copied: it may be begun before the
/// one in front of it is copied whole.
fn begun(disk: &dyn Disk, dir: &Path) -> Result<Vec<u64>> {
    let mut numbers = segment::list(disk, dir)?;
    while let Some(last) = numbers.last() {
        let segment = Segment::open(disk, dir, *last, false)?;
        let is_begun = matches!(Walker::new(segment, None).step()?, Step::Batch(_));
        if is_begun || numbers.len() == 1 {
            break;
        }
        numbers.pop();
    }
    Ok(numbers)
}

/// Copies a segment as it is found, packed or not.
fn copy_segment(disk: &dyn Disk, (dir, to): (&Path, &Path), number: u64) -> Result<()> {
    let names = [segment::file_name(number), packed::file_name(number)];
    for _ in 0..TRIES {
        for name in &names {
            if disk.id(&dir.join(name)).is_err() {
                continue;
            }
            let still = still(disk, dir, number)?;
            match copy_file(disk, &dir.join(name), &to.join(name), still) {
                // Packed in this very moment.
                Err(fault)
                    if fault.kind() == FaultKind::Io && disk.id(&dir.join(name)).is_err() => {}
                copied => return copied,
            }
        }
    }
    let place = dir.join(segment::file_name(number)).display().to_string();
    let detail = "it was moved away while the journal was copied";
    Err(JournalFault::new(FaultKind::MissingSegment, place, detail))
}

/// Bytes of a segment's file that may be copied: of one that is written, those in front of which whole batches end, for
/// what stands behind them changes meanwhile.
fn still(disk: &dyn Disk, dir: &Path, number: u64) -> Result<Option<u64>> {
    let segment = Segment::open(disk, dir, number, false)?;
    if segment.is_packed() || segment.seal()?.is_some() {
        return Ok(None);
    }
    let mut walker = Walker::new(segment, None);
    while matches!(walker.step()?, Step::Batch(_)) {}
    Ok(Some(walker.offset))
}

/// Copies a file, as far as it is `still`, and makes it durable; what is zero in it is not written. The target's disk may
/// be as slow as it likes.
fn copy_file(disk: &dyn Disk, from: &Path, to: &Path, still: Option<u64>) -> Result<()> {
    let read = |error| JournalFault::io(from, "copying", &error);
    let source = disk.open(from, false).map_err(read)?;
    let bytes = source.len().map_err(read)?;
    let write = |error: std::io::Error| JournalFault::write(to, "copying", &error);
    let target = File::create_new(to).map_err(write)?;
    target.set_len(bytes).map_err(write)?;
    let end = still.map_or(bytes, |still| still.min(bytes));
    let (mut piece, mut at) = (vec![0; PIECE], 0);
    while at < end {
        let wanted = usize::try_from(end - at).unwrap_or(PIECE).min(PIECE);
        let part = piece.get_mut(..wanted).unwrap_or_default();
        let len = source.read_at(part, at).map_err(read)?;
        let part = part.get(..len).unwrap_or_default();
        if part.is_empty() {
            return Err(read(std::io::ErrorKind::UnexpectedEof.into()));
        }
        if part.iter().any(|byte| *byte != 0) {
            target.write_all_at(part, at).map_err(write)?;
        }
        at += len as u64;
    }
    target.sync_all().map_err(write)
}
