//! The one explicit list of plug-ins, in the order they are stepped; used by a run and by a replay.

use std::sync::Arc;

use cordon_alarms::{AlarmPlugin, Routes};
use cordon_contract::{Fault, Plugin};

use crate::config::ParkConfig;

/// Fresh plug-ins of a park, or all that is wrong with their settings.
pub fn plugins(config: &ParkConfig) -> Result<Vec<Box<dyn Plugin>>, Vec<Fault>> {
    let plan = Arc::new(config.plan.clone());
    let routes = routes(config)?;
    let alarms = AlarmPlugin::new(
        Arc::clone(&plan),
        routes,
        config.hub.id.clone(),
        config.alarms.clone(),
    );
    Ok(vec![Box::new(alarms)])
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
