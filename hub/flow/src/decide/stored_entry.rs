//! An entry of the journal as it stands there.

use std::sync::Arc;

use bytes::Bytes;
use cordon_contract::{Entry, EntryKind, Fault};
use cordon_journal::Record;
use cordon_model::Digest;

use crate::decide::entry_codec::refused_raw;
use crate::decide::submission::ParsedSubmission;

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
    pub(crate) fn of(
        entry: Entry,
        record: Record,
        submission: Option<Arc<ParsedSubmission>>,
    ) -> Self {
        Self {
            entry,
            record,
            submission,
        }
    }

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

    /// The message's canonical XML; `None` for a submission, a tick and settings.
    pub fn message_xml(&self) -> Result<Option<Bytes>, Fault> {
        match (&self.submission, self.entry.kind) {
            (Some(submission), _) => submission.canonical(self.record.part).map(Some),
            (None, EntryKind::Submission | EntryKind::Tick | EntryKind::Settings) => Ok(None),
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
