//! A configuration that was read anew, ready to be taken up.

use std::path::Path;
use std::sync::Arc;

use cordon_contract::Fault;
use cordon_flow::{Authority, SettingsChange};

use super::{Running, unfit};
use crate::config::ParkConfig;
use crate::plugins::{self, Plugins};
use crate::settings::ParkSettings;

/// What is taken up, and what is told of it.
pub struct Prepared {
    /// What decides as the file says it now, everything else as it runs.
    pub config: ParkConfig,
    /// What decides of it.
    pub change: SettingsChange,
    /// What else differs.
    pub kept: Vec<String>,
    /// Papers whose time is over and what has adapters rest, which refuse no start either.
    pub warnings: Vec<Fault>,
}

impl Prepared {
    /// Reads the file anew. Nothing of it is used yet.
    ///
    /// # Errors
    /// All that `cordon check` finds; else `K100` for each thing that does not fit what runs.
    pub fn read(
        path: &Path,
        running: &Running,
        present: &ParkSettings,
    ) -> Result<Self, Vec<Fault>> {
        let (read, loaded) = ParkConfig::check(path)?;
        let now = running.read_again(path, &read.silent)?;
        let config = running.with_settings_of(&now)?;
        let faults = misfits(&config, present, &loaded.mappings);
        if !faults.is_empty() {
            return Err(faults);
        }
        let Plugins { list, settings } =
            plugins::plugins_beside(present, &config, &loaded.mappings)?;
        let authority = Authority::new(
            Arc::new(config.plan.clone()),
            config.hub.id.clone(),
            config.authority.clone(),
        );
        let change = SettingsChange {
            maker: settings,
            plugins: list,
            authority: authority.map_err(|fault| vec![fault])?,
            mappings: loaded.mappings,
        };
        Ok(Self {
            kept: running.kept(&now),
            warnings: [loaded.overdue, loaded.resting].concat(),
            config,
            change,
        })
    }
}

/// What does not go together with adapters and journal as they run.
fn misfits(
    config: &ParkConfig,
    present: &ParkSettings,
    mappings: &cordon_mapping::Mappings,
) -> Vec<Fault> {
    let mut faults: Vec<Fault> = config.fits(mappings).iter().map(unfit).collect();
    if config.plan.code != *present.park() {
        let why = format!("the journal is park `{}`'s", present.park());
        faults.push(unfit(&Fault::new("K022", why).at("plan.code")));
    }
    faults
}
