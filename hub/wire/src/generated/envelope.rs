//! Readers and writers, made by `cargo xtask codegen` from `schemas/xsd/envelope.xsd`; change the schema, not this file.

#[allow(unused_imports, reason = "one list for all generated files")]
use crate::imports::*;

pub(crate) fn read_header(node: Node<'_>) -> Result<Header, WireFault> {
    const NAMES: Names = &[
        (C, "MessageId"),
        (C, "MessageType"),
        (C, "SchemaVersion"),
        (C, "ParkCode"),
        (C, "SenderId"),
        (C, "RecipientId"),
        (C, "OccurredAt"),
        (C, "SentAt"),
        (C, "Sequence"),
        (C, "CorrelationId"),
        (C, "SourceRef"),
        (C, "Quality"),
        (C, "Sensitivity"),
        (C, "Test"),
        (C, "AttestedBy"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = Header {
        message_id: children.one(0, value)?,
        message_type: children.one(1, value)?,
        schema_version: children.one(2, |node| text(node, &facets::SCHEMA_VERSION))?,
        park_code: children.one(3, value)?,
        sender_id: children.one(4, value)?,
        recipient_id: children.optional(5, value)?,
        occurred_at: children.one(6, value)?,
        sent_at: children.one(7, value)?,
        sequence: children.one(8, |node| count(node, &facets::ENTRY_NUMBER))?,
        correlation_id: children.optional(9, |node| text(node, &facets::REFERENCE))?,
        source_ref: children.optional(10, |node| text(node, &facets::SOURCE_REFERENCE))?,
        quality: children.one(11, value)?,
        sensitivity: children.one(12, value)?,
        test: children.one(13, boolean)?,
        attested_by: children.optional(14, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_header(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &Header,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.message_id;
        out.display(C_PREFIX, "MessageId", value)?;
    }
    {
        let value = &of.message_type;
        out.display(C_PREFIX, "MessageType", value)?;
    }
    {
        let value = &of.schema_version;
        out.text(C_PREFIX, "SchemaVersion", value, &facets::SCHEMA_VERSION)?;
    }
    {
        let value = &of.park_code;
        out.display(C_PREFIX, "ParkCode", value)?;
    }
    {
        let value = &of.sender_id;
        out.display(C_PREFIX, "SenderId", value)?;
    }
    if let Some(value) = &of.recipient_id {
        out.display(C_PREFIX, "RecipientId", value)?;
    }
    {
        let value = &of.occurred_at;
        out.time(C_PREFIX, "OccurredAt", *value)?;
    }
    {
        let value = &of.sent_at;
        out.time(C_PREFIX, "SentAt", *value)?;
    }
    {
        let value = &of.sequence;
        out.count(C_PREFIX, "Sequence", *value, &facets::ENTRY_NUMBER)?;
    }
    if let Some(value) = &of.correlation_id {
        out.text(C_PREFIX, "CorrelationId", value, &facets::REFERENCE)?;
    }
    if let Some(value) = &of.source_ref {
        out.text(C_PREFIX, "SourceRef", value, &facets::SOURCE_REFERENCE)?;
    }
    {
        let value = &of.quality;
        out.display(C_PREFIX, "Quality", value)?;
    }
    {
        let value = &of.sensitivity;
        out.display(C_PREFIX, "Sensitivity", value)?;
    }
    {
        let value = &of.test;
        out.display(C_PREFIX, "Test", value)?;
    }
    if let Some(value) = &of.attested_by {
        out.display(C_PREFIX, "AttestedBy", value)?;
    }
    out.end();
    Ok(())
}
