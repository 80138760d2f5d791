//! `cordon explain CODE`: what an error code means, from the same text as the reference page.
//! `cordon explain authority`: who may say what, from the table the hub itself reads.
//! `cordon explain 812`: an entry of the journal, by the settings that held then (`explain_entry`).

use std::path::PathBuf;

use cordon_flow::Table;

use super::{Format, explain_entry};
use crate::exit::{Ending, USAGE};

/// The reference page is the only place where codes are explained.
const REFERENCE: &str = include_str!("../../docs/reference/errors.md");

/// Says what an error code means and what to do, who may say what, or why an entry of the journal is as it is.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  cordon explain V012\n  cordon explain WRONG_LANE\n  cordon explain authority\n  \
    cordon explain 812 --config park.toml"
)]
pub struct Args {
    /// The code, as printed in a refusal or an error; `authority` for the table of who may say what; the number of an
    /// entry for what was decided there, by the rules and settings that held then
    code: String,
    /// The configuration whose journal holds the entry
    #[arg(long, default_value = "park.toml")]
    config: PathBuf,
    /// The journal's folder; that of the configuration when not given
    #[arg(long)]
    dir: Option<PathBuf>,
    /// How to print an entry
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Ending> {
    if args.code.eq_ignore_ascii_case("authority") {
        show!("{}", Table::built_in()?.page().trim_end());
        return Ok(());
    }
    if let Ok(number) = args.code.parse() {
        return explain_entry::run(number, (&args.config, args.dir.as_deref()), args.format);
    }
    let code = args.code.to_ascii_uppercase();
    let line = lookup(&code).ok_or_else(|| {
        Ending::new(
            USAGE,
            format!("no code named `{code}`; the list is docs/reference/errors.md"),
        )
    })?;
    show!("{line}");
    Ok(())
}

/// Table rows are `| `CODE` | meaning | remedy |`.
fn lookup(code: &str) -> Option<String> {
    let head = format!("| `{code}` |");
    let row = REFERENCE.lines().find(|line| line.starts_with(&head))?;
    let mut cells = row
        .trim_matches('|')
        .split(" | ")
        .skip(1)
        .map(|cell| cell.trim().trim_end_matches('|').trim());
    let meaning = cells.next().unwrap_or_default();
    let remedy = cells.next().unwrap_or_default();
    Some(format!("{code}: {meaning}\nwhat to do: {remedy}"))
}
