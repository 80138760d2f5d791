//! Who may say what: the inputs that once were taken from the wrong mouth, each refused at the door.

use cordon_contract::{Intake, Payload};
use cordon_flow::RunningHub;
use cordon_model::{
    AccessGrant, AlarmCode, AlarmEvent, AlarmLevel, AlarmState, Body, DeviceId, DeviceState,
    Direction, GateId, GateTier, LaneId, ListEntry, ListKind, ListSubject, OccupancyCount,
    OccupancyScope, OccupancySnapshot, OnDutyStatus, PartyId, PassageRecord, PassageResult, Plate,
    PlateColour, SubjectKind,
};
use cordon_security::Role;
use cordon_wire::parse_message;

use crate::park::{Park, emergency, morning, reading, status};
use crate::partner::{Ca, Partner};

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

fn occupancy(scope: OccupancyScope, area: Option<&str>) -> Body {
    Body::OccupancySnapshot(OccupancySnapshot {
        scope,
        area_id: area.map(str::to_owned),
        counts: vec![OccupancyCount {
            subject_kind: SubjectKind::VehOrdinary,
            inside: 777,
            entered_today: 0,
            left_today: 0,
            capacity: None,
        }],
        observed_at: morning(),
    })
}

fn passage(gate: &str) -> PassageRecord {
    let Body::PassageRecord(record) = example("passage-record-second-gate") else {
        panic!("the example is no passage");
    };
    PassageRecord {
        gate_id: GateId::new(gate).unwrap(),
        lane_id: None,
        tier: GateTier::Park,
        enterprise_id: None,
        direction: Direction::In,
        result: PassageResult::Passed,
        ..record
    }
}

fn on_duty(enterprise: &str) -> Body {
    Body::OnDutyStatus(OnDutyStatus {
        enterprise_id: party(enterprise),
        area_id: None,
        required: 2,
        on_post: 2,
        persons: Vec::new(),
        observed_at: morning(),
    })
}

fn offline(device: &str) -> Body {
    match status(device, "gone") {
        Body::DeviceStatus(status) => Body::DeviceStatus(cordon_model::DeviceStatus {
            state: DeviceState::Offline,
            ..status
        }),
        _ => unreachable!(),
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

#[tokio::test(flavor = "multi_thread")]
async fn a_good_certificate_without_an_entry_in_the_plan_gives_no_rights() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let stranger = ca.partner("enterprise-9", Role::Enterprise);
    let camera = ca.partner("CAM-99", Role::Device);
    let hub = park.start().await;
    let said = vec![
        white("苏A12345"),
        Body::AlarmEvent(alarm("X-1", None)),
        Body::AccessGrant(grant_of("ENT-1")),
        Body::AccessGrant(grant_of("enterprise-9")),
        on_duty("enterprise-9"),
        example("alarm-update"),
    ];
    let all = vec![Some("F030"); said.len()];
    assert_eq!(codes(&hub, &stranger, said).await, all);
    let said = vec![status("CAM-99", "here"), example("plate-capture")];
    assert_eq!(codes(&hub, &camera, said).await, [Some("F030"); 2]);
    hub.shutdown().await.unwrap();
    let entries = park.entries();
    let lawful = entries.iter().filter(|stored| {
        stored.entry.kind == cordon_contract::EntryKind::Message && stored.entry.cause == 0
    });
    assert_eq!(lawful.count(), 0, "nothing of it is a message");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_speaks_of_his_own_things_alone() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let two = ca.partner("ENT-2", Role::Enterprise);
    let hub = park.start().await;
    let cases: Vec<(&str, Body, Option<&str>)> = vec![
        (
            "the park's occupancy",
            occupancy(OccupancyScope::Park, None),
            Some("F031"),
        ),
        (
            "the park's occupancy behind an area of its own",
            occupancy(OccupancyScope::Park, Some("AREA-ENT-2")),
            Some("F031"),
        ),
        (
            "an area of the park",
            occupancy(OccupancyScope::Area, Some("AREA-KEY-1")),
            Some("F031"),
        ),
        (
            "its own area",
            occupancy(OccupancyScope::Area, Some("AREA-ENT-2")),
            None,
        ),
        (
            "a passage at a gate of the park",
            Body::PassageRecord(passage("G1")),
            Some("F031"),
        ),
        (
            "a passage at no gate",
            Body::PassageRecord(passage("G9")),
            Some("F032"),
        ),
        (
            "a passage at its own gate",
            Body::PassageRecord(passage("ENT-2-G1")),
            None,
        ),
        (
            "a barrier of the park is gone",
            offline("BR-01"),
            Some("F031"),
        ),
        ("its own barrier is gone", offline("ENT-2-BR-1"), None),
        ("another's staff", on_duty("ENT-1"), Some("F031")),
        ("its own staff", on_duty("ENT-2"), None),
        (
            "a grant in another's name",
            Body::AccessGrant(grant_of("ENT-1")),
            Some("F031"),
        ),
        ("its own grant", Body::AccessGrant(grant_of("ENT-2")), None),
        (
            "an alarm in another's name",
            Body::AlarmEvent(alarm("A-1", Some("ENT-1"))),
            Some("F031"),
        ),
        (
            "its own alarm",
            Body::AlarmEvent(alarm("A-2", Some("ENT-2"))),
            None,
        ),
    ];
    let (names, rest): (Vec<_>, Vec<_>) = cases
        .into_iter()
        .map(|(name, body, code)| (name, (body, code)))
        .unzip();
    let (bodies, expected): (Vec<_>, Vec<_>) = rest.into_iter().unzip();
    let got = codes(&hub, &two, bodies).await;
    for ((name, got), expected) in names.into_iter().zip(got).zip(expected) {
        assert_eq!(got, expected, "{name}");
    }
    let mut foreign = match example("alarm-update") {
        Body::AlarmUpdate(update) => update,
        _ => unreachable!(),
    };
    foreign.alarm_id = "A-2".into();
    foreign.actor_id = party("chief-of-park");
    assert_eq!(
        codes(&hub, &two, vec![Body::AlarmUpdate(foreign)]).await,
        [Some("F052")]
    );
    hub.shutdown().await.unwrap();
}

/// What became of a reading: its code, or `None` when it was taken.
async fn offered(intake: &Intake, device: &str, body: Body) -> Option<&'static str> {
    let mut one = reading(device, "reading", None);
    one.payload = Payload::Body(Box::new(body));
    match intake.offer(one).await {
        Ok(_) => None,
        Err(cordon_contract::IntakeError::Refused(fault)) => Some(fault.code()),
        Err(closed) => panic!("{closed}"),
    }
}

fn capture(device: &str, lane: &str) -> Body {
    match example("plate-capture") {
        Body::PlateCapture(capture) => Body::PlateCapture(cordon_model::PlateCapture {
            device_id: DeviceId::new(device).unwrap(),
            gate_id: None,
            lane_id: LaneId::new(lane).unwrap(),
            ..capture
        }),
        _ => unreachable!(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_behind_an_adapter_speaks_for_itself_alone() {
    let park = Park::new();
    let hub = park.start().await;
    let intake = park.intake();
    for (device, body, code) in [
        ("CAM-01", capture("CAM-01", "G1-L1"), None),
        ("CAM-01", capture("CAM-01", "G2-L1"), Some("F031")),
        ("CAM-02", capture("CAM-01", "G1-L1"), Some("F031")),
        ("CAM-01", offline("BR-01"), Some("F031")),
        ("GW-01", offline("BR-01"), Some("F031")),
        ("GW-01", offline("GAS-01"), None),
        ("GAS-01", offline("GAS-01"), None),
        ("NEW-01", offline("NEW-01"), None),
        ("GAS-01", Body::AccessGrant(grant_of("ENT-1")), Some("F011")),
        ("GAS-01", emergency(), Some("F011")),
        // A name that is an enterprise's is not its gate system.
        ("ENT-2", Body::AccessGrant(grant_of("ENT-2")), Some("F011")),
        (
            "ENT-2",
            Body::PassageRecord(passage("ENT-2-G1")),
            Some("F031"),
        ),
    ] {
        let told = format!("{device}: {body:?}");
        assert_eq!(offered(&intake, device, body).await, code, "{told}");
    }
    hub.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plants_gate_system_speaks_for_its_plant_alone() {
    let mut park = Park::new();
    park.speaks_for("ENT-2");
    let hub = park.start().await;
    let intake = park.intake();
    for (body, code) in [
        (Body::PassageRecord(passage("ENT-2-G1")), None),
        (Body::PassageRecord(passage("G1")), Some("F031")),
        (Body::AccessGrant(grant_of("ENT-2")), None),
        (Body::AccessGrant(grant_of("ENT-1")), Some("F031")),
        (on_duty("ENT-1"), Some("F031")),
        (occupancy(OccupancyScope::Park, None), Some("F031")),
        (capture("CAM-01", "G1-L1"), Some("F011")),
    ] {
        let told = format!("{body:?}");
        assert_eq!(offered(&intake, "ENT-2", body).await, code, "{told}");
    }
    hub.shutdown().await.unwrap();

    let mut park = Park::new();
    park.speaks_for("enterprise-9");
    let hub = park.start().await;
    let said = offered(&park.intake(), "enterprise-9", on_duty("enterprise-9")).await;
    assert_eq!(said, Some("F030"));
    hub.shutdown().await.unwrap();
}
