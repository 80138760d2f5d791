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
        let hub = story(seed);
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
        again
            .plugin
            .restore(&hub.plugin.snapshot().unwrap())
            .unwrap();
        let restored = again.plugin.open_alarms().page(None, usize::MAX);
        assert_eq!(restored, hub.plugin.open_alarms().page(None, usize::MAX));
    }
}

/// The same entries give the same decisions, and the same state, byte for byte (I3).
#[test]
fn a_replay_decides_the_same() {
    for seed in 0..8 {
        let told = story(seed);
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
        assert_eq!(
            again.plugin.snapshot().unwrap(),
            told.plugin.snapshot().unwrap()
        );
    }
}
