//! The regulator's operations: reports, messages after a position, certificate status, and the few
//! things a regulator may say.

use std::sync::Arc;

use cordon_contract::Fault;
use cordon_model::Digest;
use cordon_model::service::{
    self, CertificateState, GetCertificateStatus, GetCertificateStatusResponse, GetReport,
    GetReportResponse, ListReportsResponse,
};
use cordon_security::ca::State;
use cordon_security::wsse::VerifiedEnvelope;
use cordon_security::{CertificateStatus, Standing};
use cordon_wire::service as wire;

use crate::answer::Reply;
use crate::call::{limit, operation, payload, reply, unknown};
use crate::lawful::lawful;
use crate::messages::get_messages;
use crate::questions::{Cost, IsGone};
use crate::submission::receipt;
use crate::{Core, Parts};

/// Certificates in one answer at most (schema).
const CERTIFICATES_MAX: usize = 500;

/// Bytes that the answer with a report takes while it is made.
const REPORT_BYTES: usize = 16 * 1024 * 1024;

/// Answers a verified question.
pub async fn answer(parts: &Parts, call: &VerifiedEnvelope) -> Result<Reply, Fault> {
    let name = operation(call)?;
    match name.as_str() {
        "ListReports" => list_reports(parts, call).await,
        "GetReport" => get_report(parts, call).await,
        "GetMessages" => get_messages(parts, call).await,
        "GetCertificateStatus" => certificate_status(parts, call),
        "GetReceipt" => receipt(parts, call).await,
        _ => Err(unknown(&name)),
    }
}

pub(crate) async fn list_reports(parts: &Parts, call: &VerifiedEnvelope) -> Result<Reply, Fault> {
    let asked = wire::read_list_reports(payload(call)?).map_err(lawful)?;
    let limit = limit(asked.limit);
    let core = Arc::clone(&parts.core);
    let listed = parts
        .questions
        .read(call.identity(), Cost::Look, move |_| core.reports());
    let mut report: Vec<service::ReportEntry> = listed
        .await?
        .into_iter()
        .filter(|report| {
            asked
                .report_type
                .is_none_or(|kind| kind == report.report_type)
        })
        .filter(|report| asked.from.is_none_or(|from| report.period.to > from))
        .filter(|report| asked.to.is_none_or(|to| report.period.from < to))
        .collect();
    report.sort_by_key(|report| std::cmp::Reverse((report.period.from, report.version)));
    let more = report.len() > limit;
    report.truncate(limit);
    reply(wire::write_list_reports_response(&ListReportsResponse {
        report,
        more,
    }))
}

pub(crate) async fn get_report(parts: &Parts, call: &VerifiedEnvelope) -> Result<Reply, Fault> {
    let asked = wire::read_get_report(payload(call)?).map_err(lawful)?;
    let room = parts.room(call.identity(), REPORT_BYTES).await?;
    let core = Arc::clone(&parts.core);
    let work = move |_: IsGone<'_>| {
        let (listed, document) = report(core.as_ref(), &asked)?;
        let (id, version) = (listed.report_id.clone(), listed.version);
        let reply = reply(wire::write_get_report_response(&GetReportResponse {
            report_id: listed.report_id,
            version,
            digest: listed.digest,
            document,
        }))?;
        let room = Some(room);
        Ok((id, version, Reply { room, ..reply }))
    };
    let read = parts.questions.read(call.identity(), Cost::Look, work);
    let (id, version, reply) = read.await?;
    let who = &call.identity().id;
    parts.core.pulled(who, &id, version).await;
    Ok(reply)
}

/// The report that is asked for, the newest where no version is, as it was built.
fn report(core: &dyn Core, asked: &GetReport) -> Result<(service::ReportEntry, Vec<u8>), Fault> {
    let newest = core
        .reports()?
        .into_iter()
        .filter(|report| report.report_id == asked.report_id)
        .filter(|report| {
            asked
                .version
                .is_none_or(|version| version == report.version)
        })
        .max_by_key(|report| report.version);
    let listed = newest.ok_or_else(|| {
        Fault::new("S012", "there is no such report")
            .at("/Envelope/Body/GetReport")
            .remedy("see ListReports for what has been built")
    })?;
    let document = core.report(&listed.report_id, listed.version)?;
    let digest = cordon_wire::digest_of_bytes(&document);
    if digest != listed.digest {
        return Err(
            Fault::new("S020", "the stored report is damaged and was not given out")
                .log(format!(
                    "report {} v{} has digest {digest}, recorded is {}",
                    listed.report_id, listed.version, listed.digest
                ))
                .remedy("the park restores it from a backup or builds a new version"),
        );
    }
    Ok((listed, document))
}

/// Answers from the register that the CA publishes; what a CRL revokes is revoked, whatever an
/// older register says.
fn certificate_status(parts: &Parts, call: &VerifiedEnvelope) -> Result<Reply, Fault> {
    const PLACE: &str = "/Envelope/Body/GetCertificateStatus";
    let asked = wire::read_get_certificate_status(payload(call)?).map_err(lawful)?;
    let register = parts.trust.register().ok_or_else(|| {
        Fault::new("S014", "this hub has no register of certificates")
            .at(PLACE)
            .remedy("the park copies register.json from the CA's folder to the trust folder")
    })?;
    let fingerprint = asked.fingerprint.map(|digest| digest.to_string());
    let mut certificate: Vec<service::Certificate> = register
        .certificates
        .iter()
        .filter(|one| asked.party_id.as_ref().is_none_or(|id| *id == one.id))
        .filter(|one| fingerprint.as_ref().is_none_or(|it| *it == one.fingerprint))
        .map(|one| standing(parts, one))
        .collect::<Result<_, _>>()?;
    if certificate.len() > CERTIFICATES_MAX {
        let matches = certificate.len();
        let text = format!("{matches} certificates match, one answer holds {CERTIFICATES_MAX}");
        return Err(Fault::new("S036", text)
            .at(PLACE)
            .remedy("ask by party or by fingerprint"));
    }
    certificate.extend(unknown_certificate(&asked, certificate.is_empty()));
    let response = GetCertificateStatusResponse {
        certificate,
        this_update: register.this_update,
        next_update: Some(register.next_update),
    };
    reply(wire::write_get_certificate_status_response(&response))
}

/// A fingerprint that was asked for and is not this park's.
fn unknown_certificate(
    asked: &GetCertificateStatus,
    is_unknown: bool,
) -> Option<service::Certificate> {
    let fingerprint = asked.fingerprint.filter(|_| is_unknown)?;
    Some(service::Certificate {
        party_id: None,
        role: None,
        fingerprint,
        not_before: None,
        not_after: None,
        state: CertificateState::Unknown,
        revoked_at: None,
    })
}

fn standing(parts: &Parts, of: &Standing) -> Result<service::Certificate, Fault> {
    let is_on_crl = parts.trust.status(&of.serial) == CertificateStatus::Revoked;
    let state = match of.state(parts.clock.now()) {
        State::Revoked => CertificateState::Revoked,
        _ if is_on_crl => CertificateState::Revoked,
        State::Expired => CertificateState::Expired,
        State::Valid => CertificateState::Valid,
    };
    let fingerprint = of.fingerprint.parse::<Digest>().map_err(|error| {
        Fault::new("S014", "the register of certificates cannot be read").log(error.to_string())
    })?;
    Ok(service::Certificate {
        party_id: Some(of.id.clone()),
        role: Some(of.role.as_str().to_owned()),
        fingerprint,
        not_before: Some(of.not_before),
        not_after: Some(of.not_after),
        state,
        revoked_at: of.revoked_at,
    })
}
