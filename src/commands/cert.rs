//! `cordon cert`: the park's certificate authority, and checking signed files.

use std::path::{Path, PathBuf};

use cordon_contract::{Clock as _, SystemClock};
use cordon_model::{ParkCode, PartyId};
use cordon_security::ca::{
    Authority, Bundle, CaSettings, IssueRequest, KeyAlgorithm, KeySource, Reason, Record,
    inspect_file,
};
use cordon_security::xmldsig::verify_enveloped;
use cordon_security::{Role, TrustStore};
use serde_json::json;

use super::certify::SIGNERS;
use super::{Format, calendar};
use crate::exit::{Ending, USAGE};

/// Highest number that a list can be given by hand; there is room above it.
const CRL_NUMBER_MAX: u64 = u64::MAX >> 1;

/// Run the park's certificate authority and verify signed files.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Make a root and an issuing CA in a new folder
    #[command(after_help = "Example:\n  cordon cert init --dir ca --park JS-PARK-1")]
    Init(Init),
    /// Issue a certificate, from a request or with a fresh key
    #[command(
        after_help = "Examples:\n  cordon cert issue --dir ca --role enterprise --id plant-a --csr plant-a.csr --out certs/plant-a\n  \
        cordon cert issue --dir ca --role hub --id hub-1 --host hub.park.example --out certs/hub-1"
    )]
    Issue(Issue),
    /// Revoke a certificate by its serial number and write a new CRL
    #[command(
        after_help = "Example:\n  cordon cert revoke --dir ca --serial 4f… --reason key-compromise"
    )]
    Revoke(Revoke),
    /// List what was issued
    List(List),
    /// Write a fresh CRL
    #[command(
        after_help = "A CA that was restored from an older backup goes on with numbers that hubs went by already, and has forgotten whom it\n\
        revoked since: give it the lists that a hub went by (lists-in-use in its data folder), or revoke again\n\
        what was revoked since and give a number above.\n\n\
        Examples:\n  cordon cert crl --dir ca\n  cordon cert crl --dir ca --with lists-in-use/*.crl.pem\n  cordon cert crl --dir ca --above 41"
    )]
    Crl(Crl),
    /// Show when certificates, revocation lists and the register end
    #[command(
        after_help = "Of each holder in the register the certificate that lasts longest. With --within the exit code is 1 when\n\
        anything ends within so many days or is over, so that a timer can call it.\n\n\
        Examples:\n  cordon cert calendar --trust certs/ca --certs certs/hub-1\n  \
        cordon cert calendar --config park.toml --within 7 --format json"
    )]
    Calendar(calendar::Args),
    /// Verify a signed report, declaration or conformance result
    #[command(after_help = "Example:\n  cordon cert verify --trust certs/ca reports/RPT-01-*.xml")]
    Verify(Verify),
}

/// Arguments of `init`.
#[derive(clap::Args, Debug)]
pub struct Init {
    /// The CA's folder
    #[arg(long)]
    dir: PathBuf,
    /// The park's code
    #[arg(long)]
    park: String,
    /// Key algorithm: p256, rsa2048 or ed25519
    #[arg(long, default_value = "p256")]
    algorithm: String,
}

/// Arguments of `issue`.
#[derive(clap::Args, Debug)]
pub struct Issue {
    /// The CA's folder
    #[arg(long)]
    dir: PathBuf,
    /// hub, enterprise, regulator, vendor, device or operator
    #[arg(long)]
    role: String,
    /// The holder's party id
    #[arg(long)]
    id: String,
    /// A PKCS#10 request in PEM; without it a fresh key is made
    #[arg(long, conflicts_with = "algorithm")]
    csr: Option<PathBuf>,
    /// Algorithm of a fresh key: p256, rsa2048 or ed25519
    #[arg(long, default_value = "p256")]
    algorithm: String,
    /// DNS name or IP address the holder answers at (roles that serve); may be repeated
    #[arg(long)]
    host: Vec<String>,
    /// Validity in days; the profile's longest when not given
    #[arg(long)]
    days: Option<u32>,
    /// Folder for certificate.pem, chain.pem, root.pem and a fresh key.pem; what has these names there is replaced
    #[arg(long)]
    out: PathBuf,
}

/// Arguments of `revoke`.
#[derive(clap::Args, Debug)]
pub struct Revoke {
    /// The CA's folder
    #[arg(long)]
    dir: PathBuf,
    /// Serial number, as `cordon cert list` shows it
    #[arg(long)]
    serial: String,
    /// unspecified, key-compromise, affiliation-changed, superseded or cessation-of-operation
    #[arg(long, default_value = "unspecified")]
    reason: String,
}

/// Arguments of `list`.
#[derive(clap::Args, Debug)]
pub struct List {
    /// The CA's folder
    #[arg(long)]
    dir: PathBuf,
    /// How to print the list
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Arguments of `crl`.
#[derive(clap::Args, Debug)]
pub struct Crl {
    /// The CA's folder
    #[arg(long)]
    dir: PathBuf,
    /// Give it a higher number than this, which a hub went by (V110, V115)
    #[arg(long, value_name = "NUMBER", default_value_t, value_parser = clap::value_parser!(u64).range(..=CRL_NUMBER_MAX))]
    above: u64,
    /// Revoke what newer lists of this CA revoke, and pass their numbers
    #[arg(long, value_name = "FILE", num_args = 1..)]
    with: Vec<PathBuf>,
}

/// Arguments of `verify`.
#[derive(clap::Args, Debug)]
pub struct Verify {
    /// Folder with the park CA's certificates and revocation list
    #[arg(long)]
    trust: PathBuf,
    /// For a declaration of conformance: the result it speaks of, which is verified with it
    #[arg(long)]
    result: Option<PathBuf>,
    /// The signed files
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Runs the command.
pub fn run(command: &Command) -> Result<(), Ending> {
    match command {
        Command::Init(args) => init(args),
        Command::Issue(args) => issue(args),
        Command::Revoke(args) => revoke(args),
        Command::List(args) => list(args),
        Command::Crl(args) => crl(args),
        Command::Calendar(args) => calendar::run(args),
        Command::Verify(args) => verify(args),
    }
}

fn init(args: &Init) -> Result<(), Ending> {
    let park: ParkCode = parsed("park code", &args.park)?;
    let mut settings = CaSettings::new(park);
    settings.algorithm = args.algorithm.parse::<KeyAlgorithm>()?;
    let mut authority = Authority::init(&args.dir, &settings, SystemClock.now())?;
    authority.crl(SystemClock.now())?;
    show!("{}: CA of park {}", args.dir.display(), authority.park());
    tell!(
        "keep this folder off the hub; copy root.pem, issuing.pem, both .crl.pem files and register.json to its trust folder"
    );
    Ok(())
}

fn issue(args: &Issue) -> Result<(), Ending> {
    let key = match &args.csr {
        Some(file) => KeySource::Request(
            std::fs::read_to_string(file).map_err(|error| Ending::file(file, &error))?,
        ),
        None => KeySource::Fresh(args.algorithm.parse::<KeyAlgorithm>()?),
    };
    let wanted = IssueRequest {
        role: args.role.parse::<Role>()?,
        id: parsed::<PartyId>("party id", &args.id)?,
        key,
        hosts: args.host.clone(),
        days: args.days,
    };
    let issued = Authority::open(&args.dir)?.issue(&wanted, SystemClock.now())?;
    Bundle::write(&issued, &args.out)?;
    show!(
        "{}: {} {}, serial {}, until {}",
        args.out.display(),
        issued.issue.role.as_str(),
        issued.issue.id,
        issued.issue.serial,
        issued.issue.not_after
    );
    Ok(())
}

fn revoke(args: &Revoke) -> Result<(), Ending> {
    let reason: Reason = args.reason.parse()?;
    let mut authority = Authority::open(&args.dir)?;
    let record = authority.revoke(&args.serial, reason, SystemClock.now())?;
    if record == Record::Missing {
        tell!(
            "this CA has no record of {}: it is revoked all the same. Unless the CA was restored from a backup, look whether the number is mistyped (`cordon cert list`)",
            args.serial
        );
    }
    authority.crl(SystemClock.now())?;
    show!(
        "revoked {}; the .crl.pem files and register.json are new, copy them to the hub's trust folder",
        args.serial
    );
    Ok(())
}

fn list(args: &List) -> Result<(), Ending> {
    let authority = Authority::open(&args.dir)?;
    let now = SystemClock.now();
    for issue in authority.list() {
        let state = format!("{:?}", issue.state(now)).to_lowercase();
        match args.format {
            Format::Text => show!(
                "{:<10} {:<11} {:<24} {}  until {}",
                state,
                issue.role.as_str(),
                issue.id,
                issue.serial,
                issue.not_after
            ),
            Format::Json => show!(
                "{}",
                json!({
                    "state": state, "role": issue.role.as_str(), "id": issue.id.to_string(),
                    "serial": issue.serial, "not_before": issue.not_before.to_string(),
                    "not_after": issue.not_after.to_string(), "fingerprint": issue.fingerprint,
                })
            ),
        }
    }
    for one in authority.unrecorded() {
        match args.format {
            Format::Text => show!(
                "{:<10} {:<11} {:<24} {}  since {}",
                "revoked",
                "-",
                "(no record)",
                one.serial,
                one.at
            ),
            Format::Json => show!(
                "{}",
                json!({
                    "state": "revoked", "serial": one.serial, "revoked": one.at.to_string(),
                    "reason": one.reason, "recorded": false,
                })
            ),
        }
    }
    Ok(())
}

fn crl(args: &Crl) -> Result<(), Ending> {
    let mut authority = Authority::open(&args.dir)?;
    if args.with.is_empty() {
        authority.crl_above(args.above, SystemClock.now())?;
    } else {
        let taken = authority.crl_with(&args.with, args.above, SystemClock.now())?;
        for serial in &taken {
            show!("revoked {serial}");
        }
        tell!("{} revocations taken over", taken.len());
    }
    show!(
        "{}: the .crl.pem files and register.json are new",
        args.dir.display()
    );
    Ok(())
}

fn verify(args: &Verify) -> Result<(), Ending> {
    let trust = TrustStore::load(&args.trust)?;
    for file in &args.files {
        let seen = inspect_file(file, &trust, SystemClock.now())?;
        if seen.namespace == cordon_suite::NAMESPACE {
            conformance(file, args.result.as_deref(), &trust)?;
        }
        show!(
            "{}: good: {} signed by {} ({}) of {}, certificate {}",
            file.display(),
            seen.document,
            seen.id,
            seen.role.as_str(),
            seen.park,
            seen.serial
        );
    }
    Ok(())
}

/// What only conformance documents must meet: a role that may sign them, and, when the result is
/// given, a declaration that speaks of this very file.
fn conformance(file: &Path, result: Option<&Path>, trust: &TrustStore) -> Result<(), Ending> {
    let open = |file: &Path| -> Result<_, Ending> {
        let bytes = std::fs::read(file).map_err(|error| Ending::file(file, &error))?;
        Ok(verify_enveloped(
            bytes,
            trust,
            &SIGNERS,
            None,
            SystemClock.now(),
        )?)
    };
    let declaration = open(file)?;
    let root = declaration.document().root();
    let Some(result) = result.filter(|_| root.local() == "DeclarationOfConformance") else {
        return Ok(());
    };
    let spoken = open(result)?;
    let part = |name: &str| {
        let node = root.child(cordon_suite::NAMESPACE, name);
        node.map(|node| node.text().into_owned())
            .unwrap_or_default()
    };
    let id = spoken
        .document()
        .root()
        .child(cordon_suite::NAMESPACE, "ResultId");
    let same_id = id.is_some_and(|id| id.text() == part("ResultId"));
    let digest = cordon_suite::hex_digest(spoken.document().bytes());
    if same_id && digest == part("ResultDigest") {
        Ok(())
    } else {
        Err(Ending::failed(format!(
            "{} speaks of another result than {}",
            file.display(),
            result.display()
        )))
    }
}

fn parsed<T: std::str::FromStr>(what: &str, text: &str) -> Result<T, Ending>
where
    T::Err: std::fmt::Display,
{
    text.parse()
        .map_err(|error| Ending::new(USAGE, format!("no {what} `{text}`: {error}")))
}
