//! What the tests need from outside: programs of the system's package manager, and Python and Node
//! counterparts in the project's own `.tools` folder. Quiet when everything is there.

use std::path::Path;
use std::{fs, io};

use crate::run;

/// Program that must be found on the path, and the Debian package that brings it.
const PROGRAMS: &[(&str, &str)] = &[
    ("mosquitto", "mosquitto"),
    ("mosquitto_pub", "mosquitto-clients"),
    ("xmlsec1", "xmlsec1"),
    ("xmllint", "libxml2-utils"),
    ("strace", "strace"),
    ("cc", "gcc"),
    ("chromium", "chromium"),
    ("python3", "python3"),
    ("npm", "npm"),
    ("node", "nodejs"),
    ("openssl", "openssl"),
    ("javac", "default-jdk-headless"),
    ("php", "php-cli"),
];

/// File that must be there, and the Debian package that brings it.
const FILES: &[(&str, &str)] = &[
    ("/usr/share/java/jaxws-tools.jar", "libjaxws-java"),
    ("/usr/share/java/wss4j.jar", "libwss4j-java"),
];

/// Extension that PHP must have, and the Debian package that brings it.
const PHP_EXTENSIONS: &[(&str, &str)] = &[("soap", "php-soap"), ("dom", "php-xml")];

/// Makes sure that everything is there.
pub fn install() -> Result<(), String> {
    system_packages()?;
    python()?;
    node()
}

fn system_packages() -> Result<(), String> {
    let mut missing: Vec<&str> = PROGRAMS
        .iter()
        .filter(|(program, _)| !on_path(program))
        .map(|(_, package)| *package)
        .collect();
    let files = FILES.iter().filter(|(file, _)| !Path::new(file).exists());
    missing.extend(files.map(|(_, package)| *package));
    let extensions = PHP_EXTENSIONS.iter().filter(|(name, _)| !php_has(name));
    missing.extend(extensions.map(|(_, package)| *package));
    if !python_has_venv() {
        missing.push("python3-venv");
    }
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!("installing system packages: {}", missing.join(" "));
    let advice = || {
        format!(
            "the tests need system packages that are not installed; as root run:\n  \
             apt-get update && apt-get install -y {}",
            missing.join(" ")
        )
    };
    if !on_path("apt-get") {
        return Err(advice());
    }
    let install = || {
        run::quiet(
            run::command("apt-get")
                .env("DEBIAN_FRONTEND", "noninteractive")
                // A broker started by the package manager would be nobody's.
                .env("RUNLEVEL", "1")
                .args(["install", "-y", "--no-install-recommends"])
                .args(&missing),
        )
    };
    if install().is_ok() {
        return Ok(());
    }
    run::quiet(run::command("apt-get").arg("update"))
        .and_then(|()| install())
        .map_err(|problem| format!("{}\n{problem}", advice()))
}

fn python() -> Result<(), String> {
    let root = run::root();
    let list = root.join("conformance-tests/interop/python/requirements.txt");
    let home = root.join(".tools/py");
    with_stamp(&home, &list, || {
        eprintln!("installing Python counterparts into .tools/py");
        if !home.join("bin/python3").exists() {
            run::quiet(run::command("python3").args(["-m", "venv"]).arg(&home))?;
        }
        run::quiet(
            run::command(home.join("bin/python3"))
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                    "-r",
                ])
                .arg(&list),
        )
    })
}

fn node() -> Result<(), String> {
    let source = run::root().join("conformance-tests/interop/node");
    let home = run::root().join(".tools/node");
    with_stamp(&home, &source.join("package-lock.json"), || {
        eprintln!("installing Node counterparts into .tools/node");
        fs::create_dir_all(&home).map_err(|error| cannot(&home, &error))?;
        for name in ["package.json", "package-lock.json"] {
            fs::copy(source.join(name), home.join(name)).map_err(|error| cannot(&home, &error))?;
        }
        run::quiet(run::command("npm").current_dir(&home).args([
            "ci",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
        ]))
    })
}

/// Does the work unless the folder carries a stamp with the list's present text.
fn with_stamp(
    home: &Path,
    list: &Path,
    work: impl FnOnce() -> Result<(), String>,
) -> Result<(), String> {
    let wanted = fs::read_to_string(list).map_err(|error| cannot(list, &error))?;
    let stamp = home.join("installed.stamp");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    work()?;
    fs::write(&stamp, wanted).map_err(|error| cannot(&stamp, &error))
}

fn cannot(path: &Path, error: &io::Error) -> String {
    format!("cannot use {}: {error}", path.display())
}

fn php_has(extension: &str) -> bool {
    let code = format!("exit((int) !extension_loaded('{extension}'));");
    run::quiet(run::command("php").args(["-r", &code])).is_ok()
}

fn python_has_venv() -> bool {
    run::quiet(run::command("python3").args(["-c", "import venv, ensurepip"])).is_ok()
}

/// Whether a program is found on the path, or in the folders where Debian keeps daemons.
fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .any(|folder| folder.join(program).is_file())
}
