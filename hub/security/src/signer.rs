//! A certificate with its private key: the only thing in the house that can sign.

use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cordon_contract::Fault;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::{Algorithm, Certificate, Identity, file, refusal};

/// Signs in the name of one certificate.
pub struct Signer {
    certificate: Certificate,
    /// Leaf first, without the root.
    chain: Vec<CertificateDer<'static>>,
    /// The leaf in base64, as it goes into a token.
    token: String,
    key: Key,
}

enum Key {
    EcdsaP256(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    /// Reads a certificate chain (leaf first) and its private key from PEM files.
    ///
    /// # Errors
    /// `V103` when a file cannot be read, `V106` when key and certificate do not belong together,
    /// `V021` or `V024` when the certificate does not have the park's form.
    pub fn load(chain: &Path, key: &Path) -> Result<Self, Fault> {
        Self::from_pem(&file::read(chain)?, &file::read_private(key)?)
            .map_err(|fault| fault.at(key.display().to_string()))
    }

    /// The same from PEM texts.
    pub fn from_pem(chain_pem: &str, key_pem: &str) -> Result<Self, Fault> {
        let chain = CertificateDer::pem_slice_iter(chain_pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| refusal::TOKEN.because(error))?;
        let leaf = chain
            .first()
            .ok_or_else(|| refusal::TOKEN.because("no certificate in PEM"))?;
        let certificate = Certificate::parse(leaf)?;
        let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes())
            .map_err(|error| refusal::KEY.because(error))?;
        let key = Key::parse(certificate.algorithm(), key.secret_der())?;
        let (_, parsed) =
            X509Certificate::from_der(leaf).map_err(|error| refusal::TOKEN.because(error))?;
        if parsed.public_key().subject_public_key.data.as_ref() != key.public() {
            return Err(refusal::KEY.because("key does not belong to the certificate"));
        }
        let token = STANDARD.encode(leaf);
        Ok(Self {
            certificate,
            token,
            chain,
            key,
        })
    }

    /// In whose name it signs.
    pub fn identity(&self) -> &Identity {
        self.certificate.identity()
    }

    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The algorithm of the key.
    pub fn algorithm(&self) -> Algorithm {
        self.certificate.algorithm()
    }

    /// The chain in DER, leaf first.
    pub(crate) fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Signs `message`; ECDSA values are r and s of 32 bytes each.
    ///
    /// # Errors
    /// `V107` when the key refuses, which a checked key does not.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let rng = SystemRandom::new();
        let failed = |_| refusal::SIGNING.fault();
        match &self.key {
            Key::EcdsaP256(key) => Ok(key.sign(&rng, message).map_err(failed)?.as_ref().to_vec()),
            Key::Ed25519(key) => Ok(key.sign(message).as_ref().to_vec()),
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &rng, message, &mut signature)
                    .map_err(failed)?;
                Ok(signature)
            }
        }
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.identity())
    }
}

impl Key {
    fn parse(algorithm: Algorithm, der: &[u8]) -> Result<Self, Fault> {
        let rejected = |error| refusal::KEY.because(error);
        match algorithm {
            Algorithm::EcdsaP256 => {
                EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
                    .map(Self::EcdsaP256)
                    .map_err(rejected)
            }
            Algorithm::Ed25519 => Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)
                .map(Self::Ed25519)
                .map_err(rejected),
            Algorithm::Rsa => RsaKeyPair::from_pkcs8(der)
                .or_else(|_| RsaKeyPair::from_der(der))
                .map(|key| Self::Rsa(Box::new(key)))
                .map_err(rejected),
        }
    }

    fn public(&self) -> &[u8] {
        match self {
            Self::EcdsaP256(key) => key.public_key().as_ref(),
            Self::Ed25519(key) => key.public_key().as_ref(),
            Self::Rsa(key) => key.public_key().as_ref(),
        }
    }
}
