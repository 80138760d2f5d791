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
