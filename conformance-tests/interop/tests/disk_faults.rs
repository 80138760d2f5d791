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

use cordon_contract::type_in_label;
use cordon_interop::{
    FailingPark, Faults, Head, Lane, Park, fresh_id, message, message_file, moment, said,
};
use cordon_journal::{Reader, Record};
use serde_json::Value;

const EIO: i32 = 5;
const EROFS: i32 = 30;
const ENOSPC: i32 = 28;

const OPEN: &str = r#"{"gate":"G-04","ordered_by":"duty officer","reason":"fire","release":false}"#;
const RELEASE: &str =
    r#"{"gate":"G-04","ordered_by":"duty officer","reason":"fire is out","release":true}"#;

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
        let FailingPark {
            park,
            faults,
            lane,
            scratch,
        } = FailingPark::start(spool);
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
        let answer = self.park.post("/api/emergency-open", OPEN);
        let answer = answer.unwrap_or_else(|| panic!("no answer\n{}", self.park.log()));
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
        // Whoever is about to restart it learns what that would lose.
        self.park.until("health and metrics agree", || {
            let (metrics, health) = (self.park.get("/metrics"), self.park.get("/healthz"));
            let has_none = metrics.map(|it| it.contains("\ncordon_emergency_in_memory 0\n"));
            let is_told = health.map(|it| it.contains("stand in memory alone"));
            has_none.is_some() && has_none.map(|none| !none) == is_told
        });
    }

    fn labels(&self) -> Vec<String> {
        labels(&self.park.data().join("store/journal"))
    }
}

/// A release or an opening of operator-1, ordered so many seconds from now, with an id of its own.
fn order_of(release: bool, occurred_s: i64) -> (String, String) {
    let id = fresh_id();
    let fields = format!(
        "<c:OrderId>EO-{release}</c:OrderId><c:Gates>G-04</c:Gates><c:OrderedBy>operator-1</c:OrderedBy>\
         <c:Reason>fire</c:Reason><c:Release>{release}</c:Release><c:OrderedAt>{}</c:OrderedAt>",
        moment(occurred_s)
    );
    let head = Head {
        occurred_s,
        ..Head::of("operator-1")
    };
    let text = message(head, &id, "EmergencyGateOpen", &fields);
    (id, text)
}

/// `submit` of operator-1 says it; what it prints.
fn say_signed(park: &Park, release: bool) -> String {
    say(park, &order_of(release, 0))
}

fn say(park: &Park, (id, text): &(String, String)) -> String {
    let file = message_file(park.scratch(), id, text);
    let mut submit = park.client(&["submit"], "park", "operator-1");
    // One of its own: what was answered before would not be sent again.
    let spool = park.scratch().join(fresh_id());
    std::fs::create_dir_all(&spool).unwrap();
    said(&submit.arg("--spool").arg(spool).arg(file).output().unwrap())
}

/// A release in emergency mode was accepted, never carried out, and journaled as carried out.
fn opens_and_releases(scene: &mut Scene, fail: impl Fn(&Faults), order: impl Fn(&Park, bool)) {
    scene.park.until_online("BR-06");
    fail(&scene.faults);
    order(&scene.park, false);
    scene.lane.wait_until_up();
    scene.park.wait_until_health("F060");
    assert!(scene.lane.is_locked_open());
    order(&scene.park, true);
    scene.park.until("the boom is down and no longer held", || {
        scene.lane.is_down() && !scene.lane.is_locked_open()
    });
    scene.faults.end();
    scene.park.wait_until_healthy();
    scene.park.until("both are journaled as they were", || {
        let labels = scene.labels();
        count(&labels, "EmergencyGateOpen") == 2 && count(&labels, "CONFIRMED") == 2
    });
    assert_eq!(count(&scene.labels(), "EXPIRED"), 0);
    assert!(scene.lane.is_down() && !scene.lane.is_locked_open());
    assert_eq!(scene.park.terminate(), Some(0), "{}", scene.park.log());
}

#[test]
fn who_opened_a_gate_without_a_journal_can_release_it() {
    let mut scene = Scene::new(Some("spool/emergency"));
    opens_and_releases(
        &mut scene,
        |it| it.sync(EIO),
        |park, release| {
            let order = if release { RELEASE } else { OPEN };
            let answer = park.post("/api/emergency-open", order).unwrap();
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            assert!(answer.contains("\"late\":true"), "{answer}");
        },
    );
}

/// The sequencer waited for a sync that never came back: nothing opened, and the health said ok.
#[test]
fn on_a_disk_that_hangs_people_open_and_release_as_on_one_that_fails() {
    let mut scene = Scene::new(Some("spool/emergency"));
    opens_and_releases(&mut scene, Faults::hang, |park, release| {
        let order = if release { RELEASE } else { OPEN };
        let answer = park.post("/api/emergency-open", order).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains("\"late\":true"), "{answer}");
    });
}

/// A write that hangs was waited for without end: only that the hub hung was told.
#[test]
fn on_a_disk_that_is_frozen_people_open_and_release_as_on_one_that_fails() {
    let mut scene = Scene::new(Some("spool/emergency"));
    opens_and_releases(&mut scene, Faults::freeze, |park, release| {
        let order = if release { RELEASE } else { OPEN };
        let answer = park.post("/api/emergency-open", order).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains("\"late\":true"), "{answer}");
    });
}

/// The spool and the state hang with the journal, and so does a start.
#[test]
fn where_everything_lies_on_a_disk_that_hangs_people_open_and_release_also_after_a_start() {
    lives_through_a_silent_disk(Faults::hang);
}

#[test]
fn where_everything_lies_on_a_frozen_disk_people_open_and_release_also_after_a_start() {
    lives_through_a_silent_disk(Faults::freeze);
}

fn lives_through_a_silent_disk(falls_silent: impl Fn(&Faults)) {
    let mut scene = Scene::new(None);
    scene.park.until_online("BR-06");
    falls_silent(&scene.faults);
    scene.open();
    scene.park.wait_until_health("F060");
    again(&mut scene);
    let answer = scene.park.post("/api/emergency-open", RELEASE).unwrap();
    assert!(answer.contains("\"late\":true"), "{answer}");
    scene.park.until("the boom is down and no longer held", || {
        scene.lane.is_down() && !scene.lane.is_locked_open()
    });
    scene.open();
    scene.faults.end();
    scene.park.wait_until_healthy();
    assert!(scene.lane.is_up() && scene.lane.is_locked_open());
    assert_eq!(scene.park.terminate(), Some(0), "{}", scene.park.log());
}

/// The hub was at opening its journal again when the disk hung once more: each thing of that was waited for as long
/// as the first, and the order came too late.
#[test]
fn on_a_disk_that_answers_for_a_moment_and_hangs_again_each_order_of_people_acts() {
    let mut scene = Scene::new(Some("spool/emergency"));
    scene.park.until_online("BR-06");
    for moment_ms in [300, 600, 1_000] {
        scene.faults.freeze();
        scene.open();
        scene.faults.end();
        // How long the disk answers is what is tried here.
        std::thread::sleep(std::time::Duration::from_millis(moment_ms));
        scene.faults.freeze();
        let answer = scene.park.post("/api/emergency-open", RELEASE).unwrap();
        let log = || scene.park.log();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}\n{}", log());
        scene.park.until("the boom is down and no longer held", || {
            scene.lane.is_down() && !scene.lane.is_locked_open()
        });
        scene.faults.end();
        scene.park.wait_until_healthy();
    }
    scene.park.until("all are journaled, once", || {
        let labels = scene.labels();
        count(&labels, "EmergencyGateOpen") == 6 && count(&labels, "CONFIRMED") == 6
    });
    assert_eq!(scene.park.terminate(), Some(0), "{}", scene.park.log());
}

/// After a restart without a journal the page said NORMAL, no alarms and no entries, and UNKNOWN of the gate
/// that it had opened.
#[test]
fn without_a_journal_the_page_shows_what_acted_and_claims_nothing_else() {
    let mut scene = Scene::new(Some("spool/emergency"));
    scene.park.until_online("BR-06");
    scene.faults.sync(EIO);
    scene.open_late();
    scene.park.kill();
    scene.lane.restart();
    scene.park.start_again();
    scene.park.wait_until_health("F060");
    scene.open_late();
    let shown = scene.park.until_some("the page shows the opening", || {
        let view = scene.park.view();
        let lane = view["lanes"]
            .as_array()?
            .iter()
            .find(|lane| lane["lane"] == "L-06")?;
        (lane["barrier"] == "OPEN" && lane["held"] == true).then(|| view.clone())
    });
    assert_eq!(shown["mode"], "UNKNOWN", "{shown}");
    for unknown in ["open_alarms", "entries", "in_park"] {
        assert_eq!(shown[unknown], Value::Null, "{unknown}: {shown}");
    }
    let condition = &shown["figures"]["condition"];
    assert_eq!(condition["tick_age_ms"], Value::Null, "{shown}");
    assert!(condition["since"].is_string(), "{shown}");
    let metrics = scene.park.get("/metrics").unwrap();
    for absent in ["journal_entries", "open_alarms", "tick_age_seconds"] {
        assert!(
            !metrics.contains(&format!("\ncordon_{absent} ")),
            "{metrics}"
        );
    }
    assert!(
        scene
            .park
            .post("/api/emergency-open", RELEASE)
            .unwrap()
            .contains("\"late\":true")
    );
    scene
        .park
        .until("the page no longer says that it is held", || {
            let view = scene.park.view();
            let mut lanes = view["lanes"].as_array().unwrap().iter();
            lanes.any(|lane| lane["lane"] == "L-06" && lane["held"] == false)
        });
}

#[test]
fn a_signed_release_without_a_journal_acts_like_the_signed_opening() {
    let mut scene = Scene::new(Some("spool/emergency"));
    opens_and_releases(
        &mut scene,
        |it| it.sync(EIO),
        |park, release| {
            let answer = say_signed(park, release);
            assert!(answer.contains("accepted 1"), "{answer}");
        },
    );
}

/// Kills it and starts it again on the disk as it is.
fn again(scene: &mut Scene) {
    scene.park.kill();
    scene.park.start_again();
    scene.park.wait_until_health("F060");
    scene.park.until_online("BR-06");
}

/// After a restart without a journal an older release lowered, an older opening raised, and the same bytes
/// acted once more.
#[test]
fn a_start_without_a_journal_knows_what_was_ordered_before() {
    let mut scene = Scene::new(Some("spool/emergency"));
    scene.park.until_online("BR-06");
    scene.faults.sync(EIO);
    let spooled = |scene: &Scene, count: usize| {
        let wanted = format!("\ncordon_emergency_spooled {count}\n");
        let metrics = scene.park.get("/metrics");
        metrics.is_some_and(|metrics| metrics.contains(&wanted))
    };
    let (older_release, older_opening) = (order_of(true, -10), order_of(false, -5));
    let opening = order_of(false, 0);
    let told = say(&scene.park, &opening);
    assert!(told.contains("accepted 1"), "{told}");
    scene.lane.wait_until_up();
    scene.park.until("it is told", || spooled(&scene, 2));
    again(&mut scene);
    let late = say(&scene.park, &older_release);
    assert!(
        late.contains("C010") && late.contains("accepted 0"),
        "{late}"
    );
    assert!(scene.lane.is_up() && scene.lane.is_locked_open());
    let told = say_signed(&scene.park, true);
    assert!(told.contains("accepted 1"), "{told}");
    scene.park.until("the boom is down and both are told", || {
        scene.lane.is_down() && spooled(&scene, 4)
    });
    for _ in 0..2 {
        let told = say(&scene.park, &opening);
        assert!(told.contains("accepted 1"), "its first answer: {told}");
        let late = say(&scene.park, &older_opening);
        assert!(
            late.contains("C010") && late.contains("accepted 0"),
            "{late}"
        );
        assert!(spooled(&scene, 4), "nothing acted");
        assert!(scene.lane.is_down() && !scene.lane.is_locked_open());
        again(&mut scene);
    }
    scene.faults.end();
    scene.park.wait_until_healthy();
    scene.park.until("both are journaled, once", || {
        let labels = scene.labels();
        count(&labels, "EmergencyGateOpen") == 2 && count(&labels, "CONFIRMED") == 2
    });
    assert_eq!(scene.park.terminate(), Some(0), "{}", scene.park.log());
}

/// The spool without the targets that acted, and without what came of the release.
fn older_spool(spool: &Path) -> String {
    let text = std::fs::read_to_string(spool).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty());
    let mut released = Value::Null;
    let mut kept = String::new();
    for line in lines {
        let mut line: Value = serde_json::from_str(line).unwrap();
        if let Some(opening) = line.get_mut("opening").and_then(Value::as_object_mut) {
            if opening["xml"].as_str().unwrap().contains("Release>true<") {
                released = opening["id"].clone();
            }
            opening.remove("id");
            opening.remove("acted");
        }
        if line.pointer("/outcome/opening") != Some(&released) {
            kept += &format!("{line}\n");
        }
    }
    kept
}

/// A spool of a program that took the release and let nothing out for it: the journal does not say that
/// it was carried out.
#[test]
fn a_spooled_release_that_was_never_let_out_is_said_to_be_so() {
    let mut scene = Scene::new(Some("spool/emergency"));
    scene.park.until_online("BR-06");
    scene.faults.sync(EIO);
    scene.open_late();
    let answer = scene.park.post("/api/emergency-open", RELEASE).unwrap();
    assert!(answer.contains("\"late\":true"), "{answer}");
    let spool = scene.park.data().join("spool/emergency");
    let told = |text: &str| text.matches("{\"outcome\":").count();
    scene.park.until("the spool holds what came of both", || {
        std::fs::read_to_string(&spool).is_ok_and(|text| told(&text) == 2)
    });
    scene.park.kill();
    std::fs::write(&spool, older_spool(&spool)).unwrap();
    scene.faults.end();
    scene.park.start_again();
    scene.park.wait_until_healthy();
    scene
        .park
        .until("it is journaled", || count(&scene.labels(), "EXPIRED") == 1);
    let reader = Reader::open(scene.park.data().join("store/journal")).unwrap();
    let records = reader.read_from(1).unwrap();
    let bodies: String = records
        .map(|record| String::from_utf8_lossy(&record.unwrap().body).into_owned())
        .collect();
    assert!(
        bodies.contains("not carried out: it was let out neither"),
        "{bodies}"
    );
    assert!(!bodies.contains("its outcome was not kept"), "{bodies}");
}

/// Labels of the entries, without the outcomes of what is not the barrier's: the alarm about the disk is
/// delivered too.
fn labels(folder: &Path) -> Vec<String> {
    let reader = Reader::open(folder).unwrap();
    let records = reader.read_from(1).unwrap().map(Result::unwrap);
    let of_others = |record: &Record| {
        let body = String::from_utf8_lossy(&record.body);
        record.label == "CONFIRMED" && !body.contains("BR-06")
    };
    let kept = records.filter(|record| !of_others(record));
    kept.map(|record| type_in_label(&record.label).to_owned())
        .collect()
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

/// A good journal beside a state whose disk fails: every signed message was refused with J020, an emergency
/// opening too, and the health said `ok` alone.
fn goes_on_beside_a_failing_state(fail: impl Fn(&Faults)) {
    goes_on_beside("store/state.redb", false, fail);
}

/// The same beside another file that fails, after a start on it too.
fn goes_on_beside(failing: &str, starts: bool, fail: impl Fn(&Faults)) {
    let FailingPark {
        mut park,
        faults,
        lane,
        scratch: _scratch,
    } = FailingPark::start_failing(Some("spool/emergency"), failing);
    if starts {
        park.kill();
    }
    fail(&faults);
    if starts {
        park.start_again();
        park.until_online("BR-06");
    }
    let warned = "warning: state: it, or its witness, is not saved, everything is taken all the same: its disk fails";
    park.until("the health warns of the state", || {
        let text = park.get("/healthz");
        text.is_some_and(|text| text.starts_with("HTTP/1.1 200") && text.contains(warned))
    });
    park.until("an alarm says so", || {
        let alarms = park.view()["alarms"].to_string();
        alarms.contains("STORAGE_FAIL")
    });
    let told = say_signed(&park, false);
    assert!(told.contains("accepted 1"), "{told}\n{}", park.log());
    lane.wait_until_up();
    let order = order_of(true, 0);
    assert!(say(&park, &order).contains("accepted 1"), "{}", park.log());
    park.until("the boom is down", || lane.is_down());
    let told = say(&park, &order);
    assert!(told.contains("accepted 1"), "a repetition: {told}");
    faults.end();
    park.until("the health warns no more", || {
        let text = park.get("/healthz");
        text.is_some_and(|text| !text.contains(warned))
    });
    park.until("it is told that the state is saved again", || {
        let labels = labels(&park.data().join("store/journal"));
        count(&labels, "state.unsaved") == 1 && count(&labels, "state.saved") == 1
    });
    let labels = labels(&park.data().join("store/journal"));
    assert_eq!(count(&labels, "EmergencyGateOpen"), 2, "{labels:?}");
    assert_eq!(count(&labels, "hub.resumed"), 0, "{labels:?}");
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
}

#[test]
fn a_state_whose_writes_fail_beside_a_good_journal_refuses_nothing() {
    goes_on_beside_a_failing_state(|faults| {
        faults.sync(EIO);
        faults.write(EIO);
    });
}

#[test]
fn a_state_that_became_read_only_beside_a_good_journal_refuses_nothing() {
    goes_on_beside_a_failing_state(|faults| {
        faults.write(EROFS);
        faults.open(EROFS);
        faults.make(EROFS);
        faults.sync(EROFS);
    });
}

/// A metric alone told of it.
#[test]
fn a_state_whose_syncs_hang_beside_a_good_journal_refuses_nothing_and_is_told() {
    goes_on_beside_a_failing_state(Faults::hang);
}

#[test]
fn a_state_whose_writes_hang_beside_a_good_journal_refuses_nothing_and_is_told() {
    goes_on_beside_a_failing_state(Faults::freeze);
}

/// It was told in the log alone.
#[test]
fn a_witness_whose_writes_fail_beside_a_good_journal_refuses_nothing() {
    goes_on_beside("store/witness", false, |faults| {
        faults.sync(EIO);
        faults.write(EIO);
    });
}

/// The whole hub was in its emergency mode.
#[test]
fn a_start_on_a_witness_that_became_read_only_refuses_nothing() {
    goes_on_beside("store/witness", true, |faults| {
        faults.write(EROFS);
        faults.open(EROFS);
        faults.make(EROFS);
        faults.sync(EROFS);
    });
}
