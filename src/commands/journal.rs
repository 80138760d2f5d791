//! `cordon journal`: show, export and replay, which work while the hub runs; `verify`, `accept`,
//! `pack`, `archive`, `restore`, `prune` and `usage` have files of their own.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cordon_contract::{EntryKind, Fault};
use cordon_flow::{Authority, EntryReader, Maker, Mark, PLUGINS, Part, ReplayReport, replay_under};
use cordon_journal::{JournalFault, Record};
use cordon_mapping::Mappings;
use cordon_model::Timestamp;
use serde_json::json;

use super::place::Place;
use super::{Format, accept, archive, pack, print_faults, print_marks, prune, usage, verify};
use crate::config::ParkConfig;
use crate::exit::{CONFIG, Ending, FAILED, FILES};
use crate::past;
use crate::plugins::{KINDS, settings};
use crate::say;
use crate::settings::{Program, read};

/// Verify, show, export, replay, pack, archive, prune and measure the journal; accept a loss.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Check every byte: segments, batches, chain, seals
    #[command(
        after_help = "Works while the hub runs. Exit code 1 when anything is wrong.\n\
        Chain and checksums can be computed anew by whoever changes a journal. What he cannot make are the\n\
        senders' signatures (--deep) and what others hold under the hub's signature: receipts, reports, checkpoints\n\
        of those who pull. What bears no good signature of the hub proves nothing: it is listed, and the exit\n\
        code is 66 when nothing else is wrong.\n\n\
        Examples:\n  cordon journal verify --dir demo-data/journal\n  \
        cordon journal verify --dir demo-data/journal --deep --trust demo-data/certs/ca --reports demo-data/reports"
    )]
    Verify(verify::Args),
    /// Accept by name a journal that is shorter than, or another than, what is known of it
    #[command(
        after_help = "Only when there is no backup that holds more. The hub must not run. The next start journals who\n\
        accepted what and why (journal.accepted), with an alarm; numbers that are gone are issued again from then on.\n\n\
        Example:\n  cordon journal accept --config park.toml --by \"Wang Fang\" --reason \"disk 2 lost, backup of 30 March restored\""
    )]
    Accept(accept::Args),
    /// Show entries
    #[command(
        after_help = "Examples:\n  cordon journal show --dir demo-data/journal --from 100 --limit 20\n  \
        cordon journal show --dir demo-data/journal --from 57 --limit 1 --body"
    )]
    Show(Show),
    /// Print entries with digest, chain hash and the original signed bytes, one JSON document per line
    #[command(
        after_help = "The original bytes are base64 in `original`. A message that came in a signed submission has\n\
        `submission` and `part` instead: the bytes are those of that entry. An entry that cannot be read, or\n\
        was read although its form is refused today, has a `mark` with code and reason.\n\n\
        Example:\n  cordon journal export --dir demo-data/journal --from 1 --format jsonl > park.jsonl"
    )]
    Export(Export),
    /// Step the whole journal with fresh plug-ins and compare every decision byte for byte
    #[command(
        after_help = "Each entry is stepped under the settings that held when it was written, as the journal says them; where an\n\
        older program wrote none, under those of the configuration. A hub says its position and state hash when it stops; the same are printed here.\n\
        Exit code 1 at the first difference, or when the hash is not the expected one.\n\n\
        Example:\n  cordon journal replay --config demo-data/park.toml"
    )]
    Replay(Replay),
    /// Keep old sealed segments packed, in less room
    #[command(
        after_help = "The hub must not run. Each segment is read through before its unpacked file goes; chain, digests and\n\
        seals stay as they are, and everything reads a packed segment as before. Exit code 1 when one is\n\
        damaged: it stays as it is.\n\n\
        Example:\n  cordon journal pack --dir demo-data/journal --older-days 30"
    )]
    Pack(pack::Args),
    /// Move old packed segments to another folder
    #[command(
        after_help = "The hub must not run. The oldest go first, each when it was copied and read through; the journal then begins\n\
        where what is kept begins. With --archive DIR the commands that read a journal read both as one. What the archive\n\
        holds is never replaced. A state that is lost is built again from both where [retention] names the archive; else bring it back first.\n\n\
        Example:\n  cordon journal archive --dir demo-data/journal --to /mnt/archive --older-days 365"
    )]
    Archive(archive::Args),
    /// Bring segments back from the archive
    #[command(after_help = "The hub must not run. They stay in the archive too.\n\n\
        Example:\n  cordon journal restore --dir demo-data/journal --from /mnt/archive --entry 120000")]
    Restore(archive::RestoreArgs),
    /// Forget now what the rules of `[retention]` forget
    #[command(
        after_help = "The hub must not run; a running one forgets by itself. By the same rules: what is older than the time of its class, by what\n\
        had surely passed, and lies before the older of two checkpoints. Only packed segments: see `cordon journal pack`. What goes is noted\n\
        before, in pruned.jsonl beside the journal, and the next start journals it. Exit code 1 when something that is due has to stay.\n\n\
        Examples:\n  cordon journal prune --config park.toml --dry-run\n  cordon journal prune --config park.toml"
    )]
    Prune(prune::Args),
    /// Say what fills the journal: segments, and entries and bytes by type
    #[command(
        after_help = "Works while the hub runs; reads the whole journal. What was said in a signed submission counts there.\n\n\
        Example:\n  cordon journal usage --dir demo-data/journal"
    )]
    Usage(usage::Args),
}

/// Arguments of `replay`.
#[derive(clap::Args, Debug)]
pub struct Replay {
    /// The journal's folder; that of the configuration when not given
    #[arg(long)]
    dir: Option<PathBuf>,
    /// The configuration: whose journal it is, and the settings before the journal says any
    #[arg(long, default_value = "park.toml")]
    config: PathBuf,
    /// Last entry to step; all when not given
    #[arg(long)]
    to: Option<u64>,
    /// The state hash it must come to
    #[arg(long, value_name = "HASH")]
    expect: Option<String>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Arguments of `show`.
#[derive(clap::Args, Debug)]
pub struct Show {
    #[command(flatten)]
    place: Place,
    /// First entry
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// How many entries at most
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// Show ticks too
    #[arg(long)]
    ticks: bool,
    /// Print the bytes of each entry below it
    #[arg(long)]
    body: bool,
}

/// Arguments of `export`.
#[derive(clap::Args, Debug)]
pub struct Export {
    #[command(flatten)]
    place: Place,
    /// First entry
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Last entry; all when not given
    #[arg(long)]
    to: Option<u64>,
    /// The form of the export
    #[arg(long, value_enum, default_value_t)]
    format: ExportFormat,
}

/// Forms of an export.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
pub enum ExportFormat {
    /// One JSON document per line
    #[default]
    Jsonl,
}

/// Runs the command.
pub fn run(command: &Command) -> Result<(), Ending> {
    match command {
        Command::Verify(args) => verify::run(args),
        Command::Accept(args) => accept::run(args),
        Command::Show(args) => show(args),
        Command::Export(args) => export(args),
        Command::Replay(args) => replay(args),
        Command::Pack(args) => pack::run(args),
        Command::Archive(args) => archive::run(args),
        Command::Restore(args) => archive::restore(args),
        Command::Prune(args) => prune::run(args),
        Command::Usage(args) => usage::run(args),
    }
}

pub(super) fn ending(fault: &JournalFault) -> Ending {
    Ending::new(FILES, fault.to_string())
}

fn show(args: &Show) -> Result<(), Ending> {
    let mut out = std::io::stdout().lock();
    let entries = EntryReader::over(args.place.reader()?);
    let wanted = records(&args.place, args.from, None)?.filter(|record| {
        args.ticks
            || !record
                .as_ref()
                .is_ok_and(|record| kind(record) == Some(EntryKind::Tick))
    });
    for record in wanted.take(args.limit) {
        let record = record.map_err(|fault| ending(&fault))?;
        let line = writeln!(
            out,
            "{:>8}  {}  {:<10} {:<28} {:<20} cause {:<8} {}",
            record.number,
            Timestamp::from_micros(record.time_micros),
            kind_name(&record),
            record.label,
            record.sender,
            record.cause,
            hex(record.digest.get(..8).unwrap_or_default()),
        );
        let body = match args.body && line.is_ok() {
            // What stands in its place is no word of the sender.
            true if entries.has_expired(&record)? => writeln!(out, "(expired)"),
            true => out
                .write_all(&record.body)
                .and_then(|()| out.write_all(b"\n")),
            false => line,
        };
        if let Err(error) = body {
            // Whatever it was, nothing more can be shown; an end of the reader alone is no failure.
            say::lost(error);
            return Ok(());
        }
    }
    Ok(())
}

fn export(args: &Export) -> Result<(), Ending> {
    let ExportFormat::Jsonl = args.format;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let entries = EntryReader::over(args.place.reader()?);
    for record in records(&args.place, args.from, args.to)? {
        let record = record.map_err(|fault| ending(&fault))?;
        let mark = entries.mark_of(&record)?;
        let mut line = json!({
            "number": record.number,
            "time": Timestamp::from_micros(record.time_micros).to_string(),
            "kind": kind_name(&record),
            "sender": record.sender,
            "message_id": uuid::Uuid::from_bytes(record.message_id).to_string(),
            "label": record.label,
            "cause": record.cause,
            "flags": record.flags,
            "digest": hex(&record.digest),
            "chain": hex(&record.chain),
        });
        if let Some(fields) = line.as_object_mut() {
            let is_expired = entries.has_expired(&record)?;
            if is_expired {
                fields.insert("expired".to_owned(), true.into());
            }
            if record.is_expired() {
                // Nothing of it is left but the digest.
            } else if record.body.is_empty() && kind(&record) == Some(EntryKind::Message) {
                fields.insert("submission".to_owned(), record.cause.into());
                fields.insert("part".to_owned(), record.part.into());
            } else {
                fields.insert("original".to_owned(), STANDARD.encode(&record.body).into());
            }
            if let Some(mark) = &mark {
                fields.insert("mark".to_owned(), described(mark));
            }
        }
        if let Err(error) = writeln!(out, "{line}") {
            say::lost(error);
            return Ok(());
        }
    }
    if let Err(error) = out.flush() {
        say::lost(error);
    }
    Ok(())
}

/// Entries between two words on how far a replay is.
const PROGRESS: u64 = 10_000;

fn replay(args: &Replay) -> Result<(), Ending> {
    let wrong = |faults: Vec<Fault>| {
        print_faults(&faults);
        Ending::new(CONFIG, "nothing was replayed")
    };
    let config = ParkConfig::read(&args.config).map_err(wrong)?;
    let maker: Arc<dyn Maker> = settings(&config, &Mappings::default()).map_err(wrong)?;
    let reader = match &args.dir {
        Some(dir) => EntryReader::open(dir)?,
        None => past::reader(&config)?,
    };
    let authority = Authority::new(
        Arc::new(config.plan.clone()),
        config.hub.id.clone(),
        config.authority.clone(),
    )?;
    let report = replay_under(&reader, &maker, Some(&authority), args.to, |number| {
        if number % PROGRESS == 0 {
            tell!("entry {number}");
        }
    })?;
    let hash = report.state_hash.to_string();
    match args.format {
        Format::Text => {
            show!(
                "entry {}, state {hash}, chain {}: {} entries stepped, {} decisions compared{}",
                report.number,
                report.chain,
                report.entries,
                report.compared,
                marked(&report)
            );
            print_marks(&report.marked);
            tell_settings(&report);
        }
        Format::Json => show!(
            "{}",
            json!({
                "number": report.number, "state_hash": hash, "chain": report.chain.to_string(),
                "entries": report.entries, "compared": report.compared,
                "unverified": report.unverified,
                "before_settings": report.unsettled,
                "settings": report.settings.iter().map(|(number, label)| json!({
                    "entry": number, "part": label.name, "why": label.why,
                })).collect::<Vec<_>>(),
                "marked": report.marked.iter().map(described).collect::<Vec<_>>(),
                "difference": report.first_difference.as_ref().map(|first| json!({
                    "entry": first.number, "what": first.what, "settings": first.settings,
                })),
            })
        ),
    }
    report.check().inspect_err(|_| {
        tell_program(&reader, &report);
        tell_unknown(&reader, &report);
    })?;
    match &args.expect {
        Some(expected) if !expected.eq_ignore_ascii_case(&hash) => Err(Ending::new(
            FAILED,
            format!("the state hash is {hash}, expected {expected}"),
        )),
        _ => Ok(()),
    }
}

/// Says under which settings entries were stepped that do not say it themselves.
fn tell_settings(report: &ReplayReport) {
    match (report.unsettled, report.settings.len()) {
        (0, _) => {}
        (last, 0) => tell!(
            "entries 1 to {last}: the journal holds no settings; they were stepped under those of the configuration"
        ),
        (last, _) => tell!(
            "entries 1 to {last}: written before the journal held settings; they were stepped under those of the configuration"
        ),
    }
}

/// Says who decided where a replay and the journal part, when it was another program: what that one decided
/// otherwise this one cannot step.
fn tell_program(reader: &EntryReader, report: &ReplayReport) {
    let Some(first) = &report.first_difference else {
        return;
    };
    let written = report.settings.iter().rev();
    let mut written =
        written.filter(|(number, label)| *number <= first.settings && label.name == "program");
    let Some((from, _)) = written.next() else {
        return;
    };
    let record = reader.journal().get(*from).ok().flatten();
    let part = record.map(|record| Part::new("program", 1, record.body));
    let program = part.and_then(|part| read::<Program>(&part).ok());
    if let Some(program) = program.filter(|program| *program != Program::this()) {
        tell!(
            "from entry {from} on cordon {} decided, this is {}: replay that range with the version that wrote it",
            program.version,
            Program::this().version
        );
    }
}

/// Names the plug-ins that decided before a replay and the journal part, and that this program does not have: it can
/// step nothing of theirs.
fn tell_unknown(reader: &EntryReader, report: &ReplayReport) {
    let Some(first) = &report.first_difference else {
        return;
    };
    let said = report.settings.iter();
    let said = said.filter(|(number, _)| *number <= first.settings);
    let own = said.filter_map(|(number, label)| Some((number, label.name.strip_prefix(PLUGINS)?)));
    let unknown = own.filter(|(_, name)| KINDS.iter().all(|kind| kind.name != *name));
    // What was said last of each.
    let unknown: BTreeMap<&str, u64> = unknown.map(|(number, name)| (name, *number)).collect();
    for (name, number) in unknown {
        let record = reader.journal().get(number).ok().flatten();
        let part = record.map(|it| Part::new(&format!("{PLUGINS}{name}"), 1, it.body));
        if part.is_some_and(|part| !part.is_nothing()) {
            tell!(
                "from entry {number} on the plug-in {name} decided, which this program does not have: replay that range with one that has it"
            );
        }
    }
}

/// What a replay says of marked entries after its figures.
fn marked(report: &ReplayReport) -> String {
    match (report.marked.len(), report.unverified) {
        (0, 0) => String::new(),
        (marked, unverified) => format!(
            "; {marked} entries marked, {unverified} decisions on unreadable entries not compared"
        ),
    }
}

fn described(mark: &Mark) -> serde_json::Value {
    json!({"entry": mark.number, "code": mark.code, "read": mark.is_read(), "why": mark.why})
}

fn records(
    place: &Place,
    from: u64,
    to: Option<u64>,
) -> Result<impl Iterator<Item = cordon_journal::Result<Record>>, Ending> {
    let reader = place.reader()?;
    reader
        .read_range(from, to.unwrap_or(u64::MAX))
        .map_err(|fault| ending(&fault))
}

fn kind(record: &Record) -> Option<EntryKind> {
    EntryKind::from_number(record.kind)
}

pub(super) fn kind_name(record: &Record) -> String {
    kind(record).map_or_else(
        || format!("kind-{}", record.kind),
        |kind| format!("{kind:?}").to_lowercase(),
    )
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
