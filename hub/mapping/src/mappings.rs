//! All packages of a folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cordon_contract::{Fault, Payload, Reading};
use cordon_model::Body;

use crate::package::Package;
use crate::rule::{Mapped, Understood};

/// The loaded packages, by `vendor/model/version`.
#[derive(Debug, Default)]
pub struct Mappings {
    packages: BTreeMap<String, Package>,
}

impl Mappings {
    /// Loads every package below `folder`. All faults of all packages are reported, each with file
    /// and line; nothing is loaded by half.
    pub fn load(folder: &Path) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut packages = BTreeMap::new();
        for (id, path) in folders(folder).map_err(|fault| vec![fault])? {
            match Package::load(&path, &id) {
                Ok(package) => {
                    packages.insert(id, package);
                }
                Err(found) => faults.extend(found),
            }
        }
        if faults.is_empty() {
            Ok(Self { packages })
        } else {
            Err(faults)
        }
    }

    /// The packages, by id.
    pub fn packages(&self) -> impl Iterator<Item = &Package> {
        self.packages.values()
    }

    /// The package of this id.
    pub fn package(&self, id: &str) -> Option<&Package> {
        self.packages.get(id)
    }

    /// Turns a reading into canonical statements. A payload that is canonical already passes as it
    /// is. Nothing at all is a lawful answer; see [`crate::MappingEngine::map`].
    pub fn map(&self, reading: &Reading) -> Result<Vec<Body>, Fault> {
        Ok(self
            .map_timed(reading)?
            .said
            .into_iter()
            .map(|mapped| mapped.body)
            .collect())
    }

    /// As [`Mappings::map`], each statement with the time at which it happened, and with what was left
    /// out because it is not understood.
    pub fn map_timed(&self, reading: &Reading) -> Result<Understood, Fault> {
        let id = match &reading.payload {
            Payload::Body(body) => {
                let mapped = Mapped {
                    body: (**body).clone(),
                    occurred_at: crate::source::time_of(reading),
                };
                return Ok(Understood {
                    said: vec![mapped],
                    ..Understood::default()
                });
            }
            Payload::Unread { fault, .. } => return Err(fault.clone()),
            Payload::Points { mapping, .. } | Payload::Json { mapping, .. } => mapping,
        };
        let package = self.packages.get(id).ok_or_else(|| {
            Fault::new("M006", format!("no mapping package `{id}`"))
                .remedy("install the package, or correct the adapter's `mapping`")
        })?;
        package.map(reading)
    }
}

impl Mappings {
    /// Whether a reading that is not understood may have been an alarm, or what opens a gate: its package has a
    /// rule for such a thing on its topic, or anywhere, where the topic is not known.
    pub fn may_alarm(&self, reading: &Reading) -> bool {
        let (id, topic) = match &reading.payload {
            Payload::Body(_) => return false,
            Payload::Unread { mapping, topic, .. } => (mapping, topic.as_deref()),
            Payload::Points { mapping, topic, .. } | Payload::Json { mapping, topic, .. } => {
                (mapping, Some(topic.as_str()))
            }
        };
        let package = self.packages.get(id);
        package.is_some_and(|package| package.may_alarm(topic))
    }
}

/// The package folders three levels down, sorted.
fn folders(root: &Path) -> Result<Vec<(String, PathBuf)>, Fault> {
    let mut level = vec![(String::new(), root.to_owned())];
    for _ in 0..3 {
        let mut next = Vec::new();
        for (id, path) in &level {
            for name in subfolders(path)? {
                let id = if id.is_empty() {
                    name.clone()
                } else {
                    format!("{id}/{name}")
                };
                next.push((id, path.join(name)));
            }
        }
        level = next;
    }
    // A folder without mapping.toml belongs to somebody else, such as the profiles of a protocol
    // that keeps its register tables under the same roof.
    level.retain(|(_, path)| {
        path.join("mapping.toml").exists() || path.join("points.toml").exists()
    });
    level.sort();
    Ok(level)
}

fn subfolders(folder: &Path) -> Result<Vec<String>, Fault> {
    let broken = |error: std::io::Error| {
        Fault::new("M001", format!("cannot be read: {error}"))
            .at(folder.display().to_string())
            .remedy("name the folder that holds vendor/model/version packages")
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(broken)? {
        let entry = entry.map_err(broken)?;
        if entry.path().is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.retain(|name| !name.starts_with('.'));
    Ok(names)
}
