//! What is written down of what people and the house did.

use cordon_model::{AuditOutcome, PartyId};

/// What an operator or the house did, for the audit.
#[derive(Clone, Debug)]
pub struct Audited {
    /// The action, such as `person.unmask`.
    pub action: String,
    /// Who did it.
    pub actor: PartyId,
    /// To what.
    pub target: Option<String>,
    /// How it ended.
    pub outcome: AuditOutcome,
    /// In words; for an unmasked read the reason.
    pub detail: Option<String>,
}
