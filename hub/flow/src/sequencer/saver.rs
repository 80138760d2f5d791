//! Writes the state beside the hot path: one thread, one commit at a time.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use cordon_contract::Fault;
use cordon_journal::{Changes, State};

use crate::decide::tables::Handed;
use crate::fault::{THREAD, fault};
use crate::sequencer::unstored::Unstored;

/// What one save hands over.
pub(crate) struct Save {
    /// Brings the state to this entry.
    pub number: u64,
    /// Marks and forms.
    pub changes: Changes,
    /// Rows, not yet turned into bytes.
    pub rows: Handed,
    /// They are all there is.
    pub is_whole: bool,
}

fn note(trouble: &Mutex<Option<String>>, why: Option<String>) {
    *trouble.lock().unwrap_or_else(PoisonError::into_inner) = why;
}

/// The thread that commits states.
pub(crate) struct Saver {
    door: Option<SyncSender<Save>>,
    busy: Arc<AtomicBool>,
    /// The next save hands over all there is.
    whole: Arc<AtomicBool>,
    position: Arc<AtomicU64>,
    trouble: Arc<Mutex<Option<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Saver {
    /// Starts it over a store to which this is still to come.
    pub(crate) fn start(state: Arc<dyn State>, unstored: Unstored) -> Result<Self, Fault> {
        let (door, work) = sync_channel::<Save>(1);
        let busy = Arc::new(AtomicBool::new(false));
        let position = Arc::new(AtomicU64::new(0));
        let trouble = Arc::new(Mutex::new(None));
        let whole = Arc::new(AtomicBool::new(false));
        let (is_busy, stored) = (Arc::clone(&busy), Arc::clone(&position));
        let (why, wants_whole) = (Arc::clone(&trouble), Arc::clone(&whole));
        let mut unstored = unstored;
        let thread = std::thread::Builder::new()
            .name("cordon-state".into())
            .spawn(move || {
                let mut told = false;
                while let Ok(save) = work.recv() {
                    let number = save.number;
                    let committed = commit(&state, save, &mut unstored);
                    // What its disk does the state tells itself.
                    let failed = committed.as_ref().err().filter(|it| !it.is_of_disk);
                    note(&why, failed.map(|it| it.why.clone()));
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
                        Err(failed) if !std::mem::replace(&mut told, true) => {
                            tracing::error!(why = failed.why, "the state was not saved");
                        }
                        Err(failed) => tracing::debug!(why = failed.why, "the state was not saved"),
                    }
                    if unstored.is_too_much() {
                        wants_whole.store(true, Ordering::Release);
                    }
                    is_busy.store(false, Ordering::Release);
                }
            })
            .map_err(|error| fault(THREAD).log(format!("state thread: {error}")))?;
        Ok(Self {
            door: Some(door),
            busy,
            whole,
            position,
            trouble,
            thread: Some(thread),
        })
    }

    /// True while a commit is under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    /// Whether the next save must hand over all there is: too much of earlier ones is not stored.
    pub(crate) fn wants_whole(&self) -> bool {
        self.whole.load(Ordering::Acquire)
    }

    /// Hands over a commit.
    pub(crate) fn save(&self, save: Save) {
        self.busy.store(true, Ordering::Release);
        // Before it is handed over: the thread may say so again at once.
        self.whole.store(false, Ordering::Release);
        let door = self.door.as_ref();
        let sent = door.is_some_and(|door| door.try_send(save).is_ok());
        if !sent {
            // What was not handed over was taken all the same.
            self.whole.store(true, Ordering::Release);
            self.busy.store(false, Ordering::Release);
        }
    }

    /// Why the last commit came to nothing, when that is not the fault of the disk.
    pub(crate) fn trouble(&self) -> Option<String> {
        let held = self.trouble.lock();
        held.unwrap_or_else(PoisonError::into_inner).clone()
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

/// Why a save came to nothing.
struct Failed {
    why: String,
    is_of_disk: bool,
}

/// Turns rows into bytes and commits them with what was not stored before.
fn commit(state: &Arc<dyn State>, mut save: Save, unstored: &mut Unstored) -> Result<(), Failed> {
    let added = match save.is_whole {
        true => unstored.replace(save.rows),
        false => unstored.add(save.rows),
    };
    added.map_err(|fault| Failed {
        why: fault.log_text().to_owned(),
        is_of_disk: false,
    })?;
    unstored.fill(&mut save.changes);
    state.commit(&save.changes).map_err(|failure| Failed {
        why: failure.log_text(),
        is_of_disk: failure.is_of_disk(),
    })?;
    unstored.stored();
    Ok(())
}
