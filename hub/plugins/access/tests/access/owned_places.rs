//! Gates, lanes and areas that the plan gives an enterprise: nobody else's grant lets anybody in there.

use std::sync::Arc;

use cordon_access::AccessConfig;
use cordon_model::plan::ParkPlan;
use cordon_model::*;

use crate::park::*;
use crate::shares::plan_of_two;

const LANE: &str = "L-04";

fn plant_1() -> Option<PartyId> {
    Some(PartyId::new("plant-1").unwrap())
}

/// Gives plant 1 something in the plan.
type Own = fn(&mut ParkPlan);

/// What the plan may give plant 1 of where a lane leads, and what is said to a grant that does not count there.
fn owned() -> [(Own, RefusalCode); 3] {
    let gate: Own = |plan| {
        let its = plan
            .gates
            .iter_mut()
            .filter(|gate| gate.id.as_str() == "G-02");
        its.for_each(|gate| gate.owner = plant_1());
    };
    let lane: Own = |plan| {
        let its = plan
            .lanes
            .iter_mut()
            .filter(|lane| lane.id.as_str() == LANE);
        its.for_each(|lane| lane.owner = plant_1());
    };
    let area: Own = |plan| plan.areas.iter_mut().for_each(|it| it.owner = plant_1());
    [
        (gate, RefusalCode::WrongGate),
        (lane, RefusalCode::WrongLane),
        (area, RefusalCode::AreaDenied),
    ]
}

/// Everywhere; the gate, the lane and the area alone, of a plan in which they were still the park's.
fn grants(enterprise: &str) -> [AccessGrant; 4] {
    let free = AccessGrant {
        enterprise_id: PartyId::new(enterprise).unwrap(),
        ..grant(PLATE)
    };
    [
        free.clone(),
        AccessGrant {
            gates: vec![GateId::new("G-02").unwrap()],
            ..free.clone()
        },
        AccessGrant {
            lanes: vec![LaneId::new(LANE).unwrap()],
            ..free.clone()
        },
        AccessGrant {
            areas: vec!["A-CORE".to_owned()],
            ..free
        },
    ]
}

fn seen(own: Own, speaker: &str, grant: AccessGrant) -> Option<RefusalCode> {
    let mut plan = plan_of_two();
    own(&mut plan);
    let mut feed = Feed::with(Arc::new(PlainRules), AccessConfig::default(), plan);
    feed.say_as(speaker, Body::AccessGrant(grant), false);
    let told = feed.capture(LANE, PLATE);
    let [decision] = told.decisions()[..] else {
        panic!("{:?}", told.bodies)
    };
    assert_eq!(
        told.code().is_none(),
        decision.outcome == DecisionOutcome::Open
    );
    told.code()
}

/// A grant that named no gate opened one of another plant, which it could not have named (`F031`).
#[test]
fn a_rivals_grant_reaches_no_place_of_another_whatever_it_names() {
    for (own, refused) in owned() {
        for grant in grants("plant-2") {
            assert_eq!(seen(own, "plant-2", grant), Some(refused));
        }
        for grant in grants("plant-1") {
            assert_eq!(seen(own, "plant-1", grant), None, "its own");
        }
        for grant in grants("plant-2") {
            assert_eq!(seen(own, "HUB-1", grant), None, "the park's");
        }
    }
}

#[test]
fn where_nobody_owns_anything_every_grant_counts() {
    for grant in grants("plant-2") {
        assert_eq!(seen(|_| (), "plant-2", grant), None);
    }
}
