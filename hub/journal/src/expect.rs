//! What is known of a journal from outside it. A journal that is shorter than that, or holds another
//! record there, was rolled back or exchanged: it is refused, not gone on with.

use std::path::Path;
use std::sync::Arc;

use crate::chain::Hash;
use crate::disk::Disk;
use crate::fault::{FaultKind, JournalFault, Result};
use crate::options::Options;
use crate::reader::Reader;
use crate::recover::{self, Broken};
use crate::segment;

/// A record that something beside the journal knows to be durable.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Expectation {
    /// The record's number; 0 expects nothing.
    pub number: u64,
    /// Its chain hash, where known.
    pub chain: Option<Hash>,
    /// Who knows it, in words for the operator: `the state`, a file's name.
    pub source: String,
}

/// In which way a journal does not hold what is expected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unmet {
    /// It ends before the expected record.
    Short {
        /// The last record it has; 0 for none.
        last: u64,
    },
    /// It holds another record under the expected number.
    Other,
}

impl Expectation {
    /// Whether the journal in `dir` holds the record. A record that was trimmed away is not
    /// complained of.
    ///
    /// # Errors
    /// Those of reading: a damaged journal says nothing about what it held.
    pub fn unmet(&self, dir: impl AsRef<Path>) -> Result<Option<Unmet>> {
        self.unmet_on(&(Arc::new(crate::disk::RealDisk) as Arc<dyn Disk>), dir)
    }

    /// As [`Expectation::unmet`] on a given disk.
    pub fn unmet_on(&self, disk: &Arc<dyn Disk>, dir: impl AsRef<Path>) -> Result<Option<Unmet>> {
        let dir = dir.as_ref();
        if self.number == 0 {
            return Ok(None);
        }
        let is_empty = segment::list(disk.as_ref(), dir).is_ok_and(|numbers| numbers.is_empty());
        if is_empty {
            return Ok(Some(Unmet::Short { last: 0 }));
        }
        let reader = Reader::open_on(Arc::clone(disk), dir)?;
        let (last, _) = reader.position()?;
        if last < self.number {
            return Ok(Some(Unmet::Short { last }));
        }
        let Some(chain) = self.chain else {
            return Ok(None);
        };
        match reader.get(self.number) {
            Err(fault) if fault.kind() == FaultKind::Trimmed => Ok(None),
            Err(fault) => Err(fault),
            Ok(found) if found.as_ref().is_some_and(|record| record.chain == chain) => Ok(None),
            Ok(_) => Ok(Some(Unmet::Other)),
        }
    }

    /// Refuses a folder that does not hold the record, be it that there is none: whoever wrote the
    /// record himself takes no other folder for his own. Nothing is made, nothing is changed.
    ///
    /// # Errors
    /// `J060`; those of damage, which makes a journal shorter too; those of reading.
    pub fn require(&self, dir: impl AsRef<Path>, options: &Options) -> Result<()> {
        self.require_on(
            &(Arc::new(crate::disk::RealDisk) as Arc<dyn Disk>),
            dir,
            options,
        )
    }

    /// As [`Expectation::require`] on a given disk.
    pub fn require_on(
        &self,
        disk: &Arc<dyn Disk>,
        dir: impl AsRef<Path>,
        options: &Options,
    ) -> Result<()> {
        let dir = dir.as_ref();
        match self.unmet_on(disk, dir) {
            Ok(None) => Ok(()),
            Ok(Some(unmet)) => {
                recover::look(disk.as_ref(), dir, options)?;
                Err(self.refusal(FaultKind::Elsewhere, dir, unmet))
            }
            Err(fault) if fault.is_of_absence() => {
                Err(self.refusal(FaultKind::Elsewhere, dir, Unmet::Short { last: 0 }))
            }
            Err(fault) => Err(fault),
        }
    }

    /// What opening the journal in `dir` would refuse in it, if anything; nothing is changed.
    pub fn damage(dir: impl AsRef<Path>, options: &Options) -> Option<JournalFault> {
        recover::look(&crate::disk::RealDisk, dir.as_ref(), options).err()
    }

    /// The segments before the one being written that opening would refuse, because they are missing, cut short or
    /// another's, each with its fault; without those that were given up before. Nothing is changed.
    ///
    /// # Errors
    /// What opening refuses besides them.
    pub fn broken(dir: impl AsRef<Path>, options: &Options) -> Result<Vec<Broken>> {
        recover::broken(&crate::disk::RealDisk, dir.as_ref(), options)
    }

    /// The refusal that an unmet expectation calls for.
    fn refusal(&self, kind: FaultKind, dir: &Path, unmet: Unmet) -> JournalFault {
        let (number, source) = (self.number, &self.source);
        let detail = match unmet {
            Unmet::Short { last: 0 } => {
                format!("no record is there, {source} knows record {number} to be durable")
            }
            Unmet::Short { last } => format!(
                "the journal ends with record {last}, {source} knows record {number} to be durable"
            ),
            Unmet::Other => format!(
                "record {number} is not the one that {source} knows to be durable: this is another journal"
            ),
        };
        JournalFault::new(kind, dir.display().to_string(), detail)
    }
}

/// Refuses a journal that does not hold all that is expected. Nothing is written: a folder that is
/// refused stays as evidence. Where the journal cannot be read, recovery has the word.
pub(crate) fn check(disk: &Arc<dyn Disk>, dir: &Path, options: &Options) -> Result<()> {
    for expectation in &options.expect {
        if let Ok(Some(unmet)) = expectation.unmet_on(disk, dir) {
            // Damage makes it shorter too, and then the damage is what must be put right.
            recover::look(disk.as_ref(), dir, options)?;
            return Err(expectation.refusal(FaultKind::Short, dir, unmet));
        }
    }
    Ok(())
}
