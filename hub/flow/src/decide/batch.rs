//! The batch being put together: records for the journal beside the entries plug-ins saw.

use std::collections::BTreeSet;

use cordon_contract::{Entry, EntryKind};
use cordon_journal::NewRecord;
use cordon_model::{Body, Timestamp};

use crate::decide::draft::Draft;
use crate::decide::repeats::{StateOf, state_of};

/// Lines after which no further message joins a batch. One message leads to as many more at most
/// ([`crate::decide::core::DECISIONS_PER_INPUT_MAX`]): both together are half of what the journal takes at once.
pub(crate) const LINES_MAX: usize = 4_096;
/// The same within one reading.
pub(crate) const READING_LINES_MAX: usize = 12_000;
/// Bytes after which no reading does, nor work that would lead beyond.
const BYTES_MAX: usize = 10 << 20;
/// Bytes after which no further message does, those of signed submissions not counted: of one of the largest, 8 MiB, as
/// much is taken at once as of a small one.
const LOOSE_BYTES_MAX: usize = 4 << 20;
/// The same with them. The journal takes 16 MiB at once, and one message leads to some four.
const ALL_BYTES_MAX: usize = 12 << 20;

/// One line of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub draft: Draft,
    pub entry: Entry,
    /// How many decisions lie between the input and this line; 0 for the input.
    pub depth: u32,
}

/// Lines that will be committed together, numbered from `base`, all at one time.
#[derive(Debug)]
pub(crate) struct Batch {
    base: u64,
    time: Timestamp,
    lines: Vec<Line>,
    bytes: usize,
    /// Those of signed submissions.
    signed_bytes: usize,
    /// Devices whose state it tells.
    states: BTreeSet<StateOf>,
}

impl Batch {
    /// An empty batch whose first line gets number `base`.
    pub(crate) fn new(base: u64, time: Timestamp) -> Self {
        Self {
            base,
            time,
            lines: Vec::new(),
            bytes: 0,
            signed_bytes: 0,
            states: BTreeSet::new(),
        }
    }

    /// The number of the first line.
    pub(crate) fn base(&self) -> u64 {
        self.base
    }

    /// The time of every line.
    pub(crate) fn time(&self) -> Timestamp {
        self.time
    }

    /// The number the next line will get.
    pub(crate) fn next(&self) -> u64 {
        self.base + self.lines.len() as u64
    }

    /// How many lines.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Bytes of all bodies.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The same without those of signed submissions.
    pub(crate) fn loose_bytes(&self) -> usize {
        self.bytes.saturating_sub(self.signed_bytes)
    }

    /// Whether as much is in it as may be before one message more of a submission.
    pub(crate) fn is_filled(&self) -> bool {
        let is_large = self.loose_bytes() >= LOOSE_BYTES_MAX || self.bytes >= ALL_BYTES_MAX;
        is_large || self.len() >= LINES_MAX
    }

    /// The same of a reading, which is put off as late as can be: what its adapter offers again counts in its device's pace again.
    pub(crate) fn is_filled_by_reading(&self) -> bool {
        self.len() >= READING_LINES_MAX || self.bytes >= BYTES_MAX
    }

    /// Whether it has things in it and not the room for work of so many bytes.
    pub(crate) fn lacks_room_for(&self, bytes: usize) -> bool {
        let is_large = self.bytes.saturating_add(bytes) >= BYTES_MAX;
        !self.lines.is_empty() && (is_large || self.is_filled())
    }

    /// Whether it tells the same state as this: what was said of it before is not the last word.
    pub(crate) fn tells_state_of(&self, body: &Body) -> bool {
        state_of(body).is_some_and(|state| self.states.contains(&state))
    }

    /// The lines in order.
    pub(crate) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// A line by its place in the batch.
    pub(crate) fn line(&self, index: usize) -> Option<&Line> {
        self.lines.get(index)
    }

    /// Adds a line and returns its place.
    pub(crate) fn push(&mut self, draft: Draft, depth: u32) -> usize {
        let entry = draft.entry(self.next(), self.time);
        self.bytes += draft.body.len();
        let body = draft.message.as_deref().map(|message| &message.body);
        self.states.extend(body.and_then(state_of));
        if draft.kind == EntryKind::Submission {
            self.signed_bytes += draft.body.len();
        }
        self.lines.push(Line {
            draft,
            entry,
            depth,
        });
        self.lines.len() - 1
    }

    /// The records to append.
    pub(crate) fn records(&self) -> Vec<NewRecord> {
        self.lines
            .iter()
            .map(|line| line.draft.record(self.time))
            .collect()
    }
}
