//! The durable position, for those who wait for new records inside the same process.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::chain::Hash;

/// The last durable record's number (0 before the first) and the chain hash after it.
pub type Position = (u64, Hash);

#[derive(Debug)]
struct Shared {
    position: Mutex<Position>,
    changed: Condvar,
}

/// A handle on the durable position; cheap to clone, never ahead of the disk.
#[derive(Clone, Debug)]
pub struct Watch(Arc<Shared>);

impl Watch {
    pub(crate) fn new(position: Position) -> Self {
        Self(Arc::new(Shared {
            position: Mutex::new(position),
            changed: Condvar::new(),
        }))
    }

    pub(crate) fn set(&self, position: Position) {
        *self
            .0
            .position
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = position;
        self.0.changed.notify_all();
    }

    /// The last durable record and its chain hash.
    pub fn position(&self) -> Position {
        *self
            .0
            .position
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a record after `number` is durable; `None` when `patience` runs out first.
    pub fn beyond(&self, number: u64, patience: Duration) -> Option<Position> {
        let deadline = Instant::now() + patience;
        let mut held = self
            .0
            .position
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        while held.0 <= number {
            let left = deadline.checked_duration_since(Instant::now())?;
            held = match self.0.changed.wait_timeout(held, left) {
                Ok((held, _)) => held,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        Some(*held)
    }
}
