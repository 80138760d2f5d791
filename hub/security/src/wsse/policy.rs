//! What a receiver demands beyond a good signature.

use std::sync::Arc;

use cordon_model::ParkCode;
use cordon_xml::Limits;

use crate::{ReplayGuard, Role};

/// The demands of one receiver. Share one policy, and with it one replay guard, among all workers
/// that serve the same port.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Roles that may send; empty lets nobody in.
    pub roles: Vec<Role>,
    /// The park whose certificates count; none accepts every park the trust store knows.
    pub park: Option<ParkCode>,
    /// How far the sender's clock may be off, in milliseconds.
    pub clock_skew_ms: i64,
    /// Longest life of a message in milliseconds, whatever its `Expires` says.
    pub lifetime_ms_max: i64,
    /// Limits of the document.
    pub limits: Limits,
    /// Memory of what was accepted; none lets the same message pass again, which only a client
    /// reading an answer to its own question may want.
    pub replay: Option<Arc<ReplayGuard>>,
}

impl Policy {
    /// Lets in `roles`: one minute of skew, five minutes of life, default limits, a fresh guard.
    pub fn new(roles: &[Role]) -> Self {
        Self {
            roles: roles.to_vec(),
            park: None,
            clock_skew_ms: 60_000,
            lifetime_ms_max: 300_000,
            limits: Limits::default(),
            replay: Some(Arc::default()),
        }
    }

    /// Accepts certificates of this park only.
    #[must_use]
    pub fn for_park(mut self, park: ParkCode) -> Self {
        self.park = Some(park);
        self
    }

    /// Remembers nothing.
    #[must_use]
    pub fn without_replay_guard(mut self) -> Self {
        self.replay = None;
        self
    }
}
