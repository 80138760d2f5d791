//! The file of the state: its tables, and how it is opened, made and judged.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{
    Builder, Database, DatabaseError, ReadableDatabase as _, ReadableTable, StorageError,
    TableDefinition, WriteTransaction,
};

use super::aside::Aside;
use super::pages::Backend;
use crate::disk::{Disk as _, DiskFile, RealDisk};
use crate::fault::{FaultKind, JournalFault, Result};
use crate::watch::Position;

pub(super) type Bytes = &'static [u8];
pub(super) const META: TableDefinition<'_, &str, Bytes> = TableDefinition::new("meta");
pub(super) const SNAPSHOTS: TableDefinition<'_, &str, Bytes> = TableDefinition::new("snapshots");
pub(super) const SPACES: TableDefinition<'_, (&str, Bytes), Bytes> = TableDefinition::new("spaces");
pub(super) type InboxKey = (&'static str, &'static [u8; 16]);
/// A digest or hash in a table.
type Hashed = &'static [u8; 32];
/// Number, time, marks, digest, identity, chain hash.
pub(super) type InboxValue = (u64, i64, u16, Hashed, Hashed, Hashed);
pub(super) const INBOX: TableDefinition<'_, InboxKey, InboxValue> = TableDefinition::new("inbox");
/// Inbox keys by record number, so that old ones can be forgotten.
type OrderKey = (u64, &'static str, &'static [u8; 16]);
pub(super) const INBOX_ORDER: TableDefinition<'_, OrderKey, ()> =
    TableDefinition::new("inbox_order");

/// Form of the tables and of what the flow puts into them; a state of another form is rebuilt.
pub(crate) const TABLES_VERSION: &[u8] = b"4";
/// The engine's page cache, bytes.
const CACHE_BYTES: usize = 64 << 20;

/// Free on a disk at least before a state that found no room is tried there again, bytes.
const ROOM_BYTES: u64 = 8 << 20;

/// The number of an error of input or output.
pub(super) const EIO: i32 = 5;

pub(super) fn state_fault(place: &str, error: redb::Error) -> JournalFault {
    let fault = JournalFault::new(FaultKind::State, place, error.to_string());
    match error {
        redb::Error::Io(error) => fault.caused(&error),
        // What came before was one of the disk; the engine no longer says which.
        redb::Error::PreviousIo => fault.caused(&io::Error::from_raw_os_error(EIO)),
        redb::Error::Corrupted(_) => fault.damaged(),
        _ => fault,
    }
}

/// The disk has no room for the state.
pub(super) fn no_room(place: &str) -> JournalFault {
    let detail = "there is no room on the disk to save it";
    let full = io::Error::from(io::ErrorKind::StorageFull);
    JournalFault::new(FaultKind::State, place, detail).caused(&full)
}

/// What opening a file came to.
pub(super) enum Opened {
    Good(Database),
    Damaged(String),
    /// Whole, and of another form than this program's.
    OtherForm(String),
}

impl Opened {
    /// The file, when it is a whole one of this program's form.
    pub(super) fn good(self, place: &str) -> Result<Database> {
        match self {
            Self::Good(database) => Ok(database),
            Self::Damaged(why) | Self::OtherForm(why) => {
                Err(JournalFault::new(FaultKind::State, place, why).damaged())
            }
        }
    }
}

/// What is read while nothing can be written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stands {
    /// The file.
    File,
    /// Nothing: there is no file, or none that can be read as a state of this program's form.
    Nothing,
}

/// Where the state lies.
pub(super) enum Source {
    Path(PathBuf),
    /// One open file; the simulated disk in tests.
    File(Arc<dyn DiskFile>),
}

impl Source {
    /// Opens it, or makes it.
    pub(super) fn open(&self, place: &str) -> Result<Opened> {
        match self {
            Self::Path(path) => make(path, place),
            Self::File(file) => {
                let backend = Backend::of(Arc::clone(file), None);
                judge(place, builder().create_with_backend(backend))
            }
        }
    }

    /// Opens what stands on a disk that fails or has no room. What is written to it is never on the disk.
    pub(super) fn aside(&self, place: &str) -> Result<(Database, Stands)> {
        match self.standing(place)? {
            Some(base) => Ok((read_aside(place, Some(base))?, Stands::File)),
            None => Err(no_room(place)),
        }
    }

    /// As [`Source::aside`], or nothing where that cannot be read or is no state of this program's form.
    pub(super) fn aside_or_nothing(&self, place: &str) -> Result<(Database, Stands)> {
        if let Ok(aside) = self.aside(place) {
            return Ok(aside);
        }
        Ok((read_aside(place, None)?, Stands::Nothing))
    }

    /// The file for reading; `None` for one that is not there, or without a byte.
    fn standing(&self, place: &str) -> Result<Option<Arc<dyn DiskFile>>> {
        let base = match self {
            Self::File(file) => Some(Arc::clone(file)),
            Self::Path(path) => match RealDisk.open(path, false) {
                Ok(file) => Some(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(state_fault(place, redb::Error::Io(error))),
            },
        };
        Ok(base.filter(|file| !matches!(file.is_empty(), Ok(true))))
    }

    /// Whether the disk takes a sync of the file; one that is not there is no failure.
    pub(super) fn try_sync(&self) -> io::Result<()> {
        match self {
            Self::File(file) => file.sync(),
            Self::Path(path) => match RealDisk.open(path, true) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                opened => opened?.sync(),
            },
        }
    }

    /// Whether the disk may have room again.
    pub(super) fn has_room(&self) -> bool {
        let Self::Path(path) = self else { return true };
        let free = path.parent().map(|dir| RealDisk.free_bytes(dir));
        !matches!(free, Some(Ok(free)) if free < ROOM_BYTES)
    }

    /// Takes the file away.
    pub(super) fn remove(&self) -> io::Result<()> {
        match self {
            Self::Path(path) => match RealDisk.remove(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
            Self::File(file) => file.set_len(0),
        }
    }
}

/// Opens a file as it stands, or nothing; what is written to it is never on the disk.
pub(super) fn read_aside(place: &str, base: Option<Arc<dyn DiskFile>>) -> Result<Database> {
    let aside = Aside::over(base).map_err(|error| state_fault(place, redb::Error::Io(error)))?;
    judge(place, builder().create_with_backend(aside))?.good(place)
}

/// The journal position that an open file stands for.
pub(super) fn position_of(database: &Database) -> std::result::Result<Position, redb::Error> {
    let read = database.begin_read()?;
    let meta = read.open_table(META)?;
    let stored = meta.get("position")?;
    Ok(stored.map_or((0, [0; 32]), |value| decode_position(value.value())))
}

pub(super) fn decode_position(bytes: &[u8]) -> Position {
    let mut fields = crate::segment::Fields(bytes);
    let number = fields.take().map_or(0, u64::from_le_bytes);
    (number, fields.take().unwrap_or([0; 32]))
}

pub(super) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .set_cache_size(CACHE_BYTES)
        .set_check_integrity_on_open(true);
    builder
}

/// Opens the file, or makes it.
fn make(path: &Path, place: &str) -> Result<Opened> {
    // An empty one was left by a start that came no further.
    let is_new = std::fs::metadata(path).map_or(true, |found| found.len() == 0);
    let (file, alone) = RealDisk
        .open_alone(path)
        .map_err(|error| state_fault(place, redb::Error::Io(error)))?
        .ok_or_else(|| open_elsewhere(place))?;
    let backend = Backend::of(file, Some(alone));
    let opened = judge(place, builder().create_with_backend(backend));
    if is_new && opened.is_err() {
        // Half made, it would be taken for damage; that it stays is no worse than that.
        let _ = RealDisk.remove(path);
    }
    opened
}

/// Tells damage, which is rebuilt, from trouble that is not the file's.
fn judge(place: &str, opened: std::result::Result<Database, DatabaseError>) -> Result<Opened> {
    let database = match opened {
        Ok(database) => database,
        Err(DatabaseError::Storage(StorageError::Corrupted(why))) => {
            return Ok(Opened::Damaged(why));
        }
        Err(DatabaseError::Storage(StorageError::Io(error))) if is_damage(&error) => {
            return Ok(Opened::Damaged(error.to_string()));
        }
        Err(DatabaseError::UpgradeRequired(version)) => {
            return Ok(Opened::Damaged(format!("engine format {version}")));
        }
        Err(DatabaseError::DatabaseAlreadyOpen) => return Err(open_elsewhere(place)),
        Err(error) => return Err(state_fault(place, error.into())),
    };
    match check_tables(&database) {
        Ok(None) => Ok(Opened::Good(database)),
        Ok(Some(form)) => Ok(Opened::OtherForm(form)),
        Err(redb::Error::Io(error)) if !is_damage(&error) => {
            Err(state_fault(place, redb::Error::Io(error)))
        }
        Err(error) => Ok(Opened::Damaged(error.to_string())),
    }
}

fn open_elsewhere(place: &str) -> JournalFault {
    let detail = "another process has the state open";
    JournalFault::new(FaultKind::Locked, place, detail)
}

fn is_damage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput
    )
}

/// Makes the tables of a new store; names the form of those that are not this program's.
fn check_tables(database: &Database) -> std::result::Result<Option<String>, redb::Error> {
    let transaction = database.begin_write()?;
    let version = {
        let meta = transaction.open_table(META)?;
        let version = meta.get("version")?;
        version.map(|value| value.value().to_vec())
    };
    match version {
        Some(version) if version == TABLES_VERSION => {
            transaction.abort()?;
            Ok(None)
        }
        Some(version) => {
            transaction.abort()?;
            Ok(Some(String::from_utf8_lossy(&version).into_owned()))
        }
        None => {
            prepare_tables(&transaction)?;
            transaction.commit()?;
            Ok(None)
        }
    }
}

pub(super) fn prepare_tables(
    transaction: &WriteTransaction,
) -> std::result::Result<(), redb::Error> {
    transaction
        .open_table(META)?
        .insert("version", TABLES_VERSION)?;
    transaction.open_table(SNAPSHOTS)?;
    transaction.open_table(SPACES)?;
    transaction.open_table(INBOX)?;
    transaction.open_table(INBOX_ORDER)?;
    Ok(())
}

pub(super) fn empty(transaction: &WriteTransaction) -> std::result::Result<(), redb::Error> {
    transaction.delete_table(META)?;
    transaction.delete_table(SNAPSHOTS)?;
    transaction.delete_table(SPACES)?;
    transaction.delete_table(INBOX)?;
    transaction.delete_table(INBOX_ORDER)?;
    Ok(())
}
