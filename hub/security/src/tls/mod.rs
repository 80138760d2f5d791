//! rustls configurations: TLS 1.3 (the exchange takes TLS 1.2 where a setting says so), certificates checked by the park's [`TrustStore`], keys
//! and trust reloadable without a restart.

mod client;
mod key;
mod outside;
mod server;

pub use client::{Expect, client_config};
pub use key::{TlsKey, validity};
pub use outside::{outside_client, outside_server};
pub use server::{ClientAuth, Versions, peer_identity, server_config};

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::{CertificateError, Error, OtherError};

use crate::LIST_OVER;
use crate::refusal;
use cordon_contract::Fault;

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn algorithms() -> WebPkiSupportedAlgorithms {
    aws_lc_rs::default_provider().signature_verification_algorithms
}

/// The TLS alert that tells the peer what is wrong with its certificate.
fn alert(fault: &Fault) -> Error {
    // The alert has one word for the other side; who and why is said here.
    tracing::info!(%fault, "certificate refused in the handshake: {}", fault.log_text());
    let code = fault.code();
    let is = |refusal: refusal::Refusal| refusal.code == code;
    Error::InvalidCertificate(if is(refusal::REVOKED) {
        CertificateError::Revoked
    } else if is(refusal::CERTIFICATE_TIME) {
        CertificateError::Expired
    } else if is(refusal::UNKNOWN_ISSUER) {
        CertificateError::UnknownIssuer
    } else if is(refusal::STATUS_UNKNOWN) {
        // The peer's certificate may be as good as ever, and its issuer is known: rustls would say
        // "unknown CA". Wrapped, the alert is `certificate_unknown`, and the cause is kept.
        let cause = match fault.place() {
            LIST_OVER => CertificateError::ExpiredRevocationList,
            _ => CertificateError::UnknownRevocationStatus,
        };
        CertificateError::Other(OtherError(Arc::new(Error::InvalidCertificate(cause))))
    } else if is(refusal::TOKEN) {
        CertificateError::BadEncoding
    } else {
        CertificateError::ApplicationVerificationFailure
    })
}
