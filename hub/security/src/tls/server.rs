//! The exchange port: mutual TLS 1.3, client certificates mapped to identities.

use std::sync::Arc;

use cordon_contract::Fault;
use cordon_model::Timestamp;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, PeerMisbehaved, ServerConfig, SignatureScheme,
};

use super::{TlsKey, alert, algorithms, provider};
use crate::{Identity, TrustStore, Usage, instant, refusal};

/// Whether a client must show a certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ClientAuth {
    /// No certificate, no connection.
    Required,
    /// A client without certificate may connect, for public files such as the WSDL; what it may
    /// ask for is the application's decision. A bad certificate is refused all the same.
    Optional,
}

/// Which versions of TLS a server speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Versions {
    /// TLS 1.3 alone.
    Tls13,
    /// TLS 1.2 as well, for partners whose systems know no other.
    Tls12Too,
}

/// A server configuration for HTTP/1.1. Revocation and renewal take effect for new
/// connections as soon as `trust` or `key` is reloaded; there are no sessions that would let a
/// revoked client resume.
///
/// # Errors
/// `V108` when rustls refuses.
pub fn server_config(
    key: Arc<TlsKey>,
    trust: Arc<TrustStore>,
    clients: ClientAuth,
    versions: Versions,
) -> Result<Arc<ServerConfig>, Fault> {
    let spoken: &[_] = match versions {
        Versions::Tls13 => &[&TLS13],
        Versions::Tls12Too => &[&TLS13, &TLS12],
    };
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(spoken)
        .map_err(|error| refusal::TLS.because(error))?
        .with_client_cert_verifier(Arc::new(ParkClients {
            trust,
            clients,
            versions,
        }))
        .with_cert_resolver(key);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(Arc::new(config))
}

/// Who is on the other side, from the certificates of a finished handshake; none when the client
/// showed none.
///
/// # Errors
/// As [`TrustStore::check`]: the certificate is looked at again after a minute and after each reload of
/// `trust`, so a connection that outlives a revocation is noticed.
pub fn peer_identity(
    certificates: Option<&[CertificateDer<'_>]>,
    trust: &TrustStore,
    now: Timestamp,
) -> Result<Option<Identity>, Fault> {
    let Some((leaf, others)) = certificates.and_then(<[_]>::split_first) else {
        return Ok(None);
    };
    let certificate = trust.check_peer(leaf, others, now)?;
    Ok(Some(certificate.identity().clone()))
}

#[derive(Debug)]
struct ParkClients {
    trust: Arc<TrustStore>,
    clients: ClientAuth,
    versions: Versions,
}

impl ClientCertVerifier for ParkClients {
    fn client_auth_mandatory(&self) -> bool {
        self.clients == ClientAuth::Required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.trust
            .check(
                end_entity,
                intermediates,
                Usage::Client,
                instant::from_unix(now),
            )
            .map(|_| ClientCertVerified::assertion())
            .map_err(|fault| alert(&fault))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match self.versions {
            Versions::Tls13 => Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into()),
            Versions::Tls12Too => verify_tls12_signature(message, cert, dss, &algorithms()),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &algorithms())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        algorithms().supported_schemes()
    }
}
