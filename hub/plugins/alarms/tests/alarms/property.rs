//! Whatever happens, nobody overlooks a red alarm.

use std::collections::BTreeMap;

use cordon_contract::{Decisions, Plugin as _};
use cordon_model::{AlarmCode, AlarmLevel, AlarmState, Body};

use crate::hub::{Hub, alarm};

const ROUTES: &str = r#"
receivers = ["console", "duty", "director"]
[route]
receivers = ["console"]
[[route.route]]
match = { code = ["FIRE"] }
receivers = ["duty"]
continue = true
escalate = [{ after_s = 30, receivers = ["director"] }]
[[route.route]]
match = { area = ["A-CORE"] }
receivers = ["duty"]
"#;

/// A small generator of numbers: a story of its own for each seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Random alarms, steps, ends, outcomes and pauses.
fn story(seed: u64) -> Hub {
    let codes = [
        AlarmCode::Fire,
        AlarmCode::PerimeterIntrusion,
        AlarmCode::Overspeed,
    ];
    let states = AlarmState::ALL;
    let mut dice = Dice(seed);
    let mut hub = Hub::new(ROUTES);
    let mut count = 0;
    for _ in 0..120 {
        match dice.below(6) {
            0 | 1 => {
                count += 1;
                let level = AlarmLevel::ALL[dice.below(4) as usize];
                let mut event = alarm(&format!("a-{count}"), codes[dice.below(3) as usize], level);
                event.source_device = Some(format!("CAM-{}", dice.below(4)).parse().unwrap());
                event.area_id = [Some("A-CORE".to_owned()), None][dice.below(2) as usize].clone();
                hub.message(Body::AlarmEvent(event));
            }
            2 => {
                let id = format!("a-{}", dice.below(count + 1));
                let step = (
                    states[dice.below(8) as usize],
                    states[dice.below(8) as usize],
                );
                hub.update("operator-1", &id, step, Some("words"));
            }
            3 => drop(hub.outcomes(["CONFIRMED", "EXPIRED"][dice.below(2) as usize])),
            _ => drop(hub.wait(u32::try_from(dice.below(40)).unwrap())),
        }
    }
    hub.wait(61);
    hub
}

/// Reads the journal as an auditor would: each red alarm leaves RAISED or is escalated in time.
#[test]
fn every_red_alarm_is_acknowledged_or_escalated_within_its_deadline() {
    let mut reds = 0;
    for seed in 0..25 {
        let hub = story(seed);
        let mut open = BTreeMap::new();
        for entry in &hub.entries {
            open.retain(|id: &String, due| {
                assert!(entry.time <= *due, "seed {seed}: {id} was overlooked");
                true
            });
            match entry.message.as_ref().map(|message| &message.body) {
                Some(Body::AlarmEvent(event))
                    if event.alarm_level == AlarmLevel::Red
                        && entry.kind == cordon_contract::EntryKind::Message =>
                {
                    reds += 1;
                    open.insert(event.alarm_id.clone(), entry.time.plus_seconds(60));
                }
                Some(Body::AlarmUpdate(update))
                    if entry.kind == cordon_contract::EntryKind::Message
                        && (update.state != AlarmState::Raised
                            || update.escalation_level.is_some()) =>
                {
                    open.remove(&update.alarm_id);
                }
                _ => {}
            }
        }
        assert!(open.is_empty(), "seed {seed}: {open:?}");
    }
    assert!(reds > 50, "the stories hold too few red alarms: {reds}");
}

/// Reads the journal as a reader of the page would: what is shown is what the journal leaves open,
/// before and after a restart.
#[test]
fn what_is_shown_is_what_the_journal_leaves_open() {
    for seed in 0..25 {
        let mut hub = story(seed);
        let shown: BTreeMap<String, AlarmState> = hub
            .plugin
            .open_alarms()
            .page(None, usize::MAX)
            .into_iter()
            .map(|alarm| (alarm.id, alarm.state))
            .collect();
        let mut open = BTreeMap::new();
        for entry in &hub.entries {
            if entry.kind != cordon_contract::EntryKind::Message {
                continue;
            }
            match entry.message.as_ref().map(|message| &message.body) {
                Some(Body::AlarmEvent(event)) => {
                    open.insert(event.alarm_id.clone(), event.state);
                }
                // A correction follows each step that was refused, so adding up is enough; nothing
                // comes back from being closed but by a correction of the hub.
                Some(Body::AlarmUpdate(update)) => {
                    let known = open.get_mut(&update.alarm_id);
                    if let Some(state) =
                        known.filter(|state| **state != AlarmState::Closed || entry.cause != 0)
                    {
                        *state = update.state;
                    }
                }
                _ => {}
            }
        }
        open.retain(|_, state| !matches!(state, AlarmState::Closed | AlarmState::Rejected));
        assert_eq!(shown, open, "seed {seed}");
        let mut again = Hub::new(ROUTES);
        again.put_back(&hub.plugin.kept().unwrap());
        let restored = again.plugin.open_alarms().page(None, usize::MAX);
        assert_eq!(restored, hub.plugin.open_alarms().page(None, usize::MAX));
    }
}

/// The same entries give the same decisions, and the same state, byte for byte (I3).
#[test]
fn a_replay_decides_the_same() {
    for seed in 0..8 {
        let mut told = story(seed);
        let mut again = Hub::new(ROUTES);
        let mut decided = Vec::new();
        let mut made = Vec::new();
        for entry in &told.entries {
            if entry.cause != 0 && entry.kind != cordon_contract::EntryKind::Outcome {
                made.push(entry.message.as_ref().unwrap().body.clone());
            }
            let mut decisions = Decisions::default();
            again.plugin.step(entry, &mut decisions);
            decided.extend(decisions.take().into_iter().map(|decision| match decision {
                cordon_contract::Decision::Emit { body, .. }
                | cordon_contract::Decision::Order { body, .. } => *body,
            }));
        }
        assert_eq!(decided, made, "seed {seed}");
        assert_eq!(again.plugin.kept().unwrap(), told.plugin.kept().unwrap());
    }
}

/// A place as a panel, a plant or a person writes it.
fn place(dice: &mut Dice) -> String {
    let mut number = |most: u64| dice.below(most) + 1;
    let (a, b, c) = (number(60), number(12), number(28));
    let form = number(20);
    match form {
        1 => format!("{a:04}-{b:02}-{c:02}"),
        2 => format!("{a}:{b:02}:{c:02}"),
        3 => format!("{:02}:{b:02}:{c:02}", a % 24),
        4 => format!("Hall {a}.{b}"),
        5 => format!("{}-{b:02}-{c:02}", 1970 + a),
        6 => format!("zone={a} loop={b}"),
        7 => format!("{a}号罐{b}层"),
        8 => format!("回路{a}.{b}"),
        9 => format!("L{a}/{b}.{c}"),
        10 => format!("温度{a}号探头"),
        11 => format!("temp {a} sensor"),
        12 => format!("10.0.{a}.{b}"),
        13 => format!("Tank {a} ppm:"),
        14 => format!("{a}%液碱罐"),
        15 => format!("{a} % acid tank"),
        16 => format!("{a}.{b} MPa hydrogen vessel"),
        17 => format!("-{a}℃冷库"),
        18 => format!("浓度{a}%硫酸罐"),
        19 => format!("pressure {a}.{b} MPa line"),
        _ => format!("N 34.{a}°"),
    }
}

/// A text of a place with a value, as one device writes it.
fn text(dice: &mut Dice, form: u64, place: &str) -> String {
    let value = format!("{}.{}", dice.below(90), dice.below(10));
    let whole = dice.below(100);
    match form {
        0 => format!("{place} temp={value} ℃"),
        1 => format!("CH4:{whole}%LEL, {place} FIRE"),
        2 => format!("{place}, temp {value}"),
        3 => format!(
            "2026-11-{:02} 12:{:02}:05 {place}",
            1 + whole % 28,
            whole % 60
        ),
        4 => format!("{place}，温度={whole}"),
        5 => format!("火警 {place} (浓度{whole}ppm)"),
        _ => format!("{place}; NH3 {whole} ppm"),
    }
}

/// Two places are never one alarm, whatever is written beside them, and the end of one ends no other; a place
/// with another value is one.
#[test]
fn two_places_are_two_alarms_and_a_place_with_another_value_is_one() {
    for seed in 0..1_500 {
        let mut dice = Dice(seed);
        let (one, other, form) = (place(&mut dice), place(&mut dice), dice.below(7));
        let is_named = dice.below(2) == 0;
        if one == other {
            continue;
        }
        let mut hub = Hub::new(ROUTES);
        let say = |hub: &mut Hub, words: String, state, level| {
            hub.wait(1);
            let made = cordon_contract::made_name("GAS-01", hub.now);
            let id = if is_named { "p" } else { &made };
            let mut event = alarm(id, AlarmCode::Fire, level);
            event.source_device = Some("GAS-01".parse().unwrap());
            event.occurred_at = hub.now;
            event.state = state;
            event.description = words;
            hub.speech("GAS-01", Body::AlarmEvent(event));
        };
        let shown = |hub: &Hub| {
            let open = hub.plugin.open_alarms().page(None, 10).into_iter();
            let raised = open.filter(|one| one.state == AlarmState::Raised);
            raised.map(|one| one.description).collect::<Vec<_>>()
        };
        let levels = [AlarmLevel::Red, AlarmLevel::Orange];
        let of_other = levels[dice.below(2) as usize];
        for (place, level) in [(&one, AlarmLevel::Red), (&other, of_other)] {
            for _ in 0..2 {
                let words = text(&mut dice, form, place);
                say(&mut hub, words, AlarmState::Raised, level);
            }
        }
        assert_eq!(
            shown(&hub).len(),
            2,
            "{seed}: {one} | {other} | {:?}",
            shown(&hub)
        );
        if dice.below(2) == 0 {
            // People close the other, and its end in words of its own is not that of what burns.
            let open = hub.plugin.open_alarms().page(None, 10);
            let of_other = open.iter().find(|it| it.description.contains(&other));
            let id = of_other.map(|it| it.id.clone()).unwrap();
            use AlarmState::{Acknowledged, Closed, Raised};
            hub.update("operator-1", &id, (Raised, Acknowledged), None);
            hub.update("operator-1", &id, (Acknowledged, Closed), Some("out"));
            let endings = [
                format!("{other} normal"),
                format!("FIRE {other} restored"),
                format!("{other}报警恢复"),
                format!("{other}, temp=3"),
            ];
            for words in endings {
                say(
                    &mut hub,
                    words.clone(),
                    AlarmState::Cleared,
                    AlarmLevel::Red,
                );
                assert_eq!(shown(&hub).len(), 1, "{seed}: {one} | {words}");
            }
        }
        for (place, left) in [(&other, 1), (&other, 1), (&one, 0)] {
            let words = text(&mut dice, form, place);
            say(&mut hub, words, AlarmState::Cleared, AlarmLevel::Red);
            assert_eq!(
                shown(&hub).len(),
                left,
                "{seed}: {one} | {other} | {:?}",
                shown(&hub)
            );
        }
    }
}
