//! A start whose journal cannot be opened: what was ordered is known again, from the end of the journal as
//! far as it can be read and from the spool. Nothing is written.

use cordon_contract::{EntryKind, Fault};
use cordon_journal::Record;
use cordon_model::{MessageType, Timestamp};

use crate::batch::Batch;
use crate::core::Core;
use crate::corridor::identity_again;
use crate::emergency::late_receipt;
use crate::entry_codec::entry_of;
use crate::entry_reader::{EntryReader, Reread};
use crate::entry_time::CLOCK_LEAD;
use crate::fault::of_journal;
use crate::fold::START;
use crate::inbox::Inbox;
use crate::kit::Kit;
use crate::recovery::remember;
use crate::spool::SpoolLine;
use crate::startup::late_draft;

/// Entries looked through. Of what people order only the last two minutes can be overtaken by a late
/// word; what is older is too old itself.
const ENTRIES_MAX: u64 = 200_000;

impl Kit {
    /// Knows again what was ordered: the order of acts, the ids that were acted on, what is held open.
    /// Returns the number of the next entry.
    pub(crate) fn recall(&mut self) -> u64 {
        let reader = EntryReader::over(self.ledger.reader());
        let last = match recall_journal(&reader, &mut self.core, &self.ties.inbox) {
            Ok(last) => {
                self.blind_since = None;
                last
            }
            Err(fault) => {
                tracing::error!(%fault, "what was ordered before cannot be read; no older release is carried out");
                self.blind_since = Some(self.ties.clock.now());
                self.ties.board.lock().number
            }
        };
        self.take_up_lead();
        let time = self.time();
        let mut batch = Batch::new(last + 1, time);
        if let Err(fault) = self.admit_scale(&mut batch, time) {
            tracing::error!(%fault, "the lead of the journal could not be put into words");
        }
        self.recall_spool(&mut batch);
        batch.next()
    }

    fn recall_spool(&mut self, batch: &mut Batch) {
        for line in self.spool.read() {
            let SpoolLine::Opening {
                at_micros,
                sender,
                xml,
                ..
            } = line
            else {
                continue;
            };
            match late_draft(&sender, &xml) {
                Ok(draft) => {
                    let place = self.core.admit(batch, draft);
                    if let Some(line) = batch.line(place) {
                        let mut receipt = late_receipt(line);
                        receipt.received_at = Timestamp::from_micros(at_micros);
                        self.note_opening(&receipt);
                    }
                }
                Err(fault) => {
                    tracing::error!(%fault, sender, xml, "a line of the emergency spool cannot be read");
                }
            }
        }
        if self.spool.is_unreadable() {
            self.blind_since = Some(self.ties.clock.now());
        }
    }
}

/// Takes in the acts at the end of the journal and gives its last number. The plug-ins do not see them:
/// what is released is ordered whether or not it is known to be held.
fn recall_journal(reader: &EntryReader, core: &mut Core, inbox: &Inbox) -> Result<u64, Fault> {
    let journal = reader.journal();
    let (last, _) = journal.position().map_err(|failure| of_journal(&failure))?;
    let first = journal.first().map_err(|failure| of_journal(&failure))?;
    let from = last
        .saturating_sub(ENTRIES_MAX)
        .max(first.unwrap_or(0))
        .max(1);
    core.forget();
    inbox.forget(last);
    if last == 0 {
        return Ok(0);
    }
    let records = journal.read_range(from, last);
    for record in records.map_err(|failure| of_journal(&failure))? {
        let record = record.map_err(|failure| of_journal(&failure))?;
        core.was_at(Timestamp::from_micros(record.time_micros));
        if !is_recalled(&record) {
            continue;
        }
        if let Reread::Read(draft, _) = reader.reread(&record)? {
            core.recall(&entry_of(&record, &draft), &draft);
            let identity = identity_again(&draft, core.fold().judged);
            remember(inbox, &record, identity);
        }
    }
    Ok(last)
}

/// What people order of gates, and what tells the order of it.
fn is_recalled(record: &Record) -> bool {
    const ACTS: [MessageType; 3] = [
        MessageType::EmergencyGateOpen,
        MessageType::GateCommand,
        MessageType::OperatingModeChange,
    ];
    let label = record.label.as_str();
    match record.kind {
        kind if kind == EntryKind::Message.number() => ACTS.iter().any(|act| act.as_str() == label),
        kind if kind == EntryKind::Audit.number() => [START, CLOCK_LEAD].contains(&label),
        _ => false,
    }
}
