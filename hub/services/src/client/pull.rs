//! Pulling reports and entries: nothing is written before signature, digest and chain are checked.

use std::path::{Path, PathBuf};

use cordon_contract::Fault;
use cordon_model::service::{
    GetCertificateStatus, GetCertificateStatusResponse, GetReport, ListReports, ReportEntry,
};
use cordon_model::{Digest, PartyId, ReportType};
use cordon_security::{Role, TrustStore, xmldsig};
use cordon_wire::{WireFault, service as wire};

use super::link::payload;
use super::{Link, LinkError, filed, listed};
use crate::lawful::lawful;

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

/// Pulls one report into `folder`. The signature must be the hub's, and what it covers the report that is listed. What
/// was pulled before is never written over (`S085`).
pub async fn pull_report(
    link: &Link,
    trust: &TrustStore,
    key: &ReportKey,
    folder: &Path,
) -> Result<PulledReport, LinkError> {
    let listed = find(link, key).await?;
    let ask = GetReport {
        report_id: listed.report_id.clone(),
        version: Some(listed.version),
    };
    let answer = link
        .call(&wire::write_get_report(&ask).map_err(untrusted)?)
        .await?;
    let report = wire::read_get_report_response(payload(&answer)?).map_err(untrusted)?;
    let digest = cordon_wire::digest_of_bytes(&report.document);
    listed::answer(&report, &listed, digest).map_err(LinkError::Untrusted)?;
    let verified = xmldsig::verify_kept(
        report.document.clone(),
        trust,
        &[Role::Hub],
        Some(link.park()),
        link.now(),
    )
    .map_err(LinkError::Untrusted)?;
    let document =
        cordon_wire::read_report_document(verified.document().root()).map_err(untrusted)?;
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

/// The listed report that the key means.
async fn find(link: &Link, key: &ReportKey) -> Result<ReportEntry, LinkError> {
    let (reports, _) = list_reports(link, Some(key.kind)).await?;
    reports
        .into_iter()
        .filter(|report| key.id.as_ref().is_none_or(|id| *id == report.report_id))
        .filter(|report| key.version.is_none_or(|version| version == report.version))
        .max_by(|a, b| (a.period.from, a.version).cmp(&(b.period.from, b.version)))
        .ok_or_else(|| {
            LinkError::Refused(
                Fault::new(
                    "S012",
                    format!("the hub has no such report of type {}", key.kind.as_str()),
                )
                .remedy("ask for another type or version, or wait until it is built"),
            )
        })
}

/// The reports the hub offers, newest first, and whether it has more than it tells.
pub async fn list_reports(
    link: &Link,
    kind: Option<ReportType>,
) -> Result<(Vec<ReportEntry>, bool), LinkError> {
    let ask = ListReports {
        report_type: kind,
        from: None,
        to: None,
        limit: Some(500),
    };
    let answer = link
        .call(&wire::write_list_reports(&ask).map_err(untrusted)?)
        .await?;
    let list = wire::read_list_reports_response(payload(&answer)?).map_err(untrusted)?;
    listed::list(&list.report, kind, link.park()).map_err(LinkError::Untrusted)?;
    Ok((list.report, list.more))
}

/// Asks what became of certificates: of all, of one party's, or of one by its fingerprint.
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
    wire::read_get_certificate_status_response(payload(&answer)?).map_err(untrusted)
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
