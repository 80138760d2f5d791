//! Files, mapping packages and receivers that sections name: each there, each served.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cordon_contract::{CONSOLE, Fault};
use cordon_mapping::Mappings;

use super::syntax::nearest;
use super::{ParkConfig, adapters, locate};
use crate::doors::KINDS;

/// Files that adapters write: each has one writer, and a folder to stand in.
pub fn written(config: &ParkConfig) -> Vec<Fault> {
    let files = adapters::named(&config.adapters, |names| names.written);
    let data = config.hub.data.as_path();
    let mut faults = Vec::new();
    let mut writers: BTreeMap<PathBuf, String> = BTreeMap::new();
    if data.exists() && !data.is_dir() {
        faults.push(no_folder(data, "hub.data".to_owned()));
    }
    for (file, place) in files {
        let folder = folder_of(&file);
        // The hub makes its data folder at the first start, and nothing else.
        if folder != data && !config.silent.holds(&file) && !folder.is_dir() {
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
    let named = adapters::named(&config.adapters, |names| names.packages);
    let known: Vec<&str> = mappings
        .packages()
        .map(|package| package.id.as_str())
        .collect();
    let missing = named.into_iter();
    let missing = missing.filter(|(id, _)| !known.contains(&id.as_str()));
    missing
        .map(|(id, place)| {
            if let Some(error) = unreadable(config, &id) {
                let text = format!("the mapping package `{id}` cannot be read: {error}");
                let remedy = "let the hub's account read the package's folder and its files";
                return Fault::new("K028", text).at(place).remedy(remedy);
            }
            let remedy = match nearest(&id, &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "put the package into the folder hub.mappings".to_owned(),
            };
            Fault::new("K028", format!("there is no mapping package `{id}`"))
                .at(place)
                .remedy(remedy)
        })
        .collect()
}

/// Why a package that is not among the loaded ones cannot be looked at; none when it is not there.
fn unreadable(config: &ParkConfig, id: &str) -> Option<std::io::Error> {
    let folder = config.hub.mappings.as_ref()?.join(id);
    let files = ["mapping.toml", "points.toml"].map(|file| folder.join(file));
    files.iter().find_map(|file| file.try_exists().err())
}

/// Every receiver of `routes.toml` is served: by an adapter, or, as the console, by the hub itself.
pub fn receivers(config: &ParkConfig) -> Vec<Fault> {
    let (Some(file), Ok(routes)) = (&config.alarms.routes, crate::plugins::routes(config)) else {
        return Vec::new();
    };
    let mut served = config.adapters.served();
    served.insert(CONSOLE.to_owned());
    let known: Vec<&str> = served.iter().map(String::as_str).collect();
    let ways: Vec<&str> = KINDS
        .iter()
        .rev()
        .filter_map(|kind| kind.receivers)
        .collect();
    let missing = routes.receivers().filter(|name| !served.contains(*name));
    missing
        .map(|name| {
            let remedy = match nearest(name, &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("serve it {}, or take it out", ways.join(" or ")),
            };
            Fault::new("K018", format!("no adapter serves receiver `{name}`"))
                .at(locate::of_text(file, name))
                .remedy(remedy)
        })
        .collect()
}
