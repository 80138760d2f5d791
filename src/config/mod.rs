//! `park.toml`: one file that says everything about a park, checked before anything starts.
//!
//! Passes: syntax and fields (`syntax`), cross references (`cross`, `ties`, `uses`), secrets (`secrets`),
//! then, once it is known which disks answer (`silent`), everything that a start reads: certificates (`papers`), mapping packages, routes, rules and
//! the adapters' own files (`files`). Every fault names file, line (`locate`) and a remedy.

mod adapters;
mod cross;
mod demo;
pub mod disks;
mod files;
mod locate;
pub mod papers;
mod paths;
mod plugins;
mod retention;
pub mod secrets;
mod silent;
mod syntax;
mod ties;
mod uses;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordon_contract::{Adapter, Fault};
use cordon_mapping::Mappings;
use cordon_model::PartyId;
use cordon_model::plan::ParkPlan;
use cordon_security::{Signer, TrustStore};
use serde::Deserialize;

use crate::doors::Tables;
use crate::plugins::{Plugins, Sections};
use crate::reports::ReportDoor;

pub use demo::DemoSection;
pub use retention::RetentionSection;
pub use silent::Silent;

/// The whole configuration. Relative paths are relative to the file's folder.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParkConfig {
    /// The hub itself.
    pub hub: HubSection,
    /// The signed Web Service.
    #[serde(default)]
    pub exchange: ExchangeSection,
    /// The status page.
    #[serde(default)]
    pub console: cordon_console::Config,
    /// The park: gates, lanes, areas, devices, enterprises.
    pub plan: ParkPlan,
    /// The adapters, each in a table of its kind.
    #[serde(skip)]
    pub adapters: Tables,
    /// Who may say what.
    #[serde(default)]
    pub authority: cordon_flow::AuthoritySettings,
    /// Who may pass.
    #[serde(default)]
    pub access: cordon_access::AccessConfig,
    /// Folder with access rules (`*.cedar`); the built-in ones when not set.
    pub rules: Option<PathBuf>,
    /// Who is told of alarms.
    #[serde(default)]
    pub alarms: cordon_alarms::Config,
    /// What is kept to be asked.
    #[serde(default)]
    pub records: cordon_records::RecordsConfig,
    /// The standard reports.
    #[serde(default)]
    pub reports: cordon_reports::ReportsConfig,
    /// Where old segments of the journal lie.
    #[serde(default)]
    pub retention: RetentionSection,
    /// What `cordon demo` adds.
    pub demo: Option<DemoSection>,
    /// What of it gave no answer when it was checked.
    #[serde(skip)]
    pub silent: Silent,
    /// The plug-ins that need not run, each with a section of its own.
    #[serde(skip)]
    pub plugins: Sections,
}

/// The hub itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HubSection {
    /// The hub's party id, as in its certificate.
    pub id: PartyId,
    /// Folder for journal, state and spools.
    pub data: PathBuf,
    /// The hub's certificate with its chain (PEM).
    pub certificate: PathBuf,
    /// The hub's private key (PEM, readable by the hub alone).
    pub key: PathBuf,
    /// Folder with the park CA's certificates and revocation list.
    pub trust: PathBuf,
    /// Folder with mapping packages; none when not set.
    pub mappings: Option<PathBuf>,
    /// File for emergency openings and releases that act while the disk of `data` fails; best on another disk.
    /// `emergency` inside `data` when not set.
    pub spool: Option<PathBuf>,
    /// Milliseconds between ticks, 100 to 60000.
    #[serde(default = "tick_ms")]
    pub tick_ms: i64,
    /// The park is warned when more than this share of the disk of `data` is used, 1 to 100 %; 100 is never.
    #[serde(default = "disk_warn_percent")]
    pub disk_warn_percent: u8,
}

impl HubSection {
    /// The file for emergency openings.
    pub fn spool(&self) -> PathBuf {
        let inside = || self.data.join("emergency");
        self.spool.clone().unwrap_or_else(inside)
    }
}

const fn tick_ms() -> i64 {
    1_000
}

const fn disk_warn_percent() -> u8 {
    80
}

/// The signed Web Service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExchangeSection {
    /// Where it listens; always mutual TLS.
    pub listen: SocketAddr,
    /// Whether WSDL and XSD may be read without a client certificate.
    pub public_wsdl: bool,
    /// Scheme, host and port that the WSDL names; the listening address when not set.
    pub public_url: Option<String>,
    /// Whether TLS 1.2 is spoken beside TLS 1.3.
    pub tls12: bool,
    /// Most connections of parties at once; fewer when the system allows fewer open files.
    pub connections_max: usize,
    /// MiB of bodies and answers on their way at once.
    pub bytes_in_flight_mib: usize,
    /// MiB of refused bytes of one party that are kept in a day.
    pub refused_mib_of_party: u64,
    /// Refusals of one party with one code in a minute that are entries of their own.
    pub refusals_of_party_a_minute: u32,
    /// Refusals of one party that are answered in a second; beyond, the answers wait.
    pub refusals_of_party_a_second: u32,
    /// TLS handshakes of one party in a second; beyond, its new connections wait.
    pub handshakes_of_party_a_second: u32,
    /// TLS handshakes of one address in a second that end with nobody who is known; beyond, its new
    /// connections wait.
    pub handshakes_of_address_a_second: u32,
}

impl Default for ExchangeSection {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
            public_wsdl: false,
            public_url: None,
            tls12: false,
            connections_max: 1_000,
            bytes_in_flight_mib: 64,
            refused_mib_of_party: 16,
            refusals_of_party_a_minute: 30,
            refusals_of_party_a_second: 20,
            handshakes_of_party_a_second: 300,
            handshakes_of_address_a_second: 200,
        }
    }
}

/// What the last pass loaded; a start uses these and reads nothing again.
pub struct Loaded {
    /// Who is trusted.
    pub trust: Arc<TrustStore>,
    /// The hub's signature.
    pub signer: Arc<Signer>,
    /// TLS of the exchange.
    pub exchange: Arc<rustls::ServerConfig>,
    /// The mapping packages.
    pub mappings: Arc<Mappings>,
    /// The adapters, not yet connected.
    pub adapters: Vec<Arc<dyn Adapter>>,
    /// The plug-ins.
    pub plugins: Plugins,
    /// Where adapters get reports; to be filled once the hub runs.
    pub reports: Arc<ReportDoor>,
    /// Papers whose time is over. `cordon check` refuses them; a start says them and goes on,
    /// because a park needs its gates more than its papers.
    pub overdue: Vec<Fault>,
    /// What keeps adapters from their work, such as a secret that cannot be read; told and refused in the same way.
    pub resting: Vec<Fault>,
}

impl ParkConfig {
    /// The first passes alone: syntax and fields, paths made whole. Touches no other file.
    pub fn read(path: &Path) -> Result<Self, Vec<Fault>> {
        let mut config: Self = syntax::read(path)?;
        paths::resolve(&mut config, uses::folder_of(path));
        Ok(config)
    }

    /// The keys of a file, as they stand in it.
    pub fn table(path: &Path) -> Result<toml::Table, Vec<Fault>> {
        syntax::table(path)
    }

    /// A configuration of these keys; relative paths are relative to `folder`.
    pub fn of_table(table: toml::Table, folder: &Path) -> Result<Self, Vec<Fault>> {
        let mut config = syntax::of_table(&table)?;
        paths::resolve(&mut config, folder);
        Ok(config)
    }

    /// Whether everything that is named exists, for a configuration put together of two that were checked.
    pub fn fits(&self, mappings: &Mappings) -> Vec<Fault> {
        let mut faults = cross::check(self);
        faults.extend(uses::packages(self, mappings));
        faults.extend(uses::receivers(self));
        faults
    }

    /// Every file that the hub writes beside its data.
    pub fn written(&self) -> BTreeSet<PathBuf> {
        let files = adapters::named(&self.adapters, |names| names.written).into_iter();
        let files = files.map(|(file, _)| file);
        files.chain([self.hub.spool()]).collect()
    }

    /// Every path it names.
    pub fn paths(&mut self) -> Vec<PathBuf> {
        paths::all(self)
            .into_iter()
            .map(|path| path.clone())
            .collect()
    }

    /// Makes all passes; what was loaded comes along.
    pub fn check(path: &Path) -> Result<(Self, Loaded), Vec<Fault>> {
        let mut config = Self::read(path)?;
        config.silent = Silent::of(&mut config);
        let mut faults = cross::check(&config);
        let secrets = secrets::check(&config);
        faults.extend(secrets.faults.iter().cloned());
        match files::load(&config, &secrets) {
            Ok(mut loaded) if faults.is_empty() => {
                loaded.overdue = locate::lines(path, loaded.overdue);
                loaded.resting = locate::lines(path, loaded.resting);
                return Ok((config, loaded));
            }
            loaded => {
                // What rests ends no start, but whoever puts the rest right hears of all.
                faults.extend(secrets.troubles());
                faults.extend(loaded.err().into_iter().flatten());
            }
        }
        Err(locate::lines(path, faults))
    }
}

#[cfg(test)]
mod tests;
