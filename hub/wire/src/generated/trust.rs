//! Readers and writers, made by `cargo xtask codegen` from `schemas/xsd/trust.xsd`; change the schema, not this file.

#[allow(unused_imports, reason = "one list for all generated files")]
use crate::imports::*;

pub(crate) fn read_receipt(node: Node<'_>) -> Result<Receipt, WireFault> {
    const NAMES: Names = &[
        (C, "MessageId"),
        (C, "SenderId"),
        (C, "ParkCode"),
        (C, "EntryNumber"),
        (C, "Digest"),
        (C, "ChainHash"),
        (C, "ReceivedAt"),
        (C, "Warning"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = Receipt {
        message_id: children.one(0, value)?,
        sender_id: children.one(1, value)?,
        park_code: children.one(2, value)?,
        entry_number: children.one(3, |node| count(node, &facets::ENTRY_NUMBER))?,
        digest: children.one(4, value)?,
        chain_hash: children.one(5, value)?,
        received_at: children.one(6, value)?,
        warning: children.many(7, 0, 10, read_warning)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_receipt(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &Receipt,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.message_id;
        out.display(C_PREFIX, "MessageId", value)?;
    }
    {
        let value = &of.sender_id;
        out.display(C_PREFIX, "SenderId", value)?;
    }
    {
        let value = &of.park_code;
        out.display(C_PREFIX, "ParkCode", value)?;
    }
    {
        let value = &of.entry_number;
        out.count(C_PREFIX, "EntryNumber", *value, &facets::ENTRY_NUMBER)?;
    }
    {
        let value = &of.digest;
        out.display(C_PREFIX, "Digest", value)?;
    }
    {
        let value = &of.chain_hash;
        out.display(C_PREFIX, "ChainHash", value)?;
    }
    {
        let value = &of.received_at;
        out.time(C_PREFIX, "ReceivedAt", *value)?;
    }
    out.occurrence(C_PREFIX, "Warning", of.warning.len(), 0, 10)?;
    for value in &of.warning {
        write_warning(out, C_PREFIX, "Warning", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_warning(node: Node<'_>) -> Result<Warning, WireFault> {
    const NAMES: Names = &[(C, "Code"), (C, "Text")];
    let mut children = Children::open(node, NAMES)?;
    let made = Warning {
        code: children.one(0, |node| text(node, &facets::FAULT_CODE))?,
        text: children.one(1, |node| text(node, &facets::TEXT))?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_warning(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &Warning,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.code;
        out.text(C_PREFIX, "Code", value, &facets::FAULT_CODE)?;
    }
    {
        let value = &of.text;
        out.text(C_PREFIX, "Text", value, &facets::TEXT)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_refusal(node: Node<'_>) -> Result<Refusal, WireFault> {
    const NAMES: Names = &[
        (C, "MessageId"),
        (C, "SenderId"),
        (C, "Code"),
        (C, "Place"),
        (C, "Detail"),
        (C, "Remedy"),
        (C, "EntryNumber"),
        (C, "RefusedAt"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = Refusal {
        message_id: children.optional(0, value)?,
        sender_id: children.optional(1, value)?,
        code: children.one(2, |node| text(node, &facets::FAULT_CODE))?,
        place: children.one(3, |node| text(node, &facets::PLACE))?,
        detail: children.one(4, |node| text(node, &facets::OPTIONAL_TEXT))?,
        remedy: children.one(5, |node| text(node, &facets::OPTIONAL_TEXT))?,
        entry_number: children.optional(6, |node| count(node, &facets::ENTRY_NUMBER))?,
        refused_at: children.one(7, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_refusal(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &Refusal,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    if let Some(value) = &of.message_id {
        out.display(C_PREFIX, "MessageId", value)?;
    }
    if let Some(value) = &of.sender_id {
        out.display(C_PREFIX, "SenderId", value)?;
    }
    {
        let value = &of.code;
        out.text(C_PREFIX, "Code", value, &facets::FAULT_CODE)?;
    }
    {
        let value = &of.place;
        out.text(C_PREFIX, "Place", value, &facets::PLACE)?;
    }
    {
        let value = &of.detail;
        out.text(C_PREFIX, "Detail", value, &facets::OPTIONAL_TEXT)?;
    }
    {
        let value = &of.remedy;
        out.text(C_PREFIX, "Remedy", value, &facets::OPTIONAL_TEXT)?;
    }
    if let Some(value) = &of.entry_number {
        out.count(C_PREFIX, "EntryNumber", *value, &facets::ENTRY_NUMBER)?;
    }
    {
        let value = &of.refused_at;
        out.time(C_PREFIX, "RefusedAt", *value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_audit_event(node: Node<'_>) -> Result<AuditEvent, WireFault> {
    const NAMES: Names = &[
        (C, "Action"),
        (C, "ActorId"),
        (C, "Target"),
        (C, "Outcome"),
        (C, "Detail"),
        (C, "At"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = AuditEvent {
        action: children.one(0, |node| text(node, &facets::ACTION_NAME))?,
        actor_id: children.one(1, value)?,
        target: children.optional(2, |node| text(node, &facets::SHORT_TEXT))?,
        outcome: children.one(3, value)?,
        detail: children.optional(4, |node| text(node, &facets::TEXT))?,
        at: children.one(5, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_audit_event(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &AuditEvent,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.action;
        out.text(C_PREFIX, "Action", value, &facets::ACTION_NAME)?;
    }
    {
        let value = &of.actor_id;
        out.display(C_PREFIX, "ActorId", value)?;
    }
    if let Some(value) = &of.target {
        out.text(C_PREFIX, "Target", value, &facets::SHORT_TEXT)?;
    }
    {
        let value = &of.outcome;
        out.display(C_PREFIX, "Outcome", value)?;
    }
    if let Some(value) = &of.detail {
        out.text(C_PREFIX, "Detail", value, &facets::TEXT)?;
    }
    {
        let value = &of.at;
        out.time(C_PREFIX, "At", *value)?;
    }
    out.end();
    Ok(())
}
