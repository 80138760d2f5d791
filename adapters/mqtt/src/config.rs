//! What the adapter is told. Unknown keys are refused; every default is a stated number.

use std::path::PathBuf;

use cordon_contract::Fault;
use cordon_model::DeviceId;
use serde::Deserialize;

use crate::command::Form;

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
    /// A device that says nothing for this long is shown as degraded, in seconds; 0 never.
    #[serde(default = "silent_default")]
    pub silent_after_s: u32,
    /// What is subscribed to.
    #[serde(default)]
    pub subscription: Vec<Subscription>,
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

impl Config {
    /// Looks at the values alone; touches no network.
    pub fn check(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut bad = |field: &str, detail: &str, remedy: &str| {
            let place = format!("mqtt `{}`: {field}", self.name);
            faults.push(Fault::new("K031", detail).at(place).remedy(remedy));
        };
        if self.client_id.is_empty() || self.client_id.len() > 120 {
            bad(
                "client_id",
                "must have 1 to 120 letters",
                "give a name that never changes",
            );
        }
        if !(1..=10_000).contains(&self.queue) {
            bad("queue", "must be 1 to 10000", "256 suits most parks");
        }
        if self.keep_alive_s < 5 {
            bad(
                "keep_alive_s",
                "must be at least 5",
                "30 suits most networks",
            );
        }
        if self.packet_bytes_max < 1_024 {
            bad(
                "packet_bytes_max",
                "must be at least 1024",
                "1048576 suits most gateways",
            );
        }
        if self.user.is_none() && self.password_file.is_some() {
            bad(
                "password_file",
                "a password without `user`",
                "name the user",
            );
        }
        if self
            .tls
            .as_ref()
            .is_some_and(|tls| tls.certificate.is_some() != tls.key.is_some())
        {
            bad(
                "tls",
                "`certificate` and `key` come together",
                "name both or none",
            );
        }
        if self.subscription.is_empty() && self.receiver.is_empty() {
            bad(
                "subscription",
                "nothing to do",
                "add a [[subscription]] or a [[receiver]]",
            );
        }
        for subscription in &self.subscription {
            let field = format!("subscription `{}`", subscription.filter);
            if !rumqttc::valid_filter(&subscription.filter) {
                bad(&field, "not a topic filter", "see MQTT 5, section 4.7");
            }
            if subscription.mapping.split('/').count() != 3 {
                bad(
                    &field,
                    "`mapping` is not vendor/model/version",
                    "name a package folder",
                );
            }
            if subscription
                .identity
                .iter()
                .any(|pointer| !pointer.starts_with('/'))
            {
                bad(
                    &field,
                    "`identity` holds JSON pointers",
                    "write them as \"/time\"",
                );
            }
        }
        for receiver in &self.receiver {
            if receiver.topic.is_empty() || receiver.topic.contains(['+', '#']) {
                let field = format!("receiver `{}`", receiver.name);
                bad(&field, "`topic` may hold no wildcard", "name one topic");
            }
        }
        faults
    }
}
