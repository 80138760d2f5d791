//! Certificate signing requests: only the public key is taken, once its holder proved to have it.
//!
//! Names, usages and extensions that a request asks for are ignored; the profile decides.

use cordon_contract::Fault;
use rcgen::SubjectPublicKeyInfo;
use rustls::pki_types::CertificateSigningRequestDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::prelude::{FromDer, X509CertificationRequest};
use x509_parser::public_key::PublicKey as ParsedKey;

use crate::algorithm::PublicKey;
use crate::{Algorithm, refusal};

/// RSA sizes that are issued, in bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

pub(super) fn public_key(pem: &str) -> Result<SubjectPublicKeyInfo, Fault> {
    let refused = |error: &dyn std::fmt::Display| refusal::REQUEST.because(error);
    let der = CertificateSigningRequestDer::from_pem_slice(pem.as_bytes())
        .map_err(|error| refused(&error))?;
    let (rest, request) =
        X509CertificationRequest::from_der(&der).map_err(|error| refused(&error))?;
    if !rest.is_empty() {
        return Err(refused(&"bytes after the request"));
    }
    request
        .verify_signature()
        .map_err(|error| refused(&error))?;
    let spki = &request.certification_request_info.subject_pki;
    let key = PublicKey::from_spki(spki).ok_or_else(|| refused(&"kind or size of key"))?;
    if key.algorithm() == Algorithm::Rsa {
        let bits = match spki.parsed() {
            Ok(ParsedKey::RSA(rsa)) => rsa.key_size(),
            _ => 0,
        };
        if !RSA_BITS.contains(&bits) {
            return Err(refused(&format_args!("RSA key of {bits} bits")));
        }
    }
    SubjectPublicKeyInfo::from_der(spki.raw).map_err(|error| refused(&error))
}
