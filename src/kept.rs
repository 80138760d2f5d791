//! Where pulled entries go: a list of them, and, where asked for, the records themselves.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cordon_contract::{Fault, REPORT_ANSWERED};
use cordon_model::Body;
use cordon_services::client::{PulledEntry, write_durably};
use serde_json::{Value, json};

use crate::exit::Ending;

/// Writes verified entries.
pub struct Sink {
    path: PathBuf,
    list: BufWriter<File>,
    folder: Option<PathBuf>,
    /// What stands in the list goes when the first answer is taken: a pull that is refused leaves it.
    begins_anew: bool,
}

impl Sink {
    /// Opens the list, to be added to or begun anew, and the folder of records.
    pub fn open(list: &Path, folder: Option<&Path>, is_added_to: bool) -> Result<Self, Ending> {
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder).map_err(|error| Ending::file(folder, &error))?;
        }
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .append(is_added_to)
            .truncate(false)
            .open(list)
            .map_err(|error| Ending::file(list, &error))?;
        Ok(Self {
            path: list.to_owned(),
            list: BufWriter::new(file),
            folder: folder.map(Path::to_owned),
            begins_anew: !is_added_to,
        })
    }

    fn begin(&mut self) -> io::Result<()> {
        match std::mem::take(&mut self.begins_anew) {
            true => self.list.get_ref().set_len(0),
            false => Ok(()),
        }
    }

    /// Takes the entries of one answer.
    pub fn take(&mut self, entries: &[PulledEntry]) -> Result<(), Fault> {
        self.begin().map_err(|error| self.failed(&error))?;
        for one in entries {
            let entry = &one.entry;
            let mut line = json!({
                "number": entry.number, "kind": entry.kind.as_str(), "time": entry.time.to_string(),
                "sender": one.record.sender, "label": one.record.label, "cause": entry.cause,
                "digest": entry.digest.to_string(), "chain": entry.chain_hash.to_string(),
            });
            if let (Some(answer), Some(fields)) = (answer(one), line.as_object_mut()) {
                fields.insert("answer".to_owned(), answer);
            }
            writeln!(self.list, "{line}").map_err(|error| self.failed(&error))?;
        }
        self.keep(entries)
    }

    /// One file for each answer, named by its first and last entry; durable before the next is asked
    /// for.
    fn keep(&self, entries: &[PulledEntry]) -> Result<(), Fault> {
        let (Some(folder), Some(first), Some(last)) =
            (&self.folder, entries.first(), entries.last())
        else {
            return Ok(());
        };
        let name = format!("{:012}-{:012}.jsonl", first.entry.number, last.entry.number);
        let mut text = Vec::new();
        for one in entries {
            let record = one.entry.record.as_deref().unwrap_or_default();
            let line = json!({
                "number": one.entry.number, "chain": one.entry.chain_hash.to_string(),
                "record": STANDARD.encode(record),
            });
            writeln!(text, "{line}").map_err(|error| self.failed(&error))?;
        }
        write_durably(&folder.join(name), &text)
    }

    /// Makes the list durable.
    pub fn sync(mut self) -> Result<(), Ending> {
        let synced = self
            .begin()
            .and_then(|()| self.list.flush())
            .and_then(|()| self.list.get_ref().sync_all());
        synced.map_err(|error| Ending::file(&self.path, &error))
    }

    fn failed(&self, error: &io::Error) -> Fault {
        Fault::new("S030", format!("cannot write: {error}"))
            .at(self.path.display().to_string())
            .remedy("check that the folder exists, is writable and has room")
    }
}

/// What an entry says came of a request for a report, the entry that is its cause.
fn answer(one: &PulledEntry) -> Option<Value> {
    if one.record.label != REPORT_ANSWERED {
        return None;
    }
    let message = cordon_wire::parse_message(&one.record.body).ok()?;
    let Body::AuditEvent(said) = message.body else {
        return None;
    };
    Some(json!({
        "about": said.target, "outcome": said.outcome.as_str(), "detail": said.detail,
    }))
}
