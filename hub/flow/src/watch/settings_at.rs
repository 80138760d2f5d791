//! Which settings held when an entry was written.

use std::collections::BTreeMap;

use cordon_contract::{EntryKind, Fault};
use cordon_journal::{FaultKind, Record};
use cordon_model::{Body, Timestamp};

use crate::decide::settings::{Part, SettingsLabel};
use crate::fault::of_journal;
use crate::watch::entry_reader::EntryReader;

/// Records looked at together on the way back to the entry that says what held.
const BACK_AT_ONCE: u64 = 10_000;

/// A part of the settings as it held at an entry.
#[derive(Clone, Debug)]
pub struct HeldPart {
    /// The entry that says it.
    pub number: u64,
    /// When that was written.
    pub time: Timestamp,
    /// On which occasion.
    pub why: String,
    /// What it says.
    pub part: Part,
}

/// The settings that held when entry `number` was written, by part; none where the journal says none, or holds it no
/// more. A decision at a
/// gate names the entry that says them; for another entry the journal is read back to it.
///
/// # Errors
/// When the journal cannot be read.
pub fn settings_at(reader: &EntryReader, number: u64) -> Result<BTreeMap<String, HeldPart>, Fault> {
    let mut held = BTreeMap::new();
    let mut next = last_before(reader, number)?;
    while let Some(record) = next.take() {
        let Some(label) = SettingsLabel::read(&record.label) else {
            break;
        };
        // Each names one before it; what does not ends the way.
        if (1..record.number).contains(&label.before) {
            next = kept(reader, label.before)?;
        }
        held.entry(label.name.clone()).or_insert_with(|| HeldPart {
            number: record.number,
            time: Timestamp::from_micros(record.time_micros),
            why: label.why,
            part: Part::new(&label.name, label.form, record.body),
        });
    }
    Ok(held)
}

/// A record, if it is kept: what was removed ends the way.
fn kept(reader: &EntryReader, number: u64) -> Result<Option<Record>, Fault> {
    match reader.journal().get(number) {
        Err(failure) if failure.kind() == FaultKind::Trimmed => Ok(None),
        record => record.map_err(|failure| of_journal(&failure)),
    }
}

/// The last `Settings` entry at or before this one.
fn last_before(reader: &EntryReader, number: u64) -> Result<Option<Record>, Fault> {
    let journal = reader.journal();
    if let Some(named) = named_by(reader, number)? {
        let named = kept(reader, named)?;
        if named.is_some() {
            return Ok(named);
        }
    }
    let first = journal.first().map_err(|failure| of_journal(&failure))?;
    let first = first.unwrap_or(1).max(1);
    let mut to = number;
    while to >= first {
        let from = to.saturating_sub(BACK_AT_ONCE - 1).max(first);
        let records = journal.read_range(from, to);
        let mut last = None;
        for record in records.map_err(|failure| of_journal(&failure))? {
            let record = record.map_err(|failure| of_journal(&failure))?;
            if record.kind == EntryKind::Settings.number() {
                last = Some(record);
            }
        }
        if last.is_some() || from == first {
            return Ok(last);
        }
        to = from - 1;
    }
    Ok(None)
}

/// The entry of settings that a decision names.
fn named_by(reader: &EntryReader, number: u64) -> Result<Option<u64>, Fault> {
    let stored = reader.get(number)?;
    let message = stored.and_then(|stored| stored.entry.message);
    Ok(match message.as_deref().map(|message| &message.body) {
        Some(Body::PassageDecision(decision)) => decision.settings_entry,
        _ => None,
    })
}
