//! `cordon check`: all passes over a configuration, nothing started.

use std::path::PathBuf;

use cordon_contract::Fault;

use super::{Format, print_faults};
use crate::config::{ParkConfig, disks};
use crate::exit::{CONFIG, Ending};

/// Checks a configuration without starting anything.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Passes: syntax, fields, cross references, secrets, certificates and revocation lists, mapping packages,\n\
    rules, routes, and every file that an adapter reads at its start. Nothing is written or connected. A warning\n\
    (what is lawful and better otherwise) ends with exit code 0.\n\n\
    Examples:\n  cordon check --config /etc/cordon/park.toml\n  cordon check --config park.toml --format json"
)]
pub struct Args {
    /// The configuration
    #[arg(long, default_value = "park.toml")]
    config: PathBuf,
    /// How to print faults
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Says what is lawful and better otherwise.
fn warn(format: &Format, warnings: &[Fault]) {
    match format {
        Format::Text if warnings.is_empty() => {}
        Format::Text => {
            tell!("warning:");
            print_faults(warnings);
        }
        Format::Json => {
            for fault in warnings {
                show!("{}", document(fault, true));
            }
        }
    }
}

fn document(fault: &Fault, is_warning: bool) -> serde_json::Value {
    serde_json::json!({
        "code": fault.code(), "place": fault.place(), "text": fault.log_text(),
        "remedy": fault.remedy_text(), "warning": is_warning,
    })
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Ending> {
    let faults = match ParkConfig::check(&args.config) {
        Ok((_, loaded)) if !loaded.overdue.is_empty() => loaded.overdue,
        Ok((_, loaded)) if !loaded.resting.is_empty() => loaded.resting,
        Ok((config, _)) if !disks::faults(&config).is_empty() => disks::faults(&config),
        Ok((config, _)) => {
            warn(&args.format, &disks::warnings(&config));
            show!(
                "{}: good: park {}, {} gates, {} lanes, {} devices",
                args.config.display(),
                config.plan.code,
                config.plan.gates.len(),
                config.plan.lanes.len(),
                config.plan.devices.len()
            );
            return Ok(());
        }
        Err(faults) => faults,
    };
    match args.format {
        Format::Text => print_faults(&faults),
        Format::Json => {
            for fault in &faults {
                show!("{}", document(fault, false));
            }
        }
    }
    Err(Ending::new(
        CONFIG,
        format!("{} faults; nothing was started", faults.len()),
    ))
}
