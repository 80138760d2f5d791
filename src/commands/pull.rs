//! `cordon pull`: a regulator's client; nothing is written or shown before it is verified.

use std::path::{Path, PathBuf};

use cordon_model::service::Certificate;
use cordon_model::{Digest, PartyId, ReportType, Timestamp};
use cordon_services::client::{
    Checkpoint, ListKey, Lock, MessagesWanted, ReportKey, list_reports, pull_certificates,
    pull_messages, pull_report,
};
use serde_json::json;

use super::{Format, HubArgs, link_ending, runtime};
use crate::exit::{Ending, USAGE};
use crate::kept::Sink;

/// Pull reports, journal entries or the state of certificates and verify them.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Pull one signed report into a folder
    #[command(
        after_help = "Example:\n  cordon pull report --type RPT-01 --out reports \\\n    \
        --url https://127.0.0.1:8443/soap/regulator --certs certs/regulator-1 --trust certs/ca"
    )]
    Report(Report),
    /// List the reports the hub offers
    #[command(
        after_help = "The newest first, 500 at once; where the hub has more it is said how to go on.\n\n\
        Example:\n  cordon pull list --type RPT-01 --from 2026-03-01 --to 2026-04-01 \\\n    \
        --url https://127.0.0.1:8443/soap/regulator --certs certs/regulator-1 --trust certs/ca"
    )]
    List(List),
    /// Pull journal entries and hold them to their records and to what the hub signed before
    #[command(
        after_help = "Begins where the checkpoint ends and goes on until there is no more. Keep the checkpoint: with it a\n\
        fork or a rollback of the journal is found, and both signed statements are put beside it. Where the hub no longer\n\
        keeps what comes next (J014) it says from which entry on it does: go on there with --after and --chain. A list never\n\
        loses what it holds.\n\n\
        Example:\n  cordon pull messages --out messages.jsonl --keep records \\\n    \
        --url https://127.0.0.1:8443/soap/regulator --certs certs/regulator-1 --trust certs/ca"
    )]
    Messages(Messages),
    /// Ask what became of the park's certificates
    #[command(
        after_help = "Example:\n  cordon pull certificates --party enterprise-1 \\\n    \
        --url https://127.0.0.1:8443/soap/regulator --certs certs/regulator-1 --trust certs/ca"
    )]
    Certificates(Certificates),
}

/// Arguments of `report`.
#[derive(clap::Args, Debug)]
pub struct Report {
    #[command(flatten)]
    hub: HubArgs,
    /// The report's type, such as RPT-01
    #[arg(long = "type")]
    kind: String,
    /// The report's id; the newest of the type when not given
    #[arg(long)]
    id: Option<String>,
    /// The version; the newest when not given
    #[arg(long)]
    version_number: Option<u32>,
    /// Folder to write into
    #[arg(long)]
    out: PathBuf,
}

/// Arguments of `list`.
#[derive(clap::Args, Debug)]
pub struct List {
    #[command(flatten)]
    hub: HubArgs,
    /// Only reports of this type, such as RPT-01
    #[arg(long = "type")]
    kind: Option<String>,
    /// Only reports whose span ends after this: a day of the park, or a time such as 2026-03-31T08:00:00+08:00
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    from: Option<Timestamp>,
    /// Only reports whose span begins before this
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    to: Option<Timestamp>,
    /// How to print the list
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Arguments of `messages`.
#[derive(clap::Args, Debug)]
pub struct Messages {
    #[command(flatten)]
    hub: HubArgs,
    /// Begin after this entry instead of where the checkpoint ends; above 0 with --chain
    #[arg(long)]
    after: Option<u64>,
    /// The chain hash of the entry after which to begin, from a receipt, an earlier pull, or the hub's word (J014)
    #[arg(long, value_name = "HASH", requires = "after")]
    chain: Option<String>,
    /// Entries at most; all there are when not given
    #[arg(long)]
    limit: Option<u64>,
    /// File to write, one JSON document per line; what it holds stays, what it lacks is added
    #[arg(long)]
    out: PathBuf,
    /// What is known of the hub's journal between two pulls; OUT.checkpoint.json when not given
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Folder to keep the records themselves in
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// Arguments of `certificates`.
#[derive(clap::Args, Debug)]
pub struct Certificates {
    #[command(flatten)]
    hub: HubArgs,
    /// Only certificates of this party
    #[arg(long)]
    party: Option<String>,
    /// Only the certificate with this SHA-256 fingerprint (hexadecimal)
    #[arg(long)]
    fingerprint: Option<String>,
    /// How to print the answer
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub fn run(command: &Command) -> Result<(), Ending> {
    match command {
        Command::Report(args) => report(args),
        Command::List(args) => list(args),
        Command::Messages(args) => messages(args),
        Command::Certificates(args) => certificates(args),
    }
}

fn report(args: &Report) -> Result<(), Ending> {
    let kind = report_type(&args.kind)?;
    let (link, trust) = args.hub.link()?;
    let key = ReportKey {
        kind,
        id: args.id.clone(),
        version: args.version_number,
    };
    let pulled = runtime()?
        .block_on(pull_report(&link, &trust, &key, &args.out))
        .map_err(|error| link_ending(&error))?;
    show!(
        "{}: {} version {}, entry {}, digest {}, verified",
        pulled.file.display(),
        pulled.id,
        pulled.version,
        pulled.entry_number,
        pulled.digest
    );
    if pulled.stood {
        tell!("it was there already, the same bytes");
    }
    Ok(())
}

fn report_type(text: &str) -> Result<ReportType, Ending> {
    text.parse()
        .map_err(|error| Ending::new(USAGE, format!("no report type `{text}`: {error}")))
}

/// A day is its beginning, on the park's clocks.
fn moment(text: &str) -> Result<Timestamp, String> {
    text.parse()
        .or_else(|_| format!("{text}T00:00:00+08:00").parse())
        .map_err(|_| "write a day, 2026-03-31, or a time, 2026-03-31T08:00:00+08:00".to_owned())
}

fn list(args: &List) -> Result<(), Ending> {
    let key = ListKey {
        kind: args.kind.as_deref().map(report_type).transpose()?,
        from: args.from,
        to: args.to,
    };
    let (link, _) = args.hub.link()?;
    let (reports, more) = runtime()?
        .block_on(list_reports(&link, &key))
        .map_err(|error| link_ending(&error))?;
    for one in &reports {
        match args.format {
            Format::Text => show!(
                "{:<44} v{:<4} {} to {}  entry {:<8} {}",
                one.report_id,
                one.version,
                one.period.from,
                one.period.to,
                one.entry_number,
                one.digest
            ),
            Format::Json => show!(
                "{}",
                json!({
                    "report_id": one.report_id, "type": one.report_type.as_str(),
                    "version": one.version, "from": one.period.from.to_string(),
                    "to": one.period.to.to_string(), "generated_at": one.generated_at.to_string(),
                    "entry": one.entry_number, "digest": one.digest.to_string(), "size": one.size,
                })
            ),
        }
    }
    if reports.is_empty() {
        let kind = key.kind.map_or("reports", ReportType::as_str);
        match key.from.or(key.to) {
            Some(_) => tell!("the hub has no {kind} of that time"),
            None => tell!("the hub has no {kind} yet"),
        }
    }
    let oldest = reports.iter().map(|one| one.period.from).min();
    if let Some(oldest) = oldest.filter(|_| more) {
        tell!("{}", go_on(oldest, key.to));
    }
    Ok(())
}

/// How to see what the list had no room for; `oldest` is where the last of it begins.
fn go_on(oldest: Timestamp, to: Option<Timestamp>) -> String {
    // Others that begin with it may have had no room.
    let with_it = oldest.plus_seconds(1);
    match to.is_some_and(|to| to <= with_it) {
        false => format!("the hub has older ones too: go on with --to {with_it}"),
        true => format!(
            "the hub has more that begin at {oldest} than it lists at once: pull one with its --id and --version-number; \
             for those before go on with --to {oldest}"
        ),
    }
}

fn messages(args: &Messages) -> Result<(), Ending> {
    let wanted = MessagesWanted {
        after: args.begin()?,
        limit: args.limit,
    };
    let file = args.checkpoint_file();
    let (link, _) = args.hub.link()?;
    let _alone = args.alone(&file)?;
    let known = Checkpoint::read_if_there(&file)?;
    let after = wanted
        .after
        .or_else(|| known.as_ref().map(Checkpoint::verified));
    let mut sink = Sink::open(&args.out, args.keep.as_deref(), after)?;
    let pulled = runtime()?
        .block_on(pull_messages(&link, &wanted, &file, |entries| {
            sink.take(entries)
        }))
        .map_err(|error| link_ending(&error))?;
    let left_out = left_out(known.as_ref(), args.after, &sink);
    let stood = sink.stood();
    // What was pulled is on the disk before the checkpoint says that it was.
    sink.sync()?;
    pulled.checkpoint.write(&file)?;
    show!(
        "{}: {} entries up to {}, newest {}, each held to its record, chain verified; checkpoint {}",
        args.out.display(),
        pulled.entries,
        pulled.checkpoint.number,
        pulled.checkpoint.head,
        file.display()
    );
    if stood > 0 {
        tell!("{stood} of them stood in the list already");
    }
    if let Some((from, to)) = left_out {
        tell!("entries {from} to {to} are left out");
        tell!("{}", word_for(known.as_ref(), to, pulled.checkpoint.number));
    }
    Ok(())
}

/// The entries between what is known or stands in the list and a beginning behind it.
fn left_out(known: Option<&Checkpoint>, after: Option<u64>, sink: &Sink) -> Option<(u64, u64)> {
    let after = after?;
    let known = known.map(|known| known.number);
    let last = sink.last_up_to(after).max(known)?;
    (last < after).then(|| (last.saturating_add(1), after))
}

/// What vouches for where the journal goes on behind entries that are left out, up to `to`.
fn word_for(known: Option<&Checkpoint>, to: u64, pulled: u64) -> String {
    let next = to.saturating_add(1);
    let Some(known) = known else {
        return format!(
            "that entry {next} follows them, and that what is before them is of the same journal, is the hub's word alone: there was no checkpoint"
        );
    };
    let head = known.head;
    match head {
        _ if head <= known.number => {
            format!("that entry {next} follows them is the hub's word alone, under its signature")
        }
        _ if head <= to => format!(
            "that entry {next} follows them is the hub's word alone; entry {head}, which it had signed for, is among them and can be held to it no more"
        ),
        _ if head <= pulled => format!(
            "entry {head}, which the hub had signed for before, was reached from {next}: they are those that it had then"
        ),
        _ => format!(
            "that entry {next} follows them is the hub's word alone until entry {head}, which it had signed for, is pulled"
        ),
    }
}

impl Messages {
    /// Keeps other pulls from all that this one writes. Each takes them in this order, so none waits for ever.
    fn alone(&self, checkpoint: &Path) -> Result<Vec<Lock>, Ending> {
        let mut locks = vec![Lock::exchanged(checkpoint)?];
        locks.extend(Lock::list(&self.out)?);
        if let Some(folder) = &self.keep {
            locks.push(Lock::folder(folder)?);
        }
        Ok(locks)
    }

    /// The entry after which to begin, where the command line names one.
    fn begin(&self) -> Result<Option<(u64, [u8; 32])>, Ending> {
        let chain = self
            .chain
            .as_deref()
            .map(|text| {
                text.to_ascii_lowercase()
                    .parse::<Digest>()
                    .map_err(|error| Ending::new(USAGE, format!("no chain hash `{text}`: {error}")))
            })
            .transpose()?;
        match (self.after, chain) {
            (None, _) => Ok(None),
            (Some(0), _) => Ok(Some((0, [0; 32]))),
            (Some(after), Some(chain)) => Ok(Some((after, chain.0))),
            (Some(after), None) => Err(Ending::new(
                USAGE,
                format!(
                    "the chain hash of entry {after} must be known: give it with --chain, or begin at the checkpoint or at 0"
                ),
            )),
        }
    }

    fn checkpoint_file(&self) -> PathBuf {
        self.checkpoint.clone().unwrap_or_else(|| {
            let mut name = self.out.clone().into_os_string();
            name.push(".checkpoint.json");
            PathBuf::from(name)
        })
    }
}

fn certificates(args: &Certificates) -> Result<(), Ending> {
    let party = args
        .party
        .as_deref()
        .map(|id| PartyId::new(id).map_err(|error| Ending::new(USAGE, error.to_string())))
        .transpose()?;
    let fingerprint = args
        .fingerprint
        .as_deref()
        .map(|text| {
            text.to_ascii_lowercase()
                .parse::<Digest>()
                .map_err(|error| Ending::new(USAGE, format!("no fingerprint `{text}`: {error}")))
        })
        .transpose()?;
    let (link, _) = args.hub.link()?;
    let answer = runtime()?
        .block_on(pull_certificates(&link, party, fingerprint))
        .map_err(|error| link_ending(&error))?;
    for one in &answer.certificate {
        show(one, args.format);
    }
    tell!("as of {}", answer.this_update);
    Ok(())
}

fn show(one: &Certificate, format: Format) {
    let shown = |time: Option<Timestamp>| time.map(|time| time.to_string());
    match format {
        Format::Text => show!(
            "{:<8} {:<11} {:<24} {}  until {}{}",
            one.state.as_str(),
            one.role.as_deref().unwrap_or("-"),
            one.party_id.as_ref().map_or("-", |id| id.as_str()),
            one.fingerprint,
            shown(one.not_after).unwrap_or_else(|| "-".to_owned()),
            shown(one.revoked_at).map_or_else(String::new, |at| format!("  revoked {at}")),
        ),
        Format::Json => show!(
            "{}",
            json!({
                "state": one.state.as_str(), "role": one.role,
                "party": one.party_id.as_ref().map(ToString::to_string),
                "fingerprint": one.fingerprint.to_string(), "not_before": shown(one.not_before),
                "not_after": shown(one.not_after), "revoked_at": shown(one.revoked_at),
            })
        ),
    }
}
