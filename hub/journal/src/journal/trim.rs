//! Giving up what lies before an entry.

use std::sync::{Arc, PoisonError};

use super::Journal;
use crate::counters::Tally;
use crate::fault::{JournalFault, Result};
use crate::packed;
use crate::prepare::SPARE_SUFFIX;
use crate::segment::{self, Seal, Segment};
use crate::trimmed::Trimmed;

impl Journal {
    /// Gives up whole sealed segments whose records all come before `before`; their files are used
    /// again or removed. Returns how many. The segment being written is always kept.
    pub fn trim(&mut self, before: u64) -> Result<usize> {
        let io = |error| JournalFault::io(&self.dir, "trimming", &error);
        // A segment that is being packed is named again when it is.
        let packing = Arc::clone(&self.packing);
        let _alone = packing.lock().unwrap_or_else(PoisonError::into_inner);
        let given_up = self.given_up(before)?;
        let Some((_, last)) = given_up.last() else {
            return Ok(0);
        };
        let kept = Trimmed {
            first: last.last() + 1,
            chain_before: last.chain_last,
        };
        kept.write(self.disk.as_ref(), &self.dir)?;
        let mut spares = self.disk.list(&self.dir).map_err(io)?;
        spares.retain(|name| name.ends_with(SPARE_SUFFIX));
        let mut spare_count = spares.len();
        let trimmed = given_up.len();
        for (segment, _) in given_up {
            let number = segment.head.number;
            if !segment.is_packed() && spare_count < self.options.spares_max {
                let spare = self.dir.join(format!("{number:08}{SPARE_SUFFIX}"));
                self.disk.rename(&segment.path, &spare).map_err(io)?;
                spare_count += 1;
            } else {
                self.disk.remove(&segment.path).map_err(io)?;
            }
            self.remove_twin(&segment).map_err(io)?;
        }
        Tally::add(&self.tally.other_syncs, 1);
        self.disk.sync_dir(&self.dir).map_err(io)?;
        Ok(trimmed)
    }

    /// What a crash left of a segment's packing.
    fn remove_twin(&self, segment: &Segment) -> std::io::Result<()> {
        let twin = self.dir.join(packed::file_name(segment.head.number));
        match self.disk.remove(&twin) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The sealed segments at the beginning whose records all come before `before`.
    fn given_up(&self, before: u64) -> Result<Vec<(Segment, Seal)>> {
        let mut given_up = Vec::new();
        for number in segment::list(self.disk.as_ref(), &self.dir)? {
            if number >= self.active.walker.segment.head.number {
                break;
            }
            let segment = Segment::open(self.disk.as_ref(), &self.dir, number, false)?;
            match segment.seal()? {
                Some(seal) if seal.last() < before => given_up.push((segment, seal)),
                _ => break,
            }
        }
        Ok(given_up)
    }
}
