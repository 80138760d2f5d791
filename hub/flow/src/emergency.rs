//! The one exception of I2: an emergency opening acts although the journal has failed.
//!
//! After a failed commit the core takes nothing more, except this: the plug-ins still decide on an
//! `EmergencyGateOpen` in memory, its emergency orders go straight to the outbox, and the message is
//! kept in the spool until the next start journals it, marked late.

use cordon_contract::{EntryKind, Fault, OutcomeKind};
use cordon_model::{Body, CommandOutcome};
use cordon_wire::write_message;

use crate::answer::{refuse, refuse_late};
use crate::batch::{Batch, Line};
use crate::core::order_of;
use crate::draft::Draft;
use crate::fault::{STOPPED, fault};
use crate::intake::{Answer, Pending, Slot};
use crate::receipt::{ReceiptData, Refused};
use crate::sequencer::Sequencer;
use crate::spool::SpoolLine;
use crate::startup::acts_at_once;
use crate::work::{OwnWork, SubmissionWork, Work};

impl Sequencer {
    /// Nothing of the batch is durable: answers so, and carries out its emergency openings.
    pub(crate) fn after_failure(&mut self, batch: &Batch, pending: Vec<Pending>, cause: &Fault) {
        self.act(batch);
        for pending in pending {
            answer_failed(batch, pending, cause);
        }
    }

    /// Carries out emergency openings until the queue is closed.
    pub(crate) fn emergency_only(&mut self) {
        let mut next = self
            .core
            .fold()
            .open
            .keys()
            .next_back()
            .map_or(0, |number| number + 1)
            .max(self.journal.next_number());
        let patience = std::time::Duration::from_millis(50);
        while let Some(tickets) = self.ties.queue.take(64, 1 << 20, patience) {
            for ticket in tickets {
                let (work, _room) = ticket.split();
                if work.is_late_act() {
                    refuse_late(work);
                    continue;
                }
                let mut batch = Batch::new(next, self.time());
                match work {
                    Work::Own(work) if work.closes.is_some() => self.outcome(&mut batch, work),
                    Work::Own(work) if work.drafts.iter().any(Draft::is_emergency) => {
                        self.own_opening(&mut batch, work);
                    }
                    Work::Submission(work) if work.submission.is_urgent() => {
                        self.signed_opening(&mut batch, work)
                    }
                    other => refuse(other, &fault(STOPPED)),
                }
                next = batch.next();
            }
        }
    }

    fn own_opening(&mut self, batch: &mut Batch, work: OwnWork) {
        let mut receipts = Vec::new();
        for draft in work.drafts {
            let place = self.core.admit(batch, draft);
            receipts.extend(batch.line(place).map(late_receipt));
        }
        self.act(batch);
        if let Some(answer) = work.answer {
            let _ = answer.send(Ok(receipts));
        }
    }

    fn signed_opening(&mut self, batch: &mut Batch, work: SubmissionWork) {
        let (_, _, parts) = work.submission.into_parts();
        let mut answers = Vec::with_capacity(parts.len());
        for part in parts {
            let answer = match part.outcome {
                Err(refused) => Err(Refused::unrecorded(refused.fault().clone())),
                Ok(sealed) => {
                    let draft = sealed.into_draft();
                    match draft.is_emergency() {
                        false => Err(Refused::unrecorded(fault(STOPPED))),
                        true => {
                            let place = self.core.admit(batch, draft);
                            batch
                                .line(place)
                                .map(late_receipt)
                                .ok_or_else(|| Refused::unrecorded(fault(STOPPED)))
                        }
                    }
                }
            };
            answers.push(answer);
        }
        self.act(batch);
        let _ = work.answer.send(answers);
    }

    /// Notes what came of an emergency order.
    fn outcome(&mut self, batch: &mut Batch, work: OwnWork) {
        let open = work
            .closes
            .and_then(|number| self.core.fold().open.get(&number).cloned());
        for draft in work.drafts {
            if let (Some(open), EntryKind::Outcome) = (&open, draft.kind) {
                let (kind, detail) = told(&draft);
                let line = SpoolLine::Outcome {
                    target: open.target.0.clone(),
                    kind,
                    detail,
                };
                self.keep(&line);
            }
            self.core.admit(batch, draft);
        }
    }

    /// Lets emergency orders out, then spools their openings: writing must not delay acting.
    fn act(&self, batch: &Batch) {
        for line in batch.lines() {
            if let Some(order) = order_of(&line.entry, &line.draft, self.core.fold().epoch)
                && acts_at_once(&order)
            {
                tracing::warn!(
                    target = order.target.0,
                    "an emergency order acts before it is journaled"
                );
                self.ties.dispatch.release(order);
            }
        }
        for line in batch
            .lines()
            .iter()
            .filter(|line| line.draft.is_emergency())
        {
            self.spool_opening(line);
        }
    }

    fn spool_opening(&self, line: &Line) {
        let Some(message) = &line.entry.message else {
            return;
        };
        match write_message(message).map(String::from_utf8) {
            Ok(Ok(xml)) => self.keep(&SpoolLine::Opening {
                at_micros: line.entry.time.micros(),
                sender: line.entry.sender.as_str().to_owned(),
                xml,
            }),
            _ => tracing::error!("an emergency opening could not be written down"),
        }
    }

    fn keep(&self, line: &SpoolLine) {
        if let Err(error) = self.spool.add(line) {
            tracing::error!(%error, ?line, "the emergency spool cannot be written; this line of the log is the record");
        }
    }
}

fn late_receipt(line: &Line) -> ReceiptData {
    ReceiptData {
        number: 0,
        sender: line.draft.sender.clone(),
        message_id: line.draft.message_id,
        digest: line.draft.digest,
        chain: cordon_model::Digest([0; 32]),
        received_at: line.entry.time,
        duplicate: false,
        late: true,
    }
}

fn answer_failed(batch: &Batch, pending: Pending, cause: &Fault) {
    let stopped = fault(STOPPED).log(cause.to_string());
    let late = |index: usize| {
        batch
            .line(index)
            .filter(|line| line.draft.is_emergency())
            .map(late_receipt)
    };
    match pending.answer {
        Answer::Submission(answer) => {
            let answers = pending.slots.iter().map(|slot| match slot {
                Slot::New(index) => {
                    late(*index).ok_or_else(|| Refused::unrecorded(stopped.clone()))
                }
                _ => Err(Refused::unrecorded(stopped.clone())),
            });
            let _ = answer.send(answers.collect());
        }
        Answer::Own(Some(answer)) => {
            let late: Vec<ReceiptData> = pending
                .slots
                .iter()
                .filter_map(|slot| match slot {
                    Slot::New(index) => late(*index),
                    _ => None,
                })
                .collect();
            let _ = answer.send(if late.is_empty() {
                Err(stopped)
            } else {
                Ok(late)
            });
        }
        Answer::Refusal(answer) => {
            let _ = answer.send(Refused::unrecorded(stopped));
        }
        Answer::StateHash(answer) => {
            let _ = answer.send(Err(stopped));
        }
        // A dropped answer tells the adapter to offer again after a restart.
        Answer::Reading(_) | Answer::Own(None) => {}
    }
}

/// Kind and words of an outcome's draft.
fn told(draft: &Draft) -> (OutcomeKind, String) {
    let status = match draft.message.as_deref().map(|message| &message.body) {
        Some(Body::GateStatus(status)) => Some(status),
        _ => None,
    };
    let kind = match status.and_then(|status| status.command_outcome) {
        Some(CommandOutcome::Accepted) => OutcomeKind::Accepted,
        Some(CommandOutcome::Confirmed) => OutcomeKind::Confirmed,
        Some(CommandOutcome::Refused) => OutcomeKind::Refused,
        Some(CommandOutcome::Failed) => OutcomeKind::Failed,
        Some(CommandOutcome::Expired) | None => OutcomeKind::Expired,
    };
    (
        kind,
        status
            .and_then(|status| status.detail.clone())
            .unwrap_or_default(),
    )
}
