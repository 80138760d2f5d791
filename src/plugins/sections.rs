//! The sections `[plugins.NAME]` of a configuration, whichever they are.

use std::collections::BTreeMap;

use cordon_contract::Fault;
use cordon_flow::Part;
use cordon_model::plan::ParkPlan;

use super::{KINDS, Section};

/// The section in which each has its own.
pub const SECTION: &str = "plugins";

/// Those that are there, by the name of their kind.
#[derive(Debug, Default)]
pub struct Sections(pub BTreeMap<&'static str, Box<dyn Section>>);

impl Sections {
    /// What is wrong with them, each fault at its place in the configuration.
    pub fn check(&self, plan: &ParkPlan) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (name, section) in &self.0 {
            for fault in section.check(plan) {
                let place = match fault.place() {
                    "" => format!("{SECTION}.{name}"),
                    field => format!("{SECTION}.{name}.{field}"),
                };
                faults.push(fault.at(place));
            }
        }
        faults
    }

    /// What the journal says of each kind, of those that do not run too.
    pub fn parts(&self) -> impl Iterator<Item = Result<Part, Fault>> {
        KINDS.iter().map(|kind| match self.0.get(kind.name) {
            Some(section) => section.part(),
            None => Ok(kind.nothing()),
        })
    }
}
