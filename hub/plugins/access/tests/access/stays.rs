//! How long a visit may last: whose word that is, and how often it is told that it is over.

use std::sync::Arc;

use cordon_access::AccessConfig;
use cordon_model::*;

use crate::park::*;
use crate::shares::plan_of_two;

const YEARS_S: i64 = 3_650 * 86_400;

fn feed() -> Feed {
    Feed::with(Arc::new(PlainRules), AccessConfig::default(), plan_of_two())
}

/// Many number so.
const ID: &str = "2026-001";

fn granted_by(who: &str, lasts_s: i64) -> AccessGrant {
    AccessGrant {
        grant_id: ID.to_owned(),
        enterprise_id: PartyId::new(who).unwrap(),
        valid_to: morning().plus_seconds(lasts_s),
        ..grant(PLATE)
    }
}

/// A passage at the park's gate that its gate system reports: it names the grant's id alone.
fn reported(feed: &Feed) -> Body {
    Body::PassageRecord(PassageRecord {
        passage_id: "W-1".to_owned(),
        visit_id: None,
        gate_id: GateId::new("G-01").unwrap(),
        lane_id: Some(LaneId::new("L-02").unwrap()),
        tier: GateTier::Park,
        enterprise_id: None,
        direction: Direction::In,
        subject_kind: SubjectKind::VehFreight,
        plate: Some(plate(PLATE, PlateColour::Yellow)),
        trailer_plate: None,
        person_id: None,
        result: PassageResult::Passed,
        grant_id: Some(ID.to_owned()),
        decision_ref: None,
        capture_ref: None,
        command_id: None,
        passed_at: feed.now,
        image_ref: None,
        image_digest: None,
    })
}

fn overstays(feed: &mut Feed) -> usize {
    let codes = feed.tick().alarm_codes();
    codes
        .iter()
        .filter(|code| **code == AlarmCode::Overstay)
        .count()
}

/// Two plants numbered alike, or a rival did on purpose, and nobody was told that the vehicle stayed.
#[test]
fn a_stay_ends_by_its_own_grant_and_not_by_anothers_of_the_same_id() {
    for by in ["plant-2", "HUB-1"] {
        for state in [LifeState::Active, LifeState::Withdrawn] {
            for (is_before, is_decided) in
                [(true, true), (false, true), (true, false), (false, false)]
            {
                let mut feed = feed();
                let rival = AccessGrant {
                    state,
                    gates: vec![GateId::new("G-03").unwrap()],
                    ..granted_by("plant-1", YEARS_S)
                };
                let rival = Body::AccessGrant(rival);
                if is_before {
                    feed.say_as("plant-1", rival.clone(), false);
                }
                feed.say_as(by, Body::AccessGrant(granted_by("plant-2", 900)), false);
                if is_decided {
                    assert_eq!(feed.capture("L-02", PLATE).code(), None);
                }
                let record = reported(&feed);
                feed.say(record);
                if !is_before {
                    feed.say_as("plant-1", rival, false);
                }
                feed.restart();
                feed.wait_s(901);
                let told = overstays(&mut feed);
                assert_eq!(
                    told, 1,
                    "{by} {state} before {is_before} decided {is_decided}"
                );
            }
        }
    }
}

/// The hub's own loops: the rival's shorter grant of the same id told of no overstay either.
#[test]
fn a_rivals_shorter_grant_of_the_same_id_ends_no_stay() {
    let mut feed = feed();
    feed.say_as(
        "plant-2",
        Body::AccessGrant(granted_by("plant-2", 36_000)),
        false,
    );
    feed.enter("L-02", PLATE);
    feed.say_as(
        "plant-1",
        Body::AccessGrant(granted_by("plant-1", 60)),
        false,
    );
    feed.wait_s(600);
    assert_eq!(overstays(&mut feed), 0);
    feed.wait_s(36_000);
    assert_eq!(overstays(&mut feed), 1);
}

/// A withdrawal that ended in ten years gave the vehicle ten years.
#[test]
fn what_takes_a_grant_away_moves_no_end_later() {
    for by in ["plant-2", "HUB-1"] {
        for state in [LifeState::Withdrawn, LifeState::Suspended] {
            let mut feed = feed();
            feed.say_as(by, Body::AccessGrant(granted_by("plant-2", 900)), false);
            feed.enter("L-02", PLATE);
            let taken = |lasts_s| {
                Body::AccessGrant(AccessGrant {
                    state,
                    ..granted_by("plant-2", lasts_s)
                })
            };
            feed.say_as("plant-2", taken(YEARS_S), false);
            feed.wait_s(901);
            assert_eq!(overstays(&mut feed), 1, "{by} {state}");
            // Nor does it begin anew.
            feed.say_as("plant-2", taken(YEARS_S - 1), false);
            feed.wait_s(YEARS_S);
            assert_eq!(overstays(&mut feed), 0, "{by} {state}");
        }
    }
}

/// Whoever repeated the grant of a vehicle that stayed raised an alarm each time: 640 of 40 visits.
#[test]
fn an_overstay_is_told_again_only_after_another_time_was_given_and_is_over() {
    let mut feed = feed();
    feed.say_as(
        "plant-2",
        Body::AccessGrant(granted_by("plant-2", 900)),
        false,
    );
    feed.enter("L-02", PLATE);
    feed.wait_s(901);
    assert_eq!(overstays(&mut feed), 1);
    for lasts_s in [900, 899, 901, 900] {
        feed.say_as(
            "plant-2",
            Body::AccessGrant(granted_by("plant-2", lasts_s)),
            false,
        );
        feed.wait_s(1);
        assert_eq!(overstays(&mut feed), 0, "{lasts_s}");
    }
    feed.restart();
    feed.say_as(
        "plant-2",
        Body::AccessGrant(granted_by("plant-2", 1_800)),
        false,
    );
    feed.wait_s(600);
    assert_eq!(overstays(&mut feed), 0);
    feed.wait_s(600);
    assert_eq!(overstays(&mut feed), 1);
    assert_eq!(overstays(&mut feed), 0);
}

/// One word of the plant between the decision and the passage, and nobody was told that the tanker stayed.
#[test]
fn what_is_said_between_decision_and_passage_takes_no_stays_end_away() {
    let other = Some(plate("苏H99999", PlateColour::Yellow));
    let granted = granted_by("plant-2", YEARS_S);
    let words = [
        (LifeState::Withdrawn, granted.plate.clone()),
        (LifeState::Suspended, granted.plate.clone()),
        (LifeState::Withdrawn, other.clone()),
        (LifeState::Active, other),
    ];
    for by in ["plant-2", "HUB-1"] {
        for (state, plate) in words.clone() {
            let mut feed = feed();
            feed.say_as(by, Body::AccessGrant(granted_by("plant-2", 900)), false);
            assert_eq!(feed.capture("L-02", PLATE).code(), None);
            let word = AccessGrant {
                state,
                plate,
                ..granted.clone()
            };
            feed.say_as("plant-2", Body::AccessGrant(word), false);
            // Refused ones meanwhile do not make the decision be forgotten.
            for number in 10..40 {
                feed.capture("L-02", &format!("苏H222{number}"));
            }
            let record = reported(&feed);
            feed.say(record);
            feed.restart();
            feed.wait_s(901);
            assert_eq!(overstays(&mut feed), 1, "{by} {state}");
        }
    }
}

/// The gate's own system let it in: what the plant said before the record took the end away.
#[test]
fn what_takes_a_grant_away_moves_no_end_later_for_who_enters_undecided() {
    for by in ["plant-2", "HUB-1"] {
        for state in [LifeState::Withdrawn, LifeState::Suspended] {
            let mut feed = feed();
            feed.say_as(by, Body::AccessGrant(granted_by("plant-2", 900)), false);
            let taken = AccessGrant {
                state,
                ..granted_by("plant-2", YEARS_S)
            };
            feed.say_as("plant-2", Body::AccessGrant(taken), false);
            let record = reported(&feed);
            feed.say(record);
            feed.wait_s(901);
            assert_eq!(overstays(&mut feed), 1, "{by} {state}");
        }
    }
}

/// A lane that had let in as many as it remembers knew nobody any more whom it refused.
#[test]
fn whom_a_lane_refuses_it_knows_however_many_it_let_in() {
    for wait_s in [0, 600] {
        let mut feed = feed();
        for number in 10..30 {
            let number = format!("苏H222{number}");
            feed.say(Body::AccessGrant(AccessGrant {
                grant_id: number.chars().skip(1).collect(),
                ..grant(&number)
            }));
            feed.enter("L-02", &number);
        }
        feed.wait_s(wait_s);
        let refused = feed.capture("L-02", PLATE);
        assert_eq!(refused.code(), Some(RefusalCode::NoGrant));
        feed.wait_s(2);
        assert!(feed.capture("L-02", PLATE).bodies.is_empty(), "one arrival");
    }
}
