//! What comes after an alarm is over is another one, whatever its source's clock says; and words that change.

use cordon_alarms::Config;
use cordon_contract::{EntryKind, Plugin as _};
use cordon_model::{
    AlarmCode, AlarmEvent, AlarmLevel, AlarmState, AlarmState::*, Body, MessageId, Timestamp,
};

use crate::hub::{Hub, alarm, audits, updates};

pub const DUTY: &str = "receivers = [\"duty\"]\n[route]\nreceivers = [\"duty\"]\n";

/// Who says something: a panel through an adapter, or an enterprise that names no device.
#[derive(Clone, Copy, Debug)]
pub enum Who {
    Panel,
    Enterprise,
}

pub const BOTH: [Who; 2] = [Who::Panel, Who::Enterprise];

pub fn event(id: &str, level: AlarmLevel, words: &str, at: Timestamp) -> AlarmEvent {
    AlarmEvent {
        occurred_at: at,
        description: words.to_owned(),
        ..alarm(id, AlarmCode::Fire, level)
    }
}

pub fn say(hub: &mut Hub, who: Who, mut event: AlarmEvent) -> Vec<Body> {
    match who {
        Who::Panel => {
            event.source_device = Some("GAS-01".parse().unwrap());
            hub.speech("GAS-01", Body::AlarmEvent(event))
        }
        Who::Enterprise => {
            let body = Some(Body::AlarmEvent(event));
            hub.step(EntryKind::Message, "enterprise-1", body, "", 0)
        }
    }
}

pub fn red(hub: &mut Hub, who: Who, id: &str, words: &str) -> Vec<Body> {
    let event = event(id, AlarmLevel::Red, words, hub.now);
    say(hub, who, event)
}

pub fn end(hub: &mut Hub, who: Who, id: &str, words: &str) -> Vec<Body> {
    let event = AlarmEvent {
        state: Cleared,
        ..event(id, AlarmLevel::Red, words, hub.now)
    };
    say(hub, who, event)
}

/// The name that the mapping makes of GAS-01 and this instant.
fn made(hub: &Hub) -> String {
    cordon_contract::made_name("GAS-01", hub.now)
}

/// A red alarm of a detector that gives no names, or its end.
pub fn nameless(hub: &mut Hub, words: &str, state: AlarmState) {
    hub.wait(1);
    let event = AlarmEvent {
        state,
        ..event(&made(hub), AlarmLevel::Red, words, hub.now)
    };
    say(hub, Who::Panel, event);
}

pub fn close(hub: &mut Hub, id: &str) {
    hub.update("operator-1", id, (Raised, Acknowledged), None);
    hub.update("operator-1", id, (Acknowledged, Closed), Some("put out"));
    hub.told();
}

/// The names of the alarms in a state, and their words.
pub fn all(hub: &Hub, state: AlarmState) -> Vec<(String, String)> {
    let open = hub.plugin.open_alarms().page(None, 100);
    let in_state = open.into_iter().filter(|one| one.state == state);
    in_state.map(|one| (one.id, one.description)).collect()
}

/// A panel whose clock went back, stood still, or has none: its next fire under the name and words of one that
/// was over was taken for that one told again, by its time alone.
#[test]
fn a_fire_after_one_is_over_is_another_whatever_the_clock_of_its_source_says() {
    for who in BOTH {
        for by_people in [true, false] {
            for seconds in [-30, -86_400 * 30, 0, 1] {
                let mut hub = Hub::new(DUTY);
                let first = hub.now;
                red(&mut hub, who, "q1", "ZONE 1");
                match by_people {
                    true => close(&mut hub, "q1"),
                    false => drop(end(&mut hub, who, "q1", "ZONE 1")),
                }
                hub.told();
                hub.wait(5);
                let again = event("q1", AlarmLevel::Red, "ZONE 1", first.plus_seconds(seconds));
                say(&mut hub, who, again.clone());
                let told = hub.notices();
                let case = format!("{who:?} {by_people} {seconds}: {told:?}");
                assert_eq!(told.len(), 1, "{case}");
                // It may be an old one that comes late: people read when its source says that it was.
                let is_old = told[0].3.contains("no later than q1");
                assert_eq!(is_old, seconds <= 0, "{case}");
                let stated = again.occurred_at.to_string();
                assert_eq!(told[0].3.contains(&stated), is_old, "{case}");
                let open = all(&hub, Raised);
                assert_eq!(open.len(), 1, "{case}");
                // Told again while it lasts it is that one, as a name that was never over is.
                hub.restart();
                for _ in 0..3 {
                    hub.wait(1);
                    say(&mut hub, who, again.clone());
                    red(&mut hub, who, "q1", "ZONE 1");
                }
                assert_eq!(all(&hub, Raised), open, "{case}");
                assert!(hub.told().is_empty(), "{case}");
                let page = hub.plugin.open_alarms().page(None, 10);
                let one = page.iter().find(|one| one.state == Raised).unwrap();
                assert_eq!(one.repeats, 6, "{case}");
                // Its end is the end of its name.
                let said = end(&mut hub, who, "q1", "over");
                assert_eq!(updates(&said)[0], (open[0].0.clone(), Cleared, None, None));
                // And so is the next.
                say(&mut hub, who, again);
                assert_eq!(all(&hub, Raised).len(), 1, "{case}");
            }
        }
    }
}

/// What is worse than the one that goes on after one that was over is that one, which rises.
#[test]
fn what_is_worse_than_the_next_of_a_name_lets_that_one_rise() {
    for who in BOTH {
        let mut hub = Hub::new(DUTY);
        let at = hub.now;
        let orange = event("q1", AlarmLevel::Orange, "ZONE 1", at);
        say(&mut hub, who, orange.clone());
        end(&mut hub, who, "q1", "over");
        say(&mut hub, who, orange);
        let (next, _) = all(&hub, Raised).remove(0);
        hub.update("operator-1", &next, (Raised, Acknowledged), None);
        hub.told();
        red(&mut hub, who, "q1", "ZONE 1");
        let open = all(&hub, Raised);
        assert_eq!((open.len(), &open[0].0), (1, &next), "{who:?}");
        assert_eq!(hub.told().len(), 1);
    }
}

/// Each repetition with another value in its words was an alarm to acknowledge.
#[test]
fn a_value_that_changes_in_the_words_is_the_same_alarm_and_all_its_words_are_kept() {
    for who in BOTH {
        let mut hub = Hub::new(DUTY);
        for tenth in 0..12 {
            let words = format!("temp {}.{}", 71 + tenth / 10, tenth % 10);
            red(&mut hub, who, "v1", &words);
            hub.wait(1);
        }
        let open = all(&hub, Raised);
        assert_eq!(open.len(), 1, "{who:?}: {open:?}");
        let (_, words) = &open[0];
        assert!(words.starts_with("temp 72.1 ["), "{words}");
        let before = "said before: temp 72.0; temp 71.9; temp 71.8; ";
        assert!(
            words.contains(before) && words.ends_with("and 3 more]"),
            "{words}"
        );
        // One notice, one of the second value, and one of all that came within the window.
        assert_eq!(hub.told().len(), 2);
        hub.wait(Config::default().flood_s);
        let told = hub.notices();
        let newest = told
            .iter()
            .filter(|one| one.3.contains("counted in it] temp 72.1 ["));
        let newest: Vec<_> = newest.collect();
        assert_eq!(newest.len(), 1, "{told:?}");
        for value in ["72.1", "72.0", "71.5"] {
            assert!(newest[0].3.contains(value), "{newest:?}");
        }
        // Who has acknowledged it hears of the next value once in the window, not of each.
        hub.update("operator-1", "v1", (Raised, Acknowledged), None);
        hub.told();
        for tenth in 0..5 {
            red(&mut hub, who, "v1", &format!("temp 80.{tenth}"));
            assert_eq!(hub.plugin.open_alarms().state("v1"), Some(Acknowledged));
        }
        hub.wait(Config::default().flood_s);
        let told = hub.notices();
        assert_eq!(told[0].2, Raised);
        assert!(told[0].3.contains("temp 80.4"), "{told:?}");
        end(&mut hub, who, "v1", "normal");
        assert_eq!(hub.plugin.open_alarms().state("v1"), Some(Cleared));
    }
}

/// Each repetition of the second words was an alarm of its own where no device was named.
#[test]
fn what_is_told_again_in_the_second_words_of_a_name_is_counted_in_the_second_alarm() {
    for who in BOTH {
        let mut hub = Hub::new(DUTY);
        red(&mut hub, who, "w1", "ZONE A");
        for _ in 0..3 {
            red(&mut hub, who, "w1", "ZONE B");
            hub.wait(1);
            red(&mut hub, who, "w1", "ZONE A");
        }
        let words = |hub: &Hub| {
            let open = all(hub, Raised);
            let mut words: Vec<_> = open.into_iter().map(|(_, words)| words).collect();
            words.sort();
            words
        };
        assert_eq!(words(&hub), ["ZONE A", "ZONE B"], "{who:?}");
        assert_eq!(hub.told().len(), 2);
        // The end in the words of one of them is the end of that one.
        hub.restart();
        end(&mut hub, who, "w1", "ZONE B");
        assert_eq!(words(&hub), ["ZONE A"]);
    }
}

/// An orange fire rose to the red one of another zone under its name: its words were gone, and one end ended both.
#[test]
fn a_worse_alarm_of_another_zone_under_one_name_is_another_alarm() {
    for who in BOTH {
        let mut hub = Hub::new(DUTY);
        let open = hub.plugin.open_alarms();
        let orange = event("p1", AlarmLevel::Orange, "ZONE 1 boiler", hub.now);
        say(&mut hub, who, orange);
        red(&mut hub, who, "p1", "ZONE 7 school");
        assert_eq!((open.total(), hub.told().len()), (2, 2), "{who:?}");
        // The same words, worse and with another value, are the same; others are another place.
        red(&mut hub, who, "p1", "ZONE 1 boiler");
        assert_eq!((open.total(), hub.told().len()), (2, 1));
        let boiler = |hub: &Hub| all(hub, Raised).into_iter().find(|one| one.0 == "p1");
        assert_eq!(
            hub.plugin.open_alarms().page(None, 1)[0].level,
            AlarmLevel::Red
        );
        red(&mut hub, who, "p1", "zone 1: FIRE");
        assert_eq!((open.total(), hub.told().len()), (3, 1));
        end(&mut hub, who, "p1", "zone 1: FIRE");
        // An end in other words can mean both, one in its own words ends one.
        let said = end(&mut hub, who, "p1", "over");
        assert_eq!(audits(&said), ["alarm.end-unclear"]);
        end(&mut hub, who, "p1", "ZONE 7 school");
        assert_eq!(all(&hub, Raised).len(), 1);
        assert!(boiler(&hub).is_some());
    }
}

/// A name in ever other words is eight alarms, and what comes then is counted in the last of them.
#[test]
fn a_name_in_ever_other_words_is_eight_alarms_and_the_last_counts_the_others() {
    for who in BOTH {
        let mut hub = Hub::new(DUTY);
        let open = hub.plugin.open_alarms();
        for zone in 1..=20 {
            hub.wait(1);
            red(&mut hub, who, "z", &format!("ZONE {zone}"));
        }
        assert_eq!(open.total(), 8, "{who:?}");
        let last = |hub: &Hub| {
            let all = open.page(None, 10).into_iter();
            let last = all.max_by_key(|one| one.repeats).unwrap();
            let state = hub.plugin.open_alarms().state(&last.id).unwrap();
            (last.id, last.description, last.repeats, state)
        };
        let (id, words, repeats, _) = last(&hub);
        assert_eq!(repeats, 12);
        assert!(words.starts_with("ZONE 20 [") && words.contains("before: ZONE 19; ZONE 18; "));
        hub.told();
        hub.wait(Config::default().flood_s);
        let told = hub.notices();
        let named = "before it: GAS-01: ZONE 19; GAS-01: ZONE 18; ";
        let named = match who {
            Who::Panel => named.to_owned(),
            Who::Enterprise => named.replace("GAS-01", "A-CORE"),
        };
        assert!(told.iter().any(|one| one.3.contains(&named)), "{told:?}");
        // Each further one opens it again, and none that was told.
        let acknowledge = |hub: &mut Hub| {
            hub.update("operator-1", &id, (Raised, Acknowledged), None);
            hub.told();
        };
        acknowledge(&mut hub);
        red(&mut hub, who, "z", "ZONE 21");
        assert_eq!(last(&hub).3, Raised);
        acknowledge(&mut hub);
        hub.restart();
        red(&mut hub, who, "z", "ZONE 9");
        assert_eq!(last(&hub).3, Acknowledged, "told before");
        // No end of the name says which of them are over.
        for other in open.page(None, 10) {
            if other.id != id {
                hub.update("operator-1", &other.id, (Raised, Acknowledged), None);
                hub.update("operator-1", &other.id, (Acknowledged, Closed), Some("out"));
            }
        }
        end(&mut hub, who, "z", "ZONE 9");
        assert_eq!(last(&hub).3, Acknowledged);
        assert_eq!(
            open.page(None, 10)
                .iter()
                .filter(|one| one.id == id)
                .count(),
            1
        );
    }
}

/// Places as panels write them.
const PLACES: [(&str, &str); 13] = [
    ("0101-02-03", "0101-02-04"),
    ("1:02:03", "1:02:04"),
    ("01:02:03 FIRE", "01:02:04 FIRE"),
    ("2001-02-03", "2001-02-04"),
    ("Hall 2.1", "Hall 2.2"),
    ("zone=1 temp=71.0", "zone=2 temp=71.0"),
    ("tank 2 ppm: 40", "tank 3 ppm: 40"),
    ("north hall", "south hall"),
    ("32%液碱罐 火警", "24%液碱罐 火警"),
    ("5 % acid tank leak", "2 % acid tank leak"),
    ("1.5 MPa hydrogen vessel", "1.2 MPa hydrogen vessel"),
    ("-18℃冷库 火警", "-22℃冷库 火警"),
    ("1号罐 2026-11-24 12:30:05", "2号罐 2026-11-24 12:30:05"),
];

/// Addresses were taken for dates, times and values: the third place waited a minute, and one end ended all.
#[test]
fn an_address_is_no_value_and_the_end_of_one_place_ends_no_other() {
    for who in BOTH {
        for (one, other) in PLACES {
            for people_close in [false, true] {
                let mut hub = Hub::new(DUTY);
                let third = other.replace(['2', '4'], "9").replace("south", "east");
                for words in [one, other, &third] {
                    hub.wait(1);
                    red(&mut hub, who, "n", words);
                    assert_eq!(hub.told().len(), 1, "{words}");
                }
                let lasting = |hub: &Hub| {
                    let open = all(hub, Raised).into_iter();
                    open.map(|(_, words)| words).collect::<Vec<_>>()
                };
                assert_eq!(lasting(&hub).len(), 3, "{one}");
                for (id, words) in all(&hub, Raised) {
                    if words != one && people_close {
                        close(&mut hub, &id);
                    }
                }
                hub.restart();
                // Whatever is told of the others' end, in their words or near to them.
                for words in [other, &third, other] {
                    end(&mut hub, who, "n", words);
                    end(&mut hub, who, "n", &format!("{words} normal"));
                }
                assert_eq!(lasting(&hub).len(), 1, "{one} {people_close}");
                end(&mut hub, who, "n", one);
                assert!(lasting(&hub).is_empty(), "{one}");
            }
        }
    }
}

/// What says its place in a field of its own is ended there alone, although people had closed that one.
#[test]
fn the_end_of_one_area_ends_no_fire_of_another() {
    for who in BOTH {
        let mut hub = Hub::new(DUTY);
        let of = |area: &str, state, at| AlarmEvent {
            area_id: Some(area.to_owned()),
            state,
            ..event("a", AlarmLevel::Red, "smoke", at)
        };
        for area in ["A-CORE", "A-GEN"] {
            let event = of(area, Raised, hub.now);
            say(&mut hub, who, event);
        }
        assert_eq!(all(&hub, Raised).len(), 2);
        close(&mut hub, "a");
        for (area, left) in [("A-CORE", 1), ("A-GEN", 0)] {
            let event = of(area, Cleared, hub.now);
            say(&mut hub, who, event);
            assert_eq!(all(&hub, Raised).len(), left, "{who:?} {area}");
        }
    }
}

/// In a detector that gives no names the end of what people had closed ended the fire beside it.
#[test]
fn the_end_of_a_place_without_a_name_ends_no_other() {
    for (one, other) in PLACES {
        for people_close in [false, true] {
            let mut hub = Hub::new(DUTY);
            nameless(&mut hub, one, Raised);
            nameless(&mut hub, other, Raised);
            let open = all(&hub, Raised);
            assert_eq!((open.len(), hub.told().len()), (2, 2), "{one}");
            let (id, _) = open.iter().find(|(_, words)| words == other).unwrap();
            if people_close {
                close(&mut hub, id);
            }
            hub.restart();
            for _ in 0..2 {
                nameless(&mut hub, other, Cleared);
                nameless(&mut hub, &format!("{other} normal"), Cleared);
            }
            let open = all(&hub, Raised);
            assert_eq!(open.len(), 1, "{one} {people_close}");
            nameless(&mut hub, one, Cleared);
            assert!(all(&hub, Raised).is_empty(), "{one} {people_close}");
        }
    }
}

/// A detector that gives no names made an alarm of each whole number it wrote.
#[test]
fn what_a_device_tells_without_a_name_in_ever_other_words_is_eight_alarms_of_a_level() {
    let mut hub = Hub::new(DUTY);
    let open = hub.plugin.open_alarms();
    for number in 1..=40 {
        nameless(&mut hub, &format!("smoke {number}"), Raised);
    }
    assert_eq!(open.total(), 8);
    let counting = |hub: &Hub| {
        let all = hub.plugin.open_alarms().page(None, 10).into_iter();
        all.max_by_key(|one| one.repeats).unwrap()
    };
    let last = counting(&hub);
    assert_eq!(last.repeats, 32);
    assert!(last.description.starts_with("smoke 40 ["), "{last:?}");
    assert!(
        last.description.contains("said before: smoke 39; "),
        "{last:?}"
    );
    // What was told is told again, and what is further opens it.
    hub.update("operator-1", &last.id, (Raised, Acknowledged), None);
    hub.restart();
    nameless(&mut hub, "smoke 41", Raised);
    assert_eq!((open.total(), counting(&hub).state), (8, Raised));
    // No end says which of them are over; that of the first ends the first.
    nameless(&mut hub, "smoke 41", Cleared);
    assert_eq!(counting(&hub).state, Raised);
    assert!(counting(&hub).description.contains("not which"));
    nameless(&mut hub, "smoke 1", Cleared);
    assert_eq!(all(&hub, Raised).len(), 7);
    // Another level, and another device, have eight of their own.
    hub.wait(1);
    hub.detect(&made(&hub), "GAS-02", AlarmCode::Fire, AlarmLevel::Red);
    let mut orange = event(&made(&hub), AlarmLevel::Orange, "smoke 50", hub.now);
    orange.source_device = Some("GAS-01".parse().unwrap());
    hub.speech("GAS-01", Body::AlarmEvent(orange));
    assert_eq!(all(&hub, Raised).len(), 9);
}

/// What was told as orange was no news as red where many texts are counted in one alarm.
#[test]
fn a_text_that_grows_worse_in_an_alarm_that_counts_others_is_told() {
    let mut hub = Hub::new(DUTY);
    for zone in 1..=8 {
        red(&mut hub, Who::Panel, "z", &format!("ZONE {zone}"));
    }
    let orange = event("z", AlarmLevel::Orange, "ZONE 9", hub.now);
    say(&mut hub, Who::Panel, orange);
    hub.wait(2 * Config::default().flood_s);
    hub.told();
    hub.wait(1);
    red(&mut hub, Who::Panel, "z", "ZONE 9");
    assert_eq!(hub.told().len(), 1);
    hub.wait(1);
    red(&mut hub, Who::Panel, "z", "ZONE 9");
    assert!(hub.told().is_empty(), "it is told once");
}

/// What is milder and in other words is counted in the fire of another place, and its end ended that.
#[test]
fn the_end_of_what_is_milder_and_elsewhere_ends_no_fire() {
    for who in BOTH {
        let mut hub = Hub::new(DUTY);
        red(&mut hub, who, "m", "hall 1");
        let yellow = event("m", AlarmLevel::Yellow, "hall 2", hub.now);
        say(&mut hub, who, yellow);
        end(&mut hub, who, "m", "hall 2");
        let open = all(&hub, Raised);
        assert_eq!(open.len(), 1);
        assert!(open[0].1.contains("not which"), "{open:?}");
    }
}

/// Words of yellow ones are not compared: their end is in other words, or in those of an earlier one.
#[test]
fn the_end_of_a_yellow_one_is_its_end_in_whatever_words() {
    let mut hub = Hub::new(DUTY);
    for words in ["queue 5", "queue 12"] {
        let yellow = event("y", AlarmLevel::Yellow, words, hub.now);
        say(&mut hub, Who::Panel, yellow);
        assert_eq!(all(&hub, Raised).len(), 1);
        end(&mut hub, Who::Panel, "y", "queue 5");
        assert!(all(&hub, Raised).is_empty(), "{words}");
    }
}

/// Each text that one alarm counted was remembered for as long as it was active.
#[test]
fn what_is_remembered_of_an_alarm_in_ever_other_words_does_not_grow() {
    let mut hub = Hub::new(DUTY);
    let mut sizes = Vec::new();
    for thousand in 1..=4 {
        for number in 0..1_000 {
            red(
                &mut hub,
                Who::Panel,
                "z",
                &format!("ZONE {thousand}{number:03}"),
            );
        }
        hub.told();
        hub.wait(2 * Config::default().flood_s);
        sizes.push(hub.plugin.kept().unwrap().bytes());
    }
    assert!(sizes[3] < sizes[1] + sizes[1] / 10, "{sizes:?}");
}

/// Of more names than an alarm keeps each one that was told again undid the acknowledgement.
#[test]
fn a_name_that_is_not_kept_is_further_once() {
    let mut hub = Hub::new(DUTY);
    let open = hub.plugin.open_alarms();
    for number in 0..60 {
        red(&mut hub, Who::Panel, &format!("n{number}"), "hall");
    }
    for _ in 0..4 {
        hub.wait(2 * Config::default().flood_s);
        if open.state("n0") == Some(Raised) {
            hub.update("operator-1", "n0", (Raised, Acknowledged), None);
        }
        red(&mut hub, Who::Panel, "n55", "hall");
        assert_eq!(open.state("n0"), Some(Raised), "once in the window");
        hub.update("operator-1", "n0", (Raised, Acknowledged), None);
        hub.restart();
        for _ in 0..3 {
            hub.wait(1);
            red(&mut hub, Who::Panel, "n55", "hall");
            red(&mut hub, Who::Panel, "n5", "hall");
            assert_eq!(open.state("n0"), Some(Acknowledged));
        }
    }
    red(&mut hub, Who::Panel, "n60", "hall");
    assert_eq!(open.state("n0"), Some(Raised), "a further one at once");
}

/// The alarm that counts what made-up names say shows another device each time, and was taken for another's.
#[test]
fn the_hubs_alarm_that_counts_is_one_whatever_device_it_shows() {
    let mut hub = Hub::new(DUTY);
    for number in 0..8_u8 {
        let counted = AlarmEvent {
            source_device: Some(format!("FX{number:05}").parse().unwrap()),
            cause_ref: Some(MessageId::from_bytes([number; 16])),
            ..event(
                "flow-9",
                AlarmLevel::Red,
                &format!("made {number}"),
                hub.now,
            )
        };
        let body = Some(Body::AlarmEvent(counted));
        hub.step(EntryKind::Message, "HUB-1", body, "", 1);
        hub.wait(10);
    }
    let open = hub.plugin.open_alarms().page(None, 10);
    let all: Vec<_> = open.iter().map(|one| (&*one.id, one.repeats)).collect();
    assert_eq!(all, [("flow-9", 7)]);
    assert!(open[0].description.contains("made 7"), "{open:?}");
}
