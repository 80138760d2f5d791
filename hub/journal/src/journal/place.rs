//! Whether the path still leads to the files that are open. A disk that was unmounted, a folder that was
//! renamed or emptied leaves a writer whose syncs all succeed, into files that nobody finds again.

use super::Journal;
use crate::fault::{FaultKind, JournalFault, Result};
use crate::segment::Segment;

impl Journal {
    /// Looks whether the segment being written is still the one that its path names: one question of
    /// the operating system, asked after each sync too.
    ///
    /// # Errors
    /// `J060` when it is not; the writer then takes nothing more. `J010` when it had stopped before.
    pub fn look_in_place(&mut self) -> Result<()> {
        self.check_poison()?;
        let segment = self.active.walker.segment.clone();
        self.require_in_place(&segment)
    }

    pub(super) fn require_in_place(&mut self, segment: &Segment) -> Result<()> {
        let found = segment
            .file
            .id()
            .and_then(|open| Ok((open, self.disk.id(&segment.path)?)));
        let (detail, error) = match found {
            Ok((open, found)) if open == found => return Ok(()),
            Ok(_) => (
                "another file has the name of the one being written".to_owned(),
                None,
            ),
            Err(error) => (
                format!("the file being written is not there: {error}"),
                Some(error),
            ),
        };
        let place = segment.path.display().to_string();
        let fault = JournalFault::new(FaultKind::Elsewhere, place, detail);
        let fault = match error {
            Some(error) => fault.caused(&error),
            None => fault,
        };
        Err(self.poisoned(fault))
    }
}
