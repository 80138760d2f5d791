//! Running other programs from the workspace root, with words when they fail.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

static ROOT: OnceLock<PathBuf> = OnceLock::new();
static TARGET: OnceLock<PathBuf> = OnceLock::new();

/// The folder that holds the workspace's `Cargo.toml`. It is looked for when the chore runs: a program
/// that was built in one copy of the tree and is run in another works there and not where it was built.
pub fn root() -> &'static Path {
    ROOT.get_or_init(|| {
        // Cargo names the chore's own folder when it starts it.
        let own = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let here = std::env::current_dir().unwrap_or_default();
        root_from(own.as_deref(), &here).unwrap_or(here)
    })
}

/// The workspace to which the chore's folder belongs, else the one around `here`.
fn root_from(own: Option<&Path>, here: &Path) -> Option<PathBuf> {
    own.and_then(Path::parent)
        .into_iter()
        .chain(here.ancestors())
        .find(|folder| {
            folder.join("Cargo.toml").is_file() && folder.join("xtask/Cargo.toml").is_file()
        })
        .map(Path::to_owned)
}

/// The folder into which cargo builds, as cargo itself names it.
pub fn target() -> &'static Path {
    TARGET.get_or_init(|| {
        let named = metadata().ok().and_then(|metadata| {
            let folder = metadata.get("target_directory")?;
            Some(PathBuf::from(folder.as_str()?))
        });
        named.unwrap_or_else(|| root().join("target"))
    })
}

/// What cargo knows of the workspace's own packages.
pub fn metadata() -> Result<Value, String> {
    let mut command = cargo();
    command.args([
        "metadata",
        "--no-deps",
        "--offline",
        "--format-version",
        "1",
    ]);
    serde_json::from_slice(&output(&mut command)?).map_err(|error| error.to_string())
}

/// Cargo, as the one that runs this chore.
pub fn cargo() -> Command {
    command(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
}

/// A program, started in the workspace root.
pub fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// Runs to the end with its output shown.
pub fn shown(command: &mut Command) -> Result<(), String> {
    let line = line(command);
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|error| format!("cannot start `{line}`: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{line}` ended with {status}"))
    }
}

/// Runs to the end with its words shown, and gives what it wrote to its standard output.
pub fn output(command: &mut Command) -> Result<Vec<u8>, String> {
    let line = line(command);
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start `{line}`: {error}"))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(format!("`{line}` ended with {}", output.status))
    }
}

/// Runs to the end quietly; its output is shown only when it fails.
pub fn quiet(command: &mut Command) -> Result<(), String> {
    let line = line(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot start `{line}`: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "`{line}` ended with {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    ))
}

fn line(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(
        command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned()),
    );
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An empty tree of the workspace's shape.
    fn tree() -> tempfile::TempDir {
        let tree = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(tree.path().join("xtask/src")).unwrap();
        std::fs::create_dir_all(tree.path().join("hub/xml/src")).unwrap();
        for file in ["Cargo.toml", "xtask/Cargo.toml", "hub/xml/Cargo.toml"] {
            std::fs::write(tree.path().join(file), "").unwrap();
        }
        tree
    }

    #[test]
    fn the_root_is_where_the_chore_runs_and_not_where_it_was_built() {
        let (one, other) = (tree(), tree());
        let deep = other.path().join("hub/xml/src");
        // Started by hand somewhere in the tree.
        assert_eq!(root_from(None, &deep).as_deref(), Some(other.path()));
        // Started by cargo, which names the workspace meant, from wherever.
        let own = one.path().join("xtask");
        assert_eq!(root_from(Some(&own), &deep).as_deref(), Some(one.path()));
        // Started by a test or a script that cargo itself started for another package.
        let own = one.path().join("hub/xml");
        assert_eq!(root_from(Some(&own), &deep).as_deref(), Some(other.path()));
        let nowhere = tempfile::tempdir().unwrap();
        assert_eq!(root_from(None, nowhere.path()), None);
    }

    #[test]
    fn cargo_names_the_folder_it_builds_into() {
        assert!(root().join("xtask/src/main.rs").is_file());
        assert!(target().is_absolute());
    }
}
