//! How far the ledger has read the journal, and its copy on disk that saves reading it all again.

use std::path::{Path, PathBuf};

use cordon_contract::Fault;
use cordon_flow::{EntryReader, EntryTimes};
use cordon_model::Digest;
use serde::{Deserialize, Serialize};

use crate::document::Position;
use crate::fault;
use crate::ledger::Ledger;
use crate::shelf::write_durably;
use crate::standard::STANDARD;

/// Raised whenever the ledger's own form or meaning changes; an older copy is then not used. What it
/// holds for the reports has the forms that these name.
const FORM: u32 = 7;
/// Entries after which a new copy is written.
const COPY_EVERY: u64 = 20_000;
const COPY: &str = "ledger.bin";

/// The ledger and the position it stands at.
pub(crate) struct Progress {
    pub(crate) ledger: Ledger,
    pub(crate) position: Position,
    times: EntryTimes,
    file: PathBuf,
    copied: u64,
}

/// What stands before a copy: of another form, nothing behind it is read.
#[derive(Deserialize, PartialEq, Serialize)]
struct Head {
    form: u32,
    /// The reports whose figures it holds, in their order, each with its form.
    reports: Vec<(String, u32)>,
}

impl Head {
    fn of_today() -> Self {
        let reports = STANDARD.iter();
        Self {
            form: FORM,
            reports: reports
                .map(|about| (about.kind.as_str().to_owned(), about.form))
                .collect(),
        }
    }
}

#[derive(Deserialize, Serialize)]
struct Copy {
    chain: [u8; 32],
    /// What the entries up to there tell of the clock.
    times: EntryTimes,
    ledger: Ledger,
}

impl Copy {
    fn written(&self, head: &Head) -> Result<Vec<u8>, postcard::Error> {
        postcard::to_extend(self, postcard::to_stdvec(head)?)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (head, rest) = postcard::take_from_bytes::<Head>(bytes).ok()?;
        if head != Head::of_today() {
            return None;
        }
        postcard::from_bytes(rest).ok()
    }
}

impl Progress {
    /// Takes up the copy in `dir` when it belongs to this journal, else begins anew.
    pub(crate) fn open(dir: &Path, days_kept: u32, reader: &EntryReader) -> Self {
        let file = dir.join(COPY);
        let known = std::fs::read(&file)
            .ok()
            .and_then(|bytes| Copy::read(&bytes))
            .filter(|copy| copy.ledger.days_kept() == days_kept)
            .filter(|copy| {
                let entry = reader.get(copy.ledger.number()).ok().flatten();
                entry.is_some_and(|entry| entry.chain() == Digest(copy.chain))
            });
        match known {
            Some(copy) => Self {
                position: Position {
                    number: copy.ledger.number(),
                    chain: Digest(copy.chain),
                },
                times: copy.times,
                copied: copy.ledger.number(),
                ledger: copy.ledger,
                file,
            },
            None => Self {
                ledger: Ledger::new(days_kept),
                position: Position {
                    number: 0,
                    chain: Digest([0; 32]),
                },
                times: EntryTimes::default(),
                file,
                copied: 0,
            },
        }
    }

    /// Reads on to the present end of the journal.
    pub(crate) fn advance(&mut self, reader: &EntryReader) -> Result<(), Fault> {
        let unreadable = |failure: Fault| fault::journal(&failure);
        let (head, chain) = reader.position().map_err(unreadable)?;
        if head > self.position.number {
            let first = reader.first().map_err(unreadable)?;
            // What is gone is older than what is counted.
            let from = first.map_or(1, |first| first.max(self.position.number + 1));
            let entries = reader.read_range(from, head).map_err(unreadable)?;
            for stored in entries {
                let mut stored = stored.map_err(unreadable)?;
                self.times.tell(&mut stored);
                self.ledger.step(&stored.entry);
                self.position = Position {
                    number: stored.entry.number,
                    chain: stored.chain(),
                };
            }
            // The last entries may be ones that cannot be read.
            self.position = Position {
                number: head,
                chain,
            };
        } else if head == 0 {
            self.position.chain = chain;
        }
        let is_whole = self.ledger.number() == self.position.number;
        if is_whole && self.position.number >= self.copied.saturating_add(COPY_EVERY) {
            self.copy();
        }
        Ok(())
    }

    /// A copy only saves time; without it the journal is read again.
    fn copy(&mut self) {
        let copy = Copy {
            chain: *self.position.chain.as_bytes(),
            times: self.times,
            ledger: self.ledger.clone(),
        };
        let written = copy
            .written(&Head::of_today())
            .map_err(|error| fault::file(&self.file, &error))
            .and_then(|bytes| write_durably(&self.file, &bytes));
        match written {
            Ok(()) => self.copied = self.position.number,
            Err(fault) => tracing::warn!(%fault, "the figures of reports could not be saved"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Copy, EntryTimes, Head, Ledger};

    #[test]
    fn a_copy_of_other_reports_or_another_form_is_not_read() {
        let copy = Copy {
            chain: [7; 32],
            times: EntryTimes::default(),
            ledger: Ledger::new(62),
        };
        let read = |head: &Head| Copy::read(&copy.written(head).unwrap());
        let ledger = read(&Head::of_today()).map(|copy| copy.ledger);
        assert_eq!(ledger, Some(Ledger::new(62)));
        let mut heads = [Head::of_today(), Head::of_today(), Head::of_today()];
        let [own, one, fewer] = &mut heads;
        own.form += 1;
        one.reports.first_mut().unwrap().1 += 1;
        fewer.reports.pop();
        assert!(heads.iter().all(|head| read(head).is_none()));
        assert!(Copy::read(b"\xff").is_none());
    }
}
