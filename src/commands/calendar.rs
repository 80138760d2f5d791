//! `cordon cert calendar`: when the park's papers end.

use std::path::PathBuf;

use cordon_contract::{Clock as _, SystemClock};
use cordon_model::Timestamp;
use cordon_security::ca::Bundle;
use cordon_security::{Due, TrustStore};
use serde_json::json;

use super::{Format, print_faults};
use crate::calendar::drawn_up;
use crate::config::ParkConfig;
use crate::config::papers::shown_dues;
use crate::exit::{CONFIG, Ending, FAILED};

/// Arguments of `calendar`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Folder with the park CA's certificates, revocation lists and register
    #[arg(long, required_unless_present = "config")]
    trust: Option<PathBuf>,
    /// A configuration: its trust folder, the hub's certificate, those shown to partners
    #[arg(long, conflicts_with = "trust")]
    config: Option<PathBuf>,
    /// Folder of a holder with its chain.pem; may be repeated
    #[arg(long, value_name = "DIR")]
    certs: Vec<PathBuf>,
    /// End with exit code 1 when anything ends within so many days, or is over
    #[arg(long, value_name = "DAYS")]
    within: Option<i64>,
    /// How to print the calendar
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Ending> {
    let (trust, mut own) = match (&args.trust, &args.config) {
        (Some(trust), _) => (trust.clone(), Vec::new()),
        (None, config) => configured(&config.clone().unwrap_or_else(|| "park.toml".into()))?,
    };
    for folder in &args.certs {
        own.push(Due::of_file(&folder.join(Bundle::CHAIN))?);
    }
    let now = SystemClock.now();
    let dues = drawn_up(&TrustStore::load(&trust)?, &own, now);
    for due in &dues {
        print(due, now, args.format);
    }
    let soon = args.within.map_or(0, |days| {
        let soon = |due: &&Due| due.seconds_left(now) <= days.saturating_mul(86_400);
        dues.iter().filter(soon).count()
    });
    match soon {
        0 => Ok(()),
        soon => Err(Ending::new(FAILED, format!("{soon} end soon or are over"))),
    }
}

/// Trust folder and own papers of a configuration.
fn configured(path: &std::path::Path) -> Result<(PathBuf, Vec<Due>), Ending> {
    let config = ParkConfig::read(path).map_err(|faults| {
        print_faults(&faults);
        Ending::new(CONFIG, "no calendar")
    })?;
    let mut own = shown_dues(&config);
    own.push(Due::of_file(&config.hub.certificate)?);
    Ok((config.hub.trust, own))
}

fn print(due: &Due, now: Timestamp, format: Format) {
    match format {
        Format::Text => show!(
            "{:>6} days  {:<11} {}  until {}{}",
            due.days_left(now),
            due.paper.as_str(),
            due.name,
            due.until,
            if due.seconds_left(now) < 0 {
                "  OVER"
            } else {
                ""
            },
        ),
        Format::Json => show!(
            "{}",
            json!({
                "kind": due.paper.as_str(), "name": due.name,
                "role": due.role.map(cordon_security::Role::as_str),
                "id": due.id.as_ref().map(ToString::to_string), "serial": due.serial,
                "until": due.until.to_string(), "days_left": due.days_left(now),
                "seconds_left": due.seconds_left(now), "remedy": due.paper.remedy(),
            })
        ),
    }
}
