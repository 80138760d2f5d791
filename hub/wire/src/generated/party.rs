//! Readers and writers, made by `cargo xtask codegen` from `schemas/xsd/party.xsd`; change the schema, not this file.

#[allow(unused_imports, reason = "one list for all generated files")]
use crate::imports::*;

pub(crate) fn read_qualification(node: Node<'_>) -> Result<Qualification, WireFault> {
    const NAMES: Names = &[(C, "Name"), (C, "Number"), (C, "ValidTo")];
    let mut children = Children::open(node, NAMES)?;
    let made = Qualification {
        name: children.one(0, |node| text(node, &facets::NAME))?,
        number: children.one(1, |node| text(node, &facets::ID_NUMBER))?,
        valid_to: children.optional(2, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_qualification(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &Qualification,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.name;
        out.text(C_PREFIX, "Name", value, &facets::NAME)?;
    }
    {
        let value = &of.number;
        out.text(C_PREFIX, "Number", value, &facets::ID_NUMBER)?;
    }
    if let Some(value) = &of.valid_to {
        out.time(C_PREFIX, "ValidTo", *value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_person_registration(node: Node<'_>) -> Result<PersonRegistration, WireFault> {
    const NAMES: Names = &[
        (C, "RegistrationId"),
        (C, "PersonId"),
        (C, "PersonKind"),
        (C, "Name"),
        (C, "Sex"),
        (C, "IdDocument"),
        (C, "Phone"),
        (C, "EnterpriseId"),
        (C, "Uscc"),
        (C, "Position"),
        (C, "Qualifications"),
        (C, "Gates"),
        (C, "Areas"),
        (C, "Plates"),
        (C, "ApplyChannel"),
        (C, "ValidFrom"),
        (C, "ValidTo"),
        (C, "State"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = PersonRegistration {
        registration_id: children.one(0, |node| text(node, &facets::REFERENCE))?,
        person_id: children.one(1, |node| text(node, &facets::PERSON_ID))?,
        person_kind: children.one(2, value)?,
        name: children.one(3, |node| text(node, &facets::NAME))?,
        sex: children.optional(4, value)?,
        id_document: children.one(5, read_id_document)?,
        phone: children.optional(6, |node| text(node, &facets::PHONE))?,
        enterprise_id: children.one(7, value)?,
        uscc: children.optional(8, |node| text(node, &facets::USCC))?,
        position: children.optional(9, |node| text(node, &facets::NAME))?,
        qualifications: children.many(10, 0, 20, read_qualification)?,
        gates: children.many(11, 0, 200, value)?,
        areas: children.many(12, 0, 200, |node| text(node, &facets::AREA_ID))?,
        plates: children.many(13, 0, 10, read_plate)?,
        apply_channel: children.optional(14, value)?,
        valid_from: children.one(15, value)?,
        valid_to: children.one(16, value)?,
        state: children.one(17, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_person_registration(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &PersonRegistration,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.registration_id;
        out.text(C_PREFIX, "RegistrationId", value, &facets::REFERENCE)?;
    }
    {
        let value = &of.person_id;
        out.text(C_PREFIX, "PersonId", value, &facets::PERSON_ID)?;
    }
    {
        let value = &of.person_kind;
        out.display(C_PREFIX, "PersonKind", value)?;
    }
    {
        let value = &of.name;
        out.text(C_PREFIX, "Name", value, &facets::NAME)?;
    }
    if let Some(value) = &of.sex {
        out.display(C_PREFIX, "Sex", value)?;
    }
    {
        let value = &of.id_document;
        write_id_document(out, C_PREFIX, "IdDocument", value)?;
    }
    if let Some(value) = &of.phone {
        out.text(C_PREFIX, "Phone", value, &facets::PHONE)?;
    }
    {
        let value = &of.enterprise_id;
        out.display(C_PREFIX, "EnterpriseId", value)?;
    }
    if let Some(value) = &of.uscc {
        out.text(C_PREFIX, "Uscc", value, &facets::USCC)?;
    }
    if let Some(value) = &of.position {
        out.text(C_PREFIX, "Position", value, &facets::NAME)?;
    }
    out.occurrence(C_PREFIX, "Qualifications", of.qualifications.len(), 0, 20)?;
    for value in &of.qualifications {
        write_qualification(out, C_PREFIX, "Qualifications", value)?;
    }
    out.occurrence(C_PREFIX, "Gates", of.gates.len(), 0, 200)?;
    for value in &of.gates {
        out.display(C_PREFIX, "Gates", value)?;
    }
    out.occurrence(C_PREFIX, "Areas", of.areas.len(), 0, 200)?;
    for value in &of.areas {
        out.text(C_PREFIX, "Areas", value, &facets::AREA_ID)?;
    }
    out.occurrence(C_PREFIX, "Plates", of.plates.len(), 0, 10)?;
    for value in &of.plates {
        write_plate(out, C_PREFIX, "Plates", value)?;
    }
    if let Some(value) = &of.apply_channel {
        out.display(C_PREFIX, "ApplyChannel", value)?;
    }
    {
        let value = &of.valid_from;
        out.time(C_PREFIX, "ValidFrom", *value)?;
    }
    {
        let value = &of.valid_to;
        out.time(C_PREFIX, "ValidTo", *value)?;
    }
    {
        let value = &of.state;
        out.display(C_PREFIX, "State", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_crew_member(node: Node<'_>) -> Result<CrewMember, WireFault> {
    const NAMES: Names = &[
        (C, "PersonKind"),
        (C, "Name"),
        (C, "IdDocument"),
        (C, "Phone"),
        (C, "Qualification"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = CrewMember {
        person_kind: children.one(0, value)?,
        name: children.one(1, |node| text(node, &facets::NAME))?,
        id_document: children.optional(2, read_id_document)?,
        phone: children.optional(3, |node| text(node, &facets::PHONE))?,
        qualification: children.optional(4, |node| text(node, &facets::ID_NUMBER))?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_crew_member(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &CrewMember,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.person_kind;
        out.display(C_PREFIX, "PersonKind", value)?;
    }
    {
        let value = &of.name;
        out.text(C_PREFIX, "Name", value, &facets::NAME)?;
    }
    if let Some(value) = &of.id_document {
        write_id_document(out, C_PREFIX, "IdDocument", value)?;
    }
    if let Some(value) = &of.phone {
        out.text(C_PREFIX, "Phone", value, &facets::PHONE)?;
    }
    if let Some(value) = &of.qualification {
        out.text(C_PREFIX, "Qualification", value, &facets::ID_NUMBER)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_vehicle_registration(node: Node<'_>) -> Result<VehicleRegistration, WireFault> {
    const NAMES: Names = &[
        (C, "RegistrationId"),
        (C, "Plate"),
        (C, "PlateClass"),
        (C, "TrailerPlate"),
        (C, "SubjectKind"),
        (C, "Vin"),
        (C, "EtagEpc"),
        (C, "EnterpriseId"),
        (C, "Uscc"),
        (C, "CarrierName"),
        (C, "RoadTransportCertificate"),
        (C, "LadenMassKg"),
        (C, "Crew"),
        (C, "Gates"),
        (C, "ApplyChannel"),
        (C, "ValidFrom"),
        (C, "ValidTo"),
        (C, "State"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = VehicleRegistration {
        registration_id: children.one(0, |node| text(node, &facets::REFERENCE))?,
        plate: children.one(1, read_plate)?,
        plate_class: children.optional(2, |node| text(node, &facets::PLATE_CLASS))?,
        trailer_plate: children.optional(3, value)?,
        subject_kind: children.one(4, value)?,
        vin: children.optional(5, |node| text(node, &facets::VIN))?,
        etag_epc: children.optional(6, |node| text(node, &facets::ETAG_EPC))?,
        enterprise_id: children.one(7, value)?,
        uscc: children.optional(8, |node| text(node, &facets::USCC))?,
        carrier_name: children.optional(9, |node| text(node, &facets::NAME))?,
        road_transport_certificate: children.optional(10, |node| text(node, &facets::ID_NUMBER))?,
        laden_mass_kg: children.optional(11, |node| count(node, &facets::COUNT))?,
        crew: children.many(12, 0, 6, read_crew_member)?,
        gates: children.many(13, 0, 200, value)?,
        apply_channel: children.optional(14, value)?,
        valid_from: children.one(15, value)?,
        valid_to: children.one(16, value)?,
        state: children.one(17, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_vehicle_registration(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &VehicleRegistration,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.registration_id;
        out.text(C_PREFIX, "RegistrationId", value, &facets::REFERENCE)?;
    }
    {
        let value = &of.plate;
        write_plate(out, C_PREFIX, "Plate", value)?;
    }
    if let Some(value) = &of.plate_class {
        out.text(C_PREFIX, "PlateClass", value, &facets::PLATE_CLASS)?;
    }
    if let Some(value) = &of.trailer_plate {
        out.display(C_PREFIX, "TrailerPlate", value)?;
    }
    {
        let value = &of.subject_kind;
        out.display(C_PREFIX, "SubjectKind", value)?;
    }
    if let Some(value) = &of.vin {
        out.text(C_PREFIX, "Vin", value, &facets::VIN)?;
    }
    if let Some(value) = &of.etag_epc {
        out.text(C_PREFIX, "EtagEpc", value, &facets::ETAG_EPC)?;
    }
    {
        let value = &of.enterprise_id;
        out.display(C_PREFIX, "EnterpriseId", value)?;
    }
    if let Some(value) = &of.uscc {
        out.text(C_PREFIX, "Uscc", value, &facets::USCC)?;
    }
    if let Some(value) = &of.carrier_name {
        out.text(C_PREFIX, "CarrierName", value, &facets::NAME)?;
    }
    if let Some(value) = &of.road_transport_certificate {
        out.text(
            C_PREFIX,
            "RoadTransportCertificate",
            value,
            &facets::ID_NUMBER,
        )?;
    }
    if let Some(value) = &of.laden_mass_kg {
        out.count(C_PREFIX, "LadenMassKg", *value, &facets::COUNT)?;
    }
    out.occurrence(C_PREFIX, "Crew", of.crew.len(), 0, 6)?;
    for value in &of.crew {
        write_crew_member(out, C_PREFIX, "Crew", value)?;
    }
    out.occurrence(C_PREFIX, "Gates", of.gates.len(), 0, 200)?;
    for value in &of.gates {
        out.display(C_PREFIX, "Gates", value)?;
    }
    if let Some(value) = &of.apply_channel {
        out.display(C_PREFIX, "ApplyChannel", value)?;
    }
    {
        let value = &of.valid_from;
        out.time(C_PREFIX, "ValidFrom", *value)?;
    }
    {
        let value = &of.valid_to;
        out.time(C_PREFIX, "ValidTo", *value)?;
    }
    {
        let value = &of.state;
        out.display(C_PREFIX, "State", value)?;
    }
    out.end();
    Ok(())
}
