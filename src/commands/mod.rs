//! The command line: one file per command.

mod accept;
mod archive;
mod backup;
mod calendar;
mod cert;
mod certify;
mod check;
mod completion;
mod demo;
mod explain;
mod explain_entry;
mod journal;
mod map;
mod outbox;
mod pack;
mod place;
mod prepare;
mod prune;
mod pull;
mod records;
mod reload;
mod report;
mod restore;
mod route;
mod run;
mod simulate;
mod submit;
mod usage;
mod verify;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use cordon_contract::SystemClock;
use cordon_security::tls::{self, Expect, TlsKey};
use cordon_security::{Role, Signer, TrustStore};
use cordon_services::client::{Link, LinkError, LinkOptions};
use tokio::signal::unix::{SignalKind, signal};

use crate::exit::{Ending, FAILED, TRY_AGAIN, UNAVAILABLE, code_of};
use crate::say::{Aloud, plain};

/// Cordon: a standards-based integration hub for closed chemical parks.
#[derive(Debug, Parser)]
#[command(name = "cordon", version, about, propagate_version = true)]
#[command(
    after_help = "Exit codes: 0 yes or done, 1 no or failed, 2 wrong command line, 66 file not usable, \
    69 other side not reachable, 78 wrong configuration."
)]
pub struct Cli {
    /// What to log on standard error: a level, or `module=level,…`
    #[arg(long, global = true, value_name = "FILTER", default_value = "warn")]
    pub log: String,
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
    /// Run a living park with simulators of all outside systems
    Demo(demo::Args),
    /// Run a park from its configuration
    Run(run::Args),
    /// Have a running hub take up its changed configuration
    Reload(reload::Args),
    /// Make a folder with a throw-away CA, certificates and an example configuration
    Prepare(prepare::Args),
    /// Check a configuration without starting anything
    Check(check::Args),
    /// Submit message files to a hub, as an enterprise
    Submit(submit::Args),
    /// Pull reports or journal entries from a hub and verify them, as a regulator
    #[command(subcommand)]
    Pull(pull::Command),
    /// Build and list signed reports
    #[command(subcommand)]
    Report(report::Command),
    /// Run the park's certificate authority and verify signed files
    #[command(subcommand)]
    Cert(cert::Command),
    /// Examine a camera or a barrier lane and write its papers
    Certify(certify::Args),
    /// Run a simulated camera or lane to rehearse with
    #[command(subcommand)]
    Simulate(simulate::Command),
    /// Check, test and try mapping packages
    #[command(subcommand)]
    Map(map::Command),
    /// Verify, show, export, pack and measure the journal
    #[command(subcommand)]
    Journal(journal::Command),
    /// Ask the park as it is and as it was
    #[command(subcommand)]
    Records(records::Command),
    /// Take a backup of a park, also while it runs
    Backup(backup::Args),
    /// Restore a park from its backup
    Restore(restore::Args),
    /// Check a routing tree, and ask it where an alarm would go
    #[command(subcommand)]
    Route(route::Command),
    /// List what could not be delivered, and send it again
    #[command(subcommand)]
    Outbox(outbox::Command),
    /// Say what an error code means and what to do, or why an entry of the journal is as it is
    Explain(explain::Args),
    /// Print a completion script for a shell
    Completion(completion::Args),
}

/// Starts logging to standard error.
pub fn start_log(cli: &Cli) {
    let filter = tracing_subscriber::EnvFilter::try_new(&cli.log)
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Aloud)
        .log_internal_errors(false)
        .with_target(false)
        .init();
}

/// Runs the chosen command.
pub fn run(cli: Cli) -> Result<(), Ending> {
    match cli.command {
        Command::Demo(args) => demo::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Reload(args) => reload::run(&args),
        Command::Prepare(args) => prepare::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Submit(args) => submit::run(&args),
        Command::Pull(command) => pull::run(&command),
        Command::Report(command) => report::run(&command),
        Command::Cert(command) => cert::run(&command),
        Command::Certify(args) => certify::run(&args),
        Command::Simulate(command) => simulate::run(&command),
        Command::Map(command) => map::run(&command),
        Command::Records(command) => records::run(&command),
        Command::Backup(args) => backup::run(&args),
        Command::Restore(args) => restore::run(&args),
        Command::Journal(command) => journal::run(&command),
        Command::Route(command) => route::run(&command),
        Command::Outbox(command) => outbox::run(&command),
        Command::Explain(args) => explain::run(&args),
        Command::Completion(args) => {
            completion::run(&args);
            Ok(())
        }
    }
}

/// How to reach a hub; the same for all clients.
#[derive(clap::Args, Debug)]
pub struct HubArgs {
    /// Address of the service
    #[arg(long)]
    url: String,
    /// Folder with this party's chain.pem and key.pem
    #[arg(long)]
    certs: PathBuf,
    /// Folder with the park CA's certificates and revocation list
    #[arg(long)]
    trust: PathBuf,
    /// Seconds to wait for one answer
    #[arg(long, default_value_t = 30)]
    timeout_s: u64,
}

impl HubArgs {
    /// A link and the trust store it uses.
    pub fn link(&self) -> Result<(Link, Arc<TrustStore>), Ending> {
        let trust = Arc::new(TrustStore::load(&self.trust)?);
        let (chain, key) = (self.certs.join("chain.pem"), self.certs.join("key.pem"));
        let signer = Arc::new(Signer::load(&chain, &key)?);
        let tls_key = TlsKey::load(&chain, &key)?;
        let tls = tls::client_config(
            Arc::clone(&trust),
            Some(tls_key),
            Expect::Roles(vec![Role::Hub]),
        )?;
        let options = LinkOptions {
            url: self.url.clone(),
            tls,
            timeout: Duration::from_secs(self.timeout_s.max(1)),
        };
        Ok((
            Link::new(options, signer, Arc::clone(&trust), Arc::new(SystemClock)),
            trust,
        ))
    }
}

/// How a failed call ends the program.
pub fn link_ending(error: &LinkError) -> Ending {
    let code = match error {
        LinkError::Unreachable(_) => UNAVAILABLE,
        LinkError::Busy(_) => TRY_AGAIN,
        LinkError::Refused(_) => FAILED,
        LinkError::Untrusted(fault) => code_of(fault),
    };
    // What the hub answered may be part of it.
    Ending::new(code, plain(&error.to_string()))
}

/// A runtime for the commands that talk over the network.
pub fn runtime() -> Result<tokio::runtime::Runtime, Ending> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Ending::failed(format!("cannot start the runtime: {error}")))
}

/// Until Ctrl-C or a termination signal.
pub async fn interrupted() -> Result<(), Ending> {
    let failed = |error: std::io::Error| Ending::failed(format!("signals: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// Prints marked journal entries, one a line, on standard error.
pub fn print_marks(marks: &[cordon_flow::Mark]) {
    for mark in marks {
        tell!("{mark}");
    }
}

/// Prints faults one per paragraph on standard error.
pub fn print_faults(faults: &[cordon_contract::Fault]) {
    for fault in faults {
        tell!("{}: {}", fault.code(), fault.log_text());
        if !fault.place().is_empty() {
            tell!("  at {}", fault.place());
        }
        if !fault.remedy_text().is_empty() {
            tell!("  {}", fault.remedy_text());
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use clap::CommandFactory as _;
    use cordon_journal::FaultKind;

    use super::Cli;

    /// A remedy named a command for a fault that it did nothing about; none may name one that is not there.
    #[test]
    fn every_command_that_a_remedy_of_the_journal_names_exists() {
        let mut named = 0;
        for kind in FaultKind::ALL {
            for words in kind.remedy().split("cordon ").skip(1) {
                let mut command = Cli::command();
                let steps = words
                    .split(' ')
                    .map(|word| word.trim_matches([';', ',', '.']));
                let mut depth = 0;
                for step in steps {
                    let Some(next) = command.find_subcommand(step).cloned() else {
                        break;
                    };
                    (command, depth) = (next, depth + 1);
                }
                assert!(depth > 0 && !command.has_subcommands(), "{kind:?}: {words}");
                named += 1;
            }
        }
        assert!(named >= 2, "{named}");
    }
}
