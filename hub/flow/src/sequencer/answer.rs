//! Answers after the commit (I2).

use cordon_contract::{Accepted, Fault};
use cordon_journal::Receipts;
use cordon_model::Digest;

use crate::corridor::receipt::{ReceiptData, Refused};
use crate::corridor::work::Work;
use crate::decide::batch::Batch;
use crate::fault::{ACT_LATE, STOPPED, UNREADABLE, fault};
use crate::flags;
use crate::sequencer::intake::{Answer, Pending, Slot};
use crate::watch::stats::Stats;

/// Answers what waited for a batch that is durable now.
pub(crate) struct Answerer<'a> {
    pub batch: &'a Batch,
    pub receipts: &'a Receipts,
    pub stats: &'a Stats,
}

impl Answerer<'_> {
    /// Answers one piece of work. A receiver that is gone is no failure.
    pub(crate) fn answer(&self, pending: Pending) {
        self.count(&pending);
        let is_judged = !pending
            .slots
            .iter()
            .any(|slot| matches!(slot, Slot::Failed(_)));
        let is_over = pending
            .slots
            .iter()
            .any(|slot| matches!(slot, Slot::Over(_)));
        let results: Vec<Result<ReceiptData, Refused>> = pending
            .slots
            .into_iter()
            .map(|slot| self.result(slot))
            .collect();
        match pending.answer {
            Answer::Submission(answer) => {
                let _ = answer.send(results);
            }
            // What could not be judged just now is not refused: without an answer the adapter offers it again.
            Answer::Reading(answer) if is_judged => {
                let _ = answer.send(accepted(results, is_over));
            }
            Answer::Reading(_) => {}
            Answer::Own(Some(answer)) => {
                let all: Result<Vec<ReceiptData>, Refused> = results.into_iter().collect();
                let _ = answer.send(all.map_err(|refused| refused.fault));
            }
            Answer::Own(None) | Answer::StateHash(_) => {}
            Answer::Refusal(answer) => {
                let refused = match results.into_iter().next() {
                    Some(Err(refused)) => refused,
                    _ => Refused::unrecorded(fault(STOPPED)),
                };
                let _ = answer.send(refused);
            }
        }
    }

    fn count(&self, pending: &Pending) {
        if matches!(pending.answer, Answer::Own(_) | Answer::StateHash(_)) {
            return;
        }
        for slot in &pending.slots {
            match slot {
                Slot::New(_) => self.stats.accepted(&pending.source, 1),
                Slot::Seen(_) | Slot::Over(_) | Slot::Twice(_) => {
                    self.stats.duplicate(&pending.source);
                }
                Slot::Failed(_) if matches!(pending.answer, Answer::Reading(_)) => {}
                Slot::Refused(..) | Slot::Failed(_) => self.stats.refused(&pending.source),
            }
        }
    }

    fn result(&self, slot: Slot) -> Result<ReceiptData, Refused> {
        match slot {
            Slot::New(index) => self.of_line(index, false),
            Slot::Twice(number) => {
                let index = number.saturating_sub(self.batch.base());
                self.of_line(usize::try_from(index).unwrap_or(usize::MAX), true)
            }
            Slot::Seen(receipt) | Slot::Over(receipt) => Ok(*receipt),
            Slot::Refused(fault, index) => Err(Refused {
                fault,
                number: self.receipts.get(index).map(|(number, _)| *number),
            }),
            Slot::Failed(fault) => Err(Refused::unrecorded(fault)),
        }
    }

    fn of_line(&self, index: usize, duplicate: bool) -> Result<ReceiptData, Refused> {
        match (self.batch.line(index), self.receipts.get(index)) {
            (Some(line), Some((number, chain))) => Ok(ReceiptData {
                number: *number,
                sender: line.draft.sender.clone(),
                message_id: line.draft.message_id,
                digest: line.draft.digest,
                chain: Digest(*chain),
                received_at: self.batch.time(),
                duplicate,
                late: false,
                marks: flags::warned(line.draft.kind, line.draft.flags),
            }),
            _ => Err(Refused::unrecorded(fault(UNREADABLE))),
        }
    }
}

/// One answer for a reading, whatever it was mapped to. A reading that says nothing new is accepted
/// as entry 0.
fn accepted(results: Vec<Result<ReceiptData, Refused>>, is_over: bool) -> Result<Accepted, Fault> {
    let mut first: Option<ReceiptData> = None;
    let mut duplicate = !results.is_empty();
    for result in results {
        let receipt = result.map_err(|refused| refused.fault)?;
        duplicate &= receipt.duplicate;
        first.get_or_insert(receipt);
    }
    Ok(first.map_or(
        Accepted {
            number: 0,
            digest: Digest([0; 32]),
            chain: Digest([0; 32]),
            duplicate: false,
            is_over: false,
        },
        |receipt| Accepted {
            number: receipt.number,
            digest: receipt.digest,
            chain: receipt.chain,
            duplicate,
            is_over: duplicate && is_over,
        },
    ))
}

/// Answers an act that came too late; nothing of it is done or recorded.
pub(crate) fn refuse_late(work: Work) {
    tracing::warn!("an order to gates waited too long and is not carried out");
    refuse(work, &fault(ACT_LATE));
}

/// Answers work that is not taken in at all; nothing is recorded.
pub(crate) fn refuse(work: Work, fault: &Fault) {
    match work {
        Work::Submission(work) => {
            let count = work.submission.len();
            let _ = work.answer.send(
                (0..count)
                    .map(|_| Err(Refused::unrecorded(fault.clone())))
                    .collect(),
            );
        }
        // Dropping the answer tells an adapter to offer again: nothing of it was judged.
        Work::Reading(_) => {}
        Work::Own(work) => {
            if let Some(answer) = work.answer {
                let _ = answer.send(Err(fault.clone()));
            }
        }
        Work::Refusal(work) => {
            let _ = work
                .answer
                .send(Refused::unrecorded(work.refused.fault().clone()));
        }
        Work::Settings(work) => {
            let _ = work.answer.send(Err(fault.clone()));
        }
        Work::StateHash(answer) => {
            let _ = answer.send(Err(fault.clone()));
        }
    }
}
