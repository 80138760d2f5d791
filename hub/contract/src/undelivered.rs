//! What an adapter gave up of the things it sends by itself.

use cordon_model::{MessageType, Timestamp};

use crate::Target;

/// Something that an adapter sends on a schedule of its own, so not as an order of the outbox. It is listed
/// until it is taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Undelivered {
    /// How the adapter knows it; unique within the adapter, and the same after a restart.
    pub key: String,
    /// Whom it is for.
    pub target: Target,
    /// What it is.
    pub kind: MessageType,
    /// When it was given up.
    pub since: Timestamp,
    /// Why, in words.
    pub reason: String,
}
