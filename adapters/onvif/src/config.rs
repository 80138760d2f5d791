//! What the adapter is told. Unknown keys are refused; every default is a stated number.

use std::collections::BTreeSet;
use std::path::PathBuf;

use cordon_contract::Fault;
use cordon_model::{AlarmCode, AlarmLevel, DeviceId, Direction, GateId, LaneId};
use serde::Deserialize;

use crate::address::Address;

/// Cameras of one instance; a park with more gives them to several.
const CAMERAS_MAX: usize = 1_000;

/// One `[[onvif]]` of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The instance's name, unique in the park.
    pub name: String,
    /// An unchanged device status is repeated this often, in seconds, 5 to 3600.
    #[serde(default = "report_default")]
    pub report_s: u32,
    /// Certificates that may have signed those of `https` cameras; the program makes TLS settings
    /// of them and hands these to the adapter.
    pub ca: Option<PathBuf>,
    /// The cameras, 1 to 1000.
    #[serde(default)]
    pub camera: Vec<CameraConfig>,
}

/// One `[[onvif.camera]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CameraConfig {
    /// The camera as the park's plan names it.
    pub device: DeviceId,
    /// Address of its device service, such as `http://10.1.2.3/onvif/device_service`. Host and
    /// scheme are never left, whatever the camera says of its own addresses.
    pub address: String,
    /// User name at the camera; without one no login is tried.
    pub user: Option<String>,
    /// File that holds the password, alone on its first line.
    pub password_file: Option<PathBuf>,
    /// How to log in.
    #[serde(default)]
    pub auth: Auth,
    /// The lane it watches; plate cameras need one.
    pub lane: Option<LaneId>,
    /// The gate of that lane; the hub knows it from the lane when absent.
    pub gate: Option<GateId>,
    /// The direction the lane serves; the camera's word when absent.
    pub direction: Option<Direction>,
    /// The control area it watches; goes into its alarms.
    pub area: Option<String>,
    /// The mapping package, `vendor/model/version`.
    #[serde(default = "mapping_default")]
    pub mapping: String,
    /// How long one `PullMessages` waits for something to happen, in seconds, 1 to 60.
    #[serde(default = "pull_timeout_default")]
    pub pull_timeout_s: u32,
    /// Life asked for a subscription, in seconds, 5 to 86400.
    #[serde(default = "subscription_default")]
    pub subscription_s: u32,
    /// Limit on every other exchange, in seconds, 1 to 60.
    #[serde(default = "timeout_default")]
    pub timeout_s: u32,
    /// Largest answer taken from the camera, in bytes, 16384 to 8388608.
    #[serde(default = "answer_default")]
    pub answer_bytes_max: usize,
    /// Within this distance of the hub's clock the camera's clock is trusted and its times are
    /// kept; beyond it the hub's time stands and the camera is shown as degraded. Seconds, 1 to 300.
    #[serde(default = "clock_trust_default")]
    pub clock_trust_s: u32,
    /// First pause after a refused login, in seconds, 1 to 3600; doubled up to an hour, so that no
    /// camera locks the account.
    #[serde(default = "login_retry_default")]
    pub login_retry_s: u32,
    /// Topic expressions the camera is asked to filter by, such as
    /// `tns1:RuleEngine//.`; empty asks for everything, which every camera understands.
    #[serde(default)]
    pub filter: Vec<String>,
    /// Further topics that are never dropped, such as `tnsaxis:CameraApplicationPlatform/VMD/#`;
    /// the mapping package must know them.
    #[serde(default)]
    pub topics: Vec<String>,
    /// What its digital inputs mean.
    #[serde(default)]
    pub input: Vec<InputConfig>,
}

/// One `[[onvif.camera.input]]`: a digital input that raises an alarm.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputConfig {
    /// The input's token as the camera names it.
    pub token: String,
    /// The state that raises the alarm.
    #[serde(default = "active_default")]
    pub active: bool,
    /// What the alarm is.
    pub alarm: AlarmCode,
    /// How bad it is.
    pub level: AlarmLevel,
}

/// How to log in.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// HTTP Digest when the camera offers it, else WS-UsernameToken.
    #[default]
    Auto,
    /// HTTP Digest (RFC 7616) only.
    Digest,
    /// WS-UsernameToken with a password digest only.
    Token,
    /// The token in every request, and HTTP Digest when the camera asks for it.
    Both,
}

impl Auth {
    /// Whether a token may be sent.
    pub(crate) fn token(self) -> bool {
        self != Self::Digest
    }

    /// Whether a digest challenge may be answered.
    pub(crate) fn digest(self) -> bool {
        self != Self::Token
    }
}

fn mapping_default() -> String {
    "onvif/camera/1".to_owned()
}

const fn report_default() -> u32 {
    60
}

const fn pull_timeout_default() -> u32 {
    20
}

const fn subscription_default() -> u32 {
    600
}

const fn timeout_default() -> u32 {
    10
}

const fn answer_default() -> usize {
    1024 * 1024
}

const fn clock_trust_default() -> u32 {
    5
}

const fn login_retry_default() -> u32 {
    300
}

const fn active_default() -> bool {
    true
}

impl Config {
    /// Looks at the values alone; touches no network and no file.
    pub fn check(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let place = |field: &str| format!("onvif `{}`: {field}", self.name);
        let mut bad = |field: &str, detail: String, remedy: &str| {
            faults.push(Fault::new("K070", detail).at(place(field)).remedy(remedy));
        };
        if self.name.is_empty() || self.name.len() > 64 {
            bad(
                "name",
                "must have 1 to 64 letters".to_owned(),
                "give a short name",
            );
        }
        if !(5..=3_600).contains(&self.report_s) {
            bad(
                "report_s",
                "must be 5 to 3600".to_owned(),
                "60 suits most parks",
            );
        }
        if self.camera.is_empty() || self.camera.len() > CAMERAS_MAX {
            bad(
                "camera",
                format!(
                    "{} cameras, 1 to {CAMERAS_MAX} are needed",
                    self.camera.len()
                ),
                "add [[onvif.camera]], or spread the cameras over several instances",
            );
        }
        let mut seen = BTreeSet::new();
        for camera in &self.camera {
            if !seen.insert(&camera.device) {
                bad(
                    &format!("camera `{}`", camera.device),
                    "the device is there twice".to_owned(),
                    "give each camera a device of its own",
                );
            }
        }
        for camera in &self.camera {
            faults.extend(camera.check(&self.name));
        }
        faults
    }

    /// Whether any camera is spoken to over TLS.
    pub fn needs_tls(&self) -> bool {
        self.camera
            .iter()
            .any(|camera| camera.address.starts_with("https://"))
    }
}

impl CameraConfig {
    fn check(&self, instance: &str) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut bad = |field: &str, detail: &str, remedy: &str| {
            let place = format!("onvif `{instance}`: camera `{}`: {field}", self.device);
            faults.push(Fault::new("K070", detail).at(place).remedy(remedy));
        };
        if let Err(detail) = Address::parse(&self.address) {
            bad(
                "address",
                &detail,
                "write it as http://HOST/onvif/device_service",
            );
        }
        if self.user.is_some() != self.password_file.is_some() {
            bad(
                "user",
                "`user` and `password_file` come together",
                "name both, or neither for a camera without login",
            );
        }
        let ranges = [
            ("pull_timeout_s", self.pull_timeout_s, 1, 60),
            ("subscription_s", self.subscription_s, 5, 86_400),
            ("timeout_s", self.timeout_s, 1, 60),
            ("clock_trust_s", self.clock_trust_s, 1, 300),
            ("login_retry_s", self.login_retry_s, 1, 3_600),
        ];
        for (field, value, low, high) in ranges {
            if !(low..=high).contains(&value) {
                let detail = format!("must be {low} to {high}");
                bad(field, &detail, "leave it out for the default");
            }
        }
        if !(16_384..=8_388_608).contains(&self.answer_bytes_max) {
            bad(
                "answer_bytes_max",
                "must be 16384 to 8388608",
                "leave it out for the default",
            );
        }
        if self
            .mapping
            .split('/')
            .filter(|part| !part.is_empty())
            .count()
            != 3
        {
            bad(
                "mapping",
                "not vendor/model/version",
                "`onvif/camera/1` suits cameras that keep to the standard's topics",
            );
        }
        if self.area.as_deref().is_some_and(|area| !is_id(area)) {
            bad(
                "area",
                "not an id of 1 to 64 letters, digits, `.`, `_`, `-`",
                "name a control area of the plan",
            );
        }
        if self.filter.len() > 32 || self.topics.len() > 32 || self.input.len() > 32 {
            bad(
                "filter, topics, input",
                "at most 32 of each",
                "use subtrees (`//.` in a filter, `/#` in topics)",
            );
        }
        if let Some(text) = self.filter.iter().find(|text| !is_expression(text)) {
            let detail = format!("`{text}` is not a topic expression");
            bad(
                "filter",
                &detail,
                "write PREFIX:A/B or PREFIX:A//. ; only the prefix tns1 is known",
            );
        }
        faults
    }

    /// What the device is: a camera with a lane reads plates.
    pub(crate) fn kind(&self) -> cordon_model::DeviceKind {
        match self.lane {
            Some(_) => cordon_model::DeviceKind::PlateCamera,
            None => cordon_model::DeviceKind::Camera,
        }
    }
}

/// `AreaId` of the language.
fn is_id(text: &str) -> bool {
    let lawful = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    (1..=64).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(lawful)
}

/// Names and slashes under the one prefix that needs no declaration by the maker.
fn is_expression(text: &str) -> bool {
    let path = text.strip_suffix("//.").unwrap_or(text);
    path.strip_prefix("tns1:").is_some_and(|path| {
        let lawful = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        path.len() <= 200
            && path
                .split('/')
                .all(|step| !step.is_empty() && step.chars().all(lawful))
    })
}
