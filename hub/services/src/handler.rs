//! One HTTP request of the exchange port: documents by GET, signed calls by POST.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use cordon_contract::Fault;
use cordon_http::{Attempt, Cause, Guest, Handler, Request, Response, Standing};
use cordon_model::Digest;
use cordon_security::wsse::{self, Policy, Rejected, SoapVersion, VerifiedEnvelope};
use cordon_security::{Certificate, Identity, LIST_OVER, Role, tls};
use cordon_wire::soap;
use http::{Method, StatusCode, header};
use rustls::pki_types::CertificateDer;

use crate::answer::{self, Asked, Reply};
use crate::lawful::lawful;
use crate::passing::is_of_hub;
use crate::verifier::Turn;
use crate::wsdl::{self, Service};
use crate::{Parts, enterprise, park, regulator, submission};

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
        let uri = request.http.uri();
        let service = Service::from_path(uri.path());
        match (request.http.method(), service) {
            (&Method::POST, Some(service)) => self.call(request, service).await,
            _ => match self.document(uri) {
                Some(text) => answer::document(text),
                // Its head was admitted, so the document is there.
                None => no_document().1,
            },
        }
    }

    /// A document of the service description.
    fn document(&self, uri: &http::Uri) -> Option<Bytes> {
        let query = uri.query().unwrap_or_default().to_ascii_lowercase();
        match Service::from_path(uri.path()) {
            Some(service) if query == "wsdl" => service.wsdl(&self.parts.base_url),
            Some(service) if query == "singlewsdl" => service.single_wsdl(&self.parts.base_url),
            Some(_) => None,
            None => wsdl::schema(uri.path()),
        }
    }

    /// What is known from the head alone. A caller without certificate may read the documents, where
    /// they are public, and nothing else.
    fn head(&self, head: &http::request::Parts, guest: &Guest) -> Result<(), (Cause, Response)> {
        let is_read = matches!(head.method, Method::GET | Method::HEAD);
        let has_body = head.headers.contains_key(header::TRANSFER_ENCODING)
            || head
                .headers
                .get(header::CONTENT_LENGTH)
                .is_some_and(|length| length != "0");
        let is_stranger = guest.standing == Standing::Stranger;
        if is_stranger && (!is_read || has_body || !self.parts.public_wsdl) {
            let text = "a client certificate of the park is needed\n";
            return Err((Cause::Forbidden, answer::plain(StatusCode::FORBIDDEN, text)));
        }
        let service = Service::from_path(head.uri.path());
        let is_schema = wsdl::schema(head.uri.path()).is_some();
        let (is_allowed, allowed, words) = match service {
            Some(_) => {
                let is_allowed = is_read || head.method == Method::POST;
                (
                    is_allowed,
                    "GET, HEAD, POST",
                    "use POST, or GET with ?wsdl\n",
                )
            }
            None => (
                is_read || !is_schema,
                "GET, HEAD",
                "schemas are read with GET\n",
            ),
        };
        if !is_allowed {
            return Err((Cause::MethodNotAllowed, answer::not_allowed(allowed, words)));
        }
        match service {
            Some(_) if !is_read => Ok(()),
            // It is a service and no page: the address is right, and there is a document beside it.
            Some(_) if self.document(&head.uri).is_none() => {
                let words = "this is a SOAP service: use POST, or GET with ?wsdl or ?singleWsdl\n";
                Err((Cause::MethodNotAllowed, answer::not_allowed("POST", words)))
            }
            _ if is_read && self.document(&head.uri).is_some() => Ok(()),
            _ => Err(no_document()),
        }
    }

    async fn call(&self, request: Request, service: Service) -> Response {
        let mut asked = Asked::of(&request.http).await;
        let peer = request.peer;
        let caller = self.caller(&request.certificates);
        let refused = transport_fault(&request.http);
        let announced = announced_version(&request.http);
        let bytes = request.http.into_body();
        let caller = match caller {
            Ok(caller) => caller,
            Err(fault) => {
                self.parts.core.attempted(&Attempt {
                    peer,
                    cause: cause_of(&fault),
                    detail: fault.log_text().to_owned(),
                });
                return answer::fault(&self.parts, asked, &fault, None);
            }
        };
        if let Some(fault) = not_wanted(service, &caller).or(refused) {
            return self.refuse(asked, bytes, &caller, fault).await;
        }
        let call = match self.verify(bytes, service, &caller).await {
            Ok(Ok(call)) => call,
            Ok(Err(Rejected { fault, bytes, .. })) => {
                let bytes = Bytes::from(bytes);
                return self.refuse(asked, bytes, &caller, fault).await;
            }
            // Nothing was looked at, so nothing is recorded: the sender comes again.
            Err(fault) => return answer::later(&self.parts, asked, &fault),
        };
        asked.version = call.version();
        // The same form that every later reading of the journal looks for.
        let form = soap::open(call.document())
            .map_err(|refused| lawful(refused.breach))
            .and_then(|envelope| as_announced(announced, envelope.version));
        let messages = form.map(|()| submission::messages_of(&call));
        let reply = match messages {
            Ok(Some(Ok(()))) => {
                return match submission::submit(&self.parts, call).await {
                    Ok(reply) => answer::signed(&self.parts, asked, reply),
                    // The hub has recorded it.
                    Err((fault, entry)) => answer::fault(&self.parts, asked, &fault, entry),
                };
            }
            Ok(Some(Err(fault))) | Err(fault) => Err(fault),
            Ok(None) => match self.parts.core.known(&caller) {
                Ok(()) => self.ask(service, &call).await,
                Err(fault) => Err(fault),
            },
        };
        match reply {
            Ok(reply) => answer::signed(&self.parts, asked, reply),
            Err(fault) if fault.code() == "S051" => answer::later(&self.parts, asked, &fault),
            Err(fault) => {
                let bytes = Bytes::from(call.into_bytes());
                self.refuse(asked, bytes, &caller, fault).await
            }
        }
    }

    /// Answers a question of a service.
    async fn ask(&self, service: Service, call: &VerifiedEnvelope) -> Result<Reply, Fault> {
        match service {
            Service::Enterprise => enterprise::answer(&self.parts, call).await,
            Service::Regulator => regulator::answer(&self.parts, call).await,
            Service::Park => park::answer(&self.parts, call).await,
        }
    }

    /// Who is at the other end of the TLS connection.
    fn caller(&self, certificates: &[CertificateDer<'static>]) -> Result<Identity, Fault> {
        let known = tls::peer_identity(
            Some(certificates),
            &self.parts.trust,
            self.parts.clock.now(),
        )?;
        known.ok_or_else(|| {
            Fault::new("S001", "a client certificate of the park is needed")
                .remedy("connect with the certificate that the park issued to you")
        })
    }

    /// Has the message checked by the threads that do only this; the outer error says that they have
    /// no room for it.
    async fn verify(
        &self,
        bytes: Bytes,
        service: Service,
        caller: &Identity,
    ) -> Result<Result<VerifiedEnvelope, Rejected>, Fault> {
        let (parts, own) = (Arc::clone(&self.parts), caller.clone());
        let turn = match caller.role {
            Role::Operator => Turn::Kept,
            _ => Turn::Party,
        };
        let size = bytes.len();
        let check = move || check(&parts, Vec::from(bytes), service, &own);
        let verifier = &self.parts.verifier;
        verifier.check(&caller.id, turn, size, check).await
    }

    /// A fault for the peer, in its turn, and an entry for the park.
    async fn refuse(
        &self,
        asked: Asked,
        bytes: Bytes,
        caller: &Identity,
        fault: Fault,
    ) -> Response {
        let wait = self.parts.refusals.wait(&caller.id);
        let entry = self.keep((bytes, asked.digest), caller, &fault).await;
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        answer::fault(&self.parts, asked, &fault, entry)
    }

    /// The number of the entry of a refusal; none when it is only counted, or cannot be written.
    async fn keep(&self, whole: (Bytes, Digest), caller: &Identity, fault: &Fault) -> Option<u64> {
        let now = self.parts.clock.now();
        let kept = self
            .parts
            .refusals
            .keep(&caller.id, fault.code(), whole, now)?;
        let words = fault.log_text();
        match is_of_hub(fault.code()) {
            true => tracing::warn!(code = fault.code(), caller = %caller.id, "{words}"),
            false => tracing::info!(code = fault.code(), caller = %caller.id, "{words}"),
        }
        self.parts.core.refuse(kept, caller, fault).await
    }
}

impl Handler for Exchange {
    fn handle(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send + '_>> {
        Box::pin(self.answer(request))
    }

    fn guest(&self, certificates: &[CertificateDer<'static>]) -> Option<Guest> {
        let (name, standing) = match self.caller(certificates) {
            Ok(caller) if caller.role == Role::Operator => (caller.id.to_string(), Standing::Kept),
            Ok(caller) => (caller.id.to_string(), Standing::Known),
            Err(_) => (String::new(), Standing::Stranger),
        };
        Some(Guest {
            name: name.into(),
            standing,
        })
    }

    fn admit(&self, head: &http::request::Parts, guest: &Guest) -> Result<(), (Cause, Response)> {
        self.head(head, guest)
    }

    fn attempt(&self, attempt: Attempt) {
        self.parts.core.attempted(&attempt);
    }
}

fn no_document() -> (Cause, Response) {
    let text = "no such document or service; try /soap/enterprise?wsdl\n";
    (Cause::NotFound, answer::plain(StatusCode::NOT_FOUND, text))
}

/// Why a connection that stood is worth nothing any more.
fn cause_of(fault: &Fault) -> Cause {
    match fault.code() {
        "V012" => Cause::CertificateRevoked,
        "V013" => Cause::CertificateTime,
        "V014" => Cause::CertificateForeign,
        "V025" if fault.place() == LIST_OVER => Cause::ListOver,
        "V025" => Cause::CertificateUnknown,
        "S001" => Cause::CertificateMissing,
        _ => Cause::CertificateUnfit,
    }
}

/// The message's signature, its signer's role, and that the signer is the caller. What changes
/// something passes once; the same question may be asked again, which only its asker can do.
fn check(
    parts: &Parts,
    bytes: Vec<u8>,
    service: Service,
    caller: &Identity,
) -> Result<VerifiedEnvelope, Rejected> {
    let policy = Policy {
        roles: vec![service.role()],
        replay: None,
        ..parts.policy.clone()
    };
    let now = parts.clock.now();
    let is_callers = |certificate: &Certificate| {
        let signer = certificate.identity();
        if signer.certificate == caller.certificate {
            return Ok(());
        }
        let text = "the message is signed by somebody else than the caller";
        Err(Fault::new("S002", text)
            .log(format!(
                "TLS peer {} ({}) sent a message signed by {} ({})",
                caller.id,
                caller.fingerprint(),
                signer.id,
                signer.fingerprint()
            ))
            .remedy("sign with the very certificate you connect with"))
    };
    let call = wsse::verify_from(bytes, &parts.trust, &policy, now, is_callers)?;
    let guard = parts.policy.replay.as_ref();
    let marked = match guard.filter(|_| submission::is_submission(&call)) {
        Some(guard) => call.mark(guard, policy.clock_skew_ms, now),
        None => Ok(()),
    };
    match marked {
        Ok(()) => Ok(call),
        Err(fault) => Err(Rejected {
            fault,
            steps: call.steps(),
            bytes: call.into_bytes(),
        }),
    }
}

/// Why the service is not for this caller, before anything is read.
fn not_wanted(service: Service, caller: &Identity) -> Option<Fault> {
    if caller.role == service.role() {
        return None;
    }
    let fault = Fault::new("V015", "the role of the certificate may not do this");
    Some(
        fault
            .log(format!("{caller} called {service:?}"))
            .remedy("use a certificate of the right role"),
    )
}

/// The version whose content type the request bears; none when it bears neither, and then the envelope
/// alone says.
fn announced_version<T>(request: &http::Request<T>) -> Option<SoapVersion> {
    let value = request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
    let media = value.split(';').next().unwrap_or_default().trim();
    [SoapVersion::V11, SoapVersion::V12]
        .into_iter()
        .find(|version| {
            let own = version.content_type().split(';').next();
            own.is_some_and(|own| media.eq_ignore_ascii_case(own))
        })
}

/// Whoever looks at the head alone must see the same version as whoever reads the envelope.
fn as_announced(announced: Option<SoapVersion>, is: SoapVersion) -> Result<(), Fault> {
    if announced.is_none_or(|announced| announced == is) {
        return Ok(());
    }
    let text = "the content type is that of another version of SOAP than the envelope";
    Err(Fault::new("S077", text)
        .at("/Envelope")
        .remedy("send SOAP 1.1 as text/xml and SOAP 1.2 as application/soap+xml"))
}

/// What can be refused before the body is looked at.
fn transport_fault<T>(request: &http::Request<T>) -> Option<Fault> {
    let text = |name| {
        let value = request.headers().get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase())
    };
    let coding = text(header::CONTENT_ENCODING).unwrap_or_default();
    if !matches!(coding.trim(), "" | "identity") {
        return Some(
            Fault::new("S052", "compressed bodies are not taken")
                .log(format!("Content-Encoding {coding}"))
                .remedy("send the body as it is, without Content-Encoding"),
        );
    }
    let kind = text(header::CONTENT_TYPE)?;
    if kind.starts_with("multipart/") {
        return Some(
            Fault::new(
                "S003",
                "multipart messages (MTOM, attachments) are not taken",
            )
            .remedy("send plain SOAP; refer to pictures by address and digest"),
        );
    }
    let charset = kind.split(';').find_map(|field| {
        let value = field.trim().strip_prefix("charset=")?;
        Some(value.trim_matches(['"', '\''].as_slice()).to_owned())
    })?;
    if matches!(charset.as_str(), "utf-8" | "utf8" | "us-ascii") {
        return None;
    }
    Some(
        Fault::new("S053", "only bodies in UTF-8 are taken")
            .log(format!("charset {charset}"))
            .remedy("send the body in UTF-8 and say so in Content-Type"),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use super::*;

    #[test]
    fn a_body_in_another_form_is_named_as_such() {
        let code = |name: &'static str, value: &'static str| {
            let request = http::Request::post("/")
                .header(name, value)
                .body(())
                .unwrap();
            transport_fault(&request).map(|fault| fault.code())
        };
        assert_eq!(code("content-encoding", "gzip"), Some("S052"));
        assert_eq!(code("content-encoding", "identity"), None);
        assert_eq!(
            code("content-type", "text/xml; charset=GB18030"),
            Some("S053")
        );
        assert_eq!(code("content-type", "text/xml; charset=\"UTF-8\""), None);
        assert_eq!(code("content-type", "text/xml"), None);
        assert_eq!(
            code("content-type", "Multipart/Related; type=a"),
            Some("S003")
        );
    }

    #[test]
    fn a_content_type_of_another_version_is_refused() {
        let (v11, v12) = (SoapVersion::V11, SoapVersion::V12);
        let refused = |value: &'static str, is| {
            let request = http::Request::post("/").header(header::CONTENT_TYPE, value);
            let announced = announced_version(&request.body(()).unwrap());
            as_announced(announced, is).is_err_and(|fault| fault.code() == "S077")
        };
        for (value, of, other) in [
            ("text/xml; charset=utf-8", v11, v12),
            ("Text/XML", v11, v12),
            ("application/soap+xml; action=\"x\"", v12, v11),
            ("application/soap+xml;charset=UTF-8", v12, v11),
        ] {
            assert!(!refused(value, of) && refused(value, other), "{value}");
        }
        assert!(!refused("application/xml", v11) && !refused("application/xml", v12));
    }
}
