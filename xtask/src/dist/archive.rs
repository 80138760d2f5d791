//! The archive: one folder with the program, schemas, mappings, documents and the files to install it by hand.

use std::path::{Path, PathBuf};

use super::program::Program;
use super::tree;
use crate::run;

/// The same bytes each time it is made of the same tree: no names of users, no times of today.
const SAME: [&str; 6] = [
    "--sort=name",
    "--mtime=@0",
    "--owner=0",
    "--group=0",
    "--numeric-owner",
    "--mode=u+rw,go=rX",
];

/// Makes it.
pub fn make(program: &Program, out: &Path) -> Result<PathBuf, String> {
    let name = format!("cordon-{}-{}-linux", program.version, program.architecture);
    let folder = out.join(&name);
    tree::program(&program.file, &folder.join("cordon"))?;
    tree::data(&folder)?;
    tree::papers(&folder)?;
    tree::folder(&run::root().join("deploy"), &folder.join("deploy"))?;
    let file = out.join(format!("{name}.tar.gz"));
    let mut pack = run::command("tar");
    pack.current_dir(out).args(SAME).arg("--gzip");
    run::quiet(
        pack.env("GZIP", "-n")
            .arg("--create")
            .arg("--file")
            .arg(&file)
            .arg(&name),
    )?;
    tree::empty(&folder)?;
    std::fs::remove_dir(&folder).map_err(|error| error.to_string())?;
    Ok(file)
}

/// Unpacks it; where the program is.
pub fn open(file: &Path, into: &Path) -> Result<PathBuf, String> {
    let mut unpack = run::command("tar");
    run::quiet(
        unpack
            .arg("--extract")
            .arg("--file")
            .arg(file)
            .arg("--directory")
            .arg(into),
    )?;
    let name = file
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    Ok(into.join(name.trim_end_matches(".tar.gz")).join("cordon"))
}
