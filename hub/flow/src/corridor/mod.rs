//! The corridor: everything that makes a message trustworthy before the sequencer sees it.
//!
//! Two doors, one corridor. Each step is a type with private fields that only the step before can
//! make, so an unverified message cannot be appended (I1):
//!
//! ```text
//! signed bytes   VerifiedEnvelope → Verified → Valid  → Sealed
//! a reading      Reading          →            Mapped → Sealed
//! the hub itself Body                                 → Sealed
//! ```

pub(crate) mod device_pace;
pub(crate) mod inbox;
mod mapped;
pub(crate) mod queue;
pub(crate) mod receipt;
mod refused;
mod rules;
mod sealed;
mod source;
pub(crate) mod submit;
mod valid;
mod verified;
pub(crate) mod work;
pub(crate) mod worker;

pub use rules::{AskedRule, CorridorRules};

pub(crate) use mapped::SealedReading;
pub(crate) use refused::{Offender, RefusedDraft};
pub(crate) use rules::Corridor;
pub(crate) use sealed::{Key, Sealed, identity_again};
pub(crate) use source::Source;
pub(crate) use valid::possible;
pub(crate) use verified::{Part, SealedSubmission, Verified};
