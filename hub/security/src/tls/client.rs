//! The client's side: TLS 1.3, the server checked by a trust store.

use std::sync::Arc;

use cordon_contract::Fault;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::verify_tls13_signature;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::version::TLS13;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, PeerMisbehaved, SignatureScheme,
};
use webpki::EndEntityCert;

use super::{TlsKey, alert, algorithms, provider};
use crate::{Certificate, Role, TrustStore, Usage, instant, refusal};

/// What a client expects of the server beyond a good chain and the right name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Expect {
    /// A park identity with one of these roles.
    Roles(Vec<Role>),
    /// Nothing more: a server outside the park.
    AnyServer,
}

/// A client configuration for TLS 1.3 and HTTP/1.1; `key` is shown when the server asks.
///
/// # Errors
/// `V108` when rustls refuses.
pub fn client_config(
    trust: Arc<TrustStore>,
    key: Option<Arc<TlsKey>>,
    expect: Expect,
) -> Result<Arc<ClientConfig>, Fault> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .map_err(|error| refusal::TLS.because(error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(ParkServers { trust, expect }));
    let mut config = match key {
        Some(key) => builder.with_client_cert_resolver(key),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

#[derive(Debug)]
struct ParkServers {
    trust: Arc<TrustStore>,
    expect: Expect,
}

impl ParkServers {
    fn check_role(&self, end_entity: &CertificateDer<'_>) -> Result<(), Fault> {
        let Expect::Roles(roles) = &self.expect else {
            return Ok(());
        };
        let certificate = Certificate::parse(end_entity)?;
        let identity = certificate.identity();
        if roles.contains(&identity.role) {
            return Ok(());
        }
        Err(refusal::ROLE.because(identity))
    }
}

/// Which name was wanted and which ones the certificate has.
fn misnamed(error: &webpki::Error, wanted: &ServerName<'_>) -> Error {
    Error::InvalidCertificate(match error {
        webpki::Error::CertNotValidForName(context) => CertificateError::NotValidForNameContext {
            expected: wanted.to_owned(),
            presented: context.presented.clone(),
        },
        _ => CertificateError::NotValidForName,
    })
}

impl ServerCertVerifier for ParkServers {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let at = instant::from_unix(now);
        self.trust
            .check_chain(end_entity, intermediates, Usage::Server, at)
            .and_then(|()| self.check_role(end_entity))
            .map_err(|fault| alert(&fault))?;
        EndEntityCert::try_from(end_entity)
            .and_then(|certificate| certificate.verify_is_valid_for_subject_name(server_name))
            .map_err(|error| misnamed(&error, server_name))?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into())
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
