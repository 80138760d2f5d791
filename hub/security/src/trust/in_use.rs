//! By which lists somebody was judged, for as long as what came of it is under way.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::snapshot::Snapshot;

/// The lists by which a message was judged, or older ones. Whoever carries it on keeps this until the message is recorded, so that
/// the journal can say behind all of these that other lists are in use.
#[derive(Clone, Debug)]
pub struct JudgedBy {
    _snapshot: Arc<Snapshot>,
}

impl JudgedBy {
    pub(super) fn new(snapshot: Arc<Snapshot>) -> Self {
        Self {
            _snapshot: snapshot,
        }
    }
}

/// What was in use before and may still be judged by.
#[derive(Debug, Default)]
pub(super) struct Former(Mutex<Vec<Weak<Snapshot>>>);

impl Former {
    /// Takes in what `exchange` puts out of use, which it does while nobody asks whether anything is left.
    pub(super) fn take(&self, exchange: impl FnOnce() -> Arc<Snapshot>) {
        let mut former = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let old = exchange();
        former.push(Arc::downgrade(&old));
        drop(old);
        former.retain(|one| one.strong_count() > 0);
    }

    /// What `current` gives, when nothing of before is judged by any more.
    pub(super) fn unless_any<T>(&self, current: impl FnOnce() -> T) -> Option<T> {
        let mut former = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        former.retain(|one| one.strong_count() > 0);
        former.is_empty().then(current)
    }
}
