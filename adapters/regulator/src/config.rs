//! What the adapter is told. Unknown keys are refused; every default is a stated number.

use std::path::PathBuf;

use cordon_contract::Fault;
use cordon_model::{DeviceId, ReportType, Timestamp};
use serde::Deserialize;

use cordon_model::Schedule;

/// One `[[regulator]]` of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The instance's name, unique in the park.
    pub name: String,
    /// The platform; orders for `partner:ID` with a report are pushed to it.
    pub platform: DeviceId,
    /// Where reports are posted.
    pub url: String,
    /// File with a token that is sent as `Authorization: Bearer`.
    pub token_file: Option<PathBuf>,
    /// Certificate files for TLS; read by the program, which hands over ready TLS settings.
    pub tls: Option<TlsFiles>,
    /// File that keeps what was pushed and what is a dead letter over restarts.
    pub ledger_file: PathBuf,
    /// Seconds after the first try until a report becomes a dead letter.
    #[serde(default = "give_up_default")]
    pub give_up_after_s: u32,
    /// Seconds before the second try; doubles up to ten minutes.
    #[serde(default = "retry_default")]
    pub retry_after_s: u32,
    /// What is pushed when.
    #[serde(default)]
    pub job: Vec<Job>,
}

/// One report on schedule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Which report, such as `RPT-01`.
    pub report: ReportType,
    /// `{ every_s = 20 }` or `{ daily_at = "02:15" }`.
    pub schedule: Schedule,
}

/// Certificate files for TLS.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// Certificates that may have signed the platform's.
    pub ca: PathBuf,
    /// Our own certificate, for mutual TLS.
    pub certificate: Option<PathBuf>,
    /// The key of that certificate; only the security room opens it.
    pub key: Option<PathBuf>,
}

const fn give_up_default() -> u32 {
    86_400
}

const fn retry_default() -> u32 {
    5
}

impl Config {
    /// Looks at the values alone; touches nothing.
    pub fn check(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut bad = |field: &str, detail: &str, remedy: &str| {
            let place = format!("regulator `{}`: {field}", self.name);
            faults.push(Fault::new("K061", detail).at(place).remedy(remedy));
        };
        let uri = self.url.parse::<http::Uri>().ok();
        match uri.as_ref().and_then(http::Uri::scheme_str) {
            Some("https") if self.tls.is_none() => {
                bad("tls", "https without certificates to trust", "add tls.ca");
            }
            Some("https") => {}
            Some("http") => {
                let host = uri.as_ref().and_then(http::Uri::host).unwrap_or_default();
                if !["localhost", "127.0.0.1", "[::1]"].contains(&host) {
                    bad("url", "plain HTTP beyond loopback", "use https");
                }
            }
            _ => bad(
                "url",
                "not an http or https address",
                "write https://host/path",
            ),
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
        if self.retry_after_s == 0 || self.give_up_after_s < self.retry_after_s {
            bad(
                "retry_after_s",
                "must be at least 1 and not above give_up_after_s",
                "5 suits most",
            );
        }
        for (index, job) in self.job.iter().enumerate() {
            if job.schedule.next(Timestamp::from_micros(0)).is_none() {
                let field = format!("job[{index}].schedule");
                bad(
                    &field,
                    "not a time",
                    "write { every_s = 20 } or { daily_at = \"02:15\" }",
                );
            }
        }
        faults
    }
}
