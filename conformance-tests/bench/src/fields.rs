//! Everyday messages of the park, filled with the time of the run.

use cordon_model::{AccessGrant, Body, Header, Message, MessageId, ParkCode, PartyId, Timestamp};

use crate::Outcome;

const GRANT: &[u8] = include_bytes!("../../../schemas/examples/valid/access-grant.xml");

/// The park of every benchmark.
pub fn park_code() -> Outcome<ParkCode> {
    Ok(ParkCode::new("JS-320700-01")?)
}

/// A message of `sender` that nobody has seen yet: the grant of the schema's examples, for the
/// day of the run.
pub fn grant(sender: &PartyId, now: Timestamp) -> Outcome<Message> {
    let example = cordon_wire::parse_message(GRANT)?;
    let Body::AccessGrant(grant) = example.body else {
        return Err("the example is no grant".into());
    };
    let header = Header {
        message_id: MessageId::random(),
        sender_id: sender.clone(),
        occurred_at: now,
        sent_at: now,
        ..example.header
    };
    let body = Body::AccessGrant(AccessGrant {
        valid_from: now.plus_seconds(-3_600),
        valid_to: now.plus_seconds(36_000),
        enterprise_id: sender.clone(),
        ..grant
    });
    Ok(Message { header, body })
}
