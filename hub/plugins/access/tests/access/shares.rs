//! What several parties fill together: nobody takes the park's room or another's, and what would not be kept
//! is known before it is taken.

use std::sync::Arc;

use cordon_access::AccessConfig;
use cordon_contract::{EntryKind, Plugin};
use cordon_model::plan::Enterprise;
use cordon_model::*;

use crate::park::*;

/// A park of two plants where four of each kind are kept of the park, and two of each plant.
fn narrow() -> Feed {
    let config = AccessConfig {
        grants_max: 4,
        registrations_max: 4,
        list_entries_max: 4,
        ..AccessConfig::default()
    };
    Feed::with(Arc::new(PlainRules), config, plan_of_two())
}

pub fn plan_of_two() -> cordon_model::plan::ParkPlan {
    let mut plan = plan();
    plan.enterprises.push(Enterprise {
        id: PartyId::new("plant-2").unwrap(),
        name: "plant".to_owned(),
        uscc: "91320700MA0000002A".to_owned(),
    });
    plan
}

/// Says it if there is room, as the door does; the limit that stands against it otherwise.
pub fn said(feed: &mut Feed, who: &str, body: Body) -> Option<&'static str> {
    let asked = entry(
        0,
        feed.now,
        EntryKind::Message,
        who,
        Some(body.clone()),
        false,
        false,
    );
    match feed.plugin.has_room(&asked) {
        Err(no_room) => Some(no_room.setting),
        Ok(()) => {
            let told = feed.say_as(who, body, false);
            assert!(told.audits().is_empty(), "{:?}", told.bodies);
            None
        }
    }
}

fn black(number: usize) -> Body {
    let plate = format!("苏N{number:05}");
    Body::ListEntry(listed(&plate, ListKind::Black))
}

fn granted(who: &str, number: usize) -> AccessGrant {
    AccessGrant {
        enterprise_id: PartyId::new(who).unwrap(),
        ..grant(&format!(
            "苏{}{number:05}",
            if who == "plant-1" { "P" } else { "Q" }
        ))
    }
}

/// 51,000 proposals of one plant, and a vehicle that the park blacklisted drove in.
#[test]
fn the_parks_black_entry_acts_however_many_one_plant_has_proposed() {
    let mut feed = narrow();
    feed.say(Body::AccessGrant(grant(PLATE)));
    let refused: Vec<_> = (0..5)
        .map(|number| said(&mut feed, "plant-2", black(number)))
        .collect();
    let full = Some("access.list_entries_max");
    assert_eq!(refused, [None, None, full, full, full]);
    assert_eq!(said(&mut feed, "plant-1", black(7)), None, "another's part");
    let own = Body::ListEntry(listed(PLATE, ListKind::Black));
    assert_eq!(said(&mut feed, "HUB-1", own), None);
    let told = feed.capture("L-02", PLATE);
    assert_eq!(told.code(), Some(RefusalCode::Blacklist));
    // The park's own room has an end too, and it is told.
    let parks: Vec<_> = (10..14)
        .map(|number| said(&mut feed, "HUB-1", black(number)))
        .collect();
    assert_eq!(parks, [None, None, None, full]);
    // What one holds he may say again, and what he takes back makes room.
    assert_eq!(said(&mut feed, "plant-2", black(0)), None);
    let back = ListEntry {
        state: LifeState::Withdrawn,
        ..listed("苏N00000", ListKind::Black)
    };
    assert_eq!(said(&mut feed, "plant-2", Body::ListEntry(back)), None);
    assert_eq!(said(&mut feed, "plant-2", black(9)), None);
    assert_eq!(said(&mut feed, "plant-2", black(8)), full);
}

/// Each passage of a vehicle looked at all grants that one plant had made for it.
#[test]
fn one_vehicle_has_so_many_grants_of_each() {
    let config = AccessConfig {
        grants_of_vehicle_max: 3,
        ..AccessConfig::default()
    };
    let mut feed = Feed::with(Arc::new(PlainRules), config, plan_of_two());
    let mut asked_for = |who: &str, id: &str, plate: &str| {
        let grant = AccessGrant {
            grant_id: id.to_owned(),
            enterprise_id: PartyId::new(who).unwrap(),
            ..grant(plate)
        };
        said(&mut feed, who, Body::AccessGrant(grant))
    };
    // Nor by way of a grant that was another vehicle's.
    assert_eq!(asked_for("plant-2", "g5", "苏N12345"), None);
    let mut asked = |who: &str, id: &str| asked_for(who, id, PLATE);
    let full = Some("access.grants_of_vehicle_max");
    let loud = ["g1", "g2", "g3", "g4"].map(|id| asked("plant-2", id));
    assert_eq!(loud, [None, None, None, full]);
    assert_eq!(asked("plant-2", "g5"), full);
    assert_eq!(
        asked("plant-2", "g2"),
        None,
        "what it holds it may say again"
    );
    assert_eq!(asked("plant-1", "g4"), None, "another's are its own");
    // What ends one is taken, whoever ends it, and however many he keeps.
    for id in ["p1", "p2", "p3"] {
        assert_eq!(asked("HUB-1", id), None);
    }
    assert_eq!(asked("HUB-1", "p4"), full);
    let withdrawn = AccessGrant {
        grant_id: "g1".to_owned(),
        enterprise_id: PartyId::new("plant-2").unwrap(),
        state: LifeState::Withdrawn,
        ..grant(PLATE)
    };
    let told = said(&mut feed, "HUB-1", Body::AccessGrant(withdrawn));
    assert_eq!(told, None);
}

/// The park had suspended 200 grants of one plant: its word on the next 200, and its own grant, were refused for room.
#[test]
fn the_parks_word_on_a_grant_takes_none_of_its_room() {
    let most = 3;
    let config = AccessConfig {
        grants_of_vehicle_max: most,
        grants_max: 2 * most,
        ..AccessConfig::default()
    };
    let mut feed = Feed::with(Arc::new(PlainRules), config.clone(), plan_of_two());
    let grant_of = |id: String, state| {
        Body::AccessGrant(AccessGrant {
            grant_id: id,
            enterprise_id: PartyId::new("plant-2").unwrap(),
            state,
            ..grant(PLATE)
        })
    };
    let full = Some("access.grants_of_vehicle_max");
    let (active, suspended) = (LifeState::Active, LifeState::Suspended);
    for number in 0..most {
        let id = format!("a{number}");
        assert_eq!(said(&mut feed, "plant-2", grant_of(id, active)), None);
    }
    for round in ["a", "b", "c"] {
        for number in 0..most {
            let id = format!("{round}{number}");
            let limit = said(&mut feed, "plant-2", grant_of(id.clone(), active));
            // What the park suspended is the plant's all the same.
            assert_eq!(limit, if round == "a" { None } else { full }, "{id}");
            // Also of what nobody made, or could not.
            assert_eq!(said(&mut feed, "HUB-1", grant_of(id, suspended)), None);
        }
        feed.restart();
    }
    assert_eq!(
        feed.capture("L-02", PLATE).code(),
        Some(RefusalCode::NoGrant)
    );
    // The park's own room of the vehicle is whole.
    for number in 0..=most {
        let limit = said(&mut feed, "HUB-1", grant_of(format!("P{number}"), active));
        assert_eq!(limit, if number < most { None } else { full });
    }
    let told = feed.capture("L-05", PLATE);
    assert_eq!(told.code(), None);
    let grant = told.decisions()[0].grant_id.clone();
    assert_eq!(grant.as_deref(), Some("P2"));
    // It may say on its own and on others' what it likes, and what it withdraws makes room for the plant again.
    for number in 0..most {
        let withdrawn = LifeState::Withdrawn;
        let id = format!("a{number}");
        assert_eq!(said(&mut feed, "HUB-1", grant_of(id, withdrawn)), None);
        let id = format!("P{number}");
        assert_eq!(said(&mut feed, "HUB-1", grant_of(id, suspended)), None);
        let id = format!("b{number}");
        assert_eq!(said(&mut feed, "plant-2", grant_of(id, active)), None);
    }
    let kept = feed.plugin.kept().unwrap();
    let rows = |name: &str| kept.tables().find(|it| it.0 == name).unwrap().2.len();
    assert_eq!(rows("permits"), 2 * most, "the park's and the plant's");
    let mut again = Feed::with(Arc::new(PlainRules), config, plan_of_two());
    for input in &feed.inputs {
        again.number = input.number;
        again.step(input.clone());
    }
    assert!(again.plugin.kept().unwrap() == kept);
}

/// The park's word on a plant's grants is the park's wherever it is kept: the plant's later grant hides none of it.
#[test]
fn the_parks_word_in_a_plants_room_is_judged_as_the_parks() {
    let mut feed = Feed::with(Arc::new(PlainRules), AccessConfig::default(), plan_of_two());
    let own = AccessGrant {
        grant_id: "a".to_owned(),
        enterprise_id: PartyId::new("plant-2").unwrap(),
        ..grant(PLATE)
    };
    feed.say_as("plant-2", Body::AccessGrant(own.clone()), false);
    feed.say(Body::AccessGrant(AccessGrant {
        class_letter: ClassLetter::X,
        subject_kind: SubjectKind::VehEmergency,
        ..own.clone()
    }));
    feed.say_as(
        "plant-2",
        Body::AccessGrant(AccessGrant {
            grant_id: "b".to_owned(),
            checks_passed: Some(false),
            valid_to: morning().plus_seconds(72_000),
            ..own
        }),
        false,
    );
    for restart in [false, true] {
        if restart {
            feed.restart();
            feed.wait_s(60);
        }
        let told = feed.capture(if restart { "L-01" } else { "L-02" }, PLATE);
        assert_eq!(told.code(), None);
        let decision = told.decisions()[0];
        assert_eq!(decision.subject_kind, SubjectKind::VehEmergency);
        assert_eq!(decision.grant_id.as_deref(), Some("a"));
    }
}

/// 202,500 grants of one plant, and nobody else's was taken.
#[test]
fn the_grants_of_one_plant_leave_the_other_and_the_park_theirs() {
    let mut feed = narrow();
    let full = Some("access.grants_max");
    let grant_of = |feed: &mut Feed, who: &str, of: &str, number| {
        said(feed, who, Body::AccessGrant(granted(of, number)))
    };
    let loud: Vec<_> = (0..4)
        .map(|number| grant_of(&mut feed, "plant-2", "plant-2", number))
        .collect();
    assert_eq!(loud, [None, None, full, full]);
    assert_eq!(grant_of(&mut feed, "plant-1", "plant-1", 1), None);
    assert_eq!(grant_of(&mut feed, "HUB-1", "plant-2", 8), None);
    for (lane, plate) in [("L-02", "苏P00001"), ("L-05", "苏Q00008")] {
        let told = feed.capture(lane, plate);
        assert_eq!(told.code(), None, "{plate}");
    }
    // What is over gives way to what comes.
    feed.wait_s(36_001);
    let later = |number| {
        Body::AccessGrant(AccessGrant {
            valid_to: morning().plus_seconds(72_000),
            ..granted("plant-2", number)
        })
    };
    for (number, limit) in [(3, None), (4, None), (5, full)] {
        assert_eq!(said(&mut feed, "plant-2", later(number)), limit);
    }
}

/// Registered and withdrawn again: each was kept for a week.
#[test]
fn registrations_that_come_and_go_take_no_room() {
    let mut feed = narrow();
    let car = |number: usize, state| {
        Body::VehicleRegistration(VehicleRegistration {
            registration_id: format!("R-{number}"),
            plate: plate(&format!("苏R{number:05}"), PlateColour::Blue),
            valid_from: morning(),
            state,
            ..registration(PLATE)
        })
    };
    for number in 0..20 {
        for state in [LifeState::Active, LifeState::Withdrawn] {
            assert_eq!(said(&mut feed, "plant-1", car(number, state)), None);
        }
    }
    let own = said(&mut feed, "HUB-1", car(77, LifeState::Active));
    assert_eq!(own, None);
}

#[test]
fn the_parts_are_counted_again_after_a_restart() {
    let mut feed = narrow();
    for number in 0..2 {
        let grant = Body::AccessGrant(granted("plant-2", number));
        assert_eq!(said(&mut feed, "plant-2", grant), None);
        assert_eq!(said(&mut feed, "plant-2", black(number)), None);
    }
    let kept = feed.plugin.kept().unwrap();
    let mut again = narrow();
    again.put_back(&kept);
    again.number = 100;
    assert_eq!(again.plugin.kept().unwrap(), kept);
    let grant = Body::AccessGrant(granted("plant-2", 5));
    assert_eq!(
        said(&mut again, "plant-2", grant),
        Some("access.grants_max")
    );
    assert!(said(&mut again, "plant-2", black(5)).is_some());
    assert_eq!(said(&mut again, "plant-1", black(6)), None);
}

/// A part became smaller: what stood above it vanished when it was changed, behind a plain receipt.
#[test]
fn what_one_holds_may_be_changed_where_a_part_has_become_smaller() {
    let mut feed = narrow();
    for number in 0..4 {
        assert_eq!(said(&mut feed, "operator-1", black(number)), None);
        if number < 2 {
            let grant = Body::AccessGrant(granted("plant-2", number));
            assert_eq!(said(&mut feed, "plant-2", grant), None);
        }
    }
    let kept = feed.plugin.kept().unwrap();
    let config = AccessConfig {
        grants_max: 1,
        list_entries_max: 1,
        ..AccessConfig::default()
    };
    let mut feed = Feed::with(Arc::new(PlainRules), config, plan_of_two());
    feed.put_back(&kept);
    feed.number = 100;
    for number in 0..4 {
        assert_eq!(said(&mut feed, "operator-1", black(number)), None);
        if number < 2 {
            let longer = AccessGrant {
                lanes: Vec::new(),
                ..granted("plant-2", number)
            };
            assert_eq!(said(&mut feed, "plant-2", Body::AccessGrant(longer)), None);
        }
    }
    assert!(said(&mut feed, "operator-1", black(9)).is_some());
    let again = feed.plugin.kept().unwrap();
    assert_eq!(again.bytes(), kept.bytes(), "all are kept");
}

/// 15,001 accepted grants of a plant whose part had become 14,285: read again from the journal some were gone,
/// and their vehicles stood before the gate.
#[test]
fn what_was_taken_acts_also_when_the_journal_is_read_again_under_a_smaller_part() {
    let config = AccessConfig {
        grants_max: 1,
        registrations_max: 1,
        list_entries_max: 1,
        ..AccessConfig::default()
    };
    let mut feed = Feed::with(Arc::new(PlainRules), config, plan_of_two());
    for number in 0..3 {
        let grant = Body::AccessGrant(granted("plant-2", number));
        let told = feed.say_as("plant-2", grant, false);
        assert!(told.audits().is_empty(), "{:?}", told.bodies);
        let told = feed.say_as("operator-1", black(number), false);
        assert!(told.audits().is_empty(), "{:?}", told.bodies);
    }
    for number in 0..3 {
        let told = feed.capture("L-05", &format!("苏Q{number:05}"));
        assert_eq!(told.code(), None, "{number}");
        let told = feed.capture("L-02", &format!("苏N{number:05}"));
        assert_eq!(told.code(), Some(RefusalCode::Blacklist), "{number}");
    }
    let more = Body::AccessGrant(granted("plant-2", 3));
    assert_eq!(
        said(&mut feed, "plant-2", more),
        Some("access.grants_max"),
        "the door alone refuses"
    );
}
