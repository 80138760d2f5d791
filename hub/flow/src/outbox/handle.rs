//! The outbox as operators see it: what is open, what was given up, and a second try.

use cordon_contract::{Clock, EntryKind, Fault, OrderLane};
use cordon_model::{AuditOutcome, Body, MessageId, MessageType, PartyId, Timestamp};
use std::sync::Arc;

use super::worker::Dispatch;
use crate::corridor::receipt::ReceiptData;
use crate::corridor::submit::Submit;
use crate::decide::core::order_draft;
use crate::decide::draft::Slip;
use crate::decide::fold::{DeadLetter, OpenOrder, RERUN};
use crate::decide::sealer::{AuditNote, Particulars};
use crate::decide::stored_entry::StoredEntry;
use crate::fault::{NO_DEAD_LETTER, THREAD, fault, of_wire};
use crate::flags;
use crate::watch::board::Board;
use crate::watch::entry_reader::EntryReader;

/// The journal's code for a record that is gone.
const TRIMMED: &str = "J014";

/// Shortest time a second try gets, milliseconds.
const RERUN_MS_MIN: i64 = 60_000;

/// What the journal says of an order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OrderNote {
    /// When it was ordered.
    pub ordered: Timestamp,
    /// What it carries.
    pub kind: MessageType,
    /// Its lane.
    pub lane: OrderLane,
    /// After this instant it is expired.
    pub deadline: Timestamp,
}

/// The outbox. Cheap to clone.
#[derive(Clone)]
pub struct Outbox {
    pub(crate) board: Board,
    pub(crate) submit: Submit,
    pub(crate) reader: EntryReader,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) dispatch: Arc<Dispatch>,
}

impl Outbox {
    /// Orders that have no outcome yet, by number.
    pub fn open(&self) -> Vec<(u64, OpenOrder)> {
        self.board.lock().open.clone()
    }

    /// Orders that wait inside the outbox for their target.
    pub fn waiting(&self) -> usize {
        self.dispatch.waiting()
    }

    /// Orders that could not be delivered, oldest first.
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        self.board.lock().dead.clone()
    }

    /// What the journal says of an order; `None` when this entry is none, or was trimmed away. Reads
    /// the disk.
    pub fn note(&self, number: u64) -> Result<Option<OrderNote>, Fault> {
        let stored = match self.reader.get(number) {
            Err(fault) if fault.code() == TRIMMED => return Ok(None),
            stored => stored?,
        };
        Ok(stored.as_ref().and_then(note_of))
    }

    /// Sends a dead letter out again, as a new order with as much time as the first had (at least a
    /// minute). Returns the receipt of the new order. `words` stand in the audit entry beside it.
    pub async fn rerun(
        &self,
        number: u64,
        actor: &PartyId,
        words: Option<&str>,
    ) -> Result<ReceiptData, Fault> {
        let reader = self.reader.clone();
        let stored = tokio::task::spawn_blocking(move || reader.get(number))
            .await
            .map_err(|error| fault(THREAD).log(error.to_string()))??;
        let stored = stored.ok_or_else(|| fault(NO_DEAD_LETTER))?;
        let (slip, body, particulars) = self.second_try(&stored)?;
        let sealer = &self.submit.sealer;
        let epoch = self.board.lock().epoch;
        let mut order = order_draft(sealer, epoch, slip, body, particulars).map_err(of_wire)?;
        order.cause = number;
        order.flags |= flags::RERUN;
        let note = AuditNote {
            action: RERUN,
            actor,
            target: Some(&order.label),
            outcome: AuditOutcome::Success,
            detail: words,
        };
        let audit = sealer
            .audit(MessageId::random(), self.clock.now(), note)
            .map_err(of_wire)?;
        self.submit.own(vec![order, audit]).await
    }

    fn second_try(&self, stored: &StoredEntry) -> Result<(Slip, Body, Particulars), Fault> {
        let message = match (&stored.entry.message, stored.entry.kind) {
            (Some(message), EntryKind::Order) if !matches!(message.body, Body::GateCommand(_)) => {
                message
            }
            (_, EntryKind::Order) => {
                return Err(Fault::new(
                    NO_DEAD_LETTER,
                    "a gate command is never carried out twice",
                )
                .remedy("order the opening anew"));
            }
            _ => return Err(fault(NO_DEAD_LETTER)),
        };
        let first = Slip::read(&stored.record.label, stored.record.flags)
            .ok_or_else(|| fault(NO_DEAD_LETTER))?;
        let now = self.clock.now();
        let time = first.deadline.ms_since(stored.entry.time).max(RERUN_MS_MIN);
        let slip = Slip {
            deadline: now.plus_ms(time),
            ..first
        };
        let particulars = Particulars {
            correlation: message.header.correlation_id.clone(),
            test: message.header.test,
            ..Particulars::derived(MessageId::random(), now)
        };
        Ok((slip, message.body.clone(), particulars))
    }
}

fn note_of(stored: &StoredEntry) -> Option<OrderNote> {
    let message = stored.entry.message.as_ref()?;
    let slip = Slip::read(&stored.record.label, stored.record.flags)?;
    Some(OrderNote {
        ordered: stored.entry.time,
        kind: message.body.message_type(),
        lane: slip.lane,
        deadline: slip.deadline,
    })
}
