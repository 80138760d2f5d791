//! Writes the state beside the hot path: one thread, one commit at a time.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use cordon_contract::Fault;
use cordon_journal::{Changes, JournalFault, State};

use crate::fault::{THREAD, fault};

fn note(trouble: &Mutex<Option<String>>, why: Option<String>) {
    *trouble.lock().unwrap_or_else(PoisonError::into_inner) = why;
}

/// The thread that commits states.
pub(crate) struct Saver {
    door: Option<SyncSender<(u64, Changes)>>,
    busy: Arc<AtomicBool>,
    position: Arc<AtomicU64>,
    trouble: Arc<Mutex<Option<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Saver {
    /// Starts it.
    pub(crate) fn start(state: Arc<dyn State>) -> Result<Self, Fault> {
        let (door, work) = sync_channel::<(u64, Changes)>(1);
        let busy = Arc::new(AtomicBool::new(false));
        let position = Arc::new(AtomicU64::new(0));
        let trouble = Arc::new(Mutex::new(None));
        let (is_busy, stored) = (Arc::clone(&busy), Arc::clone(&position));
        let why = Arc::clone(&trouble);
        let thread = std::thread::Builder::new()
            .name("cordon-state".into())
            .spawn(move || {
                let mut told = false;
                while let Ok((number, changes)) = work.recv() {
                    let committed = state.commit(&changes);
                    // What its disk does the state tells itself.
                    let failed = committed.as_ref().err().filter(|it| !it.is_of_disk());
                    note(&why, failed.map(JournalFault::log_text));
                    match committed {
                        Ok(()) => {
                            if std::mem::take(&mut told) {
                                tracing::warn!(number, "the state is saved again");
                            }
                            stored.store(number, Ordering::Release);
                        }
                        // The state is rebuildable, and read as it stands: an older one makes the next
                        // start longer, and the journal is not waited for.
                        // Said once, not at each try: the log may lie on the disk that is full.
                        Err(failure) if !std::mem::replace(&mut told, true) => {
                            tracing::error!(%failure, "the state was not saved");
                        }
                        Err(failure) => tracing::debug!(%failure, "the state was not saved"),
                    }
                    is_busy.store(false, Ordering::Release);
                }
            })
            .map_err(|error| fault(THREAD).log(format!("state thread: {error}")))?;
        Ok(Self {
            door: Some(door),
            busy,
            position,
            trouble,
            thread: Some(thread),
        })
    }

    /// True while a commit is under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    /// Hands over a commit that brings the state to `number`.
    pub(crate) fn save(&self, number: u64, changes: Changes) {
        self.busy.store(true, Ordering::Release);
        let sent = self
            .door
            .as_ref()
            .is_some_and(|door| door.try_send((number, changes)).is_ok());
        if !sent {
            self.busy.store(false, Ordering::Release);
        }
    }

    /// Why the last commit came to nothing, when that is not the fault of the disk.
    pub(crate) fn trouble(&self) -> Option<String> {
        let held = self.trouble.lock();
        held.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Nothing could be handed over.
    pub(crate) fn has_nothing(&self, why: &Fault) {
        note(&self.trouble, Some(why.log_text().to_owned()));
    }

    /// The position of the last stored state; 0 before the first.
    pub(crate) fn position(&self) -> u64 {
        self.position.load(Ordering::Acquire)
    }

    /// Waits for the commit under way and ends the thread. One that hangs with its disk is left to itself: it
    /// ends when the disk answers, and emergencies do not wait for that.
    pub(crate) fn finish(&mut self, patience: Duration) {
        self.door = None;
        let Some(thread) = self.thread.take() else {
            return;
        };
        let begun = Instant::now();
        while !thread.is_finished() {
            if begun.elapsed() > patience {
                tracing::error!("the state is still being saved, its disk does not answer");
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        if thread.join().is_err() {
            tracing::error!("the state thread panicked");
        }
    }
}
