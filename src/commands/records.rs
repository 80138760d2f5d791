//! `cordon records`: asks the park as it is and as it was, from the file of records, beside a running hub or without one.

use std::path::PathBuf;

use cordon_contract::{Clock as _, Fault, SystemClock};
use cordon_model::Timestamp;
use cordon_records::{
    Asked, By, Cell, FACES, Face, Found, Line, NOT_ASKED_SO, OTHER_FORM, PAGE_MAX, RecordsFile,
    STOPPED,
};
use serde_json::{Value, json};

use super::{Format, print_faults};
use crate::config::ParkConfig;
use crate::exit::{CONFIG, Ending, FILES, TRY_AGAIN, USAGE};
use crate::records::file;
use crate::say::plain;

/// Ask the park as it is and as it was.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Ask for rows of one kind of records, the newest first
    #[command(
        after_help = "Works while the hub runs and after it has stopped. With --at it gives what held at that time (who was inside,\n\
        whose registration stood, which alarm was open); of what only happens (passages, refusals) what had by then.\n\
        A page ends with the key for --after. Ids of persons are masked unless --unmasked is given.\n\
        在某一时刻查询园区：--at 给出该时刻在园的车辆和人员、有效的登记、未关闭的告警等；人员标识默认脱敏。\n\n\
        Exit codes: 0 asked, also when nothing was found; 1 the records are broken; 2 these records cannot be asked so;\n\
        66 there is no file of records of this park, or it cannot be read; 75 it is of another program's form until a hub\n\
        has built it again; 78 wrong configuration.\n\n\
        Examples:\n  cordon records ask visits --at 2026-03-31T14:05:00+08:00\n  \
        cordon records ask registrations --plate 苏H12345 --at now\n  \
        cordon records ask devices --state OFFLINE --format json"
    )]
    Ask(Args),
}

/// Arguments of `ask`.
#[derive(clap::Args, Debug)]
pub struct Args {
    // Which there are is asked of the records.
    #[arg(value_name = "RECORDS", value_parser = names(), help = "What is asked for")]
    records: String,
    /// The configuration
    #[arg(long, default_value = "park.toml")]
    config: PathBuf,
    /// What held at this time, such as 2026-03-31T14:05:00+08:00, or `now`; all that is kept when not given
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Of this vehicle
    #[arg(long)]
    plate: Option<String>,
    /// Of this person, by the id in the park
    #[arg(long)]
    person: Option<String>,
    /// At this gate
    #[arg(long)]
    gate: Option<String>,
    /// Of this device
    #[arg(long)]
    device: Option<String>,
    /// In this area
    #[arg(long)]
    area: Option<String>,
    /// In this state, with this result, outcome or code
    #[arg(long)]
    state: Option<String>,
    /// Behind the row with this key, which the page before ended with
    #[arg(long, value_name = "KEY")]
    after: Option<String>,
    /// At most so many rows
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=PAGE_MAX as i64))]
    limit: u16,
    /// Show ids of persons whole
    #[arg(long)]
    unmasked: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

fn names() -> clap::builder::PossibleValuesParser {
    FACES.iter().map(|face| face.name).into()
}

/// Runs the command.
pub fn run(command: &Command) -> Result<(), Ending> {
    let Command::Ask(args) = command;
    let face = FACES.iter().find(|face| face.name == args.records);
    let face = face.ok_or_else(|| Ending::new(USAGE, "no such records"))?;
    let asked = args.asked()?;
    let config = ParkConfig::read(&args.config).map_err(|faults| {
        print_faults(&faults);
        Ending::new(CONFIG, format!("{} faults", faults.len()))
    })?;
    let identity = format!("{}/{}", config.plan.code, config.hub.id);
    let records = RecordsFile::open(&file(&config), &identity).map_err(ending)?;
    let found = records.ask(face, &asked).map_err(ending)?;
    let is_more = found.rows.len() == asked.limit;
    let next = found
        .rows
        .last()
        .filter(|_| is_more)
        .map(|row| row.key.as_str());
    for note in &found.notes {
        tell!("{}", plain(note));
    }
    match args.format {
        Format::Text => print_text(&found, next),
        Format::Json => print_json(face, &found, next),
    }
    Ok(())
}

impl Args {
    fn asked(&self) -> Result<Asked, Ending> {
        let at = match self.at.as_deref() {
            None => None,
            Some("now") => Some(SystemClock.now()),
            Some(at) => Some(at.parse::<Timestamp>().map_err(|_| {
                let words = format!("no time `{at}`; write 2026-03-31T14:05:00+08:00");
                Ending::new(USAGE, words)
            })?),
        };
        let value = |by| match by {
            By::Plate => &self.plate,
            By::Person => &self.person,
            By::Gate => &self.gate,
            By::Device => &self.device,
            By::Area => &self.area,
            By::State => &self.state,
        };
        let by = By::ALL.into_iter();
        let by = by.filter_map(|by| value(by).clone().map(|value| (by, value)));
        Ok(Asked {
            at,
            by: by.collect(),
            after: self.after.clone(),
            limit: usize::from(self.limit),
            unmasked: self.unmasked,
        })
    }
}

fn ending(fault: Fault) -> Ending {
    let code = match fault.code() {
        NOT_ASKED_SO => USAGE,
        OTHER_FORM => TRY_AGAIN,
        STOPPED => FILES,
        _ => return fault.into(),
    };
    Ending::new(code, fault.to_string())
}

fn print_text(found: &Found, next: Option<&str>) {
    for row in &found.rows {
        show!("{}", in_words(row));
    }
    let (many, number, time) = (found.rows.len(), found.number, found.time);
    tell!("{many} rows; the records stand at entry {number} of {time}");
    if let Some(next) = next {
        tell!("there may be more: --after '{}'", plain(next));
    }
}

/// What stands in a row, without what does not.
fn in_words(row: &Line) -> String {
    let cells = row.cells.iter();
    let cells = cells.filter(|(_, cell)| *cell != Cell::None);
    let cells = cells.map(|(name, cell)| match cell {
        Cell::Text(text) => format!("{name}={}", plain(text)),
        cell => format!(
            "{name}={}",
            plain(&value(cell).to_string()).trim_matches('"')
        ),
    });
    cells.collect::<Vec<_>>().join("  ")
}

fn print_json(face: &Face, found: &Found, next: Option<&str>) {
    let row = |row: &Line| -> Value {
        let cells = row.cells.iter();
        let cells = cells.map(|(name, cell)| ((*name).to_owned(), value(cell)));
        Value::Object(cells.collect())
    };
    show!(
        "{}",
        json!({
            "records": face.name, "entry": found.number, "time": found.time.to_string(), "notes": found.notes,
            "rows": found.rows.iter().map(row).collect::<Vec<_>>(), "next": next,
        })
    );
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::None => Value::Null,
        Cell::Text(text) => text.as_str().into(),
        Cell::Number(number) => (*number).into(),
        Cell::Real(number) => (*number).into(),
        // As it was written: no program makes a float of it on the way.
        Cell::Decimal(number) => number.to_string().into(),
        Cell::Time(time) => time.to_string().into(),
    }
}
