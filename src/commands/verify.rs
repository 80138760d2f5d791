//! `cordon journal verify`: every byte, and what is known of the journal from outside it.

use std::path::PathBuf;

use cordon_flow::{Examination, Finding, examine};
use cordon_journal::{
    Expectation, FaultKind, Problem, Record, Report, Unmet, WRITER_PATIENCE, Witness, verify_held,
};
use cordon_security::TrustStore;
use serde_json::json;

use super::Format;
use super::journal::{ending, hex};
use super::place::Place;
use crate::evidence::{Evidence, Held};
use crate::exit::{Ending, FAILED, FILES};
use crate::past;

/// Entries between two words on how far an examination is.
const PROGRESS: u64 = 10_000;
/// Files that prove nothing named at most; the rest are counted.
const UNPROVEN_SHOWN: usize = 100;

/// Arguments of `verify`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// Verify every message's digest and every sender's signature too; a certificate must have been
    /// good when its entry was written, by the hub's clock and the list that it held
    #[arg(long, requires = "trust")]
    deep: bool,
    /// Folder with the park CA's certificates and revocation lists
    #[arg(long)]
    trust: Option<PathBuf>,
    /// Folder with signed answers of the hub that hold receipts, such as the `accepted` folder of a
    /// spool; may be repeated
    #[arg(long, value_name = "DIR", requires = "trust")]
    receipts: Vec<PathBuf>,
    /// Folder with signed reports; may be repeated
    #[arg(long, value_name = "DIR", requires = "trust")]
    reports: Vec<PathBuf>,
    /// A checkpoint file of `cordon pull messages`; may be repeated
    #[arg(long, value_name = "FILE", requires = "trust")]
    checkpoint: Vec<PathBuf>,
    /// How to print the report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Ending> {
    let trust = args.trust.as_deref().map(TrustStore::load).transpose()?;
    let evidence = trust
        .as_ref()
        .map(|trust| gathered(args, trust))
        .transpose()?;
    let known = evidence.as_ref().map_or(Vec::new(), Evidence::positions);
    let mut contradicts = |record: &Record| match &evidence {
        Some(evidence) => evidence.contradictions(record),
        None => Vec::new(),
    };
    let mut report = verify_held(
        args.place.disk()?,
        &args.place.dir,
        &known,
        WRITER_PATIENCE,
        &mut contradicts,
    )
    .map_err(|fault| ending(&fault))?;
    beside(args, &mut report)?;
    let deep = match trust.as_ref().filter(|_| args.deep) {
        Some(trust) => Some(examine(args.place.reader()?, trust, |number| {
            if number % PROGRESS == 0 {
                tell!("entry {number}");
            }
        })?),
        None => None,
    };
    match args.format {
        Format::Text => text(&report, evidence.as_ref(), deep.as_ref()),
        Format::Json => show!("{}", document(&report, evidence.as_ref(), deep.as_ref())),
    }
    let findings = deep.map_or(0, |deep| deep.finding_count);
    let unproven = evidence.map_or(0, |evidence| evidence.unproven.len());
    match (report.problem_count + findings, unproven) {
        (0, 0) => Ok(()),
        (0, unproven) => Err(Ending::new(
            FILES,
            format!("of what was laid before the journal, {unproven} prove nothing"),
        )),
        (problems, _) => Err(Ending::new(FAILED, format!("{problems} problems"))),
    }
}

/// All that was laid before the journal.
fn gathered<'a>(args: &Args, trust: &'a TrustStore) -> Result<Evidence<'a>, Ending> {
    let mut evidence = Evidence::of(&args.place.dir, trust);
    for folder in &args.receipts {
        evidence.receipts(folder)?;
    }
    for folder in &args.reports {
        evidence.reports(folder)?;
    }
    for file in &args.checkpoint {
        evidence.checkpoint(file)?;
    }
    Ok(evidence)
}

/// What the witness beside the folder knows.
fn beside(args: &Args, report: &mut Report) -> Result<(), Ending> {
    let path = past::witness_of(&args.place.dir);
    let position = Witness::read(&path).map_err(|fault| ending(&fault))?;
    let Some((number, chain)) = position else {
        return Ok(());
    };
    let expectation = Expectation {
        number,
        chain: Some(chain),
        source: path.display().to_string(),
    };
    // A journal that cannot be read was complained of already.
    let text = match expectation.unmet(&args.place.dir) {
        Ok(Some(Unmet::Short { last })) => {
            format!("the journal ends with entry {last}, the witness knows entry {number}")
        }
        Ok(Some(Unmet::Other)) => {
            format!("entry {number} is not the one the witness knows")
        }
        Ok(None) | Err(_) => return Ok(()),
    };
    report.problem_count += 1;
    report.problems.push(Problem {
        code: FaultKind::Short.code(),
        file: expectation.source,
        offset: 0,
        record: Some(number),
        text,
        remedy: FaultKind::Short.remedy(),
    });
    Ok(())
}

fn text(report: &Report, evidence: Option<&Evidence<'_>>, deep: Option<&Examination>) {
    let findings = deep.map_or(0, |deep| deep.finding_count);
    show!(
        "{}: {} entries ({} to {}) in {} segments, {} sealed, chain {}, {} ms{}",
        if report.problem_count + findings == 0 {
            "clean"
        } else {
            "DAMAGED"
        },
        report.records,
        report.first,
        report.last,
        report.segments,
        report.sealed,
        hex(&report.chain),
        report.duration.as_millis(),
        if report.torn_tail {
            "; a batch that is not whole stands at the end: nothing in the journal shows that it ever was, compare with receipts"
        } else {
            ""
        },
    );
    if let Some(evidence) = evidence {
        laid_before(evidence);
    }
    for problem in &report.problems {
        let place = match problem.file.as_str() {
            "" => String::new(),
            file => format!(" {file}:{}", problem.offset),
        };
        show!(
            "{}{place}: {}\n  {}",
            problem.code,
            problem.text,
            problem.remedy
        );
        for source in known_from(evidence, problem) {
            show!("  known from {source}");
        }
    }
    let Some(deep) = deep else { return };
    show!(
        "deep: {} signatures and {} digests of {} entries, {} wrong",
        deep.signatures,
        deep.digests,
        deep.entries,
        deep.finding_count
    );
    for finding in &deep.findings {
        show!(
            "{} entry {}: {}",
            finding.code,
            finding.number,
            finding.text
        );
    }
    if deep.note_count > 0 {
        show!(
            "no damage, but to be known: {} messages were heard before the hub had read the list",
            deep.note_count
        );
    }
    for note in &deep.notes {
        show!("{} entry {}: {}", note.code, note.number, note.text);
    }
}

/// What counts of what was laid before the journal, and what does not.
fn laid_before(evidence: &Evidence<'_>) {
    if !evidence.held.is_empty() {
        show!(
            "held against it: {} receipts, {} reports, {} checkpoints",
            evidence.count(Held::Receipt),
            evidence.count(Held::Report),
            evidence.count(Held::Checkpoint)
        );
    }
    for one in evidence.unproven.iter().take(UNPROVEN_SHOWN) {
        show!("proves nothing: {}: {}", one.source.display(), one.why);
    }
    let more = evidence.unproven.len().saturating_sub(UNPROVEN_SHOWN);
    if more > 0 {
        show!("proves nothing: {more} more");
    }
}

/// The files that know the entry of a problem. One with a receipt names its file itself.
fn known_from(evidence: Option<&Evidence<'_>>, problem: &Problem) -> Vec<String> {
    let number = problem
        .record
        .filter(|_| problem.code != FaultKind::Receipt.code());
    let known = evidence.zip(number);
    known.map_or(Vec::new(), |(evidence, number)| evidence.who_knows(number))
}

fn document(
    report: &Report,
    evidence: Option<&Evidence<'_>>,
    deep: Option<&Examination>,
) -> serde_json::Value {
    let count = |kind| evidence.map_or(0, |evidence| evidence.count(kind));
    let unproven = evidence.map_or(&[][..], |evidence| &evidence.unproven);
    let findings = deep.map_or(0, |deep| deep.finding_count);
    json!({
        "clean": report.problem_count + findings == 0, "entries": report.records,
        "first": report.first, "last": report.last, "segments": report.segments,
        "sealed": report.sealed, "chain": hex(&report.chain), "torn_tail": report.torn_tail,
        "held": {
            "receipts": count(Held::Receipt), "reports": count(Held::Report),
            "checkpoints": count(Held::Checkpoint),
        },
        "unproven": unproven.iter().take(UNPROVEN_SHOWN).map(|one| json!({
            "file": one.source.display().to_string(), "why": one.why,
        })).collect::<Vec<_>>(),
        "unproven_count": unproven.len(),
        "problems": report.problems.iter().map(|problem| json!({
            "code": problem.code, "file": problem.file, "offset": problem.offset,
            "entry": problem.record, "text": problem.text, "remedy": problem.remedy,
            "known_from": known_from(evidence, problem),
        })).collect::<Vec<_>>(),
        "problem_count": report.problem_count,
        "deep": deep.map(|deep| json!({
            "entries": deep.entries, "signatures": deep.signatures, "digests": deep.digests,
            "findings": listed(&deep.findings),
            "finding_count": deep.finding_count,
            "notes": listed(&deep.notes),
            "note_count": deep.note_count,
        })),
    })
}

fn listed(findings: &[Finding]) -> Vec<serde_json::Value> {
    let line = |finding: &Finding| json!({"entry": finding.number, "code": finding.code, "text": finding.text});
    findings.iter().map(line).collect()
}
