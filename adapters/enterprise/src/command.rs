//! An order becomes a call to the plant's system. Pure.

use bytes::Bytes;
use cordon_contract::{Fault, Order};
use cordon_model::MessageType;
use http::Request;

use crate::authenticate::{SIGNATURE_HEADER, TIMESTAMP_HEADER, sign_with};
use crate::secret::Secret;

/// What a plant's system is told; everything else is no business of a partner.
const PUSHED: [MessageType; 4] = [
    MessageType::AccessGrant,
    MessageType::ListEntry,
    MessageType::VehicleRegistration,
    MessageType::PersonRegistration,
];

/// Writes an order as `POST` with the canonical message as JSON. The idempotency key is the
/// message's id: the same order tried again has the same.
pub fn request(
    order: &Order,
    url: &str,
    secret: Option<&Secret>,
    now_micros: i64,
) -> Result<Request<Bytes>, Fault> {
    let header = &order.message.header;
    if !PUSHED.contains(&header.message_type) {
        return Err(Fault::new(
            "A049",
            format!("{} is not pushed to partners", header.message_type),
        )
        .remedy("push grants, list entries and registrations"));
    }
    let broken = |detail: String| Fault::new("A049", detail).remedy("correct push.url");
    let body = serde_json::to_vec(&*order.message).map_err(|error| broken(error.to_string()))?;
    let uri: http::Uri = url.parse().map_err(|error| broken(format!("{error}")))?;
    let mut request = Request::post(&uri)
        .header(http::header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", header.message_id.to_string())
        .header("x-cordon-message-type", header.message_type.as_str());
    if let Some(secret) = secret {
        let timestamp = (now_micros / 1_000_000).to_string();
        let signature = sign_with(secret, &timestamp, uri.path(), &body);
        request = request
            .header(TIMESTAMP_HEADER, timestamp)
            .header(SIGNATURE_HEADER, signature);
    }
    request
        .body(Bytes::from(body))
        .map_err(|error| broken(error.to_string()))
}
