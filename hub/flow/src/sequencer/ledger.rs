//! Where journal and state come from: opened at the start, and again after the disk has failed.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use cordon_journal::{
    Changes, Expectation, FaultKind, Held, InboxMark, Journal, JournalFault, LookedUp, Pair,
    Position, Reader, Result, State, Trouble,
};

/// Journal and state, opened.
pub struct Opened {
    /// The writer.
    pub journal: Journal,
    /// The state that stands in this journal.
    pub state: Arc<dyn State>,
}

/// Opens journal and state.
pub trait Ledger: Send + Sync + 'static {
    /// Opens both. Called again only when everything of the last opening has been let go. `own` is the
    /// last record that this hub itself made durable since it started: a folder that does not hold it
    /// is refused, and nothing is made in it.
    fn open(&self, own: Option<&Expectation>) -> Result<Opened>;
    /// A reader of the same journal, which need not be there yet.
    fn reader(&self) -> Reader;
}

/// Journal and state that were opened by the caller: they cannot be opened a second time.
pub struct OpenedOnce {
    opened: Mutex<Option<Opened>>,
    reader: Reader,
}

impl OpenedOnce {
    /// Gives them to one hub.
    pub fn new(journal: Journal, state: Arc<dyn State>) -> Result<Self> {
        Ok(Self {
            reader: journal.reader()?,
            opened: Mutex::new(Some(Opened { journal, state })),
        })
    }
}

impl Ledger for OpenedOnce {
    fn open(&self, _: Option<&Expectation>) -> Result<Opened> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.take().ok_or_else(|| {
            JournalFault::new(
                FaultKind::Poisoned,
                "journal",
                "it was opened once and given away",
            )
        })
    }

    fn reader(&self) -> Reader {
        self.reader.clone()
    }
}

/// The state of the present opening; a fault while there is none. Whoever only asks keeps this, so
/// that nothing but the sequencer holds the store itself.
#[derive(Default)]
pub(crate) struct StateSeat(RwLock<Option<Arc<dyn State>>>);

impl StateSeat {
    /// Takes the state of an opening, or lets it go.
    pub(crate) fn put(&self, state: Option<Arc<dyn State>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = state;
    }

    fn get(&self) -> Result<Arc<dyn State>> {
        let held = self.0.read().unwrap_or_else(PoisonError::into_inner);
        held.clone()
            .ok_or_else(|| JournalFault::new(FaultKind::Poisoned, "state", "the disk has failed"))
    }
}

impl State for StateSeat {
    fn position(&self) -> Result<Position> {
        Self::get(self)?.position()
    }

    fn snapshot(&self, namespace: &str) -> Result<Option<Vec<u8>>> {
        Self::get(self)?.snapshot(namespace)
    }

    fn inbox(&self, sender: &str, message_id: &[u8; 16]) -> Result<Option<InboxMark>> {
        Self::get(self)?.inbox(sender, message_id)
    }

    fn look_up(&self, asked: &[(&str, [u8; 16])]) -> Result<LookedUp> {
        Self::get(self)?.look_up(asked)
    }

    fn inbox_since(&self, number: u64, limit: usize) -> Result<Vec<(String, [u8; 16], InboxMark)>> {
        Self::get(self)?.inbox_since(number, limit)
    }

    fn get(&self, namespace: &str, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Self::get(self)?.get(namespace, key)
    }

    fn range(&self, namespace: &str, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>> {
        Self::get(self)?.range(namespace, from, to, limit)
    }

    fn each(&self, take: &mut dyn FnMut(Held<'_>) -> Result<bool>) -> Result<Position> {
        Self::get(self)?.each(take)
    }

    fn commit(&self, changes: &Changes) -> Result<()> {
        Self::get(self)?.commit(changes)
    }

    fn wipe(&self) -> Result<()> {
        Self::get(self)?.wipe()
    }

    fn trouble(&self) -> Option<Trouble> {
        Self::get(self).ok()?.trouble()
    }

    fn astray(&self) -> Vec<String> {
        Self::get(self).map_or_else(|_| Vec::new(), |state| state.astray())
    }
}
