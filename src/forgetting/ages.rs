//! How old what the journal holds surely is, with the marks by which that is told of entries that carry too much. They lie in a file
//! beside the journal: without it such entries are kept for longer, nothing goes sooner.

use std::path::{Path, PathBuf};

use cordon_flow::{Marks, Reach};
use cordon_journal::{Aged, JournalFault, Old};
use cordon_model::Timestamp;

use super::done::write_durably;

/// Where the marks lie.
#[derive(Debug)]
pub struct MarksFile(PathBuf);

impl MarksFile {
    /// That of a park whose data lies there.
    pub fn of(data: &Path) -> Self {
        Self(data.join("journal-marks.json"))
    }

    /// How old all is where the journal stands now, which is marked if it has to be. `longest` is the longest time by which
    /// anything is asked, in days. Beside it why the mark is not kept, if it is not: it is made again at the next look.
    pub fn ages(&self, now: Reach, longest: u16) -> (Ages, Result<(), JournalFault>) {
        let text = std::fs::read(&self.0).unwrap_or_default();
        let known: Marks = serde_json::from_slice(&text).unwrap_or_default();
        let mut marks = known.clone();
        marks.note(&now);
        marks.drop_before(now.before(u32::from(longest)).1);
        let kept = match marks == known {
            true => Ok(()),
            false => write_durably(&self.0, &marks),
        };
        (Ages { now, marks }, kept)
    }
}

/// How old all is at one entry.
#[derive(Clone, Debug)]
pub struct Ages {
    now: Reach,
    marks: Marks,
}

impl Ages {
    /// By the time of entries alone: a time that has surely passed, and no mark.
    pub fn at(micros: i64) -> Self {
        Self {
            now: Reach {
                number: u64::MAX,
                time: Timestamp::from_micros(micros),
                settled: Timestamp::from_micros(micros),
                ran: 0,
            },
            marks: Marks::default(),
        }
    }

    /// The same when no more than that had surely passed, microseconds since 1970.
    pub fn when(mut self, settled: i64) -> Self {
        self.now.settled = self.now.settled.min(Timestamp::from_micros(settled));
        self
    }

    /// What is older than so many days.
    pub fn older(&self, days: u16) -> Old {
        let (before, ran) = self.now.before(u32::from(days));
        Old {
            before: before.micros(),
            up_to: self.marks.up_to(ran),
        }
    }

    /// How old the youngest record of a segment is at least, microseconds.
    pub fn of(&self, aged: &Aged) -> i64 {
        let by_time = self.now.settled.micros().saturating_sub(aged.before);
        let ran = self.marks.ran_at(aged.last);
        ran.map_or(by_time, |ran| by_time.max(self.now.ran.saturating_sub(ran)))
    }
}
