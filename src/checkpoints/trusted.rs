//! Which checkpoints are trusted: whole, of this park, and named by the journal that they stand in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cordon_contract::EntryKind;
use cordon_journal::checkpoint::{self, Checkpoint};
use cordon_journal::{JournalFault, Reader, Record};
use cordon_model::Body;
use cordon_wire::parse_message;

use super::{ACTION, SETTLED, digest, target};

/// Entries behind a checkpoint among which the one that names it is looked for.
const SOUGHT: u64 = 200_000;

/// A checkpoint that the journal names.
#[derive(Clone, Debug)]
pub(super) struct Trusted {
    pub(super) made: Checkpoint,
    /// What had surely passed when it was named, microseconds since 1970.
    pub(super) time: i64,
    /// The entry that names it says so; an earlier program did not, and its time may be far ahead.
    pub(super) is_settled: bool,
}

impl Trusted {
    pub(super) fn path(&self) -> &Path {
        &self.made.path
    }
}

/// Bytes of a file and when it was written: while both stay it is read no second time.
type Mark = (u64, SystemTime);

/// What the journal says of a file.
#[derive(Clone, Debug)]
enum Said {
    Named(Trusted),
    /// It names none such, or the file is none.
    Nothing,
    /// It cannot be asked now, and why: what it says lies in an archive that is away, perhaps.
    Unasked(Checkpoint, String),
}

/// What was found of the files in a folder when they were read.
#[derive(Debug, Default)]
pub(super) struct Seen(BTreeMap<PathBuf, (Mark, Said)>);

/// What lies in a folder.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The trusted ones, the newest first, each entry once.
    pub(super) trusted: Vec<Trusted>,
    /// Those of which the journal cannot say now whether it names them.
    pub(super) unasked: Vec<PathBuf>,
    /// Why the disk did not give another, if one it did not.
    pub(super) failed: Option<JournalFault>,
}

impl Seen {
    /// What lies in this folder. Why one is not used is said in the log when that is found.
    pub(super) fn find(
        &mut self,
        folder: &Path,
        identity: &str,
        reader: &Reader,
    ) -> Result<Found, JournalFault> {
        let mut before = std::mem::take(&mut self.0);
        let mut found = Found::default();
        for (_, path) in checkpoint::list(folder)? {
            let Some(mark) = mark(&path) else {
                continue;
            };
            let known = before.remove(&path).filter(|(of, _)| *of == mark);
            match look(&path, known.map(|(_, said)| said), identity, reader) {
                Ok(said) => drop(self.0.insert(path, (mark, said))),
                // A disk may give later what it does not give now.
                Err(fault) => found.failed = Some(fault),
            }
        }
        for (path, (_, said)) in &self.0 {
            match said {
                Said::Named(trusted) => found.trusted.push(trusted.clone()),
                Said::Unasked(..) => found.unasked.push(path.clone()),
                Said::Nothing => {}
            }
        }
        let trusted = &mut found.trusted;
        trusted.sort_by_key(|it| std::cmp::Reverse(it.made.position));
        trusted.dedup_by_key(|it| it.made.position);
        Ok(found)
    }
}

fn mark(path: &Path) -> Option<Mark> {
    let about = std::fs::metadata(path).ok()?;
    Some((about.len(), about.modified().ok()?))
}

/// What the journal says of a file. What it said before it is not asked again.
///
/// # Errors
/// The disk does not give all.
fn look(
    path: &Path,
    known: Option<Said>,
    identity: &str,
    reader: &Reader,
) -> Result<Said, JournalFault> {
    let (made, before) = match known {
        Some(Said::Unasked(made, why)) => (Ok(made), Some(why)),
        Some(said) => return Ok(said),
        None => (checkpoint::read(path), None),
    };
    let made = match made {
        Ok(made) => made,
        Err(fault) if fault.is_of_disk() => return Err(fault),
        Err(fault) => {
            tracing::warn!(%fault, "a checkpoint is not used");
            return Ok(Said::Nothing);
        }
    };
    match named(&made, identity, reader) {
        Ok(Some((time, is_settled))) => Ok(Said::Named(Trusted {
            made,
            time,
            is_settled,
        })),
        Ok(None) => {
            tracing::warn!(path = %path.display(), "the journal does not name this checkpoint, which is not used");
            Ok(Said::Nothing)
        }
        Err(fault) if fault.is_of_disk() => Err(fault),
        Err(fault) => {
            let why = fault.to_string();
            if before.as_ref() != Some(&why) {
                tracing::warn!(%fault, path = %path.display(), "whether the journal names this checkpoint cannot be said now: it is not used, and stays");
            }
            Ok(Said::Unasked(made, why))
        }
    }
}

/// What had surely passed when the journal named a checkpoint, and whether it says so; `None` when it does not name it.
fn named(
    made: &Checkpoint,
    identity: &str,
    reader: &Reader,
) -> Result<Option<(i64, bool)>, JournalFault> {
    let (number, chain) = made.position;
    if made.identity != identity || reader.get(number)?.is_none_or(|it| it.chain != chain) {
        return Ok(None);
    }
    for record in reader.read_range(number + 1, number.saturating_add(SOUGHT))? {
        let record = record?;
        if let Some(detail) = words_naming(&record, made) {
            // An earlier program did not say. The entry's time may be far ahead, but is never less.
            let settled = settled_in(&detail);
            let time = settled.unwrap_or(record.time_micros);
            return Ok(Some((time, settled.is_some())));
        }
    }
    Ok(None)
}

/// The words of an entry of the hub's own, if it names this checkpoint.
fn words_naming(record: &Record, made: &Checkpoint) -> Option<String> {
    if record.kind != EntryKind::Audit.number() || record.label != ACTION {
        return None;
    }
    let Body::AuditEvent(said) = parse_message(&record.body).ok()?.body else {
        return None;
    };
    let is_named = said.target.as_deref() == Some(&target(made));
    said.detail
        .filter(|detail| is_named && detail.starts_with(&digest(made)))
}

/// What such words say has surely passed.
fn settled_in(detail: &str) -> Option<i64> {
    detail.split_once(SETTLED)?.1.parse().ok()
}
