//! Reports that cannot be opened, built or given out, and a ledger of pushes that cannot be read, keep no gate
//! shut: the hub is up, says what is wrong for as long as it is so, and goes on by itself.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::Path;
use std::process::{Command, Output};

use cordon_interop::{FailingPark, Park, change_config, program, said};
use serde_json::Value;

const OPEN: &str = r#"{"gate":"G-04","ordered_by":"duty officer","reason":"fire","release":false}"#;

/// A file in the folder's place: nobody can list it, whoever he is.
fn spoil(folder: &Path) {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder.parent().unwrap()).unwrap();
    std::fs::write(folder, "x").unwrap();
}

/// The hub's alarms of this name that are raised, and how many of them there are in all.
fn alarms(park: &Park, name: &str) -> (Vec<Value>, usize) {
    let view = park.view();
    let mut alarms = view["alarms"].as_array().cloned().unwrap_or_default();
    alarms.retain(|alarm| alarm["id"].as_str().unwrap().starts_with(name));
    let all = alarms.len();
    alarms.retain(|alarm| alarm["state"] == "RAISED");
    (alarms, all)
}

/// One yellow alarm, a line of the health with this word, and this metric say it, or none of them.
fn agree(park: &Park, (name, metric): (&str, &str), told: Option<&str>) -> bool {
    let (raised, _) = alarms(park, name);
    for alarm in &raised {
        assert_eq!(alarm["code"], "STORAGE_FAIL", "{alarm}");
        assert_eq!(alarm["level"], "YELLOW", "{alarm}");
    }
    let health = park.get("/healthz").unwrap_or_default();
    let metrics = park.get("/metrics").unwrap_or_default();
    let is_counted = |count| metrics.contains(&format!("\n{metric} {count}\n"));
    match told {
        Some(word) => {
            assert!(raised.len() <= 1, "{raised:?}");
            raised.len() == 1
                && health.starts_with("HTTP/1.1 200")
                && health.contains(word)
                && is_counted(1)
        }
        None => raised.is_empty() && !health.contains("warning: re") && is_counted(0),
    }
}

const REPORTS: (&str, &str) = ("reports-failed", "cordon_reports_failed");
const LEDGER: (&str, &str) = ("adapter-resting-province", "cordon_adapters_resting");

fn check(park: &Park) -> Output {
    let mut check = Command::new(program());
    let check = check.args(["check", "--config"]);
    check.arg(park.data().join("park.toml")).output().unwrap()
}

fn list_reports(park: &Park) -> String {
    let mut pull = park.client(&["pull", "list"], "regulator", "regulator-1");
    said(&pull.output().unwrap())
}

/// The hub was up, called itself well, and stopped itself five seconds later, at every start.
#[test]
fn a_folder_of_reports_that_cannot_be_listed_keeps_no_gate_shut() {
    let mut failing = FailingPark::start(None);
    let park = &mut failing.park;
    park.until_online("BR-06");
    let folder = park.data().join("store/reports/RPT-06");
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    spoil(&folder);
    park.start_again();
    park.wait_until_healthy();
    let told = Some("warning: reports: S045");
    park.until("it is told", || agree(park, REPORTS, told));
    let health = park.get("/healthz").unwrap();
    assert!(health.contains("RPT-06"), "where: {health}");
    let listed = list_reports(park);
    assert!(listed.contains("S045"), "{listed}");
    let checked = check(park);
    assert!(!checked.status.success() && said(&checked).contains("S045"));
    park.until_online("BR-06");
    let answer = park.post("/api/emergency-open", OPEN).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    failing.lane.wait_until_up();

    std::fs::remove_file(&folder).unwrap();
    park.until("it is well", || agree(park, REPORTS, None));
    let listed = list_reports(park);
    assert!(!listed.contains("S045"), "{listed}");
    assert!(check(park).status.success(), "{}", said(&check(park)));
    // Under the running hub it was said every few seconds, and in the log alone.
    spoil(&folder);
    park.until("it is told again", || agree(park, REPORTS, told));
    std::fs::remove_file(&folder).unwrap();
    std::fs::create_dir(&folder).unwrap();
    park.until("it is well again", || agree(park, REPORTS, None));
    assert_eq!(alarms(park, REPORTS.0).1, 2, "one for each loss");
    let log = park.log();
    let times = |words: &str| log.matches(words).count();
    assert_eq!(times("there are no reports"), 1, "{log}");
    assert_eq!(times("the reports are not in order"), 1, "{log}");
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
}

/// A push ledger that was cut by a crash kept the whole park from starting.
#[test]
fn a_ledger_of_pushes_that_cannot_be_read_stops_its_adapter_alone() {
    let mut park = Park::start_with(|data| {
        let more = r#"
[[plan.devices]]
id = "PROV-01"
kind = "GATEWAY"

[[regulator]]
name = "province"
platform = "PROV-01"
url = "http://127.0.0.1:9/reports"
ledger_file = "province.ledger"
"#;
        change_config(data, &[], more);
        std::fs::write(data.join("province.ledger"), "").unwrap();
    });
    let told = Some("warning: adapter: `province`: A052");
    park.until("it is told", || agree(&park, LEDGER, told));
    let checked = check(&park);
    assert!(!checked.status.success() && said(&checked).contains("A052"));
    let ledger = park.data().join("province.ledger");
    assert_eq!(std::fs::read_to_string(&ledger).unwrap(), "", "untouched");

    std::fs::write(&ledger, r#"{ "pushed": {}, "dead": [] }"#).unwrap();
    park.until("it is well", || agree(&park, LEDGER, None));
    assert_eq!(alarms(&park, LEDGER.0).1, 1);
    assert!(check(&park).status.success());
    assert_eq!(park.log().matches("nothing is pushed before").count(), 1);
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
}

/// The ledger was synced on a thread of the runtime, with a lock that health, page and openings wait for: a share that
/// was gone held up all of them.
#[test]
fn a_disk_of_the_ledger_that_hangs_holds_up_the_pushes_alone() {
    let mut park = Park::start_with(|data| {
        let more = r#"
[[plan.devices]]
id = "PROV-01"
kind = "GATEWAY"

[reports]
[[reports.build]]
report = "RPT-01"
granularity = "ON_DEMAND"
schedule = { every_s = 1 }

[[regulator]]
name = "province"
platform = "PROV-01"
url = "http://127.0.0.1:9/reports"
ledger_file = "province.ledger"
[[regulator.job]]
report = "RPT-01"
schedule = { every_s = 1 }
"#;
        change_config(data, &[], more);
        // A pipe in the file's place: whoever opens it hangs until the other end is open.
        let beside = data.join("province.new");
        let made = Command::new("mkfifo").arg(beside).status().unwrap();
        assert!(made.success());
    });
    let told = Some("warning: adapter: `province`: A056");
    park.until("it is told", || agree(&park, LEDGER, told));
    let beside = park.data().join("province.new");
    // It answers: what cannot be synced is refused at once.
    let mut both_ends = std::fs::OpenOptions::new();
    let both_ends = both_ends.read(true).write(true).open(&beside).unwrap();
    park.until("it is well", || agree(&park, LEDGER, None));
    std::fs::remove_file(beside).unwrap();
    drop(both_ends);
    let ledger = park.data().join("province.ledger");
    park.until("it is written", || {
        let text = std::fs::read_to_string(&ledger).unwrap_or_default();
        text.contains("RPT-01")
    });
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
}
