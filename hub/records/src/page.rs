//! What the status page shows of the records: counters and the last decisions.

use std::collections::BTreeMap;

use cordon_contract::Entry;

use crate::fold::{Failure, Rows};
use crate::folds::counts;
use crate::folds::passages::{self, DecisionRow};

/// Decisions shown.
const DECISIONS: usize = 20;

/// Counted from the first entry of the journal on, so that a restart changes nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The last entry that is in it; 0 before anything was read.
    pub number: u64,
    /// Refused messages.
    pub refused: u64,
    /// Passages allowed.
    pub opened: u64,
    /// Passages denied.
    pub denied: u64,
    /// Reports built.
    pub reports: u64,
    /// Messages by type.
    pub messages: BTreeMap<String, u64>,
    /// Outcomes of gate commands by name.
    pub commands: BTreeMap<String, u64>,
    /// Vehicles that passed by lane, in and out.
    pub passed: BTreeMap<String, (u64, u64)>,
    /// The last decisions, the newest first.
    pub decisions: Vec<DecisionRow>,
}

/// Reads it.
pub(crate) fn read(rows: &Rows<'_>, number: u64) -> Result<Page, Failure> {
    let mut page = Page {
        number,
        ..Page::default()
    };
    if !counts::is_kept(rows)? {
        return Ok(page);
    }
    for (name, key, count) in counts::all(rows)? {
        page.add(&name, &key, count);
    }
    page.decisions = passages::latest(rows, DECISIONS)?;
    Ok(page)
}

impl Page {
    fn add(&mut self, name: &str, key: &str, more: u64) {
        let count = match name {
            counts::REFUSED => &mut self.refused,
            counts::OPENED => &mut self.opened,
            counts::DENIED => &mut self.denied,
            counts::REPORTS => &mut self.reports,
            counts::MESSAGES => self.messages.entry(key.to_owned()).or_default(),
            counts::COMMANDS => self.commands.entry(key.to_owned()).or_default(),
            counts::PASSED_IN => &mut self.passed.entry(key.to_owned()).or_default().0,
            counts::PASSED_OUT => &mut self.passed.entry(key.to_owned()).or_default().1,
            _ => return,
        };
        *count += more;
    }

    /// Takes in the next entry in memory alone, while the file cannot be written.
    pub(crate) fn take_in(&mut self, entry: &Entry) {
        self.number = entry.number;
        for (name, key) in counts::counted(entry).into_iter().flatten() {
            self.add(name, key, 1);
        }
        if let Some(decision) = passages::decision_of(entry) {
            self.decisions.insert(0, decision);
            self.decisions.truncate(DECISIONS);
        }
    }
}
