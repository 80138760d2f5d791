//! The open file of the state. After an error of the disk the engine answers nothing until its file is
//! closed and opened again, which is done here before the next commit.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use redb::{Database, ReadTransaction, ReadableDatabase, WriteTransaction};

use super::file::{Opened, Source, state_fault};
use crate::fault::{FaultKind, JournalFault, Result};

/// The file and whether it must be opened anew.
pub(super) struct Engine {
    source: Source,
    place: String,
    database: RwLock<Option<Database>>,
    failed: AtomicBool,
}

impl Engine {
    /// Over a file that is open.
    pub(super) fn over(database: Database, source: Source, place: String) -> Self {
        Self {
            source,
            place,
            database: RwLock::new(Some(database)),
            failed: AtomicBool::new(false),
        }
    }

    /// The name of the file, for people.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// An error of the engine, in this house's form.
    pub(super) fn fault(&self, error: impl Into<redb::Error>) -> JournalFault {
        state_fault(&self.place, error.into())
    }

    /// An error that came out of writing: the file is opened anew before it is written again.
    pub(super) fn failure(&self, error: impl Into<redb::Error>) -> JournalFault {
        self.failed.store(true, Ordering::Release);
        self.fault(error)
    }

    /// Begins to read.
    pub(super) fn read(&self) -> Result<ReadTransaction> {
        let held = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let database = held.as_ref().ok_or_else(|| self.closed())?;
        database.begin_read().map_err(|error| self.fault(error))
    }

    /// Begins to write.
    pub(super) fn write(&self) -> Result<WriteTransaction> {
        let held = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let database = held.as_ref().ok_or_else(|| self.closed())?;
        database.begin_write().map_err(|error| self.failure(error))
    }

    /// Whether writing failed since the file was opened.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Opens the file anew. What was committed before is there; every page is
    /// checked as at a start, and whoever reads waits meanwhile.
    pub(super) fn mend(&self) -> Result<()> {
        let mut held = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        // Closed first: the file is locked by who has it open.
        *held = None;
        match self.source.open(&self.place)? {
            Opened::Good(database) => *held = Some(database),
            Opened::Damaged(why) | Opened::OtherForm(why) => {
                return Err(JournalFault::new(FaultKind::State, &self.place, why));
            }
        }
        self.failed.store(false, Ordering::Release);
        tracing::info!(place = self.place, "the state is open again");
        Ok(())
    }

    fn closed(&self) -> JournalFault {
        let detail = "it could not be opened again after an error of the disk";
        JournalFault::new(FaultKind::State, &self.place, detail)
    }
}
