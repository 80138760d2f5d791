//! Every sender's running number: a hole shows a lost message.

use std::collections::BTreeMap;

use cordon_contract::{Entry, EntryKind};
use serde::{Deserialize, Serialize};

/// Senders whose numbers are remembered; beyond it the one heard of longest ago is forgotten.
const SENDERS_MAX: usize = 1_000;

/// Where a sender's count stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Count {
    last: u64,
    /// Number of the entry that told it.
    entry: u64,
}

/// The counts of senders who number their messages.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Counts {
    by_sender: BTreeMap<String, Count>,
}

impl Counts {
    /// Notes a message; the first and the last missing number when there is a hole before it.
    ///
    /// What the hub attests has no count of its source. Number 1 begins a count anew, and 0 is no
    /// count. A number below the last came late and closes no hole: that was told already.
    pub(crate) fn note(&mut self, entry: &Entry) -> Option<(u64, u64)> {
        let header = &entry.message.as_deref()?.header;
        let is_counted = entry.kind == EntryKind::Message
            && header.attested_by.is_none()
            && !header.test
            && header.sequence > 0;
        if !is_counted {
            return None;
        }
        let sequence = header.sequence;
        let sender = entry.sender.as_str();
        let known = self.by_sender.get(sender).map(|count| count.last);
        let last = match known {
            Some(last) if sequence > 1 => last.max(sequence),
            _ => sequence,
        };
        let count = Count {
            last,
            entry: entry.number,
        };
        self.by_sender.insert(sender.to_owned(), count);
        if self.by_sender.len() > SENDERS_MAX {
            let oldest = self.by_sender.iter().min_by_key(|(_, count)| count.entry);
            if let Some(oldest) = oldest.map(|(sender, _)| sender.clone()) {
                self.by_sender.remove(&oldest);
            }
        }
        let first = known?.checked_add(1)?;
        (sequence > first).then(|| (first, sequence - 1))
    }
}
