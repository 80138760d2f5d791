//! Entries from the journal, for reports, export, pull, console and replay.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use cordon_contract::{EntryKind, Fault, type_in_label};
use cordon_journal::{FaultKind, Nearby, Reader, Record, Records};
use cordon_model::{Digest, MessageType};

use crate::decide::draft::Draft;
use crate::decide::entry_codec::{Trouble, draft_of, entry_of, is_part};
use crate::decide::mark::{Mark, Marks};
use crate::decide::stored_entry::StoredEntry;
use crate::decide::submission::ParsedSubmission;
use crate::fault::{UNREADABLE, fault, of_journal};
use crate::watch::in_order::InOrder;

/// Parsed submissions kept at once.
const PARSED_MAX: usize = 16;

/// Parsed submissions by number, oldest first, and those that cannot be read.
type Recent = VecDeque<(u64, Result<Arc<ParsedSubmission>, Fault>)>;

/// Reads entries. Cheap to clone; clones share the parsed submissions and the marks. Blocks on the
/// disk: use it from a blocking thread.
#[derive(Clone)]
pub struct EntryReader {
    journal: Reader,
    parsed: Arc<Mutex<Recent>>,
    marks: Marks,
}

/// A record on its way back to an entry, for whoever steps the journal.
pub(crate) enum Reread {
    /// The draft it was made from, and the mark of a form that is refused today.
    Read(Box<Draft>, Option<Mark>),
    /// It cannot be read.
    Unreadable(Mark),
    /// What it said has expired.
    Expired,
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
            marks: Marks::default(),
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

    /// The number of the first entry that is kept; `None` when there is none.
    pub fn first(&self) -> Result<Option<u64>, Fault> {
        let first = self.journal.first();
        first.map_err(|failure| of_journal(&failure))
    }

    /// One entry; `None` when it is not written yet.
    ///
    /// # Errors
    /// `F012` when it stands there and cannot be read, `F096` when what it said has expired.
    pub fn get(&self, number: u64) -> Result<Option<StoredEntry>, Fault> {
        let record = self
            .journal
            .get(number)
            .map_err(|failure| of_journal(&failure))?;
        let stored = record.map(|record| self.stored(record)).transpose();
        stored.map_err(Into::into)
    }

    /// The entries that the readings so far have marked: those that cannot be read, and those of a
    /// form that is refused today. At most 1,000.
    pub fn marks(&self) -> Vec<Mark> {
        self.marks.all()
    }

    /// Why this record is marked; `None` for a record as this program writes it.
    pub fn mark_of(&self, record: &Record) -> Result<Option<Mark>, Fault> {
        Ok(match self.reread(record)? {
            Reread::Read(_, mark) => mark,
            Reread::Unreadable(mark) => Some(mark),
            Reread::Expired => None,
        })
    }

    /// Whether what this record says has expired, itself or with the submission that it came in.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn has_expired(&self, record: &Record) -> Result<bool, Fault> {
        if record.is_expired() || !is_part(record) {
            return Ok(record.is_expired());
        }
        match self.submission(record.cause) {
            Err(Trouble::Expired) => Ok(true),
            Err(Trouble::Journal(fault)) => Err(fault),
            Ok(_) | Err(Trouble::Unreadable(_)) => Ok(false),
        }
    }

    /// Entries from `number` on, up to the present end; asked again later it goes on.
    pub fn read_from(&self, number: u64) -> Result<Entries, Fault> {
        self.read_range(number, u64::MAX)
    }

    /// Entries `from` to `to`, both included. An entry that cannot be read is left out; it stands
    /// among [`EntryReader::marks`]. So is one that has expired, which is none of them.
    pub fn read_range(&self, from: u64, to: u64) -> Result<Entries, Fault> {
        let records = self
            .journal
            .read_range(from, to)
            .map_err(|failure| of_journal(&failure))?;
        Ok(Entries {
            reader: self.clone(),
            records,
            expired: Expired::default(),
        })
    }

    /// For records that come in order, each submission of which is to be parsed once.
    pub fn in_order(&self) -> InOrder {
        InOrder::over(self)
    }

    /// For many single entries in the order of their numbers.
    pub(crate) fn nearby(&self) -> NearbyEntries {
        NearbyEntries {
            reader: self.clone(),
            records: self.journal.nearby(),
        }
    }

    fn stored(&self, record: Record) -> Result<StoredEntry, Trouble> {
        self.note(&record)?;
        let submission = match is_part(&record) {
            true => Some(self.submission(record.cause)?),
            false => None,
        };
        let draft = draft_of(&record, |number| match &submission {
            Some(submission) => Ok(Arc::clone(submission)),
            None => self.submission(number),
        })?;
        let entry = entry_of(&record, &draft);
        Ok(StoredEntry::of(entry, record, submission))
    }

    /// The draft behind a record, for restart and replay. Only a failure of the journal is an error:
    /// a record that cannot be read is marked, and the one who steps goes on.
    pub(crate) fn reread(&self, record: &Record) -> Result<Reread, Fault> {
        let read = self
            .note(record)
            .and_then(|mark| Ok((draft_of(record, |number| self.submission(number))?, mark)));
        match read {
            Ok((draft, mark)) => Ok(Reread::Read(Box::new(draft), mark)),
            Err(Trouble::Unreadable(why)) => Ok(Reread::Unreadable(self.mark(record.number, &why))),
            Err(Trouble::Expired) => Ok(Reread::Expired),
            Err(Trouble::Journal(fault)) => Err(fault),
        }
    }

    /// Remembers a submission that was just read, so that its parts need not look for it. Gives the
    /// mark of one that is of an older form.
    fn note(&self, record: &Record) -> Result<Option<Mark>, Trouble> {
        if record.kind != EntryKind::Submission.number() || record.is_expired() {
            return Ok(None);
        }
        let parsed = self.parse(record.number, record.body.clone())?;
        Ok(parsed.breach().map(|breach| {
            let mark = Mark::older_form(record.number, breach);
            self.marks.add(mark.clone());
            mark
        }))
    }

    /// Marks an entry that its sender may not say.
    pub(crate) fn mark_unlawful(&self, number: u64, why: &Fault) -> Mark {
        let mark = Mark::unlawful(number, why);
        self.marks.add(mark.clone());
        mark
    }

    /// Keeps the marks of settings that cannot be used.
    pub(crate) fn mark_unusable(&self, marks: Vec<Mark>) {
        for mark in marks {
            self.marks.add(mark);
        }
    }

    fn mark(&self, number: u64, why: &Fault) -> Mark {
        let mark = Mark::unreadable(number, why);
        self.marks.add(mark.clone());
        mark
    }

    /// Parses a submission and keeps what came of it.
    fn parse(&self, number: u64, bytes: Bytes) -> Result<Arc<ParsedSubmission>, Trouble> {
        let parsed = ParsedSubmission::parse(bytes).map(Arc::new);
        let mut kept = self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= PARSED_MAX {
            kept.pop_front();
        }
        kept.push_back((number, parsed.clone()));
        parsed.map_err(Trouble::Unreadable)
    }

    fn submission(&self, number: u64) -> Result<Arc<ParsedSubmission>, Trouble> {
        {
            let kept = self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, parsed)) = kept.iter().find(|(known, _)| *known == number) {
                return parsed.clone().map_err(Trouble::Unreadable);
            }
        }
        let record = self
            .journal
            .get(number)
            .map_err(|failure| match failure.kind() {
                // It was removed, and the message in it stands behind.
                FaultKind::Trimmed => Trouble::Expired,
                _ => Trouble::Journal(of_journal(&failure)),
            })?;
        let record = record
            .filter(|record| record.kind == EntryKind::Submission.number())
            .ok_or_else(|| {
                let why = format!("entry {number}, which should hold it, is no submission");
                Trouble::Unreadable(fault(UNREADABLE).log(why))
            })?;
        if record.is_expired() {
            return Err(Trouble::Expired);
        }
        self.parse(number, record.body)
    }
}

/// Reads single entries, and each batch of the journal once when they are asked for in order.
pub(crate) struct NearbyEntries {
    reader: EntryReader,
    records: Nearby,
}

impl NearbyEntries {
    /// As [`EntryReader::get`].
    pub(crate) fn get(&mut self, number: u64) -> Result<Option<StoredEntry>, Fault> {
        let record = self.records.get(number);
        let record = record.map_err(|failure| of_journal(&failure))?;
        let stored = record.map(|record| self.reader.stored(record)).transpose();
        stored.map_err(Into::into)
    }
}

/// Entries in order, without those that cannot be read or have expired; `None` means the present end.
pub struct Entries {
    reader: EntryReader,
    records: Records,
    expired: Expired,
}

/// What was left out because it has expired.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Expired {
    /// How many messages, by the name of their type; under an empty name what is no message.
    pub by_type: BTreeMap<String, u64>,
    /// The last of them, and when it was written; 0 for none.
    pub last: (u64, i64),
}

impl Expired {
    fn count(&mut self, record: &Record) {
        let name = type_in_label(&record.label);
        // A submission is counted by its messages.
        if record.kind == EntryKind::Submission.number() {
            return;
        }
        let is_known = name.parse::<MessageType>().is_ok();
        let name = if is_known { name } else { "" };
        *self.by_type.entry(name.to_owned()).or_default() += 1;
        self.last = (record.number, record.time_micros);
    }
}

impl Entries {
    /// What was left out so far because it has expired.
    pub fn expired(&self) -> &Expired {
        &self.expired
    }
}

impl Iterator for Entries {
    type Item = Result<StoredEntry, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let record = match self.records.next()? {
                Ok(record) => record,
                Err(failure) => return Some(Err(of_journal(&failure))),
            };
            let number = record.number;
            match self.reader.has_expired(&record) {
                Ok(false) => {}
                Ok(true) => {
                    self.expired.count(&record);
                    continue;
                }
                Err(fault) => return Some(Err(fault)),
            }
            match self.reader.stored(record) {
                Ok(stored) => return Some(Ok(stored)),
                Err(Trouble::Journal(fault)) => return Some(Err(fault)),
                Err(Trouble::Unreadable(why)) => {
                    self.reader.mark(number, &why);
                }
                Err(Trouble::Expired) => {}
            }
        }
    }
}
