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
    let (_, receiver, body) = hub.orders.remove(0);
    assert_eq!(receiver, "director");
    let Body::AlarmUpdate(update) = body else {
        panic!("an update")
    };
    assert_eq!(update.escalation_level, Some(1));
    assert!(update.note.unwrap().contains("PERIMETER_INTRUSION"));
    hub.wait(140);
    // The repetition of the first notification, then the second step.
    assert_eq!(hub.told(), ["duty", "director", "console"]);
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
        event.description.contains("1 more"),
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

#[test]
fn a_receiver_that_was_not_reached_is_said_to_be_so() {
    let mut hub = Hub::new(ROUTES);
    hub.raise("a-1", AlarmCode::Fire, AlarmLevel::Red);
    let said = hub.outcomes("EXPIRED");
    assert_eq!(
        updates(&said),
        [("a-1".into(), AlarmState::Raised, None, None)]
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
