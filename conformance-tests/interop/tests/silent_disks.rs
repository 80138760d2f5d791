//! A disk that does not answer at a start, and holds something that the gates do not need: the archive, a secret, the trust folder. The hub
//! listens, opens gates, and takes up what was away once it is there.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use cordon_interop::{
    FailingPark, Head, Park, change_config, fresh_id, message, message_file, moment, said,
};

const OPEN: &str = r#"{"gate":"G-04","ordered_by":"duty officer","reason":"fire","release":false}"#;
const TRUST: (&str, &str, &str) = (
    "warning: trust: nobody is trusted",
    "cordon_trust_unread",
    "trust-unread",
);
const SECRET: (&str, &str, &str) = (
    "warning: adapter: `duty`: A056",
    "cordon_adapters_resting",
    "adapter-resting-duty",
);
const ARCHIVE: (&str, &str, &str) = ("warning: archive: A056", "cordon_archive_silent", "");

/// What enterprise-2 says, as `submit` prints what came of it.
fn say(park: &Park) -> String {
    let id = fresh_id();
    let fields = format!(
        "<c:EnterpriseId>enterprise-2</c:EnterpriseId><c:Required>4</c:Required>\
         <c:OnPost>3</c:OnPost><c:ObservedAt>{}</c:ObservedAt>",
        moment(0)
    );
    let text = message(Head::of("enterprise-2"), &id, "OnDutyStatus", &fields);
    let file = message_file(park.scratch(), &id, &text);
    let spool = park.scratch().join(format!("spool-{id}"));
    std::fs::create_dir(&spool).unwrap();
    let mut submit = park.client(&["submit"], "enterprise", "enterprise-2");
    submit.args(["--patience-s", "2", "--spool"]).arg(spool);
    said(&submit.arg(file).output().unwrap())
}

/// One-key opening is acknowledged and carried out, and not late.
fn opens(scene: &FailingPark) {
    scene.park.until_online("BR-06");
    let answer = scene.park.post("/api/emergency-open", OPEN).unwrap();
    let log = || scene.park.log();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}\n{}", log());
    assert!(!answer.contains("late"), "{answer}");
    scene.lane.wait_until_up();
}

/// How many of the hub's alarms of this name stand.
fn alarms(park: &Park, name: &str) -> usize {
    let view = park.view();
    let mut alarms = view["alarms"].as_array().cloned().unwrap_or_default();
    alarms.retain(|alarm| alarm["id"].as_str().unwrap().starts_with(name));
    alarms.retain(|alarm| alarm["state"] == "RAISED");
    alarms.len()
}

/// Whether health, metric and alarm say it, or none of them does.
fn is_told(park: &Park, (line, metric, alarm): (&str, &str, &str), told: bool) -> bool {
    let health = park.get("/healthz").unwrap_or_default();
    let metrics = park.get("/metrics").unwrap_or_default();
    let number = u8::from(told);
    health.contains(line) == told
        && metrics.contains(&format!("\n{metric} {number}\n"))
        && (alarm.is_empty() || alarms(park, alarm) == usize::from(told))
}

/// A share that holds what the gates do not need.
fn furnish(data: &Path) {
    let nas = data.join("nas");
    std::fs::create_dir_all(nas.join("ca")).unwrap();
    std::fs::create_dir_all(nas.join("archive")).unwrap();
    for name in [
        "root.pem",
        "issuing.pem",
        "root.crl.pem",
        "issuing.crl.pem",
        "register.json",
    ] {
        std::fs::copy(data.join("certs/ca").join(name), nas.join("ca").join(name)).unwrap();
    }
    let secret = nas.join("board");
    std::fs::write(&secret, "a secret of twenty letters\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&secret, mode).unwrap();
    let more = "\n[retention]\narchive = \"nas/archive\"\n\n[[notify]]\nname = \"duty\"\n\
                [[notify.webhook]]\nreceiver = \"board\"\nurl = \"http://127.0.0.1:9/alarms\"\n\
                secret_file = \"nas/board\"\n";
    change_config(
        data,
        &[("trust = \"certs/ca\"", "trust = \"nas/ca\"")],
        more,
    );
}

/// What is told while each of them hangs.
fn starts_without(away: &str, told: &[(&str, &str, &str)]) {
    let mut scene = FailingPark::start_changed(None, away, furnish);
    assert!(
        say(&scene.park).contains("accepted 1"),
        "{}",
        scene.park.log()
    );
    scene.park.kill();
    // Without a state all of the journal is stepped again, and what was moved to the archive with it.
    let state = scene.park.data().join("store/state.redb");
    std::fs::remove_file(state).unwrap();
    scene.lane.restart();
    scene.faults.away();
    let begun = Instant::now();
    scene.park.start_again();
    scene.park.wait_until_healthy();
    let took = begun.elapsed();
    println!("{away}: up after {took:?}");
    // Five seconds of patience in all, and the rest of a start on a busy machine.
    assert!(took < Duration::from_secs(20), "{took:?}");
    opens(&scene);
    for each in [TRUST, SECRET, ARCHIVE] {
        let is_away = told.contains(&each);
        scene
            .park
            .until(each.0, || is_told(&scene.park, each, is_away));
    }
    let trusted = !told.contains(&TRUST);
    assert_eq!(
        say(&scene.park).contains("accepted 1"),
        trusted,
        "{}",
        scene.park.log()
    );
    scene.faults.end();
    for each in [TRUST, SECRET, ARCHIVE] {
        scene
            .park
            .until("all is well again", || is_told(&scene.park, each, false));
    }
    assert!(
        say(&scene.park).contains("accepted 1"),
        "{}",
        scene.park.log()
    );
    assert_eq!(scene.park.terminate(), Some(0), "{}", scene.park.log());
}

#[test]
fn an_archive_that_does_not_answer_keeps_no_start_from_listening() {
    starts_without("nas/archive", &[ARCHIVE]);
}

#[test]
fn a_secret_that_does_not_answer_lets_its_adapter_alone_wait() {
    starts_without("nas/board", &[SECRET]);
}

#[test]
fn a_list_that_does_not_answer_is_one_that_cannot_be_read() {
    starts_without("nas/ca/issuing.crl.pem", &[TRUST]);
}

/// Several files on one share are no longer waited for than one.
#[test]
fn a_share_that_is_away_is_waited_for_once() {
    starts_without("nas", &[TRUST, SECRET, ARCHIVE]);
}
