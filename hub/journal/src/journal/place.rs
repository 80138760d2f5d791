//! Whether the path still leads to the files that are open. A disk that was unmounted, a folder that was
//! renamed or emptied leaves a writer whose syncs all succeed, into files that nobody finds again. So does
//! a file that another hand cut short: what was acknowledged is gone from it, and writing goes on.

use std::cmp::Ordering;

use super::Journal;
use crate::fault::{FaultKind, JournalFault, Result};
use crate::segment::Segment;

impl Journal {
    /// Looks whether the segment being written is still the one that its path names, and as long as it was
    /// made: two questions of the operating system, asked after each sync too.
    ///
    /// # Errors
    /// `J060` when it is another, `J061` when it was cut short; the writer then takes nothing more. `J010` when it
    /// had stopped before.
    pub fn look_in_place(&mut self) -> Result<()> {
        self.check_poison()?;
        let segment = self.active.walker.segment.clone();
        self.require_in_place(&segment)
    }

    pub(super) fn require_in_place(&mut self, segment: &Segment) -> Result<()> {
        let found = segment
            .file
            .stands()
            .and_then(|(open, len)| Ok((open, len, self.disk.id(&segment.path)?)));
        let fault = match found {
            Ok((open, len, found)) if open == found => return self.require_length(segment, len),
            Ok(_) => {
                let detail = "another file has the name of the one being written";
                elsewhere(segment, detail.to_owned())
            }
            Err(error) => {
                let detail = format!("the file being written is not there: {error}");
                elsewhere(segment, detail).caused(&error)
            }
        };
        Err(self.poisoned(fault))
    }

    /// Refuses to write into a file that is not as long as it was made: what is written there would hide that
    /// something is gone.
    pub(super) fn look_at_length(&mut self) -> Result<()> {
        let segment = self.active.walker.segment.clone();
        match segment.file.len() {
            Ok(len) => self.require_length(&segment, len),
            // The write says what is wrong with the disk.
            Err(_) => Ok(()),
        }
    }

    fn require_length(&mut self, segment: &Segment, len: u64) -> Result<()> {
        match len.cmp(&segment.head.bytes) {
            Ordering::Equal => Ok(()),
            Ordering::Less => Err(self.poisoned(segment.cut_to(len))),
            Ordering::Greater => {
                let detail = format!("the file has {len} bytes, its head says less");
                let place = segment.place(segment.head.bytes);
                let fault = JournalFault::new(FaultKind::Head, place, detail);
                Err(self.poisoned(fault))
            }
        }
    }
}

fn elsewhere(segment: &Segment, detail: String) -> JournalFault {
    let place = segment.path.display().to_string();
    JournalFault::new(FaultKind::Elsewhere, place, detail)
}
