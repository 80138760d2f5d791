//! What one sender said, by subject and by time.

use std::collections::{BTreeMap, BTreeSet};

use super::stamp::Stamp;
use super::subjects::Key;

/// What one sender said.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub newest: BTreeMap<Key, Stamp>,
    /// The same by time, oldest first.
    pub by_time: BTreeSet<(i64, Key)>,
}

impl Words {
    /// Notes a statement. True when nothing was known of its subject.
    pub(super) fn note(&mut self, key: Key, stamp: Stamp) -> bool {
        let before = self.newest.insert(key, stamp);
        if let Some(before) = before {
            self.by_time.remove(&(before.occurred_micros, key));
        }
        self.by_time.insert((stamp.occurred_micros, key));
        before.is_none()
    }

    /// Forgets the oldest. False when there is none.
    pub(super) fn forget_oldest(&mut self) -> bool {
        let oldest = self.by_time.pop_first();
        oldest.is_some_and(|(_, key)| self.newest.remove(&key).is_some())
    }
}
