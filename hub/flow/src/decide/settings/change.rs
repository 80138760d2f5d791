//! Other settings while the hub runs: all of them at one entry, or none.

use std::sync::Arc;

use cordon_contract::{Fault, Plugin};
use cordon_mapping::Mappings;
use cordon_model::{ParkCode, PartyId};

use super::{Maker, Part};
use crate::decide::authority::Authority;
use crate::fault::{CONFIGURATION, fault};

/// What is to hold from the next entry on, whole.
pub struct SettingsChange {
    /// What the configuration says now, and who makes plug-ins of it.
    pub maker: Arc<dyn Maker>,
    /// Fresh plug-ins of it, so that nobody waits while they are made. What the present ones know goes to them.
    pub plugins: Vec<Box<dyn Plugin>>,
    /// Who may say what under it.
    pub authority: Authority,
    /// The mapping packages of it.
    pub mappings: Arc<Mappings>,
}

/// A part that holds from an entry on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChangedPart {
    /// Its name.
    pub name: String,
    /// The entry that says it.
    pub number: u64,
}

impl SettingsChange {
    /// Whether it can be taken up by the hub of this party and park.
    ///
    /// # Errors
    /// `F014` when it is too large, or of another hub or park.
    pub(crate) fn check(&self, hub: &PartyId, park: &ParkCode) -> Result<(), Fault> {
        if let Some(fault) = Part::check(self.maker.today()).into_iter().next() {
            return Err(fault);
        }
        let (its_hub, its_park) = (self.authority.hub(), &self.authority.plan().code);
        if (its_hub, its_park) == (hub, park) {
            return Ok(());
        }
        let why = format!("{its_park}/{its_hub} is not {park}/{hub}, whose journal this is");
        Err(fault(CONFIGURATION).at("settings: plan").log(why))
    }
}
