//! A start whose journal cannot be opened: what was ordered is known again, from the end of the journal as
//! far as it can be read and from the spool. Nothing is written.

use cordon_contract::{CLOCK_SET, EntryKind, Fault, type_in_label};
use cordon_journal::{JournalFault, Reader, Record};
use cordon_model::{Digest, MessageId, MessageType, PartyId, Timestamp};

use crate::corridor::identity_again;
use crate::corridor::inbox::Inbox;
use crate::corridor::receipt::ReceiptData;
use crate::decide::batch::Batch;
use crate::decide::core::Core;
use crate::decide::entry_codec::entry_of;
use crate::decide::entry_time::CLOCK_LEAD;
use crate::decide::fold::START;
use crate::fault::of_journal;
use crate::flags;
use crate::sequencer::emergency::late_receipt;
use crate::sequencer::held_before::HeldFold;
use crate::sequencer::kit::Kit;
use crate::sequencer::recovery::remember;
use crate::sequencer::spool::SpoolLine;
use crate::sequencer::startup::late_draft;
use crate::watch::entry_reader::{EntryReader, Reread};

/// Code of a folder that holds another journal than the one that is known.
const NOT_ITS_OWN: &str = "J060";

/// Entries looked through. Of what people order only the last two minutes can be overtaken by a late
/// word; what is older is too old itself.
const ENTRIES_MAX: u64 = 200_000;
/// The same where the journal could be opened: read at every opening, so as few as take no time.
const SEED_MAX: u64 = 20_000;

impl Kit {
    /// Knows again what was ordered: the order of acts, the ids that were acted on, what is held open.
    /// Returns the number of the next entry.
    pub(crate) fn recall(&mut self, cause: &Fault) -> u64 {
        let reader = EntryReader::over(self.ledger.reader());
        let mut held = HeldFold::default();
        let last = match recall_journal(&reader, &mut self.core, &self.ties.inbox, &mut held) {
            Ok(last) => {
                self.blind_since = None;
                last
            }
            Err(fault) => {
                tracing::error!(%fault, "what was ordered before cannot be read; no older release is carried out");
                self.blind_since = Some(self.ties.clock.now());
                held.blind();
                self.ties.board.lock().number
            }
        };
        if cause.code() == NOT_ITS_OWN {
            // What lies there says nothing of this park's lanes.
            held = HeldFold::default();
        }
        self.take_up_lead();
        let time = self.time();
        let mut batch = Batch::new(last + 1, time);
        if let Err(fault) = self.admit_scale(&mut batch, time) {
            tracing::error!(%fault, "the lead of the journal could not be put into words");
        }
        self.recall_spool(&mut batch, &mut held);
        held.begin_run();
        self.held_before = held;
        self.show_held_before();
        batch.next()
    }

    /// Knows the acts at the end of a journal that was opened: those of before a start, and those of a batch that
    /// failed and stands in it.
    pub(crate) fn know_acts(&mut self, reader: &Reader, last: u64) -> Result<(), JournalFault> {
        if last == 0 {
            return Ok(());
        }
        let from = last
            .saturating_sub(SEED_MAX)
            .max(reader.first_here()?.unwrap_or(0))
            .max(1);
        for record in reader.read_range(from, last)? {
            let record = record?;
            let is_said = record.kind == EntryKind::Message.number();
            if !is_said || record.flags & flags::KEYED == 0 || !is_act(&record.label) {
                continue;
            }
            if let Ok(sender) = PartyId::new(record.sender.as_str()) {
                self.note_act(receipt_of_record(sender, &record));
            }
        }
        Ok(())
    }

    /// What was shown instead of the plug-ins' state, while it was not known, is over.
    pub(crate) fn show_ordinary(&mut self) {
        self.held_before = HeldFold::default();
        let mut shown = self.ties.board.lock();
        shown.acted.clear();
        shown.held_before.clear();
    }

    /// Shows what was held before the start, as far as this run changed nothing.
    pub(crate) fn show_held_before(&self) {
        self.ties.board.lock().held_before = self.held_before.shown();
    }

    fn recall_spool(&mut self, batch: &mut Batch, held: &mut HeldFold) {
        for line in self.spool.read() {
            match line {
                SpoolLine::Opening { .. } => self.recall_opening(batch, held, &line),
                SpoolLine::Outcome {
                    at_micros,
                    opening,
                    target,
                    kind,
                    detail,
                } => {
                    let at = Timestamp::from_micros(at_micros);
                    held.end_spooled(&opening, &target, (kind, &detail, at));
                }
            }
        }
        if self.spool.is_torn() {
            held.blind();
        }
        if self.spool.is_unreadable() {
            self.blind_since = Some(self.ties.clock.now());
            held.blind();
        }
    }

    fn recall_opening(&mut self, batch: &mut Batch, held: &mut HeldFold, line: &SpoolLine) {
        let SpoolLine::Opening {
            at_micros,
            sender,
            xml,
            id,
            acted,
            ..
        } = line
        else {
            return;
        };
        let at = Timestamp::from_micros(*at_micros);
        let draft = match late_draft(sender, xml) {
            Ok(draft) => draft,
            Err(fault) => {
                tracing::error!(%fault, sender, xml, "a line of the emergency spool cannot be read");
                held.blind();
                return;
            }
        };
        let is_journaled = held.knows(draft.message_id);
        let place = self.core.admit(batch, draft);
        if let Some(line) = batch.line(place) {
            let mut receipt = late_receipt(line);
            receipt.received_at = at;
            self.note_act(receipt);
        }
        if !is_journaled {
            let acted = id.as_ref().map(|_| acted.as_slice());
            held.take_spooled((batch, place), at, acted);
        }
    }
}

fn receipt_of_record(sender: PartyId, record: &Record) -> ReceiptData {
    ReceiptData {
        number: record.number,
        sender,
        message_id: MessageId::from_bytes(record.message_id),
        digest: Digest(record.digest),
        chain: Digest(record.chain),
        received_at: Timestamp::from_micros(record.time_micros),
        duplicate: true,
        late: false,
        marks: record.flags & flags::WARNED,
    }
}

/// Takes in the acts at the end of the journal and gives its last number. The plug-ins do not see them:
/// what is released is ordered whether or not it is known to be held.
fn recall_journal(
    reader: &EntryReader,
    core: &mut Core,
    inbox: &Inbox,
    held: &mut HeldFold,
) -> Result<u64, Fault> {
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
        let (is_act, is_told) = (is_recalled(&record), held.is_told_by(&record));
        if !is_act && !is_told {
            continue;
        }
        let draft = match reader.reread(&record)? {
            Reread::Read(draft, _) => draft,
            Reread::Unreadable(_) | Reread::Expired => {
                held.blind();
                continue;
            }
        };
        if is_told {
            held.take(&record, &draft);
        }
        if is_act {
            core.recall(&entry_of(&record, &draft), &draft);
            let identity = identity_again(&draft, core.fold().now.judged);
            remember(inbox, &record, identity);
        }
    }
    Ok(last)
}

/// Whether a label is of what people order of gates.
pub(crate) fn is_act(label: &str) -> bool {
    const ACTS: [MessageType; 3] = [
        MessageType::EmergencyGateOpen,
        MessageType::GateCommand,
        MessageType::OperatingModeChange,
    ];
    let label = type_in_label(label);
    ACTS.iter().any(|act| act.as_str() == label)
}

/// What people order of gates, and what tells the order of it.
fn is_recalled(record: &Record) -> bool {
    let label = type_in_label(&record.label);
    match record.kind {
        kind if kind == EntryKind::Message.number() => is_act(label),
        kind if kind == EntryKind::Audit.number() => {
            [START, CLOCK_LEAD, CLOCK_SET].contains(&label)
        }
        _ => false,
    }
}
