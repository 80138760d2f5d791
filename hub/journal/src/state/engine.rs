//! The open file of the state. After an error of the disk the engine answers nothing until its file is
//! closed and opened again, which is done here before the next commit. On a disk without room it is opened
//! aside: everything can be read, and what is committed waits until there is room.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockWriteGuard};

use redb::{Database, ReadTransaction, ReadableDatabase, WriteTransaction};

use super::file::{EIO, Opened, Source, Stands, no_room, state_fault};
use crate::fault::{FaultKind, JournalFault, Result};

/// The file and whether it must be opened anew.
pub(super) struct Engine {
    source: Source,
    place: String,
    database: RwLock<Option<Database>>,
    failed: AtomicBool,
    /// Nothing can be saved for want of room.
    is_aside: AtomicBool,
    /// Then: what is read is nothing, so that the file holds nothing that is known.
    is_nothing: AtomicBool,
}

impl Engine {
    /// Over a file that is open.
    pub(super) fn over(database: Database, source: Source, place: String) -> Self {
        Self {
            source,
            place,
            database: RwLock::new(Some(database)),
            failed: AtomicBool::new(false),
            is_aside: AtomicBool::new(false),
            is_nothing: AtomicBool::new(false),
        }
    }

    /// Over a file that a disk without room holds.
    pub(super) fn aside(source: Source, place: String) -> Result<Self> {
        let engine = Self {
            failed: AtomicBool::new(true),
            database: RwLock::new(None),
            is_aside: AtomicBool::new(false),
            is_nothing: AtomicBool::new(false),
            source,
            place,
        };
        engine.put_aside(&mut engine.closed_first())?;
        Ok(engine)
    }

    /// Where the file lies; `None` over a file that was given open.
    pub(super) fn path(&self) -> Option<&Path> {
        match &self.source {
            Source::Path(path) => Some(path),
            Source::File(_) => None,
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
        if self.is_aside.load(Ordering::Acquire) && !self.source.has_room() {
            return Err(no_room(&self.place));
        }
        let mut held = self.closed_first();
        match self.source.open(&self.place) {
            Ok(Opened::Good(database)) => *held = Some(database),
            // Half made, when there was no room for the rest of it.
            Ok(_) if self.is_nothing.load(Ordering::Acquire) => {
                drop(held);
                return self.begin_anew();
            }
            Ok(Opened::Damaged(why) | Opened::OtherForm(why)) => {
                return Err(JournalFault::new(FaultKind::State, &self.place, why).damaged());
            }
            Err(fault) => {
                if fault.is_of_room() {
                    self.put_aside(&mut held)?;
                }
                return Err(fault);
            }
        }
        self.note_good();
        tracing::info!(place = self.place, "the state is open again");
        Ok(())
    }

    /// There was no room to write: the file is read as it stands until there is.
    pub(super) fn stand_aside(&self) -> Result<()> {
        self.put_aside(&mut self.closed_first())
    }

    /// Takes the file away for one that holds nothing, which needs no room where there is none.
    pub(super) fn begin_anew(&self) -> Result<()> {
        let mut held = self.closed_first();
        let removed = self.source.remove();
        removed.map_err(|error| self.fault(redb::Error::Io(error)))?;
        match self.source.open(&self.place) {
            Ok(Opened::Good(database)) => {
                *held = Some(database);
                self.note_good();
                Ok(())
            }
            Err(fault) if fault.is_of_room() => self.put_aside(&mut held),
            Err(fault) => Err(fault),
            Ok(_) => Err(self.closed()),
        }
    }

    /// What is open is the file, and can be written.
    fn note_good(&self) {
        for mark in [&self.is_aside, &self.is_nothing, &self.failed] {
            mark.store(false, Ordering::Release);
        }
    }

    /// Nobody else has the file open: it is locked by who has.
    fn closed_first(&self) -> RwLockWriteGuard<'_, Option<Database>> {
        let held = self.database.write();
        let mut held = held.unwrap_or_else(PoisonError::into_inner);
        *held = None;
        held
    }

    fn put_aside(&self, held: &mut Option<Database>) -> Result<()> {
        let (database, stands) = self.source.aside(&self.place)?;
        *held = Some(database);
        self.is_nothing
            .store(stands == Stands::Nothing, Ordering::Release);
        self.failed.store(true, Ordering::Release);
        if !self.is_aside.swap(true, Ordering::AcqRel) {
            let place = &self.place;
            tracing::warn!(
                place,
                "there is no room to save the state; it is kept in memory"
            );
        }
        Ok(())
    }

    fn closed(&self) -> JournalFault {
        let detail = "it could not be opened again after an error of the disk";
        let fault = JournalFault::new(FaultKind::State, &self.place, detail);
        fault.caused(&io::Error::from_raw_os_error(EIO))
    }
}
