//! What the adapter is told. Unknown keys are refused; every default is a stated number.

use std::net::SocketAddr;
use std::path::PathBuf;

use cordon_contract::Fault;
use cordon_model::DeviceId;
use serde::Deserialize;

/// One `[[enterprise]]` of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The instance's name, unique in the park.
    pub name: String,
    /// The enterprise as the park's plan names it; orders for `partner:ID` are pushed to it.
    pub partner: DeviceId,
    /// The mapping package, `vendor/model/version`.
    pub mapping: String,
    /// File with the shared secret of at least 16 bytes; its first line signs both ways.
    pub secret_file: Option<PathBuf>,
    /// Events whose id names a record that may change, such as a registered vehicle. All others happened
    /// once, and what is said of them does not change.
    #[serde(default = "records_default")]
    pub records: Vec<String>,
    /// Calls from the plant's system.
    pub webhook: Option<Webhook>,
    /// Questions to the plant's system.
    pub poll: Option<Poll>,
    /// Orders to the plant's system.
    pub push: Option<Push>,
}

/// The webhook.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Where it listens. Without `tls` only loopback is allowed.
    pub listen: SocketAddr,
    /// Events are posted to `PATH/EVENT`.
    #[serde(default = "path_default")]
    pub path: String,
    /// Certificate files of the server; read by the program, which hands over ready TLS settings.
    pub tls: Option<TlsFiles>,
    /// SHA-256 fingerprints (64 hexadecimal digits) of client certificates that may call. A call
    /// needs one of them or a signature with the shared secret.
    #[serde(default)]
    pub certificates: Vec<String>,
    /// Seconds by which a signed call's time may differ from ours.
    #[serde(default = "window_default")]
    pub window_s: u32,
    /// Largest body in bytes.
    #[serde(default = "body_max_default")]
    pub body_bytes_max: usize,
    /// Seconds until a call whose events are not yet durable is answered "later".
    #[serde(default = "answer_default")]
    pub answer_within_s: u32,
    /// JSON pointer to an event's own id.
    #[serde(default = "id_default")]
    pub id: String,
}

/// Certificate files for TLS.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// Certificates that may have signed the other side's.
    pub ca: PathBuf,
    /// Our own certificate.
    pub certificate: PathBuf,
    /// The key of that certificate; only the security room opens it.
    pub key: PathBuf,
}

/// Polling.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    /// The address; `{cursor}` stands for the last event taken, empty at first.
    pub url: String,
    /// The event name that selects the mapping's rule.
    pub event: String,
    /// Seconds between two questions.
    #[serde(default = "every_default")]
    pub every_s: u32,
    /// JSON pointer to the list of events in the answer, oldest first.
    #[serde(default = "items_default")]
    pub items: String,
    /// JSON pointer to an event's own id, which is also the cursor.
    #[serde(default = "id_default")]
    pub id: String,
    /// File that keeps the cursor over restarts. Losing it only asks for old events again, which
    /// are recognised as duplicates.
    pub cursor_file: PathBuf,
    /// Certificate files for TLS.
    pub tls: Option<TlsFiles>,
}

/// Orders pushed out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Push {
    /// The address.
    pub url: String,
    /// Certificate files for TLS.
    pub tls: Option<TlsFiles>,
}

fn records_default() -> Vec<String> {
    vec!["vehicle".to_owned()]
}

fn path_default() -> String {
    "/events".to_owned()
}

const fn window_default() -> u32 {
    300
}

const fn body_max_default() -> usize {
    1024 * 1024
}

const fn answer_default() -> u32 {
    20
}

const fn every_default() -> u32 {
    10
}

fn items_default() -> String {
    "/items".to_owned()
}

fn id_default() -> String {
    "/id".to_owned()
}

impl Config {
    /// Whether an event tells how a record stands now.
    pub fn is_record(&self, event: &str) -> bool {
        self.records.iter().any(|name| name == event)
    }

    /// Looks at the values alone; touches nothing.
    pub fn check(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut bad = |field: &str, detail: &str, remedy: &str| {
            let place = format!("enterprise `{}`: {field}", self.name);
            faults.push(Fault::new("K051", detail).at(place).remedy(remedy));
        };
        if self.mapping.split('/').count() != 3 {
            bad(
                "mapping",
                "not vendor/model/version",
                "name a package folder",
            );
        }
        if self.webhook.is_none() && self.poll.is_none() && self.push.is_none() {
            bad("webhook", "nothing to do", "add webhook, poll or push");
        }
        if let Some(webhook) = &self.webhook {
            if webhook.tls.is_none() && !webhook.listen.ip().is_loopback() {
                bad(
                    "webhook.listen",
                    "plain HTTP beyond loopback",
                    "add webhook.tls",
                );
            }
            if self.secret_file.is_none() && webhook.certificates.is_empty() {
                bad(
                    "webhook",
                    "anybody could call",
                    "add secret_file or webhook.certificates",
                );
            }
            if !webhook.certificates.is_empty() && webhook.tls.is_none() {
                bad(
                    "webhook.certificates",
                    "client certificates need TLS",
                    "add webhook.tls",
                );
            }
            let hex = |text: &String| {
                text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            };
            if !webhook.certificates.iter().all(hex) {
                bad(
                    "webhook.certificates",
                    "not 64 hexadecimal digits",
                    "give SHA-256 fingerprints",
                );
            }
            if !webhook.path.starts_with('/') || webhook.path.ends_with('/') {
                bad(
                    "webhook.path",
                    "must begin and not end with `/`",
                    "write \"/events\"",
                );
            }
            if !(1..=3_600).contains(&webhook.window_s) {
                bad(
                    "webhook.window_s",
                    "must be 1 to 3600",
                    "300 suits most clocks",
                );
            }
        }
        if let Some(poll) = &self.poll {
            if poll.every_s == 0 {
                bad(
                    "poll.every_s",
                    "must be at least 1",
                    "10 suits most systems",
                );
            }
            if poll
                .url
                .replace("{cursor}", "0")
                .parse::<http::Uri>()
                .is_err()
            {
                bad(
                    "poll.url",
                    "not an address",
                    "write http(s)://host:port/path?after={cursor}",
                );
            }
        }
        if self
            .push
            .as_ref()
            .is_some_and(|push| push.url.parse::<http::Uri>().is_err())
        {
            bad(
                "push.url",
                "not an address",
                "write http(s)://host:port/path",
            );
        }
        faults
    }
}
