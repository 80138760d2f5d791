//! `cordon report`: builds and lists signed reports, also while the hub runs.

use std::path::PathBuf;
use std::sync::Arc;

use cordon_contract::{Clock as _, SystemClock};
use cordon_model::service::ReportEntry;
use cordon_model::{ReportType, Timestamp};
use cordon_reports::{Reports, Span};
use serde_json::json;

use super::{Format, print_faults, print_marks};
use crate::config::ParkConfig;
use crate::exit::{CONFIG, Ending, USAGE};
use crate::reports;

/// Build and list signed standard reports.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Build a report up to the present end of the journal, or name the version that says the same
    #[command(
        after_help = "Works while the hub runs and after it has stopped.\n\nExamples:\n  \
        cordon report build --config park.toml --report RPT-01 --day 2026-03-31\n  \
        cordon report build --config park.toml --report RPT-07 --so-far"
    )]
    Build(Build),
    /// List every version that has been built
    List(List),
}

/// Arguments of `build`.
#[derive(clap::Args, Debug)]
pub struct Build {
    /// The configuration
    #[arg(long, default_value = "park.toml")]
    config: PathBuf,
    // Which there are is asked of the reports.
    #[arg(long, help = cordon_reports::built_in_words())]
    report: String,
    #[command(flatten)]
    span: SpanArgs,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Which span; days are the park's own (UTC+8).
#[derive(clap::Args, Debug)]
#[group(required = true, multiple = false)]
pub struct SpanArgs {
    /// A day that is over, such as 2026-03-31
    #[arg(long)]
    day: Option<String>,
    /// The week, Monday to Sunday, that holds this day
    #[arg(long)]
    week: Option<String>,
    /// The month that holds this day
    #[arg(long)]
    month: Option<String>,
    /// Today so far: a report of its own beside the day's
    #[arg(long)]
    so_far: bool,
}

/// Arguments of `list`.
#[derive(clap::Args, Debug)]
pub struct List {
    /// The configuration
    #[arg(long, default_value = "park.toml")]
    config: PathBuf,
    /// How to print the list
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub fn run(command: &Command) -> Result<(), Ending> {
    match command {
        Command::Build(args) => build(args),
        Command::List(args) => list(args),
    }
}

fn build(args: &Build) -> Result<(), Ending> {
    let report: ReportType = args
        .report
        .parse()
        .map_err(|error| Ending::new(USAGE, format!("no report `{}`: {error}", args.report)))?;
    let span = args.span.span()?;
    let (reports, folder) = open(&args.config)?;
    let built = reports.build_now(report, span)?;
    print_marks(&reports.marks());
    let file = folder
        .join(report.as_str())
        .join(&built.entry.report_id)
        .join(format!("v{}.xml", built.entry.version));
    match args.format {
        Format::Text => show!(
            "{}: {} version {}, entry {}, digest {}, {}",
            file.display(),
            built.entry.report_id,
            built.entry.version,
            built.entry.entry_number,
            built.entry.digest,
            if built.is_new { "new" } else { "as before" },
        ),
        Format::Json => show!(
            "{}",
            json!({"file": file, "new": built.is_new, "report": described(&built.entry)})
        ),
    }
    Ok(())
}

fn list(args: &List) -> Result<(), Ending> {
    let (reports, _) = open(&args.config)?;
    for entry in reports.list() {
        match args.format {
            Format::Text => show!(
                "{:<44} v{:<4} {:<9} {} to {}  entry {:<8} {}",
                entry.report_id,
                entry.version,
                entry.period.granularity.as_str(),
                entry.period.from,
                entry.period.to,
                entry.entry_number,
                entry.digest,
            ),
            Format::Json => show!("{}", described(&entry)),
        }
    }
    Ok(())
}

fn described(entry: &ReportEntry) -> serde_json::Value {
    json!({
        "report_id": entry.report_id, "type": entry.report_type.as_str(), "version": entry.version,
        "granularity": entry.period.granularity.as_str(), "from": entry.period.from.to_string(),
        "to": entry.period.to.to_string(), "generated_at": entry.generated_at.to_string(),
        "entry": entry.entry_number, "digest": entry.digest.to_string(), "size": entry.size,
    })
}

fn open(config: &std::path::Path) -> Result<(Arc<Reports>, PathBuf), Ending> {
    let (config, loaded) = ParkConfig::check(config).map_err(|faults| {
        print_faults(&faults);
        Ending::new(CONFIG, format!("{} faults", faults.len()))
    })?;
    let reports = reports::beside_hub(&config, loaded.signer, Arc::new(SystemClock))?;
    Ok((reports, reports::folder(&config)))
}

impl SpanArgs {
    fn span(&self) -> Result<Span, Ending> {
        let noon = |day: &str| {
            format!("{day}T12:00:00+08:00")
                .parse::<Timestamp>()
                .map_err(|_| Ending::new(USAGE, format!("no day `{day}`; write 2026-03-31")))
        };
        Ok(match (&self.day, &self.week, &self.month) {
            (Some(day), _, _) => Span::day(noon(day)?),
            (_, Some(day), _) => Span::week(noon(day)?),
            (_, _, Some(day)) => Span::month(noon(day)?),
            _ => {
                let now = SystemClock.now();
                Span::so_far(now, now)
            }
        })
    }
}
