//! What holds a lane, when a lane says it late, when the program was started, and when nothing had been sent.

use cordon_access::{AccessConfig, ParkNow};
use cordon_contract::{Entry, EntryKind, HUB_START, NOTHING_SENT, OrderLane, Plugin as _};
use cordon_model::CommandOutcome::{Confirmed, Expired, Failed};
use cordon_model::*;
use std::sync::Arc;

use crate::park::*;

const LANE: &str = "L-06";

fn act(gates: &[&str], release: bool) -> Body {
    let gates = gates.iter().map(|gate| GateId::new(*gate).unwrap());
    Body::EmergencyGateOpen(EmergencyGateOpen {
        order_id: "EM-1".to_owned(),
        gates: gates.collect(),
        ordered_by: PartyId::new("operator-1").unwrap(),
        reason: "fire".to_owned(),
        release: Some(release),
        ordered_at: morning(),
    })
}

fn by_hand(feed: &Feed, action: GateAction) -> Body {
    Body::GateCommand(GateCommand {
        command_id: MessageId::random(),
        gate_id: GateId::new("G-04").unwrap(),
        lane_id: LaneId::new(LANE).unwrap(),
        device_id: DeviceId::new("BR-06").unwrap(),
        action,
        reason: "test".to_owned(),
        priority: CommandPriority::Access,
        deadline: feed.now.plus_seconds(30),
        epoch: 0,
        ordered_by: Some(PartyId::new("operator-1").unwrap()),
        decision_ref: None,
    })
}

fn feed() -> (Feed, ParkNow) {
    let mut feed = Feed::new();
    feed.restart();
    let now = feed.plugin.park_now();
    (feed, now)
}

fn is_held(now: &ParkNow, lane: &str) -> bool {
    now.look().unwrap().held.iter().any(|held| *held == *lane)
}

/// The barrier says that it is down.
fn down(feed: &mut Feed) -> Told {
    down_when(feed, feed.now, false)
}

fn down_when(feed: &mut Feed, at: Timestamp, local: bool) -> Told {
    let mut said = status(LANE, at);
    said.barrier_state = match local {
        true => BarrierState::LocalControl,
        false => BarrierState::Closed,
    };
    said.inputs.up_limit = Some(false);
    said.inputs.down_limit = Some(true);
    said.inputs.local_control = Some(local);
    feed.say(Body::GateStatus(said))
}

/// What it says of its lock, naming no command, read at a time.
fn of_lock(feed: &mut Feed, outcome: CommandOutcome, at: Timestamp) -> Told {
    feed.say(Body::GateStatus(GateStatus {
        command_outcome: Some(outcome),
        ..status(LANE, at)
    }))
}

fn step_of(feed: &mut Feed, kind: EntryKind, said: Timestamp, body: Option<Body>) -> Entry {
    feed.number += 1;
    let entry = entry(feed.number, said, kind, "HUB-1", body, false, false);
    Entry {
        time: feed.now,
        clock: feed.now,
        ..entry
    }
}

/// The program was started.
fn start(feed: &mut Feed) {
    let entry = step_of(feed, EntryKind::Audit, feed.now, None);
    let entry = Entry {
        label: HUB_START.to_owned(),
        ..entry
    };
    feed.inputs.push(entry.clone());
    feed.step(entry);
}

/// An act that is journaled now and was carried out before, whatever the clock of who said it shows.
fn late(feed: &mut Feed, acted: Timestamp, body: Body) -> Told {
    late_of(feed, acted, body, false)
}

/// The same of an earlier run of the program.
fn late_of_earlier_run(feed: &mut Feed, acted: Timestamp, body: Body) -> Told {
    late_of(feed, acted, body, true)
}

fn late_of(feed: &mut Feed, acted: Timestamp, body: Body, of_earlier_run: bool) -> Told {
    let said = acted.plus_seconds(-15);
    let entry = step_of(feed, EntryKind::Message, said, Some(body));
    feed.step(Entry {
        late: true,
        acted_at: Some(acted),
        of_earlier_run,
        ..entry
    })
}

fn command_of(told: &Told, lane: &str) -> MessageId {
    let mut commands = told.orders.iter().map(|ordered| &ordered.command);
    let command = commands.find(|command| command.lane_id == *lane);
    command.unwrap().command_id
}

/// It waited while the journal could not be written, and held the lane for ever on the page.
#[test]
fn what_a_lane_says_is_of_the_time_it_says_and_older_than_a_release_since() {
    for is_late in [true, false] {
        let (mut feed, now) = feed();
        let opened = feed.now;
        feed.wait_s(10);
        let found = feed.now;
        feed.wait_s(10);
        let released = feed.now;
        if is_late {
            feed.wait_s(60);
            start(&mut feed);
        }
        let (opening, release) = match is_late {
            true => (
                late_of_earlier_run(&mut feed, opened, act(&["G-04"], false)),
                late_of_earlier_run(&mut feed, released, act(&["G-04"], true)),
            ),
            false => (
                feed.say(act(&["G-04"], false)),
                feed.say(act(&["G-04"], true)),
            ),
        };
        feed.end_at(LANE, command_of(&opening, LANE), Confirmed, opened);
        feed.end_at(LANE, command_of(&release, LANE), Confirmed, released);
        for outcome in [Confirmed, Failed] {
            let told = of_lock(&mut feed, outcome, found);
            assert!(told.alarms().is_empty(), "{outcome} late {is_late}");
        }
        assert!(!is_held(&now, LANE), "released since");
        // What it found after the release is news, also before the journal could be written again.
        let told = of_lock(&mut feed, Confirmed, released.plus_seconds(1));
        assert_eq!(told.alarm_codes(), [AlarmCode::GateFault]);
        assert!(is_held(&now, LANE));
    }
}

/// The clock had been ahead when the lane was released, and was put back: nothing is older by it.
#[test]
fn what_is_found_after_the_clock_was_put_back_is_news() {
    let (mut feed, now) = feed();
    let release = feed.say(act(&["G-04"], true));
    feed.end(LANE, command_of(&release, LANE), Confirmed);
    feed.now = feed.now.plus_seconds(-3_600);
    feed.lead_s = 3_600;
    let at = feed.now;
    of_lock(&mut feed, Confirmed, at);
    assert!(is_held(&now, LANE));
}

/// Only a release ended it, of a lane that nobody had opened.
#[test]
fn a_lane_that_was_only_found_held_is_not_once_it_is_down_or_its_lock_is_off() {
    for off in [true, false] {
        let (mut feed, now) = feed();
        let at = feed.now;
        of_lock(&mut feed, Confirmed, at);
        down(&mut feed);
        assert!(is_held(&now, LANE), "it was read together with the lock");
        feed.wait_s(1);
        let at = feed.now;
        match off {
            true => of_lock(&mut feed, Expired, at),
            false => down(&mut feed),
        };
        assert!(!is_held(&now, LANE), "lock told {off}");
        // What was ordered is not over because a boom is down: it may be about to rise.
        let opening = feed.say(act(&["G-04"], false));
        feed.end(LANE, command_of(&opening, LANE), Confirmed);
        feed.wait_s(1);
        let told = down(&mut feed);
        assert!(is_held(&now, LANE));
        assert!(told.orders.is_empty(), "whoever serves the lane knows it");
    }
}

/// A release had failed because the lock stayed on; it went off later, and the lane was held for ever.
#[test]
fn a_lane_whose_release_failed_is_not_held_once_its_lock_is_off() {
    let (mut feed, now) = feed();
    let opening = feed.say(act(&["G-04"], false));
    feed.end(LANE, command_of(&opening, LANE), Confirmed);
    let release = feed.say(act(&["G-04"], true));
    feed.end(LANE, command_of(&release, LANE), Failed);
    feed.wait_s(1);
    let at = feed.now;
    of_lock(&mut feed, Confirmed, at);
    assert!(is_held(&now, LANE), "it stays on");
    let told = of_lock(&mut feed, Expired, at);
    assert!(told.orders.is_empty(), "nobody wants it");
    assert!(!is_held(&now, LANE));
}

/// What came of the opening was not taken in while its release was under way: the lane was held until the next one.
#[test]
fn an_opening_that_ends_while_its_release_is_under_way_is_settled() {
    let (mut feed, now) = feed();
    let opening = feed.say(act(&["G-04"], false));
    let release = feed.say(act(&["G-04"], true));
    feed.end(LANE, command_of(&opening, LANE), Confirmed);
    feed.end(LANE, command_of(&release, LANE), Expired);
    assert!(is_held(&now, LANE), "nobody knows");
    feed.wait_s(60);
    start(&mut feed);
    feed.wait_s(1);
    let told = down(&mut feed);
    assert!(told.orders.is_empty(), "nobody wants it");
    assert!(!is_held(&now, LANE));
}

/// The pulse that lowers it was never given: the hub was restarted while a car stood under it. It stayed up, and
/// nobody was told.
#[test]
fn a_boom_that_is_found_up_after_a_start_and_that_nobody_holds_is_told_once() {
    for held in [false, true] {
        let (mut feed, now) = feed();
        let opening = feed.say(act(&["G-04"], false));
        feed.end(LANE, command_of(&opening, LANE), Confirmed);
        if !held {
            let release = feed.say(act(&["G-04"], true));
            feed.end(LANE, command_of(&release, LANE), Confirmed);
        }
        feed.wait_s(60);
        start(&mut feed);
        feed.wait_s(5);
        // Somebody stands there: it is judged when he has left.
        let mut local = status(LANE, feed.now);
        local.barrier_state = BarrierState::LocalControl;
        local.inputs.up_limit = Some(true);
        assert!(feed.say(Body::GateStatus(local)).alarms().is_empty());
        for first in [true, false] {
            let mut said = status(LANE, feed.now);
            said.barrier_state = BarrierState::Open;
            said.inputs.up_limit = Some(true);
            said.inputs.down_limit = Some(false);
            let told = feed.say(Body::GateStatus(said));
            let alarms = usize::from(first && !held);
            assert_eq!(told.alarms().len(), alarms, "{held} {told:?}");
            assert!(told.orders.is_empty());
        }
        assert_eq!(is_held(&now, LANE), held);
    }
}

/// After a power cut of hub and lane together the opening was gone, and nobody was told.
#[test]
fn an_opening_that_is_found_undone_after_a_start_is_ordered_again_once_and_told() {
    for by_mode in [false, true] {
        let (mut feed, now) = feed();
        let order = match by_mode {
            true => by_hand(&feed, GateAction::LockOpen),
            false => act(&["G-04"], false),
        };
        let opening = feed.say(order);
        feed.end(LANE, command_of(&opening, LANE), Confirmed);
        feed.wait_s(60);
        start(&mut feed);
        feed.wait_s(5);
        let told = down(&mut feed);
        assert_eq!(told.orders.len(), 1, "{told:?}");
        let again = &told.orders[0];
        assert_eq!(again.outbox, OrderLane::Emergency);
        assert_eq!(again.command.action, GateAction::LockOpen);
        assert_eq!(again.command.lane_id, *LANE);
        let by = again.command.ordered_by.as_ref();
        assert_eq!(by.map(PartyId::as_str), Some("operator-1"));
        assert_ne!(again.command.command_id, command_of(&opening, LANE));
        assert_eq!(told.alarms()[0].alarm_level, AlarmLevel::Orange);
        assert!(is_held(&now, LANE));
        feed.wait_s(1);
        assert!(down(&mut feed).orders.is_empty(), "once for a start");
        // It is an opening like any other: it fails, and the lane is not held.
        let told = feed.end(LANE, again.command.command_id, Failed);
        assert_eq!(told.alarms()[0].alarm_level, AlarmLevel::Red);
        assert!(!is_held(&now, LANE));
        // The same entries in the same order do the same, from a stored state too.
        let mut replayed = Feed::new();
        for entry in feed.inputs.clone() {
            replayed.restart();
            replayed.step(entry);
        }
        let state = feed.plugin.kept().unwrap();
        assert_eq!(replayed.plugin.kept().unwrap(), state);
    }
}

/// What nobody wants held any more, and what is not known to have been held.
#[test]
fn nothing_is_opened_again_that_was_released_never_confirmed_over_or_is_under_local_control() {
    let config = AccessConfig {
        emergency_open_s: 600,
        ..AccessConfig::default()
    };
    for case in [
        "released",
        "releasing",
        "failed",
        "unknown",
        "over",
        "local",
        "older",
    ] {
        let mut feed = Feed::with(Arc::new(PlainRules), config.clone(), plan());
        feed.restart();
        let now = feed.plugin.park_now();
        let before = feed.now.plus_seconds(-1);
        let opening = feed.say(act(&["G-04"], false));
        let outcome = if case == "unknown" {
            Expired
        } else {
            Confirmed
        };
        feed.end(LANE, command_of(&opening, LANE), outcome);
        if ["released", "releasing", "failed"].contains(&case) {
            let release = feed.say(act(&["G-04"], true));
            let release = command_of(&release, LANE);
            match case {
                "released" => drop(feed.end(LANE, release, Confirmed)),
                "failed" => drop(feed.end(LANE, release, Expired)),
                _ => {}
            }
        }
        feed.wait_s(if case == "over" { 601 } else { 60 });
        start(&mut feed);
        feed.wait_s(5);
        let at = if case == "older" { before } else { feed.now };
        let told = down_when(&mut feed, at, case == "local");
        assert!(told.orders.is_empty(), "{case}");
        let alarms = told.alarms().len();
        assert_eq!(alarms, usize::from(case == "local"), "{case}: {told:?}");
        let held = ["releasing", "over", "older"].contains(&case);
        assert_eq!(is_held(&now, LANE), held, "{case}");
    }
}

/// The opening acted in the emergency mode of the run before, and is journaled after the start.
#[test]
fn an_opening_that_is_journaled_late_at_a_start_is_ordered_again_too() {
    let (mut feed, now) = feed();
    let opened = feed.now;
    feed.wait_s(60);
    let seen = feed.now;
    feed.wait_s(60);
    start(&mut feed);
    let opening = late_of_earlier_run(&mut feed, opened, act(&["G-04"], false));
    feed.end(LANE, command_of(&opening, LANE), Confirmed);
    let told = down_when(&mut feed, seen, false);
    assert_eq!(told.orders.len(), 1, "{told:?}");
    assert!(is_held(&now, LANE));
}

/// What came of the order that acted, while it was being journaled, named another command than the journal: the
/// lane was never known to be open, and a failure was told to nobody.
#[test]
fn what_acts_before_it_is_journaled_is_the_same_command_afterwards() {
    for release in [false, true] {
        let (mut acting, _) = feed();
        let (mut journaled, now) = feed();
        let said = acting.now;
        let order = step_of(
            &mut acting,
            EntryKind::Message,
            said,
            Some(act(&["G-04"], release)),
        );
        let acted = acting.step(order.clone());
        // Before it, other things are journaled, also what holds the lane.
        journaled.wait_s(5);
        let opened = journaled.say(act(&["G-04"], false));
        journaled.end(LANE, command_of(&opened, LANE), Confirmed);
        let number = journaled.number + 1;
        journaled.number = number;
        let late = journaled.step(Entry {
            number,
            late: true,
            acted_at: Some(journaled.now),
            ..order
        });
        assert_eq!(command_of(&late, LANE), command_of(&acted, LANE));
        let told = journaled.end(LANE, command_of(&acted, LANE), Failed);
        assert_eq!(told.alarm_codes(), [AlarmCode::GateFault], "{release}");
        assert!(is_held(&now, LANE));
    }
}

/// The run began in its emergency mode: what acted in it is known to who serves the lane, and what was seen of the
/// lane before it acted says nothing of it.
#[test]
fn an_opening_of_the_emergency_mode_of_a_start_is_not_ordered_again_when_it_is_journaled() {
    let (mut feed, now) = feed();
    let opening = feed.say(act(&["G-04"], false));
    feed.end(LANE, command_of(&opening, LANE), Confirmed);
    feed.wait_s(60);
    let seen = feed.now.plus_seconds(1);
    let opened = feed.now.plus_seconds(2);
    feed.wait_s(60);
    start(&mut feed);
    let opening = late(&mut feed, opened, act(&["G-04"], false));
    feed.end_at(LANE, command_of(&opening, LANE), Confirmed, opened);
    for at in [seen, feed.now] {
        let told = down_when(&mut feed, at, false);
        assert!(
            told.orders.is_empty() && told.alarms().is_empty(),
            "{told:?}"
        );
        assert!(is_held(&now, LANE));
    }
}

/// The release was written and its outcome was not: it was taken as done when the journal came back, and the
/// opening since as older.
#[test]
fn a_release_is_done_when_its_lane_said_so_and_not_when_that_is_journaled() {
    let (mut feed, now) = feed();
    let opening = feed.say(act(&["G-04"], false));
    feed.end(LANE, command_of(&opening, LANE), Confirmed);
    feed.wait_s(60);
    let release = feed.say(act(&["G-04"], true));
    let released = feed.now.plus_seconds(1);
    let opened = feed.now.plus_seconds(4);
    feed.wait_s(60);
    start(&mut feed);
    feed.end_at(LANE, command_of(&release, LANE), Confirmed, released);
    let opening = late_of_earlier_run(&mut feed, opened, act(&["G-04"], false));
    feed.end_at(LANE, command_of(&opening, LANE), Confirmed, opened);
    assert!(is_held(&now, LANE));
    // Hub and lane lost their power: it is ordered again.
    let told = down(&mut feed);
    assert_eq!(told.orders.len(), 1, "{told:?}");
}

/// The whole of a wide opening was judged by one of its lanes.
#[test]
fn an_opening_that_is_journaled_late_holds_the_lanes_that_were_not_released_since() {
    for ends_first in [true, false] {
        let (mut feed, now) = feed();
        let opened = feed.now;
        feed.wait_s(10);
        let release = by_hand(&feed, GateAction::Release);
        let release = feed.say(release);
        let release = command_of(&release, LANE);
        if ends_first {
            feed.end(LANE, release, Confirmed);
        }
        feed.wait_s(60);
        let told = late(&mut feed, opened, act(&[], false));
        assert!(told.orders.len() > 4, "each was carried out");
        if !ends_first {
            assert!(is_held(&now, LANE), "being released");
            feed.end(LANE, release, Confirmed);
        }
        feed.end(LANE, command_of(&told, LANE), Confirmed);
        assert!(!is_held(&now, LANE), "released since");
        assert!(is_held(&now, "L-01"));
        // A late release is older than what was opened since.
        feed.say(act(&["G-04"], false));
        let told = late(&mut feed, opened.plus_seconds(1), act(&[], true));
        for lane in [LANE, "L-01"] {
            feed.end(lane, command_of(&told, lane), Confirmed);
        }
        assert!(is_held(&now, LANE), "opened since");
        assert!(!is_held(&now, "L-01"));
    }
}

/// The page said held, of a lane that was down and whose gateway had been away all the time.
#[test]
fn an_opening_of_which_nothing_was_sent_holds_nothing() {
    for sent in [true, false] {
        let (mut feed, now) = feed();
        let opening = feed.say(act(&["G-04"], false));
        let unsent = format!("not confirmed before its deadline; {NOTHING_SENT}; barrier");
        let told = feed.say(Body::GateStatus(GateStatus {
            command_id: Some(command_of(&opening, LANE)),
            command_outcome: Some(Expired),
            detail: (!sent).then_some(unsent),
            ..status(LANE, feed.now)
        }));
        assert_eq!(told.alarms()[0].alarm_level, AlarmLevel::Red);
        assert_eq!(is_held(&now, LANE), sent);
    }
}

/// A gate was taken out of the plan while it was held open: its boom stayed up and locked, and nobody said so.
#[test]
fn a_lane_that_is_held_and_not_in_the_plan_is_told() {
    let mut feed = Feed::new();
    feed.say(crate::away::opening("EM-1", feed.now));
    let kept = feed.plugin.kept().unwrap();
    let gate = GateId::new("G-04").unwrap();
    for gone in [false, true] {
        let mut plan = plan();
        if gone {
            plan.lanes.retain(|lane| lane.gate != gate);
            plan.gates.retain(|it| it.id != gate);
        }
        let mut feed = Feed::with(Arc::new(PlainRules), AccessConfig::default(), plan);
        feed.put_back(&kept);
        let told = crate::away::starts_told(&mut feed, 5);
        let codes: Vec<_> = told
            .alarms()
            .iter()
            .map(|it| (it.alarm_code, it.alarm_level))
            .collect();
        match gone {
            true => assert_eq!(codes, [(AlarmCode::GateFault, AlarmLevel::Orange)]),
            false => assert_eq!(codes, []),
        }
    }
}
