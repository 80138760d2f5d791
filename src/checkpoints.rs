//! Checkpoints of the state beside the journal: when one is made, which one is trusted, and how a start goes on from it.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use cordon_contract::EntryKind;
use cordon_flow::Audited;
use cordon_journal::checkpoint::{self, Checkpoint};
use cordon_journal::{JournalFault, Reader, Record, State as _, StateStore};
use cordon_model::{AuditOutcome, Body, Digest, PartyId, Timestamp};
use cordon_wire::parse_message;

/// The action of the entry that names a checkpoint.
const ACTION: &str = "journal.checkpoint";
/// Checkpoints kept.
const KEPT: usize = 2;
/// Entries behind a checkpoint among which the one that names it is looked for.
const SOUGHT: u64 = 200_000;
const SECONDS_PER_HOUR: i64 = 3_600;
const MICROS_PER_SECOND: i64 = 1_000_000;

/// What lies before it is not needed for a start.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bound {
    /// The entry that a checkpoint stands for.
    pub number: u64,
    /// When the journal named it, microseconds since 1970.
    pub time: i64,
}

/// The checkpoints of one park.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    journal: PathBuf,
    identity: String,
    hours: u16,
}

impl Checkpoints {
    /// Those beside the journal in `data`, one made every so many hours.
    pub fn of(data: &Path, identity: &str, hours: u16) -> Self {
        Self {
            folder: data.join("checkpoints"),
            journal: data.join("journal"),
            identity: identity.to_owned(),
            hours,
        }
    }

    /// Makes one when the newest is old enough and a segment was sealed since: without one a start would read that again. `None`
    /// when none is due, and when the hub lets its journal go meanwhile.
    pub fn next(
        &self,
        state: &Weak<StateStore>,
        now: Timestamp,
    ) -> Result<Option<Checkpoint>, JournalFault> {
        let newest = checkpoint::list(&self.folder)?.into_iter().next();
        let is_old = |path: &Path| {
            let about = std::fs::metadata(path);
            let age = about.map(|about| now.micros() / MICROS_PER_SECOND - about.mtime());
            // One from the future says nothing of its age.
            age.is_ok_and(|age| age < 0 || age >= i64::from(self.hours) * SECONDS_PER_HOUR)
        };
        let after = match &newest {
            Some((_, path)) if !is_old(path) => return Ok(None),
            Some((number, _)) => *number,
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

    /// The entry that names a checkpoint.
    pub fn named(made: &Checkpoint, actor: &PartyId) -> Audited {
        Audited {
            action: ACTION.to_owned(),
            actor: actor.clone(),
            target: Some(target(made)),
            outcome: AuditOutcome::Success,
            detail: Some(format!("{}{} bytes", digest(made), made.bytes)),
        }
    }

    /// A checkpoint is named in the journal, or could not be: older ones go, or it does.
    pub fn settle(&self, made: &Checkpoint, is_named: bool) {
        let gone = match is_named {
            true => {
                let known = checkpoint::list(&self.folder).unwrap_or_default();
                let older = known.into_iter().skip(KEPT).map(|(_, path)| path);
                older.collect()
            }
            false => vec![made.path.clone()],
        };
        for path in gone {
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::warn!(%error, path = %path.display(), "a checkpoint that is not needed stays");
            }
        }
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
        for (_, path) in checkpoint::list(&self.folder)? {
            let made = match self.trusted(&path, reader) {
                Ok(Some((made, _))) => made,
                Ok(None) => {
                    tracing::warn!(path = %path.display(), "the journal does not name this checkpoint, which is not used");
                    continue;
                }
                Err(fault) => {
                    tracing::warn!(%fault, "a checkpoint is not used");
                    continue;
                }
            };
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
        let mut named = Vec::new();
        for (number, path) in checkpoint::list(&self.folder)? {
            if let Ok(Some((_, time))) = self.trusted(&path, reader) {
                named.push(Bound { number, time });
            }
        }
        Ok(named.get(KEPT - 1).copied())
    }

    /// A checkpoint that is whole, of this park, and named by the journal that it stands in; and when that was.
    fn trusted(
        &self,
        path: &Path,
        reader: &Reader,
    ) -> Result<Option<(Checkpoint, i64)>, JournalFault> {
        let made = checkpoint::read(path)?;
        let (number, chain) = made.position;
        let stands = reader.get(number)?.is_some_and(|it| it.chain == chain);
        if made.identity != self.identity || !stands {
            return Ok(None);
        }
        for record in reader.read_range(number + 1, number.saturating_add(SOUGHT))? {
            let record = record?;
            if names(&record, &made) {
                return Ok(Some((made, record.time_micros)));
            }
        }
        Ok(None)
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

/// Whether an entry of the hub's own names this checkpoint.
fn names(record: &Record, made: &Checkpoint) -> bool {
    if record.kind != EntryKind::Audit.number() || record.label != ACTION {
        return false;
    }
    let Ok(message) = parse_message(&record.body) else {
        return false;
    };
    let Body::AuditEvent(said) = message.body else {
        return false;
    };
    said.target.as_deref() == Some(&target(made))
        && said
            .detail
            .is_some_and(|detail| detail.starts_with(&digest(made)))
}
