//! `cordon restore`: a park out of its backup.

use std::path::{Path, PathBuf};

use cordon_contract::Fault;
use cordon_journal::verify;
use serde_json::json;

use super::journal::{ending, hex};
use super::{Format, print_faults};
use crate::backup::{Manifest, copy_folder, require_empty};
use crate::config::ParkConfig;
use crate::exit::{CONFIG, Ending, FAILED, FILES};

/// Restores a park from its backup.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "The folders it goes to must not hold anything: what is left of a park is evidence. Copy the old `witness` and the\n\
    newest checkpoints of those who pull beside it (`pins`) before the first start: it then says by J008 how many entries came\n\
    after the backup. The first start builds the state from the journal.\n\n\
    Example:\n  cordon restore /mnt/backup/2026-11-29 --to /etc/cordon"
)]
pub struct Args {
    /// The backup
    dir: PathBuf,
    /// The folder for the configuration
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// How to print what was done
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Ending> {
    let manifest = Manifest::read(&args.dir)?;
    let journal = args.dir.join("data/journal");
    check(&manifest, &journal)?;
    let kept = args.dir.join("config").join(&manifest.config);
    let config = ParkConfig::read(&kept).map_err(|faults| {
        print_faults(&faults);
        Ending::new(CONFIG, "nothing was restored")
    })?;
    let identity = format!("{}/{}", config.plan.code, config.hub.id);
    if identity != manifest.identity {
        let words = format!(
            "the configuration is of {identity}, the journal of {}",
            manifest.identity
        );
        return Err(not_this(words, &kept).into());
    }
    require_empty(&args.to)?;
    let data = data_of(&config, &args.dir.join("config"), &args.to);
    if data != args.to {
        require_empty(&data)?;
    }
    // The data first and the configuration last: without it nothing starts on half of a journal.
    copied(&args.dir.join("data"), &data, &|_| true)?;
    check(&manifest, &data.join("journal"))?;
    let is_last = |path: &Path| path == kept;
    copied(&args.dir.join("config"), &args.to, &|path| !is_last(path))?;
    let rest = args.dir.join("config");
    copied(&rest, &args.to, &is_last)?;
    for path in &manifest.outside {
        tell!(
            "not in the backup, put it there yourself: {}",
            path.display()
        );
    }
    match args.format {
        Format::Text => show!(
            "{} is back: entries {} to {}, as of {}; see `cordon check` before the start",
            manifest.identity,
            manifest.first,
            manifest.last,
            manifest.taken_at
        ),
        Format::Json => show!("{}", json!(manifest)),
    }
    Ok(())
}

/// The journal must be as whole as it was, and the one that the backup says.
fn check(manifest: &Manifest, journal: &Path) -> Result<(), Ending> {
    let report = verify(journal).map_err(|fault| ending(&fault))?;
    if report.problem_count > manifest.problems {
        let words = format!("the journal is damaged ({} problems)", report.problem_count);
        return Err(Ending::new(FAILED, words));
    }
    let is = (&report.identity, report.last, hex(&report.chain));
    let says = (&manifest.identity, manifest.last, manifest.chain.clone());
    match is == says {
        true => Ok(()),
        false => {
            let words = format!(
                "the journal is of {} and ends with entry {}; the backup was of {} and ended with {}",
                is.0, is.1, says.0, says.1
            );
            Err(not_this(words, journal).into())
        }
    }
}

fn not_this(words: String, place: &Path) -> Fault {
    Fault::new("K093", format!("this is no whole backup: {words}"))
        .at(place.display().to_string())
        .remedy("name the folder that `cordon backup` made and that it said is whole")
}

/// Where a restored configuration finds its data: a folder beside it comes along.
fn data_of(config: &ParkConfig, kept: &Path, to: &Path) -> PathBuf {
    match config.hub.data.strip_prefix(kept) {
        Ok(within) if within.as_os_str().is_empty() => to.to_owned(),
        Ok(within) => to.join(within),
        Err(_) => config.hub.data.clone(),
    }
}

fn copied(from: &Path, to: &Path, wants: &dyn Fn(&Path) -> bool) -> Result<usize, Ending> {
    let copied = copy_folder(from, to, wants);
    copied.map_err(|error| Ending::new(FILES, format!("copying to {}: {error}", to.display())))
}
