//! Settings that stood in removed segments: what each of them said last is kept in a file beside the journal, for whoever asks by what a
//! kept decision was made. The entry that removes a segment names the file's SHA-256.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cordon_contract::EntryKind;
use cordon_flow::{EntryReader, HeldPart, Part, SettingsLabel};
use cordon_journal::{FaultKind, JournalFault, Record};
use cordon_model::{Body, Digest, Timestamp};
use cordon_wire::{digest_of_bytes, parse_message};
use serde::{Deserialize, Serialize};

const NAME: &str = "removed-settings.json";
/// The action of the entry that removes.
pub(super) const REMOVED: &str = "journal.removed";
/// What its detail begins with, before the last entry that goes.
pub(super) const UP_TO: &str = "entries up to ";

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Said {
    number: u64,
    time_micros: i64,
    label: String,
    /// Base64.
    body: String,
}

/// What removed segments said last of each part of the settings.
#[derive(Debug, Default)]
pub struct LastSaid {
    path: PathBuf,
    parts: BTreeMap<String, Said>,
    /// Of the file as it stands.
    digest: Option<Digest>,
}

impl LastSaid {
    /// What is kept in the folder around the journal; nothing where no segment with settings was removed.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn read(data: &Path) -> Result<Self, JournalFault> {
        let path = data.join(NAME);
        let broken = |error: &dyn std::fmt::Display| {
            let place = path.display().to_string();
            JournalFault::new(FaultKind::Io, place, format!("reading: {error}"))
        };
        let (parts, digest) = match std::fs::read(&path) {
            Ok(text) => {
                let parts = serde_json::from_slice(&text).map_err(|error| broken(&error))?;
                (parts, Some(digest_of_bytes(&text)))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => (BTreeMap::new(), None),
            Err(error) => return Err(broken(&error)),
        };
        Ok(Self {
            path,
            parts,
            digest,
        })
    }

    /// Takes in a record of a segment that goes. An older one takes nothing back.
    pub fn take(&mut self, record: &Record) {
        if record.kind != EntryKind::Settings.number() {
            return;
        }
        let Some(label) = SettingsLabel::read(&record.label) else {
            return;
        };
        let known = self.parts.get(&label.name);
        if known.is_none_or(|known| known.number < record.number) {
            let said = Said {
                number: record.number,
                time_micros: record.time_micros,
                label: record.label.clone(),
                body: STANDARD.encode(&record.body),
            };
            self.parts.insert(label.name, said);
        }
    }

    /// Durable when this returns; the SHA-256 of the file, none where there is nothing to keep.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&mut self) -> Result<Option<Digest>, JournalFault> {
        if self.parts.is_empty() {
            return Ok(None);
        }
        let draft = self.path.with_extension("json.new");
        let write = || {
            let text = serde_json::to_vec(&self.parts)?;
            let digest = digest_of_bytes(&text);
            if self.digest == Some(digest) {
                return Ok(digest);
            }
            let mut file = File::create(&draft)?;
            file.write_all(&text)?;
            file.sync_all()?;
            std::fs::rename(&draft, &self.path)?;
            let folder = self.path.parent();
            folder.map_or(Ok(()), |folder| File::open(folder)?.sync_all())?;
            Ok(digest)
        };
        let written = write().map_err(|error: std::io::Error| {
            let place = self.path.display().to_string();
            JournalFault::new(FaultKind::Write, place, format!("writing: {error}"))
        });
        self.digest = Some(written?);
        Ok(self.digest)
    }

    /// The SHA-256 of the file.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// What of it held at an entry that is kept, by part.
    pub fn held(&self) -> impl Iterator<Item = (String, HeldPart)> {
        self.parts.iter().filter_map(|(name, said)| {
            let label = SettingsLabel::read(&said.label)?;
            let body = STANDARD.decode(&said.body).ok()?;
            let part = HeldPart {
                number: said.number,
                time: Timestamp::from_micros(said.time_micros),
                why: label.why,
                part: Part::new(name, label.form, body),
            };
            Some((name.clone(), part))
        })
    }
}

/// A removal that the journal tells of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Removal {
    /// The last entry that went.
    pub last: u64,
    /// When that was said.
    pub time: Timestamp,
    detail: String,
}

impl Removal {
    /// Those that the entries kept tell of, oldest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn all(reader: &EntryReader) -> Result<Vec<Self>, JournalFault> {
        let journal = reader.journal();
        let mut all = Vec::new();
        for record in journal.read_from(0)? {
            let record = record?;
            if record.kind == EntryKind::Audit.number() && record.label == REMOVED {
                all.extend(Self::of(&record));
            }
        }
        Ok(all)
    }

    fn of(record: &Record) -> Option<Self> {
        let Body::AuditEvent(said) = parse_message(&record.body).ok()?.body else {
            return None;
        };
        let detail = said.detail?;
        let (last, _) = detail.strip_prefix(UP_TO)?.split_once(' ')?;
        Some(Self {
            last: last.parse().ok()?,
            time: Timestamp::from_micros(record.time_micros),
            detail,
        })
    }

    /// Whether it names this file.
    pub fn names(&self, digest: Digest) -> bool {
        self.detail.contains(&digest.to_string())
    }
}
