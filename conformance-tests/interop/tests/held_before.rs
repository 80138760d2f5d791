//! A start that cannot open its journal knows which lanes were held open before, and shows it: on the page, in
//! `/healthz` and in the metrics. Of the others it says that nobody knows.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use cordon_interop::{
    FailingPark, Faults, Head, Park, fresh_id, message, message_file, moment, said,
};
use serde_json::Value;

const EIO: i32 = 5;
const EROFS: i32 = 30;

const OPEN: &str = r#"{"gate":"G-04","ordered_by":"duty officer","reason":"fire","release":false}"#;
const RELEASE: &str =
    r#"{"gate":"G-04","ordered_by":"duty officer","reason":"fire is out","release":true}"#;

/// A healthy park whose spool lies on another disk than the one that fails under `failing`.
fn park_failing(failing: &str) -> FailingPark {
    FailingPark::start_failing(Some("spool/emergency"), failing)
}

/// One-key opening of the emergency gate, recorded and carried out, and nothing waits.
fn open(scene: &FailingPark) {
    let answer = scene.park.post("/api/emergency-open", OPEN).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    scene.lane.wait_until_up();
    scene.park.until("the page shows it as held", || {
        lane(&scene.park, "L-06")["held"] == true
            && scene.park.view()["figures"]["outbox_waiting"] == 0
    });
}

/// Kills it and starts it again on the disk as it is.
fn again(scene: &mut FailingPark) {
    scene.park.kill();
    scene.park.start_again();
    scene.park.wait_until_health("F060");
    scene.park.until_online("BR-06");
}

/// The lane as the page shows it; nothing while the hub starts.
fn lane(park: &Park, name: &str) -> Value {
    let view = park.view();
    let lanes = view["lanes"].as_array().into_iter().flatten();
    let mut found = lanes.filter(|lane| lane["lane"] == name);
    found.next().cloned().unwrap_or_default()
}

/// Lanes held open, those known from before the start, and those of which nobody can say.
fn held_by(park: &Park) -> [u64; 3] {
    let metrics = park.get("/metrics").unwrap();
    ["held", "held_recalled", "held_unknown"].map(|name| {
        let head = format!("cordon_lanes_{name} ");
        let line = metrics.lines().find_map(|line| line.strip_prefix(&head));
        line.unwrap_or_else(|| panic!("no {head}\n{metrics}"))
            .parse()
            .unwrap()
    })
}

/// A lane that was held open before a start without a journal was shown as `held: false` while its boom was up.
fn shows_what_was_held_before_the_start(fail: impl Fn(&Faults)) {
    let mut scene = park_failing("store");
    open(&scene);
    fail(&scene.faults);
    for _ in 0..2 {
        again(&mut scene);
        scene.park.until("the page shows it as held before", || {
            let lane = lane(&scene.park, "L-06");
            lane["held"] == true && lane["recalled"] == true
        });
        assert_eq!(lane(&scene.park, "L-06")["barrier"], "UNKNOWN");
        let unknown = lane(&scene.park, "L-01");
        assert_eq!(unknown["held"], Value::Null, "{unknown}");
        let [held, recalled, unknown] = held_by(&scene.park);
        assert!((held, recalled) == (1, 1) && unknown > 0);
        let health = scene.park.get("/healthz").unwrap();
        assert!(
            health.contains("held open since before the start: L-06;"),
            "{health}"
        );
    }
    let answer = scene.park.post("/api/emergency-open", RELEASE).unwrap();
    assert!(answer.contains("\"late\":true"), "{answer}");
    scene.park.until("it is released", || {
        lane(&scene.park, "L-06")["held"] == false
    });
    scene
        .park
        .until("the boom is down", || scene.lane.is_down());
    again(&mut scene);
    scene.park.until("the next start knows it", || {
        let lane = lane(&scene.park, "L-06");
        lane["held"] == false && lane["recalled"] == true
    });
    scene.faults.end();
    let told = scene.park.until_some("the mode is over", || {
        let lane = lane(&scene.park, "L-06");
        assert_eq!(lane["held"], false, "{lane}");
        (lane["recalled"] == false).then_some(lane)
    });
    assert_eq!(told["unrecorded"], false, "{told}");
    scene.park.wait_until_healthy();
    assert_eq!(held_by(&scene.park), [0, 0, 0]);
    assert_eq!(scene.park.terminate(), Some(0), "{}", scene.park.log());
}

#[test]
fn what_was_held_before_a_start_whose_syncs_fail_is_shown() {
    shows_what_was_held_before_the_start(|faults| faults.sync(EIO));
}

#[test]
fn what_was_held_before_a_start_on_a_read_only_disk_is_shown() {
    shows_what_was_held_before_the_start(|faults| {
        faults.write(EROFS);
        faults.open(EROFS);
        faults.make(EROFS);
    });
}

/// The journal is good and the state is not: whatever that start makes of it, what is held is shown as held.
#[test]
fn what_was_held_before_a_start_whose_state_fails_is_shown() {
    let mut scene = park_failing("store/state.redb");
    open(&scene);
    scene.faults.sync(EIO);
    scene.faults.write(EIO);
    scene.faults.open(EIO);
    scene.park.kill();
    scene.park.start_again();
    scene.park.until("it is shown as held after the start", || {
        lane(&scene.park, "L-06")["held"] == true
    });
    scene.faults.end();
    scene.park.wait_until_healthy();
    let lane = lane(&scene.park, "L-06");
    assert!(lane["held"] == true && lane["recalled"] == false, "{lane}");
    assert_eq!(scene.park.terminate(), Some(0), "{}", scene.park.log());
}

/// Lanes that the page shows as held.
fn held_lanes(park: &Park) -> Vec<String> {
    let view = park.view();
    let lanes = view["lanes"].as_array().unwrap().iter();
    let held = lanes.filter(|lane| lane["held"] == true);
    held.map(|lane| lane["lane"].to_string()).collect()
}

/// `submit` of operator-1 says it; what it prints.
fn say(park: &Park, id: &str, text: &str) -> String {
    let file = message_file(park.scratch(), id, text);
    let mut submit = park.client(&["submit"], "park", "operator-1");
    let spool = park.scratch().join(fresh_id());
    std::fs::create_dir_all(&spool).unwrap();
    said(&submit.arg("--spool").arg(spool).arg(file).output().unwrap())
}

/// An evacuation of operator-1, of now.
fn evacuation() -> (String, String) {
    let fields = format!(
        "<c:ChangeId>MC-1</c:ChangeId><c:Mode>EVACUATION</c:Mode><c:OrderedBy>operator-1</c:OrderedBy>\
         <c:Reason>gas</c:Reason><c:EffectiveAt>{}</c:EffectiveAt>",
        moment(-1)
    );
    let id = fresh_id();
    let text = message(Head::of("operator-1"), &id, "OperatingModeChange", &fields);
    (id, text)
}

/// Every lane of an evacuation, and one held by hand, before and after: also those whose barrier nobody
/// reaches, of which nobody can say that it was not opened.
#[test]
fn an_evacuation_before_a_start_without_a_journal_is_shown_lane_by_lane() {
    let mut scene = park_failing("store");
    scene.park.until_online("BR-06");
    let (id, text) = evacuation();
    let told = say(&scene.park, &id, &text);
    assert!(told.contains("accepted 1"), "{told}");
    let hold = r#"{"lane":"L-06","action":"hold","ordered_by":"duty officer","reason":"fire"}"#;
    let answer = scene.park.post("/api/barrier", hold).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    scene.lane.wait_until_up();
    scene.park.until("all is told", || {
        scene.park.view()["figures"]["outbox_waiting"] == 0
    });
    let held = held_lanes(&scene.park);
    assert!(held.len() > 1, "{held:?}");
    scene.faults.sync(EIO);
    again(&mut scene);
    scene.park.until("the same lanes are shown as held", || {
        held_lanes(&scene.park) == held
    });
    let count = u64::try_from(held.len()).unwrap();
    assert_eq!(held_by(&scene.park)[..2], [count, count]);
    scene.faults.end();
    scene.park.until("the mode is over", || {
        assert_eq!(held_lanes(&scene.park), held);
        held_by(&scene.park)[1] == 0
    });
    assert_eq!(scene.park.terminate(), Some(0), "{}", scene.park.log());
}

/// Each acted in the batch that met the failing disk and was refused; when the disk was well again it was told as not
/// carried out or not at all, and a later power cut undid it.
#[test]
fn what_is_held_by_hand_and_an_evacuation_act_and_last_on_a_disk_that_fails() {
    let mut scene = park_failing("store");
    scene.park.until_online("BR-06");
    scene.faults.sync(EIO);
    scene.faults.write(EIO);
    let hold = r#"{"lane":"L-06","action":"hold","ordered_by":"duty officer","reason":"fire"}"#;
    let answer = scene.park.post("/api/barrier", hold).unwrap();
    assert!(answer.contains("\"late\":true"), "{answer}");
    scene.lane.wait_until_up();
    scene.park.wait_until_health("F060");
    let (id, text) = evacuation();
    for _ in 0..2 {
        let told = say(&scene.park, &id, &text);
        assert!(told.contains("accepted 1"), "{told}");
    }
    scene.faults.end();
    scene.park.wait_until_healthy();
    scene.park.until("all is known again", || {
        let view = scene.park.view();
        view["mode"] == "EVACUATION" && view["figures"]["outbox_waiting"] == 0
    });
    let told = say(&scene.park, &id, &text);
    assert!(told.contains("accepted 1"), "{told}");
    let of_lane = |park: &Park| {
        let view = park.view();
        let alarms = view["alarms"].as_array().unwrap().iter();
        let mut texts = alarms.map(|alarm| alarm.to_string());
        texts.any(|text| text.contains("BY-HAND") && text.contains("not carried out"))
    };
    assert!(!of_lane(&scene.park), "{}", scene.park.view());
    assert_eq!(lane(&scene.park, "L-06")["held"], true);
    scene.park.kill();
    scene.lane.restart();
    scene.park.start_again();
    scene.lane.wait_until_up();
    scene.park.until("it is held as before", || {
        lane(&scene.park, "L-06")["held"] == true && scene.park.view()["mode"] == "EVACUATION"
    });
    assert_eq!(scene.park.terminate(), Some(0), "{}", scene.park.log());
}

/// After a power cut of hub and lane together the opening was gone, and nobody was told.
#[test]
fn an_opening_that_a_power_cut_undid_is_carried_out_again_and_told() {
    let mut scene = park_failing("store");
    open(&scene);
    scene.park.kill();
    scene.lane.restart();
    scene.park.start_again();
    scene.lane.wait_until_up();
    scene.park.until("people are told", || {
        let alarms = scene.park.view()["alarms"].to_string();
        alarms.contains("was undone while the hub was away and is ordered again")
    });
    assert_eq!(lane(&scene.park, "L-06")["held"], true);
    let answer = scene.park.post("/api/emergency-open", RELEASE).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    scene
        .park
        .until("the boom is down", || scene.lane.is_down());
    scene.park.until("it is released", || {
        lane(&scene.park, "L-06")["held"] == false
    });
    assert_eq!(scene.park.terminate(), Some(0), "{}", scene.park.log());
}

/// The release was written down and what came of it was not: the start took it as done since, so the opening that
/// followed as older, and said that the lane was held open without an order.
#[test]
fn an_opening_after_a_release_that_met_the_failing_disk_holds_after_a_start() {
    let mut scene = park_failing("store");
    open(&scene);
    scene.faults.sync(EIO);
    let answer = scene.park.post("/api/emergency-open", RELEASE).unwrap();
    assert!(answer.contains("\"late\":true"), "{answer}");
    scene
        .park
        .until("the boom is down", || scene.lane.is_down());
    let spooled = |scene: &FailingPark, count: usize| {
        let wanted = format!("\ncordon_emergency_spooled {count}\n");
        scene.park.until(&wanted, || {
            let metrics = scene.park.get("/metrics");
            metrics.is_some_and(|metrics| metrics.contains(&wanted))
        });
    };
    spooled(&scene, 2);
    let answer = scene.park.post("/api/emergency-open", OPEN).unwrap();
    assert!(answer.contains("\"late\":true"), "{answer}");
    scene.lane.wait_until_up();
    spooled(&scene, 4);
    // Its power is cut with the hub's.
    scene.park.kill();
    scene.lane.restart();
    scene.faults.end();
    scene.park.start_again();
    scene.lane.wait_until_up();
    scene.park.wait_until_healthy();
    scene.park.until("the page shows it as held", || {
        lane(&scene.park, "L-06")["held"] == true
    });
    let alarms = scene.park.view()["alarms"].to_string();
    assert!(!alarms.contains("is held open"), "{alarms}");
    assert_eq!(scene.park.terminate(), Some(0), "{}", scene.park.log());
}
