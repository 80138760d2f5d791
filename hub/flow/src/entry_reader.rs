//! Entries from the journal, for reports, export, pull, console and replay.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use cordon_contract::{Entry, EntryKind, Fault};
use cordon_journal::{Reader, Record, Records};
use cordon_model::Digest;

use crate::draft::Draft;
use crate::entry_codec::{ParsedSubmission, draft_of, entry_of, is_part, refused_raw};
use crate::fault::{UNREADABLE, fault, of_journal};

/// Parsed submissions kept at once.
const PARSED_MAX: usize = 16;

/// Parsed submissions by number, oldest first.
type Recent = VecDeque<(u64, Arc<ParsedSubmission>)>;

/// Reads entries. Cheap to clone; clones share the parsed submissions. Blocks on the disk: use it
/// from a blocking thread.
#[derive(Clone)]
pub struct EntryReader {
    journal: Reader,
    parsed: Arc<Mutex<Recent>>,
}

/// An entry with the record and the bytes behind it.
#[derive(Clone, Debug)]
pub struct StoredEntry {
    /// The entry.
    pub entry: Entry,
    /// The record as it stands in the journal, with its chain hash.
    pub record: Record,
    submission: Option<Arc<ParsedSubmission>>,
}

impl StoredEntry {
    /// The chain hash up to and including this entry.
    pub fn chain(&self) -> Digest {
        Digest(self.record.chain)
    }

    /// The bytes as their sender signed them: of the submission for a submission and its parts;
    /// `None` for what the hub sealed.
    pub fn signed_bytes(&self) -> Option<Bytes> {
        match (&self.submission, self.entry.kind) {
            (Some(submission), _) => Some(submission.bytes().clone()),
            (None, EntryKind::Submission) => Some(self.record.body.clone()),
            _ => None,
        }
    }

    /// The message's canonical XML; `None` for a submission and a tick.
    pub fn message_xml(&self) -> Result<Option<Bytes>, Fault> {
        match (&self.submission, self.entry.kind) {
            (Some(submission), _) => submission.canonical(self.record.part).map(Some),
            (None, EntryKind::Submission | EntryKind::Tick) => Ok(None),
            (None, EntryKind::Refused) => {
                Ok(Some(self.record.body.slice(
                    ..usize::from(self.record.part).min(self.record.body.len()),
                )))
            }
            _ => Ok(Some(self.record.body.clone())),
        }
    }

    /// The bytes that were refused (at most 64 KiB of them); `None` unless this is a refusal.
    pub fn refused_bytes(&self) -> Option<Bytes> {
        (self.entry.kind == EntryKind::Refused).then(|| refused_raw(&self.record))
    }
}

impl EntryReader {
    /// Reads the journal in `dir`.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, Fault> {
        Ok(Self::over(
            Reader::open(dir).map_err(|failure| of_journal(&failure))?,
        ))
    }

    /// Reads through a journal reader.
    pub fn over(journal: Reader) -> Self {
        Self {
            journal,
            parsed: Arc::default(),
        }
    }

    /// The journal reader underneath.
    pub fn journal(&self) -> &Reader {
        &self.journal
    }

    /// The last entry's number and chain hash; (0, genesis) when there is none.
    pub fn position(&self) -> Result<(u64, Digest), Fault> {
        let (number, chain) = self
            .journal
            .position()
            .map_err(|failure| of_journal(&failure))?;
        Ok((number, Digest(chain)))
    }

    /// One entry; `None` when it is not written yet.
    pub fn get(&self, number: u64) -> Result<Option<StoredEntry>, Fault> {
        let record = self
            .journal
            .get(number)
            .map_err(|failure| of_journal(&failure))?;
        record.map(|record| self.stored(record)).transpose()
    }

    /// Entries from `number` on, up to the present end; asked again later it goes on.
    pub fn read_from(&self, number: u64) -> Result<Entries, Fault> {
        self.read_range(number, u64::MAX)
    }

    /// Entries `from` to `to`, both included.
    pub fn read_range(&self, from: u64, to: u64) -> Result<Entries, Fault> {
        let records = self
            .journal
            .read_range(from, to)
            .map_err(|failure| of_journal(&failure))?;
        Ok(Entries {
            reader: self.clone(),
            records,
        })
    }

    fn stored(&self, record: Record) -> Result<StoredEntry, Fault> {
        let submission = match is_part(&record) {
            true => Some(self.submission(record.cause)?),
            false => None,
        };
        let draft = self.draft(&record, submission.as_ref())?;
        Ok(StoredEntry {
            entry: entry_of(&record, &draft),
            record,
            submission,
        })
    }

    fn draft(
        &self,
        record: &Record,
        known: Option<&Arc<ParsedSubmission>>,
    ) -> Result<Draft, Fault> {
        draft_of(record, |number| match known {
            Some(submission) => Ok(Arc::clone(submission)),
            None => self.submission(number),
        })
    }

    /// The draft behind a record, for restart and replay.
    pub(crate) fn draft_of(&self, record: &Record) -> Result<Draft, Fault> {
        self.draft(record, None)
    }

    /// Remembers a submission that was just read, so that its parts need not look for it.
    pub(crate) fn note(&self, record: &Record) -> Result<(), Fault> {
        if record.kind == EntryKind::Submission.number() {
            let parsed = Arc::new(ParsedSubmission::parse(record.body.clone())?);
            self.keep(record.number, parsed);
        }
        Ok(())
    }

    fn keep(&self, number: u64, parsed: Arc<ParsedSubmission>) {
        let mut kept = self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= PARSED_MAX {
            kept.pop_front();
        }
        kept.push_back((number, parsed));
    }

    fn submission(&self, number: u64) -> Result<Arc<ParsedSubmission>, Fault> {
        {
            let kept = self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, parsed)) = kept.iter().find(|(known, _)| *known == number) {
                return Ok(Arc::clone(parsed));
            }
        }
        let record = self
            .journal
            .get(number)
            .map_err(|failure| of_journal(&failure))?;
        let record = record
            .filter(|record| record.kind == EntryKind::Submission.number())
            .ok_or_else(|| fault(UNREADABLE).log(format!("entry {number} is no submission")))?;
        let parsed = Arc::new(ParsedSubmission::parse(record.body)?);
        self.keep(number, Arc::clone(&parsed));
        Ok(parsed)
    }
}

/// Entries in order; `None` means the present end.
pub struct Entries {
    reader: EntryReader,
    records: Records,
}

impl Iterator for Entries {
    type Item = Result<StoredEntry, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = match self.records.next()? {
            Ok(record) => record,
            Err(failure) => return Some(Err(of_journal(&failure))),
        };
        if let Err(fault) = self.reader.note(&record) {
            return Some(Err(fault));
        }
        Some(self.reader.stored(record))
    }
}
