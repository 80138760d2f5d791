//! A step of the clock takes no time: nothing that waits is due by it, and nothing that is due later is late.

use cordon_contract::{CLOCK_SET, ClockSteps, EntryKind, Jump};
use cordon_model::{
    AlarmCode, AlarmLevel, AlarmState, AuditEvent, AuditOutcome, Body, DeviceState, Timestamp,
};

use crate::hub::{Hub, party};

const ROUTES: &str = "receivers = [\"duty\", \"chief\"]\n[route]\nreceivers = [\"duty\"]\ngroup_wait_s = 30\n\
    [[route.escalate]]\nafter_s = 60\nreceivers = [\"chief\"]\n";

/// The clock is set forward, so that entry time jumps, as the flow writes it down.
fn step(hub: &mut Hub, seconds: i64) {
    let seen = Timestamp::from_micros(hub.entries.len().try_into().unwrap());
    hub.now = hub.now.plus_seconds(seconds);
    let by = Jump {
        entry: seconds * 1_000_000,
        clock: seconds * 1_000_000,
    };
    let body = Body::AuditEvent(AuditEvent {
        action: CLOCK_SET.to_owned(),
        actor_id: party("HUB-1"),
        target: Some(ClockSteps::told(by, seen)),
        outcome: AuditOutcome::Success,
        detail: None,
        at: hub.now,
    });
    let said = hub.step(EntryKind::Audit, "HUB-1", Some(body), CLOCK_SET, 0);
    assert!(said.is_empty(), "{said:?}");
}

/// Escalated within seconds, "not acknowledged within 60 s"; the yellow group was told at once, and a device that had
/// been silent for a moment was an alarm.
#[test]
fn what_waits_goes_on_waiting() {
    for by in [1_200, 86_400] {
        let mut hub = Hub::new(ROUTES);
        hub.raise("red", AlarmCode::SensorHh, AlarmLevel::Red);
        assert_eq!(hub.told(), ["duty"]);
        hub.raise("yellow", AlarmCode::LineCrossing, AlarmLevel::Yellow);
        hub.device("CAM-01", DeviceState::Offline);
        hub.wait(5);
        step(&mut hub, by);
        hub.restart();
        let said = hub.wait(9);
        assert!(said.is_empty(), "{by}: {said:?}");
        let said = hub.wait(1);
        assert!(matches!(&said[0], Body::AlarmEvent(_)), "silent for 15 s");
        hub.wait(14);
        assert!(hub.told().is_empty(), "{by}: the group waits");
        hub.wait(6);
        assert_eq!(hub.told()[0], "duty", "{by}: it was told in its time");
        let said = hub.wait(30);
        let is_escalated = |body: &Body| {
            matches!(body, Body::AlarmUpdate(it) if it.alarm_id == "red"
                && it.state == AlarmState::Raised && it.escalation_level == Some(1))
        };
        assert!(said.iter().any(is_escalated), "{by}: {said:?}");
    }
}

/// Each takes no time.
#[test]
fn two_steps_take_no_time_either() {
    let mut hub = Hub::new(ROUTES);
    hub.raise("red", AlarmCode::SensorHh, AlarmLevel::Red);
    hub.wait(20);
    step(&mut hub, 300);
    hub.wait(20);
    step(&mut hub, 300);
    assert!(hub.wait(15).is_empty());
    let said = hub.wait(10);
    assert!(
        matches!(&said[0], Body::AlarmUpdate(it) if it.escalation_level == Some(1)),
        "{said:?}"
    );
}
