//! A signed conversation with a hub: every request is signed; every answer's signature is checked, and
//! that it is the answer to what was sent.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cordon_contract::{Clock, Fault};
use cordon_http::{Client, ClientOptions, HttpFault};
use cordon_model::{ParkCode, Timestamp};
use cordon_security::wsse::{self, Policy, SoapVersion, VerifiedEnvelope};
use cordon_security::{Role, Signer, TrustStore};
use cordon_xml::Node;

use crate::asked;
use crate::passing::is_passing;

/// How to reach a hub.
#[derive(Clone, Debug)]
pub struct LinkOptions {
    /// Address of the service, such as `https://hub.park:8443/soap/enterprise`.
    pub url: String,
    /// Mutual TLS settings.
    pub tls: Arc<rustls::ClientConfig>,
    /// Limit on one exchange.
    pub timeout: Duration,
}

/// A conversation with one service of a hub.
#[derive(Clone)]
pub struct Link {
    client: Client,
    url: String,
    signer: Arc<Signer>,
    trust: Arc<TrustStore>,
    clock: Arc<dyn Clock>,
}

/// Why a call brought no answer.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The hub could not be reached, or did not answer in time; trying again may help.
    #[error("{0}")]
    Unreachable(#[from] HttpFault),
    /// The hub refused the whole request with a fault; trying the same again does not help.
    #[error("{0}")]
    Refused(Fault),
    /// The hub cannot take the request now and says that it is not at fault; it may be sent again.
    #[error("{0}")]
    Busy(Fault),
    /// The answer cannot be trusted or understood; nothing in it was used.
    #[error("{0}")]
    Untrusted(Fault),
}

impl Link {
    /// Makes a link; nothing is sent yet.
    pub fn new(
        options: LinkOptions,
        signer: Arc<Signer>,
        trust: Arc<TrustStore>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let client = Client::new(ClientOptions {
            tls: Some(options.tls),
            timeout: options.timeout,
            body_max: 64 * 1024 * 1024,
            ..ClientOptions::default()
        });
        Self {
            client,
            url: options.url,
            signer,
            trust,
            clock,
        }
    }

    /// The time as the link sees it.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The park of the own certificate; no other one's hub is believed.
    pub(super) fn park(&self) -> &ParkCode {
        &self.signer.identity().park
    }

    /// Sends one signed request whose body holds `payload` and returns the verified answer to it; a
    /// signed refusal is an error.
    pub async fn call(&self, payload: &[u8]) -> Result<VerifiedEnvelope, LinkError> {
        let verified = self.exchange(payload).await?;
        match refusal(&verified) {
            Some(refused) => Err(refused),
            None => Ok(verified),
        }
    }

    /// The same, with a signed refusal as an answer like any other. The answer is the hub's of this
    /// park and was made after the question, for the very bytes that were sent.
    pub(super) async fn exchange(&self, payload: &[u8]) -> Result<VerifiedEnvelope, LinkError> {
        let version = SoapVersion::V12;
        let asked_at = self.clock.now();
        let envelope = wsse::sign(&self.signer, version, [], payload, asked_at)
            .map_err(LinkError::Untrusted)?;
        let sent = cordon_wire::digest_of_bytes(&envelope);
        let request = http::Request::post(&self.url)
            .header(http::header::CONTENT_TYPE, version.content_type())
            .body(Bytes::from(envelope))
            .map_err(|error| HttpFault::Address(self.url.clone(), error.to_string()))?;
        let answer = self.client.send(request).await?;
        let status = answer.status();
        let policy = Policy::new(&[Role::Hub])
            .without_replay_guard()
            .for_park(self.park().clone());
        let earliest = asked_at.plus_ms(-policy.clock_skew_ms);
        let verified = wsse::verify(
            Vec::from(answer.into_body()),
            &self.trust,
            &policy,
            self.clock.now(),
        )
        .map_err(|fault| {
            LinkError::Untrusted(fault.at(format!("answer of {} (HTTP {status})", self.url)))
        })?;
        if verified.created() < earliest {
            return Err(LinkError::Untrusted(stale(verified.created(), earliest)));
        }
        asked::is_to(&verified, sent).map_err(LinkError::Untrusted)?;
        Ok(verified)
    }
}

/// An answer that was made before it can have been.
pub(super) fn stale(created: Timestamp, earliest: Timestamp) -> Fault {
    Fault::new(
        "S071",
        format!("the answer was made at {created}, before {earliest}: it is an old one"),
    )
    .remedy("check both clocks; if it stays so, call the park")
}

/// The only child of an answer's body.
pub(super) fn payload(answer: &VerifiedEnvelope) -> Result<Node<'_>, LinkError> {
    answer
        .payload()
        .ok_or_else(|| LinkError::Untrusted(Fault::new("S032", "the answer is empty")))
}

/// The refusal in an answer, if it is one.
pub(super) fn refusal(answer: &VerifiedEnvelope) -> Option<LinkError> {
    let envelope = cordon_wire::soap::open(answer.document()).ok()?;
    let said = cordon_wire::soap::answered_fault(&envelope)?;
    let (passes, fault) = match said.detail {
        Some(detail) => {
            let fault = Fault::new("S035", format!("{}: {}", detail.code, detail.detail));
            let fault = match detail.place.is_empty() {
                true => fault,
                false => fault.at(detail.place),
            };
            (is_passing(&detail.code), fault.remedy(detail.remedy))
        }
        None => (
            false,
            Fault::new("S035", format!("{}: {}", said.code, said.reason)),
        ),
    };
    Some(match passes {
        true => LinkError::Busy(fault),
        false => LinkError::Refused(fault),
    })
}
