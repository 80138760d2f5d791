//! One HTTP request of the exchange port: documents by GET, signed calls by POST.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use cordon_contract::Fault;
use cordon_http::{Handler, Request, Response};
use cordon_security::wsse::{self, Policy, SoapVersion, VerifiedEnvelope};
use cordon_security::{Identity, tls};
use http::{Method, StatusCode, header};

use crate::answer::{self, Reply};
use crate::wsdl::{self, Service};
use crate::{Parts, enterprise, park, regulator};

/// Serves the exchange port.
pub struct Exchange {
    parts: Arc<Parts>,
}

impl Exchange {
    /// A handler over the given parts.
    pub fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    async fn answer(&self, request: Request) -> Response {
        let path = request.http.uri().path().to_owned();
        let query = request
            .http
            .uri()
            .query()
            .unwrap_or_default()
            .to_ascii_lowercase();
        match (request.http.method(), Service::from_path(&path)) {
            (&Method::GET | &Method::HEAD, service) => {
                self.document(&request, service, &path, &query)
            }
            (&Method::POST, Some(service)) => self.call(request, service).await,
            (_, Some(_)) => answer::plain(
                StatusCode::METHOD_NOT_ALLOWED,
                "use POST, or GET with ?wsdl\n",
            ),
            (_, None) => answer::plain(StatusCode::NOT_FOUND, "no such service\n"),
        }
    }

    fn document(
        &self,
        request: &Request,
        service: Option<Service>,
        path: &str,
        query: &str,
    ) -> Response {
        if !self.parts.public_wsdl && request.certificates.is_empty() {
            return answer::plain(
                StatusCode::FORBIDDEN,
                "a client certificate of the park is needed\n",
            );
        }
        let found = match service {
            Some(service) if query == "wsdl" => service.wsdl(&self.parts.base_url),
            Some(service) if query == "singlewsdl" => service.single_wsdl(&self.parts.base_url),
            Some(_) => None,
            None => wsdl::schema(path),
        };
        match found {
            Some(text) => answer::document(text),
            None => answer::plain(
                StatusCode::NOT_FOUND,
                "no such document; try /soap/enterprise?wsdl\n",
            ),
        }
    }

    async fn call(&self, request: Request, service: Service) -> Response {
        let bytes = request.http.body().clone();
        let version = answer::version_of(&request.http, &bytes);
        if let Some(refused) = transport_fault(&request.http) {
            return self.refuse(version, bytes, None, refused).await;
        }
        let caller = match self.caller(&request) {
            Ok(caller) => caller,
            Err(fault) => return self.refuse(version, bytes, None, fault).await,
        };
        let verified = match self.verify(bytes.clone(), service, &caller) {
            Ok(verified) => verified,
            Err(fault) => return self.refuse(version, bytes, Some(&caller), fault).await,
        };
        let version = verified.version();
        let reply = match service {
            Service::Enterprise => enterprise::answer(&self.parts, verified).await,
            Service::Regulator => regulator::answer(&self.parts, verified).await,
            Service::Park => park::answer(&self.parts, verified).await,
        };
        match reply {
            Ok(Reply { payload }) => answer::signed(&self.parts, version, &payload),
            Err(fault) => self.refuse(version, bytes, Some(&caller), fault).await,
        }
    }

    /// Who is at the other end of the TLS connection.
    fn caller(&self, request: &Request) -> Result<Identity, Fault> {
        let known = tls::peer_identity(
            Some(&request.certificates),
            &self.parts.trust,
            self.parts.clock.now(),
        )?;
        known.ok_or_else(|| {
            Fault::new("S001", "a client certificate of the park is needed")
                .remedy("connect with the certificate that the park issued to you")
        })
    }

    /// The message's signature, its signer's role, and that the signer is the caller.
    fn verify(
        &self,
        bytes: Bytes,
        service: Service,
        caller: &Identity,
    ) -> Result<VerifiedEnvelope, Fault> {
        let policy = Policy {
            roles: vec![service.role()],
            ..self.parts.policy.clone()
        };
        let now = self.parts.clock.now();
        let verified = wsse::verify(Vec::from(bytes), &self.parts.trust, &policy, now)?;
        if verified.identity().id != caller.id {
            return Err(Fault::new(
                "S002",
                "the message is signed by somebody else than the caller",
            )
            .log(format!(
                "TLS peer {} sent a message signed by {}",
                caller.id,
                verified.identity().id
            ))
            .remedy("sign with the certificate you connect with"));
        }
        Ok(verified)
    }

    /// A fault for the peer, an entry for the park.
    async fn refuse(
        &self,
        version: SoapVersion,
        bytes: Bytes,
        caller: Option<&Identity>,
        fault: Fault,
    ) -> Response {
        tracing::info!(
            code = fault.code(),
            caller = caller.map(|caller| caller.id.as_str()),
            "{}",
            fault.log_text()
        );
        let entry = self.parts.core.refuse(bytes, caller, &fault).await;
        answer::fault(&self.parts, version, &fault, entry)
    }
}

impl Handler for Exchange {
    fn handle(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send + '_>> {
        Box::pin(self.answer(request))
    }
}

/// What can be refused before the body is looked at.
fn transport_fault(request: &http::Request<Bytes>) -> Option<Fault> {
    let kind = request
        .headers()
        .get(header::CONTENT_TYPE)?
        .to_str()
        .ok()?
        .to_ascii_lowercase();
    if kind.starts_with("multipart/") {
        return Some(
            Fault::new(
                "S003",
                "multipart messages (MTOM, attachments) are not taken",
            )
            .remedy("send plain SOAP; refer to pictures by address and digest"),
        );
    }
    None
}
