//! The inbox as of the last commit, kept open.
//!
//! Opening a table costs more than looking a name up in it, and every submission looks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::ReadOnlyTable;

use super::file::{InboxKey, InboxValue};

/// The inbox at one position. It keeps the pages of that commit from being used again, so it is let
/// go of as soon as there is a later one.
pub(super) struct View {
    pub(super) position: u64,
    pub(super) marks: ReadOnlyTable<InboxKey, InboxValue>,
}

/// The view of the last commit, once somebody has looked.
#[derive(Default)]
pub(super) struct Latest(Mutex<Option<Arc<View>>>);

impl Latest {
    /// The view, opened when there is none.
    pub(super) fn or_open<E>(
        &self,
        open: impl FnOnce() -> Result<View, E>,
    ) -> Result<Arc<View>, E> {
        // Opened under the lock: otherwise a view of before a commit could be kept after it.
        let mut slot = self.slot();
        if let Some(view) = slot.as_ref() {
            return Ok(Arc::clone(view));
        }
        let view = Arc::new(open()?);
        *slot = Some(Arc::clone(&view));
        Ok(view)
    }

    /// There was a commit.
    pub(super) fn let_go(&self) {
        *self.slot() = None;
    }

    fn slot(&self) -> MutexGuard<'_, Option<Arc<View>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
