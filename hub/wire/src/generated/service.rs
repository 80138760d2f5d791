//! Readers and writers, made by `cargo xtask codegen` from `schemas/xsd/service.xsd`; change the schema, not this file.

#[allow(unused_imports, reason = "one list for all generated files")]
use crate::imports::*;

pub(crate) fn read_service_submit_messages(
    node: Node<'_>,
) -> Result<service::SubmitMessages, WireFault> {
    const NAMES: Names = &[(C, "Message")];
    let mut children = Children::open(node, NAMES)?;
    let made = service::SubmitMessages {
        message: children.many(0, 1, 500, read_message)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_service_submit_messages(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &service::SubmitMessages,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    out.occurrence(C_PREFIX, "Message", of.message.len(), 1, 500)?;
    for value in &of.message {
        write_message(out, C_PREFIX, "Message", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_service_submission_result(
    node: Node<'_>,
) -> Result<service::SubmissionResult, WireFault> {
    const NAMES: Names = &[(SVC, "Index"), (SVC, "Answer")];
    let mut children = Children::open(node, NAMES)?;
    let made = service::SubmissionResult {
        index: children.one(0, |node| count(node, &facets::COUNT))?,
        answer: children.one(1, read_service_answer)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_service_submission_result(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &service::SubmissionResult,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.index;
        out.count(SVC_PREFIX, "Index", *value, &facets::COUNT)?;
    }
    {
        let value = &of.answer;
        write_service_answer(out, SVC_PREFIX, "Answer", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_service_answer(node: Node<'_>) -> Result<service::Answer, WireFault> {
    const NAMES: Names = &[(C, "Receipt"), (C, "Refusal")];
    let (place, node) = only_child(node, NAMES)?;
    Ok(match place {
        0 => service::Answer::Receipt(read_receipt(node)?),
        1 => service::Answer::Refusal(read_refusal(node)?),
        _ => return Err(unknown_element(node, NAMES)),
    })
}

pub(crate) fn write_service_answer(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &service::Answer,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    match of {
        service::Answer::Receipt(value) => {
            write_receipt(out, C_PREFIX, "Receipt", value)?;
        }
        service::Answer::Refusal(value) => {
            write_refusal(out, C_PREFIX, "Refusal", value)?;
        }
    }
    out.end();
    Ok(())
}

pub(crate) fn read_service_submit_messages_response(
    node: Node<'_>,
) -> Result<service::SubmitMessagesResponse, WireFault> {
    const NAMES: Names = &[(SVC, "Result")];
    let mut children = Children::open(node, NAMES)?;
    let made = service::SubmitMessagesResponse {
        result: children.many(0, 1, 500, read_service_submission_result)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_service_submit_messages_response(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &service::SubmitMessagesResponse,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    out.occurrence(SVC_PREFIX, "Result", of.result.len(), 1, 500)?;
    for value in &of.result {
        write_service_submission_result(out, SVC_PREFIX, "Result", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_service_get_receipt(node: Node<'_>) -> Result<service::GetReceipt, WireFault> {
    const NAMES: Names = &[(SVC, "SenderId"), (SVC, "MessageId")];
    let mut children = Children::open(node, NAMES)?;
    let made = service::GetReceipt {
        sender_id: children.one(0, value)?,
        message_id: children.one(1, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_service_get_receipt(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &service::GetReceipt,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.sender_id;
        out.display(SVC_PREFIX, "SenderId", value)?;
    }
    {
        let value = &of.message_id;
        out.display(SVC_PREFIX, "MessageId", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_service_get_receipt_response(
    node: Node<'_>,
) -> Result<service::GetReceiptResponse, WireFault> {
    const NAMES: Names = &[(SVC, "Answer")];
    let mut children = Children::open(node, NAMES)?;
    let made = service::GetReceiptResponse {
        answer: children.one(0, read_service_answer)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_service_get_receipt_response(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &service::GetReceiptResponse,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.answer;
        write_service_answer(out, SVC_PREFIX, "Answer", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_service_query_grants(node: Node<'_>) -> Result<service::QueryGrants, WireFault> {
    const NAMES: Names = &[
        (SVC, "EnterpriseId"),
        (SVC, "State"),
        (SVC, "Plate"),
        (SVC, "After"),
        (SVC, "Limit"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = service::QueryGrants {
        enterprise_id: children.optional(0, value)?,
        state: children.optional(1, value)?,
        plate: children.optional(2, read_plate)?,
        after: children.optional(3, |node| text(node, &facets::REFERENCE))?,
        limit: children.optional(4, |node| count(node, &facets::GRANT_LIMIT))?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_service_query_grants(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &service::QueryGrants,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    if let Some(value) = &of.enterprise_id {
        out.display(SVC_PREFIX, "EnterpriseId", value)?;
    }
    if let Some(value) = &of.state {
        out.display(SVC_PREFIX, "State", value)?;
    }
    if let Some(value) = &of.plate {
        write_plate(out, SVC_PREFIX, "Plate", value)?;
    }
    if let Some(value) = &of.after {
        out.text(SVC_PREFIX, "After", value, &facets::REFERENCE)?;
    }
    if let Some(value) = &of.limit {
        out.count(SVC_PREFIX, "Limit", *value, &facets::GRANT_LIMIT)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_service_query_grants_response(
    node: Node<'_>,
) -> Result<service::QueryGrantsResponse, WireFault> {
    const NAMES: Names = &[(SVC, "Grant"), (SVC, "More")];
    let mut children = Children::open(node, NAMES)?;
    let made = service::QueryGrantsResponse {
        grant: children.many(0, 0, 500, read_access_grant)?,
        more: children.one(1, boolean)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_service_query_grants_response(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &service::QueryGrantsResponse,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    out.occurrence(SVC_PREFIX, "Grant", of.grant.len(), 0, 500)?;
    for value in &of.grant {
        write_access_grant(out, SVC_PREFIX, "Grant", value)?;
    }
    {
        let value = &of.more;
        out.display(SVC_PREFIX, "More", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_service_list_reports(node: Node<'_>) -> Result<service::ListReports, WireFault> {
    const NAMES: Names = &[
        (SVC, "ReportType"),
        (SVC, "From"),
        (SVC, "To"),
        (SVC, "Limit"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = service::ListReports {
        report_type: children.optional(0, value)?,
        from: children.optional(1, value)?,
        to: children.optional(2, value)?,
        limit: children.optional(3, |node| count(node, &facets::REPORT_LIMIT))?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_service_list_reports(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &service::ListReports,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    if let Some(value) = &of.report_type {
        out.display(SVC_PREFIX, "ReportType", value)?;
    }
    if let Some(value) = &of.from {
        out.time(SVC_PREFIX, "From", *value)?;
    }
    if let Some(value) = &of.to {
        out.time(SVC_PREFIX, "To", *value)?;
    }
    if let Some(value) = &of.limit {
        out.count(SVC_PREFIX, "Limit", *value, &facets::REPORT_LIMIT)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_service_report_entry(node: Node<'_>) -> Result<service::ReportEntry, WireFault> {
    const NAMES: Names = &[
        (SVC, "ReportId"),
        (SVC, "ReportType"),
        (SVC, "Version"),
        (SVC, "ParkCode"),
        (SVC, "Period"),
        (SVC, "GeneratedAt"),
        (SVC, "EntryNumber"),
        (SVC, "Digest"),
        (SVC, "Size"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = service::ReportEntry {
        report_id: children.one(0, |node| text(node, &facets::REFERENCE))?,
        report_type: children.one(1, value)?,
        version: children.one(2, |node| count(node, &facets::COUNT))?,
        park_code: children.one(3, value)?,
        period: children.one(4, read_period)?,
        generated_at: children.one(5, value)?,
        entry_number: children.one(6, |node| count(node, &facets::ENTRY_NUMBER))?,
        digest: children.one(7, value)?,
        size: children.one(8, |node| count(node, &facets::ENTRY_NUMBER))?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_service_report_entry(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &service::ReportEntry,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.report_id;
        out.text(SVC_PREFIX, "ReportId", value, &facets::REFERENCE)?;
    }
    {
        let value = &of.report_type;
        out.display(SVC_PREFIX, "ReportType", value)?;
    }
    {
        let value = &of.version;
        out.count(SVC_PREFIX, "Version", *value, &facets::COUNT)?;
    }
    {
        let value = &of.park_code;
        out.display(SVC_PREFIX, "ParkCode", value)?;
    }
    {
        let value = &of.period;
        write_period(out, SVC_PREFIX, "Period", value)?;
    }
    {
        let value = &of.generated_at;
        out.time(SVC_PREFIX, "GeneratedAt", *value)?;
    }
    {
        let value = &of.entry_number;
        out.count(SVC_PREFIX, "EntryNumber", *value, &facets::ENTRY_NUMBER)?;
    }
    {
        let value = &of.digest;
        out.display(SVC_PREFIX, "Digest", value)?;
    }
    {
        let value = &of.size;
        out.count(SVC_PREFIX, "Size", *value, &facets::ENTRY_NUMBER)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_service_list_reports_response(
    node: Node<'_>,
) -> Result<service::ListReportsResponse, WireFault> {
    const NAMES: Names = &[(SVC, "Report"), (SVC, "More")];
    let mut children = Children::open(node, NAMES)?;
    let made = service::ListReportsResponse {
        report: children.many(0, 0, 500, read_service_report_entry)?,
        more: children.one(1, boolean)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_service_list_reports_response(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &service::ListReportsResponse,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    out.occurrence(SVC_PREFIX, "Report", of.report.len(), 0, 500)?;
    for value in &of.report {
        write_service_report_entry(out, SVC_PREFIX, "Report", value)?;
    }
    {
        let value = &of.more;
        out.display(SVC_PREFIX, "More", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_service_get_report(node: Node<'_>) -> Result<service::GetReport, WireFault> {
    const NAMES: Names = &[(SVC, "ReportId"), (SVC, "Version")];
    let mut children = Children::open(node, NAMES)?;
    let made = service::GetReport {
        report_id: children.one(0, |node| text(node, &facets::REFERENCE))?,
        version: children.optional(1, |node| count(node, &facets::COUNT))?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_service_get_report(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &service::GetReport,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.report_id;
        out.text(SVC_PREFIX, "ReportId", value, &facets::REFERENCE)?;
    }
    if let Some(value) = &of.version {
        out.count(SVC_PREFIX, "Version", *value, &facets::COUNT)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_service_get_report_response(
    node: Node<'_>,
) -> Result<service::GetReportResponse, WireFault> {
    const NAMES: Names = &[
        (SVC, "ReportId"),
        (SVC, "Version"),
        (SVC, "Digest"),
        (SVC, "Document"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = service::GetReportResponse {
        report_id: children.one(0, |node| text(node, &facets::REFERENCE))?,
        version: children.one(1, |node| count(node, &facets::COUNT))?,
        digest: children.one(2, value)?,
        document: children.one(3, binary)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_service_get_report_response(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &service::GetReportResponse,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.report_id;
        out.text(SVC_PREFIX, "ReportId", value, &facets::REFERENCE)?;
    }
    {
        let value = &of.version;
        out.count(SVC_PREFIX, "Version", *value, &facets::COUNT)?;
    }
    {
        let value = &of.digest;
        out.display(SVC_PREFIX, "Digest", value)?;
    }
    {
        let value = &of.document;
        out.binary(SVC_PREFIX, "Document", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_service_get_messages(node: Node<'_>) -> Result<service::GetMessages, WireFault> {
    const NAMES: Names = &[
        (SVC, "After"),
        (SVC, "Limit"),
        (SVC, "MessageType"),
        (SVC, "WaitSeconds"),
        (SVC, "WithOriginal"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = service::GetMessages {
        after: children.one(0, |node| count(node, &facets::ENTRY_NUMBER))?,
        limit: children.optional(1, |node| count(node, &facets::ENTRY_LIMIT))?,
        message_type: children.many(2, 0, 22, value)?,
        wait_seconds: children.optional(3, |node| count(node, &facets::WAIT_SECONDS))?,
        with_original: children.optional(4, boolean)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_service_get_messages(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &service::GetMessages,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.after;
        out.count(SVC_PREFIX, "After", *value, &facets::ENTRY_NUMBER)?;
    }
    if let Some(value) = &of.limit {
        out.count(SVC_PREFIX, "Limit", *value, &facets::ENTRY_LIMIT)?;
    }
    out.occurrence(SVC_PREFIX, "MessageType", of.message_type.len(), 0, 22)?;
    for value in &of.message_type {
        out.display(SVC_PREFIX, "MessageType", value)?;
    }
    if let Some(value) = &of.wait_seconds {
        out.count(SVC_PREFIX, "WaitSeconds", *value, &facets::WAIT_SECONDS)?;
    }
    if let Some(value) = &of.with_original {
        out.display(SVC_PREFIX, "WithOriginal", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_service_journal_entry(
    node: Node<'_>,
) -> Result<service::JournalEntry, WireFault> {
    const NAMES: Names = &[
        (SVC, "Number"),
        (SVC, "Kind"),
        (SVC, "Time"),
        (SVC, "Cause"),
        (SVC, "Part"),
        (SVC, "SenderId"),
        (SVC, "MessageId"),
        (SVC, "MessageType"),
        (SVC, "Digest"),
        (SVC, "ChainHash"),
        (SVC, "Original"),
        (SVC, "RecordDigest"),
        (SVC, "Record"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = service::JournalEntry {
        number: children.one(0, |node| count(node, &facets::ENTRY_NUMBER))?,
        kind: children.one(1, value)?,
        time: children.one(2, value)?,
        cause: children.one(3, |node| count(node, &facets::ENTRY_NUMBER))?,
        part: children.one(4, |node| count(node, &facets::COUNT))?,
        sender_id: children.optional(5, value)?,
        message_id: children.optional(6, value)?,
        message_type: children.optional(7, value)?,
        digest: children.one(8, value)?,
        chain_hash: children.one(9, value)?,
        original: children.optional(10, binary)?,
        record_digest: children.optional(11, value)?,
        record: children.optional(12, binary)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_service_journal_entry(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &service::JournalEntry,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.number;
        out.count(SVC_PREFIX, "Number", *value, &facets::ENTRY_NUMBER)?;
    }
    {
        let value = &of.kind;
        out.display(SVC_PREFIX, "Kind", value)?;
    }
    {
        let value = &of.time;
        out.time(SVC_PREFIX, "Time", *value)?;
    }
    {
        let value = &of.cause;
        out.count(SVC_PREFIX, "Cause", *value, &facets::ENTRY_NUMBER)?;
    }
    {
        let value = &of.part;
        out.count(SVC_PREFIX, "Part", *value, &facets::COUNT)?;
    }
    if let Some(value) = &of.sender_id {
        out.display(SVC_PREFIX, "SenderId", value)?;
    }
    if let Some(value) = &of.message_id {
        out.display(SVC_PREFIX, "MessageId", value)?;
    }
    if let Some(value) = &of.message_type {
        out.display(SVC_PREFIX, "MessageType", value)?;
    }
    {
        let value = &of.digest;
        out.display(SVC_PREFIX, "Digest", value)?;
    }
    {
        let value = &of.chain_hash;
        out.display(SVC_PREFIX, "ChainHash", value)?;
    }
    if let Some(value) = &of.original {
        out.binary(SVC_PREFIX, "Original", value)?;
    }
    if let Some(value) = &of.record_digest {
        out.display(SVC_PREFIX, "RecordDigest", value)?;
    }
    if let Some(value) = &of.record {
        out.binary(SVC_PREFIX, "Record", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_service_get_messages_response(
    node: Node<'_>,
) -> Result<service::GetMessagesResponse, WireFault> {
    const NAMES: Names = &[
        (SVC, "Entry"),
        (SVC, "PreviousChainHash"),
        (SVC, "Next"),
        (SVC, "Head"),
        (SVC, "HeadChainHash"),
        (SVC, "More"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = service::GetMessagesResponse {
        entry: children.many(0, 0, 1000, read_service_journal_entry)?,
        previous_chain_hash: children.one(1, value)?,
        next: children.one(2, |node| count(node, &facets::ENTRY_NUMBER))?,
        head: children.one(3, |node| count(node, &facets::ENTRY_NUMBER))?,
        head_chain_hash: children.one(4, value)?,
        more: children.one(5, boolean)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_service_get_messages_response(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &service::GetMessagesResponse,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    out.occurrence(SVC_PREFIX, "Entry", of.entry.len(), 0, 1000)?;
    for value in &of.entry {
        write_service_journal_entry(out, SVC_PREFIX, "Entry", value)?;
    }
    {
        let value = &of.previous_chain_hash;
        out.display(SVC_PREFIX, "PreviousChainHash", value)?;
    }
    {
        let value = &of.next;
        out.count(SVC_PREFIX, "Next", *value, &facets::ENTRY_NUMBER)?;
    }
    {
        let value = &of.head;
        out.count(SVC_PREFIX, "Head", *value, &facets::ENTRY_NUMBER)?;
    }
    {
        let value = &of.head_chain_hash;
        out.display(SVC_PREFIX, "HeadChainHash", value)?;
    }
    {
        let value = &of.more;
        out.display(SVC_PREFIX, "More", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_service_get_certificate_status(
    node: Node<'_>,
) -> Result<service::GetCertificateStatus, WireFault> {
    const NAMES: Names = &[(SVC, "PartyId"), (SVC, "Fingerprint")];
    let mut children = Children::open(node, NAMES)?;
    let made = service::GetCertificateStatus {
        party_id: children.optional(0, value)?,
        fingerprint: children.optional(1, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_service_get_certificate_status(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &service::GetCertificateStatus,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    if let Some(value) = &of.party_id {
        out.display(SVC_PREFIX, "PartyId", value)?;
    }
    if let Some(value) = &of.fingerprint {
        out.display(SVC_PREFIX, "Fingerprint", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_service_certificate(node: Node<'_>) -> Result<service::Certificate, WireFault> {
    const NAMES: Names = &[
        (SVC, "PartyId"),
        (SVC, "Role"),
        (SVC, "Fingerprint"),
        (SVC, "NotBefore"),
        (SVC, "NotAfter"),
        (SVC, "State"),
        (SVC, "RevokedAt"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = service::Certificate {
        party_id: children.optional(0, value)?,
        role: children.optional(1, |node| text(node, &facets::ROLE))?,
        fingerprint: children.one(2, value)?,
        not_before: children.optional(3, value)?,
        not_after: children.optional(4, value)?,
        state: children.one(5, value)?,
        revoked_at: children.optional(6, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_service_certificate(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &service::Certificate,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    if let Some(value) = &of.party_id {
        out.display(SVC_PREFIX, "PartyId", value)?;
    }
    if let Some(value) = &of.role {
        out.text(SVC_PREFIX, "Role", value, &facets::ROLE)?;
    }
    {
        let value = &of.fingerprint;
        out.display(SVC_PREFIX, "Fingerprint", value)?;
    }
    if let Some(value) = &of.not_before {
        out.time(SVC_PREFIX, "NotBefore", *value)?;
    }
    if let Some(value) = &of.not_after {
        out.time(SVC_PREFIX, "NotAfter", *value)?;
    }
    {
        let value = &of.state;
        out.display(SVC_PREFIX, "State", value)?;
    }
    if let Some(value) = &of.revoked_at {
        out.time(SVC_PREFIX, "RevokedAt", *value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_service_get_certificate_status_response(
    node: Node<'_>,
) -> Result<service::GetCertificateStatusResponse, WireFault> {
    const NAMES: Names = &[
        (SVC, "Certificate"),
        (SVC, "ThisUpdate"),
        (SVC, "NextUpdate"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = service::GetCertificateStatusResponse {
        certificate: children.many(0, 0, 500, read_service_certificate)?,
        this_update: children.one(1, value)?,
        next_update: children.optional(2, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_service_get_certificate_status_response(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &service::GetCertificateStatusResponse,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    out.occurrence(SVC_PREFIX, "Certificate", of.certificate.len(), 0, 500)?;
    for value in &of.certificate {
        write_service_certificate(out, SVC_PREFIX, "Certificate", value)?;
    }
    {
        let value = &of.this_update;
        out.time(SVC_PREFIX, "ThisUpdate", *value)?;
    }
    if let Some(value) = &of.next_update {
        out.time(SVC_PREFIX, "NextUpdate", *value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_service_fault(node: Node<'_>) -> Result<service::Fault, WireFault> {
    const NAMES: Names = &[
        (SVC, "Code"),
        (SVC, "Place"),
        (SVC, "Detail"),
        (SVC, "Remedy"),
        (SVC, "EntryNumber"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = service::Fault {
        code: children.one(0, |node| text(node, &facets::FAULT_CODE))?,
        place: children.one(1, |node| text(node, &facets::PLACE))?,
        detail: children.one(2, |node| text(node, &facets::OPTIONAL_TEXT))?,
        remedy: children.one(3, |node| text(node, &facets::OPTIONAL_TEXT))?,
        entry_number: children.optional(4, |node| count(node, &facets::ENTRY_NUMBER))?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_service_fault(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &service::Fault,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.code;
        out.text(SVC_PREFIX, "Code", value, &facets::FAULT_CODE)?;
    }
    {
        let value = &of.place;
        out.text(SVC_PREFIX, "Place", value, &facets::PLACE)?;
    }
    {
        let value = &of.detail;
        out.text(SVC_PREFIX, "Detail", value, &facets::OPTIONAL_TEXT)?;
    }
    {
        let value = &of.remedy;
        out.text(SVC_PREFIX, "Remedy", value, &facets::OPTIONAL_TEXT)?;
    }
    if let Some(value) = &of.entry_number {
        out.count(SVC_PREFIX, "EntryNumber", *value, &facets::ENTRY_NUMBER)?;
    }
    out.end();
    Ok(())
}

/// Reads a `SubmitMessages` element.
pub fn read_submit_messages(node: Node<'_>) -> Result<service::SubmitMessages, WireFault> {
    expect_root(node, SVC, "SubmitMessages")?;
    read_service_submit_messages(node)
}

/// Writes a `SubmitMessages` element in canonical form; refuses values that break a facet.
pub fn write_submit_messages(of: &service::SubmitMessages) -> Result<Vec<u8>, WireFault> {
    let mut out = Out::new();
    write_service_submit_messages(&mut out, SVC_PREFIX, "SubmitMessages", of)?;
    Ok(out.finish())
}

/// Reads a `SubmitMessagesResponse` element.
pub fn read_submit_messages_response(
    node: Node<'_>,
) -> Result<service::SubmitMessagesResponse, WireFault> {
    expect_root(node, SVC, "SubmitMessagesResponse")?;
    read_service_submit_messages_response(node)
}

/// Writes a `SubmitMessagesResponse` element in canonical form; refuses values that break a facet.
pub fn write_submit_messages_response(
    of: &service::SubmitMessagesResponse,
) -> Result<Vec<u8>, WireFault> {
    let mut out = Out::new();
    write_service_submit_messages_response(&mut out, SVC_PREFIX, "SubmitMessagesResponse", of)?;
    Ok(out.finish())
}

/// Reads a `GetReceipt` element.
pub fn read_get_receipt(node: Node<'_>) -> Result<service::GetReceipt, WireFault> {
    expect_root(node, SVC, "GetReceipt")?;
    read_service_get_receipt(node)
}

/// Writes a `GetReceipt` element in canonical form; refuses values that break a facet.
pub fn write_get_receipt(of: &service::GetReceipt) -> Result<Vec<u8>, WireFault> {
    let mut out = Out::new();
    write_service_get_receipt(&mut out, SVC_PREFIX, "GetReceipt", of)?;
    Ok(out.finish())
}

/// Reads a `GetReceiptResponse` element.
pub fn read_get_receipt_response(node: Node<'_>) -> Result<service::GetReceiptResponse, WireFault> {
    expect_root(node, SVC, "GetReceiptResponse")?;
    read_service_get_receipt_response(node)
}

/// Writes a `GetReceiptResponse` element in canonical form; refuses values that break a facet.
pub fn write_get_receipt_response(of: &service::GetReceiptResponse) -> Result<Vec<u8>, WireFault> {
    let mut out = Out::new();
    write_service_get_receipt_response(&mut out, SVC_PREFIX, "GetReceiptResponse", of)?;
    Ok(out.finish())
}

/// Reads a `QueryGrants` element.
pub fn read_query_grants(node: Node<'_>) -> Result<service::QueryGrants, WireFault> {
    expect_root(node, SVC, "QueryGrants")?;
    read_service_query_grants(node)
}

/// Writes a `QueryGrants` element in canonical form; refuses values that break a facet.
pub fn write_query_grants(of: &service::QueryGrants) -> Result<Vec<u8>, WireFault> {
    let mut out = Out::new();
    write_service_query_grants(&mut out, SVC_PREFIX, "QueryGrants", of)?;
    Ok(out.finish())
}

/// Reads a `QueryGrantsResponse` element.
pub fn read_query_grants_response(
    node: Node<'_>,
) -> Result<service::QueryGrantsResponse, WireFault> {
    expect_root(node, SVC, "QueryGrantsResponse")?;
    read_service_query_grants_response(node)
}

/// Writes a `QueryGrantsResponse` element in canonical form; refuses values that break a facet.
pub fn write_query_grants_response(
    of: &service::QueryGrantsResponse,
) -> Result<Vec<u8>, WireFault> {
    let mut out = Out::new();
    write_service_query_grants_response(&mut out, SVC_PREFIX, "QueryGrantsResponse", of)?;
    Ok(out.finish())
}

/// Reads a `ListReports` element.
pub fn read_list_reports(node: Node<'_>) -> Result<service::ListReports, WireFault> {
    expect_root(node, SVC, "ListReports")?;
    read_service_list_reports(node)
}

/// Writes a `ListReports` element in canonical form; refuses values that break a facet.
pub fn write_list_reports(of: &service::ListReports) -> Result<Vec<u8>, WireFault> {
    let mut out = Out::new();
    write_service_list_reports(&mut out, SVC_PREFIX, "ListReports", of)?;
    Ok(out.finish())
}

/// Reads a `ListReportsResponse` element.
pub fn read_list_reports_response(
    node: Node<'_>,
) -> Result<service::ListReportsResponse, WireFault> {
    expect_root(node, SVC, "ListReportsResponse")?;
    read_service_list_reports_response(node)
}

/// Writes a `ListReportsResponse` element in canonical form; refuses values that break a facet.
pub fn write_list_reports_response(
    of: &service::ListReportsResponse,
) -> Result<Vec<u8>, WireFault> {
    let mut out = Out::new();
    write_service_list_reports_response(&mut out, SVC_PREFIX, "ListReportsResponse", of)?;
    Ok(out.finish())
}

/// Reads a `GetReport` element.
pub fn read_get_report(node: Node<'_>) -> Result<service::GetReport, WireFault> {
    expect_root(node, SVC, "GetReport")?;
    read_service_get_report(node)
}

/// Writes a `GetReport` element in canonical form; refuses values that break a facet.
pub fn write_get_report(of: &service::GetReport) -> Result<Vec<u8>, WireFault> {
    let mut out = Out::new();
    write_service_get_report(&mut out, SVC_PREFIX, "GetReport", of)?;
    Ok(out.finish())
}

/// Reads a `GetReportResponse` element.
pub fn read_get_report_response(node: Node<'_>) -> Result<service::GetReportResponse, WireFault> {
    expect_root(node, SVC, "GetReportResponse")?;
    read_service_get_report_response(node)
}

/// Writes a `GetReportResponse` element in canonical form; refuses values that break a facet.
pub fn write_get_report_response(of: &service::GetReportResponse) -> Result<Vec<u8>, WireFault> {
    let mut out = Out::new();
    write_service_get_report_response(&mut out, SVC_PREFIX, "GetReportResponse", of)?;
    Ok(out.finish())
}

/// Reads a `GetMessages` element.
pub fn read_get_messages(node: Node<'_>) -> Result<service::GetMessages, WireFault> {
    expect_root(node, SVC, "GetMessages")?;
    read_service_get_messages(node)
}

/// Writes a `GetMessages` element in canonical form; refuses values that break a facet.
pub fn write_get_messages(of: &service::GetMessages) -> Result<Vec<u8>, WireFault> {
    let mut out = Out::new();
    write_service_get_messages(&mut out, SVC_PREFIX, "GetMessages", of)?;
    Ok(out.finish())
}

/// Reads a `GetMessagesResponse` element.
pub fn read_get_messages_response(
    node: Node<'_>,
) -> Result<service::GetMessagesResponse, WireFault> {
    expect_root(node, SVC, "GetMessagesResponse")?;
    read_service_get_messages_response(node)
}

/// Writes a `GetMessagesResponse` element in canonical form; refuses values that break a facet.
pub fn write_get_messages_response(
    of: &service::GetMessagesResponse,
) -> Result<Vec<u8>, WireFault> {
    let mut out = Out::new();
    write_service_get_messages_response(&mut out, SVC_PREFIX, "GetMessagesResponse", of)?;
    Ok(out.finish())
}

/// Reads a `GetCertificateStatus` element.
pub fn read_get_certificate_status(
    node: Node<'_>,
) -> Result<service::GetCertificateStatus, WireFault> {
    expect_root(node, SVC, "GetCertificateStatus")?;
    read_service_get_certificate_status(node)
}

/// Writes a `GetCertificateStatus` element in canonical form; refuses values that break a facet.
pub fn write_get_certificate_status(
    of: &service::GetCertificateStatus,
) -> Result<Vec<u8>, WireFault> {
    let mut out = Out::new();
    write_service_get_certificate_status(&mut out, SVC_PREFIX, "GetCertificateStatus", of)?;
    Ok(out.finish())
}

/// Reads a `GetCertificateStatusResponse` element.
pub fn read_get_certificate_status_response(
    node: Node<'_>,
) -> Result<service::GetCertificateStatusResponse, WireFault> {
    expect_root(node, SVC, "GetCertificateStatusResponse")?;
    read_service_get_certificate_status_response(node)
}

/// Writes a `GetCertificateStatusResponse` element in canonical form; refuses values that break a facet.
pub fn write_get_certificate_status_response(
    of: &service::GetCertificateStatusResponse,
) -> Result<Vec<u8>, WireFault> {
    let mut out = Out::new();
    write_service_get_certificate_status_response(
        &mut out,
        SVC_PREFIX,
        "GetCertificateStatusResponse",
        of,
    )?;
    Ok(out.finish())
}

/// Reads a `Fault` element.
pub fn read_fault(node: Node<'_>) -> Result<service::Fault, WireFault> {
    expect_root(node, SVC, "Fault")?;
    read_service_fault(node)
}

/// Writes a `Fault` element in canonical form; refuses values that break a facet.
pub fn write_fault(of: &service::Fault) -> Result<Vec<u8>, WireFault> {
    let mut out = Out::new();
    write_service_fault(&mut out, SVC_PREFIX, "Fault", of)?;
    Ok(out.finish())
}
