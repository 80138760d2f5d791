//! A disk that is really full, in a mount namespace of the test's own: the mode, its alarm, an emergency
//! opening, a restart without room, and the way back.
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

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use cordon_contract::{Clock as _, SystemClock, type_in_label};
use cordon_interop::{Lane, Park, change_config, run, system};
use serde_json::Value;

use mqtt::park::{add_sensors, readings, records, wait_subscribed};
use mqtt::{Mosquitto, publish_lines, publisher};

const OPEN: &str = r#"{"gate":"G-04","ordered_by":"duty officer","reason":"fire"}"#;
/// Messages that are published, and values in each: more than the disk takes.
const MESSAGES: u64 = 1_200;
const VALUES: u64 = 60;

/// Set where the test runs in its mount namespace.
const INSIDE: &str = "CORDON_TEST_OWN_DISK";

/// The test runs itself again where it may mount.
#[test]
fn a_really_full_disk_is_lived_through() {
    if std::env::var_os(INSIDE).is_some() {
        return on_a_disk_of_its_own();
    }
    let may = Command::new(system("unshare"))
        .args(["-m", "true"])
        .output();
    if !may.is_ok_and(|output| output.status.success()) {
        println!("skipped: this user may not make a mount namespace");
        return;
    }
    run(Command::new(system("unshare"))
        .args(["-m", "--propagation", "private"])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "a_really_full_disk_is_lived_through",
            "--nocapture",
        ])
        .env(INSIDE, "1"));
}

fn mount(words: &[&str], folder: &Path) {
    run(Command::new(system("mount")).args(words).arg(folder));
}

/// Writes zeros until nothing more fits.
fn fill(folder: &Path) {
    let mut options = std::fs::OpenOptions::new();
    let ballast = options.create(true).append(true);
    let mut ballast = ballast.open(folder.join("ballast")).unwrap();
    for size in [1 << 20, 4096, 1] {
        while ballast.write_all(&vec![0; size]).is_ok() {}
    }
}

/// The page's content once the console answers for the hub.
fn first_view(park: &Park) -> Value {
    park.until_some("the page is there", || {
        let answer = park.get("/api/view")?;
        let is_there = answer.starts_with("HTTP/1.1 200");
        is_there.then(|| park.view()).filter(Value::is_object)
    })
}

fn barrier(view: &Value) -> &str {
    let lanes = view["lanes"].as_array().unwrap();
    let lane = lanes.iter().find(|lane| lane["lane"] == "L-06").unwrap();
    lane["barrier"].as_str().unwrap()
}

/// It is acknowledged with an entry, and its outcome is one too.
fn open(park: &Park, lane: &Lane) {
    park.until_online("BR-06");
    let confirmed = || {
        let text = park.get("/metrics").unwrap_or_default();
        text.contains("cordon_commands_total{outcome=\"CONFIRMED\"}")
    };
    let answer = park.post("/api/emergency-open", OPEN).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200"),
        "{answer}\n{}",
        park.log()
    );
    assert!(!answer.contains("late"), "{answer}");
    lane.wait_until_up();
    park.until("the opening is confirmed", confirmed);
}

/// A lane held open by hand was taken, and nothing that people have for a barrier put it down again.
fn hold_and_release(park: &Park, lane: &Lane) {
    park.until_online("BR-06");
    let order = |action: &str| {
        let body = format!(
            r#"{{"lane":"L-06","action":"{action}","ordered_by":"duty officer","reason":"fire"}}"#
        );
        park.post("/api/barrier", &body).unwrap()
    };
    let answer = order("hold");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    lane.wait_until_up();
    let answer = order("release");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    park.until("the boom is down", || lane.is_down());
    // The rest waits for room: nothing is lowered on a full disk that nobody held open by hand.
    let answer = order("lower");
    assert!(answer.contains("F008"), "{answer}");
}

/// A start that has to make its state anew, as after an upgrade, and finds not a byte free: the hub came up
/// in its emergency mode, recorded nothing and read nothing until there was room.
fn start_without_a_state(park: &mut Park, store: &Path) {
    park.kill();
    std::fs::remove_file(store.join("state.redb")).unwrap();
    fill(store);
    park.start_again();
    park.wait_until_health("F008");
    let metrics = park.get("/metrics").unwrap();
    for (mode, is_so) in [("full", 1), ("emergency", 0)] {
        let line = format!("cordon_mode{{mode=\"{mode}\"}} {is_so}\n");
        assert!(metrics.contains(&line), "{metrics}\n{}", park.log());
    }
    let health = park.get("/healthz").unwrap();
    assert!(health.contains("readings wait"), "{health}");
    let view = first_view(park);
    assert_eq!(view["figures"]["condition"]["mode"], "full", "{view}");
    assert_eq!(barrier(&view), "OPEN", "{view}");
}

fn on_a_disk_of_its_own() {
    let (lane, broker) = (
        Lane::start(),
        Mosquitto::start("allow_anonymous true", |_| {}),
    );
    let mut park = Park::start_with(|data| {
        let store = data.join("store");
        std::fs::create_dir(&store).unwrap();
        mount(&["-t", "tmpfs", "-o", "size=40m", "tmpfs"], &store);
        let own = "data = \"store\"\nspool = \"spool/emergency\"";
        change_config(data, &[("data = \".\"", own)], &lane.section());
        add_sensors(data, broker.port());
    });
    let (store, journal) = (park.data().join("store"), park.data().join("store/journal"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(wait_subscribed(&broker));
    let now = SystemClock.now();
    let lines: Vec<String> = (0..MESSAGES)
        .map(|n| {
            let values: Vec<String> = (n * VALUES..(n + 1) * VALUES)
                .map(|value| {
                    format!("{{\"point\":\"pressure\",\"value\":{value},\"unit\":\"kPa\"}}")
                })
                .collect();
            format!(
                "{{\"id\":\"{n}\",\"time\":\"{now}\",\"values\":[{}]}}",
                values.join(",")
            )
        })
        .collect();
    publish_lines(publisher(broker.port()), "sensors/GW-01/S-01", &lines);
    park.wait_until_health("F008");
    fill(&store);

    let view = first_view(&park);
    assert_eq!(view["figures"]["condition"]["mode"], "full", "{view}");
    park.until("people are told", || {
        let view = park.view();
        let alarms = view["alarms"].as_array().cloned().unwrap_or_default();
        alarms.iter().any(|alarm| alarm["code"] == "STORAGE_FAIL")
    });
    hold_and_release(&park, &lane);
    open(&park, &lane);
    park.until("the page shows the boom", || {
        barrier(&park.view()) == "OPEN"
    });
    let acknowledged = records(&journal);

    park.kill_and_restart();
    let view = first_view(&park);
    assert_eq!(barrier(&view), "OPEN", "{view}");
    park.wait_until_health("F008");
    open(&park, &lane);

    start_without_a_state(&mut park, &store);
    open(&park, &lane);

    // Room again, as an operator gives it: the volume grows, the ballast goes.
    mount(&["-o", "remount,size=1g"], &store);
    std::fs::remove_file(store.join("ballast")).unwrap();
    park.wait_until_healthy();
    let metrics = park.get("/metrics").unwrap();
    assert!(
        metrics.contains("cordon_mode{mode=\"full\"} 0"),
        "{metrics}"
    );
    let batches = || {
        let all = records(&journal).into_iter();
        all.filter(|record| record.label == "SensorReadingBatch")
            .count()
    };
    park.until("everything published is in the journal", || {
        batches() as u64 >= MESSAGES
    });
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let all = records(&journal);
    let times = readings(&all);
    assert_eq!(times.len() as u64, MESSAGES * VALUES);
    assert!(times.values().all(|times| *times == 1));
    for (before, after) in acknowledged.iter().zip(&all) {
        assert_eq!((before.number, before.chain), (after.number, after.chain));
    }
    let openings = all
        .iter()
        .filter(|it| type_in_label(&it.label) == "EmergencyGateOpen");
    assert_eq!(openings.count(), 3);
    assert!(std::fs::metadata(store.join("state.redb")).unwrap().len() > 0);
    // Else the folder could not be removed with the test.
    run(Command::new(system("umount")).arg("-l").arg(&store));
}
