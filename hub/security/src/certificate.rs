//! A parsed end-entity certificate with the identity it carries.

use cordon_contract::Fault;
use cordon_model::Timestamp;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};
use x509_parser::public_key::PublicKey as ParsedKey;

use crate::algorithm::{PublicKey, sha256};
use crate::identity::{self, Identity, hex};
use crate::trust::mark_of;
use crate::{Algorithm, instant, refusal};

/// Shortest RSA key, in bits.
const RSA_BITS_MIN: usize = 2048;

/// An end-entity certificate of the park's profile. Having one says nothing about trust; only
/// [`crate::TrustStore`] gives certificates that were checked.
#[derive(Debug)]
pub struct Certificate {
    der: Vec<u8>,
    identity: Identity,
    key: PublicKey,
    serial: String,
    issuer: String,
    issued_by: String,
    not_before: Timestamp,
    not_after: Timestamp,
}

impl Certificate {
    /// Reads a certificate and demands the profile's identity: exactly one URI
    /// `urn:cordon:PARK:ROLE:ID`, the common name equal to the id, a key of the profile.
    pub(crate) fn parse(der: &[u8]) -> Result<Self, Fault> {
        let (_, parsed) = X509Certificate::from_der(der)
            .ok()
            .filter(|(rest, _)| rest.is_empty())
            .ok_or_else(|| refusal::TOKEN.because("not a DER certificate"))?;
        let identity = identity_of(&parsed, sha256(der))?;
        long_enough(&parsed)?;
        let key = PublicKey::from_spki(parsed.public_key())
            .ok_or_else(|| refusal::UNFIT.because("public key is not in the profile"))?;
        may_sign(&parsed)?;
        Ok(Self {
            identity,
            key,
            serial: serial_hex(parsed.raw_serial()),
            issuer: parsed.issuer().to_string(),
            issued_by: mark_of(parsed.issuer(), parsed.extensions()),
            not_before: instant::from_seconds(parsed.validity().not_before.timestamp()),
            not_after: instant::from_seconds(parsed.validity().not_after.timestamp()),
            der: der.to_vec(),
        })
    }

    /// The certificate in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Who holds it.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The algorithm of its key.
    pub fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }

    /// Serial number in lower-case hexadecimal without leading zero bytes.
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// Distinguished name of the issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Stands for its issuer's name and key, as [`crate::CrlState::of`] does.
    pub fn issued_by(&self) -> &str {
        &self.issued_by
    }

    /// First second of validity.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// Last second of validity.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    pub(crate) fn key(&self) -> &PublicKey {
        &self.key
    }
}

/// An RSA key that is too short would be found out only by a signature that never verifies.
fn long_enough(parsed: &X509Certificate<'_>) -> Result<(), Fault> {
    match parsed.public_key().parsed() {
        Ok(ParsedKey::RSA(key)) if key.key_size() < RSA_BITS_MIN => {
            Err(refusal::KEY_SIZE.because(format_args!("RSA key of {} bits", key.key_size())))
        }
        _ => Ok(()),
    }
}

/// A key usage, where the certificate has one, must allow signatures (RFC 5280, section 4.2.1.3).
fn may_sign(parsed: &X509Certificate<'_>) -> Result<(), Fault> {
    let usage = parsed
        .key_usage()
        .map_err(|_| refusal::KEY_USAGE.because("key usage twice"))?;
    match usage {
        Some(usage) if !usage.value.digital_signature() => Err(refusal::KEY_USAGE.fault()),
        _ => Ok(()),
    }
}

fn identity_of(parsed: &X509Certificate<'_>, fingerprint: [u8; 32]) -> Result<Identity, Fault> {
    let names = parsed
        .subject_alternative_name()
        .map_err(|_| refusal::UNFIT.because("subject alternative name twice"))?
        .map(|extension| extension.value.general_names.as_slice())
        .unwrap_or_default();
    let mut uris = names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) if identity::is_identity_uri(uri) => Some(*uri),
        _ => None,
    });
    let (Some(uri), None) = (uris.next(), uris.next()) else {
        return Err(refusal::UNFIT.because("not exactly one urn:cordon URI"));
    };
    let identity = Identity::from_uri(uri, fingerprint)
        .ok_or_else(|| refusal::UNFIT.because(format_args!("identity {uri:?} is not lawful")))?;
    let common_name = parsed.subject().iter_common_name().next();
    if common_name.and_then(|name| name.as_str().ok()) != Some(identity.id.as_str()) {
        return Err(refusal::UNFIT.because("common name differs from the identity"));
    }
    Ok(identity)
}

pub(crate) fn serial_hex(raw: &[u8]) -> String {
    let start = raw.iter().position(|byte| *byte != 0).unwrap_or(raw.len());
    hex(raw.get(start..).unwrap_or_default())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use std::process::Command;

    use rcgen::{CertificateParams, DnType, KeyPair, KeyUsagePurpose, SanType};

    use super::*;

    const URI: &str = "urn:cordon:JS-1:enterprise:plant-a";

    fn verdict(usages: &[KeyUsagePurpose]) -> &'static str {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "plant-a");
        params
            .subject_alt_names
            .push(SanType::URI(URI.try_into().unwrap()));
        params.key_usages = usages.to_vec();
        let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        Certificate::parse(made.der()).map_or_else(|fault| fault.code(), |_| "ok")
    }

    #[test]
    fn a_key_usage_without_signatures_is_refused_by_its_code() {
        assert_eq!(verdict(&[KeyUsagePurpose::KeyEncipherment]), "V030");
        assert_eq!(verdict(&[KeyUsagePurpose::DigitalSignature]), "ok");
        assert_eq!(verdict(&[]), "ok", "no key usage limits nothing");
    }

    #[test]
    fn a_short_rsa_key_has_a_code_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let der = folder.path().join("short.der");
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout"])
            .arg(folder.path().join("key.pem"))
            .args(["-subj", "/CN=plant-a", "-addext"])
            .arg(format!("subjectAltName=URI:{URI}"))
            .args(["-outform", "DER", "-out"])
            .arg(&der)
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let der = std::fs::read(der).unwrap();
        assert_eq!(Certificate::parse(&der).unwrap_err().code(), "V031");
    }
}
