//! The three signature algorithms of the profile and the public keys that go with them.
//!
//! The table is closed: an identifier that is not in it is refused, SHA-1 can not be named.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
};
use x509_parser::x509::SubjectPublicKeyInfo;

/// A signature algorithm of the profile.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256, value as r and s of 32 bytes each.
    EcdsaP256,
    /// RSA PKCS#1 v1.5 with SHA-256, 2048 bits or more.
    Rsa,
    /// Ed25519.
    Ed25519,
}

impl Algorithm {
    /// The identifier in `SignatureMethod` (RFC 9231, section 2.3).
    pub fn uri(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
            Self::Rsa => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            Self::Ed25519 => "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519",
        }
    }

    /// The algorithm with this identifier.
    pub fn from_uri(uri: &str) -> Option<Self> {
        [Self::EcdsaP256, Self::Rsa, Self::Ed25519]
            .into_iter()
            .find(|known| known.uri() == uri)
    }
}

const OID_EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
const OID_P256: &str = "1.2.840.10045.3.1.7";
const OID_RSA: &str = "1.2.840.113549.1.1.1";
const OID_ED25519: &str = "1.3.101.112";

/// A public key, parsed once.
pub(crate) struct PublicKey {
    algorithm: Algorithm,
    key: ParsedPublicKey,
}

impl PublicKey {
    /// The key of a certificate or request; none when its kind or size is not in the profile.
    pub(crate) fn from_spki(spki: &SubjectPublicKeyInfo<'_>) -> Option<Self> {
        let bytes = spki.subject_public_key.data.as_ref();
        let algorithm = match spki.algorithm.algorithm.to_id_string().as_str() {
            OID_EC_PUBLIC_KEY => {
                let curve = spki.algorithm.parameters.as_ref()?.as_oid().ok()?;
                (curve.to_id_string() == OID_P256).then_some(Algorithm::EcdsaP256)?
            }
            OID_RSA => Algorithm::Rsa,
            OID_ED25519 => Algorithm::Ed25519,
            _ => return None,
        };
        let key = match algorithm {
            Algorithm::EcdsaP256 => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, bytes),
            Algorithm::Rsa => ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, bytes),
            Algorithm::Ed25519 => ParsedPublicKey::new(&ED25519, bytes),
        };
        Some(Self {
            algorithm,
            key: key.ok()?,
        })
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether `signature` is this key's over `message`. Gives the message's SHA-256 with the
    /// answer, because the callers need both and one pass over the message is enough.
    pub(crate) fn check(&self, message: &[u8], signature: &[u8]) -> (bool, [u8; 32]) {
        let hash = digest::digest(&digest::SHA256, message);
        let verified = match self.algorithm {
            Algorithm::EcdsaP256 | Algorithm::Rsa => self.key.verify_digest_sig(&hash, signature),
            // Ed25519 signs the message itself (RFC 8032, section 5.1).
            Algorithm::Ed25519 => self.key.verify_sig(message, signature),
        };
        (verified.is_ok(), array(&hash))
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({:?})", self.algorithm)
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    array(&digest::digest(&digest::SHA256, bytes))
}

fn array(hash: &digest::Digest) -> [u8; 32] {
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(hash.as_ref()) {
        *to = *from;
    }
    out
}
