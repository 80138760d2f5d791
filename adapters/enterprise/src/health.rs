//! What operators see of the plant's system.

use std::sync::{Mutex, MutexGuard, PoisonError};

use cordon_contract::{DeviceHealth, Fault, LinkState};
use cordon_model::{DeviceId, Timestamp};

/// One partner's state.
#[derive(Debug)]
pub struct Health {
    device: Mutex<DeviceHealth>,
    /// What of our own keeps us from polling.
    trouble: Mutex<Option<Fault>>,
}

impl Health {
    /// Not heard of yet.
    pub fn new(partner: DeviceId) -> Self {
        let device = DeviceHealth {
            device: partner,
            state: LinkState::Starting,
            reason: String::new(),
            since: Timestamp::from_micros(0),
            readings: 0,
            dropped: 0,
            clock_offset_ms: None,
        };
        Self {
            device: Mutex::new(device),
            trouble: Mutex::default(),
        }
    }

    /// The link changed or was confirmed.
    pub fn link(&self, state: LinkState, reason: impl Into<String>, now: Timestamp) {
        let mut health = self.lock();
        if health.state != state {
            health.since = now;
        }
        health.state = state;
        health.reason = reason.into();
    }

    /// An event was recorded (`taken`) or refused.
    pub fn event(&self, taken: bool) {
        let mut health = self.lock();
        health.readings += u64::from(taken);
        health.dropped += u64::from(!taken);
    }

    /// As of now.
    pub fn now(&self) -> DeviceHealth {
        self.lock().clone()
    }

    /// Something of our own keeps us from polling, or no longer.
    pub fn rests(&self, trouble: Option<Fault>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// What of our own keeps us from polling.
    pub fn trouble(&self) -> Option<Fault> {
        let trouble = self.trouble.lock();
        trouble.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn lock(&self) -> MutexGuard<'_, DeviceHealth> {
        // Every change is complete before the lock is left, so a panic elsewhere harms nothing.
        self.device.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
