//! At the lane: who is let in, who is not, and what is said about it.

use cordon_access::{AccessConfig, explain};
use cordon_contract::{Entry, EntryKind, OrderLane};
use cordon_model::plan::Sight;
use cordon_model::*;

use crate::park::*;

use std::sync::Arc;

#[test]
fn a_granted_truck_gets_a_decision_and_a_command() {
    let mut feed = Feed::new();
    feed.say(Body::AccessGrant(grant(PLATE)));
    let told = feed.capture("L-02", PLATE);
    let decision = told.decisions()[0];
    assert_eq!(decision.outcome, DecisionOutcome::Open);
    assert_eq!(decision.subject_kind, SubjectKind::VehFreight);
    assert_eq!(decision.grant_id.as_deref(), Some("GR-H12345"));
    assert_eq!(decision.decided_at, feed.now);
    assert_eq!(decision.capture_ref, feed.inputs[1].message_id);
    assert_eq!(decision.rule_set_digest, Digest([7; 32]));
    assert_eq!(decision.rules[0].rule_id, "plain.open");
    assert_eq!(told.orders.len(), 1);
    let ordered = &told.orders[0];
    assert_eq!(ordered.outbox, OrderLane::Access);
    assert_eq!(ordered.command.action, GateAction::Open);
    assert_eq!(ordered.command.device_id, "BR-02");
    assert_eq!(ordered.command.deadline, feed.now.plus_ms(10_000));
    assert_eq!(
        ordered.command.decision_ref.as_deref(),
        Some(decision.decision_id.as_str())
    );
    assert!(told.alarms().is_empty());
}

#[test]
fn each_refusal_has_its_code_and_alarm_and_no_command() {
    type Change = fn(&mut AccessGrant);
    let cases: [(&str, Change, RefusalCode, Option<AlarmCode>); 5] = [
        (
            "L-02",
            |grant| grant.state = LifeState::Withdrawn,
            RefusalCode::NoGrant,
            Some(AlarmCode::NoGrant),
        ),
        (
            "L-02",
            |grant| grant.valid_from = morning().plus_seconds(60),
            RefusalCode::NotYet,
            Some(AlarmCode::TimeWindow),
        ),
        (
            "L-02",
            |grant| grant.valid_to = morning().plus_seconds(-60),
            RefusalCode::Expired,
            Some(AlarmCode::GrantExpired),
        ),
        (
            "L-05",
            |grant| {
                *grant = hazmat(PLATE);
            },
            RefusalCode::WrongGate,
            Some(AlarmCode::WrongGate),
        ),
        (
            "L-02",
            |grant| {
                *grant = hazmat(PLATE);
                grant.waybill_ref = None;
            },
            RefusalCode::Document,
            None,
        ),
    ];
    for (lane, change, code, alarm) in cases {
        let mut feed = Feed::new();
        let mut grant = grant(PLATE);
        change(&mut grant);
        feed.say(Body::AccessGrant(grant));
        let told = feed.capture(lane, PLATE);
        assert_eq!(told.code(), Some(code));
        assert_eq!(told.decisions()[0].outcome, DecisionOutcome::Refuse);
        assert!(told.orders.is_empty(), "{code}");
        assert_eq!(told.alarm_codes(), Vec::from_iter(alarm), "{code}");
        let words = explain(told.decisions()[0]);
        assert!(!words.remedy_en.is_empty() && !words.remedy_zh.is_empty());
        assert_eq!(words.reasons[0].code, code.as_str());
        assert!(words.headline_zh.contains("拒绝"));
    }
    let told = Feed::new().capture("L-02", PLATE);
    assert_eq!(told.code(), Some(RefusalCode::NoGrant));
}

#[test]
fn a_black_list_entry_counts_at_the_next_decision_in_any_colour() {
    let mut feed = Feed::new();
    feed.say(Body::AccessGrant(grant(PLATE)));
    feed.say(Body::ListEntry(listed(PLATE, ListKind::Black)));
    let told = feed.capture("L-02", PLATE);
    assert_eq!(told.code(), Some(RefusalCode::Blacklist));
    assert_eq!(told.alarms()[0].alarm_code, AlarmCode::BlacklistHit);
    assert_eq!(told.alarms()[0].alarm_level, AlarmLevel::Orange);
    assert_eq!(told.alarms()[0].evidence.len(), 1);
    let lifted = ListEntry {
        state: LifeState::Withdrawn,
        ..listed(PLATE, ListKind::Black)
    };
    feed.say(Body::ListEntry(lifted));
    assert_eq!(feed.capture("L-02", PLATE).code(), None);
}

#[test]
fn the_same_arrival_is_decided_once_and_a_new_answer_at_once() {
    let mut feed = Feed::new();
    assert_eq!(
        feed.capture("L-02", PLATE).code(),
        Some(RefusalCode::NoGrant)
    );
    feed.wait_s(2);
    assert!(feed.capture("L-02", PLATE).bodies.is_empty());
    feed.say(Body::AccessGrant(grant(PLATE)));
    feed.wait_s(2);
    let told = feed.capture("L-02", PLATE);
    assert_eq!(told.code(), None, "the grant counts at the next picture");
    feed.wait_s(2);
    assert!(feed.capture("L-02", PLATE).orders.is_empty());
    // On another lane it is another arrival; after a failed opening it is decided anew.
    assert_eq!(feed.capture("L-01", PLATE).code(), None);
    let command = told.orders[0].command.command_id;
    let failed = feed.end("L-02", command, CommandOutcome::Failed);
    assert_eq!(failed.alarm_codes(), [AlarmCode::GateFault]);
    assert!(
        feed.end("L-02", command, CommandOutcome::Expired)
            .bodies
            .is_empty(),
        "told once"
    );
    let again = feed.capture("L-02", PLATE);
    assert_eq!(again.code(), None);
    assert_ne!(again.orders[0].command.command_id, command);
}

#[test]
fn an_unread_or_unsure_or_late_plate_is_for_the_guard() {
    let mut feed = Feed::new();
    feed.say(Body::AccessGrant(grant(PLATE)));
    let unread = capture("L-02", PlateNumber::UNREAD, feed.now);
    let unsure = PlateCapture {
        confidence: Some(Decimal::new(12, 2)),
        ..capture("L-01", PLATE, feed.now)
    };
    let late = capture("L-04", PLATE, feed.now.plus_seconds(-301));
    for (capture, rule) in [
        (unread, "access.plate-unread"),
        (unsure, "access.plate-unread"),
        (late, "access.capture-late"),
    ] {
        let told = feed.say(Body::PlateCapture(capture));
        assert_eq!(told.decisions()[0].outcome, DecisionOutcome::Manual);
        assert_eq!(told.decisions()[0].rules[0].rule_id, rule);
        assert!(told.orders.is_empty());
    }
}

#[test]
fn hazmat_never_slips_through_as_ordinary() {
    let tanker = |kind| {
        Body::VehicleRegistration(VehicleRegistration {
            subject_kind: kind,
            valid_to: morning().plus_seconds(-3_600),
            state: LifeState::Suspended,
            ..registration(PLATE)
        })
    };
    // Registered as a tanker once, though the grant says freight.
    let mut feed = Feed::new();
    feed.say(Body::AccessGrant(grant(PLATE)));
    feed.say(tanker(SubjectKind::VehHazmat));
    assert_eq!(
        feed.capture("L-05", PLATE).code(),
        Some(RefusalCode::WrongGate)
    );
    // Seen as a tanker by the camera, and on the white list: still a tanker.
    let mut feed = Feed::new();
    feed.say(Body::ListEntry(listed(PLATE, ListKind::White)));
    assert_eq!(feed.capture("L-02", PLATE).code(), None);
    let seen = PlateCapture {
        subject_kind: Some(SubjectKind::VehHazmat),
        ..capture("L-01", PLATE, feed.now)
    };
    let told = feed.say(Body::PlateCapture(seen));
    assert_eq!(told.code(), Some(RefusalCode::NoGrant));
    assert_eq!(told.decisions()[0].subject_kind, SubjectKind::VehHazmat);
}

/// A grant of each kind of vehicle that names a trailer and a tag.
fn with_trailer_and_tag() -> [AccessGrant; 6] {
    let of = |class_letter, subject_kind| AccessGrant {
        class_letter,
        subject_kind,
        trailer_plate: Some(PlateNumber::new("苏H9876挂").unwrap()),
        etag_epc: Some("E2801160".to_owned()),
        waybill_ref: Some("WB-1".to_owned()),
        manifest_ref: Some("MF-1".to_owned()),
        checks_passed: Some(true),
        ..grant(PLATE)
    };
    [
        of(ClassLetter::H, SubjectKind::VehHazmat),
        of(ClassLetter::W, SubjectKind::VehHazwaste),
        of(ClassLetter::F, SubjectKind::VehFreight),
        of(ClassLetter::C, SubjectKind::VehConstruction),
        of(ClassLetter::L, SubjectKind::VehCommuter),
        of(ClassLetter::V, SubjectKind::VehOrdinary),
    ]
}

/// No camera of the park reads trailers: each of the six was CREDENTIAL_MISMATCH.
#[test]
fn what_no_device_of_the_lane_can_read_is_no_mismatch() {
    for granted in with_trailer_and_tag() {
        let kind = granted.subject_kind;
        let trailer = granted.trailer_plate.clone();
        let code = |sees: &[Sight], seen: Option<PlateNumber>, tag: Option<&str>| {
            let mut plan = plan();
            for lane in &mut plan.lanes {
                lane.sees = sees.to_vec();
            }
            let mut feed = Feed::with(Arc::new(PlainRules), AccessConfig::default(), plan);
            feed.say(Body::AccessGrant(granted.clone()));
            let capture = PlateCapture {
                trailer_plate: seen,
                etag_epc: tag.map(str::to_owned),
                ..capture("L-02", PLATE, feed.now)
            };
            feed.say(Body::PlateCapture(capture)).code()
        };
        let mismatch = Some(RefusalCode::CredentialMismatch);
        let other = PlateNumber::new("苏H1111挂").unwrap();
        let unread = PlateNumber::new("UNREAD").unwrap();
        assert_eq!(code(&[], None, None), None, "{kind}: neither is seen here");
        assert_eq!(code(&[], Some(unread.clone()), None), None, "{kind}");
        assert_eq!(
            code(&[], Some(other), None),
            mismatch,
            "{kind}: another trailer"
        );
        assert_eq!(
            code(&[], None, Some("E2999999")),
            mismatch,
            "{kind}: another tag"
        );
        for sight in [Sight::Trailer, Sight::Tag] {
            assert_eq!(code(&[sight], None, None), mismatch, "{kind} {sight:?}");
        }
        assert_eq!(
            code(&[Sight::Trailer], Some(unread), None),
            mismatch,
            "{kind}"
        );
        let both = [Sight::Trailer, Sight::Tag];
        assert_eq!(
            code(&both, trailer.clone(), Some("E2801160")),
            None,
            "{kind}"
        );
    }
}

/// A picture that comes after its vehicle has gone: no fault of the gate, and nothing is opened for
/// the next in the queue.
#[test]
fn a_late_picture_is_no_gate_fault_and_opens_for_nobody() {
    let mut feed = Feed::new();
    feed.say(Body::AccessGrant(grant(PLATE)));
    let late = capture("L-02", PLATE, feed.now);
    feed.wait_s(20);
    feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    feed.wait_s(1);
    let told = feed.say(Body::PlateCapture(late));
    assert_eq!(told.decisions()[0].outcome, DecisionOutcome::Manual);
    assert_eq!(told.decisions()[0].rules[0].rule_id, "access.capture-late");
    assert!(
        told.orders.is_empty() && told.alarms().is_empty(),
        "{told:?}"
    );
    feed.wait_s(1_000);
    let old = capture("L-02", PLATE, feed.now.plus_seconds(-301));
    let told = feed.say(Body::PlateCapture(old));
    assert_eq!(told.decisions()[0].outcome, DecisionOutcome::Manual);
    assert!(told.alarms().is_empty(), "{told:?}");
    assert_eq!(
        feed.capture("L-02", PLATE).code(),
        None,
        "a fresh one opens"
    );
}

#[test]
fn a_plate_without_colour_counts_only_when_it_can_be_one_vehicle() {
    let mut feed = Feed::new();
    feed.say(Body::AccessGrant(grant(PLATE)));
    let colourless = |lane: &str, at| {
        Body::PlateCapture(PlateCapture {
            plate_colour: PlateColour::Other,
            ..capture(lane, PLATE, at)
        })
    };
    let body = colourless("L-02", feed.now);
    assert_eq!(feed.say(body).code(), None);
    feed.say(Body::AccessGrant(AccessGrant {
        grant_id: "GR-2".to_owned(),
        plate: Some(plate(PLATE, PlateColour::Blue)),
        ..grant(PLATE)
    }));
    let body = colourless("L-01", feed.now);
    assert_eq!(feed.say(body).code(), Some(RefusalCode::CredentialMismatch));
    let green = PlateCapture {
        plate_colour: PlateColour::Green,
        ..capture("L-05", PLATE, feed.now)
    };
    assert_eq!(
        feed.say(Body::PlateCapture(green)).code(),
        Some(RefusalCode::NoGrant)
    );
}

#[test]
fn an_enterprises_word_acts_at_its_own_gates_and_exempts_nobody() {
    let mut feed = Feed::new();
    // Its white list frees nobody at a gate of the park, and its black list bars nobody there.
    for attested in [false, true] {
        let sender = if attested { "HUB-1" } else { "plant-1" };
        let entry = Body::ListEntry(listed(PLATE, ListKind::White));
        assert!(feed.say_as(sender, entry, attested).audits().is_empty());
    }
    assert_eq!(
        feed.capture("L-02", PLATE).code(),
        Some(RefusalCode::NoGrant)
    );
    let entry = Body::ListEntry(listed("苏H77777", ListKind::Black));
    feed.say_as("plant-2", entry, false);
    feed.say(Body::AccessGrant(grant("苏H77777")));
    assert_eq!(feed.capture("L-02", "苏H77777").code(), None);
    // A partner who is not in the plan any more has nobody who answers for his grants.
    let gone = AccessGrant {
        enterprise_id: PartyId::new("plant-2").unwrap(),
        ..grant("苏H88888")
    };
    feed.say_as("plant-2", Body::AccessGrant(gone), false);
    assert_eq!(
        feed.capture("L-02", "苏H88888").code(),
        Some(RefusalCode::NoGrant)
    );
    // Class X of an enterprise is an ordinary grant and makes no rescue vehicle.
    let exempt = AccessGrant {
        class_letter: ClassLetter::X,
        subject_kind: SubjectKind::VehEmergency,
        ..grant(PLATE)
    };
    feed.say_as("plant-1", Body::AccessGrant(exempt.clone()), false);
    let told = feed.capture("L-01", PLATE);
    assert_eq!(told.decisions()[0].subject_kind, SubjectKind::VehOrdinary);
    feed.say(Body::AccessGrant(exempt));
    let told = feed.capture("L-04", PLATE);
    assert_eq!(told.decisions()[0].subject_kind, SubjectKind::VehEmergency);
}

#[test]
fn an_owner_who_repeats_what_the_park_registered_takes_nothing_from_it() {
    let vehicle = |kind| {
        Body::VehicleRegistration(VehicleRegistration {
            subject_kind: kind,
            ..registration(PLATE)
        })
    };
    // A rescue vehicle keeps its exemption.
    let mut feed = Feed::new();
    feed.say(vehicle(SubjectKind::VehEmergency));
    feed.say_as("plant-1", vehicle(SubjectKind::VehEmergency), false);
    let told = feed.capture("L-01", PLATE);
    assert_eq!(told.decisions()[0].subject_kind, SubjectKind::VehEmergency);
    // A tanker stays one.
    let mut feed = Feed::new();
    feed.say(vehicle(SubjectKind::VehHazmat));
    feed.say_as("plant-1", vehicle(SubjectKind::VehHazmat), false);
    feed.say_as("plant-1", vehicle(SubjectKind::VehFreight), false);
    feed.say_as("plant-1", Body::AccessGrant(grant(PLATE)), false);
    assert_eq!(
        feed.capture("L-05", PLATE).code(),
        Some(RefusalCode::WrongGate)
    );
}

#[test]
fn the_last_place_is_given_away_once() {
    let config = AccessConfig {
        kind_max: [(SubjectKind::VehHazmat, 2)].into(),
        ..AccessConfig::default()
    };
    let mut feed = Feed::with(Arc::new(PlainRules), config, plan());
    for number in ["苏H00001", "苏H00002", "苏H00003"] {
        feed.say(Body::AccessGrant(hazmat(number)));
    }
    feed.enter("L-01", "苏H00001");
    // Ordered, not yet passed: the place is taken all the same.
    assert_eq!(feed.capture("L-01", "苏H00002").code(), None);
    let told = feed.capture("L-02", "苏H00003");
    assert_eq!(told.code(), Some(RefusalCode::Capacity));
    feed.enter("L-03", "苏H00001");
    feed.wait_s(20);
    assert_eq!(feed.capture("L-02", "苏H00003").code(), None);
}

#[test]
fn an_areas_capacity_counts_like_the_parks() {
    let mut feed = Feed::new();
    for number in ["苏H00001", "苏H00002", "苏H00003"] {
        feed.say(Body::AccessGrant(hazmat(number)));
    }
    feed.enter("L-04", "苏H00001");
    feed.enter("L-04", "苏H00002");
    assert_eq!(
        feed.capture("L-04", "苏H00003").code(),
        Some(RefusalCode::Capacity)
    );
    // The comprehensive gate does not lead into that area.
    assert_eq!(feed.capture("L-01", "苏H00003").code(), None);
}

#[test]
fn test_traffic_and_unknown_lanes_open_nothing() {
    let mut feed = Feed::new();
    let body = Body::AccessGrant(grant(PLATE));
    let rehearsed = entry(
        1,
        feed.now,
        cordon_contract::EntryKind::Message,
        "HUB-1",
        Some(body),
        false,
        true,
    );
    feed.step(rehearsed);
    assert_eq!(
        feed.capture("L-02", PLATE).code(),
        Some(RefusalCode::NoGrant)
    );
    let told = feed.capture("L-99", PLATE);
    assert_eq!(told.audits()[0].action, "access.unknown-lane");
    assert!(told.decisions().is_empty());
}

#[test]
fn a_lane_without_a_barrier_is_a_device_fault() {
    let mut plan = plan();
    plan.devices.clear();
    let mut feed = Feed::with(Arc::new(PlainRules), AccessConfig::default(), plan);
    feed.say(Body::AccessGrant(grant(PLATE)));
    let told = feed.capture("L-02", PLATE);
    assert_eq!(told.code(), Some(RefusalCode::DeviceFault));
    assert_eq!(told.decisions()[0].outcome, DecisionOutcome::Manual);
}

/// One start with the clock ten days ahead forgot it for good, and the truck came in.
#[test]
fn what_ended_by_a_wrong_clock_alone_is_not_forgotten() {
    let ahead = morning().plus_seconds(10 * 86_400);
    let black = RefusalCode::Blacklist;
    for (settled, code) in [(morning(), black), (ahead, RefusalCode::NoGrant)] {
        let mut feed = Feed::new();
        feed.say(Body::ListEntry(ListEntry {
            valid_to: Some(morning().plus_seconds(6 * 3_600)),
            ..listed(PLATE, ListKind::Black)
        }));
        let number = feed.number + 1;
        let tick = entry(number, ahead, EntryKind::Tick, "HUB-1", None, false, false);
        feed.step(Entry { settled, ..tick });
        // The clock is right again.
        assert_eq!(feed.capture("L-02", PLATE).code(), Some(code));
    }
}
