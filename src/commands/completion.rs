//! `cordon completion SHELL`: completion made from the same parser.

use std::io::Write as _;

use clap::CommandFactory as _;

use super::Cli;
use crate::say;

/// Prints a completion script for a shell.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  cordon completion bash > /etc/bash_completion.d/cordon")]
pub struct Args {
    /// The shell
    shell: clap_complete::Shell,
}

/// Runs the command.
pub fn run(args: &Args) {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "cordon", &mut script);
    if let Err(error) = std::io::stdout().write_all(&script) {
        say::lost(error);
    }
}
