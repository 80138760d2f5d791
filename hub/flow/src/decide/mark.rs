//! Entries of the journal that are not as this program would write them, each said once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use cordon_contract::Fault;
use serde::{Deserialize, Serialize};

use crate::fault::{OLDER_FORM, SETTINGS_UNUSABLE, UNLAWFUL_PAST, UNREADABLE};

/// Marks kept at once; further ones are only counted by whoever steps the journal.
const KEPT_MAX: usize = 1_000;

/// Why an entry is marked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mark {
    /// The entry.
    pub number: u64,
    /// `F012` when it cannot be read, `F020` when its form is refused today and it was read all the
    /// same, `F067` when it says what its sender may not say, `F095` when it is a part of the settings that this
    /// program cannot use.
    pub code: &'static str,
    /// What is wrong with it, with the code and place of the language's own refusal.
    pub why: String,
}

impl Mark {
    /// An entry that cannot be read.
    pub(crate) fn unreadable(number: u64, why: &Fault) -> Self {
        Self::new(number, UNREADABLE, why)
    }

    /// An entry that was read although its form is refused today.
    pub(crate) fn older_form(number: u64, why: &Fault) -> Self {
        Self::new(number, OLDER_FORM, why)
    }

    /// An entry that was taken before the table of authority was asked, which does not allow it.
    pub(crate) fn unlawful(number: u64, why: &Fault) -> Self {
        Self::new(number, UNLAWFUL_PAST, why)
    }

    /// A part of the settings that this program cannot use.
    pub(crate) fn unusable(number: u64, why: &Fault) -> Self {
        Self::new(number, SETTINGS_UNUSABLE, why)
    }

    fn new(number: u64, code: &'static str, why: &Fault) -> Self {
        let place = match why.place() {
            "" => String::new(),
            place => format!(" at {place}"),
        };
        let own = match why.code() {
            UNREADABLE => String::new(),
            code => format!("{code}: "),
        };
        Self {
            number,
            code,
            why: format!("{own}{}{place}", why.log_text()),
        }
    }

    /// True when the entry's content was read.
    pub fn is_read(&self) -> bool {
        self.code == OLDER_FORM
    }
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let read = match self.code {
            OLDER_FORM => "is read although its form is refused today",
            SETTINGS_UNUSABLE => {
                "says settings that this program cannot use; what the configuration says today stands in their place"
            }
            UNLAWFUL_PAST => "says what its sender may not say and is passed over",
            _ => "cannot be read and is passed over",
        };
        write!(
            f,
            "entry {} {read} ({} {})",
            self.number, self.code, self.why
        )
    }
}

/// How many entries a stepped journal has marked, and how far people were told.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Marked {
    /// Entries that cannot be read, and parts of the settings that cannot be used.
    pub unreadable: u64,
    /// Entries of a form that is refused today, read all the same.
    pub older_form: u64,
    /// Entries that say what their sender may not say, passed over.
    pub unlawful: u64,
    /// The last marked entry; 0 for none.
    pub last: u64,
    /// The last marked entry an alarm has told of; 0 for none.
    pub told: u64,
}

impl Marked {
    /// Counts one.
    pub(crate) fn count(&mut self, mark: &Mark) {
        match mark.code {
            OLDER_FORM => self.older_form += 1,
            UNLAWFUL_PAST => self.unlawful += 1,
            _ => self.unreadable += 1,
        }
        self.last = self.last.max(mark.number);
    }
}

/// The marks readers came upon. Shared by the clones of a reader, so that each is logged once.
#[derive(Clone, Default)]
pub(crate) struct Marks(Arc<Mutex<BTreeMap<u64, Mark>>>);

impl Marks {
    /// Keeps a mark; a new one is said in the log.
    pub(crate) fn add(&self, mark: Mark) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT_MAX && !kept.contains_key(&mark.number) {
            tracing::warn!(code = mark.code, "{mark}");
            kept.insert(mark.number, mark);
        }
    }

    /// All of them, by number.
    pub(crate) fn all(&self) -> Vec<Mark> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.values().cloned().collect()
    }
}
