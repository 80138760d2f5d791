//! What the enterprises of the demo file: grants for the vehicles of the story, a black list entry,
//! staff on post. Written with the same writer that any client would use.

use cordon_contract::Fault;
use cordon_model::{
    AccessGrant, Body, ClassLetter, Header, LifeState, ListEntry, ListKind, ListSubject, Message,
    MessageId, OnDutyStatus, ParkCode, PartyId, Plate, PlateColour, Quality, SCHEMA_VERSION,
    Sensitivity, SubjectKind, Timestamp, VehicleRegistration,
};
use cordon_services::lawful;
use cordon_sim_park::cast::{Papers, Vehicle};

/// Whoever files.
#[derive(Clone, Debug)]
pub struct Filer {
    /// The park.
    pub park: ParkCode,
    /// The enterprise.
    pub enterprise: PartyId,
}

impl Filer {
    /// Everything that is filed for a vehicle; nothing for one that has no papers.
    pub fn papers(&self, vehicle: &Vehicle, now: Timestamp) -> Result<Vec<Body>, Fault> {
        let plate = plate(vehicle)?;
        let paper = match vehicle.papers {
            Papers::None | Papers::Rescue => return Ok(Vec::new()),
            Papers::Commuter => Paper::new(ClassLetter::L, SubjectKind::VehCommuter),
            Papers::Hazmat => Paper::hazmat(Some(format!("WB-{}", reference(vehicle.plate)))),
            Papers::HazmatWithoutWaybill => Paper::hazmat(None),
            Papers::Freight | Papers::Blacklisted => {
                Paper::new(ClassLetter::F, SubjectKind::VehFreight)
            }
            Papers::ExpiredFreight => Paper {
                over: true,
                ..Paper::new(ClassLetter::F, SubjectKind::VehFreight)
            },
        };
        let mut filed = vec![Body::AccessGrant(self.grant(&plate, paper, now))];
        if vehicle.papers == Papers::Blacklisted {
            filed.push(black(vehicle, plate, now));
        }
        Ok(filed)
    }

    /// What the park's office must have said before: which tank trucks it has seen and registered for
    /// the enterprise, and that it confirms the black list.
    pub fn office(&self, vehicle: &Vehicle, now: Timestamp) -> Result<Option<Body>, Fault> {
        let plate = plate(vehicle)?;
        Ok(match vehicle.papers {
            Papers::Hazmat | Papers::HazmatWithoutWaybill => {
                Some(Body::VehicleRegistration(VehicleRegistration {
                    registration_id: format!("REG-{}", reference(vehicle.plate)),
                    plate,
                    plate_class: None,
                    trailer_plate: None,
                    subject_kind: SubjectKind::VehHazmat,
                    vin: None,
                    etag_epc: None,
                    enterprise_id: self.enterprise.clone(),
                    uscc: None,
                    carrier_name: None,
                    road_transport_certificate: None,
                    laden_mass_kg: None,
                    crew: Vec::new(),
                    gates: Vec::new(),
                    apply_channel: None,
                    valid_from: now.plus_seconds(-60),
                    valid_to: now.plus_seconds(30 * 86_400),
                    state: LifeState::Active,
                }))
            }
            Papers::Blacklisted => Some(black(vehicle, plate, now)),
            _ => None,
        })
    }

    fn grant(&self, plate: &Plate, paper: Paper, now: Timestamp) -> AccessGrant {
        let (from, to) = if paper.over {
            (now.plus_seconds(-2 * 86_400), now.plus_seconds(-86_400))
        } else {
            (now.plus_seconds(-300), now.plus_seconds(86_400))
        };
        AccessGrant {
            grant_id: format!("GR-{}", reference(plate.number.as_str())),
            class_letter: paper.class,
            subject_kind: paper.kind,
            plate: Some(plate.clone()),
            trailer_plate: None,
            etag_epc: None,
            person_id: None,
            person_id_document: None,
            enterprise_id: self.enterprise.clone(),
            gates: Vec::new(),
            lanes: Vec::new(),
            areas: Vec::new(),
            valid_from: from,
            valid_to: to,
            waybill_ref: paper.waybill,
            manifest_ref: None,
            checks_passed: paper.checked.then_some(true),
            max_stay_minutes: Some(360),
            state: LifeState::Active,
        }
    }

    /// Staff on post now.
    pub fn on_duty(&self, on_post: u32, now: Timestamp) -> Body {
        Body::OnDutyStatus(OnDutyStatus {
            enterprise_id: self.enterprise.clone(),
            area_id: None,
            required: 4,
            on_post,
            persons: Vec::new(),
            observed_at: now,
        })
    }

    /// The canonical bytes of a message, and its id.
    pub fn write(&self, body: Body, now: Timestamp) -> Result<(MessageId, Vec<u8>), Fault> {
        let message_id = MessageId::random();
        let message = Message {
            header: Header {
                message_id,
                message_type: body.message_type(),
                schema_version: SCHEMA_VERSION.to_owned(),
                park_code: self.park.clone(),
                sender_id: self.enterprise.clone(),
                recipient_id: None,
                occurred_at: now,
                sent_at: now,
                sequence: 0,
                correlation_id: None,
                source_ref: None,
                quality: Quality::Manual,
                sensitivity: Sensitivity::Internal,
                test: false,
                attested_by: None,
            },
            body,
        };
        let bytes = cordon_wire::write_message(&message).map_err(lawful)?;
        Ok((message_id, bytes))
    }
}

/// The vehicle's entry on the black list.
fn black(vehicle: &Vehicle, plate: Plate, now: Timestamp) -> Body {
    Body::ListEntry(ListEntry {
        entry_id: format!("BL-{}", reference(vehicle.plate)),
        list_kind: ListKind::Black,
        subject: ListSubject::Plate(plate),
        reason: "repeated illegal parking".to_owned(),
        valid_from: now.plus_seconds(-60),
        valid_to: None,
        state: LifeState::Active,
    })
}

/// What differs from grant to grant.
struct Paper {
    class: ClassLetter,
    kind: SubjectKind,
    waybill: Option<String>,
    checked: bool,
    over: bool,
}

impl Paper {
    fn new(class: ClassLetter, kind: SubjectKind) -> Self {
        Self {
            class,
            kind,
            waybill: None,
            checked: false,
            over: false,
        }
    }

    fn hazmat(waybill: Option<String>) -> Self {
        Self {
            waybill,
            checked: true,
            ..Self::new(ClassLetter::H, SubjectKind::VehHazmat)
        }
    }
}

/// The part of a plate that may stand in a reference.
fn reference(plate: &str) -> String {
    plate.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn plate(vehicle: &Vehicle) -> Result<Plate, Fault> {
    let number = vehicle
        .plate
        .parse()
        .map_err(|error| Fault::new("S030", format!("plate of {}: {error}", vehicle.name)))?;
    let colour = match vehicle.camera_colour {
        "yellow" => PlateColour::Yellow,
        _ => PlateColour::Blue,
    };
    Ok(Plate { number, colour })
}
