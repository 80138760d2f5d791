//! Checkpoints of the state beside the journal: when one is made, which one is trusted, and how a start goes on from it.

mod trusted;

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use cordon_flow::Audited;
use cordon_journal::checkpoint::{self, Checkpoint};
use cordon_journal::{JournalFault, Reader, State as _, StateStore};
use cordon_model::{AuditOutcome, Digest, PartyId, Timestamp};

use trusted::{Found, Seen, Trusted};

/// The action of the entry that names a checkpoint.
const ACTION: &str = "journal.checkpoint";
/// In the words of that entry, before what had surely passed, microseconds since 1970.
const SETTLED: &str = ", surely passed ";
/// Checkpoints kept.
const KEPT: usize = 2;
const SECONDS_PER_HOUR: i64 = 3_600;
const MICROS_PER_SECOND: i64 = 1_000_000;

/// What lies before it is not needed for a start.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bound {
    /// The entry that a checkpoint stands for.
    pub number: u64,
    /// What had surely passed when the journal named it, microseconds since 1970; of one that an earlier program named, the
    /// time of that entry.
    pub time: i64,
    /// It is what had surely passed.
    pub is_settled: bool,
}

/// The checkpoints of one park.
#[derive(Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    journal: PathBuf,
    identity: String,
    hours: u16,
    /// What was found of them; one that did not change is not read again.
    seen: Mutex<Seen>,
}

impl Checkpoints {
    /// Those beside the journal in `data`, one made every so many hours.
    pub fn of(data: &Path, identity: &str, hours: u16) -> Self {
        Self {
            folder: data.join("checkpoints"),
            journal: data.join("journal"),
            identity: identity.to_owned(),
            hours,
            seen: Mutex::default(),
        }
    }

    /// Makes one when the newest that the journal names is old enough and a segment was sealed since: without one a start would read that
    /// again. `None` when none is due, and when the hub lets its journal go meanwhile.
    pub fn next(
        &self,
        state: &Weak<StateStore>,
        reader: &Reader,
        now: Timestamp,
    ) -> Result<Option<Checkpoint>, JournalFault> {
        let found = self.found(reader)?;
        self.keep_newest(&found)?;
        let trusted = found.trusted;
        let is_old = |path: &Path| {
            let about = std::fs::metadata(path);
            let age = about.map(|about| now.micros() / MICROS_PER_SECOND - about.mtime());
            // One from the future says nothing of its age.
            age.is_ok_and(|age| age < 0 || age >= i64::from(self.hours) * SECONDS_PER_HOUR)
        };
        let after = match trusted.first() {
            Some(newest) if !is_old(&newest.made.path) => return Ok(None),
            Some(newest) => newest.made.position.0,
            None => 0,
        };
        if checkpoint::sealed(&self.journal)? <= after {
            return Ok(None);
        }
        let Some(state) = state.upgrade() else {
            return Ok(None);
        };
        // A hub that opens its journal again waits until nobody else holds the state.
        let goes_on = || Arc::strong_count(&state) > 1;
        checkpoint::save(state.as_ref(), &self.identity, &self.folder, &goes_on)
    }

    /// The entry that names a checkpoint, with what has surely passed.
    pub fn named(made: &Checkpoint, settled: Timestamp, actor: &PartyId) -> Audited {
        Audited {
            action: ACTION.to_owned(),
            actor: actor.clone(),
            target: Some(target(made)),
            outcome: AuditOutcome::Success,
            detail: Some(format!(
                "{}{} bytes{SETTLED}{}",
                digest(made),
                made.bytes,
                settled.micros()
            )),
        }
    }

    /// The journal could not name a checkpoint: it goes.
    pub fn drop_unnamed(&self, made: &Checkpoint) {
        remove(&made.path);
    }

    /// Those whose time is over go, and with them what was made before the newest and is named by nobody: a hub was ended in between.
    /// One of which the journal cannot say now whether it names it goes only when there are newer ones enough.
    fn keep_newest(&self, found: &Found) -> Result<(), JournalFault> {
        let trusted = &found.trusted;
        let Some(newest) = trusted.first() else {
            return Ok(());
        };
        let kept: Vec<&Path> = trusted.iter().take(KEPT).map(Trusted::path).collect();
        let oldest = trusted.get(KEPT - 1).map_or(0, |it| it.made.position.0);
        for (number, path) in checkpoint::list(&self.folder)? {
            let may_count = number >= oldest && found.unasked.contains(&path);
            if number <= newest.made.position.0 && !kept.contains(&path.as_path()) && !may_count {
                remove(&path);
            }
        }
        Ok(())
    }

    /// Whether a state that stands at this entry holds nothing, or less than the newest checkpoint: perhaps an older copy of it.
    pub fn is_newer(&self, position: u64) -> Result<bool, JournalFault> {
        let newest = checkpoint::list(&self.folder)?.into_iter().next();
        Ok(position == 0 || newest.is_some_and(|(number, _)| number > position))
    }

    /// Fills a state with the newest checkpoint that the journal names, in place of what it holds. The entry it stands for; `None` when there is none.
    ///
    /// # Errors
    /// The state's own, and those of the journal. A checkpoint that cannot be used is told in the log and passed over.
    pub fn fill(&self, state: &StateStore, reader: &Reader) -> Result<Option<u64>, JournalFault> {
        if state.position()?.0 == 0 {
            empty(state)?;
        }
        let Found {
            trusted, failed, ..
        } = self.look(reader)?;
        if let Some(fault) = failed {
            tracing::warn!(%fault, "a checkpoint is not used");
        }
        for Trusted { made, .. } in trusted {
            if made.position.0 <= state.position()?.0 {
                return Ok(None);
            }
            empty(state)?;
            match checkpoint::load(&made, state) {
                Ok(()) => return Ok(Some(made.position.0)),
                Err(fault) if fault.is_of_disk() => return Err(fault),
                Err(fault) => {
                    tracing::warn!(%fault, "a checkpoint is not used");
                    empty(state)?;
                }
            }
        }
        Ok(None)
    }

    /// The older of two checkpoints that the journal names; `None` while there are not two.
    pub fn bound(&self, reader: &Reader) -> Result<Option<Bound>, JournalFault> {
        let trusted = self.found(reader)?.trusted;
        Ok(trusted.get(KEPT - 1).map(|older| Bound {
            number: older.made.position.0,
            time: older.time,
            is_settled: older.is_settled,
        }))
    }

    /// What there is; none of it while the disk does not give all.
    fn found(&self, reader: &Reader) -> Result<Found, JournalFault> {
        let mut found = self.look(reader)?;
        found.failed.take().map_or(Ok(found), Err)
    }

    fn look(&self, reader: &Reader) -> Result<Found, JournalFault> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.find(&self.folder, &self.identity, reader)
    }
}

fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path) {
        tracing::warn!(%error, path = %path.display(), "a checkpoint that is not needed stays");
    }
}

/// Takes away what a start that was broken off filled in.
fn empty(state: &StateStore) -> Result<(), JournalFault> {
    let mut is_empty = true;
    state.each(&mut |_| {
        is_empty = false;
        Ok(false)
    })?;
    match is_empty {
        true => Ok(()),
        false => state.wipe(),
    }
}

fn target(made: &Checkpoint) -> String {
    format!("entry {}", made.position.0)
}

fn digest(made: &Checkpoint) -> String {
    format!("sha256 {}, ", Digest(made.digest))
}

#[cfg(test)]
mod tests;
