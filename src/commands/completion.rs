//! `cordon completion SHELL`: completion made from the same parser.

use clap::CommandFactory as _;

use super::Cli;

/// Prints a completion script for a shell.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  cordon completion bash > /etc/bash_completion.d/cordon")]
pub struct Args {
    /// The shell
    shell: clap_complete::Shell,
}

/// Runs the command.
pub fn run(args: &Args) {
    clap_complete::generate(
        args.shell,
        &mut Cli::command(),
        "cordon",
        &mut std::io::stdout(),
    );
}
