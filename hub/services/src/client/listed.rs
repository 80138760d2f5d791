//! What a listed report is held to: the list to the question, the answer to the list, the signed document to both.
//! A hub that signs says one thing in three places, and a puller files it under the name of the first.

use std::collections::{BTreeMap, BTreeSet};

use cordon_contract::Fault;
use cordon_model::service::{GetReportResponse, ReportEntry};
use cordon_model::{Digest, Granularity, ParkCode, Period, ReportDocument};

use super::ListKey;

/// Holds a list to what was asked: the park is that of the puller's certificate.
///
/// # Errors
/// `S080` for a report of another type or park, a time that was not asked about, a version that is listed
/// twice, and a list that contradicts itself.
pub(super) fn list(reports: &[ReportEntry], key: &ListKey, park: &ParkCode) -> Result<(), Fault> {
    let mut seen = BTreeSet::new();
    let mut spans: BTreeMap<&str, &ReportEntry> = BTreeMap::new();
    for report in reports {
        let asked = key.kind.unwrap_or(report.report_type);
        same("ReportType", report.report_type, asked, ASKED)
            .and_then(|()| same("ParkCode", &report.park_code, park, ASKED))
            .and_then(|()| in_time(&report.period, key))
            .map_err(|words| another("S080", "the list", report, &words))?;
        if !seen.insert((&report.report_id, report.version)) {
            return Err(another("S080", "the list", report, "it is named twice"));
        }
        let first = spans.entry(&report.report_id).or_insert(report);
        of_one(report, first).map_err(|words| another("S080", "the list", report, &words))?;
    }
    Ok(())
}

/// Holds a span to the time that was asked about.
fn in_time(span: &Period, key: &ListKey) -> Result<(), String> {
    match (key.from, key.to) {
        (Some(from), _) if span.to <= from => {
            Err(format!("To is {}, {ASKED} is after {from}", span.to))
        }
        (_, Some(to)) if span.from >= to => {
            Err(format!("From is {}, {ASKED} is before {to}", span.from))
        }
        _ => Ok(()),
    }
}

/// Holds a version to another one of its report. Which is the newest goes by both: one that is moved away is not it.
fn of_one(report: &ReportEntry, other: &ReportEntry) -> Result<(), String> {
    let (at, its) = (&report.period, &other.period);
    if report.version == 0 {
        return Err("Version is 0, the first is 1".to_owned());
    }
    if at.to < at.from {
        return Err(format!("To is {}, From is {}", at.to, at.from));
    }
    same("ReportType", report.report_type, other.report_type, OTHER)?;
    same("Granularity", at.granularity, its.granularity, OTHER)?;
    same("From", at.from, its.from, OTHER)?;
    // A day so far ends later with each version.
    match at.granularity {
        Granularity::OnDemand => Ok(()),
        _ => same("To", at.to, its.to, OTHER),
    }
}

/// The list of a report's own time is whole and does not name it: the hub says that it has it, and that it has it not.
pub(super) fn left_out(id: &str, version: u32) -> Fault {
    let words = "it leaves out a report that the hub gives";
    refusal("S080", "the list", words).at(format!("{id} v{version}"))
}

/// Holds the answer to the report that was asked for, and its bytes to the listed digest.
///
/// # Errors
/// `S081` for another report or version, `S033` for other bytes.
pub(super) fn answer(
    answer: &GetReportResponse,
    listed: &ReportEntry,
    digest: Digest,
) -> Result<(), Fault> {
    same("ReportId", &answer.report_id, &listed.report_id, ASKED)
        .and_then(|()| same("Version", answer.version, listed.version, ASKED))
        .map_err(|words| another("S081", "the answer", listed, &words))?;
    if digest != listed.digest || digest != answer.digest {
        let listed = listed.digest;
        let words = format!("the report's bytes have digest {digest}, listed is {listed}");
        return Err(Fault::new("S033", words).remedy("pull again; if it stays so, call the park"));
    }
    Ok(())
}

/// Holds the signed document, of so many bytes, to what is listed of it.
///
/// # Errors
/// `S082`, naming the first field that is another.
pub(super) fn document(
    document: &ReportDocument,
    listed: &ReportEntry,
    bytes: usize,
) -> Result<(), Fault> {
    let (said, at) = (&document.period, &listed.period);
    let entry = document.journal_position.entry_number;
    let size = u64::try_from(bytes).unwrap_or(u64::MAX);
    [
        same("ReportType", document.report_type, listed.report_type, HELD),
        same("ReportId", &document.report_id, &listed.report_id, HELD),
        same("Version", document.version, listed.version, HELD),
        same("ParkCode", &document.park_code, &listed.park_code, HELD),
        same("EntryNumber", entry, listed.entry_number, HELD),
        same("Granularity", said.granularity, at.granularity, HELD),
        same("From", said.from, at.from, HELD),
        same("To", said.to, at.to, HELD),
        same(
            "GeneratedAt",
            document.generated_at,
            listed.generated_at,
            HELD,
        ),
        same("Size", size, listed.size, HELD),
    ]
    .into_iter()
    .collect::<Result<(), String>>()
    .map_err(|words| another("S082", "the signed report", listed, &words))
}

const ASKED: &str = "asked for";
const HELD: &str = "listed";
const OTHER: &str = "of another version";

fn same<T: PartialEq + std::fmt::Display>(
    field: &str,
    said: T,
    wanted: T,
    by: &str,
) -> Result<(), String> {
    match said == wanted {
        true => Ok(()),
        false => Err(format!("{field} is {said}, {by} is {wanted}")),
    }
}

fn another(code: &'static str, what: &str, listed: &ReportEntry, words: &str) -> Fault {
    refusal(code, what, words).at(format!("{} v{}", listed.report_id, listed.version))
}

fn refusal(code: &'static str, what: &str, words: &str) -> Fault {
    Fault::new(
        code,
        format!("{what} is another than it is given as: {words}"),
    )
    .remedy("nothing was written; keep the hub's signed answers and call the park")
}
