//! Forgetting while no hub runs: the same that a hub does, step by step, with its words in a file until a hub journals them.

use cordon_journal::{Forgetter, JournalFault};
use cordon_model::{PartyId, Timestamp};

use super::{Ages, Begun, Due, Ended, Forgetting, Notes, Planned};
use crate::checkpoints::Bound;

/// In whose name, where it is noted, and when.
pub struct Hand<'a> {
    /// The hub whose journal it is.
    pub actor: &'a PartyId,
    /// What the next start journals.
    pub notes: &'a Notes,
    /// The clock of whoever does it.
    pub at: Timestamp,
}

impl Forgetting {
    /// Forgets what is due, one after the other; `each` hears what became of it.
    ///
    /// # Errors
    /// What is noted cannot be written, or the journal's folder not be read: nothing more goes.
    pub fn prune(
        &self,
        forgetter: &mut Forgetter,
        (ages, bound): (&Ages, Bound),
        hand: &Hand<'_>,
        each: &mut dyn FnMut(&Planned),
    ) -> Result<(), JournalFault> {
        // What is due twice in a row did not go, whatever came of it.
        let mut last = None;
        while let Some(due) = self.due(forgetter, ages, &|| Ok(Some(bound)))? {
            if last.replace(due.what()) == Some(due.what()) {
                break;
            }
            if let Some(done) = self.prune_one(forgetter, due, hand)? {
                each(&done);
            }
        }
        Ok(())
    }

    fn prune_one(
        &self,
        forgetter: &mut Forgetter,
        due: Due,
        hand: &Hand<'_>,
    ) -> Result<Option<Planned>, JournalFault> {
        let ready = match self.begin(forgetter, due)? {
            Begun::Ready(ready) => ready,
            Begun::Nothing => return Ok(None),
            Begun::Stuck(stuck) => return self.stays_by(due, (stuck.fault, stuck.is_to_say), hand),
        };
        let gone = ready.told.gone.clone();
        let mut said = self.said(due, &ready.told, hand.actor);
        if let Some(detail) = &mut said.detail {
            *detail += &format!("; done at {} by cordon journal prune", hand.at);
        }
        if ready.is_to_say {
            hand.notes.owe(&said)?;
            self.note_said(due)?;
        }
        match self.end(forgetter, ready)? {
            Ended::Gone { is_to_say } => {
                if is_to_say {
                    hand.notes.owe(&said)?;
                }
                Ok(Some(Planned {
                    due,
                    gone: Ok(gone),
                }))
            }
            Ended::Stuck(stuck) => self.stays_by(due, (stuck.fault, stuck.is_to_say), hand),
        }
    }

    fn stays_by(
        &self,
        due: Due,
        (fault, is_to_say): (JournalFault, bool),
        hand: &Hand<'_>,
    ) -> Result<Option<Planned>, JournalFault> {
        if is_to_say {
            hand.notes.owe(&self.not_said(due, &fault, hand.actor))?;
            self.note_failed(due)?;
        }
        Ok(Some(Planned {
            due,
            gone: Err(fault),
        }))
    }
}
