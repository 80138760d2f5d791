//! What of the settings the flow itself goes by: who may say what about whose things, and what readings mean.
//!
//! The corridor's workers ask it beside the sequencer. It is another one from the entry on that says so; what passed the
//! corridor under the one before is looked at again by the sequencer, so that nothing is judged by half of each.

use std::sync::{Arc, PoisonError, RwLock};

use cordon_mapping::Mappings;

use crate::decide::authority::Authority;

/// What holds at one moment.
#[derive(Clone)]
pub(crate) struct Terms {
    /// How often they changed since the hub began: what was judged under another number is judged again.
    pub number: u64,
    pub authority: Arc<Authority>,
    pub mappings: Arc<Mappings>,
}

/// A handle on what holds now; clones see the same.
#[derive(Clone)]
pub(crate) struct InForce(Arc<RwLock<Arc<Terms>>>);

impl InForce {
    /// What holds at the beginning.
    pub(crate) fn new(authority: Arc<Authority>, mappings: Arc<Mappings>) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(Terms {
            number: 0,
            authority,
            mappings,
        }))))
    }

    /// What holds now, for as long as one message is looked at.
    pub(crate) fn now(&self) -> Arc<Terms> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Others hold from here on. Only the sequencer says so, between two entries.
    pub(crate) fn change(&self, authority: Arc<Authority>, mappings: Arc<Mappings>) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *held = Arc::new(Terms {
            number: held.number.wrapping_add(1),
            authority,
            mappings,
        });
    }
}
