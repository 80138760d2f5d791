//! What was forgotten by hand while no hub ran, in a file beside the journal until the next start says it in the journal. It is written
//! before anything goes, as an entry would be.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use cordon_flow::Audited;
use cordon_journal::{FaultKind, JournalFault};
use cordon_model::{AuditOutcome, PartyId};
use serde::{Deserialize, Serialize};

const NAME: &str = "pruned.jsonl";

/// The notes of one park.
#[derive(Debug)]
pub struct Notes(PathBuf);

/// A line of the file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum Line {
    /// An entry that is owed.
    Owed {
        action: String,
        target: Option<String>,
        is_done: bool,
        detail: Option<String>,
    },
    /// The oldest that is owed stands in the journal.
    Told,
}

impl Notes {
    /// Those of a park whose data lies there.
    pub fn of(data: &Path) -> Self {
        Self(data.join(NAME))
    }

    /// What the journal does not say yet, oldest first.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn owed(&self, actor: &PartyId) -> Result<Vec<Audited>, JournalFault> {
        let text = match std::fs::read_to_string(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.unreadable(&error)),
        };
        let (mut owed, mut told) = (Vec::new(), 0);
        // A line without an end was never durable: nothing went by it.
        for line in text.split_inclusive('\n').filter(|it| it.ends_with('\n')) {
            match serde_json::from_str(line).map_err(|error| self.unreadable(&error))? {
                Line::Told => told += 1,
                Line::Owed {
                    action,
                    target,
                    is_done,
                    detail,
                } => owed.push(Audited {
                    action,
                    actor: actor.clone(),
                    target,
                    outcome: match is_done {
                        true => AuditOutcome::Success,
                        false => AuditOutcome::Failure,
                    },
                    detail,
                }),
            }
        }
        owed.drain(..told.min(owed.len()));
        Ok(owed)
    }

    /// The journal owes this entry; durable when this returns.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn owe(&self, said: &Audited) -> Result<(), JournalFault> {
        self.add(&Line::Owed {
            action: said.action.clone(),
            target: said.target.clone(),
            is_done: said.outcome == AuditOutcome::Success,
            detail: said.detail.clone(),
        })
    }

    /// The oldest that is owed stands in the journal. `is_last`: nothing more is owed, and the file goes.
    ///
    /// # Errors
    /// It cannot be written: it would be said again.
    pub fn told(&self, is_last: bool) -> Result<(), JournalFault> {
        match is_last {
            true => std::fs::remove_file(&self.0).map_err(|error| self.unwritten(&error)),
            false => self.add(&Line::Told),
        }
    }

    fn add(&self, line: &Line) -> Result<(), JournalFault> {
        let add = || {
            self.end_with_a_line()?;
            let mut file = OpenOptions::new().create(true).append(true).open(&self.0)?;
            let mut text = serde_json::to_vec(line)?;
            text.push(b'\n');
            file.write_all(&text)?;
            file.sync_all()?;
            let folder = self.0.parent();
            folder.map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        };
        add().map_err(|error: std::io::Error| self.unwritten(&error))
    }

    /// Takes away the half of a line that a crash left.
    fn end_with_a_line(&self) -> std::io::Result<()> {
        let text = match std::fs::read(&self.0) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            text => text?,
        };
        let whole = text.iter().rposition(|byte| *byte == b'\n');
        let whole = whole.map_or(0, |at| at + 1);
        if whole == text.len() {
            return Ok(());
        }
        let file = OpenOptions::new().write(true).open(&self.0)?;
        file.set_len(whole as u64)
    }

    fn unreadable(&self, error: &dyn std::fmt::Display) -> JournalFault {
        let place = self.0.display().to_string();
        JournalFault::new(FaultKind::Io, place, format!("reading: {error}"))
    }

    fn unwritten(&self, error: &std::io::Error) -> JournalFault {
        let place = self.0.display().to_string();
        JournalFault::new(FaultKind::Write, place, format!("writing: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(detail: &str) -> Audited {
        Audited {
            action: "journal.forgotten".to_owned(),
            actor: "hub-1".parse().unwrap(),
            target: Some("segment 1".to_owned()),
            outcome: AuditOutcome::Success,
            detail: Some(detail.to_owned()),
        }
    }

    #[test]
    fn what_is_owed_is_told_in_order_and_once_and_a_torn_line_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let notes = Notes::of(dir.path());
        let actor = "hub-1".parse().unwrap();
        let owed = || -> Vec<String> {
            let owed = notes.owed(&actor).unwrap().into_iter();
            owed.filter_map(|it| it.detail).collect()
        };
        assert_eq!(owed(), [""; 0]);
        notes.owe(&said("one")).unwrap();
        let path = dir.path().join(NAME);
        let mut text = std::fs::read(&path).unwrap();
        text.extend(b"{\"owed\":{\"acti");
        std::fs::write(&path, &text).unwrap();
        assert_eq!(owed(), ["one"]);
        notes.owe(&said("two")).unwrap();
        assert_eq!(owed(), ["one", "two"]);
        notes.told(false).unwrap();
        assert_eq!(owed(), ["two"]);
        notes.told(true).unwrap();
        assert!(owed().is_empty() && !path.exists());
        std::fs::write(&path, "no note\n").unwrap();
        assert_eq!(notes.owed(&actor).unwrap_err().code(), "J001");
    }
}
