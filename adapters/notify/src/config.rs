//! What the adapter is told. Unknown keys are refused; every default is a stated number.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;

use aws_lc_rs::digest::{SHA256, digest};
use cordon_contract::{Fault, Target};
use cordon_model::DeviceId;
use serde::Deserialize;

/// Longest name of a receiver, bytes; with the key of an address it stands in the label of an order.
const NAME_BYTES_MAX: usize = 80;
/// Of the digest of an address, as the key of its orders.
const KEY_BYTES: usize = 6;

/// One `[[notify]]` of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The instance's name, unique in the park.
    pub name: DeviceId,
    /// Receivers with a webhook.
    #[serde(default, rename = "webhook")]
    pub webhooks: Vec<Webhook>,
    /// Receivers with a mailbox.
    #[serde(default, rename = "mail")]
    pub mails: Vec<Mail>,
    /// Receivers that read the console's feed.
    #[serde(default, rename = "console")]
    pub consoles: Vec<Console>,
}

/// A receiver that is called.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// The receiver's name in `routes.toml`.
    pub receiver: String,
    /// The address; `http` only on loopback.
    pub url: String,
    /// File with the shared secret of at least 16 bytes; its first line signs the call.
    pub secret_file: Option<PathBuf>,
    /// Certificate files for `https`; read by the program, which hands over ready TLS settings.
    pub tls: Option<TlsFiles>,
    /// Seconds to wait for an answer.
    #[serde(default = "patience_default")]
    pub timeout_s: u32,
}

/// Certificate files for TLS.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// Certificates that may have signed the other side's.
    pub ca: PathBuf,
    /// Our own certificate; absent when the other side asks for none.
    pub certificate: Option<PathBuf>,
    /// The key of that certificate; only the security room opens it.
    pub key: Option<PathBuf>,
}

/// A receiver with a mailbox.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The receiver's name in `routes.toml`.
    pub receiver: String,
    /// The mail server.
    pub host: String,
    /// Its port: usually 587 with `starttls`, 465 with `tls`.
    pub port: u16,
    /// How the connection is protected.
    #[serde(default)]
    pub security: Security,
    /// Certificates (PEM) that may have signed the server's; absent trusts the public authorities.
    pub ca: Option<PathBuf>,
    /// User name at the server.
    pub user: Option<String>,
    /// File whose first line is the password.
    pub password_file: Option<PathBuf>,
    /// Sender's address.
    pub from: String,
    /// Addresses, 1 to 50.
    pub to: Vec<String>,
    /// Seconds to wait for the server.
    #[serde(default = "patience_default")]
    pub timeout_s: u32,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// Begins in plain text and must go over to TLS; what the server does not offer is a failure.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// Plain text, on loopback only.
    None,
}

/// A receiver that reads the console's page: an alarm is on its list of open ones before it is
/// ordered to anybody.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Console {
    /// The receiver's name in `routes.toml`.
    pub receiver: String,
}

const fn patience_default() -> u32 {
    20
}

impl Config {
    /// The instance that serves the hub's own page as this receiver.
    pub fn of_page(name: DeviceId, receiver: &str) -> Self {
        let page = Console {
            receiver: receiver.to_owned(),
        };
        Self {
            name,
            webhooks: Vec::new(),
            mails: Vec::new(),
            consoles: vec![page],
        }
    }

    /// All receivers, as named in `routes.toml`.
    pub fn receivers(&self) -> impl Iterator<Item = &str> {
        let webhooks = self.webhooks.iter().map(|webhook| &webhook.receiver);
        let mails = self.mails.iter().map(|mail| &mail.receiver);
        let consoles = self.consoles.iter().map(|console| &console.receiver);
        webhooks.chain(mails).chain(consoles).map(String::as_str)
    }

    /// Whose orders it carries out: the receivers, and each address of a mail receiver that has several.
    pub(crate) fn targets(&self) -> impl Iterator<Item = Target> {
        let parts = self.mails.iter().flat_map(|mail| {
            let parts = mail.parts();
            parts.map(|(_, key)| Target::part(&mail.receiver, &key))
        });
        self.receivers().map(Target::receiver).chain(parts)
    }

    /// Looks at the values alone; touches nothing.
    pub fn check(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut bad = |field: &str, detail: &str, remedy: &str| {
            let place = format!("notify `{}`: {field}", self.name);
            faults.push(Fault::new("K071", detail).at(place).remedy(remedy));
        };
        let mut seen = BTreeSet::new();
        for receiver in self.receivers() {
            if !seen.insert(receiver) {
                let field = format!("receiver `{receiver}`");
                bad(
                    &field,
                    "two ways to one receiver",
                    "give each way a receiver of its own",
                );
            }
            let is_long = receiver.len() > NAME_BYTES_MAX;
            if receiver.is_empty() || is_long || receiver.contains([':', ';', '/']) {
                let field = format!("receiver `{receiver}`");
                bad(
                    &field,
                    "no receiver's name",
                    "use letters, digits and hyphens, 80 at most",
                );
            }
        }
        if seen.is_empty() {
            bad(
                "webhook",
                "nothing to do",
                "add a webhook, mail or console receiver",
            );
        }
        for webhook in &self.webhooks {
            webhook.check(&mut bad);
        }
        for mail in &self.mails {
            mail.check(&mut bad);
        }
        faults
    }
}

impl Webhook {
    fn check(&self, bad: &mut impl FnMut(&str, &str, &str)) {
        let field = format!("webhook `{}`", self.receiver);
        let uri: Result<http::Uri, _> = self.url.parse();
        let (scheme, host) = match &uri {
            Ok(uri) => (uri.scheme_str(), uri.host().unwrap_or_default()),
            Err(_) => (None, ""),
        };
        match scheme {
            Some("https") if self.tls.is_none() => {
                bad(
                    &field,
                    "`https` without `tls`",
                    "name the CA that is trusted",
                );
            }
            Some("https") => {}
            Some("http") if is_loopback(host) => {}
            Some("http") => bad(&field, "plain text over a network", "use https"),
            _ => bad(&field, "`url` is not an address", "write https://HOST/PATH"),
        }
        if let Some(tls) = &self.tls
            && tls.certificate.is_some() != tls.key.is_some()
        {
            bad(
                &field,
                "`certificate` and `key` come together",
                "name both or none",
            );
        }
        patience(self.timeout_s, &field, bad);
    }
}

impl Mail {
    /// The addresses that can be told by themselves, where there are several, each with its key: the same
    /// for as long as the address is, wherever it stands, and no personal data.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (usize, String)> {
        let mut seen = BTreeSet::new();
        let several = self.to.iter().enumerate().filter(|_| self.to.len() > 1);
        several.filter_map(move |(index, address)| {
            let address: lettre::message::Mailbox = address.parse().ok()?;
            let text: &str = address.email.as_ref();
            let digest = digest(&SHA256, text.as_bytes());
            let key = digest.as_ref().iter().take(KEY_BYTES);
            let key: String = key.map(|byte| format!("{byte:02x}")).collect();
            seen.insert(key.clone()).then_some((index, key))
        })
    }

    fn check(&self, bad: &mut impl FnMut(&str, &str, &str)) {
        let field = format!("mail `{}`", self.receiver);
        if self.security == Security::None && !is_loopback(&self.host) {
            bad(
                &field,
                "plain text over a network",
                "use `starttls` or `tls`",
            );
        }
        if !(1..=50).contains(&self.to.len()) {
            bad(
                &field,
                "`to` holds no or too many addresses",
                "name 1 to 50",
            );
        }
        for address in self.to.iter().chain([&self.from]) {
            if address.parse::<lettre::message::Mailbox>().is_err() {
                let detail = format!("`{address}` is no mail address");
                bad(&field, &detail, "write it as name@host");
            }
        }
        if self.user.is_some() != self.password_file.is_some() {
            bad(
                &field,
                "`user` and `password_file` come together",
                "name both or none",
            );
        }
        patience(self.timeout_s, &field, bad);
    }
}

fn patience(timeout_s: u32, field: &str, bad: &mut impl FnMut(&str, &str, &str)) {
    if !(1..=120).contains(&timeout_s) {
        bad(
            field,
            "`timeout_s` is outside 1 to 120",
            "20 suits most servers",
        );
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
