//! `cordon pull`: a regulator's client; nothing is written or shown before it is verified.

use std::io::Write as _;
use std::path::PathBuf;

use cordon_model::service::Certificate;
use cordon_model::{Digest, PartyId, ReportType, Timestamp};
use cordon_services::client::{ReportKey, pull_certificates, pull_messages, pull_report};
use serde_json::json;

use super::{Format, HubArgs, link_ending, runtime};
use crate::exit::{Ending, USAGE};

/// Pull reports, journal entries or the state of certificates and verify them.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Pull one signed report into a folder
    #[command(
        after_help = "Example:\n  cordon pull report --type RPT-01 --out reports \\\n    \
        --url https://127.0.0.1:8443/soap/regulator --certs certs/regulator-1 --trust certs/ca"
    )]
    Report(Report),
    /// Pull journal entries after a position and check their hash chain
    #[command(
        after_help = "Example:\n  cordon pull messages --after 0 --out messages.jsonl \\\n    \
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

/// Arguments of `messages`.
#[derive(clap::Args, Debug)]
pub struct Messages {
    #[command(flatten)]
    hub: HubArgs,
    /// The last entry that is known already
    #[arg(long, default_value_t = 0)]
    after: u64,
    /// Entries at most
    #[arg(long, default_value_t = 1_000)]
    limit: u32,
    /// File to write, one JSON document per line
    #[arg(long)]
    out: PathBuf,
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
        Command::Messages(args) => messages(args),
        Command::Certificates(args) => certificates(args),
    }
}

fn report(args: &Report) -> Result<(), Ending> {
    let kind: ReportType = args
        .kind
        .parse()
        .map_err(|error| Ending::new(USAGE, format!("no report type `{}`: {error}", args.kind)))?;
    let (link, trust) = args.hub.link()?;
    let key = ReportKey {
        kind,
        id: args.id.clone(),
        version: args.version_number,
    };
    let pulled = runtime()?
        .block_on(pull_report(&link, &trust, &key, &args.out))
        .map_err(|error| link_ending(&error))?;
    println!(
        "{}: {} version {}, entry {}, digest {}, verified",
        pulled.file.display(),
        pulled.id,
        pulled.version,
        pulled.entry_number,
        pulled.digest
    );
    Ok(())
}

fn messages(args: &Messages) -> Result<(), Ending> {
    let (link, _) = args.hub.link()?;
    let entries = runtime()?
        .block_on(pull_messages(&link, args.after, args.limit))
        .map_err(|error| link_ending(&error))?;
    let mut text = Vec::new();
    for entry in &entries {
        let line = json!({
            "number": entry.number, "kind": entry.kind.as_str(), "time": entry.time.to_string(),
            "digest": entry.digest.to_string(), "chain": entry.chain_hash.to_string(),
        });
        // Writing to memory cannot fail.
        let _ = writeln!(text, "{line}");
    }
    std::fs::write(&args.out, text).map_err(|error| Ending::file(&args.out, &error))?;
    println!(
        "{}: {} entries, chain verified",
        args.out.display(),
        entries.len()
    );
    Ok(())
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
    eprintln!("as of {}", answer.this_update);
    Ok(())
}

fn show(one: &Certificate, format: Format) {
    let shown = |time: Option<Timestamp>| time.map(|time| time.to_string());
    match format {
        Format::Text => println!(
            "{:<8} {:<11} {:<24} {}  until {}{}",
            one.state.as_str(),
            one.role.as_deref().unwrap_or("-"),
            one.party_id.as_ref().map_or("-", |id| id.as_str()),
            one.fingerprint,
            shown(one.not_after).unwrap_or_else(|| "-".to_owned()),
            shown(one.revoked_at).map_or_else(String::new, |at| format!("  revoked {at}")),
        ),
        Format::Json => println!(
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
