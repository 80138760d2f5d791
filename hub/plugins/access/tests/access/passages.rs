//! After the decision: confirmed, passed, backed out, forced; visits and occupancy.

use std::sync::Arc;

use cordon_access::AccessConfig;
use cordon_model::*;

use crate::park::*;

fn inside(feed: &mut Feed) -> u32 {
    feed.wait_s(60);
    let told = feed.tick();
    let park = told.snapshots();
    park.iter()
        .filter(|snapshot| snapshot.scope == OccupancyScope::Park)
        .flat_map(|snapshot| &snapshot.counts)
        .map(|count| count.inside)
        .sum()
}

#[test]
fn a_stay_from_capture_to_exit_is_one_visit() {
    let mut feed = Feed::new();
    feed.say(Body::AccessGrant(grant(PLATE)));
    let told = feed.capture("L-02", PLATE);
    assert_eq!(inside(&mut feed), 0, "a decision is no passage");
    let command = told.orders[0].command.command_id;
    feed.end("L-02", command, CommandOutcome::Accepted);
    feed.end("L-02", command, CommandOutcome::Confirmed);
    let told = feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    let passage = told.passages()[0].clone();
    assert_eq!(passage.result, PassageResult::Passed);
    assert_eq!(passage.command_id, Some(command));
    assert_eq!(passage.grant_id.as_deref(), Some("GR-H12345"));
    assert_eq!(passage.plate, Some(plate(PLATE, PlateColour::Yellow)));
    assert!(passage.decision_ref.is_some() && passage.capture_ref.is_some());
    assert!(told.alarms().is_empty());
    assert_eq!(inside(&mut feed), 1);
    let told = feed.enter("L-03", PLATE);
    assert_eq!(told.passages()[0].direction, Direction::Out);
    assert_eq!(told.passages()[0].visit_id, passage.visit_id);
    assert_eq!(inside(&mut feed), 0);
}

#[test]
fn a_vehicle_that_backs_out_did_not_enter() {
    let mut feed = Feed::new();
    feed.say(Body::AccessGrant(grant(PLATE)));
    feed.capture("L-02", PLATE);
    let told = feed.vehicle("L-02", LoopEventKind::BackedOut, Direction::In);
    assert_eq!(told.passages()[0].result, PassageResult::BackedOut);
    assert_eq!(inside(&mut feed), 0);
    assert!(
        feed.vehicle("L-02", LoopEventKind::BackedOut, Direction::In)
            .bodies
            .is_empty()
    );
    // It may come again at once.
    assert_eq!(feed.capture("L-02", PLATE).code(), None);
}

#[test]
fn a_passage_without_an_opening_is_forced_and_named() {
    let mut feed = Feed::new();
    feed.capture("L-02", PLATE);
    feed.wait_s(3);
    let told = feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    assert_eq!(told.alarm_codes(), [AlarmCode::GateForced]);
    assert_eq!(
        told.alarms()[0].subject,
        Some(plate(PLATE, PlateColour::Yellow))
    );
    assert_eq!(told.passages()[0].result, PassageResult::Forced);
    assert_eq!(inside(&mut feed), 1, "it is inside, however it came");
}

#[test]
fn the_second_on_one_opening_is_a_tailgater() {
    let mut feed = Feed::new();
    feed.say(Body::AccessGrant(grant(PLATE)));
    feed.enter("L-02", PLATE);
    feed.wait_s(2);
    let told = feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    assert_eq!(told.alarm_codes(), [AlarmCode::Tailgating]);
    // An opening inward is none outward.
    feed.wait_s(20);
    feed.capture("L-02", PLATE);
    let told = feed.vehicle("L-02", LoopEventKind::Passed, Direction::Out);
    assert_eq!(told.alarm_codes(), [AlarmCode::GateForced]);
}

#[test]
fn two_trucks_in_a_row_pass_on_two_openings() {
    let mut feed = Feed::new();
    for number in ["苏H00001", "苏H00002"] {
        feed.say(Body::AccessGrant(grant(number)));
        assert_eq!(feed.capture("L-02", number).code(), None);
    }
    for number in ["苏H00001", "苏H00002"] {
        let told = feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
        assert_eq!(
            told.passages()[0].plate,
            Some(plate(number, PlateColour::Yellow))
        );
        assert!(told.alarms().is_empty());
    }
}

#[test]
fn a_command_nobody_spoke_of_is_a_fault_and_an_unused_opening_ends() {
    let mut feed = Feed::new();
    feed.say(Body::AccessGrant(grant(PLATE)));
    feed.capture("L-02", PLATE);
    feed.wait_s(10);
    assert!(feed.tick().alarms().is_empty());
    feed.wait_s(6);
    assert_eq!(feed.tick().alarm_codes(), [AlarmCode::GateFault]);
    feed.wait_s(200);
    feed.tick();
    let told = feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    assert_eq!(told.alarm_codes(), [AlarmCode::GateForced]);
}

#[test]
fn another_device_cannot_speak_for_a_barrier() {
    let mut feed = Feed::new();
    let body = Body::GateStatus(GateStatus {
        device_id: DeviceId::new("BR-05").unwrap(),
        loop_event: Some(LoopEvent {
            kind: LoopEventKind::Passed,
            direction: Direction::In,
        }),
        ..status("L-02", feed.now)
    });
    assert!(feed.say(body).bodies.is_empty());
}

/// A passage at a plant's own gate.
fn record(number: &str, at: Timestamp) -> Body {
    Body::PassageRecord(PassageRecord {
        passage_id: "W-1".to_owned(),
        visit_id: None,
        gate_id: GateId::new("P1-G1").unwrap(),
        lane_id: None,
        tier: GateTier::EnterpriseSecond,
        enterprise_id: Some(PartyId::new("plant-1").unwrap()),
        direction: Direction::In,
        subject_kind: SubjectKind::VehFreight,
        plate: Some(plate(number, PlateColour::Other)),
        trailer_plate: None,
        person_id: None,
        result: PassageResult::Passed,
        grant_id: None,
        decision_ref: None,
        capture_ref: None,
        command_id: None,
        passed_at: at,
        image_ref: None,
        image_digest: None,
    })
}

/// 80,000 passages of one plant were as many alarms, and twelve entries each.
#[test]
fn of_many_unseen_entries_of_one_plant_a_few_are_alarms() {
    let mut feed = Feed::new();
    let mut raised = 0;
    for number in 0..100 {
        let body = record(&format!("苏U{number:05}"), feed.now);
        // Told again, it is neither an alarm nor one more.
        for _ in 0..2 {
            let told = feed.say_as("plant-1", body.clone(), false);
            raised += told.alarms().len();
            assert_eq!(told.bodies.len(), told.alarms().len(), "nothing else");
            if raised == 20 && !told.alarms().is_empty() {
                let words = &told.alarms()[0].description;
                assert!(words.contains("not told one by one"), "{words}");
            }
        }
    }
    assert_eq!(raised, 20);
    feed.wait_s(300);
    let told = feed.say_as("plant-1", record("苏U00500", feed.now), false);
    assert_eq!(told.alarm_codes(), [AlarmCode::UnseenEntry]);
}

#[test]
fn a_second_gate_without_a_first_is_an_unseen_entry() {
    let mut feed = Feed::new();
    feed.say(Body::AccessGrant(grant(PLATE)));
    feed.enter("L-02", PLATE);
    let body = record(PLATE, feed.now);
    assert!(feed.say_as("plant-1", body, false).alarms().is_empty());
    let body = record("苏H00009", feed.now);
    let told = feed.say_as("plant-1", body.clone(), false);
    assert_eq!(told.alarm_codes(), [AlarmCode::UnseenEntry]);
    assert_eq!(
        told.alarms()[0].enterprise_id,
        Some(PartyId::new("plant-1").unwrap())
    );
    assert!(feed.say_as("plant-1", body, false).alarms().is_empty());
    assert_eq!(
        inside(&mut feed),
        1,
        "a plant does not move the park's count"
    );
}

/// A rival told of the vehicle at its own gate first, and the alarm at another's was none.
#[test]
fn what_one_plant_saw_silences_no_unseen_entry_at_anothers_gate() {
    let mut plan = crate::shares::plan_of_two();
    let own = plan.gates.iter().find(|gate| gate.owner.is_some());
    let other = cordon_model::plan::Gate {
        id: GateId::new("P2-G1").unwrap(),
        owner: Some(PartyId::new("plant-2").unwrap()),
        ..own.unwrap().clone()
    };
    plan.gates.push(other);
    let mut feed = Feed::with(Arc::new(PlainRules), AccessConfig::default(), plan);
    for (who, gate) in [("plant-2", "P2-G1"), ("plant-1", "P1-G1")] {
        let Body::PassageRecord(record) = record(PLATE, feed.now) else {
            unreachable!()
        };
        let record = PassageRecord {
            gate_id: GateId::new(gate).unwrap(),
            ..record
        };
        let told = feed.say_as(who, Body::PassageRecord(record), false);
        assert_eq!(told.alarm_codes(), [AlarmCode::UnseenEntry], "{who}");
    }
}

#[test]
fn an_overstay_is_told_once_and_a_longer_grant_prevents_it() {
    let mut feed = Feed::new();
    for number in ["苏H00001", "苏H00002"] {
        feed.say(Body::AccessGrant(AccessGrant {
            max_stay_minutes: Some(10),
            ..grant(number)
        }));
        feed.enter("L-02", number);
        feed.wait_s(20);
    }
    feed.say(Body::AccessGrant(AccessGrant {
        max_stay_minutes: Some(60),
        ..grant("苏H00002")
    }));
    feed.wait_s(620);
    let told = feed.tick();
    assert_eq!(told.alarm_codes(), [AlarmCode::Overstay]);
    assert_eq!(
        told.alarms()[0].subject,
        Some(plate("苏H00001", PlateColour::Yellow))
    );
    feed.wait_s(60);
    assert!(feed.tick().alarms().is_empty());
}

#[test]
fn occupancy_is_told_at_intervals_and_soon_after_changes() {
    let mut feed = Feed::new();
    assert!(!feed.tick().snapshots().is_empty());
    feed.wait_s(6);
    assert!(feed.tick().snapshots().is_empty());
    feed.say(Body::AccessGrant(hazmat(PLATE)));
    feed.enter("L-04", PLATE);
    let told = feed.tick();
    let park = told.snapshots()[0];
    assert_eq!(
        (park.counts[0].inside, park.counts[0].entered_today),
        (1, 1)
    );
    let core = told.snapshots()[1];
    assert_eq!(core.area_id.as_deref(), Some("A-CORE"));
    assert_eq!(
        (core.counts[0].inside, core.counts[0].capacity),
        (1, Some(2))
    );
    // Counts of the day begin anew at midnight, who is inside stays inside.
    feed.wait_s(86_400);
    let told = feed.tick();
    let park = told.snapshots()[0];
    assert_eq!(
        (park.counts[0].inside, park.counts[0].entered_today),
        (1, 0)
    );
}
