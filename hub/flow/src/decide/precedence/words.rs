//! What every sender said, by subject and by time.

use std::collections::{BTreeMap, BTreeSet};

use cordon_contract::{Rows, Table};

use super::stamp::Stamp;
use super::stamps::Stamps;
use super::subjects::Key;

/// The newest statements about every subject, by sender. The whole is bounded; the sender with the most gives way.
#[derive(Debug)]
pub(super) struct Words {
    newest: Table<(String, Key), Stamps>,
    /// The same of each sender by time, oldest first; not stored.
    by_time: BTreeMap<String, BTreeSet<(i64, Key)>>,
    most: usize,
}

impl Words {
    /// Nothing said; at most so many subjects are remembered.
    pub(super) fn within(most: usize) -> Self {
        Self {
            newest: Table::new("words", 1),
            by_time: BTreeMap::new(),
            most,
        }
    }

    /// What is stored.
    pub(super) fn table(&mut self) -> &mut dyn Rows {
        &mut self.newest
    }

    /// Finds again what is not stored.
    pub(super) fn restored(&mut self) {
        self.by_time.clear();
        for ((sender, key), said) in &self.newest {
            let by_time = self.by_time.entry(sender.clone()).or_default();
            by_time.insert((said.newest_micros(), *key));
        }
    }

    /// What one sender said of a subject.
    pub(super) fn said(&self, sender: &str, key: &Key) -> Option<&Stamps> {
        self.newest.get(&(sender.to_owned(), *key))
    }

    /// Notes a statement, and forgets the oldest of whoever has the most beyond the bound.
    pub(super) fn note(&mut self, sender: &str, key: Key, stamp: Stamp) {
        let said = self.newest.or_default((sender.to_owned(), key));
        let before = said.newest_micros();
        said.note(stamp);
        let now = said.newest_micros();
        if !self.by_time.contains_key(sender) {
            self.by_time.insert(sender.to_owned(), BTreeSet::new());
        }
        if let Some(by_time) = self.by_time.get_mut(sender) {
            by_time.remove(&(before, key));
            by_time.insert((now, key));
        }
        while self.newest.len() > self.most && self.forget_oldest() {}
    }

    /// Forgets the oldest of the sender with the most. False when there is none.
    fn forget_oldest(&mut self) -> bool {
        let fullest = self.by_time.iter_mut().max_by_key(|(_, said)| said.len());
        let Some((sender, by_time)) = fullest else {
            return false;
        };
        let oldest = by_time.pop_first();
        oldest.is_some_and(|(_, key)| self.newest.remove(&(sender.clone(), key)).is_some())
    }
}
