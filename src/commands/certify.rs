//! `cordon certify`: the examination of a device, its papers and their signatures.

use std::io::{BufRead as _, Write as _};
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordon_contract::SystemClock;
use cordon_security::xmldsig::sign_enveloped;
use cordon_security::{Role, Signer};
use cordon_suite::{Case, Examination, Examined, OnCase, Papers, modbus, onvif, papers};
use serde_json::json;

use super::{Format, runtime, simulate};
use crate::exit::{Ending, UNAVAILABLE, USAGE};

/// Who may sign conformance documents: those who examine for the park, and makers for their own.
pub const SIGNERS: [Role; 3] = [Role::Hub, Role::Operator, Role::Vendor];

/// Examine a camera or a barrier lane and write what came of it.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Exit codes: 0 passed, 1 a case failed, 69 the device does not answer.\n\n\
    Examples:\n  cordon certify onvif://192.0.2.10:80 --user admin --password-file pw --ask --out papers --certs certs/operator-1\n  \
    cordon certify modbus://192.0.2.20:502 --profile mappings/generic/lane/1/profile.toml --ask\n  \
    cordon certify --list"
)]
pub struct Args {
    /// onvif://HOST:PORT or modbus://HOST:PORT
    #[arg(required_unless_present = "list")]
    target: Option<String>,
    /// List the cases and end
    #[arg(long)]
    list: bool,
    /// Modbus: the profile that states what is examined
    #[arg(long)]
    profile: Option<PathBuf>,
    /// Modbus: the unit id
    #[arg(long, default_value_t = 255)]
    unit: u8,
    /// ONVIF: the user to log in as
    #[arg(long, requires = "password_file")]
    user: Option<String>,
    /// ONVIF: file with the password on its first line
    #[arg(long, requires = "user")]
    password_file: Option<PathBuf>,
    /// ONVIF: what lets things happen in front of the device: POST URL/crossing and so on
    #[arg(long, value_name = "URL", conflicts_with = "ask")]
    stimulus: Option<String>,
    /// ONVIF: do not reboot the device
    #[arg(long)]
    no_reboot: bool,
    /// A person is at the device and answers on standard input when asked to act
    #[arg(long)]
    ask: bool,
    /// Ask only this case, by its id; may be repeated. There is no declaration then
    #[arg(long)]
    case: Vec<String>,
    /// Folder for result.html, junit.xml and the signed documents
    #[arg(long)]
    out: Option<PathBuf>,
    /// Folder with the signer's chain.pem and key.pem (role hub, operator or vendor)
    #[arg(long, requires = "out")]
    certs: Option<PathBuf>,
    /// How to print the verdicts
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Ending> {
    if args.list {
        list(args.format);
        return Ok(());
    }
    let target = args.target.as_deref().unwrap_or_default();
    let signer = args.certs.as_deref().map(signer).transpose()?;
    let examination = if let Some(address) = target.strip_prefix("onvif://") {
        camera(args, resolve(address)?)?
    } else if let Some(address) = target.strip_prefix("modbus://") {
        lane(args, resolve(address)?)?
    } else {
        let words = format!("`{target}` is neither onvif://HOST:PORT nor modbus://HOST:PORT");
        return Err(Ending::new(USAGE, words));
    };
    print(&examination, args.format);
    if let Some(out) = &args.out {
        write(&examination, signer.as_ref(), out)?;
    }
    if examination.is_absent() {
        return Err(Ending::new(
            UNAVAILABLE,
            format!("{target} does not answer"),
        ));
    }
    match examination.failures().as_slice() {
        [] if examination.passed() => Ok(()),
        failures => Err(Ending::failed(format!(
            "not passed: {}",
            failures.join(" ")
        ))),
    }
}

fn list(format: Format) {
    for (suite, cases) in [(onvif::SUITE, onvif::CASES), (modbus::SUITE, modbus::CASES)] {
        for case in cases {
            match format {
                Format::Text => {
                    show!("{suite:<13} {} {} ({})", case.id, case.title, case.clause)
                }
                Format::Json => show!(
                    "{}",
                    json!({"suite": suite, "id": case.id, "title": case.title, "clause": case.clause})
                ),
            }
        }
    }
}

fn resolve(address: &str) -> Result<SocketAddr, Ending> {
    let address = address.trim_end_matches('/');
    let mut found = address
        .to_socket_addrs()
        .map_err(|error| Ending::new(USAGE, format!("no address `{address}`: {error}")))?;
    found
        .next()
        .ok_or_else(|| Ending::new(UNAVAILABLE, format!("{address} has no address")))
}

/// The named cases must exist, or a slip would pass for an examination.
fn chosen(args: &Args, cases: &[Case]) -> Result<Vec<String>, Ending> {
    match args
        .case
        .iter()
        .find(|id| cases.iter().all(|case| case.id != **id))
    {
        Some(id) => Err(Ending::new(
            USAGE,
            format!("no case `{id}`; see `cordon certify --list`"),
        )),
        None => Ok(args.case.clone()),
    }
}

fn camera(args: &Args, address: SocketAddr) -> Result<Examination, Ending> {
    let login = match (&args.user, &args.password_file) {
        (Some(user), Some(file)) => Some(onvif::Login {
            user: user.clone(),
            password: simulate::password(file)?,
        }),
        _ => None,
    };
    let stimulus: Option<onvif::Stimulus> = match &args.stimulus {
        Some(url) => Some(onvif::http_stimulus(url)),
        None if args.ask => Some(Arc::new(|stir: onvif::Stir| {
            Box::pin(async move {
                let done = confirmed(stir.words().to_owned()).await;
                done.then_some(())
                    .ok_or_else(|| "the operator declined".to_owned())
            })
        })),
        None => None,
    };
    let options = onvif::Options {
        login,
        stimulus,
        on_case: Some(progress()),
        only: chosen(args, onvif::CASES)?,
        reboot: !args.no_reboot,
        ..onvif::Options::default()
    };
    Ok(runtime()?.block_on(onvif::examine(address, &options, &SystemClock)))
}

fn lane(args: &Args, address: SocketAddr) -> Result<Examination, Ending> {
    let file = args
        .profile
        .as_ref()
        .ok_or_else(|| Ending::new(USAGE, "a lane is examined against its --profile FILE"))?;
    let profile = std::fs::read_to_string(file).map_err(|error| Ending::file(file, &error))?;
    let operator: Option<modbus::Operator> = args.ask.then(|| {
        Arc::new(
            |words: String| -> cordon_contract::BoxFuture<'static, bool> {
                Box::pin(confirmed(words))
            },
        ) as modbus::Operator
    });
    let options = modbus::Options {
        unit: args.unit,
        operator,
        on_case: Some(progress()),
        only: chosen(args, modbus::CASES)?,
    };
    Ok(runtime()?.block_on(modbus::examine(address, &profile, &options, &SystemClock))?)
}

/// One line for each case on standard error.
fn progress() -> OnCase {
    Arc::new(|examined: &Examined| {
        let reason = examined.verdict.reason();
        let colon = if reason.is_empty() { "" } else { ": " };
        tell!(
            "{} {:<14} {}{colon}{reason}",
            examined.case.id,
            examined.verdict.word(),
            examined.case.title
        );
    })
}

/// Asks the person at the device; Enter is yes, anything else declines.
async fn confirmed(words: String) -> bool {
    let asked = tokio::task::spawn_blocking(move || {
        tell!(">> {words} Then press Enter (n Enter: cannot be done).");
        let _ = std::io::stderr().flush();
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        matches!(read, Ok(count) if count > 0) && line.trim().is_empty()
    });
    asked.await.unwrap_or(false)
}

fn print(examination: &Examination, format: Format) {
    let counts = examination.counts();
    match format {
        Format::Text => show!(
            "{}: {}: {} passed, {} failed, {} not applicable",
            examination.subject.address,
            if examination.passed() {
                "passed"
            } else {
                "not passed"
            },
            counts.passed,
            counts.failed,
            counts.not_applicable
        ),
        Format::Json => {
            let cases: Vec<_> = examination
                .results
                .iter()
                .map(|examined| {
                    json!({
                        "id": examined.case.id, "title": examined.case.title,
                        "verdict": examined.verdict.word(), "reason": examined.verdict.reason(),
                        "took_ms": examined.took_ms,
                    })
                })
                .collect();
            show!(
                "{}",
                json!({
                    "id": examination.id.to_string(), "suite": examination.suite,
                    "suite_version": examination.suite_version, "subject": examination.subject,
                    "passed": examination.passed(), "counts": counts, "cases": cases,
                })
            );
        }
    }
}

fn signer(folder: &Path) -> Result<Signer, Ending> {
    let signer = Signer::load(&folder.join("chain.pem"), &folder.join("key.pem"))?;
    let role = signer.identity().role;
    if SIGNERS.contains(&role) {
        Ok(signer)
    } else {
        Err(Ending::failed(format!(
            "a certificate of role {} may not sign conformance documents; hub, operator and vendor may",
            role.as_str()
        )))
    }
}

fn write(examination: &Examination, signer: Option<&Signer>, out: &Path) -> Result<(), Ending> {
    std::fs::create_dir_all(out).map_err(|error| Ending::file(out, &error))?;
    let made = match signer {
        Some(signer) => {
            let who = signer.identity();
            let issuer = format!("{} ({}) of {}", who.id, who.role.as_str(), who.park);
            papers(examination, &issuer, |document| {
                sign_enveloped(signer, document)
            })?
        }
        None => {
            tell!("without --certs nothing is signed: only result.html and junit.xml are written");
            Papers {
                html: cordon_suite::html(examination),
                junit: cordon_suite::junit(examination),
                result: Vec::new(),
                declaration: None,
            }
        }
    };
    let result = signer.map(|_| made.result.as_slice());
    for (name, bytes) in [
        ("result.html", Some(made.html.as_bytes())),
        ("junit.xml", Some(made.junit.as_slice())),
        ("conformance-result.xml", result),
        ("declaration.xml", made.declaration.as_deref()),
    ] {
        let file = out.join(name);
        let done = match bytes {
            Some(bytes) => std::fs::write(&file, bytes),
            // A paper of an earlier run must not stand beside the result of this one.
            None if file.exists() => std::fs::remove_file(&file),
            None => Ok(()),
        };
        done.map_err(|error| Ending::file(&file, &error))?;
    }
    Ok(())
}
