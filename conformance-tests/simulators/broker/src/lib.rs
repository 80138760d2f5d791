//! A small MQTT broker for the demo and for tests.
//!
//! It speaks MQTT 5 and 3.1.1 over plain TCP or TLS, on loopback only, with what a hub needs of a
//! broker: QoS 0 and 1 (QoS 2 is taken from publishers and delivered as QoS 1), persistent
//! sessions with expiry, receive maximum, redelivery with the duplicate flag, retained messages,
//! wills, user names and passwords. Sessions live in memory: a broker that ends forgets them.
//! It is no product: parks run Mosquitto. `docs/design/broker.md` says why it exists beside it.
//!
//! Floor 3, imports nothing of the house.

mod broker;
mod connection;
mod fault;
mod packet;
mod route;
mod session;
mod settings;
mod wire;

pub use broker::{Broker, Counts};
pub use fault::BrokerFault;
pub use settings::Settings;
