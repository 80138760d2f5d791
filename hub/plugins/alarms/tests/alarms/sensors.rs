//! What the plug-in raises itself: outages and thresholds.

use cordon_alarms::Config;
use cordon_model::{AlarmCode, AlarmLevel, AlarmState, DeviceState, SampleQuality};

use crate::hub::{Hub, raised, updates};

const ROUTES: &str = "receivers = [\"console\"]\n[route]\nreceivers = [\"console\"]\n";

#[test]
fn one_alarm_for_an_outage_cleared_when_the_device_answers() {
    let mut hub = Hub::new(ROUTES);
    let said = hub.device("CAM-02", DeviceState::Offline);
    assert_eq!(
        raised(&said),
        [(AlarmCode::DeviceOffline, AlarmLevel::Yellow)]
    );
    assert!(hub.device("CAM-02", DeviceState::Offline).is_empty());
    let said = hub.device("CAM-02", DeviceState::Online);
    assert_eq!(updates(&said)[0].1, AlarmState::Cleared);
    assert!(hub.device("CAM-02", DeviceState::Online).is_empty());
    assert_eq!(raised(&hub.device("CAM-02", DeviceState::Offline)).len(), 1);
}

#[test]
fn a_flapping_device_is_not_told_again_before_the_window_ends() {
    let mut hub = Hub::new(ROUTES);
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

#[test]
fn thresholds_raise_once_and_clear_after_a_while() {
    let mut hub = Hub::new(ROUTES);
    let good = SampleQuality::Good;
    assert!(hub.sample(24, good).is_empty());
    assert_eq!(
        raised(&hub.sample(25, good)),
        [(AlarmCode::SensorH, AlarmLevel::Orange)]
    );
    assert!(hub.sample(30, good).is_empty());
    // Worse at once: the new alarm is raised, the old one cleared.
    let said = hub.sample(50, good);
    assert_eq!(raised(&said), [(AlarmCode::SensorHh, AlarmLevel::Red)]);
    assert_eq!(updates(&said)[0].1, AlarmState::Cleared);
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
fn the_other_side_is_another_alarm() {
    let config = Config {
        clear_after_s: 0,
        ..Config::default()
    };
    let mut hub = Hub::with(ROUTES, config);
    hub.sample(60, SampleQuality::Good);
    let said = hub.sample(-30, SampleQuality::Good);
    assert_eq!(raised(&said), [(AlarmCode::SensorLl, AlarmLevel::Orange)]);
    let said = hub.sample(-10, SampleQuality::Good);
    assert_eq!(raised(&said), [(AlarmCode::SensorL, AlarmLevel::Yellow)]);
}

#[test]
fn doubtful_and_old_samples_say_nothing() {
    let mut hub = Hub::new(ROUTES);
    for quality in [
        SampleQuality::Bad,
        SampleQuality::Suspect,
        SampleQuality::Substituted,
    ] {
        assert!(hub.sample(99, quality).is_empty());
    }
    let told = hub.now;
    hub.now = told.plus_seconds(-301);
    let body = hub.sample(0, SampleQuality::Good);
    assert!(body.is_empty());
    let old = hub.entries.last().unwrap().message.clone().unwrap();
    hub.now = told;
    let mut old = (*old).clone();
    if let cordon_model::Body::SensorReadingBatch(batch) = &mut old.body {
        batch.samples[0].value = 99.into();
    }
    assert!(hub.message(old.body).is_empty());
}
