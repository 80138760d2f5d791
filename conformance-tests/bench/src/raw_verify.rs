//! The bound of every verification: the public-key operation alone, with the library the hub uses.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use cordon_security::Algorithm;
use x509_parser::pem::Pem;

use crate::Outcome;
use crate::park::Partner;

/// A parsed key with signatures of it, ready to be checked.
pub struct RawVerify {
    key: ParsedPublicKey,
    /// What was signed (canonical `SignedInfo`) and the signature's value.
    signed: Vec<(Bytes, Vec<u8>)>,
}

impl RawVerify {
    /// Takes the signatures out of letters of `partner`. The hub writes `SignedInfo` in canonical
    /// form, so the bytes in the letter are the bytes that were signed.
    pub fn of(partner: &Partner, letters: &[Bytes]) -> Outcome<Self> {
        let pem = Pem::iter_from_buffer(partner.chain_pem.as_bytes())
            .next()
            .ok_or("no certificate")??;
        let certificate = pem.parse_x509()?;
        let algorithm: &'static dyn VerificationAlgorithm = match partner.signer.algorithm() {
            Algorithm::EcdsaP256 => &ECDSA_P256_SHA256_FIXED,
            Algorithm::Rsa => &RSA_PKCS1_2048_8192_SHA256,
            Algorithm::Ed25519 => return Err("no bound for Ed25519".into()),
        };
        let key = ParsedPublicKey::new(
            algorithm,
            certificate.public_key().subject_public_key.data.as_ref(),
        )
        .map_err(|error| error.to_string())?;
        let signed = letters.iter().map(signed).collect::<Outcome<_>>()?;
        let raw = Self { key, signed };
        if raw.check(0..letters.len()) != letters.len() {
            return Err("a letter's signature does not verify by itself".into());
        }
        Ok(raw)
    }

    /// How many signatures.
    pub fn len(&self) -> usize {
        self.signed.len()
    }

    /// Checks some of the signatures; gives how many are good.
    pub fn check(&self, which: std::ops::Range<usize>) -> usize {
        let some = self.signed.get(which).unwrap_or_default();
        some.iter()
            .filter(|(signed, value)| self.key.verify_sig(signed, value).is_ok())
            .count()
    }
}

fn signed(letter: &Bytes) -> Outcome<(Bytes, Vec<u8>)> {
    let text = std::str::from_utf8(letter)?;
    let missing = "a letter without signature";
    let start = text.find("<ds:SignedInfo").ok_or(missing)?;
    let end = text.find("</ds:SignedInfo>").ok_or(missing)? + "</ds:SignedInfo>".len();
    let (_, value) = text.split_once("<ds:SignatureValue>").ok_or(missing)?;
    let (value, _) = value.split_once('<').ok_or(missing)?;
    Ok((letter.slice(start..end), STANDARD.decode(value)?))
}
