//! What an entry costs does not grow with what is open. Counted in items looked at, never in time.

use cordon_alarms::Config;
use cordon_contract::EntryKind;
use cordon_model::{AlarmCode, AlarmLevel, AlarmState, Body, SampleQuality};

use crate::hub::{Hub, alarm, audits, updates};
use crate::over::{DUTY, Who, end, event, red as told, say};

/// Red alarms of one route are one group; those that nobody acknowledged are told again.
const ONE_GROUP: &str = "receivers = [\"duty\"]\n[route]\nreceivers = [\"duty\"]\n\
    group_by = [\"area\"]\ngroup_wait_s = 5\ngroup_interval_s = 5\nrepeat_s = 3600\n";

const SIZES: [usize; 3] = [1_000, 4_000, 16_000];

/// A hub with so many red alarms open of as many devices, which has no room for one more. Half of them
/// were acknowledged.
pub fn full(size: usize) -> Hub {
    let config = Config {
        open_max: size,
        ..Config::default()
    };
    let mut hub = Hub::with(ONE_GROUP, config);
    for number in 0..size {
        red(&mut hub, number);
        if number % 2 == 0 {
            let step = (AlarmState::Raised, AlarmState::Acknowledged);
            hub.update("operator-1", &format!("a-{number}"), step, None);
        }
        hub.entries.clear();
        hub.orders.clear();
    }
    hub.wait(2);
    assert_eq!(hub.plugin.open_alarms().total(), size);
    hub
}

pub fn red(hub: &mut Hub, number: usize) -> Vec<Body> {
    let device = format!("D-{number}");
    let id = format!("a-{number}");
    hub.detect(&id, &device, AlarmCode::Fire, AlarmLevel::Red)
}

/// Items looked at by `work`.
fn cost(hub: &mut Hub, work: impl FnOnce(&mut Hub)) -> u64 {
    let before = hub.plugin.steps();
    work(hub);
    hub.plugin.steps() - before
}

/// With 10,000 open, one more walked all of them, all timers, all groups and all sources; a red one of the
/// same group read every alarm told before.
#[test]
fn one_alarm_more_costs_as_much_with_many_open_as_with_few() {
    let costs = SIZES.map(|size| {
        let mut hub = full(size);
        let mut said = Vec::new();
        let one = cost(&mut hub, |hub| said = red(hub, size));
        assert_eq!(audits(&said), ["alarm.forgotten"], "of {size}");
        let words = hub.notices().pop().unwrap().3;
        assert!(words.contains("told before: D-"), "{words}");
        // 50 places are shown; the one that gave way is not among those told before.
        let more = format!("and {} more]", size - 1 - 50);
        assert!(words.ends_with(&more), "{words}");
        let step = (AlarmState::Raised, AlarmState::Acknowledged);
        let id = format!("a-{size}");
        let seen = cost(&mut hub, |hub| {
            hub.update("operator-1", &id, step, None);
        });
        let step = (AlarmState::Acknowledged, AlarmState::Closed);
        let closed = cost(&mut hub, |hub| {
            hub.update("operator-1", &id, step, Some("done"));
        });
        [one, seen, closed]
    });
    // Beyond 10,000 sources an alarm forgets two old ones.
    for (few, many) in costs[1..].iter().flat_map(|many| costs[0].iter().zip(many)) {
        assert!(*many <= few + 2 && *few < 100, "{costs:?}");
    }
}

/// What an enterprise says at so many gates under one name.
fn at_gates(hub: &mut Hub, gates: std::ops::Range<usize>) {
    for gate in gates {
        let mut fire = event("X", AlarmLevel::Red, "fire 1 2 3", hub.now);
        fire.gate_id = Some(format!("GX-{gate}").parse().unwrap());
        say(hub, Who::Enterprise, fire);
    }
}

/// The words of what was told were read once for each alarm of its name: 20 of them stopped the hub.
#[test]
fn one_name_of_many_alarms_costs_a_look_at_each_and_reads_the_words_a_few_times() {
    for size in [100, 400, 1_600] {
        let mut hub = Hub::new(DUTY);
        at_gates(&mut hub, 0..size);
        assert_eq!(hub.plugin.open_alarms().total(), size);
        let one = cost(&mut hub, |hub| at_gates(hub, size..size + 1));
        let looks = u64::try_from(size).unwrap();
        // Told under its name, and told again under the hub's own.
        assert!((looks..2 * looks + 80).contains(&one), "{one} of {size}");
    }
}

/// The end of one read the words of all that its name ever bore; they are read once each, while they stay.
#[test]
fn an_end_costs_a_look_at_each_alarm_of_its_name() {
    for size in [100, 400] {
        let mut hub = Hub::new(DUTY);
        for number in 0..size {
            let words = format!("fire at tank {number}");
            told(&mut hub, Who::Enterprise, "X", &words);
            end(&mut hub, Who::Enterprise, "X", &words);
        }
        let ends = [1, 2].map(|_| {
            told(&mut hub, Who::Enterprise, "X", "fire at the gate");
            let mut said = Vec::new();
            let one = cost(&mut hub, |hub| {
                said = end(hub, Who::Enterprise, "X", "at the gate normal");
            });
            assert_eq!(updates(&said).len(), 1, "{said:?}");
            one
        });
        // Read by the first, and known by the second.
        assert!((size..2 * size + 50).contains(&ends[0]), "{ends:?}");
        assert!((size..size + 50).contains(&ends[1]), "{ends:?}");
    }
}

/// Every tick flushed every group.
#[test]
fn a_tick_touches_only_what_is_due() {
    for size in SIZES {
        let mut hub = full(size);
        // Sources that are too old for flood protection are forgotten, 200 a tick.
        hub.wait(60 + u32::try_from(size).unwrap() / 200 + 2);
        hub.orders.clear();
        let idle = cost(&mut hub, |hub| {
            hub.wait(1);
        });
        assert_eq!(idle, 0, "of {size}");
        assert!(hub.told().is_empty());
    }
}

/// Timers and groups that are due are found although many are not.
#[test]
fn what_is_due_among_many_is_told() {
    let mut hub = full(1_000);
    hub.wait(70);
    hub.orders.clear();
    let mut event = alarm("late", AlarmCode::DoorOpen, AlarmLevel::Yellow);
    event.source_device = Some("CAM-02".parse().unwrap());
    event.area_id = Some("A-GEN".into());
    hub.message(Body::AlarmEvent(event));
    assert!(hub.told().is_empty());
    let steps = cost(&mut hub, |hub| {
        hub.wait(5);
    });
    assert_eq!(hub.told(), ["duty"]);
    assert!(steps < 20, "{steps}");
}

/// What was due of further alarms took every notice of a tick, second after second, and yellow ones waited.
#[test]
fn what_is_told_of_further_alarms_leaves_the_others_their_turn() {
    let mut hub = Hub::with(ONE_GROUP, Config::default());
    let again = |hub: &mut Hub, round: u32| {
        for number in 0..300 {
            let id = format!("a-{number}-{round}");
            let device = format!("D-{number}");
            hub.detect(&id, &device, AlarmCode::Fire, AlarmLevel::Red);
        }
    };
    again(&mut hub, 0);
    again(&mut hub, 1);
    again(&mut hub, 2);
    hub.told();
    hub.wait(56);
    let mut late = alarm("late", AlarmCode::DoorOpen, AlarmLevel::Yellow);
    late.source_device = Some("CAM-02".parse().unwrap());
    late.area_id = Some("A-GEN".into());
    hub.message(Body::AlarmEvent(late));
    hub.wait(4);
    hub.told();
    hub.wait(1);
    let told = hub.notices();
    let of = |word: &str| told.iter().filter(|(.., said)| said.contains(word)).count();
    assert_eq!(
        (of("escalation 1"), of("counted in it")),
        (150, 25),
        "{told:?}"
    );
    let late = told.iter().filter(|(_, id, ..)| id == "late");
    assert_eq!(late.count(), 1, "{told:?}");
}

/// What was saved goes on as if nothing had happened: the indexes are found again.
#[test]
fn a_restored_state_knows_what_is_due_and_what_can_be_spared() {
    use cordon_contract::Plugin as _;
    let mut hub = full(100);
    hub.wait(61);
    let mut again = full(100);
    again.put_back(&hub.plugin.kept().unwrap());
    again.now = hub.now;
    hub.orders.clear();
    again.orders.clear();
    again.entries = hub.entries.clone();
    for number in 100..110 {
        assert_eq!(red(&mut hub, number), red(&mut again, number), "{number}");
    }
    assert_eq!(hub.wait(3_700), again.wait(3_700));
    assert_eq!(hub.notices(), again.notices());
    let ends = [hub, again].map(|mut hub| hub.plugin.kept().unwrap());
    assert!(ends[0] == ends[1]);
}

/// A source that was silent for long still ends its alarm under another name, and is forgotten after.
#[test]
fn a_source_is_remembered_while_its_alarm_is_active() {
    let mut hub = full(10);
    hub.wait(3_600);
    let mut event = alarm("another-name", AlarmCode::Fire, AlarmLevel::Red);
    event.source_device = Some("D-3".parse().unwrap());
    event.state = AlarmState::Cleared;
    hub.message(Body::AlarmEvent(event.clone()));
    let state = |hub: &Hub| hub.plugin.open_alarms().state("a-3");
    assert_eq!(state(&hub), Some(AlarmState::Cleared));
    let said = hub.message(Body::AlarmEvent(event));
    assert!(said.is_empty(), "{said:?}");
}

/// The device and the point beyond the limit were left out without a word. What the plan does not name has
/// an even part: with one enterprise a half.
#[test]
fn what_a_limit_leaves_out_is_counted_and_said_by_name() {
    let config = Config {
        open_max: 100,
        ..Config::default()
    };
    let mut hub = Hub::with(ONE_GROUP, config);
    for number in 0..53 {
        hub.device(&format!("D-{number}"), cordon_model::DeviceState::Offline);
    }
    for number in 0..51 {
        sample(&mut hub, number, 60);
    }
    let said = hub.wait(1);
    let details: Vec<String> = said
        .iter()
        .filter_map(|body| match body {
            Body::AuditEvent(audit) if audit.action == "alarm.limit-reached" => {
                let target = audit.target.clone().unwrap();
                Some(format!("{target}: {}", audit.detail.as_ref().unwrap()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(details.len(), 2, "{details:?}");
    assert!(details[0].starts_with("D-52: "), "{details:?}");
    assert!(details[0].contains("50; ") && details[0].contains(" 3 not taken up"));
    assert!(details[1].starts_with("GAS-50 CH4: "), "{details:?}");
    assert!(details[1].contains(" 1 not taken up"));
    let alarms = crate::hub::raised(&said);
    assert!(
        alarms.contains(&(AlarmCode::SensorHh, AlarmLevel::Red)),
        "{alarms:?}"
    );
    assert!(alarms.contains(&(AlarmCode::DeviceOffline, AlarmLevel::Yellow)));
    // However often it is told again: one audit entry a minute.
    for _ in 0..50 {
        sample(&mut hub, 50, 60);
        let said = hub.wait(1);
        assert!(!audits(&said).iter().any(|it| it == "alarm.limit-reached"));
    }
    let said = hub.wait(10);
    let told = audits(&said)
        .into_iter()
        .filter(|it| it == "alarm.limit-reached");
    assert_eq!(told.count(), 1);
    // There is room again: the hub's own alarm about it ends.
    hub.device("D-5", cordon_model::DeviceState::Online);
    let said = hub.wait(1);
    let ended = |body: &Body| {
        matches!(body, Body::AlarmUpdate(update)
        if update.state == AlarmState::Cleared && update.note.as_ref().is_some_and(|it| it.contains("room again")))
    };
    assert_eq!(
        said.iter().filter(|body| ended(body)).count(),
        1,
        "{said:?}"
    );
}

/// A sample of one gas sensor, beyond its high-high threshold from 50.
fn sample(hub: &mut Hub, number: usize, value: i64) {
    let mut batch = hub.batch(value, SampleQuality::Good);
    for sample in &mut batch.samples {
        sample.device_id = format!("GAS-{number}").parse().unwrap();
    }
    let body = Some(Body::SensorReadingBatch(batch));
    hub.step(EntryKind::Message, "HUB-1", body, "", 0);
}
