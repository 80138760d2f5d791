//! A spool of emergency openings that cannot be written: found before it is needed, and told for as long as
//! it is so.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::Path;
use std::process::Command;

use cordon_interop::{FailingPark, Park, change_config, program, said};
use serde_json::Value;

const WARNED: &str = "warning: spool: K098";

/// A file in the place of the spool's folder: nobody can write there, whoever he is.
fn spoil(folder: &Path) {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::write(folder, "").unwrap();
}

/// The alarms about the spool that are raised, and how many of them there are in all.
fn alarms(park: &Park) -> (Vec<Value>, usize) {
    let view = park.view();
    let mut alarms = view["alarms"].as_array().cloned().unwrap_or_default();
    alarms.retain(|alarm| {
        alarm["id"]
            .as_str()
            .unwrap()
            .starts_with("spool-unwritable")
    });
    let all = alarms.len();
    alarms.retain(|alarm| alarm["state"] == "RAISED");
    (alarms, all)
}

fn is_told(park: &Park) -> bool {
    let (raised, _) = alarms(park);
    for alarm in &raised {
        assert_eq!(alarm["code"], "STORAGE_FAIL");
        assert_eq!(alarm["level"], "ORANGE");
    }
    let health = park.get("/healthz").unwrap_or_default();
    let metrics = park.get("/metrics").unwrap_or_default();
    raised.len() == 1
        && health.starts_with("HTTP/1.1 200")
        && health.contains(WARNED)
        && metrics.contains("\ncordon_emergency_spool_failed 1\n")
}

fn is_well(park: &Park) -> bool {
    let health = park.get("/healthz").unwrap_or_default();
    let metrics = park.get("/metrics").unwrap_or_default();
    alarms(park).0.is_empty()
        && !health.contains(WARNED)
        && metrics.contains("\ncordon_emergency_spool_failed 0\n")
}

/// Check, start and health found it good: what an emergency did would have stood in memory alone.
#[test]
fn a_spool_that_cannot_be_written_is_told_at_once_and_for_as_long_as_it_is_so() {
    let mut park = Park::start_with(|data| {
        let own = "data = \".\"\nspool = \"away/emergency\"";
        change_config(data, &[("data = \".\"", own)], "");
        spoil(&data.join("away"));
    });
    let (config, away) = (park.data().join("park.toml"), park.data().join("away"));
    let check = || {
        let mut check = Command::new(program());
        check.args(["check", "--config"]).arg(&config).output()
    };
    // The gates are worth more than the spool: the park is up.
    park.until("it is told", || is_told(&park));
    assert!(park.log().contains("K098"), "{}", park.log());
    let checked = check().unwrap();
    assert!(!checked.status.success() && said(&checked).contains("K098"));

    std::fs::remove_file(&away).unwrap();
    park.until("it is well", || is_well(&park));
    let checked = check().unwrap();
    assert!(checked.status.success(), "{}", said(&checked));
    assert!(!away.exists(), "a trial leaves nothing");

    spoil(&away);
    park.until("it is told again", || is_told(&park));
    // A run that begins so says no more of an alarm that is open, and ends it.
    park.kill_and_restart();
    park.until("it is told after a start", || is_told(&park));
    std::fs::remove_file(&away).unwrap();
    park.until("it is well again", || is_well(&park));
    assert_eq!(alarms(&park).1, 2, "one for each loss");
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
}

const OPEN: &str = r#"{"gate":"G-04","ordered_by":"duty officer","reason":"fire","release":false}"#;
const RELEASE: &str =
    r#"{"gate":"G-04","ordered_by":"duty officer","reason":"fire is out","release":true}"#;

/// A share that is gone. The sequencer itself asked where the spool lies: for as long as that hung no gate opened,
/// and no start came up.
#[test]
fn a_spool_whose_place_does_not_answer_holds_up_no_opening_and_no_start() {
    let FailingPark {
        mut park,
        faults,
        lane,
        scratch: _scratch,
    } = FailingPark::start_failing(Some("share/emergency"), "share");
    faults.away();
    for run in ["beside a running hub", "at a start"] {
        park.until("it is told", || is_told(&park));
        for (order, what) in [(OPEN, "up"), (RELEASE, "down")] {
            let answer = park.post("/api/emergency-open", order).unwrap_or_default();
            assert!(
                answer.starts_with("HTTP/1.1 200"),
                "{run}: {answer}\n{}",
                park.log()
            );
            park.until(what, || {
                if what == "up" {
                    lane.is_up()
                } else {
                    lane.is_down()
                }
            });
        }
        park.kill();
        park.start_again();
        park.until_online("BR-06");
    }
    faults.end();
    park.until("it is over", || is_well(&park));
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
}
