//! `cordon run`: a park from its configuration, until it is told to stop.

use std::path::PathBuf;

use tokio::signal::unix::{SignalKind, signal};

use super::{print_faults, runtime};
use crate::assemble;
use crate::config::ParkConfig;
use crate::exit::{CONFIG, Ending};

/// Runs a park until Ctrl-C or a termination signal.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  cordon run --config park.toml")]
pub struct Args {
    /// The configuration
    #[arg(long, default_value = "park.toml")]
    config: PathBuf,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Ending> {
    let (config, loaded) = ParkConfig::check(&args.config).map_err(|faults| {
        print_faults(&faults);
        Ending::new(
            CONFIG,
            format!("{} faults; nothing was started", faults.len()),
        )
    })?;
    runtime()?.block_on(async {
        let mut interrupt =
            signal(SignalKind::interrupt()).map_err(|error| Ending::failed(error.to_string()))?;
        let mut terminate =
            signal(SignalKind::terminate()).map_err(|error| Ending::failed(error.to_string()))?;
        let park = assemble::start(&config, loaded).await?;
        tell!(
            "park {} is up: exchange https://{}, console http://{}",
            config.plan.code,
            config.exchange.listen,
            config.console.listen
        );
        let failed = tokio::select! {
            _ = interrupt.recv() => None,
            _ = terminate.recv() => None,
            fault = park.failed() => Some(fault),
        };
        tell!("stopping");
        let stopped = park.stop().await;
        match failed {
            Some(fault) => Err(Ending::from(fault)),
            None => {
                if let Some((number, hash)) = stopped? {
                    tell!("stopped at entry {number}, state {hash}");
                }
                Ok(())
            }
        }
    })
}
