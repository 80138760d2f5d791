//! Several owners speak of one vehicle: what one says changes nothing of what another's words are worth.

use std::sync::Arc;

use cordon_access::AccessConfig;
use cordon_contract::Plugin;
use cordon_model::*;

use crate::park::*;
use crate::shares::plan_of_two;

const OTHER: PlateColour = PlateColour::Other;
const YELLOW: PlateColour = PlateColour::Yellow;

pub fn feed() -> Feed {
    Feed::with(Arc::new(PlainRules), AccessConfig::default(), plan_of_two())
}

/// A grant that ends later than the others.
pub fn granted_by(who: &str, id: &str) -> AccessGrant {
    AccessGrant {
        grant_id: id.to_owned(),
        enterprise_id: PartyId::new(who).unwrap(),
        valid_to: morning().plus_seconds(72_000),
        ..grant(PLATE)
    }
}

/// What a rival may say of a vehicle.
fn sayings() -> Vec<(&'static str, Vec<Body>)> {
    let own = |id: &str| granted_by("plant-1", id);
    let blue = |id: &str, state| AccessGrant {
        plate: Some(plate(PLATE, PlateColour::Blue)),
        state,
        ..own(id)
    };
    let commuter = AccessGrant {
        class_letter: ClassLetter::C,
        subject_kind: SubjectKind::VehCommuter,
        ..own("a")
    };
    let elsewhere = |grant: AccessGrant| AccessGrant {
        gates: vec![GateId::new("G-03").unwrap()],
        ..grant
    };
    let failed = AccessGrant {
        checks_passed: Some(false),
        ..own("a")
    };
    let towing = AccessGrant {
        etag_epc: Some("E1".to_owned()),
        ..own("a")
    };
    let tagged = VehicleRegistration {
        subject_kind: SubjectKind::VehCommuter,
        etag_epc: Some("E9".to_owned()),
        plate: plate(PLATE, OTHER),
        ..registration(PLATE)
    };
    let active = LifeState::Active;
    let grants = |grants: Vec<AccessGrant>| grants.into_iter().map(Body::AccessGrant).collect();
    vec![
        ("commuter", grants(vec![commuter])),
        ("checks failed", grants(vec![failed])),
        ("another tag", grants(vec![towing])),
        ("another gate", grants(vec![elsewhere(own("a"))])),
        ("another colour", grants(vec![blue("a", active)])),
        (
            "two colours",
            grants(vec![elsewhere(own("a")), elsewhere(blue("b", active))]),
        ),
        ("withdrawn", grants(vec![blue("a", LifeState::Withdrawn)])),
        ("suspended", grants(vec![blue("a", LifeState::Suspended)])),
        ("registered", vec![Body::VehicleRegistration(tagged)]),
    ]
}

/// Decided at an ordinary lane, by a camera that sees this colour.
pub fn seen(feed: &mut Feed, lane: &str, plate_colour: PlateColour) -> PassageDecision {
    // Longer than an opening waits.
    feed.wait_s(130);
    feed.tick();
    let capture = PlateCapture {
        plate_colour,
        etag_epc: Some("E2".to_owned()),
        ..capture(lane, PLATE, feed.now)
    };
    let told = feed.say(Body::PlateCapture(capture));
    told.decisions()[0].clone()
}

/// One enterprise's grant of class C made a fire engine a commuter, a check it called failed left it at the gate, and
/// what grants nothing did so in another colour.
#[test]
fn nothing_that_an_enterprise_says_takes_the_parks_exemption() {
    let exempt = AccessGrant {
        grant_id: "X".to_owned(),
        class_letter: ClassLetter::X,
        subject_kind: SubjectKind::VehEmergency,
        enterprise_id: PartyId::new("plant-2").unwrap(),
        ..grant(PLATE)
    };
    let rescue = VehicleRegistration {
        subject_kind: SubjectKind::VehEmergency,
        ..registration(PLATE)
    };
    let exemptions = [
        ("class X", Body::AccessGrant(exempt)),
        ("registered", Body::VehicleRegistration(rescue)),
        ("white", Body::ListEntry(listed(PLATE, ListKind::White))),
    ];
    for (how, exemption) in exemptions {
        for (what, bodies) in sayings() {
            let mut feed = feed();
            feed.say(exemption.clone());
            for body in bodies {
                feed.say_as("plant-1", body, false);
            }
            for colour in [YELLOW, OTHER] {
                let decision = seen(&mut feed, "L-02", colour);
                assert_eq!(decision.refusal_code, None, "{how} {what} {colour}");
                if how != "white" {
                    assert_eq!(decision.subject_kind, SubjectKind::VehEmergency);
                }
            }
            if how == "white" {
                continue;
            }
            let change = OperatingModeChange {
                change_id: "MC".to_owned(),
                mode: OperatingMode::Emergency,
                gates: Vec::new(),
                ordered_by: PartyId::new("operator-1").unwrap(),
                reason: "leak".to_owned(),
                effective_at: feed.now,
            };
            feed.say(Body::OperatingModeChange(change));
            let decision = seen(&mut feed, "L-01", YELLOW);
            assert_eq!(decision.refusal_code, None, "{how} {what} in an emergency");
        }
    }
}

/// A truck that another plant or the park had granted stood at the gate for what a rival said of it.
#[test]
fn nothing_that_an_enterprise_says_takes_anothers_grant() {
    for by in ["plant-2", "HUB-1"] {
        for (what, bodies) in sayings() {
            let mut feed = feed();
            let theirs = AccessGrant {
                valid_to: morning().plus_seconds(36_000),
                ..granted_by("plant-2", "T")
            };
            feed.say_as(by, Body::AccessGrant(theirs), false);
            for body in bodies {
                feed.say_as("plant-1", body, false);
            }
            for colour in [YELLOW, OTHER] {
                let decision = seen(&mut feed, "L-02", colour);
                assert_eq!(decision.refusal_code, None, "{by} {what} {colour}");
                if what != "commuter" {
                    assert_eq!(decision.subject_kind, SubjectKind::VehFreight);
                    // Where it is seen in no colour the rival's fits as well.
                    let is_either = what == "another colour" && colour == OTHER;
                    let grant = decision.grant_id.as_deref();
                    assert!(grant == Some("T") || is_either, "{by} {what} {colour}");
                }
            }
        }
    }
}

/// The park granted a tanker, and a grant for a truck that ended later opened an ordinary gate for it.
#[test]
fn what_the_park_granted_as_a_tanker_passes_nowhere_as_a_truck() {
    for who in ["plant-1", "plant-2"] {
        for state in [LifeState::Active, LifeState::Suspended] {
            let mut feed = feed();
            feed.say(Body::AccessGrant(AccessGrant {
                grant_id: "H".to_owned(),
                enterprise_id: PartyId::new("plant-2").unwrap(),
                gates: vec![GateId::new("G-01").unwrap()],
                checks_passed: Some(false),
                state,
                ..hazmat(PLATE)
            }));
            // With papers, so that nothing else is wrong with it.
            feed.say_as(
                who,
                Body::AccessGrant(AccessGrant {
                    waybill_ref: Some("WB-2".to_owned()),
                    checks_passed: Some(true),
                    ..granted_by(who, "F")
                }),
                false,
            );
            for colour in [YELLOW, OTHER] {
                let codes = ["L-05", "L-02"].map(|lane| {
                    let decision = seen(&mut feed, lane, colour);
                    assert_eq!(decision.subject_kind, SubjectKind::VehHazmat, "{who}");
                    assert_ne!(decision.grant_id.as_deref(), Some("F"), "{who}");
                    decision.refusal_code
                });
                let both = match state {
                    LifeState::Active => [RefusalCode::WrongGate, RefusalCode::CheckFailed],
                    _ => [RefusalCode::NoGrant; 2],
                };
                assert_eq!(codes, both.map(Some), "{who} {colour}");
            }
        }
    }
}

/// What the park registered is what the vehicle is, whatever it is granted as.
#[test]
fn the_parks_register_says_the_kind_for_every_enterprise() {
    let mut feed = feed();
    feed.say(Body::VehicleRegistration(VehicleRegistration {
        subject_kind: SubjectKind::VehConstruction,
        ..registration(PLATE)
    }));
    feed.say_as(
        "plant-2",
        Body::AccessGrant(granted_by("plant-2", "F")),
        false,
    );
    let decision = seen(&mut feed, "L-02", YELLOW);
    assert_eq!(decision.refusal_code, None);
    assert_eq!(decision.subject_kind, SubjectKind::VehConstruction);
}

/// Of one owner a number in two colours is two vehicles; what it took back is none.
#[test]
fn a_colour_that_is_not_seen_counts_by_what_stands_of_one_owner() {
    for (state, code) in [
        (LifeState::Active, Some(RefusalCode::CredentialMismatch)),
        (LifeState::Suspended, None),
        (LifeState::Withdrawn, None),
    ] {
        for who in ["plant-2", "HUB-1"] {
            let mut feed = feed();
            let yellow = granted_by("plant-2", "Y");
            let blue = AccessGrant {
                plate: Some(plate(PLATE, PlateColour::Blue)),
                valid_to: morning().plus_seconds(600),
                state,
                ..granted_by("plant-2", "B")
            };
            for grant in [yellow, blue] {
                feed.say_as(who, Body::AccessGrant(grant), false);
            }
            let told = seen(&mut feed, "L-02", OTHER).refusal_code;
            assert_eq!(told, code, "{who} {state}");
            assert_eq!(seen(&mut feed, "L-02", YELLOW).refusal_code, None);
            feed.restart();
            feed.wait_s(600);
            let told = seen(&mut feed, "L-01", OTHER).refusal_code;
            assert_eq!(told, None, "{who} {state}: the blue one is over");
        }
    }
}

/// Where none fits the nearest miss is named, as of one owner alone; and each owner is looked at once.
#[test]
fn a_refusal_names_the_nearest_of_all() {
    let mut feed = feed();
    let over = AccessGrant {
        valid_to: morning().plus_seconds(-60),
        ..granted_by("plant-1", "over")
    };
    let failed = AccessGrant {
        checks_passed: Some(false),
        ..granted_by("plant-2", "failed")
    };
    for (who, grant) in [("plant-1", over), ("plant-2", failed)] {
        feed.say_as(who, Body::AccessGrant(grant), false);
    }
    let before = feed.plugin.steps();
    let decision = seen(&mut feed, "L-02", YELLOW);
    assert_eq!(decision.refusal_code, Some(RefusalCode::CheckFailed));
    assert_eq!(decision.grant_id.as_deref(), Some("failed"));
    assert_eq!(feed.plugin.steps() - before, 2);
    let kept = feed.plugin.kept().unwrap();
    feed.restart();
    assert!(feed.plugin.kept().unwrap() == kept);
}

/// Nor at the gate of the plant that says it: its grants in two colours left the park's rescue vehicle there.
#[test]
fn a_plant_takes_no_rescue_vehicles_exemption_at_its_own_gate_either() {
    let mut plan = plan_of_two();
    plan.lanes.push(cordon_model::plan::Lane {
        id: LaneId::new("P1-L1").unwrap(),
        gate: GateId::new("P1-G1").unwrap(),
        ..plan.lanes[0].clone()
    });
    plan.devices.push(cordon_model::plan::Device {
        id: DeviceId::new("P1-BR").unwrap(),
        lane: Some(LaneId::new("P1-L1").unwrap()),
        ..plan.devices[0].clone()
    });
    let mut feed = Feed::with(Arc::new(PlainRules), AccessConfig::default(), plan);
    feed.say(Body::VehicleRegistration(VehicleRegistration {
        subject_kind: SubjectKind::VehEmergency,
        enterprise_id: PartyId::new("plant-2").unwrap(),
        ..registration(PLATE)
    }));
    for colour in [YELLOW, PlateColour::Blue] {
        let own = AccessGrant {
            plate: Some(plate(PLATE, colour)),
            checks_passed: Some(false),
            ..granted_by("plant-1", &colour.to_string())
        };
        feed.say_as("plant-1", Body::AccessGrant(own), false);
    }
    let decision = seen(&mut feed, "P1-L1", OTHER);
    assert_eq!(decision.refusal_code, None);
    assert_eq!(decision.subject_kind, SubjectKind::VehEmergency);
}
