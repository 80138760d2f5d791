//! Which checkpoints are trusted: whole, of this park, and named by the journal that they stand in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cordon_contract::EntryKind;
use cordon_journal::checkpoint::{self, Checkpoint};
use cordon_journal::{JournalFault, Reader, Record};
use cordon_model::Body;
use cordon_wire::parse_message;

use super::{ACTION, digest, target};

/// Entries behind a checkpoint among which the one that names it is looked for.
const SOUGHT: u64 = 200_000;

/// A checkpoint that the journal names.
#[derive(Clone, Debug)]
pub(super) struct Trusted {
    pub(super) made: Checkpoint,
    /// When it was named, microseconds since 1970.
    pub(super) time: i64,
}

impl Trusted {
    pub(super) fn path(&self) -> &Path {
        &self.made.path
    }
}

/// Bytes of a file and when it was written: while both stay it is read no second time.
type Mark = (u64, SystemTime);

/// What was found of the files in a folder when they were read.
#[derive(Debug, Default)]
pub(super) struct Seen(BTreeMap<PathBuf, (Mark, Option<Trusted>)>);

impl Seen {
    /// The trusted ones, the newest first, each entry once, and why the disk did not give another, if one it did not. Why one is not used
    /// is said in the log when it is read.
    pub(super) fn trusted(
        &mut self,
        folder: &Path,
        identity: &str,
        reader: &Reader,
    ) -> Result<(Vec<Trusted>, Option<JournalFault>), JournalFault> {
        let mut before = std::mem::take(&mut self.0);
        let mut failed = None;
        for (_, path) in checkpoint::list(folder)? {
            let Some(mark) = mark(&path) else {
                continue;
            };
            let known = before.remove(&path).filter(|(of, _)| *of == mark);
            let is = match known {
                Some((_, is)) => is,
                None => match look(&path, identity, reader) {
                    Ok(is) => is,
                    // A disk may give later what it does not give now.
                    Err(fault) if fault.is_of_disk() => {
                        failed = Some(fault);
                        continue;
                    }
                    Err(fault) => {
                        tracing::warn!(%fault, "a checkpoint is not used");
                        None
                    }
                },
            };
            self.0.insert(path, (mark, is));
        }
        let trusted = self.0.values().filter_map(|(_, is)| is.clone());
        let mut trusted: Vec<Trusted> = trusted.collect();
        trusted.sort_by_key(|it| std::cmp::Reverse(it.made.position));
        trusted.dedup_by_key(|it| it.made.position);
        Ok((trusted, failed))
    }
}

fn mark(path: &Path) -> Option<Mark> {
    let about = std::fs::metadata(path).ok()?;
    Some((about.len(), about.modified().ok()?))
}

/// A file as the journal knows it; `None` when it names none such.
fn look(path: &Path, identity: &str, reader: &Reader) -> Result<Option<Trusted>, JournalFault> {
    let made = checkpoint::read(path)?;
    let (number, chain) = made.position;
    let stands = reader.get(number)?.is_some_and(|it| it.chain == chain);
    if made.identity == identity && stands {
        for record in reader.read_range(number + 1, number.saturating_add(SOUGHT))? {
            let record = record?;
            if names(&record, &made) {
                let time = record.time_micros;
                return Ok(Some(Trusted { made, time }));
            }
        }
    }
    tracing::warn!(path = %path.display(), "the journal does not name this checkpoint, which is not used");
    Ok(None)
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
