//! The append-only register of an authority: what was issued, revoked and published.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use cordon_contract::Fault;
use cordon_model::{ParkCode, PartyId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Role, file, refusal};

/// A certificate of this authority.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Issue {
    /// Serial number in lower-case hexadecimal.
    pub serial: String,
    /// The park.
    pub park: ParkCode,
    /// The holder's role.
    pub role: Role,
    /// The holder.
    pub id: PartyId,
    /// First second of validity.
    pub not_before: Timestamp,
    /// Last second of validity.
    pub not_after: Timestamp,
    /// SHA-256 of the certificate in DER, lower-case hexadecimal.
    pub fingerprint: String,
    /// Set when it was revoked: when, and why.
    #[serde(skip)]
    pub revoked: Option<(Timestamp, String)>,
}

/// A certificate that was revoked here and of which the register has nothing else: it was issued after the backup that the
/// authority was restored from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unrecorded {
    /// Serial number in lower-case hexadecimal.
    pub serial: String,
    /// When it was revoked.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// What a certificate is worth at some time.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Good.
    Valid,
    /// Revoked.
    Revoked,
    /// Over.
    Expired,
}

impl Issue {
    /// What it is worth at `now`.
    pub fn state(&self, now: Timestamp) -> State {
        match &self.revoked {
            Some(_) => State::Revoked,
            None if now > self.not_after => State::Expired,
            None => State::Valid,
        }
    }
}

/// One line of the register.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub(super) enum Line {
    Init {
        at: Timestamp,
        park: ParkCode,
    },
    Issued {
        at: Timestamp,
        #[serde(flatten)]
        issue: Issue,
    },
    Revoked {
        at: Timestamp,
        serial: String,
        reason: String,
    },
    /// The same of one that the register has no record of.
    #[serde(rename = "revoked-unknown")]
    RevokedUnknown {
        at: Timestamp,
        serial: String,
        reason: String,
    },
    Crl {
        at: Timestamp,
        number: u64,
    },
}

/// The register, held under an exclusive lock so that two commands cannot write at once.
#[derive(Debug)]
pub(super) struct Index {
    path: PathBuf,
    file: File,
    pub(super) park: ParkCode,
    pub(super) issues: Vec<Issue>,
    pub(super) unrecorded: Vec<Unrecorded>,
    pub(super) crl_number: u64,
}

const NAME: &str = "index.jsonl";

impl Index {
    /// Starts a register in a folder that has none.
    pub(super) fn create(folder: &Path, park: &ParkCode, at: Timestamp) -> Result<Self, Fault> {
        let path = folder.join(NAME);
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o644)
            .open(&path)
            .map_err(|_| refusal::CA_EXISTS.fault().at(folder.display().to_string()))?;
        file.lock().map_err(|error| file::failure(&path, error))?;
        let mut index = Self {
            path,
            file,
            park: park.clone(),
            issues: Vec::new(),
            unrecorded: Vec::new(),
            crl_number: 0,
        };
        index.append(&[Line::Init {
            at,
            park: park.clone(),
        }])?;
        Ok(index)
    }

    /// Opens a register, waits for its lock and reads it.
    pub(super) fn open(folder: &Path) -> Result<Self, Fault> {
        let path = folder.join(NAME);
        let file = OpenOptions::new()
            .append(true)
            .read(true)
            .open(&path)
            .map_err(|_| refusal::CA_MISSING.fault().at(folder.display().to_string()))?;
        file.lock().map_err(|error| file::failure(&path, error))?;
        let text = file::read(&path)?;
        let damaged = |number: usize, detail: &dyn std::fmt::Display| {
            refusal::INDEX
                .because(detail)
                .at(format!("{}:{number}", path.display()))
        };
        let mut lines = text.lines().enumerate().map(|(number, line)| {
            serde_json::from_str::<Line>(line).map_err(|error| damaged(number + 1, &error))
        });
        let park = match lines.next().transpose()? {
            Some(Line::Init { park, .. }) => park,
            _ => return Err(damaged(1, &"the first line is no init")),
        };
        let mut index = Self {
            path: path.clone(),
            file,
            park,
            issues: Vec::new(),
            unrecorded: Vec::new(),
            crl_number: 0,
        };
        for (number, line) in lines.enumerate() {
            if !index.apply(line?) {
                return Err(damaged(
                    number + 2,
                    &"the line does not follow from those before",
                ));
            }
        }
        Ok(index)
    }

    /// Appends lines durably, all at once.
    fn append(&mut self, lines: &[Line]) -> Result<(), Fault> {
        let mut text = String::new();
        for line in lines {
            text += &serde_json::to_string(line).map_err(|error| refusal::INDEX.because(error))?;
            text.push('\n');
        }
        let written = self
            .file
            .write_all(text.as_bytes())
            .and_then(|()| self.file.sync_all());
        written.map_err(|error| file::failure(&self.path, error))?;
        file::sync_folder(&self.path).map_err(|error| file::failure(&self.path, error))
    }

    /// Appends a line durably, then takes it into account.
    pub(super) fn record(&mut self, line: Line) -> Result<(), Fault> {
        self.record_all(vec![line])
    }

    pub(super) fn record_all(&mut self, lines: Vec<Line>) -> Result<(), Fault> {
        self.append(&lines)?;
        for line in lines {
            self.apply(line);
        }
        Ok(())
    }

    fn apply(&mut self, line: Line) -> bool {
        match line {
            Line::Init { .. } => false,
            Line::Issued { issue, .. } => {
                let is_new = self.find(&issue.serial).is_none();
                self.issues.push(issue);
                is_new
            }
            Line::Revoked { at, serial, reason } => {
                let issue = self.issues.iter_mut().find(|issue| issue.serial == serial);
                let Some(issue) = issue else { return false };
                issue.revoked.get_or_insert((at, reason));
                true
            }
            Line::RevokedUnknown { at, serial, reason } => {
                let is_new = self.find(&serial).is_none() && !self.is_unrecorded(&serial);
                self.unrecorded.push(Unrecorded { serial, at, reason });
                is_new
            }
            Line::Crl { number, .. } => {
                let is_next = number > self.crl_number;
                self.crl_number = number;
                is_next
            }
        }
    }

    pub(super) fn find(&self, serial: &str) -> Option<&Issue> {
        self.issues.iter().find(|issue| issue.serial == serial)
    }

    /// Whether it was revoked without a record of it.
    pub(super) fn is_unrecorded(&self, serial: &str) -> bool {
        self.unrecorded.iter().any(|one| one.serial == serial)
    }
}
