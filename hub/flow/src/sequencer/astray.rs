//! What the hub says of files beside the journal that were removed or exchanged under it: the state, which
//! the next start has to make anew, and the witness, without which a journal that was rolled back is not
//! known. Neither keeps the hub from journaling, so it goes on.

use cordon_contract::Fault;
use cordon_model::{AuditOutcome, Timestamp};

use crate::decide::batch::Batch;
use crate::decide::trouble::{ASTRAY, IN_PLACE, SAVED, UNSAVED};
use crate::sequencer::Sequencer;
use crate::text::clip;

/// What is to be done about it.
const REMEDY: &str = "put the file back, or restart the hub: it makes it anew from the journal";
/// Longest list of paths in the entry, in letters.
const PATHS_MAX: usize = 300;

/// Why a state is not saved, and what is to be done about it.
#[derive(Clone, Debug)]
pub(crate) struct Unsaved {
    pub why: String,
    remedy: &'static str,
}

impl Unsaved {
    pub(crate) fn by_disk(why: &str) -> Self {
        Self {
            why: format!("its disk fails: {why}"),
            remedy: "see to the disk, and to the rights of the file",
        }
    }

    /// Nothing is wrong with the disk: what is to be saved is too large, say.
    pub(crate) fn otherwise(why: &str) -> Self {
        Self {
            why: why.to_owned(),
            remedy: "close what is open in the part that it names",
        }
    }
}

impl Sequencer {
    /// Says once of each loss what is gone, and when all is there again.
    pub(crate) fn admit_astray(&mut self, batch: &mut Batch, time: Timestamp) -> Result<(), Fault> {
        if self.astray == self.kit.astray_told {
            return Ok(());
        }
        self.kit.astray_told.clone_from(&self.astray);
        if self.astray.is_empty() {
            let words = "state and witness are in their places again";
            return self.say(batch, time, (IN_PLACE, words), AuditOutcome::Success);
        }
        let paths = self.astray.join(", ");
        let paths = clip(&paths, PATHS_MAX).unwrap_or_default();
        let words = format!("not there any more, or another file: {paths}; {REMEDY}");
        self.say(batch, time, (ASTRAY, &words), AuditOutcome::Failure)
    }

    /// Says once that the state is not saved, and once that it is again.
    pub(crate) fn admit_unsaved(
        &mut self,
        batch: &mut Batch,
        time: Timestamp,
    ) -> Result<(), Fault> {
        if self.unsaved.is_some() == self.kit.unsaved_told {
            return Ok(());
        }
        self.kit.unsaved_told = self.unsaved.is_some();
        let Some(Unsaved { why, remedy }) = &self.unsaved else {
            let words = "the state is saved again";
            return self.say(batch, time, (SAVED, words), AuditOutcome::Success);
        };
        let why = clip(why, PATHS_MAX).unwrap_or_default();
        let words =
            format!("the state or its witness is not saved and is kept in memory: {why}; {remedy}");
        self.say(batch, time, (UNSAVED, &words), AuditOutcome::Failure)
    }
}
