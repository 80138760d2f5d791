//! An order becomes a call. Pure.
//!
//! Body: the canonical message under the hub's enveloped XML signature. Where a shared secret is
//! configured, `X-Cordon-Signature` is HMAC-SHA256 in hexadecimal over
//! `TIMESTAMP "\n" PATH "\n" BODY` and `X-Cordon-Timestamp` its seconds since 1970, the same form
//! that the enterprise bridge speaks.

use aws_lc_rs::hmac;
use bytes::Bytes;
use cordon_contract::{Fault, Order};
use http::Request;

use crate::secret::Secret;

/// Seconds since 1970 at which a call was signed.
pub const TIMESTAMP_HEADER: &str = "x-cordon-timestamp";
/// The signature in hexadecimal.
pub const SIGNATURE_HEADER: &str = "x-cordon-signature";

/// Signs a call with a shared secret; for whoever writes a receiver.
pub fn sign(secret: &Secret, timestamp: &str, path: &str, body: &[u8]) -> String {
    let mut message = format!("{timestamp}\n{path}\n").into_bytes();
    message.extend_from_slice(body);
    let tag = hmac::sign(&secret.0, &message);
    tag.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Writes the call for an order whose message is `sealed`. A call made again has the same
/// idempotency key.
pub(crate) fn request(
    order: &Order,
    sealed: Vec<u8>,
    url: &str,
    secret: Option<&Secret>,
    now_micros: i64,
) -> Result<Request<Bytes>, Fault> {
    let broken = |detail: String| {
        Fault::new("A071", format!("the call cannot be written: {detail}"))
            .remedy("correct notify.webhook.url")
    };
    let uri: http::Uri = url.parse().map_err(|error| broken(format!("{error}")))?;
    let header = &order.message.header;
    let mut request = Request::post(&uri)
        .header(http::header::CONTENT_TYPE, "application/xml; charset=utf-8")
        .header("idempotency-key", header.message_id.to_string())
        .header("x-cordon-message-type", header.message_type.as_str());
    if let Some(secret) = secret {
        let timestamp = (now_micros / 1_000_000).to_string();
        let signature = sign(secret, &timestamp, uri.path(), &sealed);
        request = request
            .header(TIMESTAMP_HEADER, timestamp)
            .header(SIGNATURE_HEADER, signature);
    }
    request
        .body(Bytes::from(sealed))
        .map_err(|error| broken(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::{SIGNATURE_HEADER, TIMESTAMP_HEADER, request, sign};
    use crate::sample::{at, event, order};
    use crate::secret::Secret;

    /// Made with `openssl dgst -sha256 -hmac "a secret of twenty letters"` over the three parts.
    const VECTOR: &str = "e9c6b3a6b07eb3d14aafdc603ad2ab734b70ba95b01921d8a1dc67b3bada996b";

    fn secret() -> Secret {
        Secret::new(b"a secret of twenty letters")
    }

    #[test]
    fn the_signature_is_the_one_that_openssl_makes() {
        let body = "<AlarmEvent>苏</AlarmEvent>".as_bytes();
        assert_eq!(sign(&secret(), "1774929045", "/alarms", body), VECTOR);
        for (time, path, other) in [
            ("1774929046", "/alarms", body),
            ("1774929045", "/alarm", body),
            ("1774929045", "/alarms", b"".as_slice()),
        ] {
            assert_ne!(sign(&secret(), time, path, other), VECTOR);
        }
    }

    #[test]
    fn a_call_is_signed_over_what_is_sent_and_has_the_messages_id() {
        let order = order(event(""));
        let sealed = "<AlarmEvent>苏</AlarmEvent>".as_bytes().to_vec();
        let url = "https://brigade.example/alarms?park=1";
        let now = 1_774_929_045_999_999;
        let call = request(&order, sealed.clone(), url, Some(&secret()), now).unwrap();
        let head = |name: &str| {
            call.headers()
                .get(name)
                .map(|value| value.to_str().unwrap())
        };
        assert_eq!(call.method(), http::Method::POST);
        assert_eq!(call.uri(), url);
        assert_eq!(head("content-type"), Some("application/xml; charset=utf-8"));
        assert_eq!(head("x-cordon-message-type"), Some("AlarmEvent"));
        let id = order.message.header.message_id.to_string();
        assert_eq!(head("idempotency-key"), Some(id.as_str()));
        assert_eq!(head(TIMESTAMP_HEADER), Some("1774929045"));
        assert_eq!(
            head(SIGNATURE_HEADER),
            Some(VECTOR),
            "the path goes without its query"
        );
        assert_eq!(call.body(), &sealed);

        let later = request(&order, sealed, url, None, at().micros()).unwrap();
        assert_eq!(later.headers().get("idempotency-key").unwrap(), id.as_str());
        assert!(
            !later.headers().contains_key(SIGNATURE_HEADER),
            "without a secret none is made"
        );
    }

    #[test]
    fn an_address_that_is_none_is_a_fault() {
        let fault = request(&order(event("")), Vec::new(), "not an address", None, 0);
        assert_eq!(fault.unwrap_err().code(), "A071");
    }
}
