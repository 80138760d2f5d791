//! What the exchange port is made of.

use std::sync::Arc;
use std::time::Duration;

use cordon_contract::{Clock, Fault};
use cordon_http::{Budget, Room};
use cordon_journal::Reader;
use cordon_security::wsse::Policy;
use cordon_security::{Identity, Role, Signer, TrustStore};

use crate::{Core, Grants, Refusals, Verifier};

/// How long an answer waits for room to be made in.
const PATIENCE: Duration = Duration::from_secs(20);
/// What an asker's questions may hold beside the answer that is made for one of them.
const QUESTION_BYTES: usize = 1024 * 1024;

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
    /// What is kept of refusals.
    pub refusals: Arc<Refusals>,
    /// Bytes on their way, shared with the server.
    pub budget: Arc<Budget>,
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

impl Parts {
    /// Room for an answer of about so many bytes, what making it takes included.
    ///
    /// # Errors
    /// `S051` when there is none in time.
    pub(crate) async fn room(&self, asker: &Identity, bytes: usize) -> Result<Room, Fault> {
        let holder = Arc::from(asker.id.as_str());
        // The question holds room of the same asker until it is answered.
        let beside = self.budget.of_holder_max().saturating_sub(QUESTION_BYTES);
        let bytes = bytes.min(beside);
        let is_kept = asker.role == Role::Operator;
        let room = self.budget.take(&holder, bytes, is_kept, PATIENCE).await;
        room.ok_or_else(|| {
            Fault::new("S051", "too much is on its way to make this answer now")
                .log(format!("no room for {bytes} bytes of an answer to {asker}"))
                .remedy("ask again in a few seconds, one question at a time")
        })
    }
}
