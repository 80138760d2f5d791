//! `cordon journal accept`: a loss of the journal, accepted by name.

use std::path::PathBuf;

use cordon_contract::{Clock as _, SystemClock};

use super::{Format, print_faults};
use crate::config::ParkConfig;
use crate::exit::{CONFIG, Ending, FAILED, USAGE};
use crate::past::Acceptance;

/// Longest name and reason, in letters.
const WORDS_MAX: usize = 200;

/// Arguments of `accept`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The configuration
    #[arg(long, default_value = "park.toml")]
    config: PathBuf,
    /// Who accepts it
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Why it is accepted
    #[arg(long)]
    reason: String,
    /// How to print what was accepted
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Ending> {
    let (by, reason) = (words("--by", &args.by)?, words("--reason", &args.reason)?);
    let config = ParkConfig::read(&args.config).map_err(|faults| {
        print_faults(&faults);
        Ending::new(CONFIG, "nothing was accepted")
    })?;
    let needed = Acceptance::needed(&config, by, reason, SystemClock.now())?;
    let Some(acceptance) = needed else {
        return Err(Ending::new(
            FAILED,
            "the journal holds all that is known of it; there is nothing to accept",
        ));
    };
    acceptance.write(&config.hub.data)?;
    match args.format {
        Format::Text => show!("{}", acceptance.words()),
        Format::Json => show!("{}", serde_json::json!(acceptance)),
    }
    // Behind the acceptance: should this end in between, the next start does the rest.
    for pin in acceptance.set_pins_aside(&config.hub.data)? {
        tell!("set aside, and asked for no more: {}", pin.display());
    }
    tell!("the next start journals this and goes on from there");
    Ok(())
}

/// A line of 1 to 200 letters.
fn words<'a>(option: &str, text: &'a str) -> Result<&'a str, Ending> {
    let text = text.trim();
    let is_line = !text.is_empty()
        && text.chars().count() <= WORDS_MAX
        && !text.chars().any(char::is_control);
    is_line.then_some(text).ok_or_else(|| {
        Ending::new(
            USAGE,
            format!("{option} must be one line of 1 to {WORDS_MAX} letters"),
        )
    })
}
