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
use crate::refusal;

/// RSA sizes that are issued, in bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

pub(crate) fn public_key(pem: &str) -> Result<SubjectPublicKeyInfo, Fault> {
    let refused = |error: &dyn std::fmt::Display| refusal::REQUEST.because(error);
    // Windows and Java write the older label of the same content.
    let pem = pem.replace("NEW CERTIFICATE REQUEST", "CERTIFICATE REQUEST");
    let der = CertificateSigningRequestDer::from_pem_slice(pem.as_bytes())
        .map_err(|error| refused(&error))?;
    let (rest, request) =
        X509CertificationRequest::from_der(&der).map_err(|error| refused(&error))?;
    if !rest.is_empty() {
        return Err(refused(&"bytes after the request"));
    }
    // First, because no library verifies what is that short.
    let spki = &request.certification_request_info.subject_pki;
    if let Ok(ParsedKey::RSA(rsa)) = spki.parsed()
        && !RSA_BITS.contains(&rsa.key_size())
    {
        let detail = format_args!("RSA key of {} bits", rsa.key_size());
        return Err(refusal::REQUEST_KEY.because(detail));
    }
    request
        .verify_signature()
        .map_err(|error| refused(&error))?;
    PublicKey::from_spki(spki).ok_or_else(|| refused(&"kind of key"))?;
    SubjectPublicKeyInfo::from_der(spki.raw).map_err(|error| refused(&error))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use std::process::Command;

    use super::public_key;

    /// One of 1024 bits was a signature error: no library verifies what is that short.
    #[test]
    fn a_request_with_a_short_rsa_key_is_told_so() {
        let dir = tempfile::tempdir().unwrap();
        for (bits, code) in [
            ("1024", Some("V120")),
            ("1536", Some("V120")),
            ("2048", None),
        ] {
            let made = Command::new("openssl")
                .args([
                    "req",
                    "-new",
                    "-newkey",
                    &format!("rsa:{bits}"),
                    "-nodes",
                    "-keyout",
                ])
                .arg(dir.path().join("key.pem"))
                .arg("-out")
                .arg(dir.path().join("request.pem"))
                .args(["-subj", "/CN=plant"])
                .output()
                .unwrap();
            assert!(made.status.success(), "{made:?}");
            let request = std::fs::read_to_string(dir.path().join("request.pem")).unwrap();
            let refused = public_key(&request).err();
            assert_eq!(refused.map(|fault| fault.code()), code, "{bits}");
        }
    }
}
