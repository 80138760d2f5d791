//! TLS with partners outside the park's CA: brokers, plants' systems, provincial platforms.
//!
//! What is trusted is exactly the certificates of one named file, nothing of the system's store.
//! TLS 1.2 is allowed, because brokers and platforms in the field still speak it.

use std::path::Path;
use std::sync::Arc;

use cordon_contract::Fault;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use super::{TlsKey, provider};
use crate::{file, refusal};

/// A client configuration that trusts the certificates in `ca` (PEM); `key` is shown when asked.
///
/// # Errors
/// `V103` when the file cannot be read, `V108` when it holds nothing that can be trusted.
pub fn outside_client(ca: &Path, key: Option<Arc<TlsKey>>) -> Result<Arc<ClientConfig>, Fault> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|error| refusal::TLS.because(error))?
        .with_root_certificates(roots(ca)?);
    Ok(Arc::new(match key {
        Some(key) => builder.with_client_cert_resolver(key),
        None => builder.with_no_client_auth(),
    }))
}

/// A server configuration that shows `key` and, when a client shows a certificate, demands that one
/// of `ca` (PEM) has signed it. Whether a client without one may call is the application's decision.
///
/// # Errors
/// As [`outside_client`].
pub fn outside_server(ca: &Path, key: Arc<TlsKey>) -> Result<Arc<ServerConfig>, Fault> {
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(ca)?), provider())
        .allow_unauthenticated()
        .build()
        .map_err(|error| refusal::TLS.because(error).at(ca.display().to_string()))?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|error| refusal::TLS.because(error))?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(key);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn roots(ca: &Path) -> Result<RootCertStore, Fault> {
    let refused =
        |error: &dyn std::fmt::Display| refusal::TLS.because(error).at(ca.display().to_string());
    let pem = file::read(ca)?;
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| refused(&error))?;
        store.add(certificate).map_err(|error| refused(&error))?;
    }
    if store.is_empty() {
        return Err(refused(&"the file holds no certificate"));
    }
    Ok(store)
}
