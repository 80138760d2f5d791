//! Readers of papers: certificates, requests for them, the register. They have no other public face; `fuzz/`
//! calls them. No interface.

use cordon_contract::Fault;
use rustls::pki_types::CertificateDer;

use crate::trust::CHAIN_ALGORITHMS;
use crate::{Certificate, Register, ca};

/// Reads a certificate in DER and demands of it what the profile demands.
pub fn certificate(der: &[u8]) -> Result<Certificate, Fault> {
    Certificate::parse(der)
}

/// Reads a request for a certificate and checks that its sender has the key.
pub fn request(pem: &str) -> Result<(), Fault> {
    ca::public_key(pem).map(|_| ())
}

/// Reads a register; `issuer` must have signed it.
pub fn register(text: &str, issuer: &[u8]) -> Result<Register, Fault> {
    let issuer = [CertificateDer::from(issuer)];
    Register::verify(text, &issuer, CHAIN_ALGORITHMS)
}
