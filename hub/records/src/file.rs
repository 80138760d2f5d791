//! The file of records, asked by a program of its own beside the hub that writes it, or when none runs.

use std::path::Path;

use cordon_contract::Fault;
use cordon_model::Timestamp;
use rusqlite::Connection;

use crate::ask::{Look, answer, told};
use crate::asked::{Asked, Face, Line};
use crate::fault::{OTHER_FORM, STOPPED, fault};
use crate::fold::{Failure, Rows, unsigned};
use crate::folds::form_of;
use crate::standing::Missing;
use crate::store::{Trouble, check, open_to_read};

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The rows, the newest first.
    pub rows: Vec<Line>,
    /// The last entry that is in them.
    pub number: u64,
    /// Time of that entry.
    pub time: Timestamp,
    /// Why they may lack something.
    pub notes: Vec<String>,
}

/// The file, opened for questions alone.
#[derive(Debug)]
pub struct RecordsFile(Connection);

impl RecordsFile {
    /// Opens the file of this park's records.
    ///
    /// # Errors
    /// `J072` when it is not there, cannot be read, or is none of this park's.
    pub fn open(path: &Path, identity: &str) -> Result<Self, Fault> {
        let cannot = |why: String| fault(STOPPED, why).at(path.display().to_string());
        let connection = open_to_read(path).map_err(|error| cannot(error.to_string()))?;
        check(&connection, identity).map_err(|trouble| match trouble {
            Trouble::Disk(why) | Trouble::Unfit(why) => cannot(why),
        })?;
        Ok(Self(connection))
    }

    /// Asks: all of the answer is of one moment.
    ///
    /// # Errors
    /// `J075` when the rows are of another form, `J076` for what cannot be asked so, `J071` and `J072` as everywhere.
    pub fn ask(&self, face: &Face, asked: &Asked) -> Result<Found, Fault> {
        let found = answer(&self.0, face.fold, |look| found(face, asked, look));
        found
            .map(|found| found.rows)
            .map_err(|failure| told(failure).0)
    }
}

fn found(face: &Face, asked: &Asked, look: &Look<'_>) -> Result<Found, Failure> {
    let rows = &look.rows;
    let sql = "SELECT form, time, broken_words FROM folds WHERE name = ?1";
    let known = rows.one(sql, [face.fold], |row| {
        let broken: Option<String> = row.get(2)?;
        Ok((row.get::<_, u32>(0)?, row.get::<_, i64>(1)?, broken))
    })?;
    let known = known.filter(|(form, ..)| form_of(face.fold) == Some(*form));
    let Some((_, time, broken)) = known else {
        let words = format!("the file holds no {} of this program's form", face.name);
        return Err(fault(OTHER_FORM, words).into());
    };
    let mut notes = Vec::new();
    if let Some(words) = broken {
        notes.push(format!("they go no further: {words}"));
    }
    if let Some(missing) = missing(face.fold, rows)? {
        notes.push(missing.words());
    }
    if asked.at.is_some_and(|at| at.micros() > time) {
        notes.push("what came later than their last entry is not in them".to_owned());
    }
    Ok(Found {
        rows: look.lines(face, asked)?,
        number: look.number,
        time: Timestamp::from_micros(time),
        notes,
    })
}

/// What the rows of a fold lack.
fn missing(fold: &str, rows: &Rows<'_>) -> Result<Option<Missing>, Failure> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'missing'";
    let is_any = rows.one(sql, (), |row| row.get::<_, i64>(0))?;
    if is_any != Some(1) {
        return Ok(None);
    }
    let sql = "SELECT entries, last, time FROM missing WHERE fold = ?1";
    rows.one(sql, [fold], |row| {
        Ok(Missing {
            entries: unsigned(row.get(0)?),
            last: unsigned(row.get(1)?),
            time_micros: row.get(2)?,
        })
    })
}
