//! Readers and writers, made by `cargo xtask codegen` from `schemas/xsd/command.xsd`; change the schema, not this file.

#[allow(unused_imports, reason = "one list for all generated files")]
use crate::imports::*;

pub(crate) fn read_gate_command(node: Node<'_>) -> Result<GateCommand, WireFault> {
    const NAMES: Names = &[
        (C, "CommandId"),
        (C, "GateId"),
        (C, "LaneId"),
        (C, "DeviceId"),
        (C, "Action"),
        (C, "Reason"),
        (C, "Priority"),
        (C, "Deadline"),
        (C, "Epoch"),
        (C, "OrderedBy"),
        (C, "DecisionRef"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = GateCommand {
        command_id: children.one(0, value)?,
        gate_id: children.one(1, value)?,
        lane_id: children.one(2, value)?,
        device_id: children.one(3, value)?,
        action: children.one(4, value)?,
        reason: children.one(5, |node| text(node, &facets::SHORT_TEXT))?,
        priority: children.one(6, value)?,
        deadline: children.one(7, value)?,
        epoch: children.one(8, |node| count(node, &facets::ENTRY_NUMBER))?,
        ordered_by: children.optional(9, value)?,
        decision_ref: children.optional(10, |node| text(node, &facets::REFERENCE))?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_gate_command(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &GateCommand,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.command_id;
        out.display(C_PREFIX, "CommandId", value)?;
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
        let value = &of.device_id;
        out.display(C_PREFIX, "DeviceId", value)?;
    }
    {
        let value = &of.action;
        out.display(C_PREFIX, "Action", value)?;
    }
    {
        let value = &of.reason;
        out.text(C_PREFIX, "Reason", value, &facets::SHORT_TEXT)?;
    }
    {
        let value = &of.priority;
        out.display(C_PREFIX, "Priority", value)?;
    }
    {
        let value = &of.deadline;
        out.time(C_PREFIX, "Deadline", *value)?;
    }
    {
        let value = &of.epoch;
        out.count(C_PREFIX, "Epoch", *value, &facets::ENTRY_NUMBER)?;
    }
    if let Some(value) = &of.ordered_by {
        out.display(C_PREFIX, "OrderedBy", value)?;
    }
    if let Some(value) = &of.decision_ref {
        out.text(C_PREFIX, "DecisionRef", value, &facets::REFERENCE)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_barrier_inputs(node: Node<'_>) -> Result<BarrierInputs, WireFault> {
    const NAMES: Names = &[
        (C, "UpLimit"),
        (C, "DownLimit"),
        (C, "ApproachLoop"),
        (C, "SafetyLoop"),
        (C, "Photocell"),
        (C, "LocalControl"),
        (C, "Fault"),
        (C, "EmergencyButton"),
        (C, "Lamp"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = BarrierInputs {
        up_limit: children.optional(0, boolean)?,
        down_limit: children.optional(1, boolean)?,
        approach_loop: children.optional(2, boolean)?,
        safety_loop: children.optional(3, boolean)?,
        photocell: children.optional(4, boolean)?,
        local_control: children.optional(5, boolean)?,
        fault: children.optional(6, boolean)?,
        emergency_button: children.optional(7, boolean)?,
        lamp: children.optional(8, boolean)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_barrier_inputs(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &BarrierInputs,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    if let Some(value) = &of.up_limit {
        out.display(C_PREFIX, "UpLimit", value)?;
    }
    if let Some(value) = &of.down_limit {
        out.display(C_PREFIX, "DownLimit", value)?;
    }
    if let Some(value) = &of.approach_loop {
        out.display(C_PREFIX, "ApproachLoop", value)?;
    }
    if let Some(value) = &of.safety_loop {
        out.display(C_PREFIX, "SafetyLoop", value)?;
    }
    if let Some(value) = &of.photocell {
        out.display(C_PREFIX, "Photocell", value)?;
    }
    if let Some(value) = &of.local_control {
        out.display(C_PREFIX, "LocalControl", value)?;
    }
    if let Some(value) = &of.fault {
        out.display(C_PREFIX, "Fault", value)?;
    }
    if let Some(value) = &of.emergency_button {
        out.display(C_PREFIX, "EmergencyButton", value)?;
    }
    if let Some(value) = &of.lamp {
        out.display(C_PREFIX, "Lamp", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_loop_event(node: Node<'_>) -> Result<LoopEvent, WireFault> {
    const NAMES: Names = &[(C, "Kind"), (C, "Direction")];
    let mut children = Children::open(node, NAMES)?;
    let made = LoopEvent {
        kind: children.one(0, value)?,
        direction: children.one(1, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_loop_event(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &LoopEvent,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.kind;
        out.display(C_PREFIX, "Kind", value)?;
    }
    {
        let value = &of.direction;
        out.display(C_PREFIX, "Direction", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_gate_status(node: Node<'_>) -> Result<GateStatus, WireFault> {
    const NAMES: Names = &[
        (C, "GateId"),
        (C, "LaneId"),
        (C, "DeviceId"),
        (C, "BarrierState"),
        (C, "Inputs"),
        (C, "CommandId"),
        (C, "CommandOutcome"),
        (C, "Detail"),
        (C, "LoopEvent"),
        (C, "ObservedAt"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = GateStatus {
        gate_id: children.one(0, value)?,
        lane_id: children.one(1, value)?,
        device_id: children.one(2, value)?,
        barrier_state: children.one(3, value)?,
        inputs: children.one(4, read_barrier_inputs)?,
        command_id: children.optional(5, value)?,
        command_outcome: children.optional(6, value)?,
        detail: children.optional(7, |node| text(node, &facets::SHORT_TEXT))?,
        loop_event: children.optional(8, read_loop_event)?,
        observed_at: children.one(9, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_gate_status(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &GateStatus,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.gate_id;
        out.display(C_PREFIX, "GateId", value)?;
    }
    {
        let value = &of.lane_id;
        out.display(C_PREFIX, "LaneId", value)?;
    }
    {
        let value = &of.device_id;
        out.display(C_PREFIX, "DeviceId", value)?;
    }
    {
        let value = &of.barrier_state;
        out.display(C_PREFIX, "BarrierState", value)?;
    }
    {
        let value = &of.inputs;
        write_barrier_inputs(out, C_PREFIX, "Inputs", value)?;
    }
    if let Some(value) = &of.command_id {
        out.display(C_PREFIX, "CommandId", value)?;
    }
    if let Some(value) = &of.command_outcome {
        out.display(C_PREFIX, "CommandOutcome", value)?;
    }
    if let Some(value) = &of.detail {
        out.text(C_PREFIX, "Detail", value, &facets::SHORT_TEXT)?;
    }
    if let Some(value) = &of.loop_event {
        write_loop_event(out, C_PREFIX, "LoopEvent", value)?;
    }
    {
        let value = &of.observed_at;
        out.time(C_PREFIX, "ObservedAt", *value)?;
    }
    out.end();
    Ok(())
}
