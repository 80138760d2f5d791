//! What a running hub does for its journal beside writing it: makes checkpoints, packs old segments, and moves them to the archive.

mod away;
mod keeper;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use cordon_contract::{begin_aside, disk_hangs};
use cordon_flow::Reach;
use cordon_journal::checkpoint::Checkpoint;
use cordon_journal::{
    Archiver, Forgetter, Journal, JournalFault, Moved, Old, Packed, Packer, Reader, StateStore,
};
use cordon_model::Timestamp;
use tokio::sync::oneshot;

use crate::checkpoints::Checkpoints;
use crate::config::ParkConfig;
use crate::forgetting::{Begun, Due, Ended, Forgetting, MarksFile, Notes, Ready};

use away::{Said, UnlessAway};
pub use keeper::keep;
#[cfg(test)]
pub use keeper::keep_now;

/// Reasons that are remembered as said.
const SAID_MAX: usize = 32;

/// Packs and moves the segments of whichever journal the hub writes now.
pub struct Keeping {
    pack_days: u16,
    archive: Option<PathBuf>,
    archive_days: u16,
    checkpoints: Checkpoints,
    forgetting: Forgetting,
    marks: MarksFile,
    /// What was forgotten by hand and is not journaled yet.
    notes: Notes,
    /// Reads the journal with its archive.
    reader: Reader,
    /// Of the journal that was opened last; who works is not waited for by who opens another.
    hands: Mutex<Option<Arc<Mutex<Hands>>>>,
    /// What was said, which is not said again.
    said: Mutex<BTreeSet<String>>,
    /// What is said of an archive whose disk gave no answer at the start, until it does.
    silent: Said,
}

/// What works on the journal that is open.
struct Hands {
    packer: Packer,
    archiver: Option<Archiver>,
    forgetter: Forgetter,
    /// The hub alone holds it.
    state: Weak<StateStore>,
}

/// What was taken care of, or is to be.
enum Kept {
    ToForget(Due),
    Checkpoint(Checkpoint),
    Packed(Packed),
    Moved(Moved),
}

impl Keeping {
    /// By the rules of a park, on no journal yet.
    pub fn by(config: &ParkConfig) -> Arc<Self> {
        let rules = &config.retention;
        let identity = format!("{}/{}", config.plan.code, config.hub.id);
        let hours = rules.checkpoint_hours;
        let journal = config.hub.data.join("journal");
        let silent = until_it_answers(config);
        let disk = UnlessAway::of(&journal, rules.archive.as_deref(), &silent);
        Arc::new(Self {
            pack_days: rules.pack_days,
            archive: rules.archive.clone(),
            archive_days: rules.archive_days,
            checkpoints: Checkpoints::of(&config.hub.data, &identity, hours),
            forgetting: Forgetting::of(rules, &config.hub.data),
            marks: MarksFile::of(&config.hub.data),
            notes: Notes::of(&config.hub.data),
            reader: Reader::of(disk, journal, identity).with_archive(rules.archive.as_deref()),
            hands: Mutex::default(),
            said: Mutex::default(),
            silent,
        })
    }

    /// Reads the journal with its archive; one that does not answer is not waited for where nothing is missing.
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// Why nothing is moved to the archive, where its disk did not answer at the start and does not yet.
    pub fn silent(&self) -> Option<String> {
        let silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        silent.clone()
    }

    /// The folder that older segments are moved to.
    pub fn archive(&self) -> Option<PathBuf> {
        self.archive.clone()
    }

    /// The checkpoints beside the journal.
    pub fn checkpoints(&self) -> &Checkpoints {
        &self.checkpoints
    }

    /// The hub writes this journal, and this state, from now on.
    pub fn takes(&self, journal: &Journal, state: Weak<StateStore>) {
        let hands = Hands {
            state,
            forgetter: journal.forgetter(self.archive.as_deref()),
            packer: journal.packer(),
            archiver: self.archive.as_deref().map(|it| journal.archiver(it)),
        };
        let hands = Some(Arc::new(Mutex::new(hands)));
        *self.hands.lock().unwrap_or_else(PoisonError::into_inner) = hands;
    }

    fn hands(&self) -> Option<Arc<Mutex<Hands>>> {
        let hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
        hands.clone()
    }

    /// The next checkpoint that is due by this clock, or segment that is old enough where the journal stands: no clock says
    /// how old anything is. `None` when there is none.
    fn next(&self, now: Timestamp, reach: Reach) -> Result<Option<Kept>, JournalFault> {
        let Some(hands) = self.hands() else {
            return Ok(None);
        };
        let mut hands = hands.lock().unwrap_or_else(PoisonError::into_inner);
        match self.checkpoints.next(&hands.state, &self.reader, now) {
            Ok(Some(made)) => return Ok(Some(Kept::Checkpoint(made))),
            Ok(None) => {}
            // What keeps one from being made keeps no segment from being packed.
            Err(fault) => self.failed(&fault),
        }
        let days = [self.pack_days, self.archive_days, self.forgetting.longest()];
        let longest = days.into_iter().max().unwrap_or_default();
        let (ages, kept) = self.marks.ages(reach, longest);
        if let Err(fault) = kept {
            self.failed(&fault);
        }
        let packed = self.pack_next(&mut hands.packer, ages.older(self.pack_days));
        if let Ok(Some(packed)) = packed {
            return Ok(Some(Kept::Packed(packed)));
        }
        // What cannot be packed, for want of room perhaps, keeps nothing from the archive that is; and neither keeps anything from being forgotten.
        let archiver = hands.archiver.as_mut();
        let moved = archiver.map(|it| it.archive_next(ages.older(self.archive_days)));
        let moved = moved.transpose().map(Option::flatten);
        if let Ok(Some(moved)) = moved {
            return Ok(Some(Kept::Moved(moved)));
        }
        for fault in packed.err().into_iter().chain(moved.err()) {
            self.failed(&fault);
        }
        let bound = || self.checkpoints.bound(&self.reader);
        let due = self.forgetting.due(&hands.forgetter, &ages, &bound)?;
        Ok(due.map(Kept::ToForget))
    }

    /// Packs the next that can be: so what is not packed behind one that is damaged is no less due for that.
    fn pack_next(&self, packer: &mut Packer, old: Old) -> Result<Option<Packed>, JournalFault> {
        let mut last = None;
        loop {
            match packer.pack_next(old) {
                // It is passed over: the next call goes on behind it, or fails for another reason than that one segment.
                Err(fault) if !fault.is_of_disk() && last != Some(fault.to_string()) => {
                    self.failed(&fault);
                    last = Some(fault.to_string());
                }
                packed => return packed,
            }
        }
    }

    /// Makes ready to be forgotten what is due.
    fn begin(&self, due: Due) -> Result<Begun, JournalFault> {
        let Some(hands) = self.hands() else {
            return Ok(Begun::Nothing);
        };
        let mut hands = hands.lock().unwrap_or_else(PoisonError::into_inner);
        self.forgetting.begin(&mut hands.forgetter, due)
    }

    /// Forgets what was made ready; none while no journal is open.
    fn end(&self, ready: Box<Ready>) -> Result<Option<Ended>, JournalFault> {
        let Some(hands) = self.hands() else {
            return Ok(None);
        };
        let mut hands = hands.lock().unwrap_or_else(PoisonError::into_inner);
        self.forgetting.end(&mut hands.forgetter, ready).map(Some)
    }

    /// What is to be forgotten and cannot go, in words.
    pub fn stuck(&self) -> Vec<String> {
        self.forgetting.stuck()
    }

    /// Does the next on a thread of its own: the end of the program does not wait for an archive that hangs. What is half
    /// there then is no segment.
    fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (answer, asked) = oneshot::channel();
        let keeping = Arc::clone(self);
        let work = move || {
            // Nobody waits when the hub has ended.
            let _ = answer.send(work(&keeping));
        };
        // Without a thread nothing is answered, which is told.
        let _ = std::thread::Builder::new()
            .name("journal-keeping".to_owned())
            .spawn(work);
        asked
    }

    /// Says in the log why nothing is packed or moved, once for each reason.
    fn failed(&self, fault: &JournalFault) {
        let words = fault.to_string();
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() >= SAID_MAX {
            said.clear();
        }
        if said.insert(words) {
            tracing::error!(%fault, "the journal is not kept by its rules");
        }
    }
}

/// What is said of the archive while it does not answer: a thread of its own waits for it, and nobody else. Whoever packs and moves
/// waits for it too, on his own.
fn until_it_answers(config: &ParkConfig) -> Said {
    let archive = config.retention.archive.as_ref();
    let Some(archive) = archive.filter(|it| config.silent.holds(it)).cloned() else {
        return Arc::default();
    };
    let fault = disk_hangs(&archive);
    tracing::error!(%fault, "the archive; the park starts all the same, and nothing is moved to it until it answers");
    let silent = Arc::new(Mutex::new(Some(fault.to_string())));
    let answers = Arc::clone(&silent);
    let waiting = begin_aside(move || {
        // Whatever it says, it answers.
        let _ = std::fs::metadata(&archive).and_then(|_| std::fs::read_dir(&archive));
        *answers.lock().unwrap_or_else(PoisonError::into_inner) = None;
    });
    if let Err(error) = waiting {
        tracing::warn!(%error, "there is no thread to wait for the archive");
    }
    silent
}
