//! Readers and writers, made by `cargo xtask codegen` from `schemas/xsd/emergency.xsd`; change the schema, not this file.

#[allow(unused_imports, reason = "one list for all generated files")]
use crate::imports::*;

pub(crate) fn read_emergency_gate_open(node: Node<'_>) -> Result<EmergencyGateOpen, WireFault> {
    const NAMES: Names = &[
        (C, "OrderId"),
        (C, "Gates"),
        (C, "OrderedBy"),
        (C, "Reason"),
        (C, "Release"),
        (C, "OrderedAt"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = EmergencyGateOpen {
        order_id: children.one(0, |node| text(node, &facets::REFERENCE))?,
        gates: children.many(1, 1, 200, value)?,
        ordered_by: children.one(2, value)?,
        reason: children.one(3, |node| text(node, &facets::TEXT))?,
        release: children.optional(4, boolean)?,
        ordered_at: children.one(5, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_emergency_gate_open(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &EmergencyGateOpen,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.order_id;
        out.text(C_PREFIX, "OrderId", value, &facets::REFERENCE)?;
    }
    out.occurrence(C_PREFIX, "Gates", of.gates.len(), 1, 200)?;
    for value in &of.gates {
        out.display(C_PREFIX, "Gates", value)?;
    }
    {
        let value = &of.ordered_by;
        out.display(C_PREFIX, "OrderedBy", value)?;
    }
    {
        let value = &of.reason;
        out.text(C_PREFIX, "Reason", value, &facets::TEXT)?;
    }
    if let Some(value) = &of.release {
        out.display(C_PREFIX, "Release", value)?;
    }
    {
        let value = &of.ordered_at;
        out.time(C_PREFIX, "OrderedAt", *value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_operating_mode_change(node: Node<'_>) -> Result<OperatingModeChange, WireFault> {
    const NAMES: Names = &[
        (C, "ChangeId"),
        (C, "Mode"),
        (C, "Gates"),
        (C, "OrderedBy"),
        (C, "Reason"),
        (C, "EffectiveAt"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = OperatingModeChange {
        change_id: children.one(0, |node| text(node, &facets::REFERENCE))?,
        mode: children.one(1, value)?,
        gates: children.many(2, 0, 200, value)?,
        ordered_by: children.one(3, value)?,
        reason: children.one(4, |node| text(node, &facets::TEXT))?,
        effective_at: children.one(5, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_operating_mode_change(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &OperatingModeChange,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.change_id;
        out.text(C_PREFIX, "ChangeId", value, &facets::REFERENCE)?;
    }
    {
        let value = &of.mode;
        out.display(C_PREFIX, "Mode", value)?;
    }
    out.occurrence(C_PREFIX, "Gates", of.gates.len(), 0, 200)?;
    for value in &of.gates {
        out.display(C_PREFIX, "Gates", value)?;
    }
    {
        let value = &of.ordered_by;
        out.display(C_PREFIX, "OrderedBy", value)?;
    }
    {
        let value = &of.reason;
        out.text(C_PREFIX, "Reason", value, &facets::TEXT)?;
    }
    {
        let value = &of.effective_at;
        out.time(C_PREFIX, "EffectiveAt", *value)?;
    }
    out.end();
    Ok(())
}
