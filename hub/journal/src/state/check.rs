//! Whether a state may be trusted beside a journal, and why it was rebuilt.

use std::fmt;

use crate::fault::{FaultKind, Result};
use crate::reader::Reader;
use crate::state::State;

/// Why a state was thrown away; it is rebuilt from the journal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Rebuild {
    /// The file was damaged.
    Damaged(String),
    /// Another version of the program wrote it, in this form.
    OtherForm(String),
    /// The state stood for a record the journal does not have.
    Ahead {
        /// The state's position.
        state: u64,
        /// The journal's last record.
        journal: u64,
    },
    /// The journal holds another record at the state's position.
    OtherJournal {
        /// The state's position.
        state: u64,
    },
}

impl fmt::Display for Rebuild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(why) => write!(f, "the state file was damaged: {why}"),
            Self::OtherForm(form) => write!(
                f,
                "another version of the program wrote the state, in form {form}"
            ),
            Self::Ahead { state, journal } => {
                write!(
                    f,
                    "the state stood for record {state}, the journal ends with {journal}"
                )
            }
            Self::OtherJournal { state } => {
                write!(
                    f,
                    "the journal holds another record {state} than the state was made from"
                )
            }
        }
    }
}

/// Wipes `state` unless its position stands in the journal; says why it did.
pub(crate) fn reconcile(state: &dyn State, journal: &Reader) -> Result<Option<Rebuild>> {
    let (number, chain) = state.position()?;
    if number == 0 {
        return Ok(None);
    }
    let (last, _) = journal.position()?;
    let why = if number > last {
        Rebuild::Ahead {
            state: number,
            journal: last,
        }
    } else {
        match journal.get(number) {
            Ok(Some(record)) if record.chain == chain => return Ok(None),
            Ok(_) => Rebuild::OtherJournal { state: number },
            // Trimmed behind a state that is older: reading on from there tells.
            Err(fault) if fault.kind() == FaultKind::Trimmed => return Ok(None),
            Err(fault) => return Err(fault),
        }
    };
    state.wipe()?;
    Ok(Some(why))
}
