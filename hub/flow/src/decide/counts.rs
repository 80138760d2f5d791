//! Every sender's running number: a hole shows a lost message.

use std::collections::BTreeSet;

use cordon_contract::{Entry, EntryKind, Rows, Table};
use serde::{Deserialize, Serialize};

/// Senders whose numbers are remembered; beyond it the one heard of longest ago is forgotten.
const SENDERS_MAX: usize = 1_000;

/// Numbers of refused messages ahead of a sender's count that are remembered; beyond it the lowest is
/// forgotten.
const REFUSED_MAX: usize = 64;

/// Where a sender's count stands.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
struct Count {
    last: u64,
    /// Number of the entry that told it.
    entry: u64,
    /// Numbers above it under which messages came that were refused.
    refused: BTreeSet<u64>,
}

impl Count {
    /// The first and the last number before `sequence` that have not come, refused ones included.
    fn missing(&self, sequence: u64) -> Option<(u64, u64)> {
        let mut first = self.last.checked_add(1)?;
        let mut last = sequence.checked_sub(1)?;
        while self.refused.contains(&first) {
            first = first.checked_add(1)?;
        }
        while last > first && self.refused.contains(&last) {
            last -= 1;
        }
        (first <= last).then_some((first, last))
    }
}

/// The counts of senders who number their messages.
#[derive(Debug)]
pub(crate) struct Counts {
    by_sender: Table<String, Count>,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            by_sender: Table::new("counts", 1),
        }
    }
}

impl Counts {
    /// What is stored.
    pub(crate) fn table(&mut self) -> &mut dyn Rows {
        &mut self.by_sender
    }

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
        let known = self.by_sender.get(sender);
        let hole = known.and_then(|count| count.missing(sequence));
        let mut count = known.cloned().unwrap_or_default();
        count.last = match sequence {
            1 => 1,
            _ => count.last.max(sequence),
        };
        count.entry = entry.number;
        let last = count.last;
        count
            .refused
            .retain(|refused| sequence > 1 && *refused > last);
        self.by_sender.insert(sender.to_owned(), count);
        self.forget();
        hole
    }

    /// Notes a refused message of a sender who signed it, by the number in its refusal: it came, so its
    /// number is none that is missing; what comes before it is told when a message is taken.
    pub(crate) fn refused(&mut self, entry: &Entry) {
        let number = entry.message.as_deref().and_then(|message| {
            let (sender, number) = message.header.source_ref.as_deref()?.rsplit_once('/')?;
            let number: u64 = number.parse().ok()?;
            (sender == entry.sender.as_str()).then_some(number)
        });
        let count = self.by_sender.get_mut(entry.sender.as_str());
        let (Some(number), Some(count)) = (number, count) else {
            return;
        };
        if number == 1 {
            count.last = 1;
            count.refused.clear();
        } else if number > count.last {
            count.refused.insert(number);
            if count.refused.len() > REFUSED_MAX {
                count.refused.pop_first();
            }
        }
    }

    fn forget(&mut self) {
        if self.by_sender.len() > SENDERS_MAX {
            let oldest = self.by_sender.iter().min_by_key(|(_, count)| count.entry);
            if let Some(oldest) = oldest.map(|(sender, _)| sender.clone()) {
                self.by_sender.remove(&oldest);
            }
        }
    }
}
