//! A panel says one thing more: in the same words, under the same name, or without a name.

use cordon_alarms::Config;
use cordon_model::{AlarmCode, AlarmLevel, AlarmState, AlarmState::*, Body};

use crate::hub::{Hub, alarm, audits, updates};

const DUTY: &str = "receivers = [\"duty\"]\n[route]\nreceivers = [\"duty\"]\n";

/// A red alarm, or its end, from the panel GAS-01.
fn say(hub: &mut Hub, id: &str, code: AlarmCode, state: AlarmState, words: &str) -> Vec<Body> {
    let mut event = alarm(id, code, AlarmLevel::Red);
    event.source_device = Some("GAS-01".parse().unwrap());
    event.occurred_at = hub.now;
    event.description = words.to_owned();
    event.state = state;
    hub.speech("GAS-01", Body::AlarmEvent(event))
}

fn fire(hub: &mut Hub, id: &str, words: &str) -> Vec<Body> {
    say(hub, id, AlarmCode::Fire, Raised, words)
}

fn end(hub: &mut Hub, id: &str, words: &str) -> Vec<Body> {
    say(hub, id, AlarmCode::Fire, Cleared, words)
}

/// The name that the mapping makes for a device that gives none.
fn made(hub: &Hub) -> String {
    format!("smoke-GAS-01:{}", hub.now.micros())
}

fn acknowledge(hub: &mut Hub, id: &str) {
    hub.update("operator-1", id, (Raised, Acknowledged), None);
    hub.told();
}

/// The name of the open alarm with these words, and its state.
fn with(hub: &Hub, words: &str) -> (String, AlarmState) {
    let open = hub.plugin.open_alarms().page(None, 100);
    let is_it = |said: &str| {
        said.strip_prefix(words)
            .is_some_and(|it| it.is_empty() || it.starts_with(" ["))
    };
    let one = open.iter().find(|one| is_it(&one.description));
    let one = one.unwrap_or_else(|| panic!("no {words}: {open:?}"));
    (one.id.clone(), one.state)
}

/// `a` and `b` told, acknowledged, then `c`: it stayed ACKNOWLEDGED and nobody was ever told.
#[test]
fn a_further_fire_after_people_acknowledged_raises_the_alarm_and_is_told_when_the_window_ends() {
    let mut hub = Hub::new(DUTY);
    let open = hub.plugin.open_alarms();
    fire(&mut hub, "a", "smoke");
    hub.wait(1);
    fire(&mut hub, "b", "smoke");
    assert_eq!(hub.told().len(), 2);
    hub.wait(2);
    acknowledge(&mut hub, "a");
    hub.wait(2);
    let said = fire(&mut hub, "c", "smoke");
    assert_eq!(updates(&said)[0], ("a".into(), Raised, None, None));
    assert_eq!((open.state("a"), hub.told().len()), (Some(Raised), 0));
    // Each of them, however often somebody acknowledges.
    acknowledge(&mut hub, "a");
    fire(&mut hub, "d", "smoke");
    assert_eq!((open.state("a"), hub.told().len()), (Some(Raised), 0));
    hub.restart();
    hub.wait(55);
    assert!(hub.told().is_empty(), "the window is not over");
    hub.wait(1);
    let told = hub.notices();
    assert_eq!((told.len(), told[0].2), (1, Raised), "{told:?}");
    let words = "3 counted in it] smoke [";
    assert!(told[0].3.contains(words), "{told:?}");
    // It escalates from when it was raised again.
    let said = hub.wait(4);
    assert_eq!(updates(&said)[0].3, Some(1), "{said:?}");
    // And the next one waits for the window after that.
    hub.told();
    acknowledge(&mut hub, "a");
    fire(&mut hub, "e", "smoke");
    assert_eq!((open.state("a"), hub.told().len()), (Some(Raised), 0));
    hub.wait(56);
    assert_eq!(hub.notices()[0].2, Raised);
}

/// A further one of what nobody has seen was counted and told to nobody, if it came within the window.
#[test]
fn a_further_fire_of_a_raised_alarm_is_told_when_the_window_ends() {
    let mut hub = Hub::new(DUTY);
    for id in ["a", "b", "c"] {
        fire(&mut hub, id, "smoke");
    }
    assert_eq!(hub.told().len(), 2);
    hub.wait(Config::default().flood_s);
    let told = hub.notices();
    let further = told
        .iter()
        .filter(|one| one.3.ends_with("2 counted in it] smoke"));
    assert_eq!(further.count(), 1, "{told:?}");
}

/// A detector that gives no names: its next fire within the window of one that was seen was told to nobody.
#[test]
fn what_is_told_again_after_people_acknowledged_raises_the_alarm_once_in_the_window() {
    for is_named in [false, true] {
        let mut hub = Hub::new(DUTY);
        let open = hub.plugin.open_alarms();
        let name = |hub: &Hub| match is_named {
            true => "s1".to_owned(),
            false => made(hub),
        };
        let first = name(&hub);
        let tell = |hub: &mut Hub| {
            let id = name(hub);
            fire(hub, &id, "smoke");
            (hub.plugin.open_alarms().state(&first), hub.told().len())
        };
        assert_eq!(tell(&mut hub), (Some(Raised), 1));
        acknowledge(&mut hub, &first);
        assert_eq!(tell(&mut hub), (Some(Acknowledged), 0), "the same instant");
        hub.wait(1);
        tell(&mut hub);
        assert_eq!(open.state(&first), Some(Raised));
        acknowledge(&mut hub, &first);
        // Each second: it can be acknowledged for all that.
        for _ in 0..5 {
            hub.wait(1);
            assert_eq!(tell(&mut hub), (Some(Acknowledged), 0));
        }
        hub.restart();
        hub.wait(60);
        assert_eq!(open.state(&first), Some(Raised));
        assert_eq!(hub.notices()[0].2, Raised);
        assert_eq!(open.page(None, 1)[0].repeats, 7);
        // What is over by then does not come back.
        acknowledge(&mut hub, &first);
        tell(&mut hub);
        let id = name(&hub);
        end(&mut hub, &id, "smoke");
        assert_eq!(open.state(&first), Some(Cleared));
        hub.wait(120);
        assert_eq!(open.state(&first), Some(Cleared));
    }
}

/// A red one under a name that was active was swallowed, whatever its words, its code or its place.
#[test]
fn a_name_of_an_active_alarm_in_other_words_or_of_another_code_is_another_alarm() {
    let mut hub = Hub::new(DUTY);
    let open = hub.plugin.open_alarms();
    fire(&mut hub, "s1", "ZONE 1");
    fire(&mut hub, "s1", "ZONE 7 other place");
    say(&mut hub, "s1", AlarmCode::CargoLeak, Raised, "ZONE 1");
    assert_eq!((open.total(), hub.told().len()), (3, 3));
    acknowledge(&mut hub, "s1");
    fire(&mut hub, "s1", "ZONE 9");
    assert_eq!((open.total(), hub.told().len()), (4, 1));
    // In the same words it is the same, whatever the hub calls it.
    let (zone_9, state) = with(&hub, "ZONE 9");
    assert_eq!(state, Raised);
    hub.wait(1);
    fire(&mut hub, "s1", "ZONE 9");
    assert_eq!((open.total(), hub.told().len()), (4, 0));
    hub.restart();
    // The end of the name means the one of its code, and none when it can mean several.
    let leak = open
        .page(None, 10)
        .into_iter()
        .find(|one| one.code == AlarmCode::CargoLeak)
        .unwrap();
    say(&mut hub, "s1", AlarmCode::CargoLeak, Cleared, "ZONE 1");
    assert_eq!(open.state(&leak.id), Some(Cleared));
    hub.told();
    let said = end(&mut hub, "s1", "over");
    assert_eq!(audits(&said), ["alarm.end-unclear"]);
    assert_eq!(hub.told().len(), 3, "whoever was told hears so");
    let (zone_7, _) = with(&hub, "ZONE 7 other place");
    let states = ["s1", &*zone_7, &*zone_9].map(|id| open.state(id));
    assert_eq!(states, [Some(Acknowledged), Some(Raised), Some(Raised)]);
    // What people have ended is not meant.
    for id in ["s1", &*zone_7] {
        acknowledge(&mut hub, id);
        hub.update("operator-1", id, (Acknowledged, Closed), Some("put out"));
    }
    end(&mut hub, "s1", "over");
    assert_eq!(open.state(&zone_9), Some(Raised), "which of the four");
    let said = end(&mut hub, "s1", "ZONE 9 over");
    assert_eq!(updates(&said), [(zone_9.clone(), Cleared, None, None)]);
    assert_eq!(open.state(&zone_9), Some(Cleared));
    assert!(end(&mut hub, "s1", "over").is_empty(), "none is left");
}

/// The end of `m1` ended the alarm in which one without a name was counted.
#[test]
fn the_end_of_a_name_does_not_end_what_was_told_without_one() {
    let mut hub = Hub::new(DUTY);
    let open = hub.plugin.open_alarms();
    fire(&mut hub, "m1", "smoke");
    hub.wait(1);
    let id = made(&hub);
    fire(&mut hub, &id, "smoke");
    // Without a name it is not known which of the two is over.
    hub.wait(1);
    let id = made(&hub);
    let said = end(&mut hub, &id, "no smoke");
    assert_eq!(audits(&said), ["alarm.end-unclear"]);
    for _ in 0..2 {
        end(&mut hub, "m1", "no smoke");
        assert_eq!(open.state("m1"), Some(Raised));
    }
    let id = made(&hub);
    end(&mut hub, &id, "no smoke");
    assert_eq!(open.state("m1"), Some(Cleared));
}

/// The end of a name that a closed alarm had was taken for that one's, and the open one stayed RAISED.
#[test]
fn the_end_of_a_name_that_was_used_before_ends_the_open_alarm() {
    let mut hub = Hub::new(DUTY);
    let open = hub.plugin.open_alarms();
    fire(&mut hub, "x1", "smoke");
    hub.wait(1);
    end(&mut hub, "x1", "smoke");
    assert_eq!(open.state("x1"), Some(Cleared));
    hub.wait(1);
    fire(&mut hub, "x1", "smoke");
    let all = open.page(None, 10);
    let second = all.iter().find(|one| one.state == Raised).unwrap();
    assert_ne!(second.id, "x1");
    hub.wait(1);
    hub.restart();
    let said = end(&mut hub, "x1", "smoke");
    assert_eq!(updates(&said), [(second.id.clone(), Cleared, None, None)]);
    assert_eq!(open.state(&second.id), Some(Cleared));
    assert!(end(&mut hub, "x1", "smoke").is_empty());
}

/// One that was over and is told again under its name was not waited for.
#[test]
fn a_name_that_is_raised_again_lasts_until_it_ends_again() {
    let mut hub = Hub::new(DUTY);
    let open = hub.plugin.open_alarms();
    fire(&mut hub, "m1", "smoke");
    fire(&mut hub, "m2", "smoke");
    end(&mut hub, "m1", "smoke");
    hub.wait(1);
    fire(&mut hub, "m1", "smoke");
    end(&mut hub, "m2", "smoke");
    assert_eq!(open.state("m1"), Some(Raised));
    end(&mut hub, "m1", "smoke");
    assert_eq!(open.state("m1"), Some(Cleared));
}
