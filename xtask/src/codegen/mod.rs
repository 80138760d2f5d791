//! `cargo xtask codegen`: Rust types, readers and writers from the schemas.
//!
//! Reads `schemas/xsd/*.xsd` and writes `hub/model/src/generated/` and `hub/wire/src/generated/`, and before that the
//! list of message types in `envelope.xsd`, which follows from `message.xsd`.
//! The output is committed; `--check` says whether it is fresh and changes nothing.

mod automaton;
mod embed;
mod model;
mod names;
mod pattern;
mod schema;
mod tables;
mod types;
mod wire;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run;

/// Makes the generated files, or with `check` only compares them with those committed.
pub fn run(check: bool) -> Result<(), String> {
    let root = run::root();
    list_types(root, check)?;
    let schema = schema::read(&root.join("schemas/xsd"))?;
    let mut files = BTreeMap::new();
    model::emit(&schema, &mut |name, text| {
        files.insert(format!("hub/model/src/generated/{name}.rs"), text);
    })?;
    wire::emit(&schema, &mut |name, text| {
        files.insert(format!("hub/wire/src/generated/{name}.rs"), text);
    })?;
    files.insert(
        "schemas/src/generated/files.rs".to_owned(),
        embed::emit(&root.join("schemas"))?,
    );
    let mut stale = Vec::new();
    for (path, text) in files.clone() {
        let text = formatted(root, &text).map_err(|problem| format!("{path}: {problem}"))?;
        let target = root.join(&path);
        if fs::read_to_string(&target).is_ok_and(|old| old == text) {
            continue;
        }
        if check {
            stale.push(path);
            continue;
        }
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).map_err(|error| format!("{path}: {error}"))?;
        }
        fs::write(&target, text).map_err(|error| format!("{path}: {error}"))?;
        eprintln!("codegen: wrote {path}");
    }
    for path in leftovers(root, &files)? {
        if check {
            stale.push(path);
        } else {
            fs::remove_file(root.join(&path)).map_err(|error| format!("{path}: {error}"))?;
            eprintln!("codegen: removed {path}");
        }
    }
    if stale.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "generated files differ from the schemas; run `cargo xtask codegen`:\n  {}",
            stale.join("\n  ")
        ))
    }
}

/// Brings the list of message types up to date, or says that it is not.
fn list_types(root: &Path, check: bool) -> Result<(), String> {
    const ENVELOPE: &str = "schemas/xsd/envelope.xsd";
    let read = |path: &str| {
        fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"))
    };
    let envelope = read(ENVELOPE)?;
    let listed = types::listed(&envelope, &read("schemas/xsd/message.xsd")?)?;
    match (listed == envelope, check) {
        (true, _) => Ok(()),
        (false, true) => Err(format!(
            "{ENVELOPE}: the message types are not those of message.xsd; run `cargo xtask codegen`"
        )),
        (false, false) => {
            eprintln!("codegen: wrote the message types of {ENVELOPE}");
            fs::write(root.join(ENVELOPE), listed).map_err(|error| format!("{ENVELOPE}: {error}"))
        }
    }
}

/// Files in the generated folders that this run did not make.
fn leftovers(root: &Path, files: &BTreeMap<String, String>) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for folder in [
        "hub/model/src/generated",
        "hub/wire/src/generated",
        "schemas/src/generated",
    ] {
        let Ok(entries) = fs::read_dir(root.join(folder)) else {
            continue;
        };
        for entry in entries {
            let entry = entry.map_err(|error| format!("{folder}: {error}"))?;
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if !files.contains_key(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn formatted(root: &Path, text: &str) -> Result<String, String> {
    let program =
        std::env::var_os("RUSTFMT").map_or_else(|| PathBuf::from("rustfmt"), PathBuf::from);
    let mut child = Command::new(program)
        .current_dir(root)
        .args(["--edition", "2024", "--emit", "stdout", "--quiet"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start rustfmt: {error}"))?;
    // rustfmt reads all of its input before it writes.
    child
        .stdin
        .take()
        .ok_or("rustfmt has no input")?
        .write_all(text.as_bytes())
        .map_err(|error| format!("cannot write to rustfmt: {error}"))?;
    let output = child
        .wait_with_output()
        .map_err(|error| format!("rustfmt: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "rustfmt: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("rustfmt: {error}"))
}

#[cfg(test)]
mod tests {
    /// The committed output is what the schemas give.
    #[test]
    fn generated_files_are_fresh() {
        super::run(true).unwrap();
    }
}
