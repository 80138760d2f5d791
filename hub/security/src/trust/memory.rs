//! The last list of each authority that this hub went by, in this run and by what earlier ones kept, whatever lies in the folder
//! now: an authority is held to its own last list when it comes back, by whatever steps it went and comes.

use super::list::{CrlState, Listed};
use super::snapshot::Snapshot;

/// Authorities remembered that are in use no more; of more the one that was noted first is forgotten.
const LEFT_MAX: usize = 64;

/// By the mark of the authority, each once; what was noted last stands last.
#[derive(Debug, Default)]
pub(super) struct Memory {
    proven: Vec<CrlState>,
    /// Signed by nobody in the folder: whoever a peer shows beside its certificate may have.
    unproven: Vec<CrlState>,
}

impl Memory {
    /// Of lists that were kept, which prove themselves once their authority is there.
    pub(super) fn of(kept: Vec<Listed>) -> Self {
        Self {
            proven: kept.into_iter().map(|it| it.state).collect(),
            unproven: Vec::new(),
        }
    }

    /// Takes in the lists that are in use from now on.
    pub(super) fn note(&mut self, used: &Snapshot) {
        for list in &used.states {
            let of_kind = match list.is_proven {
                true => &mut self.proven,
                false => &mut self.unproven,
            };
            of_kind.retain(|it| match list.is_proven {
                true => it.of != list.of,
                false => it.digest != list.digest,
            });
            of_kind.push(list.clone());
        }
        let here = used.states.len();
        for lists in [&mut self.proven, &mut self.unproven] {
            let over = lists.len().saturating_sub(LEFT_MAX + here);
            lists.drain(..over);
        }
    }

    pub(super) fn proven(&self) -> &[CrlState] {
        &self.proven
    }

    pub(super) fn unproven(&self) -> &[CrlState] {
        &self.unproven
    }
}
