//! Checkpoints: all that the state holds at one entry, in a file of its own. What the journal held up to there is no longer needed
//! for a start, so older segments may go. Whoever loads one asks the journal first whether it names its digest.
//!
//! Layout in `docs/design/journal.md` §3.6.

mod form;
mod load;
mod save;

use std::path::{Path, PathBuf};

use crate::chain::Hash;
use crate::disk::RealDisk;
use crate::fault::{FaultKind, JournalFault, Result};
use crate::segment::{self, Segment};
use crate::watch::Position;

pub use load::{load, read};
pub use save::save;

/// How the file of a checkpoint ends.
const SUFFIX: &str = ".checkpoint";

/// A checkpoint as its file says, read through.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checkpoint {
    /// Whose journal: park and hub.
    pub identity: String,
    /// The record it stands for, with the chain hash there.
    pub position: Position,
    /// SHA-256 of all that stands before its end: what the journal says of it.
    pub digest: Hash,
    /// Bytes of its file.
    pub bytes: u64,
    /// Where it lies.
    pub path: PathBuf,
}

/// The files of checkpoints in a folder, each with its record's number, the newest first. None where there is no such folder.
///
/// # Errors
/// `J001` when the folder cannot be read.
pub fn list(folder: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let io = |error| JournalFault::io(folder, "listing", &error);
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(io)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let number = name.and_then(|name| name.strip_suffix(SUFFIX)?.parse().ok());
        found.extend(number.map(|number| (number, path)));
    }
    found.sort_unstable_by(|one, other| other.cmp(one));
    Ok(found)
}

/// The last record of the newest sealed segment of the journal in `dir`; 0 where none is sealed.
///
/// # Errors
/// As opening a segment.
pub fn sealed(dir: &Path) -> Result<u64> {
    let disk = RealDisk;
    for number in segment::list(&disk, dir)?.into_iter().rev() {
        if let Some(seal) = Segment::open(&disk, dir, number, false)?.seal()? {
            return Ok(seal.last());
        }
    }
    Ok(0)
}

/// `000000000123.checkpoint`
fn file_name(number: u64) -> String {
    format!("{number:012}{SUFFIX}")
}

/// Reads the head of a checkpoint and the items behind it, not packed; how many items there are when all of them are good.
pub(crate) fn items(bytes: &[u8]) -> Option<u64> {
    let mut rest = bytes;
    form::read_head(&mut rest).ok()??;
    let mut count = 0;
    loop {
        match form::read(&mut rest).ok()? {
            form::Item::End(said) => return (said == count).then_some(count),
            _ => count += 1,
        }
    }
}

fn bad(path: &Path, why: impl Into<String>) -> JournalFault {
    JournalFault::new(FaultKind::Checkpoint, path.display().to_string(), why)
}

#[cfg(test)]
mod tests;
