//! `cordon explain CODE`: what an error code means, from the same text as the reference page.
//! `cordon explain authority`: who may say what, from the table the hub itself reads.

use cordon_flow::Table;

use crate::exit::{Ending, USAGE};

/// The reference page is the only place where codes are explained.
const REFERENCE: &str = include_str!("../../docs/reference/errors.md");

/// Says what an error code means and what to do, or who may say what.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  cordon explain V012\n  cordon explain WRONG_LANE\n  cordon explain authority"
)]
pub struct Args {
    /// The code, as printed in a refusal or an error; `authority` for the table of who may say what
    code: String,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Ending> {
    if args.code.eq_ignore_ascii_case("authority") {
        print!("{}", Table::built_in()?.page());
        return Ok(());
    }
    let code = args.code.to_ascii_uppercase();
    let line = lookup(&code).ok_or_else(|| {
        Ending::new(
            USAGE,
            format!("no code named `{code}`; the list is docs/reference/errors.md"),
        )
    })?;
    println!("{line}");
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
