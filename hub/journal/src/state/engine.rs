//! The open file of the state. After an error of the disk the engine answers nothing until its file is
//! closed and opened again, which is done here before the next commit. On a disk that fails, or has no room,
//! it is opened aside: everything can be read, and what is committed waits until the disk takes it. Whatever
//! lies at its path by then, only the very file that this run had open is gone on with. Files are opened, copied and
//! closed beside what is read: the lock that who reads waits for is held for the exchange alone.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock};

use redb::{Database, ReadTransaction, ReadableDatabase, WriteTransaction};

use super::file::{EIO, Opened, Source, Stands, no_room, state_fault};
use super::own::Own;
use crate::disk::patience::{PATIENCE, patience_at};
use crate::fault::{FaultKind, JournalFault, Result};
use crate::watch::Position;

/// Why nothing can be saved.
#[derive(Clone, Debug)]
struct Trouble {
    why: String,
    /// The disk has no room; nothing else is wrong with it.
    is_of_room: bool,
}

/// Where who writes and who reads meet.
#[derive(Default)]
struct Desk {
    is_written: bool,
    /// How often another file was put in the place of the one that is read.
    exchanges: u64,
}

/// The file and whether it must be opened anew.
pub(super) struct Engine {
    source: Source,
    place: String,
    database: RwLock<Option<Database>>,
    failed: AtomicBool,
    /// Nothing can be saved: the disk fails or has no room.
    is_aside: AtomicBool,
    /// Why.
    trouble: Mutex<Option<Trouble>>,
    /// Then: what is read is nothing, so that the file holds nothing that is known.
    is_nothing: AtomicBool,
    /// The file of this run.
    own: Mutex<Own>,
    /// It was written to its path again since that was asked last.
    is_put_back: AtomicBool,
    desk: Mutex<Desk>,
    moved: Condvar,
}

/// Somebody writes the state until this is dropped.
pub(super) struct Writing<'a>(&'a Engine);

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.desk().is_written = false;
        self.0.moved.notify_all();
    }
}

impl Engine {
    /// Over a file that is open.
    pub(super) fn over(database: Database, source: Source, place: String) -> Self {
        let mut own = Own::default();
        own.is_open(&source, &database);
        Self {
            source,
            place,
            database: RwLock::new(Some(database)),
            failed: AtomicBool::new(false),
            is_aside: AtomicBool::new(false),
            trouble: Mutex::default(),
            is_nothing: AtomicBool::new(false),
            own: Mutex::new(own),
            is_put_back: AtomicBool::new(false),
            desk: Mutex::default(),
            moved: Condvar::new(),
        }
    }

    /// Over a file that a disk holds which fails or has no room. Where it cannot be read, over nothing: its
    /// owner builds all of it again.
    pub(super) fn aside(source: Source, place: String, cause: &JournalFault) -> Result<Self> {
        let engine = Self {
            failed: AtomicBool::new(true),
            database: RwLock::new(None),
            is_aside: AtomicBool::new(false),
            trouble: Mutex::default(),
            is_nothing: AtomicBool::new(true),
            own: Mutex::default(),
            is_put_back: AtomicBool::new(false),
            desk: Mutex::default(),
            moved: Condvar::new(),
            source,
            place,
        };
        engine.put_aside(cause)?;
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

    /// Opens the file anew. What was committed before is there; every page is checked as at a start. Who reads goes on
    /// with the file as it stood.
    pub(super) fn mend(&self) -> Result<()> {
        if self.is_aside.load(Ordering::Acquire) && !self.source.has_room() {
            return Err(no_room(&self.place));
        }
        // Asked before it is opened, which is dear: every page is checked at each opening.
        if self.is_aside.load(Ordering::Acquire)
            && self.own().lies_at(&self.source)
            && let Err(error) = self.source.try_sync()
        {
            return Err(self.fault(redb::Error::Io(error)));
        }
        if self.is_nothing.load(Ordering::Acquire) {
            // Whatever lies there is not what is known: half made, damaged, or wiped.
            self.begin_anew()?;
            return match self.is_aside.load(Ordering::Acquire) {
                // What would be written now would be in memory alone.
                true => Err(self.unsaved()),
                false => Ok(()),
            };
        }
        if !self.is_aside.load(Ordering::Acquire) {
            // It failed, but not by its disk: it still locks its file.
            self.exchange(None);
        }
        match self.reopened() {
            Ok(database) => {
                self.own().is_open(&self.source, &database);
                self.note_good();
                self.exchange(Some(database));
            }
            Err(fault) => {
                // Also one that is locked by a reader who is not done yet: the next try finds it free.
                self.put_aside(&fault)?;
                return Err(fault);
            }
        }
        tracing::info!(place = self.place, "the state is open again");
        Ok(())
    }

    /// The file of this run, open for writing; written to its path again where that leads elsewhere.
    fn reopened(&self) -> Result<Database> {
        let own = self.own();
        if let (false, Source::Path(path)) = (own.lies_at(&self.source), &self.source) {
            let database = own.put_back(path, &self.place)?;
            self.is_put_back.store(true, Ordering::Release);
            tracing::warn!(
                place = self.place,
                "the state file was removed or exchanged while nothing could be saved; it is written anew"
            );
            return Ok(database);
        }
        let database = self.source.open(&self.place)?.good(&self.place)?;
        if !own.lies_at(&self.source) {
            let detail = "another file took its place while it was opened";
            return Err(JournalFault::new(FaultKind::State, &self.place, detail));
        }
        own.require(&self.place, &database)?;
        Ok(database)
    }

    /// Whether the file was written to its path again since this was asked last.
    pub(super) fn take_put_back(&self) -> bool {
        self.is_put_back.swap(false, Ordering::AcqRel)
    }

    /// A commit begins: it may be in the file from here on.
    pub(super) fn note_tried(&self, position: Position) {
        self.own().is_tried(position);
    }

    /// A commit is on the disk.
    pub(super) fn note_committed(&self, position: Position) {
        self.own().is_committed(position);
    }

    fn own(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It could not be written: the file is read as it stands until it can.
    pub(super) fn stand_aside(&self, cause: &JournalFault) -> Result<()> {
        self.put_aside(cause)
    }

    /// Why nothing can be saved, and whether it is for want of room alone.
    pub(super) fn trouble(&self) -> Option<(String, bool)> {
        let noted = self.noted().clone()?;
        Some((noted.why, noted.is_of_room))
    }

    fn noted(&self) -> MutexGuard<'_, Option<Trouble>> {
        let held = self.trouble.lock();
        held.unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the file away for one that holds nothing, which needs no room where there is none.
    pub(super) fn begin_anew(&self) -> Result<()> {
        // Nobody else has the file open: it is locked by who has.
        self.exchange(None);
        // Known to be nothing from here on, whatever the disk still holds.
        self.is_nothing.store(true, Ordering::Release);
        self.own().is_nothing();
        if let Err(error) = self.source.remove() {
            let fault = self.fault(redb::Error::Io(error));
            return match fault.is_of_disk() {
                true => self.put_aside(&fault),
                false => Err(fault),
            };
        }
        match self.source.open(&self.place) {
            Ok(Opened::Good(database)) => {
                self.own().is_open(&self.source, &database);
                self.note_good();
                self.exchange(Some(database));
                Ok(())
            }
            Err(fault) if fault.is_of_disk() => self.put_aside(&fault),
            Err(fault) => Err(fault),
            Ok(_) => Err(self.closed()),
        }
    }

    /// What is open is the file, and can be written.
    fn note_good(&self) {
        for mark in [&self.is_aside, &self.is_nothing, &self.failed] {
            mark.store(false, Ordering::Release);
        }
        *self.noted() = None;
    }

    /// Gives this to who reads. What was read before is closed afterwards: that may write to its disk.
    fn exchange(&self, database: Option<Database>) {
        let before = {
            let held = self.database.write();
            let mut held = held.unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *held, database)
        };
        self.desk().exchanges += 1;
        self.moved.notify_all();
        drop(before);
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who writes says so, for [`Engine::outwait`].
    pub(super) fn writing(&self) -> Writing<'_> {
        self.desk().is_written = true;
        Writing(self)
    }

    /// How often the file was exchanged so far.
    pub(super) fn exchanges(&self) -> u64 {
        self.desk().exchanges
    }

    /// Reading failed, begun after so many exchanges. Waits, no longer than for a disk that hangs, until the file is
    /// exchanged or nobody writes; whether reading it once more may come to something else.
    pub(super) fn outwait(&self, exchanges: u64) -> bool {
        let patience = self.path().map_or(PATIENCE, patience_at);
        let desk = self.desk();
        let was_written = desk.is_written;
        let waits = |desk: &mut Desk| desk.is_written && desk.exchanges == exchanges;
        let waited = self.moved.wait_timeout_while(desk, patience, waits);
        let (desk, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        let is_over = was_written && !timeout.timed_out();
        is_over || desk.exchanges != exchanges || self.has_failed()
    }

    /// Reads the file as it stands. One that held something known is never exchanged for nothing here, nor for
    /// another: nobody would build it again, and what it knew would be taken for new.
    fn put_aside(&self, cause: &JournalFault) -> Result<()> {
        self.failed.store(true, Ordering::Release);
        let trouble = Trouble {
            why: cause.log_text(),
            is_of_room: cause.is_of_room(),
        };
        self.noted().replace(trouble);
        if !self.is_aside.load(Ordering::Acquire) {
            // After an error it answers nothing, and a file that is closed may be written once more.
            self.exchange(None);
        }
        let (database, stands) = match self.as_it_stands() {
            Ok(stands) => stands,
            Err(fault) => {
                self.noted().replace(Trouble {
                    why: fault.log_text(),
                    is_of_room: false,
                });
                self.exchange(None);
                return Err(fault);
            }
        };
        self.exchange(Some(database));
        self.is_nothing
            .store(stands == Stands::Nothing, Ordering::Release);
        if !self.is_aside.swap(true, Ordering::AcqRel) {
            tracing::warn!(
                place = self.place,
                why = cause.log_text(),
                "the state cannot be saved; it is kept in memory"
            );
        }
        Ok(())
    }

    fn as_it_stands(&self) -> Result<(Database, Stands)> {
        if !self.is_nothing.load(Ordering::Acquire) {
            let database = self.own().aside(&self.source, &self.place)?;
            return Ok((database, Stands::File));
        }
        let (database, stands) = self.source.aside_or_nothing(&self.place)?;
        if stands == Stands::File {
            self.own().is_open(&self.source, &database);
        }
        Ok((database, stands))
    }

    /// What was committed now would be lost.
    fn unsaved(&self) -> JournalFault {
        match self.trouble() {
            Some((why, false)) => {
                JournalFault::new(FaultKind::State, &self.place, why).caused(&eio())
            }
            _ => no_room(&self.place),
        }
    }

    fn closed(&self) -> JournalFault {
        let why = self.trouble().map(|(why, _)| why);
        let detail = format!(
            "it cannot be read as it was saved: {}",
            why.as_deref().unwrap_or("it is not open")
        );
        JournalFault::new(FaultKind::State, &self.place, detail).caused(&eio())
    }
}

fn eio() -> io::Error {
    io::Error::from_raw_os_error(EIO)
}
