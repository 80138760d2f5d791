//! How far each class has come, in a file: without it all is looked at again, and nothing is forgotten twice.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use cordon_journal::{FaultKind, JournalFault};
use serde::{Deserialize, Serialize};

use super::Class;

/// The last segment that was looked through for each class.
#[derive(Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub(super) struct Done(BTreeMap<String, u64>);

impl Done {
    /// What the file says; nothing where it is not there or cannot be read.
    pub(super) fn read(path: &Path) -> Self {
        let text = std::fs::read(path).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    pub(super) fn of(&self, class: Class) -> u64 {
        self.0.get(class.name()).copied().unwrap_or_default()
    }

    pub(super) fn note(&mut self, class: Class, segment: u64) {
        self.0.insert(class.name().to_owned(), segment);
    }

    /// Durable when this returns.
    pub(super) fn write(&self, path: &Path) -> Result<(), JournalFault> {
        let draft = path.with_extension("json.new");
        let write = || {
            let mut file = File::create(&draft)?;
            file.write_all(&serde_json::to_vec(self)?)?;
            file.sync_all()?;
            std::fs::rename(&draft, path)?;
            path.parent()
                .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        };
        write().map_err(|error: std::io::Error| {
            let place = path.display().to_string();
            JournalFault::new(FaultKind::Write, place, format!("writing: {error}"))
        })
    }
}
