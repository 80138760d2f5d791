//! The flow's readers of bytes from its journal and its emergency spool. They have no other public face;
//! `fuzz/` calls them. No interface.

use std::sync::Arc;

use bytes::Bytes;
use cordon_contract::{Entry, Fault};
use cordon_journal::Record;

use crate::decide::entry_codec::{self, Trouble};
use crate::decide::submission::ParsedSubmission;
use crate::sequencer::spool;

/// Reads the entry of a record; its message may lie in this submission.
pub fn entry(record: &Record, submission: &Bytes) -> Result<Entry, Fault> {
    let part_of = |_| {
        let parsed = ParsedSubmission::parse(submission.clone());
        parsed.map(Arc::new).map_err(Trouble::Unreadable)
    };
    let draft = entry_codec::draft_of(record, part_of)?;
    Ok(entry_codec::entry_of(record, &draft))
}

/// Reads the lines of a spool; those that are whole as they would be written, and how many are not.
pub fn spool(bytes: &[u8]) -> (Vec<u8>, u64) {
    spool::read_again(bytes)
}
