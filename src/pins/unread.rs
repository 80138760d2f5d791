//! Pins that could not be read, or were not proven, at a start: looked at again for as long as the hub runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cordon_contract::{Fault, Shutdown, aside};
use cordon_journal::Options;

use super::{Pin, Proof, UNUSABLE, given_up};
use crate::past::of_journal;

/// Rest between two looks.
const LOOK: Duration = Duration::from_secs(5);

/// The pins of a running hub that do not hold its journal to anything yet.
pub struct Unread {
    data: PathBuf,
    proof: Arc<Proof>,
    faults: Mutex<BTreeMap<PathBuf, Fault>>,
}

impl Unread {
    /// Of a start that could not read these.
    pub fn of(data: &Path, proof: Arc<Proof>, faults: BTreeMap<PathBuf, Fault>) -> Arc<Self> {
        for fault in faults.values() {
            tracing::error!(%fault, "a pinned head cannot be used; the park starts all the same, and the others hold");
        }
        Arc::new(Self {
            data: data.to_owned(),
            proof,
            faults: Mutex::new(faults),
        })
    }

    fn faults(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Fault>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.faults().len()
    }

    /// What people must see to, in words; none while there is nothing. What the journal does not meet comes first.
    pub fn words(&self) -> Option<String> {
        let faults = self.faults();
        let (unmet, unread): (Vec<_>, Vec<_>) = faults.values().partition(|it| is_unmet(it));
        said(unmet.into_iter().chain(unread))
    }

    /// The same of those that cannot be used.
    pub fn words_of_unread(&self) -> Option<String> {
        said(self.faults().values().filter(|it| !is_unmet(it)))
    }

    /// The same of those that the journal does not meet: something of it is gone.
    pub fn words_of_unmet(&self) -> Option<String> {
        said(self.faults().values().filter(|it| is_unmet(it)))
    }

    /// Looks at each again: one that can be read and is proven now, and that the journal meets, is told no more, nor one that was taken away.
    pub(super) fn look_again(&self) {
        let files: Vec<PathBuf> = self.faults().keys().cloned().collect();
        for file in files {
            let found = match file.try_exists() {
                Ok(false) => Ok(()),
                _ => self.met(&file),
            };
            match found {
                Ok(()) => {
                    tracing::info!(file = %file.display(), "the pinned head is in order");
                    self.faults().remove(&file);
                }
                Err(fault) => {
                    let before = self.faults().insert(file, fault.clone());
                    if before.as_ref() != Some(&fault) {
                        tracing::error!(%fault, "a pinned head");
                    }
                }
            }
        }
    }

    /// Whether the journal holds what this pin says. One that it does not meet is refused by the next start.
    fn met(&self, file: &Path) -> Result<(), Fault> {
        let pin = Pin::proven(file.to_owned(), &self.proof)?;
        if pin.head.0 == 0 || given_up(&self.data).contains(&pin.head) {
            return Ok(());
        }
        let (journal, options) = (
            self.data.join("journal"),
            Options::new(self.proof.identity()),
        );
        let held = pin.expectation().require(&journal, &options);
        held.map_err(of_journal)
    }
}

/// Whether the pin is in order, and the journal is what does not fit.
fn is_unmet(fault: &Fault) -> bool {
    fault.code() != UNUSABLE
}

/// The first of these in words, and how many there are beside it.
fn said<'a>(mut faults: impl Iterator<Item = &'a Fault>) -> Option<String> {
    let first = faults.next()?;
    let more = match faults.count() {
        0 => String::new(),
        count => format!(" ({count} more)"),
    };
    Some(format!(
        "not all that others hold against the journal is held against it: {first}{more}"
    ))
}

/// Looks at them again every few seconds, as long as there are any.
pub async fn watch(unread: Arc<Unread>, shutdown: Shutdown) {
    while unread.count() > 0 {
        tokio::select! {
            () = shutdown.wait() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        let looking = Arc::clone(&unread);
        tokio::select! {
            () = shutdown.wait() => return,
            _ = aside(move || looking.look_again()) => {}
        }
    }
}
