//! Who imports whom: the floors of `DESIGN` section 2, read from cargo.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Folders whose crates all have one floor.
const FOLDERS: [(&str, u32); 2] = [("adapters", 30), ("hub/plugins", 30)];

/// The floor of every other crate. A crate may import only crates of a lower floor; `cordon-wire` and
/// `cordon-http` stand on half floors because they may see one neighbour of their own floor.
const FLOORS: &[(&str, u32)] = &[
    ("cordon-model", 10),
    ("cordon-schemas", 10),
    ("cordon-xml", 10),
    ("cordon-contract", 20),
    ("cordon-wire", 20),
    ("cordon-http", 25),
    ("cordon-security", 30),
    ("cordon-journal", 30),
    ("cordon-mapping", 30),
    ("cordon-rules", 30),
    ("cordon-sim-lane", 30),
    ("cordon-sim-camera", 30),
    ("cordon-sim-sensors", 30),
    ("cordon-sim-broker", 30),
    ("cordon-sim-partners", 30),
    ("cordon-flow", 40),
    ("cordon-records", 45),
    ("cordon-reports", 46),
    ("cordon-suite", 40),
    ("cordon-sim-park", 40),
    ("cordon-services", 50),
    ("cordon-console", 50),
    ("cordon", 60),
    ("cordon-bench", 70),
    ("cordon-decoders", 70),
    ("cordon-fixtures", 70),
    ("cordon-interop", 70),
    ("cordon-tidy", 70),
    ("xtask", 70),
];

/// Each crate of the workspace with the crates of the house that it imports (tests not counted).
pub fn arrows(root: &Path) -> Result<BTreeMap<String, Vec<String>>, String> {
    Ok(packages(root)?.iter().map(package).collect())
}

/// Each crate of the workspace with its floor, where it has one.
pub fn floors(root: &Path) -> Result<BTreeMap<String, Option<u32>>, String> {
    let listed: BTreeMap<&str, u32> = FLOORS.iter().copied().collect();
    let folders = FOLDERS.map(|(folder, floor)| (root.join(folder), floor));
    let packages = packages(root)?;
    let floors = packages.iter().map(|package| {
        let name = text(package, "name");
        let manifest = text(package, "manifest_path");
        let is_in = |(folder, _): &&(PathBuf, u32)| Path::new(&manifest).starts_with(folder);
        let by_folder = folders.iter().find(is_in).map(|(_, floor)| *floor);
        let by_name = || listed.get(name.as_str()).copied();
        let floor = by_folder.or_else(by_name);
        (name, floor)
    });
    Ok(floors.collect())
}

fn packages(root: &Path) -> Result<Vec<Value>, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let metadata: Value =
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let packages = metadata.get("packages").and_then(Value::as_array);
    packages.cloned().ok_or_else(|| "no packages".to_owned())
}

fn package(package: &Value) -> (String, Vec<String>) {
    let mut imports: Vec<String> = package
        .get("dependencies")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|dependency| dependency.get("kind").is_some_and(Value::is_null))
        .filter(|dependency| dependency.get("path").is_some())
        .map(|dependency| text(dependency, "name"))
        .collect();
    imports.sort();
    imports.dedup();
    (text(package, "name"), imports)
}

fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}
