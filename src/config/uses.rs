//! Files, mapping packages and receivers that sections name: each there, each served.

use std::collections::BTreeMap;
use std::path::Path;

use cordon_contract::Fault;
use cordon_mapping::Mappings;

use super::syntax::nearest;
use super::{ParkConfig, locate};

/// Files that adapters write: each has one writer, and a folder to stand in.
pub fn written(config: &ParkConfig) -> Vec<Fault> {
    let mut files: Vec<(&Path, String)> = Vec::new();
    for (index, enterprise) in config.enterprise.iter().enumerate() {
        let cursor = enterprise
            .poll
            .as_ref()
            .map(|poll| poll.cursor_file.as_path());
        files.extend(cursor.map(|file| (file, format!("enterprise[{index}].poll.cursor_file"))));
    }
    for (index, regulator) in config.regulator.iter().enumerate() {
        let place = format!("regulator[{index}].ledger_file");
        files.push((&regulator.ledger_file, place));
    }
    let data = config.hub.data.as_path();
    let mut faults = Vec::new();
    let mut writers: BTreeMap<&Path, String> = BTreeMap::new();
    if data.exists() && !data.is_dir() {
        faults.push(no_folder(data, "hub.data".to_owned()));
    }
    for (file, place) in files {
        let folder = folder_of(file);
        // The hub makes its data folder at the first start, and nothing else.
        if folder != data && !folder.is_dir() {
            faults.push(no_folder(folder, place.clone()));
        }
        if let Some(first) = writers.insert(file, place.clone()) {
            faults.push(
                Fault::new("K010", format!("this file is already written by {first}"))
                    .at(place)
                    .remedy("give each a file of its own"),
            );
        }
    }
    faults
}

/// The folder a file lies in; the present one for a bare name.
pub(super) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn no_folder(folder: &Path, place: String) -> Fault {
    Fault::new("K025", format!("`{}` is no folder", folder.display()))
        .at(place)
        .remedy("make the folder, or name another")
}

/// Every mapping package that an adapter names must be among those that were loaded.
pub fn packages(config: &ParkConfig, mappings: &Mappings) -> Vec<Fault> {
    let mut named: Vec<(&str, String)> = Vec::new();
    for (index, mqtt) in config.mqtt.iter().enumerate() {
        for (number, one) in mqtt.subscription.iter().enumerate() {
            let place = format!("mqtt[{index}].subscription[{number}].mapping");
            named.push((&one.mapping, place));
        }
    }
    for (index, onvif) in config.onvif.iter().enumerate() {
        for (number, one) in onvif.camera.iter().enumerate() {
            let place = format!("onvif[{index}].camera[{number}].mapping");
            named.push((&one.mapping, place));
        }
    }
    for (index, one) in config.enterprise.iter().enumerate() {
        named.push((&one.mapping, format!("enterprise[{index}].mapping")));
    }
    let known: Vec<&str> = mappings
        .packages()
        .map(|package| package.id.as_str())
        .collect();
    let missing = named.into_iter().filter(|(id, _)| !known.contains(id));
    missing
        .map(|(id, place)| {
            let remedy = match nearest(id, &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "put the package into the folder hub.mappings".to_owned(),
            };
            Fault::new("K028", format!("there is no mapping package `{id}`"))
                .at(place)
                .remedy(remedy)
        })
        .collect()
}

/// Every receiver of `routes.toml` is served: by an adapter, or, as the console, by the hub itself.
pub fn receivers(config: &ParkConfig) -> Vec<Fault> {
    let (Some(file), Ok(routes)) = (&config.alarms.routes, crate::plugins::routes(config)) else {
        return Vec::new();
    };
    let mut served = crate::doors::served(config);
    served.insert(cordon_alarms::CONSOLE);
    let known: Vec<&str> = served.iter().copied().collect();
    let missing = routes.receivers().filter(|name| !served.contains(name));
    missing
        .map(|name| {
            let remedy = match nearest(name, &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    "serve it in a [[notify]] or as an [[mqtt.receiver]], or take it out".to_owned()
                }
            };
            Fault::new("K018", format!("no adapter serves receiver `{name}`"))
                .at(locate::of_text(file, name))
                .remedy(remedy)
        })
        .collect()
}
