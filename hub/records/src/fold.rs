//! What a fold is, and the rows it may change.

use cordon_contract::{Entry, Fault};
use cordon_model::Timestamp;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Params, Row};

/// One kind of records: entries in, rows out.
///
/// It keeps nothing beside its rows: whatever it must remember stands in them, so that a transaction that is rolled
/// back or cut off by a crash leaves nothing behind. The same journal gives the same rows, in whatever batches it comes.
pub trait Fold: Send + Sync + 'static {
    /// Its name. Every table and index of it is called that, or begins with it and an underscore.
    fn name(&self) -> &'static str;

    /// Raised whenever its tables or the meaning of its rows change: they are built again then, these alone.
    fn form(&self) -> u32;

    /// The statements that make its tables.
    fn schema(&self) -> &'static str;

    /// Takes one entry in. Entries come in order, each once.
    ///
    /// # Errors
    /// What keeps it from going on. Of the fold itself it is its end, until the program is started again; of the
    /// storage engine it is tried again.
    fn apply(&self, entry: &Entry, rows: &Rows<'_>) -> Result<(), Failure>;

    /// Whether entries of this type of message, by name, say something of it; an empty name is that of what is no message. Those that have
    /// expired are missing in its rows.
    fn takes(&self, _message: &str) -> bool {
        true
    }

    /// For how many days it keeps what is over, where the records keep so many.
    fn days_kept(&self, days: u32) -> u32 {
        days
    }

    /// Lets go of what was over by then. Comes with the first entry of each hour.
    ///
    /// # Errors
    /// As [`Fold::apply`].
    fn forget(&self, _then: Then, _rows: &Rows<'_>) -> Result<(), Failure> {
        Ok(())
    }
}

/// So long ago that what was over then is let go: before this time of the journal, or with this entry, whatever time
/// that carries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Then {
    /// The time.
    pub before: Timestamp,
    /// The entry; 0 for none.
    pub entry: u64,
}

impl Then {
    /// Carries two statements out, one with the time, the other with the entry.
    ///
    /// # Errors
    /// Of the engine.
    pub fn set(self, by_time: &str, by_entry: &str, rows: &Rows<'_>) -> Result<(), Failure> {
        rows.set(by_time, [self.before.micros()])?;
        if self.entry > 0 {
            rows.set(by_entry, [number(self.entry)])?;
        }
        Ok(())
    }
}

/// Why rows could not be changed or read.
#[derive(Debug)]
pub enum Failure {
    /// The storage engine.
    Engine(EngineFailure),
    /// The fold, or the question.
    Own(Fault),
}

/// What the storage engine said.
#[derive(Debug)]
pub struct EngineFailure(pub(crate) rusqlite::Error);

impl std::fmt::Display for EngineFailure {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}", self.0)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(EngineFailure(error))
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Own(fault)
    }
}

/// Whose fault a failure of the engine is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Whose {
    /// The disk's, or that of whoever holds the file: another try may succeed.
    Disk,
    /// The file is none of the engine's, or is damaged.
    File,
    /// The statement's.
    Statement,
}

impl EngineFailure {
    pub(crate) fn whose(&self) -> Whose {
        match self.0.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Whose::File,
            Some(
                ErrorCode::PermissionDenied
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::OutOfMemory
                | ErrorCode::ReadOnly
                | ErrorCode::OperationInterrupted
                | ErrorCode::SystemIoFailure
                | ErrorCode::DiskFull
                | ErrorCode::CannotOpen
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::SchemaChanged,
            ) => Whose::Disk,
            _ => Whose::Statement,
        }
    }
}

/// The rows of one fold, as far as its statements keep to them.
#[derive(Debug)]
pub struct Rows<'a> {
    connection: &'a Connection,
}

impl<'a> Rows<'a> {
    pub(crate) fn of(connection: &'a Connection) -> Self {
        Self { connection }
    }

    /// Carries a statement out; gives how many rows it changed.
    ///
    /// # Errors
    /// Of the engine.
    pub fn set(&self, sql: &str, with: impl Params) -> Result<usize, Failure> {
        Ok(self.connection.prepare_cached(sql)?.execute(with)?)
    }

    /// The first row that a question finds.
    ///
    /// # Errors
    /// Of the engine.
    pub fn one<T>(
        &self,
        sql: &str,
        with: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Failure> {
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.query_row(with, read).optional()?)
    }

    /// Every row that a question finds.
    ///
    /// # Errors
    /// Of the engine.
    pub fn all<T>(
        &self,
        sql: &str,
        with: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Failure> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(with, read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// An entry's number, as the engine keeps it.
pub(crate) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// And back.
pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
