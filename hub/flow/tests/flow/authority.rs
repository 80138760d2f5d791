//! Who may say what: the inputs that once were taken from the wrong mouth, each refused at the door.

use std::sync::Arc;

use cordon_contract::{Intake, IntakeError, Payload, speaker_of};
use cordon_model::{
    AccessGrant, AlarmCode, AlarmEvent, AlarmLevel, AlarmState, Body, DeviceId, DeviceState,
    Direction, GateId, GateTier, LaneId, ListEntry, ListKind, OccupancyCount, OccupancyScope,
    OccupancySnapshot, OnDutyStatus, PassageRecord, PassageResult, SubjectKind,
};
use cordon_security::Role;

use crate::park::{Park, emergency, morning, reading, status};
use crate::partner::Ca;
use crate::said::{alarm, codes, example, grant_of, party, plate, registration, warned, white};

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

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_hub_attests_for_another() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let two = ca.partner("ENT-2", Role::Enterprise);
    let hub = park.start().await;
    let plain = crate::partner::message(&two.id, white("苏A20001"), morning());
    for attests in ["ENT-2", "HUB-1", "operator-1"] {
        // The head of a reading of ENT-1 that the hub took in, signed by a rival.
        let dressed = plain
            .replace("<c:Quality>", "<c:SourceRef>ENT-1</c:SourceRef><c:Quality>")
            .replace(
                "</c:Header>",
                &format!("<c:AttestedBy>{attests}</c:AttestedBy></c:Header>"),
            );
        let answers = hub.submit().submit(two.envelope(&[dressed])).await.unwrap();
        let refused = answers.into_iter().next().unwrap().unwrap_err();
        assert_eq!(refused.fault.code(), "F001", "{attests}");
        assert!(
            refused.fault.place().ends_with("c:AttestedBy"),
            "{}",
            refused.fault.place()
        );
    }
    hub.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_bears_the_name_of_its_signer() {
    let park = Park::new();
    let operator = Ca::new(park.dir.path()).partner("OP-1", Role::Operator);
    let hub = park.start().await;
    let mode = |by: &str| match example("operating-mode-change") {
        Body::OperatingModeChange(change) => {
            Body::OperatingModeChange(cordon_model::OperatingModeChange {
                gates: Vec::new(),
                ordered_by: party(by),
                ..change
            })
        }
        _ => unreachable!(),
    };
    let opening = |by: &str| match emergency() {
        Body::EmergencyGateOpen(order) => {
            Body::EmergencyGateOpen(cordon_model::EmergencyGateOpen {
                ordered_by: party(by),
                ..order
            })
        }
        _ => unreachable!(),
    };
    // Another person of the park, the hub itself, an enterprise, nobody.
    for other in ["OP-2", "HUB-1", "ENT-1", "somebody"] {
        let said = vec![mode(other), opening(other)];
        let got = codes(&hub, &operator, said).await;
        assert_eq!(got, [Some("F052"); 2], "{other}");
    }
    assert_eq!(codes(&hub, &operator, vec![mode("OP-1")]).await, [None]);
    hub.shutdown().await.unwrap();
}

/// What became of a reading: its code, or `None` when it was taken.
async fn offered(intake: &Intake, device: &str, body: Body) -> Option<&'static str> {
    let mut one = reading(device, "reading", None);
    one.payload = Payload::Body(Box::new(body));
    match intake.offer(one).await {
        Ok(_) => None,
        Err(IntakeError::Refused(fault)) => Some(fault.code()),
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

/// Whoever may publish at a broker called itself like the barrier that the bus serves.
#[tokio::test(flavor = "multi_thread")]
async fn only_the_adapter_that_serves_a_device_speaks_in_its_name() {
    // People are told of the attempt.
    let attempt = ["HUB-1", "u.CAM-01"].as_slice();
    for (by, camera, speakers) in [("bus", Some("F031"), attempt), ("yard", None, &["CAM-01"])] {
        let mut park = Park::new();
        let device = DeviceId::new("CAM-01").unwrap();
        park.config.served = Arc::new([(device, by.to_owned())].into());
        let hub = park.start().await;
        let intake = park.intake();
        let seen = capture("CAM-01", "G1-L1");
        assert_eq!(offered(&intake, "CAM-01", seen).await, camera, "{by}");
        let away = offered(&intake, "CAM-01", offline("CAM-01")).await;
        assert_eq!(away, camera, "{by}");
        let other = capture("CAM-02", "G2-L1");
        assert_eq!(offered(&intake, "CAM-02", other).await, None, "{by}");
        // As the mapping tells it, with the device that the topic names.
        let fire = AlarmEvent {
            source_device: Some(DeviceId::new("CAM-01").unwrap()),
            ..alarm("F-1", None)
        };
        let kept = offered(&intake, "CAM-01", Body::AlarmEvent(fire)).await;
        assert_eq!(kept, None, "{by}");
        hub.shutdown().await.unwrap();
        let entries = park.entries();
        let messages = entries
            .iter()
            .filter_map(|one| one.entry.message.as_deref());
        let raised = messages.filter_map(|one| match &one.body {
            Body::AlarmEvent(event) => Some((one, event)),
            _ => None,
        });
        let raised: Vec<_> = raised.collect();
        let by: Vec<_> = raised.iter().map(|(one, _)| speaker_of(one)).collect();
        assert_eq!(by, speakers);
        let source = raised.last().and_then(|(_, it)| it.source_device.as_ref());
        assert_eq!(source.map(DeviceId::as_str), speakers.last().copied());
        park.replays();
    }
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

/// A plant whose clock was a year ahead was deaf to itself for a year, and heard nothing of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_time_ahead_is_refused_at_the_reading_door_as_at_the_signed_one() {
    let mut park = Park::new();
    park.speaks_for("ENT-2");
    let hub = park.start().await;
    let intake = park.intake();
    let said = async |body: Body, ahead_s: i64| {
        let mut offer = reading("ENT-2", &format!("{body:?} {ahead_s}"), None);
        offer.observed_at = Some(morning().plus_seconds(ahead_s));
        offer.payload = Payload::Body(Box::new(body));
        match intake.offer(offer).await {
            Ok(_) => None,
            Err(IntakeError::Refused(fault)) => Some((fault.code(), fault.place().to_owned())),
            Err(closed) => panic!("{closed}"),
        }
    };
    const YEAR: i64 = 365 * 86_400;
    for (body, place) in [
        (on_duty("ENT-2"), "ENT-2/OnDutyStatus/OccurredAt"),
        (
            Body::PassageRecord(passage("ENT-2-G1")),
            "ENT-2/PassageRecord/OccurredAt",
        ),
        (
            Body::AccessGrant(grant_of("ENT-2")),
            "ENT-2/AccessGrant/OccurredAt",
        ),
    ] {
        for ahead in [YEAR, 600, 302] {
            let refused = said(body.clone(), ahead).await;
            assert_eq!(refused, Some(("F004", place.to_owned())), "{ahead}");
        }
        assert_eq!(said(body, 290).await, None, "{place}");
    }
    // An alarm is heard whatever its clock shows.
    assert_eq!(said(offline("ENT-2-CAM-1"), YEAR).await, None);
    hub.shutdown().await.unwrap();
}

fn black(number: &str) -> Body {
    match white(number) {
        Body::ListEntry(entry) => Body::ListEntry(ListEntry {
            list_kind: ListKind::Black,
            ..entry
        }),
        _ => unreachable!(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_registration_holds_a_plate_and_what_is_contested_goes_to_the_park() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let one = ca.partner("ENT-1", Role::Enterprise);
    let two = ca.partner("ENT-2", Role::Enterprise);
    let operator = ca.partner("OP-1", Role::Operator);
    let hub = park.start().await;
    let commuter = |who| registration("苏B20001", who, SubjectKind::VehCommuter);
    assert_eq!(warned(&hub, &one, vec![commuter("ENT-1")]).await, [""]);
    // A rival calls the commuter a tanker, or its own, or lists it, or grants for it.
    let rival = vec![
        registration("苏B20001", "ENT-2", SubjectKind::VehHazmat),
        commuter("ENT-2"),
        white("苏B20001"),
        black("苏B20001"),
        Body::AccessGrant(AccessGrant {
            plate: Some(plate("苏B20001")),
            ..grant_of("ENT-2")
        }),
    ];
    assert_eq!(
        warned(&hub, &two, rival).await,
        [
            "refused F033",
            "refused F033",
            "refused F034",
            "F037",
            "refused F033"
        ]
    );
    // The first owner goes on.
    let own = vec![commuter("ENT-1"), white("苏B20001")];
    assert_eq!(warned(&hub, &one, own).await, ["", "F037"]);
    // The park decides for the other, and then it is the other's.
    assert_eq!(warned(&hub, &operator, vec![commuter("ENT-2")]).await, [""]);
    assert_eq!(warned(&hub, &two, vec![commuter("ENT-2")]).await, [""]);
    assert_eq!(
        warned(&hub, &one, vec![commuter("ENT-1")]).await,
        ["refused F033"]
    );
    hub.shutdown().await.unwrap();
    let entries = park.entries();
    let alarms = entries.iter().filter(|stored| {
        matches!(
            stored.entry.message.as_deref().map(|message| &message.body),
            Some(Body::AlarmEvent(event)) if event.alarm_code == AlarmCode::NotEntitled
        )
    });
    assert!(alarms.count() >= 2, "the park is told");
    park.replays();
}

#[tokio::test(flavor = "multi_thread")]
async fn rescue_and_hazmat_vehicles_are_the_parks_to_name() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let two = ca.partner("ENT-2", Role::Enterprise);
    let operator = ca.partner("OP-1", Role::Operator);
    let hub = park.start().await;
    let engine = registration("苏F11901", "HUB-1", SubjectKind::VehEmergency);
    assert_eq!(warned(&hub, &operator, vec![engine]).await, [""]);
    let hazmat = || AccessGrant {
        class_letter: cordon_model::ClassLetter::H,
        subject_kind: SubjectKind::VehHazmat,
        plate: Some(plate("苏A10001")),
        waybill_ref: Some("W".into()),
        checks_passed: Some(true),
        valid_from: morning(),
        valid_to: morning().plus_seconds(3_600),
        ..grant_of("ENT-2")
    };
    let said = vec![
        black("苏F11901"),
        registration("苏F00002", "ENT-2", SubjectKind::VehEmergency),
        registration("苏A10001", "ENT-2", SubjectKind::VehHazmat),
        Body::AccessGrant(hazmat()),
    ];
    assert_eq!(
        warned(&hub, &two, said).await,
        ["refused F033", "F037", "F037", "refused F035"]
    );
    let tanker = registration("苏A10001", "ENT-2", SubjectKind::VehHazmat);
    assert_eq!(warned(&hub, &operator, vec![tanker]).await, [""]);
    let said = vec![
        Body::AccessGrant(hazmat()),
        // What the park confirmed an enterprise does not call harmless.
        registration("苏A10001", "ENT-2", SubjectKind::VehFreight),
        registration("苏A10001", "ENT-2", SubjectKind::VehHazmat),
    ];
    assert_eq!(warned(&hub, &two, said).await, ["", "F037", ""]);
    hub.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_is_closed_and_told_again_by_those_it_concerns() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let one = ca.partner("ENT-1", Role::Enterprise);
    let two = ca.partner("ENT-2", Role::Enterprise);
    let hub = park.start().await;
    let fire = Body::AlarmEvent(alarm("A-RED", Some("ENT-1")));
    assert_eq!(codes(&hub, &one, vec![fire]).await, [None]);
    let update = |actor: &str| match example("alarm-update") {
        Body::AlarmUpdate(update) => Body::AlarmUpdate(cordon_model::AlarmUpdate {
            alarm_id: "A-RED".into(),
            actor_id: party(actor),
            ..update
        }),
        _ => unreachable!(),
    };
    let blue = AlarmEvent {
        alarm_level: AlarmLevel::Blue,
        ..alarm("A-RED", Some("ENT-2"))
    };
    let over = AlarmEvent {
        state: AlarmState::Cleared,
        ..blue.clone()
    };
    let said = vec![update("ENT-2"), Body::AlarmEvent(over)];
    assert_eq!(codes(&hub, &two, said).await, [Some("F031"); 2]);
    // Under the name of another's it is raised all the same, but not as that one; nor does it take a name
    // that the hub is about to give its own alarm.
    let squat = Body::AlarmEvent(alarm("alarm-5-0", Some("ENT-2")));
    let said = vec![Body::AlarmEvent(blue), squat];
    assert_eq!(warned(&hub, &two, said).await, ["F048"; 2]);
    let said = vec![update("chief-of-park"), update("ENT-1")];
    assert_eq!(codes(&hub, &one, said).await, [Some("F052"), None]);
    hub.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_makes_no_sense_is_refused_or_warned_of() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let one = ca.partner("ENT-1", Role::Enterprise);
    let hub = park.start().await;
    let grant = |number: u8, change: fn(&mut AccessGrant)| {
        let mut grant = AccessGrant {
            grant_id: format!("GR-{number}"),
            valid_from: morning(),
            valid_to: morning().plus_seconds(3_600),
            ..grant_of("ENT-1")
        };
        change(&mut grant);
        Body::AccessGrant(grant)
    };
    let said = vec![
        grant(1, |_| {}),
        grant(2, |it| it.gates = vec![GateId::new("G7").unwrap()]),
        grant(3, |it| it.areas = vec!["AREA-NO-1".into()]),
        grant(4, |it| {
            it.valid_to = it.valid_from.plus_seconds(70 * 366 * 86_400)
        }),
        grant(5, |it| {
            it.valid_from = morning().plus_seconds(-7_200);
            it.valid_to = morning().plus_seconds(-3_600);
        }),
        grant(6, |it| {
            it.valid_to = it.valid_from.plus_seconds(70 * 366 * 86_400);
            it.state = cordon_model::LifeState::Withdrawn;
        }),
    ];
    let envelope = one.says(said);
    let bytes = envelope.bytes().to_vec();
    let answers = hub.submit().submit(envelope).await.unwrap();
    let park_code = hub.submit().park().clone();
    let code = |answer: &Result<cordon_flow::ReceiptData, cordon_flow::Refused>| match answer {
        Ok(data) => data
            .receipt(&park_code)
            .warning
            .iter()
            .map(|one| one.code.clone())
            .collect(),
        Err(refused) => format!("refused {}", refused.fault.code()),
    };
    let told: Vec<String> = answers.iter().map(code).collect();
    assert_eq!(
        told,
        [
            "",
            "refused F038",
            "refused F038",
            "refused F040",
            "F039",
            ""
        ]
    );
    // The same message gets the same receipt, byte for byte, also after a restart.
    let first = cordon_wire::write_receipt(&answers[4].as_ref().unwrap().receipt(&park_code));
    hub.shutdown().await.unwrap();
    let hub = park.start().await;
    let again = hub.submit().submit(one.verified(bytes)).await.unwrap();
    let second = cordon_wire::write_receipt(&again[4].as_ref().unwrap().receipt(&park_code));
    assert_eq!(first.unwrap(), second.unwrap());
    hub.shutdown().await.unwrap();
}
