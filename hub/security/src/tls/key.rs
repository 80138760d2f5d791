//! A certificate chain and key for TLS that can be changed under running connections.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use cordon_contract::Fault;
use cordon_model::Timestamp;
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::{file, instant, refusal};

/// The certificate one side of TLS shows. [`TlsKey::reload`] is for renewals; connections that
/// stand keep the old one.
#[derive(Debug)]
pub struct TlsKey {
    chain: PathBuf,
    key: PathBuf,
    certified: ArcSwap<CertifiedKey>,
}

impl TlsKey {
    /// Reads chain (leaf first) and key from PEM files.
    ///
    /// # Errors
    /// `V103` when a file cannot be read, `V106` when they do not belong together.
    pub fn load(chain: &Path, key: &Path) -> Result<Arc<Self>, Fault> {
        let certified = read(chain, key)?;
        Ok(Arc::new(Self {
            chain: chain.to_owned(),
            key: key.to_owned(),
            certified: ArcSwap::from_pointee(certified),
        }))
    }

    /// Reads the files again; on a fault the old key stays in use.
    ///
    /// # Errors
    /// As [`TlsKey::load`].
    pub fn reload(&self) -> Result<(), Fault> {
        self.certified
            .store(Arc::new(read(&self.chain, &self.key)?));
        Ok(())
    }
}

/// First and last second of the certificate that a PEM file begins with: the one that is shown to
/// the other side, whoever issued it.
///
/// # Errors
/// `V103` when the file cannot be read, `V106` when it begins with no certificate.
pub fn validity(chain: &Path) -> Result<(Timestamp, Timestamp), Fault> {
    let none =
        |error: &dyn std::fmt::Display| refusal::KEY.because(error).at(chain.display().to_string());
    let pem = file::read(chain)?;
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| none(&error))?;
    let (_, parsed) = X509Certificate::from_der(&der).map_err(|error| none(&error))?;
    let validity = parsed.validity();
    Ok((
        instant::from_seconds(validity.not_before.timestamp()),
        instant::from_seconds(validity.not_after.timestamp()),
    ))
}

fn read(chain_path: &Path, key_path: &Path) -> Result<CertifiedKey, Fault> {
    let refused = |error: &dyn std::fmt::Display| {
        refusal::KEY
            .because(error)
            .at(key_path.display().to_string())
    };
    let chain_pem = file::read(chain_path)?;
    let chain = CertificateDer::pem_slice_iter(chain_pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| refused(&error))?;
    let key_pem = file::read_private(key_path)?;
    let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).map_err(|error| refused(&error))?;
    let key = any_supported_type(&key).map_err(|error| refused(&error))?;
    let certified = CertifiedKey::new(chain, key);
    certified.keys_match().map_err(|error| refused(&error))?;
    Ok(certified)
}

impl ResolvesServerCert for TlsKey {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.certified.load_full())
    }
}

impl ResolvesClientCert for TlsKey {
    fn resolve(
        &self,
        _root_hint_subjects: &[&[u8]],
        _schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        Some(self.certified.load_full())
    }

    fn has_certs(&self) -> bool {
        true
    }
}
