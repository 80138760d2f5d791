//! WS-Security as one fixed profile: a signed Body and Timestamp, an X.509 token, nothing optional.
//!
//! What is accepted and refused, and with which code, is in `docs/reference/ws-security.md`.

mod envelope;
mod policy;
mod sign;
mod timestamp;
mod verify;

pub use cordon_wire::soap::SoapVersion;
pub use envelope::VerifiedEnvelope;
pub use policy::Policy;
pub use sign::{LIFETIME_SECONDS, sign};
pub use verify::{Rejected, verify, verify_evidence, verify_from, verify_kept};
