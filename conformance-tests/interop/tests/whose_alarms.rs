//! Each danger is an alarm of its own, and nobody's many alarms cost another's: through a real broker and
//! the exchange to the page.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]
#![allow(dead_code, reason = "the helpers are shared with the other MQTT tests")]

mod mqtt;

use std::time::{Duration, Instant};

use cordon_interop::{Park, moment};
use serde_json::Value;

use mqtt::park::add_sensors;
use mqtt::{Mosquitto, PATIENCE, publish, publisher};

fn subscribed(broker: &Mosquitto) {
    let deadline = Instant::now() + PATIENCE;
    let log = broker.folder().join("log");
    while !std::fs::read_to_string(&log).unwrap().contains("sensors/#") {
        assert!(Instant::now() < deadline, "the hub did not subscribe");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn open(park: &Park) -> Vec<Value> {
    let page = park.json("/api/alarms?limit=1000");
    page["alarms"].as_array().cloned().unwrap_or_default()
}

/// The state of the open alarm whose words contain these.
fn state_of(park: &Park, words: &str) -> Option<String> {
    let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    let open = open(park);
    let one = open
        .iter()
        .find(|one| text(one, "description").contains(words))?;
    Some(text(one, "state"))
}

/// The second gas was closed as a repeat of the first; when the first was gone the page said CLEARED.
#[test]
fn a_second_gas_of_a_detector_is_an_alarm_and_stays_raised_when_the_first_is_gone() {
    let broker = Mosquitto::start("allow_anonymous true", |_| {});
    let park = Park::start_with(|data| add_sensors(data, broker.port()));
    subscribed(&broker);
    let say = |nh3: u32, h2s: u32| {
        let gas = |point: &str, value: u32, limit: u32| {
            format!("{{\"point\":\"{point}\",\"value\":{value},\"unit\":\"ppm\",\"hh\":{limit}}}")
        };
        let payload = format!(
            "{{\"time\":\"{}\",\"values\":[{},{}]}}",
            moment(0),
            gas("nh3", nh3, 50),
            gas("h2s", h2s, 10)
        );
        publish(publisher(broker.port()), "sensors/GW-01/S-02", &payload);
    };
    say(99, 1);
    park.until("the first gas is an alarm", || {
        state_of(&park, "nh3 = ").is_some()
    });
    say(99, 40);
    park.until("the second is one too", || {
        state_of(&park, "h2s = ").as_deref() == Some("RAISED")
    });
    // Normal is believed after ten seconds of it.
    park.until("the first is over", || {
        say(1, 40);
        std::thread::sleep(Duration::from_millis(500));
        state_of(&park, "nh3 = ").as_deref() == Some("CLEARED")
    });
    assert_eq!(state_of(&park, "h2s = ").as_deref(), Some("RAISED"));
}

/// The second fire of a panel was closed as a repeat of the first.
#[test]
fn two_fires_of_one_panel_are_two_alarms() {
    let broker = Mosquitto::start("allow_anonymous true", |_| {});
    let park = Park::start_with(|data| add_sensors(data, broker.port()));
    subscribed(&broker);
    for zone in ["zone 1", "zone 2"] {
        let payload = format!(
            "{{\"id\":\"F-{zone}\",\"time\":\"{}\",\"kind\":\"fire\",\"text\":\"fire in {zone}\"}}",
            moment(0)
        );
        let topic = "sensors/GW-01/S-01/alarm";
        publish(publisher(broker.port()), topic, &payload);
    }
    for zone in ["zone 1", "zone 2"] {
        park.until("each fire is shown", || {
            state_of(&park, zone).as_deref() == Some("RAISED")
        });
    }
}
