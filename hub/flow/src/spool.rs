//! Emergency openings, and their releases, that were carried out while the journal could not be written (I2).
//!
//! One JSON object a line. Read when the journal is opened again, journaled with the mark `LATE`, and
//! removed only after that commit. It should lie on another disk than the journal.

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;

use cordon_contract::OutcomeKind;
use cordon_journal::disk::modes;
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
        /// Its message id, when the targets are named.
        #[serde(default)]
        id: Option<String>,
        /// Targets of its orders that acted.
        #[serde(default)]
        acted: Vec<String>,
    },
    /// What came of one of its orders.
    Outcome {
        /// Message id of the opening it follows from.
        #[serde(default)]
        opening: String,
        /// The order's target.
        target: String,
        /// What happened.
        kind: OutcomeKind,
        /// In words.
        detail: String,
    },
}

/// Lines kept in memory while the spool itself cannot be written; what comes later acts all the same
/// and stands in the log alone.
const UNWRITTEN_MAX: usize = 10_000;

/// The spool file, and what could not be written into it.
#[derive(Debug)]
pub(crate) struct Spool {
    path: PathBuf,
    unwritten: VecDeque<SpoolLine>,
    /// Lines in the file, as far as this run knows.
    written: u64,
    /// It could not be read; what stands in it is kept for a run that can.
    unreadable: bool,
}

impl Spool {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            unwritten: VecDeque::new(),
            written: 0,
            unreadable: false,
        }
    }

    /// Adds a line and syncs it. A line that cannot be written is kept in memory.
    pub(crate) fn add(&mut self, line: SpoolLine) {
        if self.unwritten.len() >= UNWRITTEN_MAX {
            tracing::error!(
                ?line,
                "the emergency spool cannot be written; this line of the log is the record"
            );
            return;
        }
        self.unwritten.push_back(line);
        self.flush();
    }

    /// Tries again to write what is kept in memory.
    pub(crate) fn flush(&mut self) {
        while let Some(line) = self.unwritten.front() {
            if let Err(error) = self.write(line) {
                tracing::error!(%error, path = %self.path.display(), ?line,
                    "the emergency spool cannot be written; the line is kept in memory");
                return;
            }
            self.written += 1;
            self.unwritten.pop_front();
        }
    }

    /// Lines in the file and lines only in memory.
    pub(crate) fn waiting(&self) -> (u64, u64) {
        (self.written, self.unwritten.len() as u64)
    }

    fn write(&self, line: &SpoolLine) -> io::Result<()> {
        if let Some(parent) = self.path.parent() {
            modes::make_dir(parent)?;
        }
        // What an earlier, unfinished write left behind ends at the first byte.
        let mut text = vec![b'\n'];
        serde_json::to_writer(&mut text, line)?;
        text.push(b'\n');
        let mut file = modes::open_new(OpenOptions::new().append(true), &self.path)?;
        file.write_all(&text)?;
        file.sync_data()
    }

    /// Every line, oldest first; what is torn is left out and told in the log. A spool that cannot be
    /// read is told as well, and kept.
    pub(crate) fn read(&mut self) -> Vec<SpoolLine> {
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                tracing::error!(%error, path = %self.path.display(), "the emergency spool cannot be read");
                self.unreadable = true;
                Vec::new()
            }
        };
        let lines = bytes.split(|byte| *byte == b'\n');
        let lines = lines.filter(|line| !line.is_empty());
        let mut read: Vec<SpoolLine> = lines
            .filter_map(|line| match serde_json::from_slice(line) {
                Ok(line) => Some(line),
                Err(error) => {
                    tracing::warn!(%error, "a torn line of the emergency spool was left out");
                    None
                }
            })
            .collect();
        self.written = read.len() as u64;
        read.extend(self.unwritten.iter().cloned());
        read
    }

    /// Forgets everything, after it was journaled. What cannot be removed is known again by its
    /// message ids.
    pub(crate) fn clear(&mut self) {
        self.unwritten.clear();
        if std::mem::take(&mut self.unreadable) {
            return;
        }
        self.written = 0;
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, path = %self.path.display(), "the emergency spool cannot be removed");
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(target: &str) -> SpoolLine {
        SpoolLine::Outcome {
            opening: "id".into(),
            target: target.into(),
            kind: OutcomeKind::Confirmed,
            detail: String::new(),
        }
    }

    #[test]
    fn a_torn_line_costs_only_itself_and_what_cannot_be_written_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("own/spool");
        let mut spool = Spool::new(path.clone());
        spool.add(line("a"));
        let mut text = std::fs::read(&path).unwrap();
        text.extend_from_slice(b"\n{\"outcome\":{\"tar\xff");
        std::fs::write(&path, text).unwrap();
        spool.add(line("b"));
        assert_eq!(spool.read(), [line("a"), line("b")]);
        spool.clear();
        assert!(!path.exists());
        // A folder stands where the file should be.
        std::fs::create_dir(&path).unwrap();
        spool.add(line("c"));
        assert_eq!(spool.waiting(), (0, 1));
        assert_eq!(spool.read(), [line("c")]);
        std::fs::remove_dir(&path).unwrap();
        spool.flush();
        assert_eq!(spool.waiting(), (1, 0));
        assert_eq!(Spool::new(path).read(), [line("c")]);
    }
}
