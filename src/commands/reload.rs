//! `cordon reload`: a running hub takes up its changed configuration.
//!
//! As `cordon outbox` this is a client of the console: the hub reads the file it was started with, and the answer says
//! what came of it. A signal (SIGHUP) asks for the same and is answered in the log alone.

use cordon_console::{FaultLine, NotReloaded, Reloaded};
use serde_json::json;

use super::{Format, runtime};
use crate::console::{Console, ConsoleArgs};
use crate::exit::{CONFIG, Ending, TRY_AGAIN};
use crate::say::plain;

/// Faults that pass by themselves.
const PASSING: [&str; 2] = ["K101", "K102"];

/// Has a running hub take up its changed configuration.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "The hub reads the file it was started with and checks it as `cordon check` does. With any fault it goes on as it\n\
    was. Else plan, rules, routes, mapping packages and [access], [alarms], [authority] hold from the entries on that are\n\
    named. Everything else that differs (addresses, adapters, papers, secrets, folders) is named and stays as it was until\n\
    a restart. At most 6 times a minute. SIGHUP asks for the same; its answer is in the log.\n\n\
    Exit codes: 0 taken up, 69 the console cannot be reached (another console.listen? name the running one with\n\
    --console), 75 not now, 78 refused with its faults.\n\n\
    Examples:\n  cordon reload --config /etc/cordon/park.toml --as 'shift leader'\n  \
    cordon reload --console http://127.0.0.1:8080 --format json"
)]
pub struct Args {
    #[command(flatten)]
    console: ConsoleArgs,
    /// Who asks for it; stands in the audit entry
    #[arg(long = "as", value_name = "WHO")]
    who: Option<String>,
    /// How to print what was done: JSON is one document
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Ending> {
    let console = Console::of(&args.console)?;
    let said = runtime()?.block_on(console.reload(args.who.as_deref()))?;
    match said {
        Ok(reloaded) => {
            taken_up(&reloaded, args.format);
            Ok(())
        }
        Err(refused) => Err(not_taken_up(&refused, args.format)),
    }
}

fn taken_up(reloaded: &Reloaded, format: Format) {
    if format == Format::Json {
        show!("{}", json!(reloaded));
        return;
    }
    for part in &reloaded.changed {
        show!("{}: from entry {} on", plain(&part.part), part.entry);
    }
    for name in &reloaded.kept {
        show!("{}: as before, until a restart", plain(name));
    }
    if !reloaded.warnings.is_empty() {
        tell!("warning:");
        print(&reloaded.warnings);
    }
    match reloaded.changed.len() {
        0 => tell!("nothing that decides differs"),
        count => tell!("{count} parts of the settings are others from now on"),
    }
}

fn not_taken_up(refused: &NotReloaded, format: Format) -> Ending {
    match format {
        Format::Json => show!("{}", json!(refused)),
        Format::Text => print(&refused.faults),
    }
    let is_passing = |fault: &FaultLine| PASSING.contains(&fault.code.as_str());
    let code = match refused.faults.iter().any(is_passing) {
        true => TRY_AGAIN,
        false => CONFIG,
    };
    let count = refused.faults.len();
    Ending::new(code, format!("{count} faults; the hub goes on as it was"))
}

fn print(faults: &[FaultLine]) {
    for fault in faults {
        tell!("{}: {}", plain(&fault.code), plain(&fault.text));
        if !fault.place.is_empty() {
            tell!("  at {}", plain(&fault.place));
        }
        if !fault.remedy.is_empty() {
            tell!("  {}", plain(&fault.remedy));
        }
    }
}
