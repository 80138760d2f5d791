//! Readers and writers, made by `cargo xtask codegen` from `schemas/xsd/message.xsd`; change the schema, not this file.

#[allow(unused_imports, reason = "one list for all generated files")]
use crate::imports::*;

pub(crate) fn read_body(node: Node<'_>) -> Result<Body, WireFault> {
    const NAMES: Names = &[
        (C, "VehicleRegistration"),
        (C, "PersonRegistration"),
        (C, "AccessGrant"),
        (C, "ListEntry"),
        (C, "PlateCapture"),
        (C, "PassageRecord"),
        (C, "PassageDecision"),
        (C, "GateCommand"),
        (C, "GateStatus"),
        (C, "OnDutyStatus"),
        (C, "OccupancySnapshot"),
        (C, "SensorReadingBatch"),
        (C, "DeviceStatus"),
        (C, "AlarmEvent"),
        (C, "AlarmUpdate"),
        (C, "EmergencyGateOpen"),
        (C, "OperatingModeChange"),
        (C, "ReportRequest"),
        (C, "ReportDocument"),
        (C, "Receipt"),
        (C, "Refusal"),
        (C, "AuditEvent"),
    ];
    let (place, node) = only_child(node, NAMES)?;
    Ok(match place {
        0 => Body::VehicleRegistration(read_vehicle_registration(node)?),
        1 => Body::PersonRegistration(read_person_registration(node)?),
        2 => Body::AccessGrant(read_access_grant(node)?),
        3 => Body::ListEntry(read_list_entry(node)?),
        4 => Body::PlateCapture(read_plate_capture(node)?),
        5 => Body::PassageRecord(read_passage_record(node)?),
        6 => Body::PassageDecision(read_passage_decision(node)?),
        7 => Body::GateCommand(read_gate_command(node)?),
        8 => Body::GateStatus(read_gate_status(node)?),
        9 => Body::OnDutyStatus(read_on_duty_status(node)?),
        10 => Body::OccupancySnapshot(read_occupancy_snapshot(node)?),
        11 => Body::SensorReadingBatch(read_sensor_reading_batch(node)?),
        12 => Body::DeviceStatus(read_device_status(node)?),
        13 => Body::AlarmEvent(read_alarm_event(node)?),
        14 => Body::AlarmUpdate(read_alarm_update(node)?),
        15 => Body::EmergencyGateOpen(read_emergency_gate_open(node)?),
        16 => Body::OperatingModeChange(read_operating_mode_change(node)?),
        17 => Body::ReportRequest(read_report_request(node)?),
        18 => Body::ReportDocument(read_report_document(node)?),
        19 => Body::Receipt(read_receipt(node)?),
        20 => Body::Refusal(read_refusal(node)?),
        21 => Body::AuditEvent(read_audit_event(node)?),
        _ => return Err(unknown_element(node, NAMES)),
    })
}

pub(crate) fn write_body(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &Body,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    match of {
        Body::VehicleRegistration(value) => {
            write_vehicle_registration(out, C_PREFIX, "VehicleRegistration", value)?;
        }
        Body::PersonRegistration(value) => {
            write_person_registration(out, C_PREFIX, "PersonRegistration", value)?;
        }
        Body::AccessGrant(value) => {
            write_access_grant(out, C_PREFIX, "AccessGrant", value)?;
        }
        Body::ListEntry(value) => {
            write_list_entry(out, C_PREFIX, "ListEntry", value)?;
        }
        Body::PlateCapture(value) => {
            write_plate_capture(out, C_PREFIX, "PlateCapture", value)?;
        }
        Body::PassageRecord(value) => {
            write_passage_record(out, C_PREFIX, "PassageRecord", value)?;
        }
        Body::PassageDecision(value) => {
            write_passage_decision(out, C_PREFIX, "PassageDecision", value)?;
        }
        Body::GateCommand(value) => {
            write_gate_command(out, C_PREFIX, "GateCommand", value)?;
        }
        Body::GateStatus(value) => {
            write_gate_status(out, C_PREFIX, "GateStatus", value)?;
        }
        Body::OnDutyStatus(value) => {
            write_on_duty_status(out, C_PREFIX, "OnDutyStatus", value)?;
        }
        Body::OccupancySnapshot(value) => {
            write_occupancy_snapshot(out, C_PREFIX, "OccupancySnapshot", value)?;
        }
        Body::SensorReadingBatch(value) => {
            write_sensor_reading_batch(out, C_PREFIX, "SensorReadingBatch", value)?;
        }
        Body::DeviceStatus(value) => {
            write_device_status(out, C_PREFIX, "DeviceStatus", value)?;
        }
        Body::AlarmEvent(value) => {
            write_alarm_event(out, C_PREFIX, "AlarmEvent", value)?;
        }
        Body::AlarmUpdate(value) => {
            write_alarm_update(out, C_PREFIX, "AlarmUpdate", value)?;
        }
        Body::EmergencyGateOpen(value) => {
            write_emergency_gate_open(out, C_PREFIX, "EmergencyGateOpen", value)?;
        }
        Body::OperatingModeChange(value) => {
            write_operating_mode_change(out, C_PREFIX, "OperatingModeChange", value)?;
        }
        Body::ReportRequest(value) => {
            write_report_request(out, C_PREFIX, "ReportRequest", value)?;
        }
        Body::ReportDocument(value) => {
            write_report_document(out, C_PREFIX, "ReportDocument", value)?;
        }
        Body::Receipt(value) => {
            write_receipt(out, C_PREFIX, "Receipt", value)?;
        }
        Body::Refusal(value) => {
            write_refusal(out, C_PREFIX, "Refusal", value)?;
        }
        Body::AuditEvent(value) => {
            write_audit_event(out, C_PREFIX, "AuditEvent", value)?;
        }
    }
    out.end();
    Ok(())
}

pub(crate) fn read_message(node: Node<'_>) -> Result<Message, WireFault> {
    const NAMES: Names = &[(C, "Header"), (C, "Body")];
    let mut children = Children::open(node, NAMES)?;
    let made = Message {
        header: children.one(0, read_header)?,
        body: children.one(1, read_body)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_message(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &Message,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.header;
        write_header(out, C_PREFIX, "Header", value)?;
    }
    {
        let value = &of.body;
        write_body(out, C_PREFIX, "Body", value)?;
    }
    out.end();
    Ok(())
}

/// Reads a `Message` element.
pub fn read_message_root(node: Node<'_>) -> Result<Message, WireFault> {
    expect_root(node, C, "Message")?;
    read_message(node)
}

/// Writes a `Message` element in canonical form; refuses values that break a facet.
pub fn write_message_root(of: &Message) -> Result<Vec<u8>, WireFault> {
    let mut out = Out::new();
    write_message(&mut out, C_PREFIX, "Message", of)?;
    Ok(out.finish())
}

/// Reads a `Receipt` element.
pub fn read_receipt_root(node: Node<'_>) -> Result<Receipt, WireFault> {
    expect_root(node, C, "Receipt")?;
    read_receipt(node)
}

/// Writes a `Receipt` element in canonical form; refuses values that break a facet.
pub fn write_receipt_root(of: &Receipt) -> Result<Vec<u8>, WireFault> {
    let mut out = Out::new();
    write_receipt(&mut out, C_PREFIX, "Receipt", of)?;
    Ok(out.finish())
}

/// Reads a `Refusal` element.
pub fn read_refusal_root(node: Node<'_>) -> Result<Refusal, WireFault> {
    expect_root(node, C, "Refusal")?;
    read_refusal(node)
}

/// Writes a `Refusal` element in canonical form; refuses values that break a facet.
pub fn write_refusal_root(of: &Refusal) -> Result<Vec<u8>, WireFault> {
    let mut out = Out::new();
    write_refusal(&mut out, C_PREFIX, "Refusal", of)?;
    Ok(out.finish())
}

/// Reads a `ReportDocument` element.
pub fn read_report_document_root(node: Node<'_>) -> Result<ReportDocument, WireFault> {
    expect_root(node, C, "ReportDocument")?;
    read_report_document(node)
}

/// Writes a `ReportDocument` element in canonical form; refuses values that break a facet.
pub fn write_report_document_root(of: &ReportDocument) -> Result<Vec<u8>, WireFault> {
    let mut out = Out::new();
    write_report_document(&mut out, C_PREFIX, "ReportDocument", of)?;
    Ok(out.finish())
}
