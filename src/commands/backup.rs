//! `cordon backup`: a copy of a park from which it goes on elsewhere, taken while it runs.

use std::path::{Path, PathBuf};

use cordon_contract::{Clock as _, SystemClock};
use cordon_model::Timestamp;
use serde_json::json;

use super::journal::{ending, hex};
use super::{Format, print_faults};
use crate::backup::{LEFT_OUT, LEFT_OUT_BEGINS, Manifest, copy_folder, require_empty};
use crate::config::ParkConfig;
use crate::exit::{CONFIG, Ending, FAILED, FILES};

/// Takes a backup of a park, also while it runs.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "It holds the folder of the configuration, the data folder and the journal, which is read through; not the state,\n\
    which is built again from the journal, and not the archive. Keep it on another machine: it holds the hub's key and\n\
    the park's secrets. Exit code 1 when the journal is damaged.\n\n\
    Example:\n  cordon backup /mnt/backup/2026-11-29 --config /etc/cordon/park.toml"
)]
pub struct Args {
    /// The folder to make; it must not hold anything yet
    dir: PathBuf,
    /// The configuration
    #[arg(long, default_value = "park.toml")]
    config: PathBuf,
    /// How to print what was done
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Ending> {
    let config = ParkConfig::read(&args.config).map_err(|faults| {
        print_faults(&faults);
        Ending::new(CONFIG, "nothing was copied")
    })?;
    require_empty(&args.dir)?;
    let target =
        std::fs::canonicalize(&args.dir).map_err(|error| Ending::file(&args.dir, &error))?;
    let folder = folder_of(&args.config)?;
    let data = absolute(&config.hub.data)?;
    let files = copy_config(&folder, &data, &target)? + copy_data(&folder, &data, &target)?;
    let report = cordon_journal::copy(data.join("journal"), target.join("data/journal"));
    let report = report.map_err(|fault| ending(&fault))?;
    let name = args.config.file_name().unwrap_or_default();
    let manifest = Manifest {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        taken_at: SystemClock
            .now()
            .at_offset(Timestamp::PARK_OFFSET_MINUTES)
            .to_string(),
        identity: report.identity.clone(),
        first: report.first,
        last: report.last,
        chain: hex(&report.chain),
        config: name.into(),
        problems: report.problem_count,
        outside: outside(config, &folder, &data),
    };
    let written = manifest.write(&target);
    written.map_err(|error| Ending::file(&target, &error))?;
    print(&manifest, files, args.format);
    match manifest.problems {
        0 => Ok(()),
        problems => Err(Ending::new(
            FAILED,
            format!(
                "the journal is damaged ({problems} problems), and so is its copy; see `cordon journal verify`"
            ),
        )),
    }
}

fn print(manifest: &Manifest, files: usize, format: Format) {
    for path in &manifest.outside {
        tell!("not in the backup, copy it yourself: {}", path.display());
    }
    match format {
        Format::Text => show!(
            "backup of {}: {files} files, entries {} to {}, chain {}",
            manifest.identity,
            manifest.first,
            manifest.last,
            manifest.chain
        ),
        Format::Json => show!("{}", json!(manifest)),
    }
}

/// The folder that holds the configuration.
fn folder_of(config: &Path) -> Result<PathBuf, Ending> {
    let folder = config.parent().filter(|it| !it.as_os_str().is_empty());
    absolute(folder.unwrap_or(Path::new(".")))
}

fn absolute(path: &Path) -> Result<PathBuf, Ending> {
    std::fs::canonicalize(path).map_err(|error| Ending::file(path, &error))
}

fn copy_config(folder: &Path, data: &Path, target: &Path) -> Result<usize, Ending> {
    let wants = |path: &Path| {
        let is_data = folder != data && is_same(path, data);
        !is_data && path != target && !(folder == data && is_left_out(data, path))
    };
    let copied = copy_folder(folder, &target.join("config"), &wants);
    copied.map_err(|error| Ending::new(FILES, format!("copying {}: {error}", folder.display())))
}

/// What the data folder holds beside the journal and the configuration, where it is no part of that.
fn copy_data(folder: &Path, data: &Path, target: &Path) -> Result<usize, Ending> {
    let wants = |path: &Path| {
        folder != data && path != target && !is_same(path, folder) && !is_left_out(data, path)
    };
    let copied = copy_folder(data, &target.join("data"), &wants);
    copied.map_err(|error| Ending::new(FILES, format!("copying {}: {error}", data.display())))
}

/// Whether a path leads to this folder, be it through a link.
fn is_same(path: &Path, folder: &Path) -> bool {
    std::fs::canonicalize(path).is_ok_and(|path| path == folder)
}

fn is_left_out(data: &Path, path: &Path) -> bool {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let is_top = path.parent() == Some(data);
    is_top
        && (LEFT_OUT.contains(&name)
            || LEFT_OUT_BEGINS
                .iter()
                .any(|begins| name.starts_with(begins)))
}

/// What the configuration names and lies neither in its folder nor in the data, or cannot be reached.
fn outside(mut config: ParkConfig, folder: &Path, data: &Path) -> Vec<PathBuf> {
    let named = config.paths().into_iter();
    let found = named.map(|path| std::fs::canonicalize(&path).unwrap_or(path));
    let mut outside: Vec<PathBuf> = found
        .filter(|path| !(path.starts_with(folder) || path.starts_with(data)))
        .collect();
    outside.sort();
    outside.dedup();
    outside
}
