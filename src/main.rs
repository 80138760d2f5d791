//! The `cordon` program: parses the command line and hands over to one file per command.
//!
//! Data goes to standard output, words to standard error. Exit codes are in `exit`.
#![warn(
    clippy::print_stdout,
    reason = "println! panics where nobody reads on; show! does not"
)]

#[macro_use]
mod say;

mod alarm;
mod assemble;
mod attempts;
mod backup;
mod calendar;
mod checkpoints;
mod commands;
mod config;
mod console;
mod core;
mod demo;
mod doors;
mod evidence;
mod exit;
mod forgetting;
mod keeping;
mod kept;
mod limits;
mod lists;
mod outbox;
mod past;
mod pins;
mod plugins;
mod prepare;
mod records;
mod reload;
mod reports;
mod seal;
mod settings;
mod spool;
mod trouble;
mod trust;
#[cfg(test)]
mod year;

use std::process::ExitCode;

use clap::Parser as _;

/// A message is made on one thread and let go on another; this allocator is quicker at that than
/// the system's (docs/design/benchmarks.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = commands::Cli::parse();
    commands::start_log(&cli);
    match commands::run(cli).and_then(|()| say::written()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(ending) => {
            if !ending.words.is_empty() {
                tell!("cordon: {}", ending.words);
            }
            ExitCode::from(ending.code)
        }
    }
}
