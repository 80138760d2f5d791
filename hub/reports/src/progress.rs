//! How far the ledger has read the journal, and its copy on disk that saves reading it all again.

use std::path::{Path, PathBuf};

use cordon_contract::Fault;
use cordon_flow::EntryReader;
use cordon_model::Digest;
use serde::{Deserialize, Serialize};

use crate::document::Position;
use crate::fault;
use crate::fold::Ledger;
use crate::shelf::write_durably;

/// Raised whenever the ledger's form or meaning changes; an older copy is then not used.
const FORM: u32 = 3;
/// Entries after which a new copy is written.
const COPY_EVERY: u64 = 20_000;
const COPY: &str = "ledger.bin";

/// The ledger and the position it stands at.
pub(crate) struct Progress {
    pub(crate) ledger: Ledger,
    pub(crate) position: Position,
    file: PathBuf,
    copied: u64,
}

#[derive(Deserialize, Serialize)]
struct Copy {
    form: u32,
    chain: [u8; 32],
    ledger: Ledger,
}

impl Progress {
    /// Takes up the copy in `dir` when it belongs to this journal, else begins anew.
    pub(crate) fn open(dir: &Path, days_kept: u32, reader: &EntryReader) -> Self {
        let file = dir.join(COPY);
        let known = std::fs::read(&file)
            .ok()
            .and_then(|bytes| postcard::from_bytes::<Copy>(&bytes).ok())
            .filter(|copy| copy.form == FORM && copy.ledger.days_kept() == days_kept)
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
                let stored = stored.map_err(unreadable)?;
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
            form: FORM,
            chain: *self.position.chain.as_bytes(),
            ledger: self.ledger.clone(),
        };
        let written = postcard::to_stdvec(&copy)
            .map_err(|error| fault::file(&self.file, &error))
            .and_then(|bytes| write_durably(&self.file, &bytes));
        match written {
            Ok(()) => self.copied = self.position.number,
            Err(fault) => tracing::warn!(%fault, "the figures of reports could not be saved"),
        }
    }
}
