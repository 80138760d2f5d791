//! Room for the next batch: segments made ready ahead, and what is said of the disk.

use super::{Journal, too_large};
use crate::counters::Tally;
use crate::fault::{FaultKind, JournalFault, Result};
use crate::prepare::{Done, Job};
use crate::segment::{self, Segment};
use crate::space::SpaceLevel;

impl Journal {
    /// Looks at the disk again: how much is free, and whether the segment that could not be had can
    /// be had now, which [`Journal::space`] shows a moment later.
    pub fn look_for_room(&mut self) {
        self.collect(false);
        if self.blocked.is_some() {
            self.prepare_ahead();
            self.collect(false);
        }
        self.look();
        self.update_space();
    }

    /// Size and room of the disk: both change under a running writer, a volume can be made larger.
    pub(super) fn look(&mut self) {
        if let Ok(free) = self.disk.free_bytes(&self.dir) {
            self.space.free_bytes = free;
        }
        if let Ok(total) = self.disk.total_bytes(&self.dir) {
            self.space.total_bytes = total;
        }
    }

    pub(super) fn room(&self) -> u64 {
        if self.active.sealed {
            return 0;
        }
        let walker = &self.active.walker;
        walker.segment.head.data_end().saturating_sub(walker.offset)
    }

    /// Sees to it that the staged batch fits the active segment, changing to the next if need be.
    pub(super) fn make_room(&mut self, urgent: bool) -> Result<()> {
        let need = self.staged_bytes();
        let keeps = |journal: &Self| {
            let left = journal.space.prepared_bytes.saturating_sub(need);
            urgent || left >= journal.options.reserve_bytes
        };
        if self.blocked.is_some() {
            self.prepare_ahead();
            if !keeps(self) {
                self.await_prepared()?;
            }
        }
        if self.blocked.is_some() && !keeps(self) {
            return Err(self.refuse());
        }
        if self.room() >= need {
            return Ok(());
        }
        if self.ready.is_empty() {
            self.prepare_ahead();
            Tally::add(&self.tally.waits, 1);
            self.await_prepared()?;
        }
        let Some(segment) = self.ready.pop_front() else {
            return Err(self.refuse());
        };
        if usable(&segment) < need {
            // Made ready under an earlier, smaller `segment_bytes`.
            let max = usable(&segment);
            self.ready.push_front(segment);
            return Err(too_large(format!(
                "{need} bytes, the next segment takes {max}"
            )));
        }
        self.change_to(segment)
    }

    /// Waits until the segments asked for are ready or refused.
    fn await_prepared(&mut self) -> Result<()> {
        self.check_poison()?;
        while self.preparer.preparing > 0 {
            self.collect(true);
            self.check_poison()?;
        }
        Ok(())
    }

    /// There is no room: the disk is full, or fails whenever a segment is made.
    fn refuse(&mut self) -> JournalFault {
        let blocked = self.blocked.clone();
        if let Some(fault) = blocked
            .clone()
            .filter(|fault| fault.kind() == FaultKind::Write)
        {
            return self.poisoned(fault);
        }
        self.refusing = true;
        self.update_space();
        let why = blocked.map_or("no segment ready".to_owned(), |why| why.detail().to_owned());
        JournalFault::new(FaultKind::DiskFull, self.dir.display().to_string(), why)
    }

    /// Asks for the next segment unless `ahead` are ready; one at a time, so that their numbers
    /// never leave a hole when one fails.
    pub(super) fn prepare_ahead(&mut self) {
        let is_due = self.preparer.preparing == 0 && self.ready.len() < self.options.ahead;
        // A segment that is made where the path leads by now would lie in another journal's folder.
        if is_due && self.look_in_place().is_ok() {
            let last = self.ready.back().unwrap_or(&self.active.walker.segment);
            let number = last.head.number + 1;
            self.preparer.give(Job::Prepare(number));
        }
    }

    /// Takes over finished jobs; with `wait`, at least one.
    pub(super) fn collect(&mut self, wait: bool) {
        let mut changed = false;
        let mut wait = wait;
        while let Some(done) = self.preparer.collect(wait) {
            wait = false;
            changed = true;
            match done {
                Done::Prepared(Ok(segment), free) => {
                    self.space.free_bytes = free;
                    self.blocked = None;
                    self.refusing = false;
                    self.ready.push_back(segment);
                    self.prepare_ahead();
                }
                Done::Prepared(Err(fault), free) => {
                    self.space.free_bytes = free;
                    if self.blocked.is_none() {
                        tracing::warn!(%fault, "the next segment could not be prepared");
                    }
                    // Nothing acknowledged hangs on it: the segment being written goes on, and
                    // when the disk fails there too, its own sync says so.
                    self.blocked = Some(fault);
                }
                Done::Sealed(Ok(())) => {}
                Done::Sealed(Err(fault)) => {
                    let _ = self.poisoned(fault);
                }
            }
        }
        if changed {
            self.update_space();
        }
    }

    fn prepared_bytes(&self) -> u64 {
        self.room() + self.ready.iter().map(usable).sum::<u64>()
    }

    pub(super) fn update_space(&mut self) {
        let before = self.space.level;
        self.space.prepared_bytes = self.prepared_bytes();
        let short = self.space.free_bytes < self.options.warn_free_bytes
            || self.space.used_percent() > self.options.warn_used_percent;
        let used_up = self.space.prepared_bytes <= self.options.reserve_bytes;
        self.space.level = match &self.blocked {
            Some(_) if used_up || self.refusing => SpaceLevel::Full,
            Some(_) => SpaceLevel::Low,
            None if short => SpaceLevel::Low,
            None => SpaceLevel::Normal,
        };
        if self.space.level != before {
            let (free, level) = (self.space.free_bytes, self.space.level.as_str());
            tracing::warn!(level, free, "the journal's room changed");
            if let Some(tell) = &self.options.on_space {
                tell(&self.space);
            }
        }
    }
}

/// Bytes of batches an empty segment takes.
fn usable(segment: &Segment) -> u64 {
    segment.head.data_end() - segment::DATA_START
}
