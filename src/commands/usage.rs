//! `cordon journal usage`: what fills the journal.

use std::collections::BTreeMap;
use std::path::Path;

use cordon_contract::type_in_label;
use cordon_journal::Record;
use cordon_model::Timestamp;
use serde_json::json;

use super::Format;
use super::journal::{ending, kind_name};
use super::place::Place;
use crate::exit::Ending;

/// Kinds and types told apart at most; the rest is counted together.
const NAMES_MAX: usize = 200;

/// Arguments of `usage`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// First entry
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Entries and bytes of one kind or type.
#[derive(Clone, Copy, Default)]
struct Sum {
    entries: u64,
    bytes: u64,
}

/// What the entries come to.
#[derive(Default)]
struct Usage {
    sums: BTreeMap<String, Sum>,
    total: Sum,
    first: Option<(u64, i64)>,
    last: Option<(u64, i64)>,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Ending> {
    let files = files(&args.place)?;
    let reader = args.place.reader()?;
    let first = reader.first().map_err(|fault| ending(&fault))?;
    // The first one kept, where those before it were trimmed.
    let from = first.map_or(args.from, |first| args.from.max(first));
    let records = reader.read_from(from).map_err(|fault| ending(&fault))?;
    let mut usage = Usage::default();
    for record in records {
        usage.take(&record.map_err(|fault| ending(&fault))?);
    }
    match args.format {
        Format::Text => print_text(&usage, &files),
        Format::Json => print_json(&usage, &files),
    }
    Ok(())
}

/// Segments and bytes of their files: whole, packed, in the archive.
fn files(place: &Place) -> Result<[Sum; 3], Ending> {
    let mut files = [Sum::default(); 3];
    let [whole, packed, archived] = &mut files;
    *whole = sum_of(&place.dir, "seg")?;
    *packed = sum_of(&place.dir, "segz")?;
    if let Some(archive) = &place.archive {
        *archived = sum_of(archive, "segz")?;
    }
    Ok(files)
}

fn sum_of(dir: &Path, extension: &str) -> Result<Sum, Ending> {
    let entries = std::fs::read_dir(dir).map_err(|error| Ending::file(dir, &error))?;
    let mut sum = Sum::default();
    for entry in entries {
        let entry = entry.map_err(|error| Ending::file(dir, &error))?;
        let is_one = entry.path().extension().is_some_and(|it| it == extension);
        // One that was packed in this very moment is counted under its new name, or not at all.
        if let (true, Ok(about)) = (is_one, entry.metadata()) {
            sum.entries += 1;
            sum.bytes += about.len();
        }
    }
    Ok(sum)
}

impl Usage {
    fn take(&mut self, record: &Record) {
        let kind = kind_name(record);
        let name = match type_in_label(&record.label) {
            "" => kind,
            label => format!("{kind} {label}"),
        };
        let is_new = !self.sums.contains_key(&name);
        let name = match is_new && self.sums.len() >= NAMES_MAX {
            true => "others".to_owned(),
            false => name,
        };
        for sum in [&mut self.total, self.sums.entry(name).or_default()] {
            sum.entries += 1;
            sum.bytes += record.body.len() as u64;
        }
        let place = (record.number, record.time_micros);
        self.first.get_or_insert(place);
        self.last = Some(place);
    }

    /// The largest first.
    fn sorted(&self) -> Vec<(&str, Sum)> {
        let mut sums: Vec<_> = self
            .sums
            .iter()
            .map(|(name, sum)| (name.as_str(), *sum))
            .collect();
        sums.sort_by_key(|(_, sum)| std::cmp::Reverse((sum.bytes, sum.entries)));
        sums
    }
}

fn at(place: Option<(u64, i64)>) -> String {
    place.map_or_else(
        || "-".to_owned(),
        |(number, micros)| format!("{number} of {}", Timestamp::from_micros(micros)),
    )
}

fn print_text(usage: &Usage, [whole, packed, archived]: &[Sum; 3]) {
    show!("entries {} to {}", at(usage.first), at(usage.last));
    for (sum, what) in [(whole, "whole"), (packed, "packed"), (archived, "archived")] {
        show!("{} segments of {} bytes {what}", sum.entries, sum.bytes);
    }
    show!("{:>12}  {:>14}  what", "entries", "bytes of body");
    for (name, sum) in usage.sorted() {
        show!("{:>12}  {:>14}  {name}", sum.entries, sum.bytes);
    }
    show!(
        "{:>12}  {:>14}  in all",
        usage.total.entries,
        usage.total.bytes
    );
}

fn print_json(usage: &Usage, [whole, packed, archived]: &[Sum; 3]) {
    let of = |sum: &Sum| json!({"segments": sum.entries, "bytes": sum.bytes});
    let number = |place: Option<(u64, i64)>| place.map(|(number, _)| number);
    let sums = usage
        .sorted()
        .into_iter()
        .map(|(name, sum)| json!({"what": name, "entries": sum.entries, "body_bytes": sum.bytes}));
    show!(
        "{}",
        json!({
            "first": number(usage.first), "last": number(usage.last),
            "whole": of(whole), "packed": of(packed), "archived": of(archived), "entries": usage.total.entries,
            "body_bytes": usage.total.bytes, "by": sums.collect::<Vec<_>>(),
        })
    );
}
