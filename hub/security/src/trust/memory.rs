//! The last list of each authority that this hub went by, in this run and by what earlier ones kept, whatever lies in the folder
//! now: an authority is held to its own last list when it comes back, by whatever steps it went and comes.

use super::list::{CrlState, Listed};
use super::path::Whose;
use super::snapshot::Snapshot;

/// Lists remembered that are in use no more; of more the one that was noted first is forgotten.
const LEFT_MAX: usize = 128;

/// Lists, each with whose it is, where an authority that was here has signed it. What was noted last stands last.
#[derive(Debug, Default)]
pub(super) struct Memory(Vec<(Option<Whose>, CrlState)>);

impl Memory {
    /// Of lists that were kept, which prove themselves once their authority is there.
    pub(super) fn of(kept: Vec<Listed>) -> Self {
        Self(kept.into_iter().map(|it| (None, it.state)).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes in the lists that are in use from now on. What nobody here signed is remembered too: its authority may come.
    pub(super) fn note(&mut self, used: &Snapshot) {
        for (list, held) in used.states.iter().zip(&used.lists) {
            let whose = held.whose();
            self.0.retain(|(of, it)| {
                let is_its = of.is_some() && *of == whose;
                !is_its && it.digest != list.digest
            });
            self.0.push((whose, list.clone()));
        }
        let over = self.0.len().saturating_sub(LEFT_MAX + used.states.len());
        self.0.drain(..over);
    }

    pub(super) fn lists(&self) -> impl Iterator<Item = &CrlState> {
        self.0.iter().map(|(_, list)| list)
    }
}
