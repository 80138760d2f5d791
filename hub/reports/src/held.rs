//! The shelf as builders hold it: what they list is told to whoever asks without waiting for them, and so is how
//! long one has been at it.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use cordon_contract::Fault;
use cordon_model::service::ReportEntry;

use crate::fault;
use crate::shelf::Shelf;

/// A disk that takes longer for one thing done with the shelf does not answer.
const ANSWERS_IN: Duration = Duration::from_secs(20);

/// The shelf, in the hands of one at a time.
pub(crate) struct Held {
    shelf: Mutex<Shelf>,
    listed: RwLock<Vec<ReportEntry>>,
    since: Mutex<Option<Instant>>,
}

impl Held {
    pub(crate) fn new(shelf: Shelf) -> Self {
        let listed = RwLock::new(shelf.entries());
        Self {
            shelf: Mutex::new(shelf),
            listed,
            since: Mutex::new(None),
        }
    }

    /// Waits for it.
    pub(crate) fn take(&self) -> InHand<'_> {
        let shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        *self.since() = Some(Instant::now());
        InHand {
            before: shelf.changes(),
            shelf,
            of: self,
        }
    }

    /// What is listed, without waiting for whoever has it in hand.
    pub(crate) fn listed(&self) -> Vec<ReportEntry> {
        let listed = self.listed.read().unwrap_or_else(PoisonError::into_inner);
        listed.clone()
    }

    /// How a version is listed.
    pub(crate) fn find(&self, id: &str, version: u32) -> Option<ReportEntry> {
        let listed = self.listed.read().unwrap_or_else(PoisonError::into_inner);
        let found = listed
            .iter()
            .find(|one| one.version == version && one.report_id == id);
        found.cloned()
    }

    /// `S084` while somebody has had it in hand for too long.
    pub(crate) fn hangs(&self) -> Option<Fault> {
        let since = *self.since();
        let long = since.is_some_and(|since| since.elapsed() > ANSWERS_IN);
        long.then(fault::hangs)
    }

    fn since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The shelf in one's hands.
pub(crate) struct InHand<'a> {
    shelf: MutexGuard<'a, Shelf>,
    before: u64,
    of: &'a Held,
}

impl Deref for InHand<'_> {
    type Target = Shelf;

    fn deref(&self) -> &Shelf {
        &self.shelf
    }
}

impl DerefMut for InHand<'_> {
    fn deref_mut(&mut self) -> &mut Shelf {
        &mut self.shelf
    }
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        if self.shelf.changes() != self.before {
            let mut listed = self
                .of
                .listed
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            *listed = self.shelf.entries();
        }
        *self.of.since() = None;
    }
}
