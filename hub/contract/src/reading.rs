//! What an adapter hands in: one observation of the outside world, decoded but not yet canonical.

use bytes::Bytes;
use cordon_model::{Body, Decimal, DeviceId, MessageId, Timestamp};

use crate::Fault;

/// One decoded observation. The corridor maps it to a canonical message and the hub seals it.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The device, gateway or partner it came from, as named in the park's plan.
    pub device: DeviceId,
    /// Identity for duplicate recognition. An adapter whose protocol may deliver twice (MQTT,
    /// webhooks) derives it from source, payload and device time; `None` lets the hub make one.
    pub message_id: Option<MessageId>,
    /// The device's own time, when it sent one that can be trusted to be its time.
    pub observed_at: Option<Timestamp>,
    /// The hub's time when the bytes arrived.
    pub received_at: Timestamp,
    /// The other side's own id, kept verbatim (topic, vendor record number).
    pub source_ref: Option<String>,
    /// Repeated state after a (re)connect, not a new event: never raises an alarm.
    pub initial: bool,
    /// Conformance or rehearsal traffic.
    pub test: bool,
    /// What was said.
    pub payload: Payload,
    /// The bytes as they came, kept for forensics; empty where the protocol has no message
    /// (register polls).
    pub raw: Bytes,
}

/// The forms in which an adapter can say it.
#[derive(Clone, Debug)]
pub enum Payload {
    /// Already canonical: the adapter's protocol leaves nothing to map (barrier states, device
    /// status, an enterprise passage).
    Body(Box<Body>),
    /// Named points for a mapping package. `topic` selects the rule inside the package
    /// (`tns1:RuleEngine/LineDetector/Crossed`, a register group).
    Points {
        /// The mapping package, `vendor/model/version`.
        mapping: String,
        /// Which rule of the package applies.
        topic: String,
        /// The named values.
        points: Vec<Point>,
    },
    /// A JSON document for a mapping package.
    Json {
        /// The mapping package, `vendor/model/version`.
        mapping: String,
        /// Which rule of the package applies (MQTT topic, webhook event name).
        topic: String,
        /// The document's bytes.
        document: Bytes,
    },
    /// Something came that the adapter cannot read, or not as it should be. It becomes an entry with the
    /// bytes that came (the first of a kind in each hour), and people are told where it may have been an
    /// alarm. It is refused, so that nobody takes it for done.
    Unread {
        /// The mapping package that would have read it.
        mapping: String,
        /// Which rule of the package, where that much is known.
        topic: Option<String>,
        /// What is wrong with it.
        fault: Fault,
        /// Whether what it said is lost; false where it was mended and is handed in beside this.
        is_lost: bool,
    },
}

/// One named value of a reading.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The point's name in the device's profile.
    pub name: String,
    /// Its value.
    pub value: Value,
}

/// A decoded value. No floating point: numbers keep the digits they came with.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Decimal(Decimal),
    /// Text.
    Text(String),
    /// A time.
    Time(Timestamp),
}
