//! Entries of records that come in their order, with the bytes behind them.
//!
//! Whoever goes through the journal looks at many messages of one submission after another. Each
//! submission is read and parsed once for all of them, and one alone is held: what another asker does
//! at the same time neither takes it away nor adds to it.

use std::sync::Arc;

use bytes::Bytes;
use cordon_contract::{EntryKind, Fault};
use cordon_journal::{FaultKind, Nearby, Record};

use crate::decide::entry_codec::{Trouble, draft_of, entry_of, is_part};
use crate::decide::stored_entry::StoredEntry;
use crate::decide::submission::ParsedSubmission;
use crate::fault::{UNREADABLE, fault, of_journal};
use crate::watch::entry_reader::EntryReader;

/// Reads entries of records in order. Holds one batch and one submission. Blocks on the disk.
pub struct InOrder {
    records: Nearby,
    /// The submission looked at last, by its number; none when it cannot be read or has expired.
    held: Option<(u64, Option<Arc<ParsedSubmission>>)>,
    parsed: u64,
    parsed_bytes: usize,
}

impl InOrder {
    pub(crate) fn over(reader: &EntryReader) -> Self {
        Self {
            records: reader.journal().nearby(),
            held: None,
            parsed: 0,
            parsed_bytes: 0,
        }
    }

    /// The entry of a record; `None` when it cannot be read or has expired.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn stored(&mut self, record: &Record) -> Result<Option<StoredEntry>, Fault> {
        if record.is_expired() {
            return Ok(None);
        }
        let submission = match is_part(record) {
            true => match self.submission(record.cause)? {
                None => return Ok(None),
                found => found,
            },
            false => None,
        };
        if record.kind == EntryKind::Submission.number()
            && self.hold(record.number, record.body.clone()).is_none()
        {
            return Ok(None);
        }
        let of_part = |_| submission.clone().ok_or_else(out_of_order);
        match draft_of(record, of_part) {
            Ok(draft) => Ok(Some(StoredEntry::of(
                entry_of(record, &draft),
                record.clone(),
                submission.clone(),
            ))),
            Err(Trouble::Journal(fault)) => Err(fault),
            Err(Trouble::Unreadable(_) | Trouble::Expired) => Ok(None),
        }
    }

    /// How many submissions were parsed so far.
    pub fn parsed(&self) -> u64 {
        self.parsed
    }

    /// Bytes that were read from the journal or parsed for it so far.
    pub fn bytes(&self) -> usize {
        self.parsed_bytes.saturating_add(self.records.body_bytes())
    }

    fn submission(&mut self, number: u64) -> Result<Option<Arc<ParsedSubmission>>, Fault> {
        if let Some((_, held)) = self.held.as_ref().filter(|(of, _)| *of == number) {
            return Ok(held.clone());
        }
        let record = match self.records.get(number) {
            // It was removed, and the message in it stands behind.
            Err(failure) if failure.kind() == FaultKind::Trimmed => None,
            record => record.map_err(|failure| of_journal(&failure))?,
        };
        let is_whole =
            |record: &Record| record.kind == EntryKind::Submission.number() && !record.is_expired();
        match record.filter(is_whole) {
            Some(record) => Ok(self.hold(number, record.body)),
            None => {
                self.held = Some((number, None));
                Ok(None)
            }
        }
    }

    /// Parses a submission, in the place of the one before.
    fn hold(&mut self, number: u64, bytes: Bytes) -> Option<Arc<ParsedSubmission>> {
        // Two at once would be twice the memory.
        self.held = None;
        self.parsed += 1;
        self.parsed_bytes = self.parsed_bytes.saturating_add(bytes.len());
        let parsed = ParsedSubmission::parse(bytes).ok().map(Arc::new);
        self.held = Some((number, parsed.clone()));
        parsed
    }
}

/// Of a record whose message lies elsewhere the submission is known before its draft is made.
fn out_of_order() -> Trouble {
    Trouble::Unreadable(fault(UNREADABLE))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use cordon_journal::{Journal, NewRecord, Options};

    use super::*;

    const PARTS: u16 = 120;

    /// A submission of many messages, as a partner would send it.
    fn envelope() -> Bytes {
        let message = include_str!("../../../../schemas/examples/valid/alarm-event.xml");
        let message = message
            .split_once("?>")
            .map_or(message, |(_, message)| message);
        let messages = message.repeat(usize::from(PARTS));
        Bytes::from(format!(
            "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Header/><s:Body>\
             <svc:SubmitMessages xmlns:svc=\"urn:cordon:service:1\">{messages}</svc:SubmitMessages>\
             </s:Body></s:Envelope>"
        ))
    }

    fn submission(number: u64) -> Vec<NewRecord> {
        let head = NewRecord {
            kind: EntryKind::Submission.number(),
            sender: "enterprise-1".to_owned(),
            body: envelope(),
            ..NewRecord::default()
        };
        let parts = (0..PARTS).map(|part| NewRecord {
            kind: EntryKind::Message.number(),
            sender: "enterprise-1".to_owned(),
            label: "AlarmEvent".to_owned(),
            cause: number,
            part,
            ..NewRecord::default()
        });
        std::iter::once(head).chain(parts).collect()
    }

    fn journal(batches: &[Vec<NewRecord>]) -> (tempfile::TempDir, EntryReader) {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path(), Options::new("JS-1/hub-1")).unwrap();
        for batch in batches {
            journal.append_batch(batch).unwrap();
        }
        (folder, EntryReader::over(journal.reader().unwrap()))
    }

    fn records(reader: &EntryReader, from: u64) -> Vec<Record> {
        let records = reader.journal().read_from(from).unwrap();
        records.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn a_submission_is_parsed_once_for_all_of_its_messages() {
        let second = u64::from(PARTS) + 2;
        let (_folder, reader) = journal(&[submission(1), submission(second)]);
        let mut entries = InOrder::over(&reader);
        for record in records(&reader, 1) {
            let stored = entries.stored(&record).unwrap().unwrap();
            let same = reader.get(record.number).unwrap().unwrap();
            assert_eq!(stored.message_xml().unwrap(), same.message_xml().unwrap());
            assert_eq!(stored.signed_bytes(), same.signed_bytes());
        }
        assert_eq!(entries.parsed(), 2);
        // Who begins in the middle reads and parses what stands before once.
        let mut entries = InOrder::over(&reader);
        for record in records(&reader, second + 3) {
            assert!(entries.stored(&record).unwrap().is_some());
        }
        assert_eq!(entries.parsed(), 1);
        let once = envelope().len();
        assert!((2 * once..3 * once).contains(&entries.bytes()));
    }

    #[test]
    fn what_cannot_be_read_is_looked_at_once_and_stops_nobody() {
        let mut broken = submission(1);
        broken.iter_mut().for_each(|record| {
            if !record.body.is_empty() {
                record.body = Bytes::from_static(b"<letter>");
            }
        });
        // Parts of an entry that is no submission.
        broken.extend(submission(2).into_iter().skip(1));
        let (_folder, reader) = journal(&[broken]);
        let mut entries = InOrder::over(&reader);
        for record in records(&reader, 1) {
            assert!(entries.stored(&record).unwrap().is_none());
        }
        assert_eq!(entries.parsed(), 1);
    }
}
