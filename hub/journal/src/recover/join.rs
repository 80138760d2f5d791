//! Whether the segments before the one being written lead to it: each by its length and its seal, a look at the
//! file and nothing for what stands in it.

use std::collections::BTreeSet;

use super::{Recovery, follows};
use crate::chain::{self, Hash};
use crate::fault::{FaultKind, JournalFault, Result};
use crate::segment::{self, DATA_START, Seal, Segment};
use crate::walk::Walker;

/// Segments that are passed over at most.
pub(crate) const BROKEN_MAX: usize = 10_000;

/// A segment before the one being written that is missing, cut short or another's, and why that is said.
pub type Broken = (u64, JournalFault);

/// Which broken segments are passed over; any other is refused.
pub(crate) enum Passes {
    /// Those that somebody gave up by name.
    Named(BTreeSet<u64>),
    /// All of them: they are only to be counted.
    All,
}

impl Passes {
    pub(super) fn has(&self, number: u64) -> bool {
        match self {
            Self::Named(named) => named.contains(&number),
            Self::All => true,
        }
    }
}

/// With what a later segment begins (first number, chain hash before it), and where that is said.
type Begin = ((u64, Hash), String);

impl Recovery<'_> {
    /// Checks that every segment from `lowest` on follows into the next, up to the one being written, and seals
    /// those a crash left unsealed.
    pub(super) fn join(&mut self, walker: &Walker, lowest: u64, numbers: &[u64]) -> Result<()> {
        let active = walker.segment.head.number;
        let here: BTreeSet<u64> = numbers.iter().copied().collect();
        let begin = walker.begin.unwrap_or((1, chain::genesis(self.identity)));
        let mut later = Some((begin, walker.segment.place(DATA_START)));
        for number in (lowest..active).rev() {
            let joined = match here.contains(&number) {
                true => self.joined(number, number + 1 == active, later.as_ref()),
                false => Err(missing(self.dir, number)),
            };
            later = match joined {
                Ok(begin) => Some(begin),
                Err(fault) => {
                    self.pass(number, fault)?;
                    None
                }
            };
        }
        match later {
            Some((begin, place)) if lowest == 1 => {
                follows(&place, begin, (1, chain::genesis(self.identity)))
            }
            _ => Ok(()),
        }
    }

    /// Passes over what somebody gave up; a disk that fails is no loss.
    pub(super) fn pass(&mut self, number: u64, fault: JournalFault) -> Result<()> {
        let is_loss = !matches!(fault.kind(), FaultKind::Io | FaultKind::Write);
        let room = self.opening.broken.len() < BROKEN_MAX;
        if !(is_loss && room && self.passes.has(number)) {
            return Err(fault);
        }
        self.opening.broken.push((number, fault));
        Ok(())
    }

    /// With what segment `number` begins, once it is seen that it ends where the later one begins.
    fn joined(&mut self, number: u64, is_nearest: bool, later: Option<&Begin>) -> Result<Begin> {
        let segment = self.open_for(number, is_nearest)?;
        let seal = match segment.seal()? {
            Some(seal) => {
                leads_to(later, &seal)?;
                if is_nearest && !segment.is_packed() {
                    // After a kill the seal may be readable and not yet on the disk.
                    self.write(&segment, &seal.encode(), segment.head.data_end())?;
                }
                seal
            }
            None => self.seal_again(number, later)?,
        };
        Ok(((seal.first, seal.chain_before), segment.place(DATA_START)))
    }

    /// Reads a segment that lacks its seal, be it that a crash left it so or that its file was cut short, and seals it
    /// when nothing of it is missing.
    fn seal_again(&mut self, number: u64, later: Option<&Begin>) -> Result<Seal> {
        let segment = self.open_for(number, true)?;
        let whole = self.whole_seal(&segment, later);
        let seal = whole.map_err(|fault| match fault.kind() {
            FaultKind::Io => fault,
            _ if segment.missing > 0 => segment.cut(),
            _ => fault,
        })?;
        self.lengthen(&segment)?;
        self.write(&segment, &seal.encode(), segment.head.data_end())?;
        self.opening.sealed = Some(number);
        Ok(seal)
    }

    /// The seal that a segment without one should carry.
    fn whole_seal(&mut self, segment: &Segment, later: Option<&Begin>) -> Result<Seal> {
        let mut old = Walker::new(segment.clone(), None);
        self.walk_to_end(&mut old, false)?;
        let seal = old.seal().ok_or_else(|| {
            let detail = "the segment holds no record, a later one does";
            JournalFault::new(FaultKind::BadRecord, segment.place(DATA_START), detail)
        })?;
        leads_to(later, &seal)?;
        Ok(seal)
    }
}

/// Checks that what is sealed so ends where the later segment begins; behind a broken one nobody knows.
fn leads_to(later: Option<&Begin>, seal: &Seal) -> Result<()> {
    match later {
        Some((begin, place)) => follows(place, *begin, (seal.last() + 1, seal.chain_last)),
        None => Ok(()),
    }
}

/// The fault of a segment whose file is not there.
pub(super) fn missing(dir: &std::path::Path, number: u64) -> JournalFault {
    let place = dir.join(segment::file_name(number)).display().to_string();
    let detail = "its file is not there, files before and after it are";
    JournalFault::new(FaultKind::MissingSegment, place, detail)
}
