//! `cordon submit`: a partner's client with a durable spool.

use std::path::PathBuf;
use std::time::Duration;

use cordon_contract::{Fault, Shutdown};
use cordon_model::service::Answer;
use cordon_model::{MessageId, Refusal};
use cordon_services::client::{Given, Spool, SpoolState, SubmitSummary, Submitter};
use cordon_services::lawful;

use super::{HubArgs, link_ending, runtime};
use crate::exit::{Ending, TRY_AGAIN};
use crate::say::plain;

/// Submits message files; what is not answered stays in the spool and keeps its id.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Messages leave in the order in which they were given. Without files, submits what waits in the spool.\n\
    What a receipt warns of is said on standard error, with code and remedy, and changes no exit code.\n\
    Exit codes: 0 all accepted; 1 something was refused, now or before, or damaged; 69 no answer; 75 messages wait: refused for now, or not to be read.\n\n\
    Example:\n  cordon submit --url https://127.0.0.1:8443/soap/enterprise --certs certs/enterprise-1 \\\n    \
    --trust certs/ca --spool spool registration.xml"
)]
pub struct Args {
    #[command(flatten)]
    hub: HubArgs,
    /// Folder that holds messages until they are answered
    #[arg(long)]
    spool: PathBuf,
    /// Messages in one request, 1 to 500
    #[arg(long, default_value_t = 100)]
    batch: usize,
    /// Seconds without progress after which it gives up; messages stay in the spool
    #[arg(long, default_value_t = 60)]
    patience_s: u64,
    /// Files with one `c:Message` each
    files: Vec<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Ending> {
    let spool = Spool::open(&args.spool)?;
    let patience = Duration::from_secs(args.patience_s);
    let giving = spool.give(patience)?;
    let mut refused_before = 0;
    for file in &args.files {
        let bytes = std::fs::read(file).map_err(|error| Ending::file(file, &error))?;
        let place = |fault: Fault| {
            let within = format!("{}: {}", file.display(), fault.place());
            fault.at(within)
        };
        let message = cordon_wire::parse_message(&bytes).map_err(|fault| place(lawful(fault)))?;
        // What is sent is the canonical form, which has no XML declaration to repeat in a batch.
        let canonical =
            cordon_wire::write_message(&message).map_err(|fault| place(lawful(fault)))?;
        let id = &message.header.message_id;
        let Given { state, words } = spool.put(id, &canonical)?;
        if state != SpoolState::Waiting {
            tell!("{}: answered before ({})", file.display(), state.as_str());
        }
        if !words.is_empty() {
            tell!("{}: message {id}: {words}", file.display());
        }
        if state == SpoolState::Refused {
            refused_before += 1;
            if let Some(refusal) = spool.refusal(id) {
                hear(id, &Answer::Refusal(refusal));
            }
        }
    }
    drop(giving);
    let alone = spool.send(patience);
    let _alone = alone.map_err(|fault| kept(fault.into(), args, &spool))?;
    let summary = send(args, &spool).map_err(|ending| kept(ending, args, &spool))?;
    show!(
        "accepted {}, refused {}, waiting {}",
        summary.accepted,
        summary.refused,
        summary.waiting
    );
    if summary.warned > 0 {
        show!("of the accepted, with a warning: {}", summary.warned);
    }
    if refused_before > 0 {
        show!("refused before, not sent again: {refused_before}");
    }
    ended(&summary, refused_before).map_err(|ending| kept(ending, args, &spool))
}

/// How it ends: what was lost or refused is said by the exit code first, and then what waits.
fn ended(summary: &SubmitSummary, refused_before: usize) -> Result<(), Ending> {
    if summary.damaged > 0 {
        return Err(Ending::failed(
            "some waiting files were damaged and put aside; see the spool's `damaged` folder",
        ));
    }
    if summary.refused + refused_before > 0 {
        return Err(Ending::failed(
            "some messages were refused; see the spool's `refused` folder",
        ));
    }
    if !summary.unreadable.is_empty() {
        return Err(Ending::new(
            TRY_AGAIN,
            "some waiting files cannot be read and were passed over",
        ));
    }
    match summary.waiting {
        0 => Ok(()),
        _ => Err(Ending::new(
            TRY_AGAIN,
            "the hub cannot take some messages now",
        )),
    }
}

/// Submits what waits.
fn send(args: &Args, spool: &Spool) -> Result<SubmitSummary, Ending> {
    let (link, _) = args.hub.link()?;
    let submitter = Submitter::new(link, spool.clone(), args.batch, hear, |fault| {
        tell!("{fault}")
    });
    let (_trigger, shutdown) = Shutdown::pair();
    runtime()?
        .block_on(submitter.run(Duration::from_secs(args.patience_s), &shutdown))
        .map_err(|error| link_ending(&error))
}

/// Says what its sender should know of an answer. A warning's text ends with its remedy.
fn hear(id: &MessageId, answer: &Answer) {
    match answer {
        Answer::Receipt(receipt) => {
            for warning in &receipt.warning {
                let (code, text) = (plain(&warning.code), plain(&warning.text));
                tell!("{id}: accepted with a warning: {code}: {text}");
            }
        }
        Answer::Refusal(refusal) => {
            let Refusal {
                code,
                detail,
                place,
                remedy,
                ..
            } = refusal;
            let words = format!("{code}: {detail} at {place}; {remedy}");
            tell!("{id}: refused: {}", plain(&words));
        }
    }
}

/// An ending that says how many messages wait, and what sends them.
fn kept(ending: Ending, args: &Args, spool: &Spool) -> Ending {
    let waiting = spool.waiting().map_or(0, |waiting| waiting.len());
    if waiting == 0 {
        return ending;
    }
    let folder = args.spool.display();
    let words = format!(
        "{}; messages that wait in {folder}: {waiting}, the same command without files sends them",
        ending.words
    );
    Ending::new(ending.code, words)
}
