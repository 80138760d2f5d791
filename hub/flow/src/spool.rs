//! Emergency openings that were carried out while the journal could not be written (I2).
//!
//! One JSON object a line. Read at the next start, journaled with the mark `LATE`, and removed only
//! after that commit. It should lie on another disk than the journal.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use cordon_contract::OutcomeKind;
use serde::{Deserialize, Serialize};

/// One line of the spool.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SpoolLine {
    /// An emergency opening that acted before it was journaled.
    Opening {
        /// When it acted, microseconds.
        at_micros: i64,
        /// Who ordered it.
        sender: String,
        /// The message in canonical form.
        xml: String,
    },
    /// What came of one of its orders.
    Outcome {
        /// The order's target.
        target: String,
        /// What happened.
        kind: OutcomeKind,
        /// In words.
        detail: String,
    },
}

/// The spool file.
#[derive(Clone, Debug)]
pub(crate) struct Spool {
    path: PathBuf,
}

impl Spool {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a line and syncs it.
    pub(crate) fn add(&self, line: &SpoolLine) -> io::Result<()> {
        if let Some(parent) = self.path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)?;
        file.write_all(&text)?;
        file.sync_data()
    }

    /// Every line; a torn last line is left out and told in the log.
    pub(crate) fn read(&self) -> io::Result<Vec<SpoolLine>> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut lines = Vec::new();
        for line in BufReader::new(file).lines() {
            match serde_json::from_str(&line?) {
                Ok(line) => lines.push(line),
                Err(error) => {
                    tracing::warn!(%error, "a torn line of the emergency spool was left out")
                }
            }
        }
        Ok(lines)
    }

    /// Forgets everything, after it was journaled.
    pub(crate) fn clear(&self) -> io::Result<()> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
