//! What a puller remembers between two pulls: how far it verified the journal, and the newest head
//! the hub has signed. A hub that later says otherwise has contradicted itself under its own
//! signature, and both statements are kept.

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cordon_contract::Fault;
use cordon_journal::{Hash, Position};
use cordon_model::{Digest, ParkCode, PartyId, Timestamp};
use serde::{Deserialize, Serialize};

use super::spool::write_durably;

/// Largest checkpoint file read.
const BYTES_MAX: u64 = 96 * 1024 * 1024;

/// A checkpoint file. Times and digests are written as in messages.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// The park whose journal it is.
    pub park: ParkCode,
    /// The hub that writes it.
    pub hub: PartyId,
    /// Last entry that was pulled and verified; 0 before the first.
    pub number: u64,
    /// Chain hash up to and including it.
    pub chain: Digest,
    /// The newest entry that the hub has signed to have.
    pub head: u64,
    /// The chain hash it signed for it.
    pub head_chain: Digest,
    /// When the hub made the newest answer that was taken, by its own word; when it came, where that is earlier.
    pub answered_at: Timestamp,
    /// The signed answer that says so, as received, in base64.
    pub statement: String,
}

impl Checkpoint {
    /// Reads a checkpoint file.
    ///
    /// # Errors
    /// `S075` when it cannot be read or is no checkpoint.
    pub fn read(path: &Path) -> Result<Self, Fault> {
        Self::read_if_there(path)?.ok_or_else(|| {
            let error = io::Error::from(io::ErrorKind::NotFound);
            unusable(path, &error)
        })
    }

    /// The same; `None` when there is no such file.
    ///
    /// # Errors
    /// `S075`.
    pub fn read_if_there(path: &Path) -> Result<Option<Self>, Fault> {
        match std::fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unusable(path, &error)),
            Ok(meta) if meta.len() > BYTES_MAX => {
                return Err(unusable(
                    path,
                    &format_args!("{} bytes are too many", meta.len()),
                ));
            }
            Ok(_) => {}
        }
        let text = std::fs::read(path).map_err(|error| unusable(path, &error))?;
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| unusable(path, &error))
    }

    /// Writes it; whole and durable when this returns.
    ///
    /// # Errors
    /// `S030` or `S075`.
    pub fn write(&self, path: &Path) -> Result<(), Fault> {
        let text = serde_json::to_vec_pretty(self).map_err(|error| unusable(path, &error))?;
        write_durably(path, &text)
    }

    /// The entry and chain hash that were verified.
    pub fn verified(&self) -> Position {
        (self.number, self.chain.0)
    }

    /// The newest head the hub has signed.
    pub fn head(&self) -> Position {
        (self.head, self.head_chain.0)
    }

    /// The signed answer.
    ///
    /// # Errors
    /// `S075` when it is no base64.
    pub fn statement(&self) -> Result<Vec<u8>, Fault> {
        STANDARD
            .decode(&self.statement)
            .map_err(|error| unusable(Path::new("statement"), &error))
    }

    /// As it is after a further answer.
    pub(super) fn with_statement(mut self, statement: &[u8]) -> Self {
        self.statement = STANDARD.encode(statement);
        self
    }

    /// Every position it vouches for, lowest first.
    pub(super) fn positions(&self) -> Vec<Position> {
        let mut positions: Vec<(u64, Hash)> = vec![self.verified(), self.head()];
        positions.retain(|(number, _)| *number > 0);
        positions.dedup();
        positions
    }
}

/// Keeps two statements that contradict each other beside the checkpoint; gives the files.
pub(super) fn keep_proof(
    checkpoint: &Path,
    earlier: &[u8],
    later: &[u8],
    at: Timestamp,
) -> Result<[PathBuf; 2], Fault> {
    let beside = |which: &str| {
        let mut name = checkpoint.as_os_str().to_owned();
        name.push(format!(".{}.{which}.xml", at.micros()));
        PathBuf::from(name)
    };
    let files = [beside("earlier"), beside("later")];
    for (file, bytes) in files.iter().zip([earlier, later]) {
        write_durably(file, bytes)?;
    }
    Ok(files)
}

fn unusable(path: &Path, error: &dyn std::fmt::Display) -> Fault {
    Fault::new("S075", format!("the checkpoint cannot be used: {error}"))
        .at(path.display().to_string())
        .remedy("restore the file; without it a rollback before this day goes unseen")
}
