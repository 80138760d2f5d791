//! An adapter's table of the configuration: what can be known and checked before anything is opened.
//!
//! A kind of adapter brings one type, read from each `[[TABLE]]` of its own. The program knows the type
//! by its place in one list and asks it everything else: what it names, whether that is lawful and fits
//! the plan, which of its files are secret, and the opened adapter itself.

use std::any::Any;
use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use cordon_model::plan::ParkPlan;
use cordon_model::{DeviceId, GateId, PartyId, ReportType};
use serde::de::DeserializeOwned;

use crate::{Adapter, Fault, Lender, Target};

/// One table. Fields of a fault are places inside the table (`camera[2].lane`); the program says which
/// table, file and line that is.
pub trait AdapterConfig: Any + fmt::Debug + Send + Sync {
    /// The instance's name, unique among all adapters of the park.
    fn name(&self) -> &str;

    /// Everything outside itself that the table names; pure.
    fn names(&self) -> Names;

    /// Every path of the table. The program makes them absolute before it asks anything else.
    fn paths(&mut self) -> Vec<&mut PathBuf>;

    /// What is wrong with the values alone; touches no file and no network. These faults bear their
    /// whole place, ``mqtt `sensors`: queue``.
    fn check(&self) -> Vec<Fault>;

    /// What contradicts the park's plan beyond the names of [`AdapterConfig::names`].
    fn fits(&self, _plan: &ParkPlan) -> Vec<Fault> {
        Vec::new()
    }

    /// Reads the files it names and gives the adapter, or says all that is wrong. Connects nothing and
    /// listens nowhere.
    ///
    /// # Errors
    /// Every fault of its values and files.
    fn open(&self, lender: &dyn Lender) -> Result<Arc<dyn Adapter>, Vec<Fault>>;
}

/// A kind of adapter, as the program's list names it. The type is strict: unknown keys are refused.
///
/// ```
/// use std::net::SocketAddr;
/// use std::path::PathBuf;
/// use std::sync::Arc;
///
/// use cordon_contract::{
///     Adapter, AdapterConfig, AdapterKind, BoxFuture, Definition, DeviceHealth, Fault, Lender, Link,
///     Names, Order, Outcome, OutcomeKind, Probe, Running,
/// };
/// use cordon_model::DeviceId;
///
/// /// One `[[meter]]`.
/// #[derive(Clone, Debug, serde::Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Config {
///     name: String,
///     device: DeviceId,
///     address: SocketAddr,
///     every_s: u32,
/// }
///
/// impl AdapterKind for Config {
///     const TABLE: &'static str = "meter";
/// }
///
/// impl AdapterConfig for Config {
///     fn name(&self) -> &str {
///         &self.name
///     }
///     fn names(&self) -> Names {
///         let mut names = Names::default();
///         names.device("device", &self.device);
///         names
///     }
///     fn paths(&mut self) -> Vec<&mut PathBuf> {
///         Vec::new()
///     }
///     fn check(&self) -> Vec<Fault> {
///         let place = format!("meter `{}`: every_s", self.name);
///         let wrong = Fault::new("A108", "must be at least 1").at(place).remedy("10 suits most");
///         Vec::from_iter((self.every_s == 0).then_some(wrong))
///     }
///     fn open(&self, _lender: &dyn Lender) -> Result<Arc<dyn Adapter>, Vec<Fault>> {
///         let faults = self.check();
///         match faults.is_empty() {
///             true => Ok(Arc::new(Meter(self.clone()))),
///             false => Err(faults),
///         }
///     }
/// }
///
/// struct Meter(Config);
///
/// impl Adapter for Meter {
///     fn definition(&self) -> Definition {
///         Definition { name: self.0.name.clone(), protocol: "meter", targets: Vec::new() }
///     }
///     fn start(self: Arc<Self>, link: Link) -> Arc<dyn Running> {
///         Arc::new(RunningMeter { meter: self, link })
///     }
/// }
///
/// struct RunningMeter {
///     meter: Arc<Meter>,
///     link: Link,
/// }
///
/// impl Running for RunningMeter {
///     fn run(&self) -> BoxFuture<'_, Result<(), Fault>> {
///         Box::pin(async {
///             // Connect to `self.meter.0.address`, offer to `self.link.intake`, back off, until:
///             self.link.shutdown.wait().await;
///             Ok(())
///         })
///     }
///     fn execute(&self, _order: Order) -> BoxFuture<'_, Outcome> {
///         Box::pin(async { Outcome::new(OutcomeKind::Refused, "a meter carries out no orders") })
///     }
///     fn probe(&self) -> BoxFuture<'_, Vec<Probe>> {
///         Box::pin(async { Vec::new() })
///     }
///     fn health(&self) -> Vec<DeviceHealth> {
///         Vec::new()
///     }
/// }
/// ```
pub trait AdapterKind: AdapterConfig + DeserializeOwned + Sized {
    /// The name of its tables: `[[TABLE]]`.
    const TABLE: &'static str;

    /// How one writes that it serves a receiver, for a remedy: `in a [[notify]]`. `None` where it
    /// serves none.
    const RECEIVERS: Option<&'static str> = None;

    /// A table that need not be written, given the receivers that the written ones serve.
    fn unwritten(_served: &BTreeSet<String>) -> Option<Self> {
        None
    }
}

/// Something that a table names, and the field that names it; an empty field is the table itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Named<T> {
    /// The place inside the table, such as `bus[0].lane[1].device`.
    pub field: String,
    /// What is named.
    pub what: T,
}

impl<T> Named<T> {
    /// Named in this field.
    pub fn new(field: impl Into<String>, what: T) -> Self {
        Self {
            field: field.into(),
            what,
        }
    }
}

/// Connections that a listener of an adapter holds at once: the program counts on them when it shares out the files it
/// may have open.
pub const LISTENER_CONNECTIONS: usize = 60;
/// Open files of an adapter beside those of its devices and receivers, of which each may take two.
const FILES_OF_ADAPTER: usize = 4;

/// Everything outside itself that a table names.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Names {
    /// Devices it serves: each is one of the plan's, and no other adapter's.
    pub devices: Vec<Named<DeviceId>>,
    /// Receivers of `routes.toml` that it serves, and nobody else.
    pub receivers: Vec<Named<String>>,
    /// Addresses it will listen on, each with [`LISTENER_CONNECTIONS`] at most.
    pub listeners: Vec<Named<SocketAddr>>,
    /// Mapping packages, `vendor/model/version`.
    pub packages: Vec<Named<String>>,
    /// Reports that it sends.
    pub reports: Vec<Named<ReportType>>,
    /// Files that it writes; each has one writer.
    pub written: Vec<Named<PathBuf>>,
    /// Files with a secret or key: the hub alone may read them.
    pub secrets: Vec<PathBuf>,
    /// Certificates that it shows to the other side.
    pub certificates: Vec<PathBuf>,
    /// Gates at which it can open a barrier.
    pub gates: BTreeSet<GateId>,
    /// Whose orders it carries out.
    pub targets: Vec<Target>,
    /// The enterprise in whose name it speaks.
    pub speaks_for: Option<PartyId>,
}

impl Names {
    /// Files that it may have open at once.
    pub fn open_files(&self) -> usize {
        let of_links = 2 * (self.devices.len() + self.receivers.len());
        FILES_OF_ADAPTER + of_links + self.listeners.len() * LISTENER_CONNECTIONS
    }

    /// A device that it serves.
    pub fn device(&mut self, field: impl Into<String>, device: &DeviceId) {
        self.devices.push(Named::new(field, device.clone()));
    }

    /// A receiver that it serves: whose orders it then carries out.
    pub fn receiver(&mut self, field: impl Into<String>, name: &str) {
        self.receivers.push(Named::new(field, name.to_owned()));
        self.targets.push(Target::receiver(name));
    }

    /// A mapping package.
    pub fn package(&mut self, field: impl Into<String>, id: &str) {
        self.packages.push(Named::new(field, id.to_owned()));
    }

    /// A file with a secret, where one is named.
    pub fn secret(&mut self, file: Option<&PathBuf>) {
        self.secrets.extend(file.cloned());
    }

    /// The certificate that is shown and its key, where they are named.
    pub fn shows(&mut self, certificate: Option<&PathBuf>, key: Option<&PathBuf>) {
        self.certificates.extend(certificate.cloned());
        self.secret(key);
    }

    /// The enterprise whose own gate system takes the orders of this adapter.
    pub fn gate_system(&self) -> Option<&PartyId> {
        let party = self.speaks_for.as_ref()?;
        let own = Target::partner(party.as_str());
        self.targets.contains(&own).then_some(party)
    }
}

/// Something is named that the plan does not have.
pub fn not_in_plan(what: &str, name: &str, place: impl Into<String>) -> Fault {
    let article = if what.starts_with(['a', 'e']) {
        "an"
    } else {
        "a"
    };
    Fault::new("K011", format!("there is no {what} `{name}`"))
        .at(place)
        .remedy(format!(
            "name {article} {what} of the plan, or add it there"
        ))
}

/// Something contradicts the plan.
pub fn against_plan(place: impl Into<String>, text: impl Into<String>) -> Fault {
    Fault::new("K019", text)
        .at(place)
        .remedy("say the same here and in the plan")
}

#[cfg(test)]
mod tests {
    use super::Names;
    use crate::Target;

    #[test]
    fn a_gate_system_speaks_for_whom_it_takes_orders() {
        let party: cordon_model::PartyId = "ENT-1".parse().unwrap();
        let mut names = Names {
            speaks_for: Some(party.clone()),
            ..Names::default()
        };
        assert_eq!(names.gate_system(), None);
        names.targets.push(Target::partner("ENT-2"));
        assert_eq!(names.gate_system(), None);
        names.targets.push(Target::partner("ENT-1"));
        assert_eq!(names.gate_system(), Some(&party));
        names.speaks_for = None;
        assert_eq!(names.gate_system(), None);
    }
}
