//! The first entries of a run: the start itself, orders that did not survive, late emergencies.

use std::collections::BTreeMap;
use std::sync::Arc;

use cordon_contract::{EntryKind, Fault, Order, OrderLane, Outcome, OutcomeKind, Target};
use cordon_model::{MessageId, PartyId, Timestamp};
use cordon_wire::{digest_of_bytes, parse_message};

use crate::batch::Batch;
use crate::core::order_of;
use crate::corridor::Key;
use crate::draft::Draft;
use crate::fault::{OWN_MESSAGE, UNREADABLE, fault, of_wire};
use crate::flags;
use crate::fold::{OpenOrder, epoch_text, start_note};
use crate::inbox::Verdict;
use crate::outcome;
use crate::sequencer::Sequencer;
use crate::spool::SpoolLine;

/// What the spool says of carried-out orders, by target.
type Carried = BTreeMap<String, (OutcomeKind, String)>;

impl Sequencer {
    /// Commits the first entries of this run.
    pub(crate) fn begin(&mut self) -> Result<(), Fault> {
        let spooled = self.spool.read().map_err(|error| {
            fault(OWN_MESSAGE)
                .at(self.spool.path().display().to_string())
                .log(format!("the emergency spool cannot be read: {error}"))
        })?;
        let open = self.core.fold().open.clone();
        let time = self.time();
        let mut batch = Batch::new(self.journal.next_number(), time);
        self.admit_start(&mut batch, time)?;
        self.admit_marks(&mut batch, time)?;
        self.expire(&mut batch, time, &open)?;
        let carried = self.admit_late(&mut batch, &spooled)?;
        let late: Vec<Order> = late_orders(&batch, self.core.fold().epoch);
        self.commit(batch, Vec::new())?;
        if !late.is_empty() {
            self.close_late(&late, &carried)?;
        }
        if !spooled.is_empty() {
            self.spool.clear().map_err(|error| {
                fault(OWN_MESSAGE).log(format!("the emergency spool cannot be removed: {error}"))
            })?;
        }
        self.resume(&open)
    }

    fn admit_start(&mut self, batch: &mut Batch, time: Timestamp) -> Result<(), Fault> {
        let target = epoch_text(self.core.fold().epoch + 1);
        let hub = self.core.sealer().hub().clone();
        let note = start_note(&hub, &target);
        let start = self
            .core
            .sealer()
            .audit(MessageId::random(), time, note)
            .map_err(of_wire)?;
        self.core.admit(batch, start);
        Ok(())
    }

    /// Gate commands that were open are never carried out again (I5).
    fn expire(
        &mut self,
        batch: &mut Batch,
        time: Timestamp,
        open: &BTreeMap<u64, OpenOrder>,
    ) -> Result<(), Fault> {
        for (number, open) in open
            .iter()
            .filter(|(_, open)| open.gate_command || open.late)
        {
            let order = self.stored_order(*number, open)?;
            let why = match open.late {
                true => "carried out before it was journaled; its outcome was not kept",
                false => "the hub was restarted before it was confirmed",
            };
            let outcome = Outcome::new(OutcomeKind::Expired, why);
            for draft in
                outcome::drafts(self.core.sealer(), &order, &outcome, time).map_err(of_wire)?
            {
                self.core.admit(batch, draft);
            }
        }
        Ok(())
    }

    /// Journals what acted while the disk had failed, marked so.
    fn admit_late(&mut self, batch: &mut Batch, spooled: &[SpoolLine]) -> Result<Carried, Fault> {
        let mut carried = Carried::new();
        for line in spooled {
            match line {
                SpoolLine::Outcome {
                    target,
                    kind,
                    detail,
                } => {
                    carried.insert(target.clone(), (*kind, detail.clone()));
                }
                SpoolLine::Opening {
                    sender,
                    xml,
                    at_micros,
                } => {
                    let message = parse_message(xml.as_bytes()).map_err(of_wire)?;
                    let sender = PartyId::new(sender.as_str())
                        .map_err(|error| fault(UNREADABLE).log(error.to_string()))?;
                    let draft = Draft {
                        flags: flags::LATE | flags::KEYED,
                        message_id: message.header.message_id,
                        digest: digest_of_bytes(xml.as_bytes()),
                        label: message.header.message_type.as_str().to_owned(),
                        body: xml.clone().into_bytes().into(),
                        message: Some(Arc::new(message)),
                        ..Draft::bare(EntryKind::Message, sender)
                    };
                    self.admit_late_opening(batch, draft, *at_micros)?;
                }
            }
        }
        Ok(carried)
    }

    fn admit_late_opening(
        &mut self,
        batch: &mut Batch,
        draft: Draft,
        at_micros: i64,
    ) -> Result<(), Fault> {
        let intaker = self.intaker(batch);
        let verdict =
            intaker
                .inbox
                .verdict(&draft.sender, draft.message_id, draft.digest, Key::Exact)?;
        if verdict != Verdict::New {
            return Ok(());
        }
        tracing::warn!(at = %Timestamp::from_micros(at_micros), "an emergency opening is journaled late");
        let number = intaker.batch.next();
        intaker.inbox.note(&draft, draft.digest, number);
        intaker.core.admit(intaker.batch, draft);
        Ok(())
    }

    fn close_late(&mut self, late: &[Order], carried: &Carried) -> Result<(), Fault> {
        let time = self.time();
        let mut batch = Batch::new(self.journal.next_number(), time);
        for order in late {
            let outcome = match carried.get(&order.target.0) {
                Some((kind, detail)) => Outcome::new(*kind, format!("journaled late: {detail}")),
                None => Outcome::new(
                    OutcomeKind::Expired,
                    "carried out before it was journaled; its outcome was not kept",
                ),
            };
            for draft in
                outcome::drafts(self.core.sealer(), order, &outcome, time).map_err(of_wire)?
            {
                self.core.admit(&mut batch, draft);
            }
        }
        self.commit(batch, Vec::new())
    }

    /// Hands deliveries that were open to the outbox again.
    fn resume(&mut self, open: &BTreeMap<u64, OpenOrder>) -> Result<(), Fault> {
        for (number, open) in open
            .iter()
            .filter(|(_, open)| !open.gate_command && !open.late)
        {
            let mut order = self.stored_order(*number, open)?;
            order.epoch = self.core.fold().epoch;
            self.ties.dispatch.release(order);
        }
        Ok(())
    }

    fn stored_order(&self, number: u64, open: &OpenOrder) -> Result<Order, Fault> {
        let stored = self.reader.get(number)?;
        let message = stored.and_then(|stored| stored.entry.message);
        let message =
            message.ok_or_else(|| fault(UNREADABLE).log(format!("order {number} is not there")))?;
        Ok(Order {
            number,
            target: Target(open.target.0.clone()),
            lane: open.lane,
            deadline: Timestamp::from_micros(open.deadline_micros),
            epoch: self.core.fold().epoch,
            attempt: 0,
            message,
        })
    }
}

/// The orders of a batch that were carried out before.
fn late_orders(batch: &Batch, epoch: u64) -> Vec<Order> {
    batch
        .lines()
        .iter()
        .filter(|line| line.draft.flags & flags::LATE != 0)
        .filter_map(|line| order_of(&line.entry, &line.draft, epoch))
        .collect()
}

/// True for an order that acts even when the journal has failed.
pub(crate) fn acts_at_once(order: &Order) -> bool {
    order.lane == OrderLane::Emergency
}
