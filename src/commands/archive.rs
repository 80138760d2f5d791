//! `cordon journal archive` and `restore`: old segments to another folder, and back.

use std::path::PathBuf;

use cordon_contract::{Clock as _, SystemClock};
use cordon_journal::{Archiver, Moved};
use serde_json::json;

use super::Format;
use super::journal::ending;
use super::pack::DAY_MS;
use crate::exit::Ending;

/// Arguments of `archive`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The journal's folder
    #[arg(long, default_value = "journal")]
    dir: PathBuf,
    /// The folder to move them to; made if it is not there
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Only segments whose entries are all older than this
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(..=36_500))]
    older_days: u16,
    /// How to print what was moved
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Arguments of `restore`.
#[derive(clap::Args, Debug)]
pub struct RestoreArgs {
    /// The journal's folder
    #[arg(long, default_value = "journal")]
    dir: PathBuf,
    /// The archive
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The entry from which on all are wanted back; all when not given
    #[arg(long, value_name = "N", default_value_t = 1)]
    entry: u64,
    /// How to print what was brought back
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Moves what is packed and old.
pub fn run(args: &Args) -> Result<(), Ending> {
    std::fs::create_dir_all(&args.to).map_err(|error| Ending::file(&args.to, &error))?;
    let mut archiver = Archiver::alone(&args.dir, &args.to).map_err(|fault| ending(&fault))?;
    let before = SystemClock
        .now()
        .plus_ms(-i64::from(args.older_days) * DAY_MS);
    let mut count = 0_u64;
    while let Some(moved) = archiver
        .archive_next(before.micros())
        .map_err(|fault| ending(&fault))?
    {
        print_moved(&moved, args.format);
        count += 1;
    }
    tell!("{count} segments moved to {}", args.to.display());
    if count == 0 {
        tell!("only packed segments are moved, the oldest first: see `cordon journal pack`");
    }
    Ok(())
}

/// Brings back what is wanted.
pub fn restore(args: &RestoreArgs) -> Result<(), Ending> {
    let mut archiver = Archiver::alone(&args.dir, &args.from).map_err(|fault| ending(&fault))?;
    let first = cordon_journal::Reader::open(&args.dir).and_then(|reader| reader.first());
    let mut first = first.map_err(|fault| ending(&fault))?.unwrap_or(1);
    let mut count = 0_u64;
    while first > args.entry
        && let Some(moved) = archiver.restore_next().map_err(|fault| ending(&fault))?
    {
        print_moved(&moved, args.format);
        first = moved.first;
        count += 1;
    }
    tell!("{count} segments brought back; the journal begins with entry {first}");
    Ok(())
}

fn print_moved(moved: &Moved, format: Format) {
    let Moved {
        number,
        first,
        last,
        bytes,
    } = moved;
    match format {
        Format::Text => show!("segment {number}, entries {first} to {last}: {bytes} bytes"),
        Format::Json => show!(
            "{}",
            json!({ "segment": number, "first": first, "last": last, "bytes": bytes })
        ),
    }
}
