//! Remembers what was accepted until it would be refused as stale anyway.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};

use cordon_contract::Fault;
use cordon_model::Timestamp;

use crate::refusal;

/// A bounded memory of signed messages. The key is the digest of the canonical `SignedInfo`
/// together with the signer, not the signature value: an ECDSA value can be turned into a second
/// valid one by anybody, what it signs can not.
///
/// When the memory is full, messages are refused (`V023`) until old ones expire; nothing that is
/// still fresh is ever forgotten.
#[derive(Debug)]
pub struct ReplayGuard {
    entries_max: usize,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    /// Digests by the second in which the last of them expires.
    slots: BTreeMap<i64, HashSet<[u8; 32]>>,
    entries: usize,
}

/// Width of a slot.
const SLOT_MICROS: i64 = 10_000_000;

impl Default for ReplayGuard {
    /// Room for one million messages, about 100 MB when full.
    fn default() -> Self {
        Self::new(1_000_000)
    }
}

impl ReplayGuard {
    /// A guard that remembers at most `entries_max` messages at a time.
    pub fn new(entries_max: usize) -> Self {
        Self {
            entries_max,
            memory: Mutex::default(),
        }
    }

    /// How many messages are remembered now.
    pub fn len(&self) -> usize {
        self.memory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entries
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Remembers `key` until `until`.
    ///
    /// # Errors
    /// `V011` when it is known already, `V023` when there is no room.
    pub fn admit(&self, key: [u8; 32], until: Timestamp, now: Timestamp) -> Result<(), Fault> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.forget(now.micros());
        // The same message always has the same `until`, so one slot is enough to look in.
        let slot = until.micros().div_euclid(SLOT_MICROS);
        if memory
            .slots
            .get(&slot)
            .is_some_and(|known| known.contains(&key))
        {
            return Err(refusal::REPLAY.fault());
        }
        if memory.entries >= self.entries_max {
            return Err(
                refusal::GUARD_FULL.because(format_args!("{} remembered", self.entries_max))
            );
        }
        memory.slots.entry(slot).or_default().insert(key);
        memory.entries += 1;
        Ok(())
    }
}

impl Memory {
    /// Drops slots that ended before `now`.
    fn forget(&mut self, now: i64) {
        while let Some(first) = self.slots.first_entry() {
            if (first.key() + 1).saturating_mul(SLOT_MICROS) > now {
                return;
            }
            self.entries -= first.remove().len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ReplayGuard;
    use cordon_model::Timestamp;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_message_passes_once_until_it_is_stale() {
        let guard = ReplayGuard::new(10);
        assert!(guard.admit([1; 32], at(100), at(0)).is_ok());
        assert_eq!(
            guard.admit([1; 32], at(100), at(99)).unwrap_err().code(),
            "V011"
        );
        assert!(guard.admit([2; 32], at(100), at(99)).is_ok());
        assert!(guard.admit([3; 32], at(500), at(111)).is_ok());
        assert_eq!(guard.len(), 1);
    }

    #[test]
    fn a_full_guard_refuses_and_recovers() {
        let guard = ReplayGuard::new(2);
        assert!(guard.admit([1; 32], at(100), at(0)).is_ok());
        assert!(guard.admit([2; 32], at(100), at(0)).is_ok());
        assert_eq!(
            guard.admit([3; 32], at(100), at(0)).unwrap_err().code(),
            "V023"
        );
        assert_eq!(
            guard.admit([1; 32], at(100), at(0)).unwrap_err().code(),
            "V011"
        );
        assert!(guard.admit([3; 32], at(300), at(120)).is_ok());
    }
}
