//! The plug-ins of a configuration, made of its settings; used by a run and by a replay.

use std::collections::BTreeMap;
use std::sync::Arc;

use cordon_alarms::Routes;
use cordon_contract::{Fault, Plugin};
use cordon_flow::{Made, Maker as _};
use cordon_mapping::Mappings;
use cordon_rules::CedarRules;

use crate::config::ParkConfig;
use crate::settings::ParkSettings;

/// The plug-ins of a park, and what the program sees of them.
pub struct Plugins {
    /// In the order in which they are stepped.
    pub list: Vec<Box<dyn Plugin>>,
    /// What they were made of, and what makes them again.
    pub settings: Arc<ParkSettings>,
}

/// Fresh plug-ins of a park as one begins whose journal says nothing yet, or all that is wrong with their settings.
pub fn plugins(config: &ParkConfig, mappings: &Mappings) -> Result<Plugins, Vec<Fault>> {
    let settings = Arc::new(settings_of(config, mappings)?);
    let made = settings.make(&BTreeMap::new());
    done(made, settings)
}

/// Those that are to go on in a hub that runs: what stands now is shown where it is shown already.
pub fn plugins_beside(
    present: &ParkSettings,
    config: &ParkConfig,
    mappings: &Mappings,
) -> Result<Plugins, Vec<Fault>> {
    let settings = Arc::new(settings_of(config, mappings)?.shown_as(present));
    let today = settings.today().iter();
    let made = settings.make(&today.map(|part| (part.name.as_str(), part)).collect());
    done(made, settings)
}

fn done(made: Result<Made, Fault>, settings: Arc<ParkSettings>) -> Result<Plugins, Vec<Fault>> {
    Ok(Plugins {
        list: made.map_err(|fault| vec![fault])?.plugins,
        settings,
    })
}

/// What of a configuration decides, or all that is wrong with it.
pub fn settings(config: &ParkConfig, mappings: &Mappings) -> Result<Arc<ParkSettings>, Vec<Fault>> {
    settings_of(config, mappings).map(Arc::new)
}

fn settings_of(config: &ParkConfig, mappings: &Mappings) -> Result<ParkSettings, Vec<Fault>> {
    match (rules(config), routes_and_text(config)) {
        (Ok(rules), Ok((_, text))) => ParkSettings::of(config, &rules, text.as_deref(), mappings),
        (rules, routes) => {
            let faults = [rules.err(), routes.err()].into_iter().flatten();
            Err(faults.flatten().collect())
        }
    }
}

/// The access rules of the configuration.
fn rules(config: &ParkConfig) -> Result<CedarRules, Vec<Fault>> {
    match &config.rules {
        Some(folder) => CedarRules::load(folder),
        None => CedarRules::built_in(),
    }
}

/// The routing tree of the configuration; without a file everything goes to receiver `console`.
pub fn routes(config: &ParkConfig) -> Result<Routes, Vec<Fault>> {
    routes_and_text(config).map(|(routes, _)| routes)
}

fn routes_and_text(config: &ParkConfig) -> Result<(Routes, Option<String>), Vec<Fault>> {
    let Some(file) = &config.alarms.routes else {
        return Ok((Routes::default(), None));
    };
    let shown = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| {
        vec![
            Fault::new("K017", format!("the routing tree cannot be read: {error}"))
                .at(shown.clone())
                .remedy("correct alarms.routes"),
        ]
    })?;
    let routes = Routes::read(&text, &shown)?;
    let faults = routes.check(&config.plan);
    if faults.is_empty() {
        Ok((routes, Some(text)))
    } else {
        Err(faults)
    }
}
