//! A step of the hub's clock takes no time from what is under way at a lane.

use cordon_access::AccessConfig;
use cordon_contract::{CLOCK_SET, ClockSteps, Entry, EntryKind, Jump};
use cordon_model::*;
use std::sync::Arc;

use crate::away::opening;
use crate::park::*;

const BY: [i64; 3] = [1_200, 86_400, -1_200];

/// The hub's clock is set, as the flow says it: entry time never goes back.
fn step(feed: &mut Feed, by_s: i64) {
    feed.number += 1;
    feed.now = feed.now.plus_seconds(by_s);
    feed.lead_s += (-by_s).max(0);
    let by = Jump {
        entry: by_s.max(0) * 1_000_000,
        clock: by_s * 1_000_000,
    };
    let seen = Timestamp::from_micros(feed.number.try_into().unwrap());
    let body = Body::AuditEvent(AuditEvent {
        action: CLOCK_SET.to_owned(),
        actor_id: PartyId::new("HUB-1").unwrap(),
        target: Some(ClockSteps::told(by, seen)),
        outcome: AuditOutcome::Success,
        detail: None,
        at: feed.now,
    });
    let kind = EntryKind::Audit;
    let said = entry(
        feed.number,
        feed.now,
        kind,
        "HUB-1",
        Some(body),
        false,
        false,
    );
    let told = feed.step(Entry {
        time: feed.now.plus_seconds(feed.lead_s),
        label: CLOCK_SET.to_owned(),
        ..said
    });
    assert!(told.bodies.is_empty() && told.orders.is_empty(), "{told:?}");
    feed.restart();
}

/// "Did not open as ordered", a second after it was ordered.
#[test]
fn an_opening_has_its_time() {
    for by in BY {
        let mut feed = Feed::new();
        feed.say(Body::AccessGrant(grant("苏H12345")));
        let told = feed.capture("L-02", "苏H12345");
        assert_eq!((told.code(), told.orders.len()), (None, 1));
        let command = told.orders[0].command.command_id;
        feed.wait_s(1);
        step(&mut feed, by);
        feed.wait_s(8);
        assert!(feed.tick().alarms().is_empty(), "{by}");
        // It is carried out, and the vehicle goes through on it.
        feed.end("L-02", command, CommandOutcome::Confirmed);
        feed.wait_s(2);
        let told = feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
        assert_eq!(told.passages().len(), 1, "{by}: {told:?}");
        assert!(told.alarms().is_empty(), "{by}: {told:?}");
    }
}

#[test]
fn an_opening_without_a_word_is_told_when_its_time_is_over() {
    for by in BY {
        let mut feed = Feed::new();
        feed.say(Body::AccessGrant(grant("苏H12345")));
        feed.capture("L-02", "苏H12345");
        step(&mut feed, by);
        feed.wait_s(9);
        assert!(feed.tick().alarms().is_empty(), "{by}");
        feed.wait_s(10);
        let told = feed.tick();
        assert_eq!(told.alarms().len(), 1, "{by}: {told:?}");
    }
}

/// "Not carried out yet after 86400 s", a second after it was ordered.
#[test]
fn an_emergency_opening_is_told_of_by_what_elapsed() {
    for by in BY {
        let mut feed = Feed::new();
        let now = feed.now;
        feed.say(opening("EM-1", now));
        feed.wait_s(1);
        step(&mut feed, by);
        feed.wait_s(2);
        assert!(feed.tick().alarms().is_empty(), "{by}");
        feed.wait_s(2);
        let told = feed.tick();
        let words = &told.alarms()[0].description;
        assert!(words.contains("not carried out yet after 5 s"), "{words}");
    }
}

#[test]
fn a_lane_is_held_open_for_as_long_as_was_said() {
    for by in BY {
        let config = AccessConfig {
            emergency_open_s: 3_600,
            ..AccessConfig::default()
        };
        let mut feed = Feed::with(Arc::new(PlainRules), config, plan());
        let now = feed.now;
        let told = feed.say(opening("EM-1", now));
        carried_out(&mut feed, &told);
        feed.wait_s(60);
        step(&mut feed, by);
        feed.tick();
        feed.wait_s(3_500);
        assert!(feed.tick().orders.is_empty(), "{by}");
        feed.wait_s(60);
        let told = feed.tick();
        let is_release = |it: &Ordered| it.command.action == GateAction::Release;
        assert!(told.orders.iter().any(is_release), "{by}: {told:?}");
    }
}
