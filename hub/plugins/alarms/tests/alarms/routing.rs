//! Groups, repetition, escalation, delivery and floods.

use cordon_alarms::Config;
use cordon_model::{AlarmCode, AlarmLevel, AlarmState, Body};

use crate::hub::{Hub, alarm, audits, updates};

const ROUTES: &str = r#"
receivers = ["console", "duty", "director"]
[route]
receivers = ["console"]
group_by = ["code"]
group_wait_s = 5
group_interval_s = 60
repeat_s = 120
[[route.route]]
match = { level = "RED" }
receivers = ["duty"]
escalate = [{ receivers = ["director"] }, { after_s = 200, receivers = ["director", "console"] }]
"#;

fn yellow(hub: &mut Hub, id: &str, device: &str) -> Vec<Body> {
    let mut event = alarm(id, AlarmCode::DeviceTamper, AlarmLevel::Yellow);
    event.source_device = Some(device.parse().unwrap());
    hub.message(Body::AlarmEvent(event))
}

#[test]
fn red_never_waits_and_escalates_when_nobody_answers() {
    let mut hub = Hub::new(ROUTES);
    hub.raise("a-1", AlarmCode::PerimeterIntrusion, AlarmLevel::Red);
    assert_eq!(hub.told(), ["duty"]);
    assert!(updates(&hub.wait(59)).is_empty());
    let said = hub.wait(1);
    assert_eq!(
        updates(&said),
        [("a-1".into(), AlarmState::Raised, None, Some(1))]
    );
    let told = hub
        .orders
        .iter()
        .position(|(_, receiver, _)| receiver == "director");
    let (_, _, body) = hub.orders.remove(told.unwrap());
    let Body::AlarmUpdate(update) = body else {
        panic!("an update")
    };
    assert_eq!(update.escalation_level, Some(1));
    assert!(update.note.unwrap().contains("PERIMETER_INTRUSION"));
    hub.wait(140);
    // Who was told first hears of both steps, and between them the repetition.
    assert_eq!(hub.told(), ["duty", "duty", "duty", "director", "console"]);
    hub.wait(3_600);
    assert!(hub.told().iter().all(|receiver| receiver == "duty"));
}

#[test]
fn an_acknowledgement_stops_escalation_and_repetition() {
    let mut hub = Hub::new(ROUTES);
    hub.raise("a-1", AlarmCode::PerimeterIntrusion, AlarmLevel::Red);
    hub.told();
    hub.wait(59);
    hub.update(
        "operator-1",
        "a-1",
        (AlarmState::Raised, AlarmState::Acknowledged),
        None,
    );
    assert_eq!(
        hub.told(),
        ["duty"],
        "who was told hears that somebody took it up"
    );
    assert!(hub.wait(1_000).is_empty());
    assert!(hub.told().is_empty());
}

#[test]
fn a_group_is_one_notification_and_grows_at_intervals() {
    let mut hub = Hub::new(ROUTES);
    yellow(&mut hub, "a-1", "CAM-01");
    hub.wait(3);
    yellow(&mut hub, "a-2", "CAM-02");
    assert!(hub.told().is_empty());
    hub.wait(2);
    assert_eq!(hub.orders.len(), 1);
    let Body::AlarmEvent(event) = &hub.orders[0].2 else {
        panic!("an alarm")
    };
    assert_eq!(event.alarm_id, "a-1");
    assert!(
        event
            .description
            .contains("2 of this group: CAM-01, CAM-02"),
        "{}",
        event.description
    );
    // Both alarms learn who was told, and only once he was.
    let told = updates(&hub.outcomes("CONFIRMED"));
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|(_, state, receiver, _)| {
        *state == AlarmState::Raised && receiver.as_deref() == Some("console")
    }));
    yellow(&mut hub, "a-3", "GAS-01");
    hub.wait(59);
    assert!(hub.told().is_empty());
    hub.wait(1);
    assert_eq!(hub.told(), ["console"]);
}

const ONE_ROOM: &str = r#"
receivers = ["duty", "console", "siren"]
hears = { siren = [] }
[route]
receivers = ["duty", "siren", "console"]
group_wait_s = 1
group_interval_s = 300
"#;

/// smoke1 at 08:00:00, S-01 of the same area 20 s later: the second was told when the first escalated,
/// after 180 s.
#[test]
fn a_second_detector_of_an_area_is_told_at_once_and_the_notice_names_both() {
    for level in [AlarmLevel::Red, AlarmLevel::Orange] {
        let mut hub = Hub::new(ONE_ROOM);
        hub.detect("a-1", "smoke1", AlarmCode::UnknownSmoke, level);
        let first = hub.notices();
        assert_eq!(
            (first[0].0.as_str(), first[0].1.as_str()),
            ("duty", "a-1"),
            "{level}"
        );
        hub.wait(20);
        hub.detect("a-2", "S-01", AlarmCode::UnknownSmoke, level);
        let second = hub.notices();
        assert_eq!(
            second.len(),
            3,
            "{level}: each receiver, without a tick in between"
        );
        let (receiver, alarm, _, words) = &second[0];
        assert_eq!((receiver.as_str(), alarm.as_str()), ("duty", "a-2"));
        assert!(words.contains("told before: smoke1"), "{words}");
    }
}

#[test]
fn a_notice_of_several_alarms_names_all_their_devices() {
    let mut hub = Hub::new(ONE_ROOM);
    for device in ["CAM-01", "CAM-02", "GAS-01"] {
        hub.detect(device, device, AlarmCode::DeviceTamper, AlarmLevel::Yellow);
    }
    assert!(hub.notices().is_empty(), "yellow waits for its group");
    hub.wait(1);
    let notices = hub.notices();
    assert_eq!(notices.len(), 3, "one a receiver");
    let words = &notices[0].3;
    assert!(
        words.contains("3 of this group: CAM-01, CAM-02, GAS-01"),
        "{words}"
    );
}

/// Cleared and there again within the flood window: whoever heard of the end must hear of it at once.
#[test]
fn a_red_alarm_that_comes_back_is_told_at_once() {
    let mut hub = Hub::new(ONE_ROOM);
    hub.detect("a-1", "CAM-01", AlarmCode::Fire, AlarmLevel::Red);
    hub.wait(2);
    let mut end = alarm("a-1", AlarmCode::Fire, AlarmLevel::Red);
    end.state = AlarmState::Cleared;
    end.source_device = Some("CAM-01".parse().unwrap());
    hub.message(Body::AlarmEvent(end));
    hub.notices();
    hub.wait(2);
    hub.detect("a-2", "CAM-01", AlarmCode::Fire, AlarmLevel::Red);
    assert_eq!(hub.notices().len(), 3);
}

#[test]
fn whoever_was_told_hears_what_became_of_it() {
    use AlarmState::*;
    let mut hub = Hub::new(ONE_ROOM);
    hub.detect("a-1", "CAM-01", AlarmCode::Fire, AlarmLevel::Red);
    hub.notices();
    hub.wait(60);
    let escalated = hub.notices();
    assert_eq!(
        escalated.len(),
        3,
        "the route's own receivers, each once: {escalated:?}"
    );
    for (step, note) in [
        ((Raised, Acknowledged), None),
        ((Acknowledged, Confirmed), None),
        ((Confirmed, Cleared), None),
        ((Cleared, Closed), Some("put out")),
    ] {
        hub.update("operator-1", "a-1", step, note);
        let heard: Vec<_> = hub
            .notices()
            .into_iter()
            .map(|notice| (notice.0, notice.2))
            .collect();
        let expected = match step.1 {
            Confirmed => Vec::new(),
            state => vec![("duty".to_owned(), state)],
        };
        assert_eq!(
            heard, expected,
            "the siren chose to hear nothing, the page shows it"
        );
    }
    // Nobody was told of this one yet, so nobody hears of its end.
    hub.detect("a-2", "CAM-01", AlarmCode::DeviceTamper, AlarmLevel::Yellow);
    hub.update("operator-1", "a-2", (Raised, Rejected), None);
    hub.wait(10);
    assert!(hub.notices().is_empty());
}

#[test]
fn those_told_first_hear_that_it_was_escalated_to_others() {
    let mut hub = Hub::new(ROUTES);
    hub.raise("a-1", AlarmCode::PerimeterIntrusion, AlarmLevel::Red);
    assert_eq!(hub.told(), ["duty"]);
    hub.wait(60);
    let mut told = hub.told();
    told.sort();
    assert_eq!(told, ["director", "duty"]);
}

#[test]
fn a_receiver_that_was_not_reached_is_said_to_be_so() {
    let mut hub = Hub::new(ROUTES);
    hub.raise("a-1", AlarmCode::Fire, AlarmLevel::Red);
    let said = hub.outcomes("EXPIRED");
    // Nobody else was told, so it escalates at once.
    assert_eq!(
        updates(&said),
        [
            ("a-1".into(), AlarmState::Raised, None, None),
            ("a-1".into(), AlarmState::Raised, None, Some(1)),
        ]
    );
    let Body::AlarmUpdate(update) = &said[0] else {
        panic!("an update")
    };
    assert!(update.note.as_ref().unwrap().contains("duty (EXPIRED)"));
}

#[test]
fn identical_alarms_are_counted_and_closed_under_the_first() {
    let mut hub = Hub::new(ROUTES);
    hub.raise("a-1", AlarmCode::Fire, AlarmLevel::Red);
    for number in 2..50 {
        let said = hub.raise(&format!("a-{number}"), AlarmCode::Fire, AlarmLevel::Red);
        assert_eq!(updates(&said)[0].1, AlarmState::Closed);
        assert!(audits(&said).is_empty());
        hub.wait(1);
    }
    assert_eq!(hub.told(), ["duty"]);
    // Another source is another alarm.
    let mut other = alarm("b-1", AlarmCode::Fire, AlarmLevel::Red);
    other.source_device = Some("CAM-01".parse().unwrap());
    hub.message(Body::AlarmEvent(other));
    assert_eq!(hub.told(), ["duty"]);
}

#[test]
fn beyond_the_limit_the_least_urgent_is_forgotten_and_audited() {
    let config = Config {
        open_max: 3,
        ..Config::default()
    };
    let mut hub = Hub::with(ROUTES, config);
    hub.raise("red", AlarmCode::Fire, AlarmLevel::Red);
    yellow(&mut hub, "y-1", "CAM-01");
    yellow(&mut hub, "y-2", "CAM-02");
    let mut event = alarm("red-2", AlarmCode::Explosion, AlarmLevel::Red);
    event.area_id = None;
    let said = hub.message(Body::AlarmEvent(event));
    assert_eq!(audits(&said), ["alarm.forgotten"]);
    let said = hub.update(
        "operator-1",
        "y-1",
        (AlarmState::Raised, AlarmState::Acknowledged),
        None,
    );
    assert_eq!(audits(&said), ["alarm.step-refused"]);
    let said = hub.update(
        "operator-1",
        "red",
        (AlarmState::Raised, AlarmState::Acknowledged),
        None,
    );
    assert!(said.is_empty());
}

/// What a mail holds of the text.
const MAIL_CHARS: usize = 300;

fn start(words: &str) -> String {
    words.chars().take(MAIL_CHARS).collect()
}

/// The 14th detector of an area filled a mail with the names of the others, and none of its own words was in it.
#[test]
fn the_words_of_an_alarm_stand_before_all_that_were_told_before() {
    let mut hub = Hub::new(ONE_ROOM);
    for number in 1..=18 {
        let mut event = alarm(&format!("a-{number}"), AlarmCode::Fire, AlarmLevel::Red);
        let device = format!("FIRE-DET-{number:02}");
        event.source_device = Some(device.parse().unwrap());
        event.occurred_at = hub.now;
        // As long as words are kept.
        let own = format!("{}, hall {number:03}", "smoke ".repeat(31));
        event.description = own.clone();
        hub.speech(&device, Body::AlarmEvent(event));
        let words = hub.notices().remove(0).3;
        assert!(words.starts_with(&own), "{words}");
        hub.wait(1);
        if number == 18 {
            let before: Vec<String> = (1..18).map(|it| format!("FIRE-DET-{it:02}")).collect();
            let named = format!(" [此前已报 17 处 / 17 told before: {}]", before.join(", "));
            assert_eq!(words, format!("{own}{named}"));
        }
    }
    // Nor does an escalation, with the reason before it, lose any.
    let escalated = hub.wait(60);
    let note = escalated.iter().find_map(|body| match body {
        Body::AlarmUpdate(update) => update.note.clone(),
        _ => None,
    });
    let note = note.unwrap();
    assert!(note.contains("escalation 1: RED FIRE; smoke"), "{note}");
    assert!(start(&note).contains("smoke , hall 001"), "{note}");
}

/// 33 long names of a rival left no word of the alarm in the whole text.
#[test]
fn many_long_names_are_counted_beyond_what_is_listed() {
    let mut hub = Hub::new(ONE_ROOM);
    let name = |number: usize| format!("D-{number:02}-{}", "x".repeat(53));
    for number in 1..=55 {
        assert_eq!(name(number).len(), 58);
        let id = format!("a-{number}");
        hub.detect(&id, &name(number), AlarmCode::Fire, AlarmLevel::Red);
    }
    hub.told();
    hub.detect("own", "CAM-01", AlarmCode::Fire, AlarmLevel::Red);
    let words = hub.notices().remove(0).3;
    let listed: Vec<String> = (1..=8).map(name).collect();
    let listed = listed.join(", ");
    let expected =
        format!("words [此前已报 55 处 / 55 told before: {listed}, 另 47 / and 47 more]");
    assert_eq!(words, expected);
}
