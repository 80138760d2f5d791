//! What the park says of a vehicle stands: nobody else's word replaces it, nor does what it took back itself.

use cordon_model::*;

use crate::park::*;
use crate::words::{feed, granted_by, seen};

const YELLOW: PlateColour = PlateColour::Yellow;

fn rescue() -> VehicleRegistration {
    VehicleRegistration {
        subject_kind: SubjectKind::VehEmergency,
        ..registration(PLATE)
    }
}

/// The park's registration of a tanker had ended, a rival registered the plate as a truck, or ended a registration
/// that he never made, and a grant for a truck opened for it.
#[test]
fn a_rivals_registration_makes_no_truck_of_what_the_park_registered_as_a_tanker() {
    let ends = morning().plus_seconds(600);
    for state in [
        LifeState::Active,
        LifeState::Suspended,
        LifeState::Withdrawn,
    ] {
        let mut feed = feed();
        feed.say(Body::VehicleRegistration(VehicleRegistration {
            subject_kind: SubjectKind::VehHazmat,
            valid_to: ends,
            ..registration(PLATE)
        }));
        feed.wait_s(900);
        for who in ["plant-1", "plant-2"] {
            let truck = VehicleRegistration {
                enterprise_id: PartyId::new(who).unwrap(),
                state,
                ..registration(PLATE)
            };
            feed.say_as(who, Body::VehicleRegistration(truck), false);
        }
        feed.say_as(
            "plant-2",
            Body::AccessGrant(granted_by("plant-2", "F")),
            false,
        );
        let decision = seen(&mut feed, "L-02", YELLOW);
        assert_eq!(decision.subject_kind, SubjectKind::VehHazmat, "{state}");
        assert_eq!(
            decision.refusal_code,
            Some(RefusalCode::Document),
            "{state}"
        );
        // The park itself may call it something else.
        feed.say(Body::VehicleRegistration(registration(PLATE)));
        let decision = seen(&mut feed, "L-02", YELLOW);
        assert_eq!(decision.subject_kind, SubjectKind::VehFreight, "{state}");
        assert_eq!(decision.refusal_code, None, "{state}");
    }
}

/// What its owner takes back of what the park registered for him is over; what the park says replaces all.
#[test]
fn an_owner_ends_what_the_park_registered_for_him() {
    let mut feed = feed();
    let bus = VehicleRegistration {
        subject_kind: SubjectKind::VehConstruction,
        ..registration(PLATE)
    };
    feed.say(Body::VehicleRegistration(bus.clone()));
    feed.say_as(
        "plant-2",
        Body::AccessGrant(granted_by("plant-2", "F")),
        false,
    );
    let kind = |feed: &mut Feed| seen(feed, "L-02", YELLOW).subject_kind;
    assert_eq!(kind(&mut feed), SubjectKind::VehConstruction);
    let withdrawn = VehicleRegistration {
        state: LifeState::Withdrawn,
        ..bus.clone()
    };
    feed.say_as("plant-1", Body::VehicleRegistration(withdrawn), false);
    assert_eq!(kind(&mut feed), SubjectKind::VehFreight, "as it is granted");
    feed.restart();
    feed.say(Body::VehicleRegistration(bus));
    assert_eq!(kind(&mut feed), SubjectKind::VehConstruction);
}

/// An operator granted a fire engine class H by mistake, and it stood at every gate, also when he had taken it back.
#[test]
fn no_mistaken_grant_of_the_park_makes_a_rescue_vehicle_stand() {
    let mistaken = |state, to| AccessGrant {
        grant_id: "H".to_owned(),
        checks_passed: None,
        waybill_ref: None,
        valid_to: morning().plus_seconds(to),
        state,
        ..hazmat(PLATE)
    };
    let withdrawn = mistaken(LifeState::Withdrawn, 36_000);
    let over = mistaken(LifeState::Active, 60);
    let suspended = mistaken(LifeState::Suspended, 36_000);
    let active = mistaken(LifeState::Active, 36_000);
    let white = Body::ListEntry(listed(PLATE, ListKind::White));
    let registered = Body::VehicleRegistration(rescue());
    for (exempt, mistakes) in [
        (registered, vec![&withdrawn, &over, &suspended, &active]),
        (white, vec![&withdrawn, &over]),
    ] {
        for mistake in mistakes {
            for first in [false, true] {
                let mut feed = feed();
                let mut said = [exempt.clone(), Body::AccessGrant(mistake.clone())];
                if first {
                    said.reverse();
                }
                for body in said {
                    feed.say(body);
                }
                let decision = seen(&mut feed, "L-02", YELLOW);
                assert_eq!(
                    decision.refusal_code,
                    None,
                    "{} {first} {mistake:?}",
                    exempt.message_type()
                );
                assert_ne!(decision.subject_kind, SubjectKind::VehHazmat);
            }
        }
    }
}

/// Whatever else the park granted it, and whatever of that is over: it is exempt, and in on no grant that is over.
#[test]
fn who_is_exempt_is_so_whatever_else_was_granted() {
    let exempt = AccessGrant {
        grant_id: "X".to_owned(),
        class_letter: ClassLetter::X,
        subject_kind: SubjectKind::VehEmergency,
        gates: vec![GateId::new("G-01").unwrap()],
        ..grant(PLATE)
    };
    let longer = AccessGrant {
        grant_id: "F".to_owned(),
        valid_to: morning().plus_seconds(72_000),
        ..grant(PLATE)
    };
    let mut feed = feed();
    feed.say(Body::AccessGrant(exempt));
    feed.say(Body::AccessGrant(longer));
    let change = OperatingModeChange {
        change_id: "MC".to_owned(),
        mode: OperatingMode::Emergency,
        gates: Vec::new(),
        ordered_by: PartyId::new("operator-1").unwrap(),
        reason: "leak".to_owned(),
        effective_at: feed.now,
    };
    feed.say(Body::OperatingModeChange(change));
    feed.restart();
    let decision = seen(&mut feed, "L-02", YELLOW);
    assert_eq!(decision.outcome, DecisionOutcome::Open);
    assert_eq!(decision.grant_id.as_deref(), Some("X"));

    let mut feed = self::feed();
    feed.say(Body::ListEntry(listed(PLATE, ListKind::White)));
    feed.say(Body::AccessGrant(AccessGrant {
        valid_to: morning().plus_seconds(60),
        ..grant(PLATE)
    }));
    feed.wait_s(600);
    let told = feed.enter("L-02", PLATE);
    assert_eq!(told.passages()[0].grant_id, None);
    feed.wait_s(1);
    assert!(feed.tick().alarms().is_empty(), "no overstay");
}

/// A class X that names gates exempts there; elsewhere a guard decides, as where the camera takes a registered rescue
/// vehicle for a tanker.
#[test]
fn where_a_recorded_rescue_vehicle_is_not_exempt_a_guard_decides() {
    let mut feed = feed();
    feed.say(Body::AccessGrant(AccessGrant {
        class_letter: ClassLetter::X,
        subject_kind: SubjectKind::VehEmergency,
        gates: vec![GateId::new("G-01").unwrap()],
        ..grant(PLATE)
    }));
    assert_eq!(
        seen(&mut feed, "L-02", YELLOW).outcome,
        DecisionOutcome::Open
    );
    let elsewhere = seen(&mut feed, "L-05", YELLOW);
    assert_eq!(elsewhere.refusal_code, Some(RefusalCode::WrongGate));
    assert_eq!(elsewhere.outcome, DecisionOutcome::Manual);

    let mut feed = self::feed();
    feed.say(Body::VehicleRegistration(rescue()));
    let taken_for_a_tanker = PlateCapture {
        subject_kind: Some(SubjectKind::VehHazmat),
        ..capture("L-02", PLATE, feed.now)
    };
    let told = feed.say(Body::PlateCapture(taken_for_a_tanker));
    assert_eq!(told.decisions()[0].outcome, DecisionOutcome::Manual);
}

/// A black-listed vehicle of the same number behind one that is let in is refused and told.
#[test]
fn a_refused_twin_in_another_colour_is_told() {
    let mut feed = Feed::new();
    feed.say(Body::AccessGrant(grant(PLATE)));
    let blue = PlateColour::Blue;
    feed.say(Body::ListEntry(ListEntry {
        subject: ListSubject::Plate(plate(PLATE, blue)),
        ..listed(PLATE, ListKind::Black)
    }));
    assert_eq!(feed.capture("L-02", PLATE).orders.len(), 1);
    feed.wait_s(3);
    let twin = PlateCapture {
        plate_colour: blue,
        ..capture("L-02", PLATE, feed.now)
    };
    let told = feed.say(Body::PlateCapture(twin));
    assert_eq!(told.code(), Some(RefusalCode::Blacklist));
    assert_eq!(told.alarm_codes(), [AlarmCode::BlacklistHit]);
}

/// A second picture of the same vehicle, in which the camera could not tell the colour, opened a second time, and
/// whoever was refused behind it drove in on that.
#[test]
fn a_second_picture_in_another_colour_opens_nothing_more() {
    let blue = PlateColour::Blue;
    for colours in [
        [YELLOW, PlateColour::Other],
        [PlateColour::Other, YELLOW],
        [YELLOW, blue],
    ] {
        let mut feed = feed();
        feed.say(Body::AccessGrant(grant(PLATE)));
        feed.say(Body::ListEntry(listed(PLATE, ListKind::White)));
        let mut shown = |plate_colour| {
            let capture = PlateCapture {
                plate_colour,
                ..capture("L-02", PLATE, feed.now)
            };
            let told = feed.say(Body::PlateCapture(capture));
            feed.wait_s(4);
            (told.decisions().len(), told.orders.len())
        };
        assert_eq!(colours.map(&mut shown), [(1, 1), (0, 0)]);
    }
}
