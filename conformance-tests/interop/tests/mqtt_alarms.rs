//! A detector's side fields cost nobody an alarm: through a real broker to the page.
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

use std::path::Path;
use std::time::{Duration, Instant};

use cordon_interop::{Park, change_config, moment, ship};

use mqtt::{Mosquitto, PATIENCE, publish, publisher};

/// What a detector said, and what each lost its alarm by.
const SAID: [(&str, &str); 6] = [
    // A battery in words.
    ("zigbee2mqtt/smoke-1", r#"{"smoke":true,"battery":"low"}"#),
    // A number that is none, in a text.
    (
        "zigbee2mqtt/smoke-2",
        r#"{"smoke":true,"battery":"NaN","temperature":"NaN"}"#,
    ),
    // A NUL in a side field.
    (
        "zigbee2mqtt/smoke-3",
        r#"{"smoke":true,"battery":"\u0000","note":"\u0000"}"#,
    ),
    // A space, a slash and Chinese letters in the name.
    ("zigbee2mqtt/hall 4 smoke", r#"{"smoke":true}"#),
    ("zigbee2mqtt/warehouse-2/smoke", r#"{"smoke":true}"#),
    ("zigbee2mqtt/五号库烟感", r#"{"smoke":true}"#),
];

fn subscribe(data: &Path, port: u16) {
    ship(data, "zigbee2mqtt/device/1");
    let text = format!(
        "\n[[plan.devices]]\nid = \"MQ-01\"\nkind = \"GATEWAY\"\n\
         \n[[mqtt]]\nname = \"sensors\"\nhost = \"127.0.0.1\"\nport = {port}\nclient_id = \"cordon-hub-1\"\n\
         gateway = \"MQ-01\"\n[[mqtt.subscription]]\nfilter = \"zigbee2mqtt/#\"\n\
         mapping = \"zigbee2mqtt/device/1\"\n"
    );
    change_config(data, &[], &text);
}

fn subscribed(broker: &Mosquitto) {
    subscribed_to(broker, "zigbee2mqtt/#");
}

fn subscribed_to(broker: &Mosquitto, filter: &str) {
    let deadline = Instant::now() + PATIENCE;
    let log = broker.folder().join("log");
    while !std::fs::read_to_string(&log).unwrap().contains(filter) {
        assert!(Instant::now() < deadline, "no subscription to {filter}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A broker that was started again gives out its packet ids anew: what a detector said a second time was
/// taken for the first.
#[test]
fn a_detector_that_says_the_same_after_its_broker_restarted_is_heard() {
    let mut broker = Mosquitto::start("allow_anonymous true", |_| {});
    let park = Park::start_with(|data| subscribe(data, broker.port()));
    let heard = || {
        let entries = park.entries();
        let said = |line: &&str| line.contains("AlarmEvent");
        entries.lines().filter(said).count()
    };
    for times in 1..=3 {
        subscribed(&broker);
        publish(
            publisher(broker.port()),
            "zigbee2mqtt/smoke-1",
            r#"{"smoke":true}"#,
        );
        park.until("the detector is heard", || heard() >= times);
        broker.restart();
    }
}

#[test]
fn an_alarm_comes_through_whatever_stands_beside_it() {
    let broker = Mosquitto::start("allow_anonymous true", |_| {});
    let park = Park::start_with(|data| subscribe(data, broker.port()));
    subscribed(&broker);
    for (topic, payload) in SAID {
        publish(publisher(broker.port()), topic, payload);
    }
    // Each detector's own: in its place, or in what is told of it.
    park.until("every detector's alarm is on the page", || {
        park.view()["open_alarms"] == SAID.len()
    });
    let view = park.view();
    let alarms = view["alarms"].as_array().unwrap();
    let places: std::collections::BTreeSet<&str> = alarms
        .iter()
        .map(|alarm| alarm["place"].as_str().unwrap())
        .collect();
    assert_eq!(places.len(), SAID.len(), "{view}");
    // What was not understood is counted, and shown at its device.
    let metrics = park.get("/metrics").unwrap();
    assert!(
        metrics.contains("\ncordon_readings_misread_total{device="),
        "{metrics}"
    );
    let misread = view["figures"]["misread"].as_object().unwrap();
    assert!(!misread.is_empty(), "{view}");
}

/// The broker remembered the session, and nobody told it of the new filter.
#[test]
fn a_subscription_added_to_the_configuration_is_heard_although_the_broker_remembers_the_session() {
    let broker = Mosquitto::start("allow_anonymous true", |_| {});
    let first = [("zigbee2mqtt/#", "zigbee2mqtt/smoke-1")];
    let mut park = Park::start_with(|data| {
        subscribe(data, broker.port());
        change_config(data, &first, "");
    });
    subscribed_to(&broker, "zigbee2mqtt/smoke-1");
    park.kill();
    let more = "\n[[mqtt.subscription]]\nfilter = \"zigbee2mqtt/smoke-2\"\nmapping = \"zigbee2mqtt/device/1\"\n";
    change_config(&park.data(), &[], more);
    park.start_again();
    subscribed_to(&broker, "zigbee2mqtt/smoke-2");
    for (topic, times) in [("zigbee2mqtt/smoke-1", 1), ("zigbee2mqtt/smoke-2", 2)] {
        publish(publisher(broker.port()), topic, r#"{"smoke":true}"#);
        let known = || park.entries().matches("AlarmEvent").count();
        park.until("the detector is heard", || known() >= times);
    }
}

/// What is open on the page: name, state, words.
fn open(park: &Park) -> Vec<[String; 3]> {
    let listed = park.json("/api/alarms?limit=1000");
    let lines = listed["alarms"].as_array().cloned().unwrap_or_default();
    let keys = ["id", "state", "description"];
    let row = |line: &serde_json::Value| keys.map(|key| line[key].as_str().unwrap().to_owned());
    lines.iter().map(row).collect()
}

/// A panel whose power was cut tells of its next fire with an earlier time; it was counted in the closed alarm and
/// shown to nobody.
#[test]
fn a_fire_after_people_closed_one_is_on_the_page_whatever_the_panels_clock_says() {
    let broker = Mosquitto::start("allow_anonymous true", |_| {});
    let park = Park::start_with(|data| mqtt::park::add_sensors(data, broker.port()));
    subscribed_to(&broker, "sensors/#");
    let say = |time: &str| {
        let fire = serde_json::json!({
            "id": "q1", "time": time, "kind": "fire", "text": "ZONE 1",
        });
        let topic = "sensors/GW-01/S-01/alarm";
        publish(publisher(broker.port()), topic, &fire.to_string());
    };
    let (now, month) = (moment(0), moment(-30 * 86_400));
    // The second time in the very bytes of the first.
    let times = [
        &*now,
        &*now,
        &*moment(-30),
        &*month,
        "2000-01-01T00:05:00+08:00",
    ];
    for (round, time) in times.into_iter().enumerate() {
        say(time);
        let [id, _, words] = park.until_some("the fire is on the page", || {
            let open = open(&park);
            open.into_iter().find(|[_, state, _]| state == "RAISED")
        });
        let is_old = words.contains("no later than");
        // A year in which no panel was built is no time for the mapping: the hub's own stands in for it.
        assert_eq!(is_old, (1..4).contains(&round), "{round} {id} {words}");
        let act = |path: &str, note: &str| {
            let act = format!("{{\"alarm\":\"{id}\"{note}}}");
            let answer = park.post(path, &act).unwrap();
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        };
        act("/api/acknowledge", "");
        park.until("it is acknowledged", || {
            open(&park)
                .iter()
                .any(|[_, state, _]| state == "ACKNOWLEDGED")
        });
        act("/api/close", ",\"note\":\"put out\"");
        park.until("it is closed", || open(&park).is_empty());
    }
}

/// A detector of which nobody could read a word was an entry and a row of the page; nobody looks there while it burns.
#[test]
fn people_are_told_of_a_detector_that_is_not_understood_until_it_is() {
    let broker = Mosquitto::start("allow_anonymous true", |_| {});
    let park = Park::start_with(|data| mqtt::park::add_sensors(data, broker.port()));
    subscribed_to(&broker, "sensors/#");
    let say = |payload: &str| {
        publish(
            publisher(broker.port()),
            "sensors/GW-01/S-01/alarm",
            payload,
        );
    };
    let told = || {
        let open = open(&park);
        let told = open.into_iter();
        let mut told = told.filter(|[_, _, words]| words.contains("was not understood"));
        (told.next().map(|[_, state, _]| state), told.count())
    };
    // Cut off, another time otherwise, and a kind that nobody knows.
    say(r#"{"kind":"fire","text":"ZONE"#);
    park.until("people are told", || told().0.is_some());
    say(r#"{"kind":"fire" "text":"ZONE"}"#);
    say(r#"{"kind":"brand","text":"ZONE"}"#);
    park.until("all are entries", || park.view()["refused"] == 3);
    assert_eq!(
        told(),
        (Some("RAISED".to_owned()), 0),
        "once while it lasts"
    );
    // What is only nearly as it should be is heard, and ends it.
    for (number, payload) in [
        "\u{feff}{\"kind\":\"fire\",\"text\":\"ZONE 0\"}".to_owned(),
        "{\"kind\":\"fire\",\"text\":\"ZONE 1\",\"n\":.5}\r\n".to_owned(),
        "[{\"kind\":\"Fire\",\"text\":\"ZONE 2\"}]".to_owned(),
        "{\"kind\":\"FIRE\",\"text\":\"ZONE 3\",\"battery\":+1,\"n\":007}".to_owned(),
        format!(
            "{{\"kind\":\"fire\",\"text\":\"ZONE 4\",\"tree\":{}{}}}",
            "[".repeat(100),
            "]".repeat(100)
        ),
    ]
    .iter()
    .enumerate()
    {
        say(payload);
        let zone = format!("ZONE {number}");
        park.until("the fire is on the page", || {
            let mut open = open(&park).into_iter();
            open.any(|[_, state, words]| state == "RAISED" && words.contains(&zone))
        });
    }
    park.until("it is understood again", || {
        told().0.is_none_or(|state| state == "CLEARED")
    });
}
