//! What the adapter is told. Unknown keys are refused; every default is a stated number.

use std::path::PathBuf;

use cordon_model::{DeviceId, DeviceKind};
use serde::Deserialize;

use crate::command::Form;

/// Most devices that are told apart; further ones count for the gateway.
pub(crate) const DEVICES_MAX: usize = 10_000;

/// One `[[mqtt]]` of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The instance's name, unique in the park.
    pub name: String,
    /// The broker's host name or address.
    pub host: String,
    /// The broker's port.
    pub port: u16,
    /// Client name at the broker. Must stay the same for ever: the broker keeps unacknowledged
    /// messages under it. Orders go out as this name with `-out` behind it.
    pub client_id: String,
    /// The gateway as the park's plan names it; stands for the link to the broker, and for
    /// messages whose topic names no device.
    pub gateway: DeviceId,
    /// User name at the broker.
    pub user: Option<String>,
    /// File that holds the password, alone on its first line.
    pub password_file: Option<PathBuf>,
    /// Certificate files for TLS; read by the program, which hands the adapter ready TLS settings.
    pub tls: Option<TlsFiles>,
    /// Messages taken from the broker and not yet durable (receive maximum), 1 to 10000. When so
    /// many wait for the journal, the broker waits.
    #[serde(default = "queue_default")]
    pub queue: u16,
    /// How long the broker keeps the session and its messages while the hub is away, in seconds.
    #[serde(default = "session_expiry_default")]
    pub session_expiry_s: u32,
    /// Seconds between signs of life.
    #[serde(default = "keep_alive_default")]
    pub keep_alive_s: u16,
    /// Largest packet the hub takes, in bytes; announced to the broker, which drops larger ones.
    #[serde(default = "packet_max_default")]
    pub packet_bytes_max: u32,
    /// A device that says nothing for this long is told OFFLINE, in seconds; 0 never.
    #[serde(default = "silent_default")]
    pub silent_after_s: u32,
    /// What is subscribed to.
    #[serde(default)]
    pub subscription: Vec<Subscription>,
    /// Devices that are expected to speak, with limits of their own.
    #[serde(default)]
    pub watch: Vec<Watch>,
    /// Topics of birth messages and last wills.
    #[serde(default)]
    pub presence: Vec<Presence>,
    /// Receivers whose orders are published.
    #[serde(default)]
    pub receiver: Vec<Receiver>,
}

/// Certificate files for TLS.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// Certificates that may have signed the broker's.
    pub ca: PathBuf,
    /// The hub's own certificate, for mutual TLS.
    pub certificate: Option<PathBuf>,
    /// The key of that certificate; only the security room opens it.
    pub key: Option<PathBuf>,
}

/// One topic filter.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// Topic filter with `+` and `#`.
    pub filter: String,
    /// The mapping package, `vendor/model/version`.
    pub mapping: String,
    /// The topic segment, counted from 0, that names the device; the gateway when absent.
    pub device_segment: Option<usize>,
    /// JSON pointers where the payload has its own time or running number, such as `["/time"]`.
    /// The first that is present becomes part of the message's identity.
    #[serde(default)]
    pub identity: Vec<String>,
    /// Payloads of this subscription are plain text; wrapped as a JSON object with this member.
    pub text_as: Option<String>,
}

/// A device that is expected to speak. One that is not listed is watched from its first accepted
/// message on, as a SENSOR with the limit of the instance.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// The device, as topics name it.
    pub device: DeviceId,
    /// What it is.
    #[serde(default = "kind_default")]
    pub kind: DeviceKind,
    /// Its own limit, in seconds; 0 for one that speaks only when something happens.
    pub silent_after_s: Option<u32>,
}

/// Topics on which a device, or the broker in its name, says whether it is there. Such a message
/// is mapped and recorded as any other of its subscription; it is no sign of life.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Presence {
    /// Topic filter with `+` and `#`; a subscription must cover it.
    pub filter: String,
    /// The topic segment that names the device, counted from 0; that of the subscription when
    /// absent.
    pub device_segment: Option<usize>,
    /// JSON pointer to the word; the whole payload is the word when absent.
    pub pointer: Option<String>,
    /// Words for a device that is there, in any case.
    #[serde(default = "online_default")]
    pub online: Vec<String>,
    /// Words for one that is gone. Any other word, or none, says nothing.
    #[serde(default = "offline_default")]
    pub offline: Vec<String>,
}

/// A receiver of orders.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receiver {
    /// Its name; orders for `receiver:NAME` are published.
    pub name: String,
    /// The topic.
    pub topic: String,
    /// Canonical XML, or the same message as JSON.
    #[serde(default)]
    pub form: Form,
    /// Kept by the broker as the topic's last state.
    #[serde(default)]
    pub retain: bool,
    /// Seconds to wait for the broker's acknowledgement of one try.
    #[serde(default = "patience_default")]
    pub timeout_s: u32,
}

const fn patience_default() -> u32 {
    10
}

const fn queue_default() -> u16 {
    256
}

const fn session_expiry_default() -> u32 {
    7 * 86_400
}

const fn keep_alive_default() -> u16 {
    30
}

const fn packet_max_default() -> u32 {
    1024 * 1024
}

const fn silent_default() -> u32 {
    300
}

const fn kind_default() -> DeviceKind {
    DeviceKind::Sensor
}

fn online_default() -> Vec<String> {
    vec!["online".to_owned()]
}

fn offline_default() -> Vec<String> {
    vec!["offline".to_owned()]
}
