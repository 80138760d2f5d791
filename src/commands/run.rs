//! `cordon run`: a park from its configuration, until it is told to stop.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use super::{print_faults, runtime};
use crate::assemble;
use crate::config::ParkConfig;
use crate::exit::{CONFIG, Ending};
use crate::reload::Reloader;

/// Runs a park until Ctrl-C or a termination signal; SIGHUP has it take up its changed configuration.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  cordon run --config park.toml")]
pub struct Args {
    /// The configuration
    #[arg(long, default_value = "park.toml")]
    config: PathBuf,
}

/// Takes up a changed configuration beside everything else; what came of it is in the log.
fn reload(reloader: Arc<Reloader>) {
    tokio::spawn(async move {
        match reloader.reload("SIGHUP").await {
            Ok(reloaded) => {
                let parts = reloaded.changed.iter().map(|part| part.part.as_str());
                let parts: Vec<&str> = parts.collect();
                tell!(
                    "reloaded: {} parts changed: {}",
                    parts.len(),
                    parts.join(", ")
                );
                for name in &reloaded.kept {
                    tell!("  as before, until a restart: {name}");
                }
            }
            Err(faults) => {
                tell!("not reloaded, the hub goes on as it was:");
                print_faults(&faults);
            }
        }
    });
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
        // From the first moment on: one that comes while the hub starts does not end it.
        let mut hangup =
            signal(SignalKind::hangup()).map_err(|error| Ending::failed(error.to_string()))?;
        let park = assemble::start(&args.config, &config, loaded).await?;
        tell!(
            "park {} is up: exchange https://{}, console http://{}",
            config.plan.code,
            config.exchange.listen,
            config.console.listen
        );
        let failed = loop {
            tokio::select! {
                _ = interrupt.recv() => break None,
                _ = terminate.recv() => break None,
                fault = park.failed() => break Some(fault),
                _ = hangup.recv() => reload(Arc::clone(park.reloader())),
            }
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
