//! Readers of what a plant's system sends or answers. They have no other public face; `fuzz/` calls them.
//! No interface.

use bytes::Bytes;
use cordon_contract::{Fault, Reading};
use cordon_model::{DeviceId, Timestamp};

use crate::authenticate::{self, Call};
use crate::decode::{self, Common, Event};
use crate::secret::Secret;

/// Reads the body of a call; what the mapping gets of it.
pub fn call(body: &Bytes, partner: &DeviceId, event: &str) -> Result<Vec<Reading>, Fault> {
    decode::decode(body, common(partner, event)).map(readings)
}

/// Reads an answer whose events stand at a JSON pointer.
pub fn answer(body: &Bytes, pointer: &str, partner: &DeviceId) -> Result<Vec<Reading>, Fault> {
    decode::items(body, pointer, common(partner, "passage")).map(readings)
}

/// Whether a call with these headers is let in.
pub fn caller(timestamp: &str, signature: &str, body: &[u8], now: Timestamp) -> bool {
    let call = Call {
        path: "/events/passage",
        body,
        timestamp: Some(timestamp),
        signature: Some(signature),
        certificate: None,
    };
    let secret = Secret::new(b"a secret of the test");
    authenticate::admit(call, Some(&secret), &[], 300, now).is_ok()
}

fn common<'a>(partner: &'a DeviceId, event: &'a str) -> Common<'a> {
    Common {
        partner,
        mapping: "plant/gate/1",
        event,
        id: "/id",
        is_record: event == "vehicle",
        received_at: Timestamp::from_micros(1_790_000_000_000_000),
    }
}

fn readings(events: Vec<Event>) -> Vec<Reading> {
    events.into_iter().map(|event| event.reading).collect()
}
