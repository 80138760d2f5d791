//! A batch whose sync failed: it may stand in the journal or not. Senders that can ask again were told
//! so; readings and outcomes are taken again, and what turns out to be recorded is not recorded twice.

use std::ops::Range;
use std::time::Instant;

use cordon_contract::{Accepted, EntryKind, Fault};
use cordon_model::Digest;

use crate::corridor::work::{OwnWork, ReadingWork, Work};
use crate::corridor::{RefusedDraft, Sealed, SealedReading};
use crate::decide::batch::{Batch, Line};
use crate::fault::{UNSETTLED, fault, of_journal};
use crate::sequencer::intake::{Answer, Pending, Slot};
use crate::watch::entry_reader::EntryReader;

/// The batch, and what of it is taken again.
pub(crate) struct Unsettled {
    batch: Batch,
    /// Each with the number its first message has, if the batch is recorded.
    work: Vec<(Work, Option<u64>)>,
    recorded: bool,
}

impl Unsettled {
    /// Of a batch and those who wait for it and cannot ask again by themselves.
    pub(crate) fn new(batch: Batch, pending: Vec<Pending>) -> Self {
        let again = pending.into_iter().filter_map(|one| again(&batch, one));
        Self {
            work: again.collect(),
            batch,
            recorded: false,
        }
    }

    /// Orders whose outcomes are taken again.
    pub(crate) fn closes(&self) -> impl Iterator<Item = u64> {
        self.work.iter().filter_map(|(work, _)| match work {
            Work::Own(work) => work.closes,
            _ => None,
        })
    }

    /// Looks whether the batch stands in the journal.
    pub(crate) fn settle(&mut self, reader: &EntryReader) -> Result<(), Fault> {
        let last = self.batch.lines().last();
        self.recorded = match last {
            Some(last) => self.is_recorded(reader, last)?,
            None => false,
        };
        if self.recorded {
            let from = self.batch.base();
            tracing::info!(from, "the batch whose sync failed stands in the journal");
        }
        Ok(())
    }

    /// What has to be taken again. Readings that are recorded are answered instead.
    pub(crate) fn into_work(self, reader: &EntryReader) -> Vec<Work> {
        let recorded = self.recorded;
        let work = self.work.into_iter();
        work.filter_map(|(work, number)| match (work, number) {
            (Work::Reading(reading), Some(number)) if recorded => answer(reading, number, reader),
            (work, _) => Some(work),
        })
        .collect()
    }

    fn is_recorded(&self, reader: &EntryReader, last: &Line) -> Result<bool, Fault> {
        let number = last.entry.number;
        let end = reader
            .journal()
            .position()
            .map_err(|failure| of_journal(&failure))?;
        if end.0 < number {
            return Ok(false);
        }
        let stored = reader
            .journal()
            .get(number)
            .map_err(|failure| of_journal(&failure))?;
        Ok(stored.is_some_and(|stored| {
            stored.time_micros == last.entry.time.micros()
                && stored.message_id == *last.draft.message_id.as_bytes()
                && stored.digest == last.draft.digest.0
        }))
    }
}

/// Answers a reading that is recorded; gives it back when the journal cannot be asked.
fn answer(reading: ReadingWork, number: u64, reader: &EntryReader) -> Option<Work> {
    let Ok(Some(record)) = reader.journal().get(number) else {
        return Some(Work::Reading(reading));
    };
    // An adapter that is gone is no failure.
    let _ = reading.answer.send(Ok(Accepted {
        number,
        digest: Digest(record.digest),
        chain: Digest(record.chain),
        duplicate: false,
        is_over: false,
    }));
    None
}

/// The work that a reading or an outcome in the batch was made of.
fn again(batch: &Batch, pending: Pending) -> Option<(Work, Option<u64>)> {
    let since = pending.since.unwrap_or_else(Instant::now);
    match pending.answer {
        // A part of it was put off: without an answer its adapter offers all of it again, and what is recorded is known then.
        Answer::Reading(_) if pending.slots.iter().any(is_put_off) => None,
        // So it does of one that the journal has known for longer, or that raised what is over: only then it hears that again.
        Answer::Reading(_) if is_known(&pending.slots) => None,
        Answer::Reading(answer) => {
            let mut refused = refused(batch, &pending.slots, pending.lines);
            let sealed = match pending.slots.as_slice() {
                [Slot::Refused(..)] => Err(refused.pop()?),
                slots => Ok(SealedReading {
                    messages: sealed(batch, slots),
                    missed: refused,
                }),
            };
            let first = pending.slots.iter().find_map(|slot| match slot {
                Slot::New(at) => batch.line(*at).map(|line| line.entry.number),
                _ => None,
            });
            let work = ReadingWork {
                source: pending.source,
                sealed,
                answer,
                since,
            };
            Some((Work::Reading(work), first))
        }
        Answer::Own(None) => {
            let drafts: Vec<_> = pending
                .slots
                .iter()
                .filter_map(|slot| match slot {
                    Slot::New(at) => batch.line(*at).map(|line| line.draft.clone()),
                    _ => None,
                })
                .collect();
            let outcome = drafts
                .iter()
                .find(|draft| draft.kind == EntryKind::Outcome)?;
            let work = OwnWork {
                closes: Some(outcome.cause),
                drafts,
                answer: None,
                since,
            };
            Some((Work::Own(work), None))
        }
        _ => None,
    }
}

/// Whether nothing of a reading is in the batch, or something of it raised what is over.
fn is_known(slots: &[Slot]) -> bool {
    let is_of_before = |slot: &Slot| matches!(slot, Slot::Seen(_) | Slot::Over(_));
    let is_over = |slot: &Slot| matches!(slot, Slot::Over(_));
    slots.iter().any(is_over) || !slots.is_empty() && slots.iter().all(is_of_before)
}

fn is_put_off(slot: &Slot) -> bool {
    matches!(slot, Slot::Failed(_))
}

/// What was refused of a reading, and what was left out of it.
fn refused(batch: &Batch, slots: &[Slot], lines: Range<usize>) -> Vec<RefusedDraft> {
    let fault_at = |place: usize| {
        let mut faults = slots.iter().filter_map(|slot| match slot {
            Slot::Refused(fault, at) if *at == place => Some(fault.clone()),
            _ => None,
        });
        // Nobody is answered with what was left out.
        faults.next().unwrap_or_else(|| fault(UNSETTLED))
    };
    lines
        .filter_map(|place| Some((place, batch.line(place)?)))
        .filter(|(_, line)| line.depth == 0 && line.draft.kind == EntryKind::Refused)
        .map(|(place, line)| RefusedDraft::again(fault_at(place), line.draft.clone()))
        .collect()
}

/// The messages of a reading; those the journal has known for longer need not come again.
fn sealed(batch: &Batch, slots: &[Slot]) -> Vec<Sealed> {
    let place = |slot: &Slot| match slot {
        Slot::New(at) => Some(*at),
        Slot::Twice(number) => usize::try_from(number.checked_sub(batch.base())?).ok(),
        Slot::Seen(_) | Slot::Over(_) | Slot::Refused(..) | Slot::Failed(_) => None,
    };
    slots
        .iter()
        .filter_map(place)
        .filter_map(|at| batch.line(at))
        .map(|line| Sealed::again(line.draft.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use cordon_model::{MessageId, PartyId, Timestamp};
    use tokio::sync::oneshot;

    use super::*;
    use crate::corridor::receipt::ReceiptData;
    use crate::decide::draft::Draft;

    fn draft(kind: EntryKind, label: &str) -> Draft {
        let mut draft = Draft::bare(kind, PartyId::new("HUB-1").unwrap());
        draft.label = label.to_owned();
        draft
    }

    /// What is taken again of a reading of these lines, the last of them decided by the first: labels of what
    /// is said and of what is missed.
    fn taken_again(
        labels: &[(EntryKind, &str)],
        slots: Vec<Slot>,
    ) -> Result<(Vec<String>, Vec<String>), &'static str> {
        let mut batch = Batch::new(1, Timestamp::from_micros(0));
        for (kind, label) in labels {
            batch.push(draft(*kind, label), 0);
        }
        batch.push(draft(EntryKind::Refused, "decided"), 1);
        let lines = 0..batch.len();
        let (answer, _) = oneshot::channel();
        let pending = Pending {
            slots,
            answer: Answer::Reading(answer),
            source: "door".into(),
            since: None,
            lines,
        };
        let Some((Work::Reading(work), _)) = again(&batch, pending) else {
            return Err("not taken again");
        };
        let reading = work.sealed.map_err(|refused| refused.fault().code())?;
        let said = reading.messages.iter().map(|it| it.draft().label.clone());
        let missed = reading.missed.into_iter();
        let missed = missed.map(|missed| missed.into_parts(0).1.label);
        Ok((said.collect(), missed.collect()))
    }

    /// It was said again without what was refused of it, which then stood nowhere.
    #[test]
    fn what_was_refused_or_left_out_of_a_reading_is_taken_again_with_it() {
        let refused = || Slot::Refused(fault(UNSETTLED), 1);
        let labels = [
            (EntryKind::Message, "said"),
            (EntryKind::Refused, "refused"),
            (EntryKind::Refused, "left out"),
        ];
        let (said, missed) = taken_again(&labels, vec![Slot::New(0), refused()]).unwrap();
        assert_eq!(said, ["said"]);
        assert_eq!(missed, ["refused", "left out"]);
        let known = vec![Slot::Twice(1), refused()];
        let (_, missed) = taken_again(&labels[..2], known).unwrap();
        assert_eq!(missed, ["refused"]);
        let alone = [(EntryKind::Refused, "alone")];
        let fault = taken_again(&alone, vec![Slot::Refused(fault(UNSETTLED), 0)]);
        assert_eq!(fault, Err(UNSETTLED));
    }
    /// One that raised what is over was taken again as a reading that says nothing, and answered as accepted.
    #[test]
    fn one_that_hears_that_it_is_over_is_offered_again() {
        let receipt = || {
            Box::new(ReceiptData {
                number: 1,
                sender: PartyId::new("HUB-1").unwrap(),
                message_id: MessageId::from_bytes([1; 16]),
                digest: Digest([0; 32]),
                chain: Digest([0; 32]),
                received_at: Timestamp::from_micros(0),
                duplicate: true,
                late: false,
                marks: 0,
            })
        };
        let labels = [(EntryKind::Message, "said")];
        let not = Err("not taken again");
        assert_eq!(taken_again(&labels, vec![Slot::Over(receipt())]), not);
        assert_eq!(taken_again(&labels, vec![Slot::Seen(receipt())]), not);
        let both = vec![Slot::New(0), Slot::Over(receipt())];
        assert_eq!(taken_again(&labels, both), not);
        let both = vec![Slot::New(0), Slot::Seen(receipt())];
        assert_eq!(taken_again(&labels, both).unwrap().0, ["said"]);
    }
}
