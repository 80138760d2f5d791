//! `cordon route`: check a routing tree, and ask it where an alarm would go.

use std::path::{Path, PathBuf};

use cordon_alarms::{Errand, Facts, Routes};
use cordon_contract::Fault;
use cordon_model::plan::ParkPlan;
use cordon_model::{AlarmCode, AlarmLevel, DeviceKind};
use serde::Deserialize;

use super::{Format, print_faults};
use crate::exit::{CONFIG, Ending};

/// Check a routing tree, and ask it where an alarm would go.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Say everything that is wrong with a routing tree
    #[command(after_help = "Example:\n  cordon route check --routes routes.toml --plan park.toml")]
    Check(Files),
    /// Show which receivers an alarm reaches, in which order, and what follows when nobody answers
    #[command(
        after_help = "Exit codes: 0 it reaches somebody, 1 it reaches nobody, 78 the tree is wrong.\n\n\
        Example:\n  cordon route test --routes routes.toml --code PERIMETER_INTRUSION --level RED --area A-CORE"
    )]
    Test(TestArgs),
}

/// The files.
#[derive(clap::Args, Debug)]
pub struct Files {
    /// The routing tree
    #[arg(long, default_value = "routes.toml")]
    routes: PathBuf,
    /// A configuration whose plan the tree is compared with
    #[arg(long)]
    plan: Option<PathBuf>,
}

/// The alarm to ask about.
#[derive(clap::Args, Debug)]
pub struct TestArgs {
    #[command(flatten)]
    files: Files,
    /// Alarm code
    #[arg(long)]
    code: AlarmCode,
    /// Alarm level
    #[arg(long)]
    level: AlarmLevel,
    /// Control area
    #[arg(long)]
    area: Option<String>,
    /// Gate
    #[arg(long)]
    gate: Option<String>,
    /// Kind of the device that saw it
    #[arg(long)]
    kind: Option<DeviceKind>,
    /// Enterprise it concerns
    #[arg(long)]
    enterprise: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub fn run(command: &Command) -> Result<(), Ending> {
    match command {
        Command::Check(files) => {
            let routes = load(files)?;
            let count = routes.receivers().count();
            show!("{}: good: {count} receivers", files.routes.display());
            Ok(())
        }
        Command::Test(args) => test(args),
    }
}

fn test(args: &TestArgs) -> Result<(), Ending> {
    let routes = load(&args.files)?;
    let facts = Facts {
        code: args.code,
        level: args.level,
        area: args.area.clone(),
        gate: args.gate.clone(),
        kind: args.kind,
        enterprise: args.enterprise.clone(),
    };
    let errands = routes.resolve(&facts);
    match args.format {
        Format::Text => print_text(&errands, args.level),
        Format::Json => {
            let document = serde_json::to_string(&errands)
                .map_err(|error| Ending::failed(error.to_string()))?;
            show!("{document}");
        }
    }
    if errands.iter().all(|errand| errand.receivers.is_empty()) {
        return Err(Ending::failed("it reaches nobody"));
    }
    Ok(())
}

fn print_text(errands: &[Errand], level: AlarmLevel) {
    for errand in errands {
        show!("{}", errand.route);
        let receivers = errand.receivers.join(", ");
        show!("  after {:>6} s  {receivers}", errand.wait_s(level));
        for (step, number) in errand.escalate.iter().zip(1_u32..) {
            let receivers = step.receivers.join(", ");
            show!(
                "  after {:>6} s  {receivers}  (escalation {number}, if not acknowledged)",
                step.after_s
            );
        }
        match errand.repeat_s {
            0 => show!("  never repeated"),
            repeat_s => show!("  every {repeat_s:>6} s again, until acknowledged"),
        }
    }
}

fn load(files: &Files) -> Result<Routes, Ending> {
    let text = std::fs::read_to_string(&files.routes)
        .map_err(|error| Ending::file(&files.routes, &error))?;
    let routes = Routes::read(&text, &files.routes.display().to_string())
        .map_err(|faults| wrong(&faults))?;
    if let Some(path) = &files.plan {
        let faults = routes.check(&plan(path)?);
        if !faults.is_empty() {
            return Err(wrong(&faults));
        }
    }
    Ok(routes)
}

fn wrong(faults: &[Fault]) -> Ending {
    print_faults(faults);
    Ending::new(CONFIG, format!("{} faults", faults.len()))
}

/// The plan of a configuration; everything else in it is no business of routes.
fn plan(path: &Path) -> Result<ParkPlan, Ending> {
    #[derive(Deserialize)]
    struct OnlyPlan {
        plan: ParkPlan,
    }
    let text = std::fs::read_to_string(path).map_err(|error| Ending::file(path, &error))?;
    let only: OnlyPlan = toml::from_str(&text)
        .map_err(|error| Ending::new(CONFIG, format!("{}: {error}", path.display())))?;
    Ok(only.plan)
}
