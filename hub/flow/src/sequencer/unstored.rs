//! What is still to be stored: rows of a save that failed come with the next one.

use std::collections::{BTreeMap, BTreeSet};

use cordon_contract::Fault;
use cordon_journal::Changes;

use crate::decide::tables::Handed;

/// Rows kept of saves that failed; beyond, the next save hands over all there is.
const ROWS_MAX: usize = 200_000;

/// Rows that the store does not hold yet.
#[derive(Debug, Default)]
pub(crate) struct Unstored {
    /// Tables that are emptied before.
    emptied: BTreeSet<String>,
    rows: BTreeMap<(String, Vec<u8>), Option<Vec<u8>>>,
}

impl Unstored {
    /// Tables that are emptied with the next save.
    pub(crate) fn emptied(tables: impl IntoIterator<Item = String>) -> Self {
        Self {
            emptied: tables.into_iter().collect(),
            rows: BTreeMap::new(),
        }
    }

    /// Takes in what changed.
    pub(crate) fn add(&mut self, handed: Handed) -> Result<(), Fault> {
        if !handed.emptied.is_empty() {
            let emptied = &handed.emptied;
            self.rows.retain(|(table, _), _| !emptied.contains(table));
        }
        self.emptied.extend(handed.emptied);
        for (table, changed) in handed.rows {
            for (key, row) in changed.write()? {
                self.rows.insert((table.clone(), key), row);
            }
        }
        Ok(())
    }

    /// Takes in all there is: what waited is nothing beside it.
    pub(crate) fn replace(&mut self, handed: Handed) -> Result<(), Fault> {
        self.rows.clear();
        let tables = handed.rows.iter().map(|(table, _)| table.clone());
        self.emptied.extend(tables);
        self.add(handed)
    }

    /// Whether more waits than is kept: it is let go.
    pub(crate) fn is_too_much(&mut self) -> bool {
        let is = self.rows.len() > ROWS_MAX;
        if is {
            self.rows.clear();
        }
        is
    }

    /// Puts it all into a commit.
    pub(crate) fn fill(&self, changes: &mut Changes) {
        for table in &self.emptied {
            changes.clear(table);
        }
        for ((table, key), row) in &self.rows {
            match row {
                Some(row) => changes.put(table, key.clone(), row.clone()),
                None => changes.delete(table, key.clone()),
            };
        }
    }

    /// It is stored.
    pub(crate) fn stored(&mut self) {
        self.emptied.clear();
        self.rows.clear();
    }
}
