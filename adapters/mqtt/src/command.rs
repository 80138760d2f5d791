//! An order becomes a publish. Pure.

use bytes::Bytes;
use cordon_contract::{Fault, Order};
use serde::Deserialize;

use crate::config::Receiver;

/// How a message is written for a receiver.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Canonical XML, `application/xml`.
    #[default]
    Xml,
    /// The same message as JSON, `application/json`.
    Json,
}

/// A publish to be made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Notice {
    /// The topic.
    pub topic: String,
    /// The payload.
    pub payload: Bytes,
    /// Its media type.
    pub content_type: &'static str,
    /// Kept by the broker.
    pub retain: bool,
    /// The order's identity, for receivers that recognise duplicates.
    pub message_id: String,
    /// Seconds after which the broker need not deliver it any more.
    pub expiry_s: u32,
}

/// Writes an order for its receiver. `now_micros` is the hub's time.
pub fn notice(order: &Order, receiver: &Receiver, now_micros: i64) -> Result<Notice, Fault> {
    let (payload, content_type) = match receiver.form {
        Form::Xml => {
            let bytes = cordon_wire::write_message(&order.message).map_err(|fault| {
                Fault::new(
                    "A031",
                    format!("message cannot be written: {}", fault.detail),
                )
                .at(fault.place)
                .remedy("report it; a decided message must be lawful")
            })?;
            (bytes, "application/xml")
        }
        Form::Json => {
            let bytes = serde_json::to_vec(&*order.message).map_err(|error| {
                Fault::new("A031", format!("message cannot be written: {error}"))
                    .remedy("report it; a decided message must be lawful")
            })?;
            (bytes, "application/json")
        }
    };
    let left_s = order.deadline.micros().saturating_sub(now_micros).max(0) / 1_000_000;
    Ok(Notice {
        topic: receiver.topic.clone(),
        payload: Bytes::from(payload),
        content_type,
        retain: receiver.retain,
        message_id: order.message.header.message_id.to_string(),
        expiry_s: u32::try_from(left_s).unwrap_or(u32::MAX).max(1),
    })
}
