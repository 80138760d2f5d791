//! Where pulled entries go: a list of them, and, where asked for, the records themselves. Neither ever loses what it
//! holds.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cordon_contract::{Fault, REPORT_ANSWERED};
use cordon_model::Body;
use cordon_services::client::{PulledEntry, write_durably};
use serde_json::{Value, json};

use crate::exit::Ending;

mod held;

use held::{End, Held, Position, foreign};

/// Adds verified entries to what is there.
pub struct Sink {
    path: PathBuf,
    list: File,
    folder: Option<PathBuf>,
    /// What stands in the list already; none of a list that is no file.
    held: Option<Held>,
    /// The last line is mended when the first answer is taken: a pull that is refused leaves it.
    is_begun: bool,
    /// Entries taken that stood in the list already.
    stood: u64,
}

impl Sink {
    /// Opens the list and the folder of records. The entry after which is pulled is held to the list.
    pub fn open(
        list: &Path,
        folder: Option<&Path>,
        after: Option<Position>,
    ) -> Result<Self, Ending> {
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder).map_err(|error| Ending::file(folder, &error))?;
        }
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(list)
            .map_err(|error| Ending::file(list, &error))?;
        let is_file = file.metadata().is_ok_and(|meta| meta.is_file());
        let mut held = is_file.then(|| Held::read(list)).transpose()?;
        if let (Some(held), Some(after)) = (&mut held, after) {
            held.holds(after)?;
        }
        Ok(Self {
            path: list.to_owned(),
            list: file,
            folder: folder.map(Path::to_owned),
            held,
            is_begun: false,
            stood: 0,
        })
    }

    /// The last entry that stood in the list before and is not behind this one.
    pub fn last_up_to(&self, number: u64) -> Option<u64> {
        self.held.as_ref()?.last_up_to(number)
    }

    /// Entries taken that stood in the list already.
    pub fn stood(&self) -> u64 {
        self.stood
    }

    fn begin(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.is_begun, true) {
            return Ok(());
        }
        match self.held.as_ref().map(Held::end) {
            Some(End::Torn(at)) => self.list.set_len(at),
            Some(End::Open) => self.list.write_all(b"\n"),
            Some(End::Whole) | None => Ok(()),
        }
    }

    /// Takes the entries of one answer: adds those that the list lacks.
    pub fn take(&mut self, entries: &[PulledEntry]) -> Result<(), Fault> {
        let mut lacking = Vec::with_capacity(entries.len());
        for one in entries {
            let at = (one.entry.number, one.entry.chain_hash.0);
            let stands = match &mut self.held {
                Some(held) => held.holds(at)?,
                None => false,
            };
            match stands {
                true => self.stood += 1,
                false => lacking.push(one),
            }
        }
        self.keep(entries)?;
        self.begin().map_err(|error| self.failed(&error))?;
        let mut text = Vec::new();
        for one in lacking {
            text.extend_from_slice(line(one).to_string().as_bytes());
            text.push(b'\n');
        }
        // In one piece: where no lock is known another program's line never stands within one of these.
        self.list
            .write_all(&text)
            .map_err(|error| self.failed(&error))
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
        let file = folder.join(name);
        match std::fs::read(&file) {
            Ok(there) if there == text => Ok(()),
            Ok(_) => Err(foreign(&file, &"it holds other records")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => write_durably(&file, &text),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Makes the list durable.
    pub fn sync(mut self) -> Result<(), Ending> {
        let synced = self.begin().and_then(|()| self.list.sync_all());
        synced.map_err(|error| Ending::file(&self.path, &error))
    }

    fn failed(&self, error: &io::Error) -> Fault {
        Fault::new("S030", format!("cannot write: {error}"))
            .at(self.path.display().to_string())
            .remedy("check that the folder exists, is writable and has room")
    }
}

/// The line of an entry.
fn line(one: &PulledEntry) -> Value {
    let entry = &one.entry;
    let mut line = json!({
        "number": entry.number, "kind": entry.kind.as_str(), "time": entry.time.to_string(),
        "sender": one.record.sender, "label": one.record.label, "cause": entry.cause,
        "digest": entry.digest.to_string(), "chain": entry.chain_hash.to_string(),
    });
    if let (Some(answer), Some(fields)) = (answer(one), line.as_object_mut()) {
        fields.insert("answer".to_owned(), answer);
    }
    line
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
