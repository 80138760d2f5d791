//! What the exchange port is made of.

use std::sync::Arc;

use cordon_contract::Clock;
use cordon_journal::Reader;
use cordon_security::wsse::Policy;
use cordon_security::{Signer, TrustStore};

use crate::{Core, Grants, Verifier};

/// Everything a call may need; shared by all connections.
pub struct Parts {
    /// The hub.
    pub core: Arc<dyn Core>,
    /// The journal, to read.
    pub reader: Reader,
    /// Grants, to query.
    pub grants: Arc<Grants>,
    /// Who is trusted.
    pub trust: Arc<TrustStore>,
    /// The hub's own signature.
    pub signer: Arc<Signer>,
    /// The threads that check signatures.
    pub verifier: Verifier,
    /// What a message must fulfil; the role is put in by the service that is called.
    pub policy: Policy,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Scheme, host and port that the WSDL names.
    pub base_url: String,
    /// Whether WSDL and XSD may be read without a client certificate.
    pub public_wsdl: bool,
}
