//! `park.toml`: one file that says everything about a park, checked in passes before anything starts.
//!
//! Passes: syntax and fields (`syntax`), cross references (`cross`), certificates and secret files
//! (`files`), then mappings, rules and routes by the rooms that own them (`rooms`). Every fault
//! names file and line or field, and a remedy.

mod cross;
mod files;
mod rooms;
mod syntax;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use cordon_contract::Fault;
use cordon_model::PartyId;
use cordon_model::plan::ParkPlan;
use serde::Deserialize;

pub use rooms::Rooms;

/// The whole configuration. Relative paths are relative to the file's folder.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParkConfig {
    /// The hub itself.
    pub hub: HubConfig,
    /// The signed Web Service.
    #[serde(default)]
    pub exchange: ExchangeConfig,
    /// The status page.
    #[serde(default)]
    pub console: cordon_console::Config,
    /// The park: gates, lanes, areas, devices, enterprises.
    pub plan: ParkPlan,
    /// Access control.
    #[serde(default)]
    pub access: cordon_plugins::access::AccessConfig,
    /// Where rules, routes and mappings are.
    pub rules: RulesConfig,
    /// Reports.
    #[serde(default)]
    pub reports: ReportsConfig,
    /// Lanes over Modbus TCP.
    #[serde(default)]
    pub modbus: Vec<cordon_modbus::Config>,
    /// Sensors over MQTT.
    #[serde(default)]
    pub mqtt: Vec<cordon_mqtt::Config>,
    /// Cameras over ONVIF.
    #[serde(default)]
    pub onvif: Vec<cordon_onvif::Config>,
    /// Plants' own gate systems.
    #[serde(default)]
    pub enterprise: Vec<cordon_enterprise::Config>,
    /// Provincial platforms that reports are pushed to.
    #[serde(default)]
    pub regulator: Vec<cordon_regulator::Config>,
    /// Receivers of alarms: signed webhooks and mail.
    #[serde(default)]
    pub notify: Vec<cordon_notify::Config>,
}

/// The hub itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HubConfig {
    /// The hub's party id, as in its certificate.
    pub id: PartyId,
    /// Folder for journal, state, reports and spools.
    pub data: PathBuf,
    /// The hub's certificate with its chain (PEM).
    pub certificate: PathBuf,
    /// The hub's private key (PEM, mode 0600).
    pub key: PathBuf,
    /// Folder with the park CA's certificates and revocation list.
    pub trust: PathBuf,
    /// Milliseconds between ticks.
    #[serde(default = "tick_ms")]
    pub tick_ms: u64,
}

fn tick_ms() -> u64 {
    1_000
}

/// The signed Web Service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExchangeConfig {
    /// Where it listens; always mutual TLS.
    pub listen: SocketAddr,
    /// Whether WSDL and XSD may be read without a client certificate.
    pub public_wsdl: bool,
    /// The address that the WSDL names; the listening address when not set.
    pub public_url: Option<String>,
    /// How far a message's time stamp may be from the hub's clock, in seconds.
    pub clock_skew_s: u32,
}

impl Default for ExchangeConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
            public_wsdl: false,
            public_url: None,
            clock_skew_s: 300,
        }
    }
}

/// Where rules, routes and mappings are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulesConfig {
    /// Folder with Cedar policies; the built-in set when not set.
    pub access: Option<PathBuf>,
    /// The alarm routing tree.
    pub routes: PathBuf,
    /// Folder with mapping packages.
    pub mappings: PathBuf,
}

/// Reports.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReportsConfig {
    /// Seconds between rebuilds of the present day's reports; 0 builds only at the end of the day.
    pub rebuild_s: u32,
}

impl Default for ReportsConfig {
    fn default() -> Self {
        Self { rebuild_s: 900 }
    }
}

impl ParkConfig {
    /// Reads the file: syntax and fields only.
    pub fn read(path: &Path) -> Result<Self, Vec<Fault>> {
        syntax::read(path).map(|config: Self| config.based_on(path))
    }

    /// Reads the file and makes all passes; what the rooms loaded comes along.
    pub fn check(path: &Path) -> Result<(Self, Rooms), Vec<Fault>> {
        let config = Self::read(path)?;
        let mut faults = cross::check(&config);
        faults.extend(files::check(&config));
        let rooms = rooms::load(&config);
        match rooms {
            Ok(rooms) if faults.is_empty() => Ok((config, rooms)),
            Ok(_) => Err(faults),
            Err(more) => {
                faults.extend(more);
                Err(faults)
            }
        }
    }
}
