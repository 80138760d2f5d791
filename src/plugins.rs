//! The one explicit list of plug-ins, in the order they are stepped; used by a run and by a replay.

use std::sync::Arc;

use cordon_access::{AccessPlugin, GrantDispatch, ParkNow};
use cordon_alarms::{AlarmPlugin, OpenAlarms, Routes};
use cordon_contract::{AccessRules, Fault, Plugin};
use cordon_model::PartyId;
use cordon_rules::CedarRules;

use crate::config::ParkConfig;

/// The plug-ins of a park, and what the program sees of them.
pub struct Plugins {
    /// In the order in which they are stepped.
    pub list: Vec<Box<dyn Plugin>>,
    /// The alarms that are open, for the console.
    pub open_alarms: OpenAlarms,
    /// Mode, barriers and who is inside, for the console.
    pub park_now: ParkNow,
}

/// Fresh plug-ins of a park, or all that is wrong with their settings.
pub fn plugins(config: &ParkConfig) -> Result<Plugins, Vec<Fault>> {
    let plan = Arc::new(config.plan.clone());
    let (rules, routes) = match (rules(config), routes(config)) {
        (Ok(rules), Ok(routes)) => (rules, routes),
        (rules, routes) => {
            let faults = [rules.err(), routes.err()].into_iter().flatten();
            return Err(faults.flatten().collect());
        }
    };
    let access = AccessPlugin::new(Arc::clone(&plan), rules, config.access.clone());
    let alarms = AlarmPlugin::new(plan, routes, config.hub.id.clone(), config.alarms.clone());
    Ok(Plugins {
        open_alarms: alarms.open_alarms(),
        park_now: access.park_now(),
        list: vec![
            Box::new(access),
            Box::new(GrantDispatch::new(gate_systems(config))),
            Box::new(alarms),
        ],
    })
}

/// The access rules of the configuration.
pub fn rules(config: &ParkConfig) -> Result<Arc<dyn AccessRules>, Vec<Fault>> {
    Ok(match &config.rules {
        Some(folder) => Arc::new(CedarRules::load(folder)?),
        None => Arc::new(CedarRules::built_in()?),
    })
}

/// Enterprises whose own gate system takes grants.
fn gate_systems(config: &ParkConfig) -> Vec<PartyId> {
    let pushed = config.enterprise.iter().filter(|it| it.push.is_some());
    pushed
        .filter_map(|enterprise| enterprise.partner.as_str().parse().ok())
        .collect()
}

/// The routing tree of the configuration; without a file everything goes to receiver `console`.
pub fn routes(config: &ParkConfig) -> Result<Routes, Vec<Fault>> {
    let Some(file) = &config.alarms.routes else {
        return Ok(Routes::default());
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
        Ok(routes)
    } else {
        Err(faults)
    }
}
