//! Readers and writers, made by `cargo xtask codegen` from `schemas/xsd/access.xsd`; change the schema, not this file.

#[allow(unused_imports, reason = "one list for all generated files")]
use crate::imports::*;

pub(crate) fn read_access_grant(node: Node<'_>) -> Result<AccessGrant, WireFault> {
    const NAMES: Names = &[
        (C, "GrantId"),
        (C, "ClassLetter"),
        (C, "SubjectKind"),
        (C, "Plate"),
        (C, "TrailerPlate"),
        (C, "EtagEpc"),
        (C, "PersonId"),
        (C, "PersonIdDocument"),
        (C, "EnterpriseId"),
        (C, "Gates"),
        (C, "Lanes"),
        (C, "Areas"),
        (C, "ValidFrom"),
        (C, "ValidTo"),
        (C, "WaybillRef"),
        (C, "ManifestRef"),
        (C, "ChecksPassed"),
        (C, "MaxStayMinutes"),
        (C, "State"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = AccessGrant {
        grant_id: children.one(0, |node| text(node, &facets::REFERENCE))?,
        class_letter: children.one(1, value)?,
        subject_kind: children.one(2, value)?,
        plate: children.optional(3, read_plate)?,
        trailer_plate: children.optional(4, value)?,
        etag_epc: children.optional(5, |node| text(node, &facets::ETAG_EPC))?,
        person_id: children.optional(6, |node| text(node, &facets::PERSON_ID))?,
        person_id_document: children.optional(7, read_id_document)?,
        enterprise_id: children.one(8, value)?,
        gates: children.many(9, 0, 200, value)?,
        lanes: children.many(10, 0, 200, value)?,
        areas: children.many(11, 0, 200, |node| text(node, &facets::AREA_ID))?,
        valid_from: children.one(12, value)?,
        valid_to: children.one(13, value)?,
        waybill_ref: children.optional(14, |node| text(node, &facets::REFERENCE))?,
        manifest_ref: children.optional(15, |node| text(node, &facets::REFERENCE))?,
        checks_passed: children.optional(16, boolean)?,
        max_stay_minutes: children.optional(17, |node| count(node, &facets::MINUTES))?,
        state: children.one(18, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_access_grant(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &AccessGrant,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.grant_id;
        out.text(C_PREFIX, "GrantId", value, &facets::REFERENCE)?;
    }
    {
        let value = &of.class_letter;
        out.display(C_PREFIX, "ClassLetter", value)?;
    }
    {
        let value = &of.subject_kind;
        out.display(C_PREFIX, "SubjectKind", value)?;
    }
    if let Some(value) = &of.plate {
        write_plate(out, C_PREFIX, "Plate", value)?;
    }
    if let Some(value) = &of.trailer_plate {
        out.display(C_PREFIX, "TrailerPlate", value)?;
    }
    if let Some(value) = &of.etag_epc {
        out.text(C_PREFIX, "EtagEpc", value, &facets::ETAG_EPC)?;
    }
    if let Some(value) = &of.person_id {
        out.text(C_PREFIX, "PersonId", value, &facets::PERSON_ID)?;
    }
    if let Some(value) = &of.person_id_document {
        write_id_document(out, C_PREFIX, "PersonIdDocument", value)?;
    }
    {
        let value = &of.enterprise_id;
        out.display(C_PREFIX, "EnterpriseId", value)?;
    }
    out.occurrence(C_PREFIX, "Gates", of.gates.len(), 0, 200)?;
    for value in &of.gates {
        out.display(C_PREFIX, "Gates", value)?;
    }
    out.occurrence(C_PREFIX, "Lanes", of.lanes.len(), 0, 200)?;
    for value in &of.lanes {
        out.display(C_PREFIX, "Lanes", value)?;
    }
    out.occurrence(C_PREFIX, "Areas", of.areas.len(), 0, 200)?;
    for value in &of.areas {
        out.text(C_PREFIX, "Areas", value, &facets::AREA_ID)?;
    }
    {
        let value = &of.valid_from;
        out.time(C_PREFIX, "ValidFrom", *value)?;
    }
    {
        let value = &of.valid_to;
        out.time(C_PREFIX, "ValidTo", *value)?;
    }
    if let Some(value) = &of.waybill_ref {
        out.text(C_PREFIX, "WaybillRef", value, &facets::REFERENCE)?;
    }
    if let Some(value) = &of.manifest_ref {
        out.text(C_PREFIX, "ManifestRef", value, &facets::REFERENCE)?;
    }
    if let Some(value) = &of.checks_passed {
        out.display(C_PREFIX, "ChecksPassed", value)?;
    }
    if let Some(value) = &of.max_stay_minutes {
        out.count(C_PREFIX, "MaxStayMinutes", *value, &facets::MINUTES)?;
    }
    {
        let value = &of.state;
        out.display(C_PREFIX, "State", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_list_subject(node: Node<'_>) -> Result<ListSubject, WireFault> {
    const NAMES: Names = &[
        (C, "Plate"),
        (C, "PlateNumber"),
        (C, "PersonId"),
        (C, "PersonIdDocument"),
    ];
    let (place, node) = only_child(node, NAMES)?;
    Ok(match place {
        0 => ListSubject::Plate(read_plate(node)?),
        1 => ListSubject::PlateNumber(value(node)?),
        2 => ListSubject::PersonId(text(node, &facets::PERSON_ID)?),
        3 => ListSubject::PersonIdDocument(read_id_document(node)?),
        _ => return Err(unknown_element(node, NAMES)),
    })
}

pub(crate) fn write_list_subject(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &ListSubject,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    match of {
        ListSubject::Plate(value) => {
            write_plate(out, C_PREFIX, "Plate", value)?;
        }
        ListSubject::PlateNumber(value) => {
            out.display(C_PREFIX, "PlateNumber", value)?;
        }
        ListSubject::PersonId(value) => {
            out.text(C_PREFIX, "PersonId", value, &facets::PERSON_ID)?;
        }
        ListSubject::PersonIdDocument(value) => {
            write_id_document(out, C_PREFIX, "PersonIdDocument", value)?;
        }
    }
    out.end();
    Ok(())
}

pub(crate) fn read_list_entry(node: Node<'_>) -> Result<ListEntry, WireFault> {
    const NAMES: Names = &[
        (C, "EntryId"),
        (C, "ListKind"),
        (C, "Subject"),
        (C, "Reason"),
        (C, "ValidFrom"),
        (C, "ValidTo"),
        (C, "State"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = ListEntry {
        entry_id: children.one(0, |node| text(node, &facets::REFERENCE))?,
        list_kind: children.one(1, value)?,
        subject: children.one(2, read_list_subject)?,
        reason: children.one(3, |node| text(node, &facets::TEXT))?,
        valid_from: children.one(4, value)?,
        valid_to: children.optional(5, value)?,
        state: children.one(6, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_list_entry(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &ListEntry,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.entry_id;
        out.text(C_PREFIX, "EntryId", value, &facets::REFERENCE)?;
    }
    {
        let value = &of.list_kind;
        out.display(C_PREFIX, "ListKind", value)?;
    }
    {
        let value = &of.subject;
        write_list_subject(out, C_PREFIX, "Subject", value)?;
    }
    {
        let value = &of.reason;
        out.text(C_PREFIX, "Reason", value, &facets::TEXT)?;
    }
    {
        let value = &of.valid_from;
        out.time(C_PREFIX, "ValidFrom", *value)?;
    }
    if let Some(value) = &of.valid_to {
        out.time(C_PREFIX, "ValidTo", *value)?;
    }
    {
        let value = &of.state;
        out.display(C_PREFIX, "State", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_rule_ref(node: Node<'_>) -> Result<RuleRef, WireFault> {
    const NAMES: Names = &[(C, "RuleId"), (C, "Code"), (C, "Clause")];
    let mut children = Children::open(node, NAMES)?;
    let made = RuleRef {
        rule_id: children.one(0, |node| text(node, &facets::RULE_ID))?,
        code: children.one(1, |node| text(node, &facets::RULE_CODE))?,
        clause: children.one(2, |node| text(node, &facets::CLAUSE))?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_rule_ref(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &RuleRef,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.rule_id;
        out.text(C_PREFIX, "RuleId", value, &facets::RULE_ID)?;
    }
    {
        let value = &of.code;
        out.text(C_PREFIX, "Code", value, &facets::RULE_CODE)?;
    }
    {
        let value = &of.clause;
        out.text(C_PREFIX, "Clause", value, &facets::CLAUSE)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_passage_decision(node: Node<'_>) -> Result<PassageDecision, WireFault> {
    const NAMES: Names = &[
        (C, "DecisionId"),
        (C, "GateId"),
        (C, "LaneId"),
        (C, "Direction"),
        (C, "SubjectKind"),
        (C, "Plate"),
        (C, "TrailerPlate"),
        (C, "PersonId"),
        (C, "CaptureRef"),
        (C, "Outcome"),
        (C, "RefusalCode"),
        (C, "Rules"),
        (C, "RuleSetDigest"),
        (C, "SettingsEntry"),
        (C, "GrantId"),
        (C, "OperatingMode"),
        (C, "DecidedAt"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = PassageDecision {
        decision_id: children.one(0, |node| text(node, &facets::REFERENCE))?,
        gate_id: children.one(1, value)?,
        lane_id: children.one(2, value)?,
        direction: children.one(3, value)?,
        subject_kind: children.one(4, value)?,
        plate: children.optional(5, read_plate)?,
        trailer_plate: children.optional(6, value)?,
        person_id: children.optional(7, |node| text(node, &facets::PERSON_ID))?,
        capture_ref: children.one(8, value)?,
        outcome: children.one(9, value)?,
        refusal_code: children.optional(10, value)?,
        rules: children.many(11, 1, 64, read_rule_ref)?,
        rule_set_digest: children.one(12, value)?,
        settings_entry: children.optional(13, |node| count(node, &facets::ENTRY_NUMBER))?,
        grant_id: children.optional(14, |node| text(node, &facets::REFERENCE))?,
        operating_mode: children.one(15, value)?,
        decided_at: children.one(16, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_passage_decision(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &PassageDecision,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.decision_id;
        out.text(C_PREFIX, "DecisionId", value, &facets::REFERENCE)?;
    }
    {
        let value = &of.gate_id;
        out.display(C_PREFIX, "GateId", value)?;
    }
    {
        let value = &of.lane_id;
        out.display(C_PREFIX, "LaneId", value)?;
    }
    {
        let value = &of.direction;
        out.display(C_PREFIX, "Direction", value)?;
    }
    {
        let value = &of.subject_kind;
        out.display(C_PREFIX, "SubjectKind", value)?;
    }
    if let Some(value) = &of.plate {
        write_plate(out, C_PREFIX, "Plate", value)?;
    }
    if let Some(value) = &of.trailer_plate {
        out.display(C_PREFIX, "TrailerPlate", value)?;
    }
    if let Some(value) = &of.person_id {
        out.text(C_PREFIX, "PersonId", value, &facets::PERSON_ID)?;
    }
    {
        let value = &of.capture_ref;
        out.display(C_PREFIX, "CaptureRef", value)?;
    }
    {
        let value = &of.outcome;
        out.display(C_PREFIX, "Outcome", value)?;
    }
    if let Some(value) = &of.refusal_code {
        out.display(C_PREFIX, "RefusalCode", value)?;
    }
    out.occurrence(C_PREFIX, "Rules", of.rules.len(), 1, 64)?;
    for value in &of.rules {
        write_rule_ref(out, C_PREFIX, "Rules", value)?;
    }
    {
        let value = &of.rule_set_digest;
        out.display(C_PREFIX, "RuleSetDigest", value)?;
    }
    if let Some(value) = &of.settings_entry {
        out.count(C_PREFIX, "SettingsEntry", *value, &facets::ENTRY_NUMBER)?;
    }
    if let Some(value) = &of.grant_id {
        out.text(C_PREFIX, "GrantId", value, &facets::REFERENCE)?;
    }
    {
        let value = &of.operating_mode;
        out.display(C_PREFIX, "OperatingMode", value)?;
    }
    {
        let value = &of.decided_at;
        out.time(C_PREFIX, "DecidedAt", *value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_passage_record(node: Node<'_>) -> Result<PassageRecord, WireFault> {
    const NAMES: Names = &[
        (C, "PassageId"),
        (C, "VisitId"),
        (C, "GateId"),
        (C, "LaneId"),
        (C, "Tier"),
        (C, "EnterpriseId"),
        (C, "Direction"),
        (C, "SubjectKind"),
        (C, "Plate"),
        (C, "TrailerPlate"),
        (C, "PersonId"),
        (C, "Result"),
        (C, "GrantId"),
        (C, "DecisionRef"),
        (C, "CaptureRef"),
        (C, "CommandId"),
        (C, "PassedAt"),
        (C, "ImageRef"),
        (C, "ImageDigest"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = PassageRecord {
        passage_id: children.one(0, |node| text(node, &facets::REFERENCE))?,
        visit_id: children.optional(1, |node| text(node, &facets::REFERENCE))?,
        gate_id: children.one(2, value)?,
        lane_id: children.optional(3, value)?,
        tier: children.one(4, value)?,
        enterprise_id: children.optional(5, value)?,
        direction: children.one(6, value)?,
        subject_kind: children.one(7, value)?,
        plate: children.optional(8, read_plate)?,
        trailer_plate: children.optional(9, value)?,
        person_id: children.optional(10, |node| text(node, &facets::PERSON_ID))?,
        result: children.one(11, value)?,
        grant_id: children.optional(12, |node| text(node, &facets::REFERENCE))?,
        decision_ref: children.optional(13, |node| text(node, &facets::REFERENCE))?,
        capture_ref: children.optional(14, value)?,
        command_id: children.optional(15, value)?,
        passed_at: children.one(16, value)?,
        image_ref: children.optional(17, |node| text(node, &facets::URI))?,
        image_digest: children.optional(18, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_passage_record(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &PassageRecord,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.passage_id;
        out.text(C_PREFIX, "PassageId", value, &facets::REFERENCE)?;
    }
    if let Some(value) = &of.visit_id {
        out.text(C_PREFIX, "VisitId", value, &facets::REFERENCE)?;
    }
    {
        let value = &of.gate_id;
        out.display(C_PREFIX, "GateId", value)?;
    }
    if let Some(value) = &of.lane_id {
        out.display(C_PREFIX, "LaneId", value)?;
    }
    {
        let value = &of.tier;
        out.display(C_PREFIX, "Tier", value)?;
    }
    if let Some(value) = &of.enterprise_id {
        out.display(C_PREFIX, "EnterpriseId", value)?;
    }
    {
        let value = &of.direction;
        out.display(C_PREFIX, "Direction", value)?;
    }
    {
        let value = &of.subject_kind;
        out.display(C_PREFIX, "SubjectKind", value)?;
    }
    if let Some(value) = &of.plate {
        write_plate(out, C_PREFIX, "Plate", value)?;
    }
    if let Some(value) = &of.trailer_plate {
        out.display(C_PREFIX, "TrailerPlate", value)?;
    }
    if let Some(value) = &of.person_id {
        out.text(C_PREFIX, "PersonId", value, &facets::PERSON_ID)?;
    }
    {
        let value = &of.result;
        out.display(C_PREFIX, "Result", value)?;
    }
    if let Some(value) = &of.grant_id {
        out.text(C_PREFIX, "GrantId", value, &facets::REFERENCE)?;
    }
    if let Some(value) = &of.decision_ref {
        out.text(C_PREFIX, "DecisionRef", value, &facets::REFERENCE)?;
    }
    if let Some(value) = &of.capture_ref {
        out.display(C_PREFIX, "CaptureRef", value)?;
    }
    if let Some(value) = &of.command_id {
        out.display(C_PREFIX, "CommandId", value)?;
    }
    {
        let value = &of.passed_at;
        out.time(C_PREFIX, "PassedAt", *value)?;
    }
    if let Some(value) = &of.image_ref {
        out.text(C_PREFIX, "ImageRef", value, &facets::URI)?;
    }
    if let Some(value) = &of.image_digest {
        out.display(C_PREFIX, "ImageDigest", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_occupancy_count(node: Node<'_>) -> Result<OccupancyCount, WireFault> {
    const NAMES: Names = &[
        (C, "SubjectKind"),
        (C, "Inside"),
        (C, "EnteredToday"),
        (C, "LeftToday"),
        (C, "Capacity"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = OccupancyCount {
        subject_kind: children.one(0, value)?,
        inside: children.one(1, |node| count(node, &facets::COUNT))?,
        entered_today: children.one(2, |node| count(node, &facets::COUNT))?,
        left_today: children.one(3, |node| count(node, &facets::COUNT))?,
        capacity: children.optional(4, |node| count(node, &facets::COUNT))?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_occupancy_count(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &OccupancyCount,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.subject_kind;
        out.display(C_PREFIX, "SubjectKind", value)?;
    }
    {
        let value = &of.inside;
        out.count(C_PREFIX, "Inside", *value, &facets::COUNT)?;
    }
    {
        let value = &of.entered_today;
        out.count(C_PREFIX, "EnteredToday", *value, &facets::COUNT)?;
    }
    {
        let value = &of.left_today;
        out.count(C_PREFIX, "LeftToday", *value, &facets::COUNT)?;
    }
    if let Some(value) = &of.capacity {
        out.count(C_PREFIX, "Capacity", *value, &facets::COUNT)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_occupancy_snapshot(node: Node<'_>) -> Result<OccupancySnapshot, WireFault> {
    const NAMES: Names = &[
        (C, "Scope"),
        (C, "AreaId"),
        (C, "Counts"),
        (C, "ObservedAt"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = OccupancySnapshot {
        scope: children.one(0, value)?,
        area_id: children.optional(1, |node| text(node, &facets::AREA_ID))?,
        counts: children.many(2, 0, 20, read_occupancy_count)?,
        observed_at: children.one(3, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_occupancy_snapshot(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &OccupancySnapshot,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.scope;
        out.display(C_PREFIX, "Scope", value)?;
    }
    if let Some(value) = &of.area_id {
        out.text(C_PREFIX, "AreaId", value, &facets::AREA_ID)?;
    }
    out.occurrence(C_PREFIX, "Counts", of.counts.len(), 0, 20)?;
    for value in &of.counts {
        write_occupancy_count(out, C_PREFIX, "Counts", value)?;
    }
    {
        let value = &of.observed_at;
        out.time(C_PREFIX, "ObservedAt", *value)?;
    }
    out.end();
    Ok(())
}
