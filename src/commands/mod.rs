//! The command line: one file per command.

mod cert;
mod certify;
mod check;
mod completion;
mod demo;
mod explain;
mod journal;
mod map;
mod outbox;
mod probe;
mod pull;
mod report;
mod route;
mod rules;
mod run;
mod submit;
mod tap;

use clap::{Parser, Subcommand, ValueEnum};

use crate::exit::Ending;

/// Cordon: a standards-based integration hub for closed chemical parks.
#[derive(Debug, Parser)]
#[command(name = "cordon", version, about, propagate_version = true)]
#[command(after_help = "Exit codes: 0 yes or done · 1 no or failed · 2 wrong command line · 66 file not usable · \
    69 other side not reachable · 78 wrong configuration.\nStart with `cordon demo`.")]
pub struct Cli {
    /// What to log on standard error: a level, or `module=level,…` (default: warn, `run` and `demo`: info)
    #[arg(long, global = true, value_name = "FILTER")]
    pub log: Option<String>,
    #[command(subcommand)]
    command: Command,
}

/// How a command prints its data.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For programs: one JSON document, or one per line
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a park from its configuration
    Run(run::Args),
    /// Run a living park with simulated devices and partners on this machine
    Demo(demo::Args),
    /// Check a configuration without starting anything
    Check(check::Args),
    /// Touch every device of a configuration, change nothing, and say what answered
    Probe(probe::Args),
    /// Watch a running hub's feed through its console
    Tap(tap::Args),
    /// Submit message files to a hub, as an enterprise
    Submit(submit::Args),
    /// Pull reports or journal entries from a hub and verify them, as a regulator
    Pull(pull::Args),
    /// Run the park's certificate authority and verify signed files
    #[command(subcommand)]
    Cert(cert::Command),
    /// Check, test and try mapping packages
    #[command(subcommand)]
    Map(map::Command),
    /// Check and explain access rules
    #[command(subcommand)]
    Rules(rules::Command),
    /// Try the alarm routing tree
    #[command(subcommand)]
    Route(route::Command),
    /// Verify, show, export and replay the journal
    #[command(subcommand)]
    Journal(journal::Command),
    /// List orders that could not be delivered
    #[command(subcommand)]
    Outbox(outbox::Command),
    /// List and show built reports
    #[command(subcommand)]
    Report(report::Command),
    /// Examine a camera or a lane and write a signed declaration
    Certify(certify::Args),
    /// Say what an error code means and what to do
    Explain(explain::Args),
    /// Print a completion script for a shell
    Completion(completion::Args),
}

/// Starts logging to standard error. Long-running commands speak at `info`, others at `warn`.
pub fn start_log(cli: &Cli) {
    let long = matches!(cli.command, Command::Run(_) | Command::Demo(_));
    let default = if long { "info" } else { "warn" };
    let filter = tracing_subscriber::EnvFilter::try_new(cli.log.as_deref().unwrap_or(default))
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .init();
}

/// Runs the chosen command.
pub fn run(cli: Cli) -> Result<(), Ending> {
    match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Probe(args) => probe::run(&args),
        Command::Tap(args) => tap::run(&args),
        Command::Submit(args) => submit::run(&args),
        Command::Pull(args) => pull::run(&args),
        Command::Cert(command) => cert::run(&command),
        Command::Map(command) => map::run(&command),
        Command::Rules(command) => rules::run(&command),
        Command::Route(command) => route::run(&command),
        Command::Journal(command) => journal::run(&command),
        Command::Outbox(command) => outbox::run(&command),
        Command::Report(command) => report::run(&command),
        Command::Certify(args) => certify::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Completion(args) => {
            completion::run(&args);
            Ok(())
        }
    }
}

/// A runtime for the commands that talk over the network.
pub fn runtime() -> Result<tokio::runtime::Runtime, Ending> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Ending::failed(format!("cannot start the runtime: {error}")))
}

/// Prints faults one per paragraph on standard error.
pub fn print_faults(faults: &[cordon_contract::Fault]) {
    for fault in faults {
        eprintln!("{}: {}", fault.code(), fault.log_text());
        if !fault.place().is_empty() {
            eprintln!("  at {}", fault.place());
        }
        if !fault.remedy_text().is_empty() {
            eprintln!("  {}", fault.remedy_text());
        }
    }
}
