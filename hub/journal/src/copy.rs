//! A copy of a journal that may be written meanwhile.

use std::path::Path;
use std::sync::Arc;

use crate::disk::{Disk, RealDisk};
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
    disk.make_dir(to)
        .map_err(|error| JournalFault::io(to, "making the folder", &error))?;
    for number in begun(disk.as_ref(), dir)? {
        copy_segment(disk.as_ref(), (dir, to), number)?;
    }
    for name in BESIDE {
        if disk.id(&dir.join(name)).is_ok() {
            copy_file(disk.as_ref(), &dir.join(name), &to.join(name))?;
        }
    }
    disk.sync_dir(to)
        .map_err(|error| JournalFault::io(to, "syncing", &error))?;
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
            match copy_file(disk, &dir.join(name), &to.join(name)) {
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

/// Copies a file and makes it durable; what is zero in it is not written.
fn copy_file(disk: &dyn Disk, from: &Path, to: &Path) -> Result<()> {
    let read = |error| JournalFault::io(from, "copying", &error);
    let source = disk.open(from, false).map_err(read)?;
    let bytes = source.len().map_err(read)?;
    let write = |error: std::io::Error| JournalFault::write(to, "copying", &error);
    let target = disk.create(to, bytes.max(1)).map_err(write)?;
    let (mut piece, mut at) = (vec![0; PIECE], 0);
    while at < bytes {
        let len = source.read_at(&mut piece, at).map_err(read)?;
        let part = piece.get(..len).unwrap_or_default();
        if part.is_empty() {
            return Err(read(std::io::ErrorKind::UnexpectedEof.into()));
        }
        if part.iter().any(|byte| *byte != 0) {
            target.write_at(part, at).map_err(write)?;
        }
        at += len as u64;
    }
    target.set_len(bytes).map_err(write)?;
    target.sync().map_err(write)
}
