//! The Debian package.

use std::fs;
use std::path::{Path, PathBuf};

use super::program::Program;
use super::tree;
use crate::run;

const CONTROL: &str = "deploy/debian/control";
const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];
const UNIT: &str = "deploy/systemd/cordon.service";
/// Where the unit of the repository has the program, and where a package has it.
const PLACES: (&str, &str) = ("/usr/local/bin", "/usr/bin");
const DOCUMENTS: &str = "usr/share/doc/cordon";

/// Makes it.
pub fn make(program: &Program, out: &Path) -> Result<PathBuf, String> {
    let name = format!("cordon_{}_{}", program.version, program.architecture);
    let folder = out.join(&name);
    tree::program(&program.file, &folder.join("usr/bin/cordon"))?;
    tree::data(&folder.join("usr/share/cordon"))?;
    tree::papers(&folder.join(DOCUMENTS))?;
    let licence = folder.join(DOCUMENTS).join("LICENSE");
    fs::rename(licence, folder.join(DOCUMENTS).join("copyright"))
        .map_err(|error| error.to_string())?;
    let unit = text(UNIT)?.replace(PLACES.0, PLACES.1);
    tree::write(&folder.join("lib/systemd/system/cordon.service"), &unit)?;
    let control = control(program, &folder)?;
    tree::write(&folder.join("DEBIAN/control"), &control)?;
    for script in SCRIPTS {
        let from = run::root().join("deploy/debian").join(script);
        tree::copy(&from, &folder.join("DEBIAN").join(script))?;
    }
    let file = out.join(format!("{name}.deb"));
    let mut pack = run::command("dpkg-deb");
    pack.env("SOURCE_DATE_EPOCH", "0");
    run::quiet(
        pack.args(["--build", "--root-owner-group"])
            .arg(&folder)
            .arg(&file),
    )?;
    fs::remove_dir_all(&folder).map_err(|error| error.to_string())?;
    Ok(file)
}

/// Unpacks it without installing it; where the program is.
pub fn open(file: &Path, into: &Path) -> Result<PathBuf, String> {
    run::quiet(
        run::command("dpkg-deb")
            .arg("--extract")
            .arg(file)
            .arg(into),
    )?;
    Ok(into.join("usr/bin/cordon"))
}

fn control(program: &Program, folder: &Path) -> Result<String, String> {
    let told = run::output(
        run::command("du")
            .args(["--summarize", "--block-size=1024"])
            .arg(folder),
    )?;
    let told = String::from_utf8_lossy(&told).into_owned();
    let size = told.split_whitespace().next().unwrap_or("0").to_owned();
    let values = [
        ("@VERSION@", &program.version),
        ("@ARCHITECTURE@", &program.architecture.to_owned()),
        ("@LIBC@", &program.libc),
        ("@SIZE@", &size),
    ];
    let text = text(CONTROL)?;
    Ok(values
        .iter()
        .fold(text, |text, (name, value)| text.replace(name, value)))
}

fn text(name: &str) -> Result<String, String> {
    let file = run::root().join(name);
    fs::read_to_string(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}
