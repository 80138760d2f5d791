//! Many alarms at once: whose room they take.

use cordon_alarms::Config;
use cordon_contract::{EntryKind, Plugin as _};
use cordon_model::{
    AlarmCode, AlarmEvent, AlarmLevel, AlarmState, Body, DeviceState, MessageId, SampleQuality,
};

use crate::hub::{Hub, alarm, audits};

const ROUTES: &str = "receivers = [\"console\"]\n[route]\nreceivers = [\"console\"]\n";
const ROOM: usize = 100;

fn small() -> Hub {
    let config = Config {
        open_max: ROOM,
        ..Config::default()
    };
    Hub::with(ROUTES, config)
}

/// A red alarm of the partner about a device that nobody knows; what was said of it.
fn invented(hub: &mut Hub, partner: &str, id: &str) -> Vec<Body> {
    let mut event = alarm(id, AlarmCode::Fire, AlarmLevel::Red);
    event.source_device = Some(format!("NO-{id}").parse().unwrap());
    let body = Some(Body::AlarmEvent(event));
    hub.step(EntryKind::Message, partner, body, "", 0)
}

fn open_of(hub: &Hub, prefix: &str) -> usize {
    let open = hub.plugin.open_alarms().page(None, usize::MAX);
    open.iter().filter(|one| one.id.starts_with(prefix)).count()
}

/// One of them named 10,000 points, and the park's own gas alarm was one of those that were counted.
#[test]
fn points_of_a_partner_take_no_room_of_the_parks() {
    let mut hub = small();
    let sample = |hub: &Hub, device: &str, point: usize| {
        let mut batch = hub.batch(60, SampleQuality::Good);
        batch.samples[0].device_id = device.parse().unwrap();
        batch.samples[0].point = format!("P-{point}");
        Some(Body::SensorReadingBatch(batch))
    };
    for point in 0..ROOM + 50 {
        let body = sample(&hub, "GAS-E1", point);
        hub.step(EntryKind::Message, "enterprise-1", body, "", 0);
    }
    // So it is after a restart.
    hub.restart();
    let body = sample(&hub, "GAS-E1", ROOM + 50);
    let said = hub.step(EntryKind::Message, "enterprise-1", body, "", 0);
    assert!(said.is_empty(), "{said:?}");
    let body = sample(&hub, "GAS-01", 0);
    let said = hub.step(EntryKind::Message, "GAS-01", body, "", 0);
    let raised = said.iter().any(|body| match body {
        Body::AlarmEvent(event) => event.source_device == Some("GAS-01".parse().unwrap()),
        _ => false,
    });
    assert!(raised, "{said:?}");
}

/// What the hub raises about a sensor took the park's room, whosever the sensor was.
#[test]
fn alarms_about_a_partners_sensors_take_no_room_of_the_parks_and_many_are_one() {
    let mut hub = small();
    for number in 0..ROOM {
        let device = format!("D-{number}");
        let id = format!("park-{number}");
        hub.detect(&id, &device, AlarmCode::DoorOpen, AlarmLevel::Blue);
    }
    let mut forgotten = 0;
    for number in 0..ROOM + 50 {
        let event = AlarmEvent {
            source_device: Some("GAS-E1".parse().unwrap()),
            // A point of its own each time.
            person_id: Some(format!("P-{number}")),
            ..alarm(
                &format!("one-{number}"),
                AlarmCode::SensorHh,
                AlarmLevel::Red,
            )
        };
        let body = Some(Body::AlarmEvent(event));
        let said = hub.step(EntryKind::Message, "HUB-1", body, "", 1);
        forgotten += audits(&said).len();
    }
    // An even part, and one with a name of its own that counts the others.
    let open = (open_of(&hub, "park-"), open_of(&hub, "one-"));
    assert_eq!((open, forgotten), ((ROOM, ROOM / 2), 0));
    assert_eq!(open_of(&hub, "alarm-"), 1);
    let all = hub.plugin.open_alarms().page(None, usize::MAX);
    let counting = all.iter().find(|one| one.repeats > 0).unwrap();
    assert!(
        counting.description.contains("enterprise-1"),
        "{counting:?}"
    );
    assert_eq!(counting.repeats, 100);
    let counting = counting.id.clone();
    // The first of them is over: the others may not be, so people end what counts them.
    let first = format!("one-{}", ROOM / 2);
    let over = AlarmEvent {
        state: AlarmState::Cleared,
        ..alarm(&first, AlarmCode::SensorHh, AlarmLevel::Red)
    };
    let body = Some(Body::AlarmEvent(over));
    hub.step(EntryKind::Message, "HUB-1", body, "", 1);
    let open = hub.plugin.open_alarms();
    assert_eq!(open.state(&first), None, "it is counted, and closed");
    assert_eq!(open.state(&counting), Some(AlarmState::Raised));
    let step = (AlarmState::Raised, AlarmState::Acknowledged);
    hub.update("operator-1", &counting, step, None);
    assert_eq!(open.state(&counting), Some(AlarmState::Acknowledged));
}

/// Each plate that passed an enterprise's own gate was an orange alarm of the park's, and what was open of
/// the park gave way to them.
#[test]
fn what_a_partners_words_set_off_takes_the_partners_room_and_is_one_rising_alarm() {
    let mut hub = small();
    hub.raise("park-orange", AlarmCode::GateFault, AlarmLevel::Orange);
    hub.detect(
        "park-yellow",
        "CAM-01",
        AlarmCode::DoorOpen,
        AlarmLevel::Yellow,
    );
    hub.told();
    hub.led_by = Some("enterprise-1".to_owned());
    for number in 0..3 * ROOM {
        let mut event = alarm(
            &format!("access-{number}"),
            AlarmCode::UnseenEntry,
            AlarmLevel::Orange,
        );
        event.person_id = Some(format!("P-{number}"));
        let body = Some(Body::AlarmEvent(event));
        let said = hub.step(EntryKind::Message, "HUB-1", body, "", 1);
        assert!(audits(&said).is_empty(), "{said:?}");
    }
    assert_eq!(open_of(&hub, "park-"), 2);
    assert_eq!(open_of(&hub, "access-"), ROOM / 2);
    assert_eq!(open_of(&hub, "alarm-"), 1);
    assert_eq!(
        hub.told().len(),
        ROOM / 2 + 1,
        "one that counts is told once"
    );
}

/// Each name that a publisher made up was an author and an owner of its own; the park's old alarms gave way.
#[test]
fn made_up_names_share_one_room_and_one_device_has_its_own() {
    let mut hub = small();
    let park = Some(Body::AlarmEvent(alarm(
        "old-red",
        AlarmCode::Fire,
        AlarmLevel::Red,
    )));
    hub.step(EntryKind::Message, "operator-1", park, "", 0);
    hub.detect(
        "old-gas",
        "GAS-01",
        AlarmCode::CargoLeak,
        AlarmLevel::Yellow,
    );
    let old = |hub: &Hub| open_of(hub, "old-");
    for number in 0..2 * ROOM {
        let (id, name) = (format!("x-{number}"), format!("FX-{number}"));
        hub.detect(&id, &name, AlarmCode::Fire, AlarmLevel::Red);
    }
    assert_eq!((old(&hub), open_of(&hub, "x-")), (2, ROOM - 2));
    // A known device that invents areas.
    for number in 0..2 * ROOM {
        let mut event = alarm(&format!("y-{number}"), AlarmCode::Fire, AlarmLevel::Red);
        event.source_device = Some("GAS-02".parse().unwrap());
        event.area_id = Some(format!("Z-{number}"));
        event.description = format!("zone {number}");
        hub.speech("GAS-02", Body::AlarmEvent(event));
    }
    assert_eq!(old(&hub), 2);
    let (x, y) = (open_of(&hub, "x-"), open_of(&hub, "y-"));
    assert_eq!(x + y, ROOM - 2);
    assert!(x.abs_diff(y) <= 2, "each an even part: {x} and {y}");
}

/// 10,000 names that fell silent left no room for a device of the plan.
#[test]
fn made_up_names_that_fall_silent_hide_no_device_of_the_plan() {
    let mut hub = small();
    for number in 0..2 * ROOM {
        hub.device(&format!("FX-{number}"), DeviceState::Offline);
    }
    hub.device("CAM-01", DeviceState::Offline);
    hub.wait(20);
    let all = hub.plugin.open_alarms().page(None, usize::MAX);
    let of_plan = all.iter().find(|one| one.description.contains("CAM-01"));
    assert!(of_plan.is_some(), "{all:?}");
    let limit = all
        .iter()
        .find(|one| one.description.contains("at their limit"));
    assert!(
        limit.unwrap().description.contains("does not name"),
        "{limit:?}"
    );
    // With room again for them it is over.
    for number in 0..2 * ROOM {
        hub.device(&format!("FX-{number}"), DeviceState::Online);
    }
    hub.wait(61);
    let all = hub.plugin.open_alarms().page(None, usize::MAX);
    let limit = all
        .iter()
        .find(|one| one.description.contains("at their limit"));
    assert_eq!(limit.unwrap().state, AlarmState::Cleared);
}

/// 150 red alarms of one partner pushed the park's blue ones out.
#[test]
fn partners_alarms_take_no_room_of_the_parks() {
    let mut hub = small();
    for number in 0..ROOM {
        let device = format!("D-{number}");
        let id = format!("park-{number}");
        hub.detect(&id, &device, AlarmCode::DoorOpen, AlarmLevel::Blue);
    }
    for number in 0..ROOM {
        let said = invented(&mut hub, "enterprise-1", &format!("one-{number}"));
        assert!(audits(&said).is_empty(), "{said:?}");
    }
    let said = invented(&mut hub, "enterprise-1", "one-more");
    assert_eq!(audits(&said), ["alarm.forgotten"]);
    assert_eq!(
        (open_of(&hub, "park-"), open_of(&hub, "one-")),
        (ROOM, ROOM)
    );
    assert_eq!(hub.plugin.open_alarms().total(), 2 * ROOM);
    // The park's own makes room among its own.
    let said = hub.detect("park-red", "D-R", AlarmCode::Fire, AlarmLevel::Red);
    assert_eq!(audits(&said), ["alarm.forgotten"]);
    assert_eq!(
        (open_of(&hub, "park-"), open_of(&hub, "one-")),
        (ROOM, ROOM)
    );
    // So it is after a restart.
    let mut again = small();
    again.put_back(&hub.plugin.kept().unwrap());
    let said = invented(&mut again, "enterprise-1", "one-last");
    assert_eq!(audits(&said), ["alarm.forgotten"]);
    assert_eq!(open_of(&again, "park-"), ROOM);
}

/// One name for many devices, each raised under a name of the hub's: they are still the partner's.
#[test]
fn alarms_under_one_name_are_counted_to_who_raised_them() {
    let mut hub = small();
    hub.detect("park-1", "D-1", AlarmCode::DoorOpen, AlarmLevel::Blue);
    for number in 0..ROOM + 20 {
        let mut event = alarm("X", AlarmCode::Fire, AlarmLevel::Red);
        event.source_device = Some(format!("NO-{number}").parse().unwrap());
        let body = Some(Body::AlarmEvent(event));
        hub.step(EntryKind::Message, "enterprise-1", body, "", 0);
    }
    assert_eq!(hub.plugin.open_alarms().total(), ROOM + 1);
    assert_eq!(open_of(&hub, "park-1"), 1);
}

/// What was rejected was open to the limit and closed to the page.
#[test]
fn a_rejected_alarm_takes_no_room() {
    let mut hub = small();
    for number in 0..3 * ROOM {
        let id = format!("park-{number}");
        let device = format!("D-{number}");
        let said = hub.detect(&id, &device, AlarmCode::DoorOpen, AlarmLevel::Red);
        assert!(audits(&said).is_empty(), "{said:?}");
        let step = (AlarmState::Raised, AlarmState::Rejected);
        hub.update("operator-1", &id, step, None);
    }
    assert_eq!(hub.plugin.open_alarms().total(), 0);
}

/// The hub's own alarm that counts a partner's further ones was told at each that had another code.
#[test]
fn a_flood_alarm_is_told_when_it_begins_when_it_rises_and_at_each_repetition() {
    let routes = "receivers = [\"duty\"]\n[route]\nreceivers = [\"duty\"]\nrepeat_s = 30\n";
    let mut hub = Hub::new(routes);
    let count = |hub: &mut Hub, number: u64, level: AlarmLevel| {
        let code = match number % 2 {
            0 => AlarmCode::Fire,
            _ => AlarmCode::Explosion,
        };
        let event = alarm("flow-7", code, level);
        let body = Some(Body::AlarmEvent(event));
        hub.step(EntryKind::Message, "HUB-1", body, "", 1);
    };
    for number in 0..10_000 {
        count(&mut hub, number, AlarmLevel::Orange);
    }
    assert_eq!(hub.told(), ["duty"], "it begins");
    for number in 0..10_000 {
        count(&mut hub, number, AlarmLevel::Red);
    }
    assert_eq!(hub.told(), ["duty"], "it rises");
    hub.wait(29);
    assert!(hub.told().is_empty());
    hub.wait(1);
    assert_eq!(hub.told(), ["duty"], "it is repeated");
    for number in 0..100 {
        count(&mut hub, number, AlarmLevel::Red);
    }
    assert!(hub.told().is_empty());
}

/// A plant's own fire came after somebody had acknowledged its flood alarm, and nobody was told.
#[test]
fn one_more_that_nobody_has_seen_opens_a_flood_alarm_again() {
    let mut hub = Hub::new(ROUTES);
    let mut cause = 0_u8;
    let mut count = |hub: &mut Hub, level, words: &str, area: &str| {
        cause += 1;
        let event = AlarmEvent {
            description: words.into(),
            area_id: Some(area.into()),
            cause_ref: Some(MessageId::from_bytes([cause; 16])),
            ..alarm("flow-9", AlarmCode::Fire, level)
        };
        let number = hub.entries.len() as u64;
        let body = Some(Body::AlarmEvent(event));
        hub.step(EntryKind::Message, "HUB-1", body, "", number.max(1));
    };
    let shown = |hub: &Hub| {
        let one = hub.plugin.open_alarms().page(None, 10).remove(0);
        (
            one.state,
            one.level,
            one.description,
            one.place,
            one.repeats,
        )
    };
    let acknowledge = |hub: &mut Hub| {
        let step = (AlarmState::Raised, AlarmState::Acknowledged);
        hub.update("operator-1", "flow-9", step, None);
        hub.told();
    };
    count(&mut hub, AlarmLevel::Red, "small test fire", "A-GEN");
    // Nobody has seen it yet: the newest is shown, and nobody told twice.
    hub.told();
    count(&mut hub, AlarmLevel::Red, "another fire", "A-CORE");
    assert_eq!(hub.told().len(), 0);
    let (state, _, words, area, _) = shown(&hub);
    assert_eq!((state, &*words), (AlarmState::Raised, "another fire"));
    assert_eq!(area, "A-CORE");
    acknowledge(&mut hub);
    // What waits for the morning does not open it.
    count(&mut hub, AlarmLevel::Blue, "noise", "A-GEN");
    let (state, _, words, _, _) = shown(&hub);
    assert_eq!((state, &*words), (AlarmState::Acknowledged, "another fire"));
    count(&mut hub, AlarmLevel::Red, "tank 7", "A-CORE");
    let (state, _, words, area, repeats) = shown(&hub);
    assert_eq!((state, repeats), (AlarmState::Raised, 3));
    assert!(words.starts_with("tank 7 ["), "{words}");
    assert_eq!(area, "A-CORE");
    assert_eq!(hub.told().len(), 1);
    // Nor does it sink.
    acknowledge(&mut hub);
    count(&mut hub, AlarmLevel::Orange, "gas", "A-CORE");
    let (state, level, words, _, _) = shown(&hub);
    assert_eq!((state, level), (AlarmState::Raised, AlarmLevel::Red));
    assert!(words.starts_with("gas ["), "{words}");
}

/// While a partner's flood alarm was raised, no further red one of his was told to anybody by its words.
#[test]
fn further_red_ones_of_a_raised_flood_alarm_are_named_once_in_the_window() {
    let mut hub = Hub::new(ROUTES);
    let mut cause = 0_u8;
    let mut count = |hub: &mut Hub, words: &str| {
        cause += 1;
        let event = AlarmEvent {
            description: format!("further ones are counted here: RED FIRE {words}"),
            area_id: Some("A-CORE".into()),
            cause_ref: Some(MessageId::from_bytes([cause; 16])),
            ..alarm("flow-9", AlarmCode::Fire, AlarmLevel::Red)
        };
        let number = hub.entries.len() as u64;
        let body = Some(Body::AlarmEvent(event));
        hub.step(EntryKind::Message, "HUB-1", body, "", number.max(1));
    };
    count(&mut hub, "test");
    assert_eq!(hub.told().len(), 1);
    for number in 0..30 {
        count(&mut hub, &format!("noise {number}"));
    }
    count(&mut hub, "tank 7");
    assert!(hub.told().is_empty(), "not each of them");
    // So it is after a restart.
    hub.restart();
    hub.wait(Config::default().flood_s);
    let told = hub.notices();
    let counts = told.iter().filter(|one| one.3.contains("counted in it"));
    let counts: Vec<&String> = counts.map(|one| &one.3).collect();
    assert_eq!(counts.len(), 1, "{told:?}");
    let words = counts[0];
    let newest = "31 counted in it] further ones are counted here: RED FIRE tank 7 [";
    assert!(words.contains(newest), "{words}");
    let before = "before it: A-CORE: RED FIRE noise 29; A-CORE: RED FIRE noise 28; ";
    assert!(words.contains(before), "{words}");
    assert!(words.contains("noise 21") && !words.contains("noise 20"));
    // Not again without a further one, and not when somebody has seen it.
    hub.wait(2 * Config::default().flood_s);
    let more = |hub: &mut Hub| {
        let told = hub.notices().into_iter();
        told.filter(|one| one.3.contains("counted in it")).count()
    };
    assert_eq!(more(&mut hub), 0);
    count(&mut hub, "tank 8");
    let step = (AlarmState::Raised, AlarmState::Acknowledged);
    hub.update("operator-1", "flow-9", step, None);
    hub.wait(2 * Config::default().flood_s);
    assert_eq!(more(&mut hub), 0);
}

/// The alarm shows the worst; what is told of one more is that one, and stands before words of any length.
#[test]
fn a_milder_one_that_is_counted_is_named_before_the_words_of_the_worst() {
    let mut hub = Hub::new(ROUTES);
    let counted = |hub: &mut Hub, cause: u8, level: AlarmLevel, words: &str| {
        let event = AlarmEvent {
            description: format!("further ones are counted here: {level} FIRE {words}"),
            cause_ref: Some(MessageId::from_bytes([cause; 16])),
            ..alarm("flow-9", AlarmCode::Fire, level)
        };
        let number = hub.entries.len() as u64;
        let body = Some(Body::AlarmEvent(event));
        hub.step(EntryKind::Message, "HUB-1", body, "", number.max(1));
    };
    counted(&mut hub, 1, AlarmLevel::Red, &"worst ".repeat(90));
    counted(&mut hub, 2, AlarmLevel::Orange, "tank 7");
    hub.told();
    hub.wait(Config::default().flood_s);
    let told = hub.notices();
    let start = "1 counted in it, the newest: A-CORE: ORANGE FIRE tank 7] further ones are";
    assert!(told.iter().any(|one| one.3.contains(start)), "{told:?}");
}

/// A detector's battery was not understood, somebody acknowledged that, and what it said hours later was told to nobody.
#[test]
fn what_else_is_not_understood_of_a_device_is_told_although_it_is_yellow() {
    let mut hub = Hub::new(ROUTES);
    let mut cause = 0_u8;
    let mut lost = |hub: &mut Hub, words: &str| {
        cause += 1;
        let event = AlarmEvent {
            description: words.into(),
            cause_ref: Some(MessageId::from_bytes([cause; 16])),
            ..alarm("flow-9", AlarmCode::SchemaInvalid, AlarmLevel::Yellow)
        };
        let number = hub.entries.len() as u64;
        let body = Some(Body::AlarmEvent(event));
        hub.step(EntryKind::Message, "HUB-1", body, "", number.max(1));
    };
    let wait_s = 2 * Config::default().flood_s;
    let said = |hub: &mut Hub, words: &str| {
        hub.wait(wait_s);
        let told = hub.notices().into_iter();
        told.filter(|one| one.3.contains(words)).count()
    };
    lost(&mut hub, "battery");
    assert_eq!(said(&mut hub, "battery"), 1);
    // Nobody has seen it yet: they are told that there is more.
    lost(&mut hub, "temperature");
    assert_eq!(said(&mut hub, "temperature"), 1);
    let step = (AlarmState::Raised, AlarmState::Acknowledged);
    hub.update("operator-1", "flow-9", step, None);
    hub.notices();
    hub.wait(3 * 3_600);
    lost(&mut hub, "gas");
    assert_eq!(said(&mut hub, "gas"), 1);
    let shown = hub.plugin.open_alarms().page(None, 10).remove(0);
    assert_eq!((shown.state, shown.repeats), (AlarmState::Raised, 2));
    assert!(shown.description.starts_with("gas"), "{shown:?}");
}

/// The group of a second detector that was not understood had been told a moment ago: nobody heard of it for five minutes.
#[test]
fn what_is_not_understood_does_not_wait_for_what_its_group_was_told() {
    let mut hub = Hub::new(ROUTES);
    let lost = |hub: &mut Hub, number: u64, by: &str| {
        let event = AlarmEvent {
            source_device: Some(format!("GAS-{number}").parse().unwrap()),
            description: format!("GAS-{number} said what nobody knows"),
            ..alarm(
                &format!("flow-{number}"),
                AlarmCode::SchemaInvalid,
                AlarmLevel::Yellow,
            )
        };
        hub.step(EntryKind::Message, by, Some(Body::AlarmEvent(event)), "", 1);
    };
    let told = |hub: &mut Hub, words: &str| hub.notices().iter().any(|it| it.3.contains(words));
    lost(&mut hub, 1, "HUB-1");
    hub.wait(10);
    assert!(told(&mut hub, "GAS-1"));
    lost(&mut hub, 2, "HUB-1");
    hub.wait(10);
    assert!(told(&mut hub, "GAS-2"), "not with the group's interval");
    // Whoever says it himself waits as for every yellow one.
    lost(&mut hub, 3, "ENT-1");
    hub.wait(10);
    assert!(!told(&mut hub, "GAS-3"));
    hub.wait(300);
    assert!(told(&mut hub, "GAS-3"));
}
