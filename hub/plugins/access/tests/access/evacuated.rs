//! What an evacuation holds open, and planned ones that come due late.

use cordon_access::AccessConfig;
use cordon_contract::{Entry, EntryKind, HUB_START, Plugin as _};
use cordon_model::CommandOutcome::{Confirmed, Expired, Failed};
use cordon_model::OperatingMode::{Evacuation, Heightened, Normal};
use cordon_model::*;
use std::sync::Arc;

use crate::park::*;

const EXIT: &str = "L-03";

fn operator(who: u8) -> PartyId {
    PartyId::new(format!("operator-{who}")).unwrap()
}

fn gates(named: &[&str]) -> Vec<GateId> {
    let gates = named.iter().map(|gate| GateId::new(*gate).unwrap());
    gates.collect()
}

fn key(release: bool) -> Body {
    Body::EmergencyGateOpen(EmergencyGateOpen {
        order_id: "EM-1".to_owned(),
        gates: gates(&["G-01"]),
        ordered_by: operator(1),
        reason: "fire".to_owned(),
        release: Some(release),
        ordered_at: morning(),
    })
}

fn by_hand(feed: &Feed, action: GateAction) -> Body {
    Body::GateCommand(GateCommand {
        command_id: MessageId::random(),
        gate_id: GateId::new("G-01").unwrap(),
        lane_id: LaneId::new(EXIT).unwrap(),
        device_id: DeviceId::new(barrier(EXIT)).unwrap(),
        action,
        reason: "test".to_owned(),
        priority: CommandPriority::Access,
        deadline: feed.now.plus_seconds(30),
        epoch: 0,
        ordered_by: Some(operator(1)),
        decision_ref: None,
    })
}

fn mode(id: &str, mode: OperatingMode, named: &[&str], at: Timestamp) -> Body {
    Body::OperatingModeChange(OperatingModeChange {
        change_id: id.to_owned(),
        mode,
        gates: gates(named),
        ordered_by: operator(2),
        reason: "drill".to_owned(),
        effective_at: at,
    })
}

fn now(feed: &mut Feed, which: OperatingMode) -> Told {
    feed.say(mode("MC-1", which, &[], feed.now))
}

fn timed() -> Feed {
    let config = AccessConfig {
        emergency_open_s: 8,
        ..AccessConfig::default()
    };
    shown(Feed::with(Arc::new(PlainRules), config, plan()))
}

/// What stands in the park is shown.
fn shown(mut feed: Feed) -> Feed {
    feed.restart();
    feed
}

fn is_held(feed: &Feed) -> bool {
    let now = feed.plugin.park_now().look().unwrap();
    now.held.iter().any(|lane| *lane == *EXIT)
}

fn start(feed: &mut Feed) {
    feed.number += 1;
    let begins = entry(
        feed.number,
        feed.now,
        EntryKind::Audit,
        "HUB-1",
        None,
        false,
        false,
    );
    feed.step(Entry {
        label: HUB_START.to_owned(),
        ..begins
    });
}

/// Journaled now, it acted before.
fn late(feed: &mut Feed, acted: Timestamp, body: Body) -> Told {
    feed.number += 1;
    let kind = EntryKind::Message;
    let said = entry(feed.number, acted, kind, "HUB-1", Some(body), false, false);
    feed.step(Entry {
        time: feed.now,
        clock: feed.now,
        late: true,
        acted_at: Some(acted),
        ..said
    })
}

fn stands(feed: &mut Feed, up: bool, at: Timestamp) -> Told {
    let mut said = status(EXIT, at);
    said.barrier_state = match up {
        true => BarrierState::Open,
        false => BarrierState::Closed,
    };
    said.inputs.up_limit = Some(up);
    said.inputs.down_limit = Some(!up);
    feed.say(Body::GateStatus(said))
}

/// What the exit was ordered, in order.
fn of_exit(told: &Told) -> Vec<(GateAction, MessageId)> {
    let commands = told.orders.iter().map(|it| &it.command);
    let of_exit = commands.filter(|it| it.lane_id == *EXIT);
    of_exit.map(|it| (it.action, it.command_id)).collect()
}

fn actions(told: &Told) -> Vec<GateAction> {
    of_exit(told)
        .into_iter()
        .map(|(action, _)| action)
        .collect()
}

fn opening(told: &Told) -> MessageId {
    of_exit(told)[0].1
}

/// Who pressed the one key and said EVACUATION saw the exits go down when the time of the key was over.
#[test]
fn a_timer_lowers_no_exit_of_an_evacuation_in_whatever_order_it_was_opened() {
    let orders = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    for (order, acts) in orders
        .iter()
        .flat_map(|order| [1, 2, 3].map(|acts| (order, acts)))
    {
        let acts = &order[..acts];
        if !acts.contains(&2) {
            continue;
        }
        let mut feed = timed();
        for act in acts {
            let told = match act {
                0 => feed.say(key(false)),
                1 => feed.say(by_hand(&feed, GateAction::LockOpen)),
                _ => now(&mut feed, Evacuation),
            };
            feed.end(EXIT, opening(&told), Confirmed);
            feed.wait_s(2);
        }
        for s in 0..20 {
            feed.wait_s(1);
            let told = feed.tick();
            assert_eq!(actions(&told), [], "{acts:?} {s}");
            let lowered = told.orders.iter().map(|it| it.command.action);
            assert!(lowered.into_iter().all(|it| it == GateAction::Release));
        }
        assert!(is_held(&feed), "{acts:?}");
        // The opening is over, so the end of the mode is the end.
        let told = now(&mut feed, Normal);
        assert_eq!(actions(&told), [GateAction::Release], "{acts:?}");
    }
}

/// The evacuation had ended before: the time of the opening goes on.
#[test]
fn a_timer_lowers_an_exit_once_the_evacuation_is_over() {
    let mut feed = timed();
    feed.say(key(false));
    now(&mut feed, Evacuation);
    feed.wait_s(4);
    assert_eq!(actions(&now(&mut feed, Normal)), [], "a person opened it");
    feed.wait_s(4);
    assert_eq!(actions(&feed.tick()), [GateAction::Release]);
}

/// The time was over while the hub was away.
#[test]
fn an_exit_of_an_evacuation_that_a_start_finds_down_is_opened_again_whatever_its_time() {
    let mut feed = timed();
    now(&mut feed, Evacuation);
    let told = feed.say(key(false));
    feed.end(EXIT, opening(&told), Confirmed);
    feed.wait_s(60);
    start(&mut feed);
    feed.wait_s(1);
    let at = feed.now;
    assert_eq!(
        actions(&stands(&mut feed, false, at)),
        [GateAction::LockOpen]
    );
    assert_eq!(actions(&feed.tick()), []);
}

/// One released his own opening, and another's evacuation lost its exit; page and alarms were silent.
#[test]
fn a_release_lowers_no_exit_of_an_evacuation_and_is_told() {
    for (opened, one_key) in [false, true]
        .iter()
        .flat_map(|opened| [(*opened, false), (*opened, true)])
    {
        for evacuated_first in [true, false] {
            let what = format!("opened {opened} one key {one_key} first {evacuated_first}");
            let mut feed = shown(Feed::new());
            if evacuated_first {
                now(&mut feed, Evacuation);
            }
            if opened {
                feed.say(key(false));
            }
            if !evacuated_first {
                now(&mut feed, Evacuation);
            }
            let release = match one_key {
                true => key(true),
                false => by_hand(&feed, GateAction::Release),
            };
            let told = feed.say(release);
            assert_eq!(actions(&told), [], "{what}");
            let others = if one_key { 2 } else { 0 };
            assert_eq!(told.orders.len(), others, "the others go down: {what}");
            assert!(is_held(&feed), "{what}");
            let alarms = told.alarms();
            assert_eq!(alarms.len(), 1, "{what}");
            assert_eq!(alarms[0].alarm_level, AlarmLevel::Yellow);
            let text = &alarms[0].description;
            assert!(text.contains("L-03") && !text.contains("L-01"), "{text}");
            assert!(text.contains("ending it lowers"), "{text}");
            let mut audits = told.audits().into_iter();
            let kept = audits.find(|it| it.action == "access.evacuation-holds");
            assert_eq!(kept.unwrap().actor_id, "operator-1");
            let told = now(&mut feed, Normal);
            assert_eq!(actions(&told), [GateAction::Release], "{what}");
            let told = feed.say(key(true));
            assert_eq!(actions(&told), [GateAction::Release], "none any more");
        }
    }
}

/// Its release acted while the hub knew of no evacuation, or did not act: what came of it decides.
#[test]
fn a_release_that_is_journaled_late_in_an_evacuation_is_what_came_of_it() {
    for done in [true, false] {
        let mut feed = shown(Feed::new());
        let told = now(&mut feed, Evacuation);
        feed.end(EXIT, opening(&told), Confirmed);
        feed.wait_s(10);
        let acted = feed.now;
        feed.wait_s(10);
        let told = late(&mut feed, acted, key(true));
        assert_eq!(actions(&told), [GateAction::Release]);
        let outcome = if done { Confirmed } else { Expired };
        feed.end_at(EXIT, opening(&told), outcome, acted);
        assert_eq!(is_held(&feed), !done);
        // It is the mode's as before.
        let told = now(&mut feed, Normal);
        assert_eq!(actions(&told).len(), usize::from(!done));
    }
    // The orders beside the exit's have the ids that acted.
    let id_of = |told: &Told| {
        let mut commands = told.orders.iter().map(|it| &it.command);
        commands
            .find(|it| it.lane_id == *"L-02")
            .unwrap()
            .command_id
    };
    let mut feed = shown(Feed::new());
    now(&mut feed, Evacuation);
    let state = feed.plugin.kept().unwrap();
    let number = feed.number;
    let acted = id_of(&feed.say(key(true)));
    feed.put_back(&state);
    feed.number = number;
    let at = feed.now;
    assert_eq!(id_of(&late(&mut feed, at, key(true))), acted);
}

/// Its release had come to nothing: the evacuation was no reason to open it again, and its end did not lower it.
#[test]
fn an_evacuation_takes_over_a_lane_whose_release_came_to_nothing() {
    let mut feed = shown(Feed::new());
    let told = feed.say(key(false));
    feed.end(EXIT, opening(&told), Confirmed);
    let told = feed.say(key(true));
    feed.end(EXIT, opening(&told), Failed);
    let told = now(&mut feed, Evacuation);
    assert_eq!(actions(&told), [GateAction::LockOpen]);
    let told = now(&mut feed, Normal);
    assert_eq!(actions(&told), [GateAction::Release]);
}

/// An earlier opening had ended unknown, so what came of the later was not taken in: after a power cut the boom was
/// down, and nobody was told.
#[test]
fn an_opening_that_is_confirmed_after_another_ended_unknown_is_ordered_again_after_a_start() {
    for (by_mode, case) in [false, true].iter().flat_map(|by_mode| {
        ["after", "before", "the same", "failed between", "many"].map(|case| (*by_mode, case))
    }) {
        let mut feed = shown(Feed::new());
        let open = |feed: &mut Feed| match by_mode {
            true => opening(&now(feed, Evacuation)),
            false => opening(&feed.say(key(false))),
        };
        let first = open(&mut feed);
        if case == "before" {
            let second = open(&mut feed);
            feed.end(EXIT, first, Expired);
            feed.end(EXIT, second, Confirmed);
        } else {
            feed.end(EXIT, first, Expired);
            let confirmed = match case {
                "the same" => first,
                "many" => {
                    for _ in 0..40 {
                        let next = open(&mut feed);
                        feed.end(EXIT, next, Expired);
                    }
                    open(&mut feed)
                }
                "failed between" => {
                    let second = open(&mut feed);
                    feed.end(EXIT, second, Failed);
                    second
                }
                _ => open(&mut feed),
            };
            feed.end(EXIT, confirmed, Confirmed);
        }
        feed.wait_s(60);
        start(&mut feed);
        feed.wait_s(1);
        let at = feed.now;
        let told = stands(&mut feed, false, at);
        assert_eq!(actions(&told), [GateAction::LockOpen], "{by_mode} {case}");
        assert!(is_held(&feed));
    }
}

/// The hub was away over the whole of a drill, and everybody's exits rose at its start.
#[test]
fn a_planned_evacuation_whose_end_has_come_as_well_does_not_begin() {
    for (place, end, begins) in [
        (&[][..], &[&[][..]][..], false),
        (&["G-01"], &[&["G-01"]], false),
        (&["G-01"], &[&[]], false),
        (&[], &[&["G-02"]], true),
        (&["G-01", "G-02"], &[&["G-01"], &["G-02"]], false),
    ] {
        let what = format!("{place:?} {end:?}");
        let mut feed = shown(Feed::new());
        let at = |s| morning().plus_seconds(s);
        // In whatever order they were planned.
        for ended in end {
            feed.say(mode("MC-END", Heightened, ended, at(8)));
        }
        feed.say(mode("MC-DRILL", Evacuation, place, at(4)));
        feed.wait_s(12);
        let told = feed.tick();
        assert_eq!(actions(&told).len(), usize::from(begins), "{what}");
        let alarms = told.alarms();
        assert_eq!(alarms.len(), 1, "{what}: {alarms:?}");
        assert_eq!(alarms[0].alarm_level, AlarmLevel::Yellow);
        let text = &alarms[0].description;
        let named = if begins { "MC-END" } else { "MC-DRILL" };
        assert!(text.contains(named), "{what}: {text}");
        let audits = told.audits();
        let mut overtaken = audits
            .iter()
            .filter(|it| it.action == "access.mode-overtaken");
        assert_eq!(overtaken.next().unwrap().actor_id, "operator-2");
        assert_eq!(overtaken.count(), 0, "{what}");
        if !begins {
            let shown = feed.plugin.park_now().look().unwrap();
            let of_gate = shown.gate_modes.get(&GateId::new("G-01").unwrap());
            assert_eq!(*of_gate.unwrap_or(&shown.mode), Heightened, "{what}");
        }
    }
}

/// There was no bound: a drill of the night began in the morning.
#[test]
fn a_planned_evacuation_does_not_begin_long_after_its_time_and_other_modes_do() {
    for (which, late_s, begins) in [
        (Evacuation, 120, true),
        (Evacuation, 121, false),
        (Evacuation, 86_400, false),
        (Heightened, 86_400, true),
    ] {
        let mut feed = shown(Feed::new());
        feed.say(mode("MC-DRILL", which, &[], morning().plus_seconds(4)));
        feed.wait_s(4 + late_s);
        let told = feed.tick();
        let shown = feed.plugin.park_now().look().unwrap();
        assert_eq!(shown.mode, if begins { which } else { Normal }, "{late_s}");
        assert_eq!(told.alarms().len(), usize::from(!begins));
        let is_up = begins && which == Evacuation;
        assert_eq!(actions(&told).len(), usize::from(is_up));
        assert!(feed.tick().alarms().is_empty(), "once");
    }
    // Two for one time: in doubt it begins.
    let mut feed = shown(Feed::new());
    for which in [Evacuation, Normal] {
        feed.say(mode("MC-1", which, &[], morning().plus_seconds(4)));
    }
    feed.wait_s(5);
    assert_eq!(actions(&feed.tick()), [GateAction::LockOpen]);
}

/// It came after its time, to a failing disk, and raised: journaled ten minutes later it had not begun.
#[test]
fn a_planned_evacuation_that_acted_in_time_begins_when_it_is_journaled_late() {
    for (acted_s, begins) in [(6, true), (125, true), (126, false)] {
        let mut feed = shown(Feed::new());
        let said = mode("MC-1", Evacuation, &[], morning().plus_seconds(5));
        feed.number += 1;
        let kind = EntryKind::Message;
        let said = entry(
            feed.number,
            morning(),
            kind,
            "HUB-1",
            Some(said),
            false,
            false,
        );
        feed.wait_s(600);
        let told = feed.step(Entry {
            time: feed.now,
            clock: feed.now,
            late: true,
            acted_at: Some(morning().plus_seconds(acted_s)),
            ..said
        });
        assert_eq!(actions(&told).len(), usize::from(begins), "{acted_s}");
        assert_eq!(told.alarms().len(), usize::from(!begins));
    }
}

/// It was told as found up after the start, and was down: what the lane had said before its release came after it.
#[test]
fn what_a_lane_said_before_a_release_that_acted_does_not_say_that_it_stands_up() {
    for confirmed in [true, false] {
        let mut feed = shown(Feed::new());
        start(&mut feed);
        feed.wait_s(5);
        let seen = feed.now;
        feed.wait_s(5);
        let acted = feed.now;
        feed.wait_s(60);
        let told = late(&mut feed, acted, by_hand_at(acted));
        if confirmed {
            feed.end_at(EXIT, opening(&told), Confirmed, acted);
        }
        let told = stands(&mut feed, true, seen);
        assert!(told.alarms().is_empty(), "{:?}", told.alarms());
        // What it says since is news.
        let at = feed.now;
        assert_eq!(stands(&mut feed, true, at).alarms().len(), 1);
    }
}

fn by_hand_at(acted: Timestamp) -> Body {
    let mut at = Feed::new();
    at.now = acted;
    by_hand(&at, GateAction::Release)
}

/// It stayed up after the evacuation, and counted as opened by a person.
#[test]
fn an_exit_that_was_found_open_is_lowered_by_the_end_of_an_evacuation() {
    let mut feed = shown(Feed::new());
    feed.say(Body::GateStatus(GateStatus {
        command_outcome: Some(Confirmed),
        ..status(EXIT, feed.now)
    }));
    assert!(is_held(&feed));
    let told = now(&mut feed, Evacuation);
    feed.end(EXIT, opening(&told), Confirmed);
    let told = now(&mut feed, Normal);
    assert_eq!(actions(&told), [GateAction::Release]);
    feed.end(EXIT, of_exit(&told)[0].1, Confirmed);
    assert!(!is_held(&feed));
}

/// It acted where nobody knew of the evacuation, and nobody was told that its exit is down.
#[test]
fn an_exit_that_was_lowered_in_an_evacuation_is_a_red_alarm() {
    let mut feed = shown(Feed::new());
    let told = now(&mut feed, Evacuation);
    feed.end(EXIT, opening(&told), Confirmed);
    feed.wait_s(10);
    let acted = feed.now;
    feed.wait_s(5);
    let told = late(&mut feed, acted, key(true));
    let reds = told.alarms().into_iter();
    let reds = reds.filter(|it| it.alarm_level == AlarmLevel::Red);
    let texts: Vec<String> = reds.map(|it| it.description.clone()).collect();
    assert!(texts.len() == 1 && texts[0].contains(EXIT), "{texts:?}");
}
