//! Orders for the tests.

use cordon_contract::Order;
use cordon_model::{
    AlarmCode, AlarmEvent, AlarmLevel, AlarmState, AlarmUpdate, Body, DeviceId, DeviceKind,
    DeviceState, DeviceStatus, Digest, MessageId, PartyId, Plate, PlateColour, PlateNumber,
    Timestamp,
};

pub(crate) fn at() -> Timestamp {
    "2026-03-31T12:50:45+08:00".parse().unwrap()
}

/// An order for this message; its id is always the same.
pub(crate) fn order(body: Body) -> Order {
    let id = MessageId::from_digest(&Digest([7; 32]));
    cordon_fixtures::order(id, body, "duty", at())
}

/// A vehicle on the black list, with everything that must not leave the park.
pub(crate) fn event(description: &str) -> Body {
    Body::AlarmEvent(AlarmEvent {
        alarm_id: "alarm-7-0".to_owned(),
        alarm_code: AlarmCode::BlacklistHit,
        alarm_level: AlarmLevel::Orange,
        state: AlarmState::Raised,
        occurred_at: at(),
        source_device: Some("CAM-01".parse().unwrap()),
        subject: Some(Plate {
            number: PlateNumber::new("苏H12345").unwrap(),
            colour: PlateColour::Blue,
        }),
        person_id: Some("P-0815".to_owned()),
        enterprise_id: None,
        area_id: Some("A-CORE".to_owned()),
        gate_id: None,
        lane_id: None,
        position: None,
        cause_ref: None,
        evidence: Vec::new(),
        description: description.to_owned(),
    })
}

/// An update of that alarm.
pub(crate) fn update(escalation_level: Option<u32>, note: Option<&str>) -> Body {
    Body::AlarmUpdate(AlarmUpdate {
        alarm_id: "alarm-7-0".to_owned(),
        state: AlarmState::Acknowledged,
        previous: AlarmState::Raised,
        actor_id: PartyId::new("HUB-1").unwrap(),
        receiver: Some("duty".to_owned()),
        escalation_level,
        note: note.map(str::to_owned),
        updated_at: at(),
    })
}

/// Something that is no alarm.
pub(crate) fn status() -> Body {
    Body::DeviceStatus(DeviceStatus {
        device_id: DeviceId::new("CAM-01").unwrap(),
        device_kind: DeviceKind::Camera,
        vendor: None,
        model: None,
        firmware: None,
        state: DeviceState::Online,
        reason: None,
        clock_offset_ms: None,
        since: None,
        observed_at: at(),
    })
}
