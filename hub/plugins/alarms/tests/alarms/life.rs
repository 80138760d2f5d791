//! Steps from outside: the lawful are taken, the others are audited and corrected.

use cordon_contract::Plugin as _;
use cordon_model::{AlarmCode, AlarmLevel, AlarmState::*, Body, SampleQuality};

use crate::hub::{Hub, alarm, audits, party, updates};

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
fn an_enterprise_takes_steps_for_its_own_alarms_only() {
    let mut hub = Hub::new(ROUTES);
    hub.raise("a-1", AlarmCode::Fire, AlarmLevel::Red);
    let said = hub.update("enterprise-1", "a-1", (Raised, Acknowledged), None);
    assert_eq!(audits(&said), ["alarm.step-refused"]);
    let mut own = alarm("a-2", AlarmCode::CargoLeak, AlarmLevel::Red);
    own.enterprise_id = Some(party("enterprise-1"));
    hub.message(Body::AlarmEvent(own));
    assert!(
        hub.update("enterprise-1", "a-2", (Raised, Acknowledged), None)
            .is_empty()
    );
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

#[test]
fn a_snapshot_is_the_whole_state_and_always_the_same_bytes() {
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
    let bytes = one.plugin.snapshot().unwrap();
    assert_eq!(bytes, two.plugin.snapshot().unwrap());
    let mut again = Hub::new(ROUTES);
    again.plugin.restore(&bytes).unwrap();
    (again.now, again.entries) = (one.now, one.entries.clone());
    assert_eq!(again.plugin.snapshot().unwrap(), bytes);
    assert_eq!(again.wait(100), one.wait(100));
    assert!(again.plugin.restore(&bytes[..bytes.len() / 2]).is_err());
}
