//! The file: how it is opened, whose it is, and where each fold stands in it.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cordon_flow::EntryTimes;
use cordon_model::Digest;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction, params};

use crate::fold::{EngineFailure, Fold, Whose, number, unsigned};
use crate::standing::{Broken, Missing};

/// Raised when the tables change that belong to no fold.
const LAYOUT: i64 = 1;
/// How long another's lock on the file is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// Statements kept prepared.
const STATEMENTS: usize = 256;

const SCHEMA: &str = "
CREATE TABLE park (identity TEXT NOT NULL, layout INTEGER NOT NULL) STRICT;
CREATE TABLE folds (
    name TEXT PRIMARY KEY,
    form INTEGER NOT NULL,
    number INTEGER NOT NULL,      -- last entry that is in its rows
    chain BLOB NOT NULL,          -- the journal's hash there
    time INTEGER NOT NULL,        -- of that entry, microseconds
    lead INTEGER NOT NULL,        -- how far entries were ahead of the clock,
    lead_since INTEGER NOT NULL,  -- and what the clock showed when that began
    broken_at INTEGER, broken_code TEXT, broken_words TEXT
) STRICT, WITHOUT ROWID;
";

/// Made when something is missing first: a file of which nothing is has no such table.
const MISSING: &str = "
CREATE TABLE IF NOT EXISTS missing (
    fold TEXT PRIMARY KEY,
    entries INTEGER NOT NULL,     -- that had no body any more when its rows were built
    last INTEGER NOT NULL,        -- of them
    time INTEGER NOT NULL         -- of that, microseconds; 0 where nobody knows
) STRICT, WITHOUT ROWID;
";

/// In a file that an earlier program made these are missing first.
const PASSED: &str = "
CREATE TABLE IF NOT EXISTS passed (
    fold TEXT PRIMARY KEY,
    settled INTEGER NOT NULL,     -- what had surely passed at its last entry,
    entry INTEGER NOT NULL,       -- the time of the last one that was read, and
    ran INTEGER NOT NULL          -- how long the hub had run: all in microseconds
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS marks (
    fold TEXT NOT NULL,
    entry INTEGER NOT NULL,       -- all up to this one were recorded
    ran INTEGER NOT NULL,         -- when the hub had run no longer than that
    PRIMARY KEY (fold, entry)
) STRICT, WITHOUT ROWID;
";

/// Which engine this is.
pub fn engine_version() -> &'static str {
    rusqlite::version()
}

/// Where a fold stands in the journal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    pub number: u64,
    pub chain: Digest,
    /// Time of that entry in microseconds; 0 before the first.
    pub time: i64,
    /// What it and those before it tell of the clock, and of what has surely passed.
    pub times: EntryTimes,
    /// How long the hub had run then, microseconds.
    pub ran: i64,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            number: 0,
            chain: Digest([0; 32]),
            time: 0,
            times: EntryTimes::default(),
            ran: 0,
        }
    }
}

/// Why records do not go on.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Another try may succeed.
    Disk(String),
    /// This file cannot be used; it is built again.
    Unfit(String),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        EngineFailure(error).into()
    }
}

impl From<EngineFailure> for Trouble {
    fn from(failure: EngineFailure) -> Self {
        match failure.whose() {
            Whose::File => Self::Unfit(format!("it is damaged: {failure}")),
            Whose::Disk | Whose::Statement => Self::Disk(failure.to_string()),
        }
    }
}

/// The file of records, opened for writing. One process writes it: whoever holds the journal.
pub(crate) struct Store {
    pub connection: Connection,
    /// Which file it is on its disk.
    file: (u64, u64),
}

impl Store {
    /// Opens the file, or makes it. Says why one that is there cannot be used.
    pub fn open(path: &Path, identity: &str) -> Result<Self, Trouble> {
        let is_new = std::fs::metadata(path).map_or(true, |file| file.len() == 0);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags)?;
        prepare(&connection)?;
        // A crash loses no row that it does not lose the position of: both stand in one transaction. So nothing is
        // synced but before the log is written back into the file.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
        connection.pragma_update(None, "wal_autocheckpoint", 2_000)?;
        let wal: String =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        if wal != "wal" {
            return Err(Trouble::Disk(format!("it takes no log, it says {wal:?}")));
        }
        match is_new {
            true => make(&mut connection, identity)?,
            false => check(&connection, identity)?,
        }
        let file = which(path).map_err(|error| Trouble::Disk(error.to_string()))?;
        Ok(Self { connection, file })
    }

    /// Whether the path still leads to this file: its folder may be renamed, or its disk be changed.
    pub fn is_at(&self, path: &Path) -> bool {
        which(path).is_ok_and(|file| file == self.file)
    }

    /// Makes room for these folds: one of another form, or that nobody knows any more, is dropped. Gives the names
    /// of those that begin anew although the file was there.
    pub fn admit(&mut self, folds: &[Arc<dyn Fold>]) -> Result<Vec<String>, Trouble> {
        let transaction = self.connection.transaction()?;
        let known: Vec<(String, i64)> = transaction
            .prepare("SELECT name, form FROM folds")?
            .query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let fits = |name: &str, form: i64| {
            let mut folds = folds.iter();
            folds.any(|fold| fold.name() == name && i64::from(fold.form()) == form)
        };
        let others = known.iter().filter(|(name, form)| !fits(name, *form));
        let dropped: Vec<String> = others.map(|(name, _)| name.clone()).collect();
        for name in &dropped {
            drop_tables(&transaction, name)?;
        }
        if !has_table(&transaction, "passed")? {
            transaction.execute_batch(PASSED)?;
        }
        let mut anew = Vec::new();
        for fold in folds {
            let is_known = known.iter().any(|(name, _)| name == fold.name());
            if is_known && !dropped.iter().any(|name| name == fold.name()) {
                continue;
            }
            transaction.execute_batch(fold.schema())?;
            let place = Place::default();
            put(&transaction, fold.as_ref(), &place)?;
            if !known.is_empty() {
                anew.push(fold.name().to_owned());
            }
        }
        // What broke is tried once more by each start: the program may be another. Where nothing did, nothing is
        // written, and a start on a full disk reads what there is.
        transaction.execute(
            "UPDATE folds SET broken_at = NULL, broken_code = NULL, broken_words = NULL WHERE broken_at IS NOT NULL",
            (),
        )?;
        transaction.commit()?;
        Ok(anew)
    }

    /// What a fold lacks.
    pub fn missing(&self, fold: &str) -> Result<Option<Missing>, Trouble> {
        if !has_table(&self.connection, "missing")? {
            return Ok(None);
        }
        let sql = "SELECT entries, last, time FROM missing WHERE fold = ?1";
        let read = self.connection.query_row(sql, [fold], |row| {
            Ok(Missing {
                entries: unsigned(row.get(0)?),
                last: unsigned(row.get(1)?),
                time_micros: row.get(2)?,
            })
        });
        Ok(read.optional()?)
    }

    /// Where a fold stands.
    pub fn place(&self, fold: &str) -> Result<Place, Trouble> {
        let place = place_in(&self.connection, fold)?.unwrap_or_default();
        let sql = "SELECT settled, entry, ran FROM passed WHERE fold = ?1";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let known = self.connection.query_row(sql, [fold], read).optional()?;
        let [lead, since, ..] = place.times.told();
        Ok(match known {
            Some((settled, entry, ran)) => Place {
                times: EntryTimes::of([lead, since, settled, entry]),
                ran,
                ..place
            },
            None => place,
        })
    }
}

fn which(path: &Path) -> std::io::Result<(u64, u64)> {
    let file = std::fs::metadata(path)?;
    Ok((file.dev(), file.ino()))
}

/// The settings of every connection.
pub(crate) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "cache_size", -16_384)?;
    connection.pragma_update(None, "temp_store", "MEMORY")
}

fn make(connection: &mut Connection, identity: &str) -> Result<(), Trouble> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(SCHEMA)?;
    transaction.execute(
        "INSERT INTO park VALUES (?1, ?2)",
        params![identity, LAYOUT],
    )?;
    Ok(transaction.commit()?)
}

pub(crate) fn check(connection: &Connection, identity: &str) -> Result<(), Trouble> {
    let park = "SELECT identity, layout FROM park";
    let read = connection.query_row(park, (), |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
    });
    let (owner, layout) = match read {
        Ok(read) => read,
        Err(error) => {
            let failure = EngineFailure(error);
            return Err(match failure.whose() {
                Whose::Statement => Trouble::Unfit(format!("it holds no records: {failure}")),
                _ => failure.into(),
            });
        }
    };
    if owner != identity {
        return Err(Trouble::Unfit(format!(
            "it belongs to {owner:?}, not to {identity:?}"
        )));
    }
    if layout != LAYOUT {
        return Err(Trouble::Unfit(format!(
            "its layout is {layout}, not {LAYOUT}"
        )));
    }
    Ok(())
}

fn drop_tables(transaction: &Transaction<'_>, fold: &str) -> rusqlite::Result<()> {
    let tables: Vec<String> = transaction
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND (name = ?1 OR substr(name, 1, ?2) = ?1 || '_')",
        )?
        .query_map(params![fold, number(fold.len() as u64 + 1)], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for table in tables {
        transaction.execute_batch(&format!("DROP TABLE \"{}\"", table.replace('"', "\"\"")))?;
    }
    transaction.execute("DELETE FROM folds WHERE name = ?1", [fold])?;
    for table in ["missing", "passed", "marks"] {
        if has_table(transaction, table)? {
            transaction.execute(&format!("DELETE FROM {table} WHERE fold = ?1"), [fold])?;
        }
    }
    Ok(())
}

/// Writes down where a fold stands: with its rows, in their transaction.
pub(crate) fn put(connection: &Connection, fold: &dyn Fold, place: &Place) -> rusqlite::Result<()> {
    let [lead, lead_since, settled, entry] = place.times.told();
    let sql = "INSERT OR REPLACE INTO folds (name, form, number, chain, time, lead, lead_since)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    connection.prepare_cached(sql)?.execute(params![
        fold.name(),
        fold.form(),
        number(place.number),
        place.chain.0,
        place.time,
        lead,
        lead_since,
    ])?;
    let sql = "INSERT OR REPLACE INTO passed VALUES (?1, ?2, ?3, ?4)";
    let mut passed = connection.prepare_cached(sql)?;
    passed.execute(params![fold.name(), settled, entry, place.ran])?;
    Ok(())
}

fn has_table(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    connection.query_row(sql, [table], |row| {
        row.get::<_, i64>(0).map(|many| many > 0)
    })
}

/// Writes down what a fold lacks: with its rows, in their transaction.
pub(crate) fn put_missing(
    connection: &Connection,
    fold: &str,
    missing: &Missing,
) -> rusqlite::Result<()> {
    connection.execute_batch(MISSING)?;
    connection.execute(
        "INSERT OR REPLACE INTO missing VALUES (?1, ?2, ?3, ?4)",
        params![
            fold,
            number(missing.entries),
            number(missing.last),
            missing.time_micros
        ],
    )?;
    Ok(())
}

/// Writes down why a fold goes no further.
pub(crate) fn put_broken(
    connection: &Connection,
    fold: &str,
    broken: &Broken,
) -> rusqlite::Result<()> {
    let sql =
        "UPDATE folds SET broken_at = ?2, broken_code = ?3, broken_words = ?4 WHERE name = ?1";
    connection.prepare_cached(sql)?.execute(params![
        fold,
        number(broken.entry),
        broken.code,
        broken.words
    ])?;
    Ok(())
}

/// Where a fold stands, as seen by whoever asks.
pub(crate) fn place_in(connection: &Connection, fold: &str) -> rusqlite::Result<Option<Place>> {
    let sql = "SELECT number, chain, time, lead, lead_since FROM folds WHERE name = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let read = statement.query_row([fold], |row| {
        Ok(Place {
            number: unsigned(row.get(0)?),
            chain: Digest(row.get(1)?),
            time: row.get(2)?,
            // Of a file that an earlier program wrote no more is known than that its last entry was right.
            times: EntryTimes::since((row.get(3)?, row.get(4)?), row.get(2)?),
            ran: 0,
        })
    });
    read.optional()
}

/// Opens the file for questions alone.
pub(crate) fn open_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    prepare(&connection)?;
    Ok(connection)
}

/// Moves a file that cannot be used out of the way, over one that was moved there before.
pub(crate) fn set_aside(path: &Path) -> std::io::Result<PathBuf> {
    let aside = with_ending(path, ".set-aside");
    // The log first: beside a file that is not there it says nothing, but under another file it would.
    for ending in ["-wal", "-shm", ""] {
        let (from, to) = (with_ending(path, ending), with_ending(&aside, ending));
        absent_is_well(std::fs::remove_file(&to))?;
        absent_is_well(std::fs::rename(&from, &to))?;
    }
    Ok(aside)
}

fn absent_is_well(done: std::io::Result<()>) -> std::io::Result<()> {
    match done {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
