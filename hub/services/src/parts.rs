//! What the exchange port is made of.

use std::sync::Arc;
use std::time::Duration;

use cordon_contract::{Clock, Fault};
use cordon_http::{Budget, Room};
use cordon_journal::Reader;
use cordon_security::wsse::Policy;
use cordon_security::{Identity, Role, Signer, TrustStore};

use crate::{Core, Questions, Refusals, Verifier};

/// How long an answer waits for room to be made in, and for a place.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// What an asker's questions may hold beside the answer that is made for one of them.
const QUESTION_BYTES: usize = 1024 * 1024;

/// Everything a call may need; shared by all connections.
pub struct Parts {
    /// The hub.
    pub core: Arc<dyn Core>,
    /// The journal, to read.
    pub reader: Reader,
    /// Who is trusted.
    pub trust: Arc<TrustStore>,
    /// The hub's own signature.
    pub signer: Arc<Signer>,
    /// What is kept of refusals.
    pub refusals: Arc<Refusals>,
    /// Bytes on their way, shared with the server.
    pub budget: Arc<Budget>,
    /// Places for questions whose answer is read from the disk.
    pub questions: Questions,
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
        room_of(&self.budget, asker, bytes, PATIENCE).await
    }
}

async fn room_of(
    budget: &Arc<Budget>,
    asker: &Identity,
    bytes: usize,
    patience: Duration,
) -> Result<Room, Fault> {
    let holder = Arc::from(asker.id.as_str());
    // The question holds room of the same asker until it is answered.
    let beside = budget.of_holder_max().saturating_sub(QUESTION_BYTES);
    let bytes = bytes.min(beside);
    let is_kept = asker.role == Role::Operator;
    let room = budget.take(&holder, bytes, is_kept, patience).await;
    room.ok_or_else(|| busy(format!("no room for {bytes} bytes of an answer to {asker}")))
}

/// Nothing was looked at; who comes again later is answered.
pub(crate) fn busy(why: String) -> Fault {
    Fault::new("S051", "too much is on its way to make this answer now")
        .log(why)
        .remedy("ask again in a few seconds, one question at a time")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;

    fn asker(id: &str, role: Role) -> Identity {
        Identity {
            park: "JS-1".parse().unwrap(),
            role,
            id: id.parse().unwrap(),
            certificate: [0; 32],
        }
    }

    #[tokio::test]
    async fn an_answer_has_room_beside_its_question_and_no_more_than_its_asker_may_hold() {
        let budget = Budget::new(48 * MIB);
        let room = |id, role, bytes| {
            let (budget, asker) = (Arc::clone(&budget), asker(id, role));
            async move { room_of(&budget, &asker, bytes, Duration::ZERO).await }
        };
        let refused = |taken: Result<Room, Fault>| taken.err().map(|fault| fault.code());
        // A third for one asker, of which a question may hold a mebibyte.
        let first = room("regulator-1", Role::Regulator, 24 * MIB).await;
        assert_eq!(budget.in_use(), 15 * MIB);
        let again = room("regulator-1", Role::Regulator, 2 * MIB).await;
        assert_eq!(refused(again), Some("S051"));
        let second = room("regulator-2", Role::Regulator, 24 * MIB).await;
        assert!(first.is_ok() && second.is_ok());
        // A sixth is kept, for operators alone.
        let third = room("regulator-3", Role::Regulator, 15 * MIB).await;
        assert_eq!(refused(third), Some("S051"));
        let kept = room("operator-1", Role::Operator, 15 * MIB).await;
        assert!(kept.is_ok());
        drop((first, second, kept));
        assert_eq!(budget.in_use(), 0);
    }
}
