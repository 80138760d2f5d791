//! Readers of what a publish says beside its reading. They have no other public face; `fuzz/` calls them.
//! No interface.

use cordon_model::{DeviceId, Timestamp};

use crate::config::{Presence, Subscription};
use crate::decode::{self, Incoming};
use crate::sign::{self, Sign};

/// Whether a publish tells of its device's life, and of which device; `None` when it tells nothing.
pub fn life(incoming: &Incoming, presence: &[Presence], device: &DeviceId) -> Option<String> {
    match sign::sign_of(incoming, presence, device) {
        Sign::Life => Some("alive".to_owned()),
        Sign::Word(device, up) => Some(format!("{device} {up}")),
        Sign::Nothing => None,
    }
}

/// Whether the identity of a publish is a guess.
pub fn is_guess(incoming: &Incoming, subscription: &Subscription, at: Timestamp) -> bool {
    decode::is_guess(incoming, subscription, at)
}
