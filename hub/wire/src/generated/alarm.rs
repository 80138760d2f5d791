//! Readers and writers, made by `cargo xtask codegen` from `schemas/xsd/alarm.xsd`; change the schema, not this file.

#[allow(unused_imports, reason = "one list for all generated files")]
use crate::imports::*;

pub(crate) fn read_alarm_event(node: Node<'_>) -> Result<AlarmEvent, WireFault> {
    const NAMES: Names = &[
        (C, "AlarmId"),
        (C, "AlarmCode"),
        (C, "AlarmLevel"),
        (C, "State"),
        (C, "OccurredAt"),
        (C, "SourceDevice"),
        (C, "Subject"),
        (C, "PersonId"),
        (C, "EnterpriseId"),
        (C, "AreaId"),
        (C, "GateId"),
        (C, "LaneId"),
        (C, "Position"),
        (C, "CauseRef"),
        (C, "Evidence"),
        (C, "Description"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = AlarmEvent {
        alarm_id: children.one(0, |node| text(node, &facets::REFERENCE))?,
        alarm_code: children.one(1, value)?,
        alarm_level: children.one(2, value)?,
        state: children.one(3, value)?,
        occurred_at: children.one(4, value)?,
        source_device: children.optional(5, value)?,
        subject: children.optional(6, read_plate)?,
        person_id: children.optional(7, |node| text(node, &facets::PERSON_ID))?,
        enterprise_id: children.optional(8, value)?,
        area_id: children.optional(9, |node| text(node, &facets::AREA_ID))?,
        gate_id: children.optional(10, value)?,
        lane_id: children.optional(11, value)?,
        position: children.optional(12, read_position)?,
        cause_ref: children.optional(13, value)?,
        evidence: children.many(14, 0, 20, read_evidence_reference)?,
        description: children.one(15, |node| text(node, &facets::TEXT))?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_alarm_event(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &AlarmEvent,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.alarm_id;
        out.text(C_PREFIX, "AlarmId", value, &facets::REFERENCE)?;
    }
    {
        let value = &of.alarm_code;
        out.display(C_PREFIX, "AlarmCode", value)?;
    }
    {
        let value = &of.alarm_level;
        out.display(C_PREFIX, "AlarmLevel", value)?;
    }
    {
        let value = &of.state;
        out.display(C_PREFIX, "State", value)?;
    }
    {
        let value = &of.occurred_at;
        out.time(C_PREFIX, "OccurredAt", *value)?;
    }
    if let Some(value) = &of.source_device {
        out.display(C_PREFIX, "SourceDevice", value)?;
    }
    if let Some(value) = &of.subject {
        write_plate(out, C_PREFIX, "Subject", value)?;
    }
    if let Some(value) = &of.person_id {
        out.text(C_PREFIX, "PersonId", value, &facets::PERSON_ID)?;
    }
    if let Some(value) = &of.enterprise_id {
        out.display(C_PREFIX, "EnterpriseId", value)?;
    }
    if let Some(value) = &of.area_id {
        out.text(C_PREFIX, "AreaId", value, &facets::AREA_ID)?;
    }
    if let Some(value) = &of.gate_id {
        out.display(C_PREFIX, "GateId", value)?;
    }
    if let Some(value) = &of.lane_id {
        out.display(C_PREFIX, "LaneId", value)?;
    }
    if let Some(value) = &of.position {
        write_position(out, C_PREFIX, "Position", value)?;
    }
    if let Some(value) = &of.cause_ref {
        out.display(C_PREFIX, "CauseRef", value)?;
    }
    out.occurrence(C_PREFIX, "Evidence", of.evidence.len(), 0, 20)?;
    for value in &of.evidence {
        write_evidence_reference(out, C_PREFIX, "Evidence", value)?;
    }
    {
        let value = &of.description;
        out.text(C_PREFIX, "Description", value, &facets::TEXT)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_alarm_update(node: Node<'_>) -> Result<AlarmUpdate, WireFault> {
    const NAMES: Names = &[
        (C, "AlarmId"),
        (C, "State"),
        (C, "Previous"),
        (C, "ActorId"),
        (C, "Receiver"),
        (C, "EscalationLevel"),
        (C, "Note"),
        (C, "UpdatedAt"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = AlarmUpdate {
        alarm_id: children.one(0, |node| text(node, &facets::REFERENCE))?,
        state: children.one(1, value)?,
        previous: children.one(2, value)?,
        actor_id: children.one(3, value)?,
        receiver: children.optional(4, |node| text(node, &facets::NAME))?,
        escalation_level: children.optional(5, |node| count(node, &facets::COUNT))?,
        note: children.optional(6, |node| text(node, &facets::TEXT))?,
        updated_at: children.one(7, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_alarm_update(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &AlarmUpdate,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.alarm_id;
        out.text(C_PREFIX, "AlarmId", value, &facets::REFERENCE)?;
    }
    {
        let value = &of.state;
        out.display(C_PREFIX, "State", value)?;
    }
    {
        let value = &of.previous;
        out.display(C_PREFIX, "Previous", value)?;
    }
    {
        let value = &of.actor_id;
        out.display(C_PREFIX, "ActorId", value)?;
    }
    if let Some(value) = &of.receiver {
        out.text(C_PREFIX, "Receiver", value, &facets::NAME)?;
    }
    if let Some(value) = &of.escalation_level {
        out.count(C_PREFIX, "EscalationLevel", *value, &facets::COUNT)?;
    }
    if let Some(value) = &of.note {
        out.text(C_PREFIX, "Note", value, &facets::TEXT)?;
    }
    {
        let value = &of.updated_at;
        out.time(C_PREFIX, "UpdatedAt", *value)?;
    }
    out.end();
    Ok(())
}
