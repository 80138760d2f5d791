//! Readers and writers, made by `cargo xtask codegen` from `schemas/xsd/common.xsd`; change the schema, not this file.

#[allow(unused_imports, reason = "one list for all generated files")]
use crate::imports::*;

pub(crate) fn read_plate(node: Node<'_>) -> Result<Plate, WireFault> {
    const NAMES: Names = &[(C, "Number"), (C, "Colour")];
    let mut children = Children::open(node, NAMES)?;
    let made = Plate {
        number: children.one(0, value)?,
        colour: children.one(1, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_plate(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &Plate,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.number;
        out.display(C_PREFIX, "Number", value)?;
    }
    {
        let value = &of.colour;
        out.display(C_PREFIX, "Colour", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_position(node: Node<'_>) -> Result<Position, WireFault> {
    const NAMES: Names = &[
        (C, "Longitude"),
        (C, "Latitude"),
        (C, "Crs"),
        (C, "Altitude"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = Position {
        longitude: children.one(0, |node| decimal(node, &facets::LONGITUDE))?,
        latitude: children.one(1, |node| decimal(node, &facets::LATITUDE))?,
        crs: children.one(2, value)?,
        altitude: children.optional(3, |node| decimal(node, &facets::ALTITUDE_M))?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_position(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &Position,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.longitude;
        out.decimal(C_PREFIX, "Longitude", value, &facets::LONGITUDE)?;
    }
    {
        let value = &of.latitude;
        out.decimal(C_PREFIX, "Latitude", value, &facets::LATITUDE)?;
    }
    {
        let value = &of.crs;
        out.display(C_PREFIX, "Crs", value)?;
    }
    if let Some(value) = &of.altitude {
        out.decimal(C_PREFIX, "Altitude", value, &facets::ALTITUDE_M)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_id_document(node: Node<'_>) -> Result<IdDocument, WireFault> {
    const NAMES: Names = &[(C, "Kind"), (C, "Number")];
    let mut children = Children::open(node, NAMES)?;
    let made = IdDocument {
        kind: children.one(0, value)?,
        number: children.one(1, |node| text(node, &facets::ID_NUMBER))?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_id_document(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &IdDocument,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.kind;
        out.display(C_PREFIX, "Kind", value)?;
    }
    {
        let value = &of.number;
        out.text(C_PREFIX, "Number", value, &facets::ID_NUMBER)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_evidence_reference(node: Node<'_>) -> Result<EvidenceReference, WireFault> {
    const NAMES: Names = &[
        (C, "Kind"),
        (C, "Uri"),
        (C, "Digest"),
        (C, "From"),
        (C, "To"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = EvidenceReference {
        kind: children.one(0, value)?,
        uri: children.one(1, |node| text(node, &facets::URI))?,
        digest: children.optional(2, value)?,
        from: children.optional(3, value)?,
        to: children.optional(4, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_evidence_reference(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &EvidenceReference,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.kind;
        out.display(C_PREFIX, "Kind", value)?;
    }
    {
        let value = &of.uri;
        out.text(C_PREFIX, "Uri", value, &facets::URI)?;
    }
    if let Some(value) = &of.digest {
        out.display(C_PREFIX, "Digest", value)?;
    }
    if let Some(value) = &of.from {
        out.time(C_PREFIX, "From", *value)?;
    }
    if let Some(value) = &of.to {
        out.time(C_PREFIX, "To", *value)?;
    }
    out.end();
    Ok(())
}
