//! The files of a distribution, laid out in a folder.

use std::fs;
use std::path::Path;

use crate::run;

/// Folders that parks, partners and those who verify need, beside the program.
const FOLDERS: [&str; 2] = ["schemas", "mappings"];
/// What is in them for building alone.
const FOR_BUILDING: [&str; 3] = ["Cargo.toml", "src", "tests"];
const PAPERS: [&str; 4] = ["README.md", "README.zh-CN.md", "CHANGELOG.md", "LICENSE"];

/// Makes an empty folder.
pub fn empty(folder: &Path) -> Result<(), String> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|error| said("empty", folder, &error))?;
    }
    fs::create_dir_all(folder).map_err(|error| said("make", folder, &error))
}

/// Copies a file with its rights; its folder is made.
pub fn copy(from: &Path, to: &Path) -> Result<(), String> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(|error| said("make", folder, &error))?;
    }
    fs::copy(from, to).map_err(|error| said("copy", from, &error))?;
    Ok(())
}

/// Writes a text; its folder is made.
pub fn write(to: &Path, text: &str) -> Result<(), String> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(|error| said("make", folder, &error))?;
    }
    fs::write(to, text).map_err(|error| said("write", to, &error))
}

/// Puts the program without its symbols where it belongs.
pub fn program(from: &Path, to: &Path) -> Result<(), String> {
    copy(from, to)?;
    run::quiet(run::command("strip").arg(to))
}

/// Puts schemas and mappings into a folder.
pub fn data(to: &Path) -> Result<(), String> {
    FOLDERS
        .iter()
        .try_for_each(|name| folder(&run::root().join(name), &to.join(name)))
}

/// Puts what is read by people into a folder.
pub fn papers(to: &Path) -> Result<(), String> {
    for name in PAPERS {
        copy(&run::root().join(name), &to.join(name))?;
    }
    folder(&run::root().join("docs"), &to.join("docs"))
}

/// Copies a folder without what is in it for building.
pub fn folder(from: &Path, to: &Path) -> Result<(), String> {
    for entry in fs::read_dir(from).map_err(|error| said("read", from, &error))? {
        let entry = entry.map_err(|error| said("read", from, &error))?;
        let name = entry.file_name();
        if FOR_BUILDING.iter().any(|left_out| name == *left_out) {
            continue;
        }
        let (from, to) = (entry.path(), to.join(&name));
        match from.is_dir() {
            true => folder(&from, &to)?,
            false => copy(&from, &to)?,
        }
    }
    Ok(())
}

fn said(what: &str, place: &Path, error: &std::io::Error) -> String {
    format!("cannot {what} {}: {error}", place.display())
}
