//! I2 in the program as it is shipped: on a disk that fails in four ways the one-key opening is carried
//! out and confirmed, also after a restart and after a second one; then the disk works again, the mode
//! ends by itself, and everything is in the journal exactly once.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::Path;

use cordon_interop::{Faults, Lane, Park, change_config};
use cordon_journal::Reader;

const EIO: i32 = 5;
const EROFS: i32 = 30;
const ENOSPC: i32 = 28;

const OPEN: &str = r#"{"gate":"G-04","ordered_by":"duty officer","reason":"fire","release":false}"#;
struct Scene {
    park: Park,
    faults: Faults,
    lane: Lane,
    spooled: usize,
    _scratch: tempfile::TempDir,
}

impl Scene {
    /// A healthy park with one lane; the spool lies on the failing disk, or on one of its own.
    fn new(spool: Option<&str>) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let lane = Lane::start();
        let mut made = None;
        let park = Park::start_under(|data| {
            let faults = Faults::new(scratch.path(), &data.join("store"));
            let mut store = "data = \"store\"".to_owned();
            if let Some(spool) = spool {
                store += &format!("\nspool = \"{spool}\"");
            }
            change_config(data, &[("data = \".\"", &store)], &lane.section());
            let envs = faults.envs();
            made = Some(faults);
            envs
        });
        let faults = made.unwrap();
        park.until_online("BR-06");
        Self {
            park,
            faults,
            lane,
            spooled: 0,
            _scratch: scratch,
        }
    }

    /// One-key opening on the disk as it is: it is acknowledged and the boom rises. The answer.
    fn open(&mut self) -> String {
        self.park.until_online("BR-06");
        let answer = self.park.post("/api/emergency-open", OPEN).unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 200"),
            "{answer}\n{}",
            self.park.log()
        );
        self.lane.wait_until_up();
        answer
    }

    /// One-key opening on the failing disk: the program stays up, says so, and keeps the record.
    fn open_late(&mut self) {
        let answer = self.open();
        self.park.wait_until_health("F060");
        assert!(answer.contains("\"late\":true"), "{answer}");
        // The opening and what came of it.
        self.spooled += 2;
        let wanted = format!("\ncordon_emergency_spooled {}\n", self.spooled);
        self.park.until(&wanted, || {
            let metrics = self.park.get("/metrics");
            metrics.is_some_and(|metrics| metrics.contains(&wanted))
        });
    }

    fn labels(&self) -> Vec<String> {
        labels(&self.park.data().join("store/journal"))
    }
}

fn labels(folder: &Path) -> Vec<String> {
    let reader = Reader::open(folder).unwrap();
    let records = reader.read_from(1).unwrap();
    records.map(|record| record.unwrap().label).collect()
}

fn count(labels: &[String], wanted: &str) -> usize {
    labels.iter().filter(|label| *label == wanted).count()
}

/// The whole story on a disk that `fail` breaks.
fn lives_through(spool: Option<&str>, restarts: usize, fail: impl Fn(&Faults)) {
    let mut scene = Scene::new(spool);
    assert!(!scene.lane.is_up());
    fail(&scene.faults);
    // The mode is entered by the first thing that should be recorded.
    scene.open_late();
    let refused = scene
        .park
        .post("/api/acknowledge", r#"{"alarm":"A-1"}"#)
        .unwrap();
    assert!(!refused.starts_with("HTTP/1.1 200"), "{refused}");
    let metrics = scene.park.get("/metrics").unwrap();
    assert!(
        metrics.contains("cordon_mode{mode=\"emergency\"} 1"),
        "{metrics}"
    );
    for _ in 0..restarts {
        scene.park.kill();
        scene.lane.restart();
        assert!(!scene.lane.is_up());
        scene.park.start_again();
        scene.park.wait_until_health("F060");
        scene.open_late();
    }
    scene.faults.end();
    scene.park.wait_until_healthy();
    let answer = scene.open();
    assert!(!answer.contains("\"late\":true"), "{answer}");
    // One in each run on the failing disk, and one afterwards.
    let wanted = 2 + restarts;
    scene.park.until(&format!("{wanted} of each"), || {
        let labels = scene.labels();
        count(&labels, "EmergencyGateOpen") == wanted && count(&labels, "CONFIRMED") == wanted
    });
    assert_eq!(count(&scene.labels(), "EXPIRED"), 0);
    assert_eq!(scene.park.terminate(), Some(0), "{}", scene.park.log());
}

#[test]
fn one_key_opening_on_a_disk_whose_syncs_fail() {
    lives_through(Some("spool/emergency"), 2, |faults| faults.sync(EIO));
}

#[test]
fn one_key_opening_on_a_disk_that_became_read_only() {
    lives_through(Some("spool/emergency"), 2, |faults| {
        faults.write(EROFS);
        faults.open(EROFS);
        faults.make(EROFS);
    });
}

#[test]
fn one_key_opening_on_a_disk_without_room() {
    lives_through(Some("spool/emergency"), 2, |faults| {
        faults.write(ENOSPC);
        faults.make(ENOSPC);
    });
}

#[test]
fn one_key_opening_on_a_disk_that_stores_half() {
    lives_through(Some("spool/emergency"), 2, |faults| faults.short(true));
}

#[test]
fn one_key_opening_when_the_spool_lies_on_the_failing_disk_too() {
    // Kept in memory: a restart would lose the record, never the opening.
    lives_through(None, 0, |faults| faults.sync(EIO));
}
