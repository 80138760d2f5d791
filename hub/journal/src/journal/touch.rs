//! Whether the disk still takes what is written, asked without a record: a journal in which nothing is said would
//! notice a disk that fails only when somebody needs it.

use super::Journal;
use crate::fault::{FaultKind, JournalFault, Result};

/// Bytes written where the next batch will stand: no head of a batch, so nobody takes them for one.
const NOTHING: [u8; 64] = [0; 64];

impl Journal {
    /// Writes and syncs nothing at the place of the next batch, as a batch would be. No record, no number and no hash
    /// comes of it, and the next batch takes the place.
    ///
    /// # Errors
    /// As [`Journal::append_batch`]: `J011` when the disk fails, `J060` and `J061` when the file is not what it was;
    /// the writer then takes nothing more.
    pub fn touch(&mut self) -> Result<()> {
        self.collect(false);
        self.check_poison()?;
        self.look_at_length()?;
        let walker = &self.active.walker;
        let room = walker.segment.head.data_end().saturating_sub(walker.offset);
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        // A segment without room for as much is sealed with the next batch.
        let bytes = NOTHING.get(..room.min(NOTHING.len())).unwrap_or_default();
        let file = walker.segment.file.as_ref();
        if !bytes.is_empty()
            && let Err(error) = file.write_durably(bytes, walker.offset)
        {
            let place = walker.segment.place(walker.offset);
            let fault =
                JournalFault::new(FaultKind::Write, place, format!("trying the disk: {error}"));
            return Err(self.poisoned(fault.caused(&error)));
        }
        self.look_in_place()
    }
}
