//! Settings are entries, seen from outside: plan, rules and sections change between runs that are ended hard, and the
//! whole journal is replayed under what held at each entry.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

use std::path::Path;
use std::process::Command;

use cordon_contract::EntryKind;
use cordon_interop::{Park, busy, change_config, program, run, said};
use cordon_journal::{Reader, Record};
use serde_json::Value;

fn cordon(args: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(args);
    command
}

fn records(park: &Park) -> Vec<Record> {
    let reader = Reader::open(park.data().join("journal")).unwrap();
    let records = reader.read_range(1, u64::MAX).unwrap();
    records.map(Result::unwrap).collect()
}

/// The `Settings` entries: number and part.
fn settings(park: &Park) -> Vec<(u64, String)> {
    let records = records(park).into_iter();
    let settings = records.filter(|record| record.kind == EntryKind::Settings.number());
    let part = |record: &Record| record.label.split_once('/').unwrap().0.to_owned();
    settings
        .map(|record| (record.number, part(&record)))
        .collect()
}

fn capacity(data: &Path, from: u32, to: u32) {
    let (from, to) = (format!("capacity = {from}"), format!("capacity = {to}"));
    change_config(data, &[(&from, &to)], "");
}

/// Waits until another occupancy, which names the capacity, is written: a decision under the settings of now.
fn wait_for_occupancy(park: &Park, count: usize) {
    let said = |records: Vec<Record>| {
        let told = records
            .iter()
            .filter(|record| record.label == "OccupancySnapshot");
        told.count()
    };
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while said(records(park)) < count {
        assert!(std::time::Instant::now() < deadline, "{}", park.log());
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// The first decision of another run than the last was a difference (F013) before this.
#[test]
fn a_journal_over_changes_and_kills_is_replayed_under_what_held_at_each_entry() {
    let mut park = Park::start_with(busy);
    let first = settings(&park);
    let parts: Vec<&str> = first.iter().map(|(_, part)| part.as_str()).collect();
    assert_eq!(
        parts,
        [
            "program",
            "plan",
            "rules",
            "routes",
            "access",
            "dispatch",
            "alarms",
            "authority",
            "mappings"
        ]
    );
    for change in 0..4 {
        wait_for_occupancy(&park, 2 * (change + 1));
        let before = 60 + u32::try_from(change).unwrap();
        park.kill();
        capacity(&park.data(), before, before + 1);
        park.start_again();
        park.wait_until_healthy();
        // The same once more: nothing is written.
        if change == 2 {
            park.kill_and_restart();
            park.wait_until_healthy();
        }
    }
    wait_for_occupancy(&park, 10);
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let all = settings(&park);
    let changes: Vec<&str> = all.iter().skip(9).map(|(_, part)| part.as_str()).collect();
    assert_eq!(changes, ["plan"; 4]);

    let log = park.log();
    let stopped = log
        .lines()
        .rfind(|line| line.starts_with("stopped at entry"));
    let hash = stopped.unwrap().rsplit(' ').next().unwrap();
    let config = park.data().join("park.toml");
    run(cordon(&["journal", "replay", "--expect", hash, "--config"]).arg(&config));
    let verified = run(cordon(&["journal", "verify", "--dir"]).arg(park.data().join("journal")));
    assert!(said(&verified).starts_with("clean"), "{}", said(&verified));
    // Whatever the configuration says by now.
    capacity(&park.data(), 64, 5);
    let replay = cordon(&[
        "journal", "replay", "--format", "json", "--expect", hash, "--config",
    ])
    .arg(&config)
    .output()
    .unwrap();
    let told: Value = serde_json::from_slice(&replay.stdout).unwrap();
    assert_eq!(told["difference"], Value::Null, "{told}");
    assert_eq!(told["before_settings"], 0);
    assert_eq!(told["settings"].as_array().unwrap().len(), 13);

    // An entry of the second run is explained by the plan of that run, the third of all changes.
    let (third, _) = all[10];
    let number = (third - 1).to_string();
    let explained = run(cordon(&["explain", &number, "--format", "json", "--config"]).arg(&config));
    let told: Value = serde_json::from_slice(&explained.stdout).unwrap();
    let plan = told["settings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["part"] == "plan");
    assert_eq!(plan.unwrap()["entry"], all[9].0, "{told}");
    assert_eq!(plan.unwrap()["why"], "start");
}
