//! Readers and writers, made by `cargo xtask codegen` from `schemas/xsd/monitoring.xsd`; change the schema, not this file.

#[allow(unused_imports, reason = "one list for all generated files")]
use crate::imports::*;

pub(crate) fn read_plate_capture(node: Node<'_>) -> Result<PlateCapture, WireFault> {
    const NAMES: Names = &[
        (C, "DeviceId"),
        (C, "GateId"),
        (C, "LaneId"),
        (C, "PlateNumber"),
        (C, "PlateColour"),
        (C, "PlateClass"),
        (C, "PlateText"),
        (C, "SubjectKind"),
        (C, "Direction"),
        (C, "CapturedAt"),
        (C, "Confidence"),
        (C, "EtagEpc"),
        (C, "TrailerPlate"),
        (C, "SpeedKmh"),
        (C, "ImageRef"),
        (C, "ImageDigest"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = PlateCapture {
        device_id: children.one(0, value)?,
        gate_id: children.optional(1, value)?,
        lane_id: children.one(2, value)?,
        plate_number: children.one(3, value)?,
        plate_colour: children.one(4, value)?,
        plate_class: children.optional(5, |node| text(node, &facets::PLATE_CLASS))?,
        plate_text: children.optional(6, |node| text(node, &facets::SOURCE_REFERENCE))?,
        subject_kind: children.optional(7, value)?,
        direction: children.one(8, value)?,
        captured_at: children.one(9, value)?,
        confidence: children.optional(10, |node| decimal(node, &facets::RATIO))?,
        etag_epc: children.optional(11, |node| text(node, &facets::ETAG_EPC))?,
        trailer_plate: children.optional(12, value)?,
        speed_kmh: children.optional(13, |node| decimal(node, &facets::MEASURE))?,
        image_ref: children.optional(14, |node| text(node, &facets::URI))?,
        image_digest: children.optional(15, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_plate_capture(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &PlateCapture,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.device_id;
        out.display(C_PREFIX, "DeviceId", value)?;
    }
    if let Some(value) = &of.gate_id {
        out.display(C_PREFIX, "GateId", value)?;
    }
    {
        let value = &of.lane_id;
        out.display(C_PREFIX, "LaneId", value)?;
    }
    {
        let value = &of.plate_number;
        out.display(C_PREFIX, "PlateNumber", value)?;
    }
    {
        let value = &of.plate_colour;
        out.display(C_PREFIX, "PlateColour", value)?;
    }
    if let Some(value) = &of.plate_class {
        out.text(C_PREFIX, "PlateClass", value, &facets::PLATE_CLASS)?;
    }
    if let Some(value) = &of.plate_text {
        out.text(C_PREFIX, "PlateText", value, &facets::SOURCE_REFERENCE)?;
    }
    if let Some(value) = &of.subject_kind {
        out.display(C_PREFIX, "SubjectKind", value)?;
    }
    {
        let value = &of.direction;
        out.display(C_PREFIX, "Direction", value)?;
    }
    {
        let value = &of.captured_at;
        out.time(C_PREFIX, "CapturedAt", *value)?;
    }
    if let Some(value) = &of.confidence {
        out.decimal(C_PREFIX, "Confidence", value, &facets::RATIO)?;
    }
    if let Some(value) = &of.etag_epc {
        out.text(C_PREFIX, "EtagEpc", value, &facets::ETAG_EPC)?;
    }
    if let Some(value) = &of.trailer_plate {
        out.display(C_PREFIX, "TrailerPlate", value)?;
    }
    if let Some(value) = &of.speed_kmh {
        out.decimal(C_PREFIX, "SpeedKmh", value, &facets::MEASURE)?;
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

pub(crate) fn read_on_duty_person(node: Node<'_>) -> Result<OnDutyPerson, WireFault> {
    const NAMES: Names = &[
        (C, "PersonId"),
        (C, "Name"),
        (C, "Post"),
        (C, "OnPost"),
        (C, "Since"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = OnDutyPerson {
        person_id: children.one(0, |node| text(node, &facets::PERSON_ID))?,
        name: children.optional(1, |node| text(node, &facets::NAME))?,
        post: children.optional(2, |node| text(node, &facets::NAME))?,
        on_post: children.one(3, boolean)?,
        since: children.optional(4, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_on_duty_person(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &OnDutyPerson,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.person_id;
        out.text(C_PREFIX, "PersonId", value, &facets::PERSON_ID)?;
    }
    if let Some(value) = &of.name {
        out.text(C_PREFIX, "Name", value, &facets::NAME)?;
    }
    if let Some(value) = &of.post {
        out.text(C_PREFIX, "Post", value, &facets::NAME)?;
    }
    {
        let value = &of.on_post;
        out.display(C_PREFIX, "OnPost", value)?;
    }
    if let Some(value) = &of.since {
        out.time(C_PREFIX, "Since", *value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_on_duty_status(node: Node<'_>) -> Result<OnDutyStatus, WireFault> {
    const NAMES: Names = &[
        (C, "EnterpriseId"),
        (C, "AreaId"),
        (C, "Required"),
        (C, "OnPost"),
        (C, "Persons"),
        (C, "ObservedAt"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = OnDutyStatus {
        enterprise_id: children.one(0, value)?,
        area_id: children.optional(1, |node| text(node, &facets::AREA_ID))?,
        required: children.one(2, |node| count(node, &facets::COUNT))?,
        on_post: children.one(3, |node| count(node, &facets::COUNT))?,
        persons: children.many(4, 0, 500, read_on_duty_person)?,
        observed_at: children.one(5, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_on_duty_status(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &OnDutyStatus,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.enterprise_id;
        out.display(C_PREFIX, "EnterpriseId", value)?;
    }
    if let Some(value) = &of.area_id {
        out.text(C_PREFIX, "AreaId", value, &facets::AREA_ID)?;
    }
    {
        let value = &of.required;
        out.count(C_PREFIX, "Required", *value, &facets::COUNT)?;
    }
    {
        let value = &of.on_post;
        out.count(C_PREFIX, "OnPost", *value, &facets::COUNT)?;
    }
    out.occurrence(C_PREFIX, "Persons", of.persons.len(), 0, 500)?;
    for value in &of.persons {
        write_on_duty_person(out, C_PREFIX, "Persons", value)?;
    }
    {
        let value = &of.observed_at;
        out.time(C_PREFIX, "ObservedAt", *value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_thresholds(node: Node<'_>) -> Result<Thresholds, WireFault> {
    const NAMES: Names = &[(C, "LowLow"), (C, "Low"), (C, "High"), (C, "HighHigh")];
    let mut children = Children::open(node, NAMES)?;
    let made = Thresholds {
        low_low: children.optional(0, |node| decimal(node, &facets::MEASURE))?,
        low: children.optional(1, |node| decimal(node, &facets::MEASURE))?,
        high: children.optional(2, |node| decimal(node, &facets::MEASURE))?,
        high_high: children.optional(3, |node| decimal(node, &facets::MEASURE))?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_thresholds(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &Thresholds,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    if let Some(value) = &of.low_low {
        out.decimal(C_PREFIX, "LowLow", value, &facets::MEASURE)?;
    }
    if let Some(value) = &of.low {
        out.decimal(C_PREFIX, "Low", value, &facets::MEASURE)?;
    }
    if let Some(value) = &of.high {
        out.decimal(C_PREFIX, "High", value, &facets::MEASURE)?;
    }
    if let Some(value) = &of.high_high {
        out.decimal(C_PREFIX, "HighHigh", value, &facets::MEASURE)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_sample(node: Node<'_>) -> Result<Sample, WireFault> {
    const NAMES: Names = &[
        (C, "DeviceId"),
        (C, "Point"),
        (C, "Value"),
        (C, "Unit"),
        (C, "Quality"),
        (C, "ObservedAt"),
        (C, "Thresholds"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = Sample {
        device_id: children.one(0, value)?,
        point: children.one(1, |node| text(node, &facets::POINT))?,
        value: children.one(2, |node| decimal(node, &facets::MEASURE))?,
        unit: children.one(3, |node| text(node, &facets::UNIT))?,
        quality: children.one(4, value)?,
        observed_at: children.one(5, value)?,
        thresholds: children.optional(6, read_thresholds)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_sample(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &Sample,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.device_id;
        out.display(C_PREFIX, "DeviceId", value)?;
    }
    {
        let value = &of.point;
        out.text(C_PREFIX, "Point", value, &facets::POINT)?;
    }
    {
        let value = &of.value;
        out.decimal(C_PREFIX, "Value", value, &facets::MEASURE)?;
    }
    {
        let value = &of.unit;
        out.text(C_PREFIX, "Unit", value, &facets::UNIT)?;
    }
    {
        let value = &of.quality;
        out.display(C_PREFIX, "Quality", value)?;
    }
    {
        let value = &of.observed_at;
        out.time(C_PREFIX, "ObservedAt", *value)?;
    }
    if let Some(value) = &of.thresholds {
        write_thresholds(out, C_PREFIX, "Thresholds", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_sensor_reading_batch(node: Node<'_>) -> Result<SensorReadingBatch, WireFault> {
    const NAMES: Names = &[(C, "GatewayId"), (C, "Samples")];
    let mut children = Children::open(node, NAMES)?;
    let made = SensorReadingBatch {
        gateway_id: children.one(0, value)?,
        samples: children.many(1, 1, 1000, read_sample)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_sensor_reading_batch(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &SensorReadingBatch,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.gateway_id;
        out.display(C_PREFIX, "GatewayId", value)?;
    }
    out.occurrence(C_PREFIX, "Samples", of.samples.len(), 1, 1000)?;
    for value in &of.samples {
        write_sample(out, C_PREFIX, "Samples", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_device_status(node: Node<'_>) -> Result<DeviceStatus, WireFault> {
    const NAMES: Names = &[
        (C, "DeviceId"),
        (C, "DeviceKind"),
        (C, "Vendor"),
        (C, "Model"),
        (C, "Firmware"),
        (C, "State"),
        (C, "Reason"),
        (C, "ClockOffsetMs"),
        (C, "Since"),
        (C, "ObservedAt"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = DeviceStatus {
        device_id: children.one(0, value)?,
        device_kind: children.one(1, value)?,
        vendor: children.optional(2, |node| text(node, &facets::NAME))?,
        model: children.optional(3, |node| text(node, &facets::NAME))?,
        firmware: children.optional(4, |node| text(node, &facets::NAME))?,
        state: children.one(5, value)?,
        reason: children.optional(6, |node| text(node, &facets::SHORT_TEXT))?,
        clock_offset_ms: children.optional(7, |node| count(node, &facets::MILLISECONDS))?,
        since: children.optional(8, value)?,
        observed_at: children.one(9, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_device_status(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &DeviceStatus,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.device_id;
        out.display(C_PREFIX, "DeviceId", value)?;
    }
    {
        let value = &of.device_kind;
        out.display(C_PREFIX, "DeviceKind", value)?;
    }
    if let Some(value) = &of.vendor {
        out.text(C_PREFIX, "Vendor", value, &facets::NAME)?;
    }
    if let Some(value) = &of.model {
        out.text(C_PREFIX, "Model", value, &facets::NAME)?;
    }
    if let Some(value) = &of.firmware {
        out.text(C_PREFIX, "Firmware", value, &facets::NAME)?;
    }
    {
        let value = &of.state;
        out.display(C_PREFIX, "State", value)?;
    }
    if let Some(value) = &of.reason {
        out.text(C_PREFIX, "Reason", value, &facets::SHORT_TEXT)?;
    }
    if let Some(value) = &of.clock_offset_ms {
        out.count(C_PREFIX, "ClockOffsetMs", *value, &facets::MILLISECONDS)?;
    }
    if let Some(value) = &of.since {
        out.time(C_PREFIX, "Since", *value)?;
    }
    {
        let value = &of.observed_at;
        out.time(C_PREFIX, "ObservedAt", *value)?;
    }
    out.end();
    Ok(())
}
