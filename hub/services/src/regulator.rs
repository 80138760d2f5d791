//! The regulator's operations: reports, messages after a position, certificate status.

use std::time::Duration;

use cordon_contract::{EntryKind, Fault};
use cordon_model::service::{
    self, CertificateState, GetCertificateStatus, GetCertificateStatusResponse, GetMessages,
    GetMessagesResponse, GetReportResponse, JournalEntry, ListReportsResponse,
};
use cordon_model::{Digest, Timestamp};
use cordon_security::ca::State;
use cordon_security::wsse::VerifiedEnvelope;
use cordon_security::{CertificateStatus, Standing};
use cordon_wire::service as wire;

use crate::Parts;
use crate::answer::Reply;
use crate::enterprise::{operation, payload, reply, unknown};
use crate::lawful::lawful;

/// Entries in one answer at most, by count and by bytes of their bodies.
const ENTRIES_MAX: u32 = 1_000;
const ENTRY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Certificates in one answer at most (schema).
const CERTIFICATES_MAX: usize = 500;
/// How long a call may wait for new entries.
const WAIT_MAX: Duration = Duration::from_secs(25);

/// Answers a verified call.
pub async fn answer(parts: &Parts, call: VerifiedEnvelope) -> Result<Reply, Fault> {
    let name = operation(&call)?;
    match name.as_str() {
        "ListReports" => list_reports(parts, &call),
        "GetReport" => get_report(parts, &call).await,
        "GetMessages" => get_messages(parts, &call).await,
        "GetCertificateStatus" => certificate_status(parts, &call),
        _ => Err(unknown(&name)),
    }
}

fn list_reports(parts: &Parts, call: &VerifiedEnvelope) -> Result<Reply, Fault> {
    let asked = wire::read_list_reports(payload(call)?).map_err(lawful)?;
    let limit = usize::try_from(asked.limit.unwrap_or(500).clamp(1, 500)).unwrap_or(1);
    let mut report: Vec<service::ReportEntry> = parts
        .core
        .reports()?
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

async fn get_report(parts: &Parts, call: &VerifiedEnvelope) -> Result<Reply, Fault> {
    let asked = wire::read_get_report(payload(call)?).map_err(lawful)?;
    let newest = parts
        .core
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
    let document = parts.core.report(&listed.report_id, listed.version)?;
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
    parts
        .core
        .pulled(&call.identity().id, &listed.report_id, listed.version)
        .await;
    reply(wire::write_get_report_response(&GetReportResponse {
        report_id: listed.report_id,
        version: listed.version,
        digest,
        document,
    }))
}

async fn get_messages(parts: &Parts, call: &VerifiedEnvelope) -> Result<Reply, Fault> {
    let asked = wire::read_get_messages(payload(call)?).map_err(lawful)?;
    let wait = Duration::from_secs(u64::from(asked.wait_seconds.unwrap_or(0))).min(WAIT_MAX);
    parts.core.wait_beyond(asked.after, wait).await;
    let reader = parts.reader.clone();
    // Reading segments is disk work; it must not hold up other calls.
    let page = tokio::task::spawn_blocking(move || page(&reader, &asked))
        .await
        .map_err(|error| {
            Fault::new("S021", "the entries could not be read").log(error.to_string())
        })??;
    reply(wire::write_get_messages_response(&page))
}

fn page(
    reader: &cordon_journal::Reader,
    asked: &GetMessages,
) -> Result<GetMessagesResponse, Fault> {
    let limit = asked.limit.unwrap_or(100).clamp(1, ENTRIES_MAX);
    let (head, head_chain) = reader.position().map_err(journal)?;
    let before = match asked.after {
        0 => cordon_journal::chain::genesis(reader.identity()),
        after => {
            reader
                .get(after)
                .map_err(journal)?
                .ok_or_else(|| ahead(after, head))?
                .chain
        }
    };
    let mut entry = Vec::new();
    let mut bytes = 0;
    for record in reader.read_range(asked.after + 1, head).map_err(journal)? {
        let record = record.map_err(journal)?;
        let mut encoded = Vec::new();
        record.to_new().encode_into(&mut encoded).map_err(journal)?;
        bytes += encoded.len() * 2;
        if entry.len() >= limit as usize || (bytes > ENTRY_BYTES_MAX && !entry.is_empty()) {
            break;
        }
        entry.push(shown(&record, encoded)?);
    }
    let next = entry
        .last()
        .map_or(asked.after, |last: &JournalEntry| last.number);
    Ok(GetMessagesResponse {
        entry,
        previous_chain_hash: Digest::from(before),
        next,
        head,
        head_chain_hash: Digest::from(head_chain),
        more: next < head,
    })
}

fn shown(record: &cordon_journal::Record, encoded: Vec<u8>) -> Result<JournalEntry, Fault> {
    let kind = EntryKind::from_number(record.kind).ok_or_else(|| {
        Fault::new(
            "S021",
            format!("entry {} is of an unknown kind", record.number),
        )
    })?;
    Ok(JournalEntry {
        number: record.number,
        kind: wire_kind(kind),
        time: Timestamp::from_micros(record.time_micros),
        cause: record.cause,
        part: u32::from(record.part),
        sender_id: record.sender.parse().ok(),
        message_id: (record.message_id != [0; 16])
            .then(|| uuid::Uuid::from_bytes(record.message_id).into()),
        message_type: record.label.parse().ok(),
        digest: Digest::from(record.digest),
        chain_hash: Digest::from(record.chain),
        original: None,
        record: Some(encoded),
    })
}

fn wire_kind(kind: EntryKind) -> service::EntryKind {
    match kind {
        EntryKind::Submission => service::EntryKind::Submission,
        EntryKind::Message => service::EntryKind::Message,
        EntryKind::Refused => service::EntryKind::Refused,
        EntryKind::Order => service::EntryKind::Order,
        EntryKind::Outcome => service::EntryKind::Outcome,
        EntryKind::Tick => service::EntryKind::Tick,
        EntryKind::Audit => service::EntryKind::Audit,
    }
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

fn journal(fault: cordon_journal::JournalFault) -> Fault {
    Fault::new("S021", "the entries could not be read").log(fault.to_string())
}

fn ahead(after: u64, head: u64) -> Fault {
    Fault::new(
        "S013",
        format!("entry {after} is not written yet; the last is {head}"),
    )
    .at("/Envelope/Body/GetMessages/After")
    .remedy("ask after an entry that exists")
}
