//! What a store is told of the state: the rows that changed, and no other, however many there are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cordon_access::AccessConfig;
use cordon_contract::{Entry, EntryKind, HUB_START, Plugin};
use cordon_model::plan::ParkPlan;
use cordon_model::*;

use crate::park::*;

fn number(of: usize) -> String {
    format!("苏H{of:05}")
}

/// A park with so many grants, a quarter of them inside.
fn busy(grants: usize) -> Feed {
    let plan = ParkPlan {
        capacity: None,
        ..plan()
    };
    let mut feed = Feed::with(Arc::new(PlainRules), AccessConfig::default(), plan);
    for of in 0..grants {
        feed.say(Body::AccessGrant(grant(&number(of))));
    }
    for of in 0..grants / 4 {
        let told = feed.enter("L-05", &number(of));
        assert_eq!(told.passages().len(), 1);
    }
    feed
}

#[test]
fn every_table_has_a_name_of_its_own() {
    let mut feed = Feed::new();
    let names: Vec<&str> = feed.plugin.tables().iter().map(|it| it.name()).collect();
    let unique: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!((unique.len(), names.len()), (26, 26), "{names:?}");
}

/// A state of before may hold more than a journal that is read again leads to: the plug-in steps anew.
#[test]
fn what_gives_way_otherwise_has_another_form() {
    let mut feed = Feed::new();
    let tables = feed.plugin.tables();
    let form = |name: &str| {
        tables
            .iter()
            .find(|it| it.name() == name)
            .map(|it| it.form())
    };
    let forms = ["permits", "lists", "visits", "lanes"].map(form);
    assert_eq!(forms, [3, 2, 2, 7].map(Some));
}

#[test]
fn ticks_over_an_idle_park_change_no_grant_and_no_visit() {
    let mut feed = busy(2_000);
    // What was ordered, passed and alarmed is over.
    feed.wait_s(600);
    feed.tick();
    let mut changes = 0;
    for _ in 0..600 {
        feed.wait_s(1);
        feed.tick();
        let told = |name: &&str| ["told", "cleaned", "day", "away"].contains(name);
        assert!(
            feed.stored.changed.keys().all(told),
            "{:?}",
            feed.stored.changed
        );
        changes += feed.stored.total();
    }
    assert!(changes <= 24, "twice a minute and once an hour: {changes}");
}

#[test]
fn an_arrival_changes_a_handful_of_rows_however_many_grants_there_are() {
    let changed = |grants: usize| {
        let mut feed = busy(grants);
        let mut changed = Vec::new();
        let number = number(grants - 1);
        let told = feed.capture("L-05", &number);
        changed.push(feed.stored.changed.clone());
        assert_eq!(feed.stored.changed, BTreeMap::from([("lanes", 1)]));
        let command = told.orders[0].command.command_id;
        feed.end("L-05", command, CommandOutcome::Confirmed);
        changed.push(feed.stored.changed.clone());
        feed.vehicle("L-05", LoopEventKind::Passed, Direction::In);
        assert!(feed.stored.total() <= 5, "{:?}", feed.stored.changed);
        changed.push(feed.stored.changed.clone());
        changed
    };
    assert_eq!(changed(2_000), changed(20));
}

#[test]
fn what_is_said_again_changes_nothing() {
    let mut feed = busy(8);
    feed.wait_s(200);
    feed.tick();
    let up = BarrierInputs {
        up_limit: Some(true),
        ..status("L-06", feed.now).inputs
    };
    let said = [
        Body::AccessGrant(grant(PLATE)),
        Body::ListEntry(listed(PLATE, ListKind::Black)),
        Body::VehicleRegistration(registration(PLATE)),
        Body::GateStatus(GateStatus {
            barrier_state: BarrierState::Open,
            inputs: up,
            ..status("L-06", feed.now)
        }),
        // The lane says that it is held open.
        Body::GateStatus(GateStatus {
            command_outcome: Some(CommandOutcome::Confirmed),
            ..status("L-04", feed.now)
        }),
    ];
    for body in said {
        feed.say(body.clone());
        assert!(feed.stored.total() > 0, "{body:?}");
        feed.say(body.clone());
        assert_eq!(feed.stored.total(), 0, "{body:?}");
    }
    let mut begins = entry(0, feed.now, EntryKind::Audit, "HUB-1", None, false, false);
    begins.label = HUB_START.to_owned();
    for rows in [plan().lanes.len() + 2, 0] {
        feed.number += 1;
        let number = feed.number;
        feed.step(Entry {
            number,
            ..begins.clone()
        });
        assert_eq!(feed.stored.total(), rows, "{:?}", feed.stored.changed);
    }
}
