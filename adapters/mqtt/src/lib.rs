//! Sensors over MQTT 5, acknowledged after the commit.
//!
//! The adapter subscribes at a broker (Mosquitto in production), hands every message to the intake
//! as it is, and acknowledges it (PUBACK) only after the intake answered: the message is in the
//! journal, or its refusal is. A broker therefore keeps what the hub has not made durable, and
//! nothing is lost by a kill at any moment; what comes twice carries the same message id and is
//! recognised downstream. Alarms and other orders for receivers are published over a second
//! connection.
//!
//! `config` is what it is told, `section` what the program may ask of that, `decode` turns a publish into a reading (pure), `command` turns an
//! order into a publish (pure). `session` and `output` hold the two connections; no other file has a
//! socket. `sign`, `device` and `health` know who speaks (pure), `report` tells the hub of every change.
//!
//! Floor 3: imports model, wire and contract. It holds no key: TLS settings come ready-made.

mod adapter;
mod back_off;
mod check;
mod command;
mod config;
mod decode;
#[doc(hidden)]
pub mod decoders;
mod device;
mod health;
mod options;
mod output;
mod own_half;
mod report;
mod section;
mod session;
mod sign;
mod underway;

pub use adapter::MqttAdapter;
pub use command::{Form, Notice, notice};
pub use config::{Config, Presence, Receiver, Subscription, TlsFiles, Watch};
pub use decode::{Incoming, decode};
