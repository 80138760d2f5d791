//! A start whose clock is ahead for a moment uses up nothing that waits for its time; one after an outage does it late.

use std::sync::Arc;

use cordon_access::AccessConfig;
use cordon_contract::{CLOCK_SET, HUB_START, Plugin};
use cordon_model::*;

use crate::park::*;

const DAY: i64 = 86_400;

/// The hub starts, and its clock shows so much more than when it went.
pub fn starts(feed: &mut Feed, after_s: i64) -> Told {
    starts_told(feed, after_s);
    feed.tick()
}

/// The hub says that its clock was set.
fn clock_set(feed: &mut Feed) {
    feed.says(CLOCK_SET, feed.stood.unwrap_or(feed.now));
}

/// What the start itself tells.
pub fn starts_told(feed: &mut Feed, after_s: i64) -> Told {
    feed.restart();
    let went = feed.now;
    feed.wait_s(after_s);
    feed.says(HUB_START, went.min(feed.now))
}

/// With the clock a day ahead for three seconds, and then right again; the journal is ahead of it from then on.
fn starts_wrong_once(feed: &mut Feed) -> Vec<Told> {
    let wrong = starts(feed, DAY);
    feed.wait_s(3);
    let more = feed.tick();
    feed.lead_s += DAY;
    feed.wait_s(-DAY);
    let right = starts(feed, 3);
    vec![wrong, more, right]
}

fn mode(id: &str, mode: OperatingMode, gates: &[&str], at: Timestamp) -> Body {
    Body::OperatingModeChange(OperatingModeChange {
        change_id: id.to_owned(),
        mode,
        gates: gates.iter().map(|id| GateId::new(*id).unwrap()).collect(),
        ordered_by: PartyId::new("operator-1").unwrap(),
        reason: "drill".to_owned(),
        effective_at: at,
    })
}

pub fn opening(id: &str, at: Timestamp) -> Body {
    Body::EmergencyGateOpen(EmergencyGateOpen {
        order_id: id.to_owned(),
        gates: vec![GateId::new("G-04").unwrap()],
        ordered_by: PartyId::new("operator-1").unwrap(),
        reason: "fire".to_owned(),
        release: None,
        ordered_at: at,
    })
}

fn of_park(feed: &Feed) -> OperatingMode {
    feed.plugin.park_now().look().unwrap().mode
}

/// The park was in EMERGENCY until a planned end; after one wrong start it was NORMAL, and the fire engine stood.
#[test]
fn a_clock_ahead_for_a_moment_uses_up_no_planned_mode() {
    let mut feed = Feed::new();
    let now = feed.now;
    feed.say(mode("now", OperatingMode::Emergency, &[], now));
    let later = now.plus_seconds(3_600);
    feed.say(mode("end", OperatingMode::Normal, &[], later));
    let drill = now.plus_seconds(7_200);
    feed.say(mode("drill", OperatingMode::Evacuation, &["G-03"], drill));
    for (told, waits) in starts_wrong_once(&mut feed).iter().zip([1, 0, 0]) {
        let words: Vec<_> = told.alarms().iter().map(|it| &it.description).collect();
        assert_eq!(words.len(), waits, "what waits is told once: {words:?}");
        assert_eq!(of_park(&feed), OperatingMode::Emergency);
    }
    feed.now = later;
    feed.tick();
    assert_eq!(of_park(&feed), OperatingMode::Normal);
    feed.now = drill;
    let told = feed.tick();
    assert!(told.alarms().is_empty(), "it begins in time");
    let at = |feed: &Feed| feed.plugin.park_now().look().unwrap().gate_modes;
    assert!(
        at(&feed)
            .values()
            .any(|it| *it == OperatingMode::Evacuation)
    );
}

/// A plan of the last two minutes before what the wrong clock showed drew the end of the emergency with it.
#[test]
fn a_plan_at_the_wrong_time_draws_no_other_with_it() {
    let mut feed = Feed::new();
    let now = feed.now;
    feed.say(mode("now", OperatingMode::Emergency, &[], now));
    let later = now.plus_seconds(3_600);
    feed.say(mode("end", OperatingMode::Normal, &[], later));
    let heightened = OperatingMode::Heightened;
    let shown = now.plus_seconds(DAY - 40);
    feed.say(mode("tomorrow", heightened, &["G-02"], shown));
    for _ in starts_wrong_once(&mut feed) {
        assert_eq!(of_park(&feed), OperatingMode::Emergency);
    }
    feed.now = shown;
    feed.tick();
    assert_eq!(of_park(&feed), OperatingMode::Normal);
    let modes = feed.plugin.park_now().look().unwrap().gate_modes;
    assert_eq!(modes.values().filter(|it| **it == heightened).count(), 1);
}

#[test]
fn what_came_due_in_an_outage_is_carried_out_when_the_clock_has_stood() {
    let mut feed = Feed::new();
    let now = feed.now;
    let heightened = OperatingMode::Heightened;
    feed.say(mode("plan", heightened, &[], now.plus_seconds(600)));
    starts(&mut feed, 3_600);
    assert_eq!(of_park(&feed), OperatingMode::Normal);
    feed.run_s(299);
    feed.tick();
    assert_eq!(of_park(&feed), OperatingMode::Normal);
    feed.wait_s(1);
    feed.tick();
    assert_eq!(of_park(&feed), heightened);
    // A short absence, or what came due just before its end, waits for nothing.
    for (plan, away) in [(20, 60), (3_500, 3_600)] {
        let mut feed = Feed::new();
        let at = feed.now.plus_seconds(plan);
        feed.say(mode("plan", heightened, &[], at));
        starts(&mut feed, away);
        assert_eq!(of_park(&feed), heightened, "{plan} of {away}");
    }
    // A later plan, and a person's word, come after what waits.
    let mut feed = Feed::new();
    let now = feed.now;
    feed.say(mode("plan", heightened, &[], now.plus_seconds(600)));
    feed.say(mode(
        "end",
        OperatingMode::Normal,
        &[],
        now.plus_seconds(3_610),
    ));
    starts(&mut feed, 3_600);
    feed.wait_s(10);
    feed.tick();
    assert_eq!(of_park(&feed), OperatingMode::Normal);
    feed.run_s(300);
    feed.tick();
    assert_eq!(of_park(&feed), OperatingMode::Normal);
    let mut feed = Feed::new();
    feed.say(mode("plan", heightened, &[], feed.now.plus_seconds(600)));
    starts(&mut feed, 3_600);
    feed.say(mode("word", OperatingMode::Emergency, &[], feed.now));
    feed.run_s(400);
    feed.tick();
    assert_eq!(of_park(&feed), OperatingMode::Emergency);
}

/// One planned for just before the end of an outage waited for an older plan, and was given up as late.
#[test]
fn a_planned_evacuation_that_waits_for_an_older_plan_begins() {
    let mut feed = Feed::new();
    let now = feed.now;
    let heightened = OperatingMode::Heightened;
    feed.say(mode("older", heightened, &["G-02"], now.plus_seconds(600)));
    let drill = now.plus_seconds(3_590);
    feed.say(mode("drill", OperatingMode::Evacuation, &["G-03"], drill));
    starts(&mut feed, 3_600);
    assert!(feed.plugin.park_now().look().unwrap().gate_modes.is_empty());
    feed.run_s(301);
    let told = feed.tick();
    assert_eq!(told.alarm_codes(), []);
    let modes = feed.plugin.park_now().look().unwrap().gate_modes;
    let is_drill = |it: &&OperatingMode| **it == OperatingMode::Evacuation;
    assert_eq!(modes.values().filter(is_drill).count(), 1);
}

/// The same in a hub that runs: its clock went eight hours ahead for some seconds, half a minute after a right start.
#[test]
fn a_clock_that_goes_ahead_while_the_hub_runs_uses_up_nothing() {
    let config = AccessConfig {
        emergency_open_s: 600,
        ..AccessConfig::default()
    };
    let mut feed = Feed::with(Arc::new(PlainRules), config, plan());
    let now = feed.now;
    feed.say(Body::AccessGrant(hazmat(PLATE)));
    feed.enter("L-02", PLATE);
    feed.say(mode("now", OperatingMode::Emergency, &[], now));
    let later = now.plus_seconds(3_600);
    feed.say(mode("end", OperatingMode::Normal, &[], later));
    let ordered = feed.say(opening("EM-1", now));
    carried_out(&mut feed, &ordered);
    starts(&mut feed, 3);
    feed.stood = Some(feed.now);
    feed.wait_s(DAY);
    clock_set(&mut feed);
    for second in 0..14 {
        let told = feed.tick();
        // That the planned end waits is told once.
        let waits = usize::from(second == 0);
        assert_eq!((told.orders.len(), told.alarms().len()), (0, waits));
        feed.wait_s(1);
    }
    feed.lead_s += DAY;
    feed.wait_s(-DAY);
    feed.stood = None;
    for _ in 0..9 {
        let told = feed.tick();
        assert_eq!((told.orders.len(), told.alarms().len()), (0, 0));
        assert_eq!(of_park(&feed), OperatingMode::Emergency);
        feed.run_s(60);
    }
    feed.run_s(60);
    assert_eq!(feed.tick().orders.len(), 1, "the opening ends in its time");
    feed.now = later;
    feed.tick();
    assert_eq!(of_park(&feed), OperatingMode::Normal);
}

/// A machine began an hour behind. What was opened for half a minute was released when its clock was put right.
#[test]
fn what_is_opened_by_a_clock_that_is_behind_is_not_released_when_it_is_put_right() {
    let config = AccessConfig {
        emergency_open_s: 30,
        ..AccessConfig::default()
    };
    let mut feed = Feed::with(Arc::new(PlainRules), config, plan());
    feed.tick();
    starts(&mut feed, -3_600);
    feed.say(opening("EM-1", feed.now));
    feed.wait_s(7);
    feed.tick();
    feed.wait_s(3_600);
    clock_set(&mut feed);
    for _ in 0..5 {
        assert_eq!(feed.tick().orders.len(), 0);
        feed.run_s(60);
    }
    assert_eq!(feed.tick().orders.len(), 1);
}

/// An emergency opening of ten minutes was released within seconds, and the boom came down on it.
#[test]
fn a_clock_ahead_for_a_moment_releases_no_emergency_opening() {
    let config = AccessConfig {
        emergency_open_s: 600,
        ..AccessConfig::default()
    };
    let mut feed = Feed::with(Arc::new(PlainRules), config, plan());
    feed.say(opening("EM-1", feed.now));
    let opened = feed.now;
    for told in starts_wrong_once(&mut feed) {
        assert_eq!(told.orders.len(), 0);
    }
    let rest_s = opened.plus_seconds(599).ms_since(feed.now) / 1_000;
    feed.run_s(rest_s);
    assert_eq!(feed.tick().orders.len(), 0);
    feed.wait_s(1);
    let told = feed.tick();
    assert_eq!(told.orders.len(), 1);
    assert_eq!(told.orders[0].command.action, GateAction::Release);
}

/// What is opened after the start of an outage is held as long as ever.
#[test]
fn what_is_opened_after_an_outage_ends_in_its_time() {
    let config = AccessConfig {
        emergency_open_s: 30,
        ..AccessConfig::default()
    };
    let mut feed = Feed::with(Arc::new(PlainRules), config, plan());
    starts(&mut feed, 3_600);
    feed.say(opening("EM-1", feed.now));
    feed.wait_s(29);
    assert_eq!(feed.tick().orders.len(), 0);
    feed.wait_s(1);
    assert_eq!(feed.tick().orders.len(), 1);
}

/// An overstay was told by a clock that was ahead, and never when it was one.
#[test]
fn a_clock_ahead_for_a_moment_tells_no_overstay() {
    let mut feed = Feed::new();
    feed.say(Body::AccessGrant(hazmat(PLATE)));
    feed.enter("L-02", PLATE);
    for told in starts_wrong_once(&mut feed) {
        assert!(told.alarms().is_empty(), "{:?}", told.alarm_codes());
    }
    feed.now = morning().plus_seconds(36_001);
    assert_eq!(feed.tick().alarm_codes(), [AlarmCode::Overstay]);
    feed.wait_s(60);
    assert!(feed.tick().alarms().is_empty(), "once");
    let kept = feed.plugin.kept().unwrap();
    feed.restart();
    assert!(feed.plugin.kept().unwrap() == kept);
}

/// Power was cut over the time of a planned EMERGENCY: the fire engine stood for five minutes, and nothing said why.
#[test]
fn what_waits_after_an_absence_is_told() {
    for (planned, level) in [
        (OperatingMode::Emergency, AlarmLevel::Orange),
        (OperatingMode::Normal, AlarmLevel::Yellow),
    ] {
        let mut feed = Feed::new();
        let due = feed.now.plus_seconds(60);
        feed.say(mode("drill", planned, &["G-03"], due));
        feed.tick();
        let told = starts(&mut feed, 200);
        assert_eq!(told.alarms()[0].alarm_level, level);
        let words = &told.alarms()[0].description;
        assert!(
            words.contains(&format!("drill to {planned} at G-03")),
            "{words}"
        );
        feed.wait_s(100);
        assert!(feed.tick().alarms().is_empty(), "once");
        feed.wait_s(210);
        assert!(feed.tick().alarms().is_empty(), "it is carried out");
    }
    let mut feed = Feed::new();
    feed.tick();
    assert!(starts(&mut feed, 200).alarms().is_empty(), "nothing waits");
}
