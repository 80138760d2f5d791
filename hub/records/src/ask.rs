//! Questions: each sees the rows of one moment, and names the entry up to which they say something.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use crate::fault::{BROKEN, STOPPED, fault};
use crate::fold::{Failure, Rows, Whose};
use crate::store::{open_to_read, place_in};

/// Connections kept for questions.
const KEPT: usize = 4;

/// An answer, and the entry up to which it holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer<T> {
    /// What was asked for.
    pub rows: T,
    /// The last entry that is in it.
    pub number: u64,
}

/// The rows of one moment.
#[derive(Debug)]
pub struct Look<'a> {
    /// The rows.
    pub rows: Rows<'a>,
    /// The last entry that is in those of the fold which is asked.
    pub number: u64,
}

/// Connections for questions. Blocks on the disk: ask from a blocking thread.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    connections: Vec<Connection>,
    /// Rises with every file: a connection to one that was set aside answers of the past.
    file: u64,
}

impl Readers {
    pub fn of(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
            kept: Mutex::default(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another file stands in the place of the one before.
    pub fn renew(&self) {
        let mut kept = self.kept();
        kept.file += 1;
        kept.connections.clear();
    }

    /// Asks of the rows of `fold`.
    pub fn ask<T>(
        &self,
        fold: &str,
        question: impl FnOnce(&Look<'_>) -> Result<T, Failure>,
    ) -> Result<Answer<T>, Failure> {
        let (connection, file) = {
            let mut kept = self.kept();
            (kept.connections.pop(), kept.file)
        };
        let connection = match connection {
            Some(connection) => connection,
            None => open_to_read(&self.path)?,
        };
        let answer = answer(&connection, fold, question);
        let mut kept = self.kept();
        if answer.is_ok() && kept.file == file && kept.connections.len() < KEPT {
            kept.connections.push(connection);
        }
        answer
    }
}

pub(crate) fn answer<T>(
    connection: &Connection,
    fold: &str,
    question: impl FnOnce(&Look<'_>) -> Result<T, Failure>,
) -> Result<Answer<T>, Failure> {
    // Nothing is written: it only holds the moment.
    let moment = connection.unchecked_transaction()?;
    let place = place_in(&moment, fold)?;
    let number = place.map(|place| place.number).unwrap_or_default();
    let rows = question(&Look {
        rows: Rows::of(&moment),
        number,
    })?;
    moment.commit()?;
    Ok(Answer { rows, number })
}

/// What whoever asked is told, and whether the file must be built again.
pub(crate) fn told(failure: Failure) -> (cordon_contract::Fault, bool) {
    match failure {
        Failure::Own(fault) => (fault, false),
        Failure::Engine(failure) => {
            let is_unfit = failure.whose() == Whose::File;
            let code = match failure.whose() {
                Whose::Statement => BROKEN,
                Whose::Disk | Whose::File => STOPPED,
            };
            let fault = fault(code, "the records cannot be read").log(failure.to_string());
            (fault, is_unfit)
        }
    }
}
