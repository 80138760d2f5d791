//! Answers: signed envelopes and signed faults, in the version of the request.

use bytes::Bytes;
use cordon_contract::Fault;
use cordon_http::{Response, Room};
use cordon_model::service::Answer;
use cordon_model::{Digest, Receipt, Refusal, Timestamp};
use cordon_security::wsse::{self, SoapVersion};
use cordon_wire::soap;
use http::{HeaderValue, StatusCode, header};

use crate::passing::is_passing;
use crate::{Parts, Refused, asked};

/// Longest place and longest text that the schema takes, in characters.
const PLACE_MAX: usize = 500;
const TEXT_MAX: usize = 2_000;

/// What an operation answers: the XML of the body's only child.
pub struct Reply {
    /// The payload, canonical XML.
    pub payload: Vec<u8>,
    /// The room that it takes, where it may be long.
    pub room: Option<Room>,
}

/// What an answer must know of its request.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The version to answer in.
    pub version: SoapVersion,
    /// SHA-256 of the request's bytes.
    pub digest: Digest,
}

impl Asked {
    /// Of a request as it came; its version as far as it can be told unread.
    pub async fn of(request: &http::Request<Bytes>) -> Self {
        Self {
            version: version_of(request, request.body()),
            digest: digest_of(request.body()).await,
        }
    }
}

/// Bytes that are hashed where connections are served; more of them would keep others waiting there.
const SHORT_BYTES: usize = 64 * 1024;

async fn digest_of(bytes: &Bytes) -> Digest {
    if bytes.len() > SHORT_BYTES {
        let aside = bytes.clone();
        let hashed = tokio::task::spawn_blocking(move || cordon_wire::digest_of_bytes(&aside));
        if let Ok(digest) = hashed.await {
            return digest;
        }
    }
    cordon_wire::digest_of_bytes(bytes)
}

/// The version to answer in when the envelope itself could not be read: by its namespace if that
/// is there, else by the content type, else 1.2.
fn version_of(request: &http::Request<Bytes>, bytes: &[u8]) -> SoapVersion {
    let head = bytes.get(..bytes.len().min(2_048)).unwrap_or_default();
    let has = |needle: &str| memchr::memmem::find(head, needle.as_bytes()).is_some();
    if has(SoapVersion::V12.namespace()) {
        return SoapVersion::V12;
    }
    let content = request.headers().get(header::CONTENT_TYPE);
    let text_xml = content.is_some_and(|value| value.as_bytes().starts_with(b"text/xml"));
    if has(SoapVersion::V11.namespace()) || text_xml {
        SoapVersion::V11
    } else {
        SoapVersion::V12
    }
}

/// The answer to one message of a submission; `now` is the hub's time.
pub fn of_message(result: Result<Receipt, Refused>, now: Timestamp) -> Answer {
    match result {
        Ok(receipt) => Answer::Receipt(receipt),
        Err((fault, entry_number)) => Answer::Refusal(Refusal {
            message_id: None,
            sender_id: None,
            code: fault.code().to_owned(),
            place: limited(fault.place(), PLACE_MAX),
            detail: limited(fault.peer_text(), TEXT_MAX),
            remedy: limited(fault.remedy_text(), TEXT_MAX),
            entry_number,
            refused_at: now,
        }),
    }
}

/// A signed answer.
pub fn signed(parts: &Parts, asked: Asked, reply: Reply) -> Response {
    let answer = envelope(parts, asked, StatusCode::OK, &reply.payload);
    match reply.room {
        Some(room) => answer.map(|bytes| room.around(bytes)),
        None => answer,
    }
}

/// A signed fault with its code, place and remedy in the detail.
pub fn fault(parts: &Parts, asked: Asked, fault: &Fault, entry: Option<u64>) -> Response {
    let said = cordon_model::service::Fault {
        code: fault.code().to_owned(),
        place: limited(fault.place(), PLACE_MAX),
        detail: limited(fault.peer_text(), TEXT_MAX),
        remedy: limited(fault.remedy_text(), TEXT_MAX),
        entry_number: entry,
    };
    let side = side(fault.code());
    let payload = soap::fault_body(asked.version, side, &said);
    // SOAP 1.1 over HTTP knows only 500 for faults (WS-I BP 1.1 R1126); 1.2 has 400 for the sender's
    // (part 2, table 20).
    let status = match (asked.version, side) {
        (SoapVersion::V12, soap::Side::Sender) => StatusCode::BAD_REQUEST,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    envelope(parts, asked, status, &payload)
}

/// Whose fault it is, as SOAP sorts faults.
fn side(code: &str) -> soap::Side {
    match is_passing(code) {
        true => soap::Side::Receiver,
        false => soap::Side::of_code(code),
    }
}

/// A signed fault of a hub that has no room now: nothing was looked at, the sender may come again.
pub fn later(parts: &Parts, asked: Asked, said: &Fault) -> Response {
    tracing::warn!(code = said.code(), "{}", said.log_text());
    let mut answer = fault(parts, asked, said, None);
    *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    answer
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    answer
}

fn envelope(parts: &Parts, asked: Asked, status: StatusCode, payload: &[u8]) -> Response {
    let Asked { version, digest } = asked;
    let block = asked::block(digest);
    match wsse::sign(&parts.signer, version, block, payload, parts.clock.now()) {
        Ok(envelope) => {
            let mut answer = Response::new(Bytes::from(envelope));
            *answer.status_mut() = status;
            answer.headers_mut().insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static(version.content_type()),
            );
            answer
        }
        Err(fault) => {
            tracing::error!(%fault, "cannot sign an answer");
            plain(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the answer could not be signed\n",
            )
        }
    }
}

/// The schema limits texts; a cut one still tells the code.
fn limited(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}

/// A document of the service description.
pub fn document(text: Bytes) -> Response {
    let mut answer = Response::new(text);
    answer.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/xml; charset=utf-8"),
    );
    answer
}

/// A method that the address does not have; `allowed` are those it has (RFC 9110, section 15.5.6).
pub fn not_allowed(allowed: &'static str, words: &'static str) -> Response {
    let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, words);
    answer
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static(allowed));
    answer
}

/// Plain words for those who do not speak SOAP.
pub fn plain(status: StatusCode, words: &'static str) -> Response {
    let mut answer = Response::new(Bytes::from_static(words.as_bytes()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    answer
}

#[cfg(test)]
mod tests {
    use cordon_model::Timestamp;
    use cordon_security::TrustStore;
    use cordon_security::ca::{Authority, CaSettings};
    use cordon_security::wsse::{self, Policy};
    use cordon_wire::soap::Side;

    #[test]
    fn an_envelope_of_another_version_is_a_version_mismatch() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::from_micros(1_795_478_400_000_000);
        let park = cordon_model::ParkCode::new("JS-1").unwrap();
        Authority::init(&folder.path().join("ca"), &CaSettings::new(park), now).unwrap();
        let trust = TrustStore::load(&folder.path().join("ca")).unwrap();
        let code = |envelope: &str| {
            let policy = Policy::new(&[]).without_replay_guard();
            let refused = wsse::verify(Vec::from(envelope), &trust, &policy, now);
            super::side(refused.unwrap_err().code())
        };
        let other = "<s:Envelope xmlns:s=\"urn:soap:2\"><s:Body/></s:Envelope>";
        assert_eq!(code(other), Side::VersionMismatch);
        assert_eq!(code("<letter/>"), Side::Sender);
        assert_eq!(super::side("X133"), Side::MustUnderstand);
        assert_eq!(super::side("F008"), Side::Receiver);
    }
}
