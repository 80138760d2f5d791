//! Counterparts written by others, and our own program.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The repository's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn demand(path: PathBuf, what: &str) -> PathBuf {
    assert!(
        path.exists(),
        "{what} is missing ({}); `cargo xtask test` installs it",
        path.display()
    );
    path
}

/// The Python that has the counterparts installed.
pub fn python() -> PathBuf {
    demand(
        root().join(".tools/py/bin/python3"),
        "the Python of the counterparts",
    )
}

/// The folder of the Node counterparts.
pub fn node_tools() -> PathBuf {
    demand(
        root().join(".tools/node/node_modules"),
        "the folder of Node counterparts",
    )
}

/// A program of the system.
pub fn system(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("{name} is missing; `cargo xtask test` installs it"))
}

/// A script beside these tests, such as `python/zeep_enterprise.py`.
pub fn script(name: &str) -> PathBuf {
    demand(Path::new(env!("CARGO_MANIFEST_DIR")).join(name), "a script")
}

/// `python3 SCRIPT`, with the counterparts installed.
pub fn python_script(name: &str) -> Command {
    let mut command = Command::new(python());
    command.arg(script(name));
    command
}

/// `node SCRIPT`, with the counterparts' folder made known.
pub fn node_script(name: &str) -> Command {
    let mut command = Command::new(system("node"));
    command
        .env("CORDON_NODE_TOOLS", node_tools())
        .arg(script(name));
    command
}

/// The `cordon` program under test: the one `CORDON_PROGRAM` names, else that of the same build as
/// this test.
pub fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("CORDON_PROGRAM") {
        return demand(PathBuf::from(named), "the program of CORDON_PROGRAM");
    }
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    let program = folder.join("cordon");
    assert!(
        program.exists(),
        "{} is not built; run `cargo build --package cordon`, or `cargo xtask test` which does",
        program.display()
    );
    program
}

/// Whether the program under test is another than that of the same build.
pub(crate) fn is_another_program() -> bool {
    std::env::var_os("CORDON_PROGRAM").is_some()
}

/// Runs to the end; panics with everything it said when it fails.
pub fn run(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?} ended with {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Runs to the end and reads the last line of its output as JSON.
pub fn run_json(command: &mut Command) -> serde_json::Value {
    let output = run(command);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text
        .lines()
        .rfind(|line| !line.trim().is_empty())
        .unwrap_or_default();
    serde_json::from_str(line).unwrap_or_else(|error| panic!("no JSON ({error}): {text}"))
}

/// All that a program said, on both channels.
pub fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&text).into_owned()
}
