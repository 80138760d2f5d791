//! What one sender said, by subject and by time.

use std::collections::{BTreeMap, BTreeSet};

use super::stamp::Stamp;
use super::stamps::Stamps;
use super::subjects::Key;

/// What one sender said.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub newest: BTreeMap<Key, Stamps>,
    /// The same by time, oldest first.
    pub by_time: BTreeSet<(i64, Key)>,
}

impl Words {
    /// What [`Words::newest`] was stored as.
    pub(super) fn of_stored(newest: BTreeMap<Key, Stamps>) -> Self {
        let by_time = newest
            .iter()
            .map(|(key, said)| (said.newest_micros(), *key));
        Self {
            by_time: by_time.collect(),
            newest,
        }
    }

    /// Notes a statement. True when nothing was known of its subject.
    pub(super) fn note(&mut self, key: Key, stamp: Stamp) -> bool {
        let is_first = !self.newest.contains_key(&key);
        let said = self.newest.entry(key).or_default();
        self.by_time.remove(&(said.newest_micros(), key));
        said.note(stamp);
        self.by_time.insert((said.newest_micros(), key));
        is_first
    }

    /// Forgets the oldest. False when there is none.
    pub(super) fn forget_oldest(&mut self) -> bool {
        let oldest = self.by_time.pop_first();
        oldest.is_some_and(|(_, key)| self.newest.remove(&key).is_some())
    }
}
