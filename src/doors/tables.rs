//! The adapters' tables of a configuration, whatever they are.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use cordon_contract::{Adapter, AdapterConfig, Fault, Lender, Names, Target};
use cordon_model::{DeviceId, GateId, PartyId};

use super::KINDS;
use super::shut::Shut;
use crate::config::secrets::Found;

/// A kind of table and its number among its like.
pub type Section = (&'static str, usize);

/// One table.
#[derive(Debug)]
pub struct Table {
    section: Section,
    config: Arc<dyn AdapterConfig>,
}

impl Table {
    /// The table `[[KIND]]` that is the `index`th of its like.
    pub fn new(section: Section, config: Box<dyn AdapterConfig>) -> Self {
        Self {
            section,
            config: config.into(),
        }
    }

    /// Every path of the table; none any more once an adapter waits for its disk by it.
    pub fn paths(&mut self) -> Vec<&mut PathBuf> {
        Arc::get_mut(&mut self.config).map_or_else(Vec::new, |config| config.paths())
    }

    /// The table itself, for whoever opens it later.
    pub fn shared(&self) -> Arc<dyn AdapterConfig> {
        Arc::clone(&self.config)
    }

    /// Which table it is.
    pub fn section(&self) -> Section {
        self.section
    }

    /// The place of one of its fields in the configuration; of the table itself without one.
    pub fn place(&self, field: &str) -> String {
        let (kind, index) = self.section;
        match field.is_empty() {
            true => format!("{kind}[{index}]"),
            false => format!("{kind}[{index}].{field}"),
        }
    }
}

impl Deref for Table {
    type Target = dyn AdapterConfig;

    fn deref(&self) -> &Self::Target {
        &*self.config
    }
}

/// All of them, in the order of the list of kinds.
#[derive(Debug, Default)]
pub struct Tables(pub Vec<Table>);

impl Deref for Tables {
    type Target = Vec<Table>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Tables {
    /// Those of one kind, as what they are: for the demo, which puts simulators around them.
    pub fn of<T: AdapterConfig>(&self) -> impl Iterator<Item = &T> {
        let all = self.0.iter().map(|table| &*table.config as &dyn Any);
        all.filter_map(|table| table.downcast_ref())
    }

    /// Receivers that they serve.
    pub fn served(&self) -> BTreeSet<String> {
        let receivers = self.0.iter().flat_map(|table| table.names().receivers);
        receivers.map(|receiver| receiver.what).collect()
    }

    /// Which instance has orders for a device, by name: a barrier speaks through that one alone.
    pub fn ordered(&self) -> BTreeMap<DeviceId, String> {
        let of = |table: &Table| {
            let Names {
                devices, targets, ..
            } = table.names();
            let devices = devices.into_iter().map(|device| device.what);
            let takes = |it: &DeviceId| targets.contains(&Target::device(it.as_str()));
            let name = table.name().to_owned();
            Vec::from_iter(devices.filter(takes).map(|device| (device, name.clone())))
        };
        self.0.iter().flat_map(of).collect()
    }

    /// Gates at which one of them can open a barrier.
    pub fn openable(&self) -> BTreeSet<GateId> {
        let gates = self.0.iter().flat_map(|table| table.names().gates);
        gates.collect()
    }

    /// Files that they may have open at once.
    pub fn open_files(&self) -> usize {
        let names = self.0.iter().map(|table| table.names());
        names.map(|names| names.open_files()).sum()
    }

    /// Enterprises whose own gate systems take orders.
    pub fn gate_systems(&self) -> Vec<PartyId> {
        let names = self.0.iter().map(|table| table.names());
        names
            .filter_map(|names| names.gate_system().cloned())
            .collect()
    }

    /// Opens all of them and those that need no table, or says all that is wrong. Their files are read,
    /// nothing is written or connected. Tables that are shut for their secrets are passed over; those that
    /// rest lack secrets, and those that wait a disk that answers: these are stood in for.
    ///
    /// # Errors
    /// Every fault of every table.
    pub fn open(
        &self,
        lender: &Arc<dyn Lender>,
        secrets: &Found,
    ) -> Result<Vec<Arc<dyn Adapter>>, Vec<Fault>> {
        let served = self.served();
        let unwritten: Vec<Box<dyn AdapterConfig>> = KINDS
            .iter()
            .filter_map(|kind| kind.unwritten(&served))
            .collect();
        let usable = self.0.iter();
        let usable = usable.filter(|table| !secrets.shut.contains(&table.section));
        let opened = usable.map(|table| open_one(table, lender, secrets));
        let opened = opened.chain(unwritten.iter().map(|config| config.open(&**lender)));
        let (mut adapters, mut faults) = (Vec::new(), Vec::new());
        for opened in opened {
            match opened {
                Ok(adapter) => adapters.push(adapter),
                Err(more) => faults.extend(more),
            }
        }
        match faults.is_empty() {
            true => Ok(adapters),
            false => Err(faults),
        }
    }
}

/// The adapter of a table, or what stands in for it.
fn open_one(
    table: &Table,
    lender: &Arc<dyn Lender>,
    secrets: &Found,
) -> Result<Arc<dyn Adapter>, Vec<Fault>> {
    if let Some(fault) = secrets.waiting.get(&table.section) {
        return Ok(Arc::new(Shut::until_it_answers(table, fault, lender)));
    }
    match secrets.resting.get(&table.section).map(Vec::as_slice) {
        Some([first, more @ ..]) => {
            // Cameras read theirs when they connect: one that lacks its own takes no other away.
            let some_are_good = more.len() + 1 < table.names().secrets.len();
            match table.open(&**lender) {
                Ok(adapter) if some_are_good => Ok(adapter),
                _ => Ok(Arc::new(Shut::of(table, first)) as _),
            }
        }
        Some([]) | None => table.open(&**lender),
    }
}
