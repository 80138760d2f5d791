//! One-key opening and modes.

use cordon_access::AccessConfig;
use cordon_contract::{Entry, EntryKind, OrderLane, Plugin as _};
use cordon_model::*;
use std::sync::Arc;

use crate::park::*;

fn open(gates: &[&str], release: Option<bool>) -> Body {
    Body::EmergencyGateOpen(EmergencyGateOpen {
        order_id: "EM-1".to_owned(),
        gates: gates
            .iter()
            .map(|gate| GateId::new(*gate).unwrap())
            .collect(),
        ordered_by: PartyId::new("operator-1").unwrap(),
        reason: "fire".to_owned(),
        release,
        ordered_at: morning(),
    })
}

fn mode(which: OperatingMode, gates: &[&str], at: Timestamp) -> Body {
    mode_by("operator-1", which, gates, at)
}

fn mode_by(who: &str, mode: OperatingMode, gates: &[&str], at: Timestamp) -> Body {
    Body::OperatingModeChange(OperatingModeChange {
        change_id: "MC-1".to_owned(),
        mode,
        gates: gates
            .iter()
            .map(|gate| GateId::new(*gate).unwrap())
            .collect(),
        ordered_by: PartyId::new(who).unwrap(),
        reason: "drill".to_owned(),
        effective_at: at,
    })
}

#[test]
fn one_key_holds_every_lane_open_whatever_the_mode_until_released() {
    for name in OperatingMode::ALL {
        let mut feed = Feed::new();
        feed.say(mode(*name, &["G-01", "G-04"], morning()));
        let told = feed.say(open(&["G-01", "G-04", "G-99"], None));
        assert_eq!(told.orders.len(), 4, "{name}");
        for ordered in &told.orders {
            assert_eq!(ordered.outbox, OrderLane::Emergency);
            assert_eq!(ordered.command.action, GateAction::LockOpen);
            assert_eq!(ordered.command.priority, CommandPriority::Emergency);
            assert_eq!(
                ordered.command.ordered_by,
                Some(PartyId::new("operator-1").unwrap())
            );
        }
        let ids: std::collections::BTreeSet<MessageId> = told
            .orders
            .iter()
            .map(|ordered| ordered.command.command_id)
            .collect();
        assert_eq!(ids.len(), 4, "each command has an id of its own");
        let audit = told.audits()[0];
        assert_eq!(audit.action, "access.emergency-open");
        assert_eq!(audit.actor_id, "operator-1");
        // Who drives through meanwhile is recorded, and is no forced gate.
        let told = feed.vehicle("L-06", LoopEventKind::Passed, Direction::Out);
        assert!(told.alarms().is_empty());
        assert_eq!(told.passages()[0].decision_ref.as_deref(), Some("EM-1"));
        if *name == OperatingMode::Evacuation {
            feed.say(mode(OperatingMode::Normal, &[], morning()));
        }
        let told = feed.say(open(&["G-01", "G-04"], Some(true)));
        assert_eq!(told.orders.len(), 4);
        for ordered in &told.orders {
            assert_eq!(ordered.command.action, GateAction::Release);
            assert_eq!(ordered.outbox, OrderLane::Access);
        }
        let told = feed.vehicle("L-06", LoopEventKind::Passed, Direction::Out);
        assert_eq!(told.alarm_codes(), [AlarmCode::GateForced]);
    }
}

#[test]
fn an_emergency_opening_that_fails_is_a_red_alarm_once() {
    let mut feed = Feed::new();
    let told = feed.say(open(&["G-04"], None));
    let command = told.orders[0].command.command_id;
    let failed = feed.end("L-06", command, CommandOutcome::Expired);
    assert_eq!(failed.alarm_codes(), [AlarmCode::GateFault]);
    assert_eq!(failed.alarms()[0].alarm_level, AlarmLevel::Red);
    assert!(
        feed.end("L-06", command, CommandOutcome::Expired)
            .alarms()
            .is_empty()
    );
}

#[test]
fn an_opening_with_a_time_releases_itself() {
    let config = AccessConfig {
        emergency_open_s: 600,
        ..AccessConfig::default()
    };
    let mut feed = Feed::with(Arc::new(PlainRules), config, plan());
    feed.say(open(&["G-04"], None));
    feed.run_s(599);
    assert!(feed.tick().orders.is_empty());
    feed.wait_s(1);
    let told = feed.tick();
    assert_eq!(told.orders.len(), 1);
    assert_eq!(told.orders[0].command.action, GateAction::Release);
    assert_eq!(told.audits()[0].action, "access.emergency-release");
    feed.wait_s(60);
    assert!(feed.tick().orders.is_empty());
}

#[test]
fn a_mode_takes_effect_at_its_time_for_its_gates() {
    let mut feed = Feed::new();
    feed.say(Body::AccessGrant(grant(PLATE)));
    let later = feed.now.plus_seconds(60);
    feed.say(mode(OperatingMode::Emergency, &["G-01"], later));
    assert_eq!(feed.capture("L-02", PLATE).code(), None);
    feed.wait_s(60);
    feed.tick();
    feed.vehicle("L-02", LoopEventKind::BackedOut, Direction::In);
    let told = feed.capture("L-02", PLATE);
    assert_eq!(told.code(), Some(RefusalCode::ModeClosed));
    assert_eq!(told.decisions()[0].operating_mode, OperatingMode::Emergency);
    assert_eq!(feed.capture("L-05", PLATE).code(), None, "another gate");
    feed.say(mode(OperatingMode::Normal, &[], feed.now));
    assert_eq!(feed.capture("L-02", PLATE).code(), None);
}

#[test]
fn evacuation_holds_the_exits_open_and_gives_them_back() {
    let mut feed = Feed::new();
    let told = feed.say(mode(OperatingMode::Evacuation, &[], morning()));
    assert_eq!(told.orders.len(), 1);
    assert_eq!(told.orders[0].command.lane_id, "L-03");
    assert_eq!(told.orders[0].command.action, GateAction::LockOpen);
    let told = feed.say(mode(OperatingMode::Normal, &[], morning()));
    assert_eq!(told.orders.len(), 1);
    assert_eq!(told.orders[0].command.action, GateAction::Release);
    // What a person opened stays open when a mode ends.
    feed.say(open(&["G-01"], None));
    feed.say(mode(OperatingMode::Evacuation, &[], morning()));
    let told = feed.say(mode(OperatingMode::Normal, &[], morning()));
    assert!(told.orders.is_empty());
}

/// What was said then comes now.
fn comes_now(feed: &mut Feed, said: Timestamp, body: Body) -> Told {
    let speaker = "operator-1";
    let late = entry(
        1,
        said,
        EntryKind::Message,
        speaker,
        Some(body),
        false,
        false,
    );
    feed.number += 1;
    feed.step(Entry {
        number: feed.number,
        time: feed.now,
        clock: feed.now,
        ..late
    })
}

/// Each of them ended it once, and lowered its exits: a routine change said before, a plan on its way, the end of a drill
/// planned before it or signed before it, and a plan that came when its time had passed.
#[test]
fn a_plan_ends_no_evacuation_whoever_said_what_when() {
    use OperatingMode::{Evacuation, Heightened, Normal};
    let others = ["operator-1", "operator-2"];
    // Of plan and evacuation: seconds of when the plan was said and came, both from when the evacuation was ordered.
    for (said_s, came_s) in [(-20, -20), (-20, 5), (-1, 1), (0, 0), (5, 5), (-20, 40)] {
        for (planner, place, drill) in others.iter().flat_map(|who| {
            [&[][..], &["G-01"]]
                .into_iter()
                .flat_map(move |place| [false, true].map(move |drill| (*who, place, drill)))
        }) {
            let what = format!("{said_s} {came_s} {planner} {place:?} {drill}");
            let mut feed = Feed::new();
            let ordered = feed.now.plus_seconds(20);
            let said = ordered.plus_seconds(said_s);
            let plan = |feed: &mut Feed| {
                let drill = drill.then_some((Evacuation, 29));
                for (which, s) in drill.into_iter().chain([(Normal, 30)]) {
                    let at = ordered.plus_seconds(s);
                    let told = comes_now(feed, said, mode_by(planner, which, place, at));
                    let mut actions = told.orders.iter().map(|it| it.command.action);
                    assert!(actions.all(|it| it == GateAction::LockOpen), "{what}");
                }
            };
            let mut orders = 0;
            for s in -20_i64..=60 {
                feed.now = ordered.plus_seconds(s);
                if came_s == s {
                    plan(&mut feed);
                }
                if s == 0 {
                    let told = feed.say(mode(Evacuation, &[], feed.now));
                    orders += told.orders.len();
                } else {
                    let told = feed.tick();
                    let mut actions = told.orders.iter().map(|it| it.command.action);
                    assert!(actions.all(|it| it == GateAction::LockOpen), "{what} {s}");
                }
            }
            assert_eq!(orders, 1, "{what}");
            let told = feed.say(mode(Heightened, &[], feed.now));
            assert_eq!(told.orders.len(), 1, "a word of the moment ends it: {what}");
            assert_eq!(told.orders[0].command.action, GateAction::Release);
        }
    }
}

/// Who planned it believes that it is carried out.
#[test]
fn a_plan_that_meets_an_evacuation_is_told_and_holds_elsewhere() {
    use OperatingMode::{Evacuation, Heightened};
    let mut feed = Feed::new();
    feed.say(Body::AccessGrant(grant(PLATE)));
    feed.say(mode(Heightened, &[], feed.now.plus_seconds(25)));
    let ordered = feed.say(mode(Evacuation, &["G-01"], feed.now));
    carried_out(&mut feed, &ordered);
    feed.wait_s(25);
    let told = feed.tick();
    assert!(told.orders.is_empty(), "{told:?}");
    assert_eq!(told.alarm_codes(), [AlarmCode::GateFault]);
    let text = &told.alarms()[0].description;
    assert!(text.contains("MC-1") && text.contains("G-01"), "{text}");
    assert!(!text.contains("G-04"), "{text}");
    let told = feed.capture("L-02", PLATE);
    assert_eq!(told.decisions()[0].operating_mode, Evacuation);
    let told = feed.capture("L-05", PLATE);
    assert_eq!(told.decisions()[0].operating_mode, Heightened);
}

/// A drill begins as planned, and people end it.
#[test]
fn a_planned_evacuation_begins_at_its_time() {
    let mut feed = Feed::new();
    let at = feed.now.plus_seconds(60);
    feed.say(mode(OperatingMode::Evacuation, &[], at));
    feed.wait_s(59);
    assert!(feed.tick().orders.is_empty());
    feed.wait_s(1);
    assert_eq!(feed.tick().orders.len(), 1);
    let told = feed.say(mode(OperatingMode::Normal, &[], feed.now));
    assert_eq!(told.orders.len(), 1);
}

/// Its two times were a hair apart, one of whole seconds: it waited for the hub's clock.
#[test]
fn an_evacuation_whose_time_is_a_moment_after_it_was_said_is_of_now() {
    for ms in [1, 999, 2_000] {
        let mut feed = Feed::new();
        let at = feed.now.plus_ms(ms);
        assert_eq!(
            feed.say(mode(OperatingMode::Evacuation, &[], at))
                .orders
                .len(),
            1,
            "{ms}"
        );
    }
}

/// The page said HEIGHTENED while the evacuation went on.
#[test]
fn a_park_that_goes_on_being_evacuated_is_shown_so() {
    let mut feed = Feed::new();
    feed.restart();
    let now = feed.plugin.park_now();
    let later = feed.now.plus_seconds(30);
    feed.say(mode(OperatingMode::Heightened, &[], later));
    feed.say(mode(OperatingMode::Evacuation, &[], feed.now));
    feed.say(mode(OperatingMode::Normal, &["G-04"], feed.now));
    feed.wait_s(30);
    assert!(feed.tick().orders.is_empty());
    let shown = now.look().unwrap();
    assert_eq!(shown.mode, OperatingMode::Evacuation);
    let heightened = (GateId::new("G-04").unwrap(), OperatingMode::Heightened);
    assert_eq!(shown.gate_modes, [heightened].into());
    // It ends gate by gate.
    for gate in ["G-01", "G-02", "G-03", "G-04", "P1-G1"] {
        feed.say(mode(OperatingMode::Normal, &[gate], feed.now));
    }
    assert_eq!(now.look().unwrap().mode, OperatingMode::Normal);
}

/// It was answered as accepted and waited until the hub's clock showed what the speaker's did; and the end of one
/// waited too, and ended the next.
#[test]
fn what_a_clock_that_is_ahead_says_for_now_takes_effect_when_it_comes() {
    let mut feed = Feed::new();
    let ahead = |feed: &mut Feed, which| {
        let now = feed.now;
        feed.now = now.plus_seconds(40);
        let body = mode(which, &[], feed.now);
        let said = entry(
            1,
            feed.now,
            EntryKind::Message,
            "operator-1",
            Some(body),
            false,
            false,
        );
        feed.now = now;
        feed.number += 1;
        feed.step(Entry {
            number: feed.number,
            time: now,
            clock: now,
            ..said
        })
    };
    assert_eq!(ahead(&mut feed, OperatingMode::Evacuation).orders.len(), 1);
    assert_eq!(ahead(&mut feed, OperatingMode::Normal).orders.len(), 1);
    feed.wait_s(3);
    let now = feed.now;
    assert_eq!(
        feed.say(mode(OperatingMode::Evacuation, &[], now))
            .orders
            .len(),
        1
    );
    feed.wait_s(60);
    assert!(feed.tick().orders.is_empty());
}

/// One change more than can wait was taken and forgotten.
#[test]
fn a_change_of_mode_that_cannot_wait_is_refused_and_one_of_now_never_is() {
    let mut feed = Feed::new();
    let later = feed.now.plus_seconds(3_600);
    let asked = |feed: &Feed, at| {
        let body = mode(OperatingMode::Evacuation, &[], at);
        let said = entry(
            0,
            feed.now,
            EntryKind::Message,
            "operator-1",
            Some(body),
            false,
            false,
        );
        feed.plugin.has_room(&said).map_err(|it| it.part)
    };
    for _ in 0..100 {
        assert_eq!(asked(&feed, later), Ok(()));
        feed.say(mode(OperatingMode::Heightened, &[], later));
    }
    assert_eq!(asked(&feed, later), Err(100));
    assert_eq!(asked(&feed, feed.now), Ok(()));
}

/// After a restart the page said NORMAL, UNKNOWN and nobody until each was said again.
#[test]
fn what_stands_in_the_park_is_the_same_before_and_after_a_restart() {
    let mut feed = Feed::new();
    let now = feed.plugin.park_now();
    assert_eq!(now.look(), None, "nothing was read yet");
    feed.restart();
    feed.say(Body::AccessGrant(grant(PLATE)));
    feed.enter("L-01", PLATE);
    feed.say(mode(OperatingMode::Maintenance, &[], morning()));
    // The boom is up by what came of the order; the reading that says so waits for room on the disk.
    let told = feed.say(open(&["G-04"], None));
    let command = &told.orders[0].command;
    let confirmed = GateStatus {
        barrier_state: BarrierState::Unknown,
        command_id: Some(command.command_id),
        command_outcome: Some(CommandOutcome::Confirmed),
        ..status("L-06", morning())
    };
    feed.step(entry(
        900,
        morning(),
        EntryKind::Outcome,
        "HUB-1",
        Some(Body::GateStatus(confirmed)),
        false,
        false,
    ));
    let before = now.look().unwrap();
    assert_eq!(
        (before.mode, before.inside),
        (OperatingMode::Maintenance, 1)
    );
    let up = DeviceId::new("BR-06").unwrap();
    assert_eq!(before.barriers.get(&up), Some(&BarrierState::Open));

    let mut started = Feed::new();
    let state = feed.plugin.kept().unwrap();
    started.put_back(&state);
    assert_eq!(started.plugin.park_now().look(), Some(before));
}

/// Held was what the page took from the emergency mode alone; a lane stays held until its release is
/// confirmed, also when the release came to nothing, and after a restart.
#[test]
fn a_lane_is_held_until_its_release_is_confirmed() {
    let mut feed = Feed::new();
    let now = feed.plugin.park_now();
    feed.restart();
    let held = || now.look().unwrap().held.iter().any(|lane| *lane == *"L-06");
    let opening = feed.say(open(&["G-04"], None)).orders[0].command.command_id;
    assert!(held());
    let release = feed.say(open(&["G-04"], Some(true))).orders[0]
        .command
        .command_id;
    // The opening it ended is no news of the lane: what came of the release is.
    let told = feed.end("L-06", opening, CommandOutcome::Failed);
    assert!(told.alarm_codes().is_empty(), "released by a person");
    assert!(held());
    feed.restart();
    assert!(held());
    let told = feed.end("L-06", release, CommandOutcome::Expired);
    assert_eq!(
        told.alarm_codes(),
        [AlarmCode::GateFault],
        "whoever ordered it has left"
    );
    assert!(held(), "nobody released it");
    // What was opened again since is no news when its release fails.
    let release = feed.say(open(&["G-04"], Some(true))).orders[0]
        .command
        .command_id;
    feed.say(open(&["G-04"], None));
    let told = feed.end("L-06", release, CommandOutcome::Failed);
    assert!(told.alarm_codes().is_empty());
    let release = feed.say(open(&["G-04"], Some(true))).orders[0]
        .command
        .command_id;
    feed.end("L-06", release, CommandOutcome::Confirmed);
    assert!(!held());
    // An opening that was withdrawn before it was begun holds nothing.
    let opening = feed.say(open(&["G-04"], None)).orders[0].command.command_id;
    feed.end("L-06", opening, CommandOutcome::Failed);
    feed.tick();
    assert!(!held());
}

/// A lane whose boom an earlier opening had locked was shown as not held once a later opening failed.
#[test]
fn a_later_opening_that_fails_does_not_end_the_hold_of_an_earlier_one() {
    use CommandOutcome::{Confirmed, Failed};
    for order in [
        open(&["G-04"], None),
        mode(OperatingMode::Evacuation, &[], morning()),
    ] {
        // The first opening is answered before the second, or after it.
        for late in [false, true] {
            let mut feed = Feed::new();
            let now = feed.plugin.park_now();
            feed.restart();
            let told = feed.say(order.clone());
            let command = &told.orders[0].command;
            let (lane, first) = (command.lane_id.clone(), command.command_id);
            let held = || now.look().unwrap().held.contains(&lane);
            let again = |feed: &mut Feed| {
                let told = feed.say(open(&[], None));
                let mut commands = told.orders.iter().map(|ordered| &ordered.command);
                let of_lane = commands.find(|command| command.lane_id == lane);
                of_lane.unwrap().command_id
            };
            if !late {
                feed.end(lane.as_str(), first, Confirmed);
            }
            let second = again(&mut feed);
            feed.end(lane.as_str(), second, Failed);
            if late {
                feed.end(lane.as_str(), first, Confirmed);
            }
            feed.restart();
            assert!(held(), "late {late}: the boom of {lane} is locked open");
            let third = again(&mut feed);
            feed.end(lane.as_str(), third, Failed);
            assert!(held(), "late {late}: still locked");
            feed.say(mode(OperatingMode::Normal, &[], morning()));
            let told = feed.say(open(&[], Some(true)));
            let mut releases = told.orders.iter().map(|ordered| &ordered.command);
            let release = releases.find(|command| command.lane_id == lane);
            feed.end(lane.as_str(), release.unwrap().command_id, Confirmed);
            assert!(!held());
            // Nothing locks it any more: two openings that fail hold nothing.
            let both = [again(&mut feed), again(&mut feed)];
            for command in both {
                assert!(held());
                feed.end(lane.as_str(), command, Failed);
            }
            assert!(!held());
        }
    }
}

/// An opening that had failed and was confirmed late was shown as not held.
#[test]
fn a_lane_that_confirms_an_opening_late_is_held_until_its_release() {
    use CommandOutcome::{Confirmed, Failed};
    let mut feed = Feed::new();
    let now = feed.plugin.park_now();
    feed.restart();
    let held = || now.look().unwrap().held.iter().any(|lane| *lane == *"L-06");
    let ordered = |feed: &mut Feed, release| {
        let told = feed.say(open(&["G-04"], release));
        told.orders[0].command.command_id
    };
    let opening = ordered(&mut feed, None);
    feed.end("L-06", opening, Failed);
    assert!(!held());
    feed.restart();
    feed.end("L-06", opening, Confirmed);
    assert!(held(), "the boom is up");
    let release = ordered(&mut feed, Some(true));
    feed.end("L-06", release, Confirmed);
    assert!(!held());
    feed.end("L-06", opening, Confirmed);
    assert!(!held(), "released since");
    // What was confirmed and is not so any more is an alarm, once.
    let told = feed.end("L-06", release, Failed);
    assert_eq!(told.alarm_codes(), [cordon_model::AlarmCode::GateFault]);
    let told = feed.end("L-06", opening, Failed);
    assert!(told.alarm_codes().is_empty());
}

/// What a lane tells of its lock without naming a command.
fn of_lock(feed: &mut Feed, outcome: CommandOutcome) -> Told {
    let body = Body::GateStatus(GateStatus {
        command_outcome: Some(outcome),
        detail: Some("as it is".to_owned()),
        ..status("L-06", feed.now)
    });
    feed.say(body)
}

/// A lane that was locked open by a write that came late was shown as not held, and nobody was told.
#[test]
fn a_lane_found_held_open_is_shown_as_held_and_told_until_its_release() {
    use CommandOutcome::Confirmed;
    let mut feed = Feed::new();
    let now = feed.plugin.park_now();
    feed.restart();
    let held = || now.look().unwrap().held.iter().any(|lane| *lane == *"L-06");
    for _ in 0..2 {
        let told = of_lock(&mut feed, Confirmed);
        assert_eq!(told.alarm_codes(), [AlarmCode::GateFault]);
        assert_eq!(told.alarms()[0].alarm_level, AlarmLevel::Orange);
        assert!(held());
        assert!(of_lock(&mut feed, Confirmed).alarms().is_empty(), "once");
        let told = feed.say(open(&["G-04"], Some(true)));
        let release = told.orders[0].command.command_id;
        // Told between the release and its end: it is about what is being released.
        assert!(of_lock(&mut feed, Confirmed).alarms().is_empty());
        assert!(held());
        feed.end("L-06", release, Confirmed);
        assert!(!held());
    }
    // One that is known to be held is no news.
    feed.say(open(&["G-04"], None));
    assert!(of_lock(&mut feed, Confirmed).alarms().is_empty());
}

/// It was a red alarm about an opening that had been carried out.
#[test]
fn an_opening_that_was_undone_and_is_set_again_is_orange_and_stays_held() {
    use CommandOutcome::{Confirmed, Failed};
    let mut feed = Feed::new();
    let told = feed.say(open(&["G-04"], None));
    let opening = told.orders[0].command.command_id;
    feed.end("L-06", opening, Confirmed);
    let told = of_lock(&mut feed, Failed);
    let alarms = told.alarms();
    assert_eq!(alarms.len(), 1);
    assert_eq!(alarms[0].alarm_level, AlarmLevel::Orange);
    assert!(
        alarms[0]
            .description
            .starts_with("opening EM-1 was undone and is set again"),
        "{}",
        alarms[0].description
    );
    assert!(of_lock(&mut feed, Failed).alarms().is_empty(), "once");
    let told = feed.vehicle("L-06", LoopEventKind::Passed, Direction::Out);
    assert!(told.alarms().is_empty(), "held");
}

/// It took effect early by the lead.
#[test]
fn a_planned_mode_takes_effect_by_the_clock_while_the_journal_is_ahead_of_it() {
    let mut feed = Feed::new();
    feed.lead_s = 3_000;
    let at = morning().plus_seconds(600);
    feed.say(mode(OperatingMode::Evacuation, &[], at));
    feed.wait_s(599);
    assert!(feed.tick().orders.is_empty());
    feed.wait_s(1);
    assert_eq!(feed.tick().orders.len(), 1);
}

/// The speaker's clock is right and the hub's was put back behind it.
#[test]
fn an_evacuation_of_now_does_not_wait_for_the_hubs_clock_to_come_to_the_speakers() {
    let mut feed = Feed::new();
    let now = morning().plus_seconds(60);
    let body = mode(OperatingMode::Evacuation, &[], now);
    let said = entry(
        1,
        now,
        EntryKind::Message,
        "operator-1",
        Some(body),
        false,
        false,
    );
    let told = feed.step(Entry {
        time: morning().plus_seconds(54),
        clock: morning(),
        ..said
    });
    assert!(!told.orders.is_empty());
}

/// Each was late, and a grant over, by the lead.
#[test]
fn a_capture_and_a_grant_are_judged_by_the_clock_while_the_journal_is_ahead_of_it() {
    let mut feed = Feed::new();
    feed.lead_s = 86_400 * 30;
    feed.say(Body::AccessGrant(grant("苏A12345")));
    let told = feed.capture("L-01", "苏A12345");
    assert_eq!(told.code(), None, "{told:?}");
    assert_eq!(told.orders.len(), 1);
}

fn levels(told: &Told) -> Vec<(AlarmLevel, AlarmState)> {
    let alarms = told.alarms();
    let levels = alarms.iter().map(|it| (it.alarm_level, it.state));
    levels.collect()
}

/// The first word of it came after the whole deadline of half a minute.
#[test]
fn an_emergency_opening_that_is_not_carried_out_yet_is_told_soon() {
    let mut feed = Feed::new();
    let told = feed.say(open(&["G-01", "G-04"], None));
    let commands: Vec<_> = told.orders.iter().map(|it| it.command.clone()).collect();
    let (silent, others) = commands.split_last().unwrap();
    for other in others {
        let lane = other.lane_id.as_str();
        feed.end(lane, other.command_id, CommandOutcome::Confirmed);
    }
    feed.wait_s(3);
    assert!(feed.tick().alarms().is_empty(), "a boom may still travel");
    feed.wait_s(1);
    let told = feed.tick();
    assert_eq!(levels(&told), [(AlarmLevel::Orange, AlarmState::Raised)]);
    let alarm = told.alarms()[0].clone();
    assert_eq!(alarm.lane_id.as_ref(), Some(&silent.lane_id));
    assert!(
        alarm
            .description
            .contains("EM-1 not carried out yet after 4 s"),
        "{}",
        alarm.description
    );
    // Once, also after a restart.
    feed.restart();
    feed.wait_s(10);
    assert!(feed.tick().alarms().is_empty());
    // It went on being tried, and was carried out.
    let lane = silent.lane_id.as_str();
    let told = feed.end(lane, silent.command_id, CommandOutcome::Confirmed);
    assert_eq!(levels(&told), [(AlarmLevel::Orange, AlarmState::Cleared)]);
    assert_eq!(told.alarms()[0].alarm_id, alarm.alarm_id);
    feed.wait_s(60);
    assert!(feed.tick().alarms().is_empty());
}

/// The boom was up, on local control, and people were told that it was not.
#[test]
fn a_boom_that_its_limit_shows_up_is_not_told_as_shut() {
    for (up, down, is_told) in [
        (true, false, false),
        (true, true, true),
        (false, true, true),
    ] {
        let mut feed = Feed::new();
        feed.say(open(&["G-04"], None));
        let mut seen = status("L-06", feed.now);
        seen.barrier_state = BarrierState::LocalControl;
        seen.inputs.up_limit = Some(up);
        seen.inputs.down_limit = Some(down);
        feed.say(Body::GateStatus(seen));
        feed.wait_s(5);
        let told = feed.tick();
        let levels = levels(&told);
        assert_eq!(
            levels.contains(&(AlarmLevel::Orange, AlarmState::Raised)),
            is_told
        );
    }
}

#[test]
fn the_deadline_is_red_and_a_late_confirmation_clears_both() {
    let mut feed = Feed::new();
    let told = feed.say(open(&["G-04"], None));
    let command = told.orders[0].command.command_id;
    feed.wait_s(5);
    let soon = feed.tick().alarms()[0].alarm_id.clone();
    feed.wait_s(25);
    let told = feed.end("L-06", command, CommandOutcome::Expired);
    assert_eq!(levels(&told), [(AlarmLevel::Red, AlarmState::Raised)]);
    let at_last = told.alarms()[0].alarm_id.clone();
    feed.wait_s(5);
    let told = feed.end("L-06", command, CommandOutcome::Confirmed);
    let alarms = told.alarms();
    let cleared: Vec<&str> = alarms.iter().map(|it| it.alarm_id.as_str()).collect();
    assert_eq!(cleared, [soon.as_str(), at_last.as_str()]);
    assert!(alarms.iter().all(|it| it.state == AlarmState::Cleared));
}

/// The hub was killed as the lane confirmed: at its start the order counts as ended, and the lane is found held.
#[test]
fn a_lane_that_is_found_held_clears_what_was_told_of_its_opening() {
    let mut feed = Feed::new();
    let told = feed.say(open(&["G-04"], None));
    let command = told.orders[0].command.command_id;
    let told = feed.end("L-06", command, CommandOutcome::Expired);
    assert_eq!(levels(&told), [(AlarmLevel::Red, AlarmState::Raised)]);
    let told = feed.say(Body::GateStatus(GateStatus {
        command_outcome: Some(CommandOutcome::Confirmed),
        ..status("L-06", feed.now)
    }));
    assert_eq!(levels(&told), [(AlarmLevel::Orange, AlarmState::Cleared)]);
}

#[test]
fn an_opening_that_is_released_before_it_is_carried_out_is_told_no_more() {
    let mut feed = Feed::new();
    feed.say(open(&["G-04"], None));
    feed.wait_s(2);
    feed.say(open(&["G-04"], Some(true)));
    feed.wait_s(10);
    assert!(feed.tick().alarms().is_empty(), "nobody wants it any more");
    feed.say(open(&["G-04"], None));
    feed.wait_s(4);
    assert_eq!(feed.tick().alarms().len(), 1);
    let told = feed.say(open(&["G-04"], Some(true)));
    assert_eq!(levels(&told), [(AlarmLevel::Orange, AlarmState::Cleared)]);
}
