//! What the parties of a test say, and what became of it.

use cordon_flow::RunningHub;
use cordon_model::{
    AccessGrant, AlarmCode, AlarmEvent, AlarmLevel, AlarmState, Body, GateId, ListEntry, ListKind,
    ListSubject, PartyId, Plate, PlateColour, SubjectKind,
};
use cordon_wire::parse_message;

use crate::park::morning;
use crate::partner::Partner;

/// A body of the schema's examples.
pub fn example(name: &str) -> Body {
    let file = format!(
        "{}/../../schemas/examples/valid/{name}.xml",
        env!("CARGO_MANIFEST_DIR")
    );
    parse_message(&std::fs::read(file).unwrap()).unwrap().body
}

pub fn party(id: &str) -> PartyId {
    PartyId::new(id).unwrap()
}

pub fn plate(number: &str) -> Plate {
    Plate {
        number: number.parse().unwrap(),
        colour: PlateColour::Blue,
    }
}

pub fn white(number: &str) -> Body {
    Body::ListEntry(ListEntry {
        entry_id: "W-1".into(),
        list_kind: ListKind::White,
        subject: ListSubject::Plate(plate(number)),
        reason: "test".into(),
        valid_from: morning().plus_seconds(-60),
        valid_to: None,
        state: cordon_model::LifeState::Active,
    })
}

pub fn grant_of(enterprise: &str) -> AccessGrant {
    let Body::AccessGrant(grant) = example("access-grant-visitor") else {
        panic!("the example is no grant");
    };
    AccessGrant {
        enterprise_id: party(enterprise),
        person_id: None,
        gates: vec![GateId::new("G1").unwrap()],
        lanes: Vec::new(),
        areas: Vec::new(),
        ..grant
    }
}

pub fn alarm(id: &str, enterprise: Option<&str>) -> AlarmEvent {
    AlarmEvent {
        alarm_id: id.into(),
        alarm_code: AlarmCode::Fire,
        alarm_level: AlarmLevel::Red,
        state: AlarmState::Raised,
        occurred_at: morning(),
        source_device: None,
        subject: None,
        person_id: None,
        enterprise_id: enterprise.map(party),
        area_id: None,
        gate_id: None,
        lane_id: None,
        position: None,
        cause_ref: None,
        evidence: Vec::new(),
        description: "fire".into(),
    }
}

/// The codes with which the statements were refused; `None` for one that was taken.
pub async fn codes(
    hub: &RunningHub,
    partner: &Partner,
    bodies: Vec<Body>,
) -> Vec<Option<&'static str>> {
    let answers = hub.submit().submit(partner.says(bodies)).await.unwrap();
    let code = |answer: &Result<_, cordon_flow::Refused>| {
        answer.as_ref().err().map(|refused| {
            assert!(refused.number.is_some(), "a refusal is an entry: {refused}");
            refused.fault.code()
        })
    };
    answers.iter().map(code).collect()
}

pub fn registration(number: &str, enterprise: &str, kind: SubjectKind) -> Body {
    let Body::VehicleRegistration(it) = example("vehicle-registration") else {
        panic!("the example is no registration");
    };
    Body::VehicleRegistration(cordon_model::VehicleRegistration {
        plate: plate(number),
        trailer_plate: None,
        subject_kind: kind,
        enterprise_id: party(enterprise),
        gates: Vec::new(),
        valid_from: morning().plus_seconds(-60),
        valid_to: morning().plus_seconds(86_400),
        ..it
    })
}

/// Codes of the warnings in the receipts, one list for each statement; a refusal is its code alone.
pub async fn warned(hub: &RunningHub, partner: &Partner, bodies: Vec<Body>) -> Vec<String> {
    let answers = hub.submit().submit(partner.says(bodies)).await.unwrap();
    let told = |answer: &Result<cordon_flow::ReceiptData, cordon_flow::Refused>| match answer {
        Ok(data) => {
            let receipt = data.receipt(hub.submit().park());
            let codes = receipt.warning.iter().map(|one| one.code.as_str());
            codes.collect::<Vec<_>>().join(" ")
        }
        Err(refused) => format!("refused {}", refused.fault.code()),
    };
    answers.iter().map(told).collect()
}
