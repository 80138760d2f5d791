//! Steps from outside: the lawful are taken, the others are audited and corrected.

use cordon_contract::{EntryKind, Plugin as _};
use cordon_model::{AlarmCode, AlarmLevel, AlarmState, AlarmState::*, Body, SampleQuality};

use crate::hub::{Hub, alarm, audits, updates};

const ROUTES: &str = "receivers = [\"console\"]\n[route]\nreceivers = [\"console\"]\n";

#[test]
fn closing_needs_a_disposal_note() {
    let mut hub = Hub::new(ROUTES);
    hub.raise("a-1", AlarmCode::Fire, AlarmLevel::Red);
    let said = hub.update("operator-1", "a-1", (Raised, Closed), Some("no"));
    assert_eq!(audits(&said), ["alarm.step-refused"]);
    // Whoever only adds up updates is put right.
    assert_eq!(updates(&said), [("a-1".into(), Raised, None, None)]);
    assert!(
        hub.update("operator-1", "a-1", (Raised, Acknowledged), None)
            .is_empty()
    );
    let said = hub.update("operator-1", "a-1", (Acknowledged, Closed), None);
    assert_eq!(audits(&said), ["alarm.step-refused"]);
    assert!(
        hub.update("operator-1", "a-1", (Acknowledged, Closed), Some("put out"))
            .is_empty()
    );
    let said = hub.update("operator-1", "a-1", (Closed, Acknowledged), None);
    assert_eq!(audits(&said), ["alarm.step-refused"]);
}

#[test]
fn a_stale_view_and_an_unknown_alarm_are_audited() {
    let mut hub = Hub::new(ROUTES);
    hub.raise("a-1", AlarmCode::Fire, AlarmLevel::Red);
    hub.update("operator-1", "a-1", (Raised, Confirmed), None);
    let said = hub.update("operator-2", "a-1", (Raised, Rejected), None);
    assert_eq!(audits(&said), ["alarm.step-refused"]);
    assert_eq!(updates(&said)[0].1, Confirmed);
    let said = hub.update("operator-1", "nobody", (Raised, Acknowledged), None);
    assert_eq!(audits(&said), ["alarm.step-refused"]);
    assert!(updates(&said).is_empty());
}

#[test]
fn an_enterprise_ends_no_alarm_of_the_park_by_saying_the_like() {
    let mut hub = Hub::new(ROUTES);
    hub.raise("a-1", AlarmCode::Fire, AlarmLevel::Red);
    let mut end = alarm("a-99", AlarmCode::Fire, AlarmLevel::Red);
    end.state = Cleared;
    let end = Some(Body::AlarmEvent(end));
    let said = hub.step(EntryKind::Message, "enterprise-1", end, "", 0);
    assert_eq!(updates(&said), []);
    // Nor is its own counted under the park's, where nobody would be told of it.
    let own = Some(Body::AlarmEvent(alarm(
        "a-2",
        AlarmCode::Fire,
        AlarmLevel::Red,
    )));
    let said = hub.step(EntryKind::Message, "enterprise-1", own, "", 0);
    assert_eq!(updates(&said), []);
}

#[test]
fn a_device_that_says_the_end_of_its_alarm_clears_it() {
    let mut hub = Hub::new(ROUTES);
    hub.raise("a-1", AlarmCode::DoorOpen, AlarmLevel::Yellow);
    let mut end = alarm("a-99", AlarmCode::DoorOpen, AlarmLevel::Yellow);
    end.state = Cleared;
    let said = hub.message(Body::AlarmEvent(end));
    assert_eq!(updates(&said), [("a-1".into(), Cleared, None, None)]);
    hub.wait(3_600);
    assert!(hub.told().is_empty(), "over before its group was due");
}

/// Devices count from 1 again after a restart, and two may count alike: neither hides the other.
#[test]
fn a_name_that_is_used_again_is_another_alarm() {
    let mut hub = Hub::new(ROUTES);
    hub.detect("F-1", "CAM-01", AlarmCode::Fire, AlarmLevel::Red);
    hub.wait(100);
    // Another detector, the same number.
    let said = hub.detect("F-1", "CAM-02", AlarmCode::Fire, AlarmLevel::Red);
    let [Body::AlarmEvent(own)] = said.as_slice() else {
        panic!("one alarm: {said:?}")
    };
    assert_ne!(own.alarm_id, "F-1");
    assert_eq!(hub.plugin.open_alarms().total(), 2);
    hub.update("operator-1", "F-1", (Raised, Acknowledged), None);
    hub.update("operator-1", "F-1", (Acknowledged, Closed), Some("put out"));
    hub.told();
    hub.wait(100);
    // The same detector, the same number, another fire.
    hub.detect("F-1", "CAM-01", AlarmCode::Fire, AlarmLevel::Red);
    assert_eq!(hub.plugin.open_alarms().total(), 2);
    assert!(hub.told().contains(&"console".to_owned()));
    // What happened before it was closed is that same fire, sent again.
    let mut late = alarm("F-1", AlarmCode::Fire, AlarmLevel::Red);
    late.source_device = Some("CAM-01".parse().unwrap());
    assert!(hub.message(Body::AlarmEvent(late)).is_empty());
}

#[test]
fn an_event_of_another_party_neither_ends_nor_lowers_an_alarm() {
    let mut hub = Hub::new(ROUTES);
    hub.raise("a-1", AlarmCode::Fire, AlarmLevel::Red);
    for (state, level) in [(Cleared, AlarmLevel::Red), (Raised, AlarmLevel::Blue)] {
        let mut event = alarm("a-1", AlarmCode::Fire, level);
        event.state = state;
        let body = Some(Body::AlarmEvent(event));
        hub.step(EntryKind::Message, "enterprise-2", body, "", 0);
    }
    let open = hub.plugin.open_alarms();
    assert_eq!(open.state("a-1"), Some(Raised));
    assert_eq!(open.page(None, 1)[0].level, AlarmLevel::Red);
}

/// 55 blue alarms pushed an open red one off the page.
#[test]
fn what_is_open_is_listed_by_level_and_page_by_page_to_the_last() {
    let mut hub = Hub::new(ROUTES);
    hub.raise("red", AlarmCode::Fire, AlarmLevel::Red);
    for number in 0..55 {
        let device = format!("CAM-{number}");
        hub.detect(&device, &device, AlarmCode::DeviceTamper, AlarmLevel::Blue);
    }
    let open = hub.plugin.open_alarms();
    assert_eq!((open.total(), open.by_level()[&AlarmLevel::Blue]), (56, 55));
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = open.page(after.as_deref(), 10);
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        seen.extend(page.into_iter().map(|alarm| alarm.id));
    }
    assert_eq!((seen.len(), seen[0].as_str()), (56, "red"));
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 56);
}

#[test]
fn what_is_kept_is_the_whole_state_and_always_the_same_bytes() {
    let drive = |hub: &mut Hub| {
        hub.raise("a-1", AlarmCode::PerimeterIntrusion, AlarmLevel::Red);
        hub.raise("a-2", AlarmCode::Overspeed, AlarmLevel::Yellow);
        hub.sample(60, SampleQuality::Good);
        hub.wait(7);
        hub.outcomes("CONFIRMED");
    };
    let (mut one, mut two) = (Hub::new(ROUTES), Hub::new(ROUTES));
    drive(&mut one);
    drive(&mut two);
    let kept = one.plugin.kept().unwrap();
    assert_eq!(kept, two.plugin.kept().unwrap());
    let mut again = Hub::new(ROUTES);
    again.put_back(&kept);
    (again.now, again.entries) = (one.now, one.entries.clone());
    assert_eq!(again.plugin.kept().unwrap(), kept);
    // What is shown is the same before and after a restart.
    let open = |hub: &Hub| hub.plugin.open_alarms().page(None, 100);
    assert_eq!(open(&again), open(&one));
    assert_eq!(open(&one).len(), 3);
    assert_eq!(again.wait(100), one.wait(100));
    assert_eq!(again.plugin.kept().unwrap(), one.plugin.kept().unwrap());
}

const DUTY: &str = "receivers = [\"duty\"]\n[route]\nreceivers = [\"duty\"]\n";

/// A red fire alarm, or its end, from the panel GAS-01.
fn say(hub: &mut Hub, id: &str, state: AlarmState, words: &str) -> Vec<Body> {
    let mut event = alarm(id, AlarmCode::Fire, AlarmLevel::Red);
    event.source_device = Some("GAS-01".parse().unwrap());
    event.occurred_at = hub.now;
    event.description = words.to_owned();
    event.state = state;
    hub.speech("GAS-01", Body::AlarmEvent(event))
}

/// The name that the mapping makes for a device that gives none.
fn made(hub: &Hub) -> String {
    format!("smoke-GAS-01:{}", hub.now.micros())
}

/// The second fire of a panel within a minute was closed as a repeat of the first, and nobody was told.
#[test]
fn two_fires_of_one_panel_are_told_and_the_end_of_one_leaves_the_other() {
    let mut hub = Hub::new(DUTY);
    say(&mut hub, "f-1", Raised, "zone 1");
    say(&mut hub, "f-2", Raised, "zone 2");
    say(&mut hub, "f-3", Raised, "zone 2");
    assert_eq!(hub.told().len(), 3, "each is told");
    say(&mut hub, "f-2", Cleared, "zone 2");
    let open = hub.plugin.open_alarms();
    let states = ["f-1", "f-2", "f-3"].map(|id| open.state(id));
    // Two in the same words are one alarm, which is over when both are.
    assert_eq!(states, [Some(Raised), Some(Raised), None]);
    say(&mut hub, "f-2", Cleared, "zone 2");
    assert_eq!(open.state("f-2"), Some(Raised), "said twice");
    say(&mut hub, "f-3", Cleared, "zone 2");
    let states = ["f-1", "f-2"].map(|id| open.state(id));
    assert_eq!(states, [Some(Raised), Some(Cleared)]);
    // A device that names nothing tells one state again and again: it is one alarm while it lasts.
    hub.told();
    for _ in 0..5 {
        hub.wait(1);
        let id = made(&hub);
        say(&mut hub, &id, Raised, "smoke");
    }
    assert_eq!(hub.told().len(), 1);
    // What somebody has seen does not hide what the hub finds anew.
    let find = |hub: &mut Hub, id: &str| {
        let mut event = alarm(id, AlarmCode::GateForced, AlarmLevel::Orange);
        event.lane_id = Some("L-01".parse().unwrap());
        hub.message(Body::AlarmEvent(event));
        hub.told().len()
    };
    assert_eq!(
        (find(&mut hub, "g-1"), find(&mut hub, "g-2")),
        (1, 0),
        "the same again"
    );
    hub.update("operator-1", "g-1", (Raised, Acknowledged), None);
    hub.told();
    assert_eq!(find(&mut hub, "g-3"), 1);
}

/// A panel with the device's name in its numbers was taken for one that gives none; one with a number of its own
/// each second was an alarm to acknowledge each second.
#[test]
fn whatever_a_panel_calls_its_fires_they_are_one_alarm_that_counts_and_people_hear_of_further_ones()
{
    for prefix in ["S-10:", "GAS-01:", "panel/", "smoke-GAS-01:17000000"] {
        let mut hub = Hub::new(DUTY);
        let open = hub.plugin.open_alarms();
        let first = format!("{prefix}0");
        for number in 0..30 {
            say(&mut hub, &format!("{prefix}{number}"), Raised, "fire");
            hub.wait(1);
        }
        assert_eq!(open.total(), 1, "{prefix}");
        assert_eq!(open.page(None, 1)[0].repeats, 29);
        assert_eq!(hub.told().len(), 2, "the first, and that there are more");
        hub.update("operator-1", &first, (Raised, Acknowledged), None);
        hub.told();
        // People who have seen it hear of the next once in the window, under the same name.
        hub.wait(60);
        let said = say(&mut hub, &format!("{prefix}30"), Raised, "fire");
        assert_eq!(updates(&said)[0], (first.clone(), Raised, None, None));
        assert_eq!(open.state(&first), Some(Raised));
        assert_eq!(hub.told(), ["duty"]);
        // It is over when each of them is.
        for number in 0..=30 {
            assert_eq!(open.state(&first), Some(Raised), "{prefix} {number}");
            say(&mut hub, &format!("{prefix}{number}"), Cleared, "fire");
        }
        assert_eq!(open.state(&first), Some(Cleared), "{prefix}");
    }
}

/// The escalation of an alarm that nobody has seen is not put off by further ones.
#[test]
fn further_fires_do_not_put_off_the_escalation() {
    let mut hub = Hub::new(DUTY);
    let mut said = Vec::new();
    for number in 0..70 {
        said.extend(say(&mut hub, &format!("f-{number}"), Raised, "fire"));
        said.extend(hub.wait(1));
    }
    let updates = updates(&said);
    assert!(
        updates
            .iter()
            .any(|(id, _, _, level)| id == "f-0" && *level == Some(1))
    );
}

/// The end of a fire that nobody knew ended the newest one, which burnt on.
#[test]
fn an_end_that_can_mean_two_alarms_ends_none_and_people_are_told_once() {
    let mut hub = Hub::new(DUTY);
    let open = hub.plugin.open_alarms();
    say(&mut hub, "F1", Raised, "zone 1");
    say(&mut hub, "F2", Raised, "zone 2");
    hub.told();
    let said = say(&mut hub, "F0", Cleared, "zone 0");
    let states = ["F1", "F2"].map(|id| open.state(id));
    assert_eq!(states, [Some(Raised), Some(Raised)]);
    assert_eq!(audits(&said), ["alarm.end-unclear"]);
    assert!(
        open.page(None, 2)
            .iter()
            .all(|one| one.description.contains("and not which"))
    );
    assert_eq!(hub.told(), ["duty", "duty"]);
    // Whoever says so again and again is not told of again and again.
    assert!(say(&mut hub, "F0", Cleared, "zone 0").is_empty());
    // So it is after a restart.
    hub.restart();
    say(&mut hub, "F0", Cleared, "zone 0");
    say(&mut hub, "F2", Cleared, "zone 2");
    let states = ["F1", "F2"].map(|id| open.state(id));
    assert_eq!(states, [Some(Raised), Some(Cleared)]);
    // One alone is not meant either.
    say(&mut hub, "F3", Raised, "zone 1");
    say(&mut hub, "F0", Cleared, "zone 0");
    assert_eq!(open.state("F1"), Some(Raised));
    say(&mut hub, "F3", Cleared, "zone 1");
    say(&mut hub, "F0", Cleared, "zone 0");
    assert_eq!(open.state("F1"), Some(Raised));
    // Nor when its words are those of the one: another name is another's.
    say(&mut hub, "F0", Cleared, "zone 1");
    assert_eq!(open.state("F1"), Some(Raised));
    let said = say(&mut hub, "F1", Cleared, "zone 1 normal");
    assert_eq!(updates(&said), [("F1".into(), Cleared, None, None)]);
    assert!(
        say(&mut hub, "F0", Cleared, "zone 1 normal").is_empty(),
        "none is left"
    );
}

/// A device that gives no names says that its alarm is over, however often it had said it.
#[test]
fn a_device_that_gives_no_names_ends_its_one_alarm() {
    let mut hub = Hub::new(DUTY);
    let first = made(&hub);
    for _ in 0..5 {
        let id = made(&hub);
        say(&mut hub, &id, Raised, "smoke");
        hub.wait(1);
    }
    let id = made(&hub);
    say(&mut hub, &id, Cleared, "no smoke");
    assert_eq!(hub.plugin.open_alarms().state(&first), Some(Cleared));
}

/// Two devices count alike: the end of one was taken for the end of the other's.
#[test]
fn the_end_of_another_devices_alarm_of_that_name_ends_nothing() {
    let mut hub = Hub::new(DUTY);
    hub.detect("F-1", "CAM-01", AlarmCode::Fire, AlarmLevel::Red);
    say(&mut hub, "F-1", Cleared, "no fire");
    let open = hub.plugin.open_alarms();
    assert_eq!(open.state("F-1"), Some(Raised));
}

/// The plant whom a red alarm of the park was about said ACKNOWLEDGED, and the shift leader was never told.
#[test]
fn whom_an_alarm_of_the_park_is_about_answers_it_and_does_not_end_its_escalation() {
    let routes = "receivers = [\"duty\", \"leader\"]\n[route]\nreceivers = [\"duty\"]\n\
        escalate = [{ after_s = 10, receivers = [\"leader\"] }]\n";
    let mut hub = Hub::new(routes);
    let mut event = alarm("p-1", AlarmCode::Fire, AlarmLevel::Red);
    event.enterprise_id = Some("enterprise-1".parse().unwrap());
    let body = Some(Body::AlarmEvent(event));
    hub.step(EntryKind::Message, "operator-1", body, "", 0);
    hub.told();
    let said = hub.update(
        "enterprise-1",
        "p-1",
        (Raised, Acknowledged),
        Some("on the way"),
    );
    assert_eq!(
        updates(&said),
        [("p-1".into(), Raised, None, None)],
        "put right"
    );
    let shown = hub.plugin.open_alarms().page(None, 1).remove(0);
    assert_eq!(shown.state, Raised);
    assert!(
        shown
            .description
            .contains("enterprise-1 has answered ACKNOWLEDGED")
    );
    assert_eq!(hub.told(), ["duty"], "who was told hears the answer");
    // Many answers push nobody's words out of sight.
    for _ in 0..60 {
        for state in [InProgress, Acknowledged] {
            hub.update("enterprise-1", "p-1", (Raised, state), Some("on the way"));
        }
    }
    let many = hub.plugin.open_alarms().page(None, 1).remove(0);
    let end = "ACKNOWLEDGED, 121 times so far]";
    let is_short = many.description.starts_with("words [") && many.description.ends_with(end);
    assert!(is_short, "{}", many.description);
    assert!(many.description.len() < shown.description.len() + 50);
    // The first of each state is told to whoever hears of that state, further ones are counted: 61 posts.
    assert!(hub.told().is_empty());
    hub.told();
    hub.wait(11);
    assert!(hub.told().contains(&"leader".to_owned()));
    hub.update("operator-1", "p-1", (Raised, Acknowledged), None);
    assert_eq!(hub.plugin.open_alarms().state("p-1"), Some(Acknowledged));
    // Then the plant goes on with it, and with its own from the start.
    hub.update("enterprise-1", "p-1", (Acknowledged, InProgress), None);
    assert_eq!(hub.plugin.open_alarms().state("p-1"), Some(InProgress));
    let own = Some(Body::AlarmEvent(alarm(
        "e-1",
        AlarmCode::Fire,
        AlarmLevel::Red,
    )));
    hub.step(EntryKind::Message, "enterprise-1", own, "", 0);
    hub.update("enterprise-1", "e-1", (Raised, Acknowledged), None);
    assert_eq!(hub.plugin.open_alarms().state("e-1"), Some(Acknowledged));
}

/// What looked like an answer at the beginning of an operator's own words was cut away by the next answer.
#[test]
fn an_answer_takes_nothing_of_the_words_of_an_alarm() {
    let routes = "receivers = [\"duty\"]\n[route]\nreceivers = [\"duty\"]\n";
    let mut hub = Hub::new(routes);
    let own = "[Tank 3] CHLORINE; the officer has answered: evacuate [now] at once";
    let mut event = alarm("p-1", AlarmCode::Fire, AlarmLevel::Red);
    event.enterprise_id = Some("enterprise-1".parse().unwrap());
    event.description = own.to_owned();
    let body = Some(Body::AlarmEvent(event));
    hub.step(EntryKind::Message, "operator-1", body, "", 0);
    for _ in 0..2 {
        let step = (Raised, Acknowledged);
        hub.update("enterprise-1", "p-1", step, Some("ok"));
        let shown = hub.plugin.open_alarms().page(None, 1).remove(0);
        assert!(shown.description.starts_with(own), "{}", shown.description);
    }
}
