//! Pulling reports and entries: nothing is written before signature, digest and chain are checked.

use std::path::{Path, PathBuf};

use cordon_contract::Fault;
use cordon_model::service::{
    Certificate, CertificateState, GetCertificateStatus, GetCertificateStatusResponse, GetReport,
    GetReportResponse, ListReports, ReportEntry,
};
use cordon_model::{Digest, PartyId, ReportDocument, ReportType, Timestamp};
use cordon_security::{Role, TrustStore, xmldsig};
use cordon_wire::{WireFault, service as wire};

use super::link::payload;
use super::{Link, LinkError, filed, listed};
use crate::lawful::lawful;

/// Reports in one list at most (schema).
const LISTED_MAX: u32 = 500;

/// Which report is wanted.
#[derive(Clone, Debug)]
pub struct ReportKey {
    /// The report's type.
    pub kind: ReportType,
    /// Its number; the newest of the type when not given.
    pub id: Option<String>,
    /// Its version; the newest when not given.
    pub version: Option<u32>,
}

/// A report that was verified and written.
#[derive(Clone, Debug)]
pub struct PulledReport {
    /// Where it was written.
    pub file: PathBuf,
    /// Whether it stood there already, byte for byte.
    pub stood: bool,
    /// The report's number.
    pub id: String,
    /// Its version.
    pub version: u32,
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// The journal entry up to which it was built.
    pub entry_number: u64,
}

/// Which reports are to be listed; all when nothing is said.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListKey {
    /// Only of this type.
    pub kind: Option<ReportType>,
    /// Only those whose span ends after this moment.
    pub from: Option<Timestamp>,
    /// Only those whose span begins before this moment.
    pub to: Option<Timestamp>,
}

/// Pulls one report into `folder`. The signature must be the hub's, and what it covers the report that is listed, or,
/// of one that is older than what the hub lists at once, the report that was asked for. What was pulled before is never
/// written over (`S085`).
pub async fn pull_report(
    link: &Link,
    trust: &TrustStore,
    key: &ReportKey,
    folder: &Path,
) -> Result<PulledReport, LinkError> {
    let of_kind = ListKey {
        kind: Some(key.kind),
        ..ListKey::default()
    };
    let (reports, more) = list_reports(link, &of_kind).await?;
    let (listed, report) = match (newest(reports, key), &key.id) {
        (Some(listed), _) => {
            let report = get(link, &listed.report_id, Some(listed.version)).await?;
            (listed, report)
        }
        (None, Some(id)) if more => behind_the_list(link, trust, key, id).await?,
        (None, _) => return Err(LinkError::Refused(none_listed(key, more))),
    };
    let digest = cordon_wire::digest_of_bytes(&report.document);
    listed::answer(&report, &listed, digest).map_err(LinkError::Untrusted)?;
    let document = verified(link, trust, &report)?;
    listed::document(&document, &listed, report.document.len()).map_err(LinkError::Untrusted)?;
    let name = format!(
        "{}-{}-v{}.xml",
        listed.report_type.as_str(),
        safe(&listed.report_id),
        listed.version
    );
    let file = folder.join(name);
    let stood = filed::file(&file, &report.document).map_err(LinkError::Untrusted)?;
    Ok(PulledReport {
        file,
        stood,
        id: listed.report_id,
        version: listed.version,
        digest,
        entry_number: listed.entry_number,
    })
}

/// The newest of the listed reports that the key means.
fn newest(reports: Vec<ReportEntry>, key: &ReportKey) -> Option<ReportEntry> {
    reports
        .into_iter()
        .filter(|report| key.id.as_ref().is_none_or(|id| *id == report.report_id))
        .filter(|report| key.version.is_none_or(|version| version == report.version))
        .max_by(|a, b| (a.period.from, a.version).cmp(&(b.period.from, b.version)))
}

/// A report that is older than what is listed at once: the hub is asked for it by its id. Where it is in time it says
/// itself, signed, and so a list of that time is asked for, which it is held to as any other. Only where that one is
/// too long as well is it held to the question alone.
async fn behind_the_list(
    link: &Link,
    trust: &TrustStore,
    key: &ReportKey,
    id: &str,
) -> Result<(ReportEntry, GetReportResponse), LinkError> {
    let report = get(link, id, key.version).await?;
    let document = verified(link, trust, &report)?;
    let begins = document.period.from;
    let of_its_time = ListKey {
        kind: Some(key.kind),
        from: Some(begins.plus_micros(-1)),
        to: Some(begins.plus_micros(1)),
    };
    let (reports, more) = list_reports(link, &of_its_time).await?;
    match newest(reports, key) {
        Some(listed) if listed.version == report.version => Ok((listed, report)),
        Some(listed) => {
            let report = get(link, id, Some(listed.version)).await?;
            Ok((listed, report))
        }
        None if more => Ok((asked_for(link, key, id, &document, &report), report)),
        None => Err(LinkError::Untrusted(listed::left_out(id, report.version))),
    }
}

/// What a report that no list names is held to: type, id, version and park are those of the question; of the rest it is
/// the only word.
fn asked_for(
    link: &Link,
    key: &ReportKey,
    id: &str,
    document: &ReportDocument,
    report: &GetReportResponse,
) -> ReportEntry {
    ReportEntry {
        report_id: id.to_owned(),
        report_type: key.kind,
        version: key.version.unwrap_or(report.version),
        park_code: link.park().clone(),
        period: document.period.clone(),
        generated_at: document.generated_at,
        entry_number: document.journal_position.entry_number,
        digest: report.digest,
        size: u64::try_from(report.document.len()).unwrap_or(u64::MAX),
    }
}

async fn get(link: &Link, id: &str, version: Option<u32>) -> Result<GetReportResponse, LinkError> {
    let ask = GetReport {
        report_id: id.to_owned(),
        version,
    };
    let answer = link
        .call(&wire::write_get_report(&ask).map_err(untrusted)?)
        .await?;
    wire::read_get_report_response(payload(&answer)?).map_err(untrusted)
}

/// The document under the hub's signature.
fn verified(
    link: &Link,
    trust: &TrustStore,
    report: &GetReportResponse,
) -> Result<ReportDocument, LinkError> {
    let verified = xmldsig::verify_kept(
        report.document.clone(),
        trust,
        &[Role::Hub],
        Some(link.park()),
        link.now(),
    )
    .map_err(LinkError::Untrusted)?;
    cordon_wire::read_report_document(verified.document().root()).map_err(untrusted)
}

fn none_listed(key: &ReportKey, more: bool) -> Fault {
    let kind = key.kind.as_str();
    match more {
        true => Fault::new(
            "S012",
            format!("none of the newest reports of type {kind} is of that version"),
        )
        .remedy("the hub has older ones: name the report by its id too"),
        false => Fault::new("S012", format!("the hub has no such report of type {kind}"))
            .remedy("ask for another type or version, or wait until it is built"),
    }
}

/// The reports the hub offers, newest first, and whether it has more than it tells.
pub async fn list_reports(
    link: &Link,
    key: &ListKey,
) -> Result<(Vec<ReportEntry>, bool), LinkError> {
    let ask = ListReports {
        report_type: key.kind,
        from: key.from,
        to: key.to,
        limit: Some(LISTED_MAX),
    };
    let answer = link
        .call(&wire::write_list_reports(&ask).map_err(untrusted)?)
        .await?;
    let list = wire::read_list_reports_response(payload(&answer)?).map_err(untrusted)?;
    listed::list(&list.report, key, link.park()).map_err(LinkError::Untrusted)?;
    Ok((list.report, list.more))
}

/// Asks what became of certificates: of all, of one party's, or of one by its fingerprint. An answer about others, or
/// that leaves out the one that was named, is none (`S032`).
pub async fn pull_certificates(
    link: &Link,
    party: Option<PartyId>,
    fingerprint: Option<Digest>,
) -> Result<GetCertificateStatusResponse, LinkError> {
    let ask = GetCertificateStatus {
        party_id: party,
        fingerprint,
    };
    let answer = link
        .call(&wire::write_get_certificate_status(&ask).map_err(untrusted)?)
        .await?;
    let answer =
        wire::read_get_certificate_status_response(payload(&answer)?).map_err(untrusted)?;
    about(&answer.certificate, &ask).map_err(LinkError::Untrusted)?;
    Ok(answer)
}

/// Holds an answer to the certificates that were asked about. One whose fingerprint nobody knows is no party's.
fn about(told: &[Certificate], asked: &GetCertificateStatus) -> Result<(), Fault> {
    let unfit = |words: String| {
        Err(Fault::new("S032", words).remedy("ask again; if it stays so, call the park"))
    };
    for one in told {
        let is_unknown = one.state == CertificateState::Unknown && asked.fingerprint.is_some();
        match (&asked.party_id, &one.party_id) {
            (Some(asked), Some(party)) if asked != party => {
                return unfit(format!("it tells of {party}, asked for is {asked}"));
            }
            (Some(asked), None) if !is_unknown => {
                return unfit(format!("it tells of nobody, asked for is {asked}"));
            }
            _ => {}
        }
        if let Some(asked) = asked.fingerprint.filter(|it| *it != one.fingerprint) {
            let said = one.fingerprint;
            return unfit(format!(
                "it tells of certificate {said}, asked for is {asked}"
            ));
        }
    }
    match asked.fingerprint {
        Some(asked) if told.is_empty() => unfit(format!("it leaves out certificate {asked}")),
        _ => Ok(()),
    }
}

fn untrusted(fault: WireFault) -> LinkError {
    LinkError::Untrusted(lawful(fault))
}

/// A name that is safe as part of a file name.
fn safe(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect()
}
