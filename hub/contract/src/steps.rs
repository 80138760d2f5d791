//! How many items a plug-in looked at: what an entry costs, told without a clock.

use std::cell::Cell;

/// Items looked at since the start. Nothing is decided by it and it is not stored.
#[derive(Debug, Default)]
pub struct Steps(Cell<u64>);

impl Steps {
    /// Counts items that a loop or an index looks at.
    pub fn add(&self, items: usize) {
        let items = u64::try_from(items).unwrap_or(u64::MAX);
        self.0.set(self.0.get().saturating_add(items));
    }

    /// Counts one item; for [`Iterator::inspect`].
    pub fn one(&self) {
        self.add(1);
    }

    /// All that were counted.
    pub fn total(&self) -> u64 {
        self.0.get()
    }
}
