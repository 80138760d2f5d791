//! What the plug-in raises itself: outages and thresholds.

use cordon_alarms::Config;
use cordon_contract::{Decisions, EntryKind, HUB_START, Plugin as _};
use cordon_model::{AlarmCode, AlarmLevel, AlarmState, Body, DeviceId, DeviceState, SampleQuality};

use crate::hub::{Hub, alarm, raised, updates};

const ROUTES: &str = "receivers = [\"console\"]\n[route]\nreceivers = [\"console\"]\n";

/// People acknowledge an alarm and close it.
fn people_close(hub: &mut Hub, alarm: &str) {
    for step in [
        (AlarmState::Raised, AlarmState::Acknowledged),
        (AlarmState::Acknowledged, AlarmState::Closed),
    ] {
        hub.update("operator-1", alarm, step, Some("vented"));
    }
}

#[test]
fn one_alarm_for_an_outage_cleared_when_the_device_answers() {
    let mut hub = Hub::new(ROUTES);
    assert!(hub.device("CAM-02", DeviceState::Offline).is_empty());
    assert!(raised(&hub.wait(14)).is_empty());
    let said = hub.wait(1);
    assert_eq!(
        raised(&said),
        [(AlarmCode::DeviceOffline, AlarmLevel::Yellow)]
    );
    assert!(hub.device("CAM-02", DeviceState::Offline).is_empty());
    assert!(raised(&hub.wait(60)).is_empty());
    let said = hub.device("CAM-02", DeviceState::Online);
    assert_eq!(updates(&said)[0].1, AlarmState::Cleared);
    assert!(hub.device("CAM-02", DeviceState::Online).is_empty());
    hub.device("CAM-02", DeviceState::Offline);
    assert_eq!(raised(&hub.wait(15)).len(), 1);
}

/// A camera that ends its quiet connection every 4 s and is there again at once was 33 alarms in ten
/// minutes.
#[test]
fn a_device_that_reconnects_at_once_is_no_alarm() {
    let mut hub = Hub::new(ROUTES);
    let mut said = Vec::new();
    for _ in 0..120 {
        said.extend(hub.device("CAM-01", DeviceState::Offline));
        said.extend(hub.wait(1));
        said.extend(hub.device("CAM-01", DeviceState::Online));
        said.extend(hub.wait(4));
    }
    assert!(raised(&said).is_empty());
    assert!(hub.told().is_empty());
}

/// Each moment in which it was there began the wait anew, so that it was never told.
#[test]
fn a_device_that_is_silent_half_the_time_is_told_once() {
    for (silent_s, there_s) in [(8, 8), (12, 12), (1, 1), (4, 5)] {
        let mut hub = Hub::new(ROUTES);
        let mut said = Vec::new();
        let mut cycles = 0;
        while cycles * (silent_s + there_s) < 300 {
            said.extend(hub.device("CAM-01", DeviceState::Offline));
            said.extend(hub.wait(silent_s));
            said.extend(hub.device("CAM-01", DeviceState::Online));
            said.extend(hub.wait(there_s));
            cycles += 1;
            let raised = raised(&said).len();
            assert!(raised <= 1, "{silent_s} {there_s}: {raised}");
            assert!(
                raised == 1 || cycles * (silent_s + there_s) < 150,
                "{silent_s} {there_s}"
            );
        }
        // It is over when it is there for long.
        assert!(updates(&said).iter().all(|it| it.1 != AlarmState::Cleared));
        let said = hub.wait(15);
        assert_eq!(
            updates(&said)[0].1,
            AlarmState::Cleared,
            "{silent_s} {there_s}"
        );
        hub.device("CAM-01", DeviceState::Offline);
        assert!(raised(&hub.wait(14)).is_empty());
        assert_eq!(raised(&hub.wait(1)).len(), 1);
    }
}

/// As the access plug-in tells of an emergency opening: not yet, then not at all, then carried out after all.
#[test]
fn the_hub_ends_what_it_told_of_a_lane_under_both_names() {
    let mut hub = Hub::new(ROUTES);
    let told = |id: &str, level, state| {
        let mut event = alarm(id, AlarmCode::GateFault, level);
        event.source_device = Some(DeviceId::new("BR-01").unwrap());
        event.description = format!("{id} {level}");
        event.state = state;
        Body::AlarmEvent(event)
    };
    let (orange, red) = (AlarmLevel::Orange, AlarmLevel::Red);
    hub.message(told("access-7-0", orange, AlarmState::Raised));
    hub.wait(26);
    hub.message(told("access-9-0", red, AlarmState::Raised));
    hub.wait(5);
    hub.message(told("access-7-0", orange, AlarmState::Cleared));
    hub.message(told("access-9-0", orange, AlarmState::Cleared));
    let open = hub.plugin.open_alarms().page(None, 10);
    let states: Vec<_> = open.iter().map(|it| it.state).collect();
    assert!(
        states.iter().all(|it| *it == AlarmState::Cleared),
        "{states:?}"
    );
}

/// A restart forgets neither how long it was silent nor that it is there.
#[test]
fn what_is_known_of_an_outage_outlives_a_restart() {
    let mut hub = Hub::new(ROUTES);
    hub.device("CAM-01", DeviceState::Offline);
    hub.wait(10);
    hub.device("CAM-01", DeviceState::Online);
    hub.wait(2);
    hub.restart();
    hub.device("CAM-01", DeviceState::Offline);
    assert!(raised(&hub.wait(5)).is_empty());
    assert_eq!(raised(&hub.wait(1)).len(), 1);
    hub.device("CAM-01", DeviceState::Online);
    hub.restart();
    let said = hub.wait(15);
    assert_eq!(updates(&said)[0].1, AlarmState::Cleared);
}

#[test]
fn without_a_hold_a_silent_device_is_an_alarm_at_once() {
    let config = Config {
        offline_after_s: 0,
        ..Config::default()
    };
    let mut hub = Hub::with(ROUTES, config);
    assert_eq!(raised(&hub.device("CAM-02", DeviceState::Offline)).len(), 1);
}

#[test]
fn a_whole_network_that_fell_silent_is_all_told_of() {
    let mut hub = Hub::new(ROUTES);
    for number in 0..450 {
        hub.device(&format!("D-{number}"), DeviceState::Offline);
    }
    let said = hub.wait(20);
    // Each, and the one in which those beyond a hundred are counted.
    assert_eq!(raised(&said).len(), 450 + 1);
}

#[test]
fn a_flapping_device_is_not_told_again_before_the_window_ends() {
    let config = Config {
        offline_after_s: 0,
        ..Config::default()
    };
    let mut hub = Hub::with(ROUTES, config);
    hub.device("CAM-01", DeviceState::Offline);
    hub.wait(6);
    assert_eq!(hub.told(), ["console"]);
    for _ in 0..5 {
        hub.device("CAM-01", DeviceState::Online);
        hub.wait(1);
        hub.device("CAM-01", DeviceState::Offline);
    }
    assert!(hub.told().is_empty());
    hub.wait(70);
    assert_eq!(
        hub.told(),
        ["console"],
        "what stayed is told once the window is over"
    );
}

/// Two thresholds of one leak were two alarms, the first of them cleared while gas went on.
#[test]
fn a_leak_past_two_thresholds_is_one_alarm_that_rises() {
    let mut hub = Hub::new(ROUTES);
    let good = SampleQuality::Good;
    assert!(hub.sample(24, good).is_empty());
    let said = hub.sample(25, good);
    assert_eq!(raised(&said), [(AlarmCode::SensorH, AlarmLevel::Orange)]);
    let [Body::AlarmEvent(first)] = said.as_slice() else {
        panic!("one alarm: {said:?}")
    };
    assert!(hub.sample(30, good).is_empty());
    assert_eq!(hub.told(), ["console"]);
    let id = first.alarm_id.clone();
    hub.update(
        "operator-1",
        &id,
        (AlarmState::Raised, AlarmState::Acknowledged),
        None,
    );
    // Worse: the same alarm, red now, told at once, to be acknowledged again.
    let said = hub.sample(50, good);
    let [Body::AlarmEvent(risen)] = said.as_slice() else {
        panic!("one alarm: {said:?}")
    };
    assert_eq!((&risen.alarm_id, risen.alarm_level), (&id, AlarmLevel::Red));
    let notices = hub.notices();
    assert_eq!((notices.len(), notices[0].2), (1, AlarmState::Raised));
    assert!(
        notices[0].3.contains("risen from ORANGE SENSOR_H"),
        "{}",
        notices[0].3
    );
    let open = hub.plugin.open_alarms().page(None, 10);
    assert_eq!(
        (open.len(), open[0].level, open[0].state),
        (1, AlarmLevel::Red, AlarmState::Raised)
    );
    assert_eq!(updates(&hub.wait(60))[0].3, Some(1), "red's own deadline");
    // Milder is no end, and beyond the second threshold again is no second alarm.
    for value in [30, 30, 55] {
        hub.wait(11);
        assert!(raised(&hub.sample(value, good)).is_empty() || value == 55);
    }
    assert_eq!(hub.plugin.open_alarms().total(), 1);
    // Back, and back again beyond it: one alarm.
    assert!(hub.sample(0, good).is_empty());
    hub.wait(5);
    assert!(hub.sample(60, good).is_empty());
    assert!(hub.sample(0, good).is_empty());
    hub.wait(10);
    let said = hub.sample(0, good);
    assert_eq!(updates(&said)[0].1, AlarmState::Cleared);
    assert!(hub.sample(0, good).is_empty());
}

#[test]
fn what_ended_does_not_rise() {
    let mut hub = Hub::new(ROUTES);
    let good = SampleQuality::Good;
    hub.sample(25, good);
    let id = hub.plugin.open_alarms().page(None, 1)[0].id.clone();
    hub.update(
        "operator-1",
        &id,
        (AlarmState::Raised, AlarmState::Rejected),
        None,
    );
    let said = hub.sample(50, good);
    assert_eq!(raised(&said), [(AlarmCode::SensorHh, AlarmLevel::Red)]);
    assert_ne!(hub.plugin.open_alarms().page(None, 1)[0].id, id);
}

#[test]
fn the_other_side_is_another_alarm() {
    let config = Config {
        clear_after_s: 0,
        ..Config::default()
    };
    let mut hub = Hub::with(ROUTES, config);
    hub.sample(60, SampleQuality::Good);
    let said = hub.sample(-30, SampleQuality::Good);
    assert_eq!(raised(&said), [(AlarmCode::SensorLl, AlarmLevel::Orange)]);
    assert_eq!(updates(&said)[0].1, AlarmState::Cleared);
    // Milder on that side is still that alarm.
    assert!(hub.sample(-10, SampleQuality::Good).is_empty());
}

#[test]
fn doubtful_samples_say_nothing() {
    let mut hub = Hub::new(ROUTES);
    for quality in [
        SampleQuality::Bad,
        SampleQuality::Suspect,
        SampleQuality::Substituted,
    ] {
        assert!(hub.sample(99, quality).is_empty());
    }
}

/// One value of GAS-01 by a clock so many seconds behind.
fn late(hub: &mut Hub, value: i64, behind_s: i64) -> Vec<Body> {
    let mut batch = hub.batch(value, SampleQuality::Good);
    batch.samples[0].observed_at = hub.now.plus_seconds(-behind_s);
    hub.message(Body::SensorReadingBatch(batch))
}

/// A leak that a detector told whose clock was 700 s behind was no alarm, and nobody was told.
#[test]
fn a_leak_is_an_alarm_whatever_the_clock_of_its_detector_shows() {
    for behind_s in [0, 301, 700, 1_800_000_000, -700] {
        let mut hub = Hub::new(ROUTES);
        let said = late(&mut hub, 60, behind_s);
        assert_eq!(
            raised(&said),
            [(AlarmCode::SensorHh, AlarmLevel::Red)],
            "{behind_s}"
        );
        let old = format!("({behind_s} s old when it came");
        let is_told = format!("{said:?}").contains(&old);
        assert_eq!(is_told, behind_s > 300, "{behind_s}");
        assert!(late(&mut hub, 60, behind_s).is_empty());
        // It ends by the same clock.
        assert!(late(&mut hub, 1, behind_s).is_empty());
        hub.wait(10);
        let said = late(&mut hub, 1, behind_s);
        assert_eq!(updates(&said)[0].1, AlarmState::Cleared, "{behind_s}");
    }
}

/// What a gateway kept while its line was down comes behind what is so now.
#[test]
fn what_was_seen_before_a_leak_does_not_end_it() {
    let mut hub = Hub::new(ROUTES);
    assert_eq!(raised(&late(&mut hub, 60, 0)).len(), 1);
    for second in 0..30 {
        hub.wait(1);
        assert!(late(&mut hub, 1, 3_600).is_empty());
        if second % 5 == 0 {
            assert!(late(&mut hub, 60, 0).is_empty());
        }
    }
}

/// Its samples were older than the newest beyond the threshold: neither its end nor its next leak was told.
#[test]
fn a_detector_whose_clock_goes_back_is_heard_as_before() {
    for back_s in [45, 3_600, 800_000_000] {
        let mut hub = Hub::new(ROUTES);
        assert_eq!(raised(&late(&mut hub, 60, 0)).len(), 1);
        assert!(late(&mut hub, 1, back_s).is_empty());
        hub.wait(10);
        let said = late(&mut hub, 1, back_s);
        assert_eq!(updates(&said)[0].1, AlarmState::Cleared, "{back_s}");
        let said = late(&mut hub, 60, back_s);
        assert_eq!(raised(&said), [(AlarmCode::SensorHh, AlarmLevel::Red)]);
        let said = late(&mut hub, -30, back_s);
        assert_eq!(raised(&said), [(AlarmCode::SensorLl, AlarmLevel::Orange)]);
    }
}

/// An older program took it for history. The next one read of it, marked the point as told, and told nobody.
#[test]
fn what_was_only_read_of_is_raised_after_the_start() {
    let mut before = Hub::new(ROUTES);
    late(&mut before, 60, 700);
    let mut hub = Hub::new(ROUTES);
    let only_read = before.entries.first().unwrap();
    hub.plugin.step(only_read, &mut Decisions::default());
    assert!(hub.sample(60, SampleQuality::Good).is_empty());
    hub.step(EntryKind::Audit, "HUB-1", None, HUB_START, 0);
    assert_eq!(raised(&hub.sample(60, SampleQuality::Good)).len(), 1);
    hub.step(EntryKind::Audit, "HUB-1", None, HUB_START, 0);
    assert!(hub.sample(60, SampleQuality::Good).is_empty(), "told");
}

/// So was a rise that it had only read of.
#[test]
fn a_rise_that_was_only_read_of_is_told_after_the_start() {
    let mut before = Hub::new(ROUTES);
    late(&mut before, 60, 700);
    let mut hub = Hub::new(ROUTES);
    assert_eq!(raised(&hub.sample(30, SampleQuality::Good)).len(), 1);
    let only_read = before.entries.first().unwrap();
    hub.plugin.step(only_read, &mut Decisions::default());
    hub.step(EntryKind::Audit, "HUB-1", None, HUB_START, 0);
    let said = hub.sample(60, SampleQuality::Good);
    assert_eq!(raised(&said), [(AlarmCode::SensorHh, AlarmLevel::Red)]);
}

/// The second gas was counted under the first, and cleared with it while it leaked on.
#[test]
fn two_gases_of_one_detector_are_two_alarms_and_the_one_that_leaks_on_stays_raised() {
    let mut hub = Hub::new(ROUTES);
    let say = |hub: &mut Hub, nh3: i64, h2s: i64| {
        let mut batch = hub.batch(nh3, SampleQuality::Good);
        batch.samples[0].point = "nh3".to_owned();
        let mut second = batch.samples[0].clone();
        second.point = "h2s".to_owned();
        second.value = h2s.into();
        batch.samples.push(second);
        hub.message(Body::SensorReadingBatch(batch))
    };
    say(&mut hub, 99, 1);
    assert_eq!(hub.told(), ["console"]);
    hub.wait(1);
    let said = say(&mut hub, 99, 80);
    assert_eq!(updates(&said), [], "nothing is counted under the other gas");
    let notices = hub.notices();
    assert!(notices[0].3.contains("h2s = 80"), "{notices:?}");
    for _ in 0..8 {
        say(&mut hub, 1, 80);
        hub.wait(2);
    }
    let open = hub.plugin.open_alarms().page(None, 10);
    let is = |point: &str| {
        let one = open.iter().find(|one| one.description.contains(point));
        one.map(|one| one.state)
    };
    assert_eq!(is("nh3"), Some(AlarmState::Cleared));
    assert_eq!(is("h2s"), Some(AlarmState::Raised));
}

/// Of a slow detector whose alarm people had closed nothing was told again until ten seconds of normal values had come.
#[test]
fn after_people_closed_it_the_next_value_beyond_is_another_alarm_once_one_was_normal_or_it_fell_silent()
 {
    let good = SampleQuality::Good;
    for normal in [true, false] {
        let mut hub = Hub::new(ROUTES);
        let said = hub.sample(60, good);
        assert_eq!(raised(&said), [(AlarmCode::SensorHh, AlarmLevel::Red)]);
        let [Body::AlarmEvent(first)] = said.as_slice() else {
            panic!("one alarm: {said:?}")
        };
        people_close(&mut hub, &first.alarm_id);
        hub.wait(12);
        assert_eq!(
            raised(&hub.sample(60, good)),
            [],
            "it goes on, and people know"
        );
        hub.wait(12);
        match normal {
            true => {
                hub.sample(15, good);
            }
            false => {
                hub.device("GAS-01", DeviceState::Offline);
                hub.device("GAS-01", DeviceState::Online);
            }
        }
        let said = hub.sample(70, good);
        assert_eq!(raised(&said), [(AlarmCode::SensorHh, AlarmLevel::Red)]);
        assert_eq!(raised(&hub.sample(80, good)), [], "one alarm");
        // While that one lasts, a value that swings is no other.
        hub.sample(15, good);
        assert_eq!(raised(&hub.sample(70, good)), []);
    }
}

/// What was normal before people closed it was forgotten; so was what came without its thresholds.
#[test]
fn a_detector_that_was_away_before_people_closed_its_alarm_is_told_when_it_is_beyond_again() {
    let good = SampleQuality::Good;
    let without = |hub: &mut Hub, value: i64| {
        let mut batch = hub.batch(value, good);
        batch.samples[0].thresholds = None;
        hub.message(Body::SensorReadingBatch(batch))
    };
    for away in [
        "normal",
        "silent",
        "silent again",
        "no threshold",
        "no threshold after",
        "bad",
        "milder",
        "hub",
    ] {
        let mut hub = Hub::new(ROUTES);
        if away == "silent again" {
            hub.device("GAS-01", DeviceState::Offline);
        }
        let said = hub.sample(60, good);
        let [Body::AlarmEvent(first)] = said.as_slice() else {
            panic!("one alarm: {said:?}")
        };
        match away {
            "normal" => drop(hub.sample(15, good)),
            "silent" => {
                hub.device("GAS-01", DeviceState::Offline);
                hub.wait(2);
                hub.device("GAS-01", DeviceState::Online);
            }
            "no threshold" => assert_eq!(without(&mut hub, 5), []),
            "silent again" => drop(hub.device("GAS-01", DeviceState::Offline)),
            "bad" => drop(hub.sample(0, SampleQuality::Bad)),
            "milder" => drop(hub.sample(30, good)),
            _ => {}
        }
        people_close(&mut hub, &first.alarm_id);
        if away == "no threshold after" {
            assert_eq!(without(&mut hub, 5), []);
        }
        if away == "hub" {
            hub.step(EntryKind::Audit, "HUB-1", None, HUB_START, 0);
        }
        hub.restart();
        let said = hub.sample(60, good);
        assert_eq!(
            raised(&said),
            [(AlarmCode::SensorHh, AlarmLevel::Red)],
            "{away}"
        );
        assert_eq!(raised(&hub.sample(99, good)), [], "{away}");
    }
}

/// Samples that came without thresholds, or without the one that was passed, ended the alarm while gas went on.
#[test]
fn what_says_nothing_of_its_threshold_ends_no_alarm() {
    let mut hub = Hub::new(ROUTES);
    let good = SampleQuality::Good;
    hub.sample(60, good);
    let say = |hub: &mut Hub, value: i64, cut: fn(&mut cordon_model::Thresholds)| {
        let mut batch = hub.batch(value, good);
        batch.samples[0].thresholds.iter_mut().for_each(cut);
        hub.wait(4);
        hub.message(Body::SensorReadingBatch(batch))
    };
    let mut cuts: Vec<fn(&mut cordon_model::Thresholds)> = Vec::new();
    cuts.push(|it| (it.high, it.high_high) = (None, None));
    cuts.push(|it| it.high_high = None);
    for cut in cuts {
        for _ in 0..10 {
            assert_eq!(say(&mut hub, 60, cut), []);
        }
    }
    for _ in 0..10 {
        let mut batch = hub.batch(60, good);
        batch.samples[0].thresholds = None;
        hub.wait(4);
        assert_eq!(hub.message(Body::SensorReadingBatch(batch)), []);
    }
    // Below the nearer threshold is below the further one too.
    let mut said = Vec::new();
    for _ in 0..10 {
        said.extend(say(&mut hub, 15, |it| it.high_high = None));
    }
    assert_eq!(updates(&said)[0].1, AlarmState::Cleared);
}

/// A milder value after it was away was taken for the same, and not told.
#[test]
fn what_is_milder_after_it_was_away_is_told_and_what_only_sinks_is_not() {
    let good = SampleQuality::Good;
    for away in [true, false] {
        let mut hub = Hub::new(ROUTES);
        let said = hub.sample(60, good);
        let [Body::AlarmEvent(first)] = said.as_slice() else {
            panic!("one alarm: {said:?}")
        };
        if away {
            hub.sample(15, good);
        }
        people_close(&mut hub, &first.alarm_id);
        let mut said = Vec::new();
        for _ in 0..9 {
            hub.wait(2);
            said.extend(hub.sample(30, good));
        }
        let told: &[_] = &[(AlarmCode::SensorH, AlarmLevel::Orange)];
        assert_eq!(raised(&said), if away { told } else { &[] });
    }
}

/// People closed it, and so much was closed since that it is remembered no more: the next leak was told to nobody.
#[test]
fn what_is_beyond_again_after_its_alarm_was_forgotten_is_told() {
    let good = SampleQuality::Good;
    for away in ["normal", "bad", "silent"] {
        let config = Config {
            closed_max: 0,
            ..Config::default()
        };
        let mut hub = Hub::with(ROUTES, config);
        let said = hub.sample(60, good);
        let [Body::AlarmEvent(first)] = said.as_slice() else {
            panic!("one alarm: {said:?}")
        };
        people_close(&mut hub, &first.alarm_id);
        assert_eq!(
            raised(&hub.sample(60, good)),
            [],
            "it goes on, and people know"
        );
        match away {
            "normal" => drop(hub.sample(15, good)),
            "bad" => drop(hub.sample(60, SampleQuality::Bad)),
            _ => {
                hub.device("GAS-01", DeviceState::Offline);
                hub.device("GAS-01", DeviceState::Online);
            }
        }
        let said = hub.sample(60, good);
        assert_eq!(
            raised(&said),
            [(AlarmCode::SensorHh, AlarmLevel::Red)],
            "{away}"
        );
        assert_eq!(raised(&hub.sample(80, good)), [], "one alarm");
    }
}

/// People closed what counts many: none of those counted in it was told again.
#[test]
fn what_is_counted_of_many_is_told_again_once_people_have_closed_that() {
    let (good, bad) = (SampleQuality::Good, SampleQuality::Bad);
    let mut hub = Hub::new(ROUTES);
    let points = |hub: &Hub, numbers: std::ops::Range<u32>, quality| {
        let mut batch = hub.batch(60, quality);
        let one = batch.samples.remove(0);
        batch.samples.extend(numbers.map(|number| {
            let mut sample = one.clone();
            sample.device_id = "U-1".parse().unwrap();
            sample.point = format!("P-{number}");
            sample
        }));
        Body::SensorReadingBatch(batch)
    };
    let body = points(&hub, 0..120, good);
    hub.message(body);
    let all = hub.plugin.open_alarms().page(None, usize::MAX);
    let many = all.iter().find(|it| it.id.ends_with("-of-many")).unwrap();
    let many = many.id.clone();
    let swing = |hub: &mut Hub| {
        let body = points(hub, 110..115, bad);
        hub.message(body);
        let body = points(hub, 110..115, good);
        raised(&hub.message(body)).len()
    };
    hub.update(
        "operator-1",
        &many,
        (AlarmState::Raised, AlarmState::Acknowledged),
        None,
    );
    assert_eq!(swing(&mut hub), 0, "it lasts, and people know");
    hub.restart();
    assert_eq!(swing(&mut hub), 0, "so it does after a start");
    let closed = (AlarmState::Acknowledged, AlarmState::Closed);
    hub.update("operator-1", &many, closed, Some("vented"));
    assert!(swing(&mut hub) > 0, "it is beyond again");
    assert_eq!(swing(&mut hub), 0, "once");
}

/// What rose and was normal in one batch was raised under its old name, and nothing ended it.
#[test]
fn what_rises_after_its_alarm_was_forgotten_ends_with_its_point() {
    let good = SampleQuality::Good;
    let config = Config {
        closed_max: 0,
        ..Config::default()
    };
    let mut hub = Hub::with(ROUTES, config);
    let said = hub.sample(30, good);
    let [Body::AlarmEvent(first)] = said.as_slice() else {
        panic!("one alarm: {said:?}")
    };
    people_close(&mut hub, &first.alarm_id);
    let mut batch = hub.batch(60, good);
    batch.samples.extend(hub.batch(15, good).samples);
    batch.samples.extend(hub.batch(60, good).samples);
    batch.samples.extend(hub.batch(15, good).samples);
    let said = hub.message(Body::SensorReadingBatch(batch));
    assert_eq!(raised(&said), [(AlarmCode::SensorHh, AlarmLevel::Red)]);
    hub.wait(12);
    hub.sample(15, good);
    let open = hub.plugin.open_alarms().page(None, 10);
    assert!(
        open.iter().all(|it| it.state == AlarmState::Cleared),
        "{open:?}"
    );
}
