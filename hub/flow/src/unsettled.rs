//! A batch whose sync failed: it may stand in the journal or not. Senders that can ask again were told
//! so; readings and outcomes are taken again, and what turns out to be recorded is not recorded twice.

use std::time::Instant;

use cordon_contract::{Accepted, EntryKind, Fault};
use cordon_model::Digest;

use crate::batch::{Batch, Line};
use crate::corridor::{RefusedDraft, Sealed, SealedReading};
use crate::entry_reader::EntryReader;
use crate::fault::of_journal;
use crate::intake::{Answer, Pending, Slot};
use crate::work::{OwnWork, ReadingWork, Work};

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
        Answer::Reading(answer) => {
            let sealed = match pending.slots.first() {
                Some(Slot::Refused(fault, at)) if pending.slots.len() == 1 => Err(
                    RefusedDraft::again(fault.clone(), batch.line(*at)?.draft.clone()),
                ),
                _ => Ok(SealedReading {
                    messages: sealed(batch, &pending.slots),
                    missed: Vec::new(),
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

fn is_put_off(slot: &Slot) -> bool {
    matches!(slot, Slot::Failed(_))
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
