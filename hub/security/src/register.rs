//! The register that the CA publishes beside its CRLs: every certificate it issued and what became
//! of it, signed by the issuing CA. A CRL knows serial numbers only; whoever must say what became of
//! a party's certificate needs this.
//!
//! `register.json`: the statement as text, and a signature over exactly that text. Of the newest
//! [`CERTIFICATES_MAX`] certificates; older ones have expired long since.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cordon_contract::Fault;
use cordon_model::{ParkCode, PartyId, Timestamp};
use rcgen::{KeyPair, SigningKey};
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use serde::{Deserialize, Serialize};
use webpki::EndEntityCert;

use crate::ca::State;
use crate::{Role, refusal};

/// The file's name in the CA's and the trust folder.
pub(crate) const NAME: &str = "register.json";
/// Certificates of one register at most.
pub(crate) const CERTIFICATES_MAX: usize = 40_000;

/// A register whose signature was checked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// The park.
    pub park: ParkCode,
    /// Grows with every register published; a smaller one is not taken.
    pub number: u64,
    /// As of when.
    pub this_update: Timestamp,
    /// When a newer one is due.
    pub next_update: Timestamp,
    /// What was issued, oldest first.
    pub certificates: Vec<Standing>,
}

/// One certificate of the register.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// Serial number in lower-case hexadecimal.
    pub serial: String,
    /// The holder's role.
    pub role: Role,
    /// The holder.
    pub id: PartyId,
    /// First second of validity.
    pub not_before: Timestamp,
    /// Last second of validity.
    pub not_after: Timestamp,
    /// SHA-256 of the certificate in DER, lower-case hexadecimal.
    pub fingerprint: String,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
    /// Why, as [`crate::ca::Reason`] names it.
    pub reason: Option<String>,
}

/// The file.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    statement: String,
    /// Base64; ECDSA values in DER.
    signature: String,
}

impl Standing {
    /// What it is worth at `now`, as far as the register knows.
    pub fn state(&self, now: Timestamp) -> State {
        match self.revoked_at {
            Some(_) => State::Revoked,
            None if now > self.not_after => State::Expired,
            None => State::Valid,
        }
    }
}

impl Register {
    /// Whether it has this certificate, and it is over.
    pub(crate) fn has_ended(&self, serial: &str, now: Timestamp) -> bool {
        let mut all = self.certificates.iter();
        all.any(|one| one.serial == serial && one.not_after < now)
    }

    /// The file's text.
    pub(crate) fn sign(&self, key: &KeyPair) -> Result<String, Fault> {
        let statement =
            serde_json::to_string(self).map_err(|error| refusal::SIGNING.because(error))?;
        let signature = key
            .sign(statement.as_bytes())
            .map_err(|error| refusal::SIGNING.because(error))?;
        let signed = Signed {
            statement,
            signature: STANDARD.encode(signature),
        };
        serde_json::to_string(&signed).map_err(|error| refusal::SIGNING.because(error))
    }

    /// Reads a file; one of `issuers` must have signed it.
    pub(crate) fn verify(
        text: &str,
        issuers: &[CertificateDer<'_>],
        algorithms: &[&dyn SignatureVerificationAlgorithm],
    ) -> Result<Self, Fault> {
        let refused = |error: &dyn std::fmt::Display| refusal::REGISTER.because(error);
        let signed: Signed = serde_json::from_str(text).map_err(|error| refused(&error))?;
        let signature = STANDARD
            .decode(&signed.signature)
            .map_err(|error| refused(&error))?;
        let is_signer = |issuer: &CertificateDer<'_>| {
            EndEntityCert::try_from(issuer).is_ok_and(|issuer| {
                let statement = signed.statement.as_bytes();
                algorithms.iter().any(|algorithm| {
                    issuer
                        .verify_signature(*algorithm, statement, &signature)
                        .is_ok()
                })
            })
        };
        if !issuers.iter().any(is_signer) {
            return Err(refused(&"no issuing certificate of the folder signed it"));
        }
        serde_json::from_str(&signed.statement).map_err(|error| refused(&error))
    }
}
