//! Files of the trust folder, and pinned heads, as a power cut leaves them while they are copied. The hub is up for its gates, says what is
//! torn, and goes on by itself once it is whole.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::Path;
use std::process::Command;

use cordon_interop::{
    FailingPark, Head, Park, change_config, fresh_id, message, message_file, moment, program, said,
};

const OPEN: &str = r#"{"gate":"G-04","ordered_by":"duty officer","reason":"fire","release":false}"#;
const NOBODY: (&str, &str, &str) = (
    "warning: trust: nobody is trusted",
    "cordon_trust_unread",
    "trust-unread",
);
const AS_BEFORE: (&str, &str, &str) = (
    "warning: trust: what was read before",
    "cordon_trust_unread",
    "trust-unread",
);
const PINS: (&str, &str, &str) = ("warning: pins: ", "cordon_pins_unread", "pins-unread");

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

/// The hub's alarms of this name that stand, and how many of them there are in all.
fn alarms(park: &Park, name: &str) -> (usize, usize) {
    let view = park.view();
    let mut alarms = view["alarms"].as_array().cloned().unwrap_or_default();
    alarms.retain(|alarm| alarm["id"].as_str().unwrap().starts_with(name));
    let all = alarms.len();
    alarms.retain(|alarm| alarm["state"] == "RAISED");
    (alarms.len(), all)
}

/// Whether health, metric and alarm say it, or none of them does.
fn is_told(park: &Park, (line, metric, alarm): (&str, &str, &str), told: bool) -> bool {
    let health = park.get("/healthz").unwrap_or_default();
    let metrics = park.get("/metrics").unwrap_or_default();
    let (raised, _) = alarms(park, alarm);
    let number = u8::from(told);
    health.contains(line) == told
        && metrics.contains(&format!("\n{metric} {number}\n"))
        && raised == usize::from(told)
}

/// A park whose hub has a trust folder of its own: partners go by another.
fn start() -> FailingPark {
    FailingPark::start_changed(None, "store", |data| {
        let trust = data.join("trust");
        std::fs::create_dir(&trust).unwrap();
        for name in [
            "root.pem",
            "issuing.pem",
            "root.crl.pem",
            "issuing.crl.pem",
            "register.json",
        ] {
            std::fs::copy(data.join("certs/ca").join(name), trust.join(name)).unwrap();
        }
        change_config(data, &[("trust = \"certs/ca\"", "trust = \"trust\"")], "");
    })
}

fn cut(file: &Path, at: usize) {
    let whole = std::fs::read(file).unwrap();
    std::fs::write(file, &whole[..at]).unwrap();
}

fn check(park: &Park) -> String {
    let mut check = Command::new(program());
    let check = check.args(["check", "--config"]);
    let output = check.arg(park.data().join("park.toml")).output().unwrap();
    assert!(!output.status.success(), "{}", said(&output));
    said(&output)
}

/// Such a file, what becomes of it, and the code that it is told by.
type Kind = (&'static str, fn(&Path), &'static str);

fn empty(file: &Path) {
    std::fs::write(file, "").unwrap();
}

const KINDS: &[Kind] = &[
    ("issuing.crl.pem", empty, "V109"),
    ("issuing.crl.pem", |it| cut(it, 100), "V109"),
    (
        "issuing.crl.pem",
        |it| std::fs::remove_file(it).unwrap(),
        "V025",
    ),
    ("root.crl.pem", |it| cut(it, 100), "V109"),
    ("register.json", empty, "V113"),
    ("register.json", |it| cut(it, 60), "V113"),
    (
        "beside.pem",
        |it| std::fs::write(it, "-----BEGIN CERTIF").unwrap(),
        "V109",
    ),
];

/// A copy that a power cut left torn, and the next start ended before anything listened.
#[test]
fn a_start_on_a_torn_trust_folder_opens_gates_and_trusts_again_by_itself() {
    let mut scene = start();
    assert!(
        say(&scene.park).contains("accepted 1"),
        "{}",
        scene.park.log()
    );
    for (number, (name, tear, code)) in KINDS.iter().enumerate() {
        let file = scene.park.data().join("trust").join(name);
        let whole = std::fs::read(&file).ok();
        scene.park.kill();
        scene.lane.restart();
        tear(&file);
        assert!(check(&scene.park).contains(code), "{}", check(&scene.park));
        scene.park.start_again();
        scene.park.wait_until_health(code);
        opens(&scene);
        scene
            .park
            .until("it is told", || is_told(&scene.park, NOBODY, true));
        let refused = say(&scene.park);
        assert!(!refused.contains("accepted 1"), "{name}: {refused}");
        match whole {
            Some(whole) => std::fs::write(&file, whole).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        scene
            .park
            .until("it is told no more", || is_told(&scene.park, NOBODY, false));
        let taken = say(&scene.park);
        assert!(taken.contains("accepted 1"), "{name}: {taken}");
        let told = alarms(&scene.park, NOBODY.2);
        assert_eq!(
            told,
            (0, number + 1),
            "raised once and cleared once: {name}"
        );
    }
    assert_eq!(scene.park.terminate(), Some(0), "{}", scene.park.log());
}

/// It stood in the log alone, until the next start fell into it.
#[test]
fn a_folder_that_is_torn_under_a_running_hub_is_told_and_the_lists_of_before_hold() {
    let mut scene = start();
    let file = scene.park.data().join("trust/issuing.crl.pem");
    let whole = std::fs::read(&file).unwrap();
    empty(&file);
    scene.park.wait_until_health(AS_BEFORE.0);
    scene
        .park
        .until("it is told", || is_told(&scene.park, AS_BEFORE, true));
    assert!(
        say(&scene.park).contains("accepted 1"),
        "{}",
        scene.park.log()
    );
    std::fs::write(&file, whole).unwrap();
    scene.park.until("it is told no more", || {
        is_told(&scene.park, AS_BEFORE, false)
    });
    // The register of certificates in the same way.
    let file = scene.park.data().join("trust/register.json");
    let whole = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    scene.park.wait_until_health("V114");
    scene
        .park
        .until("it is told", || is_told(&scene.park, AS_BEFORE, true));
    std::fs::write(&file, whole).unwrap();
    scene.park.until("it is told no more", || {
        is_told(&scene.park, AS_BEFORE, false)
    });
    assert_eq!(
        alarms(&scene.park, AS_BEFORE.2),
        (0, 2),
        "one for each loss"
    );
    let log = scene.park.log();
    assert_eq!(
        log.matches("the trust folder cannot be used as it is")
            .count(),
        2,
        "{log}"
    );
    assert_eq!(scene.park.terminate(), Some(0), "{log}");
}

/// It ended the start (S075); what it holds the journal to nobody knows before it can be read.
#[test]
fn a_torn_pin_refuses_nobody_and_is_told() {
    let mut scene = start();
    scene.park.kill();
    scene.lane.restart();
    let pins = scene.park.data().join("store/pins");
    std::fs::create_dir_all(&pins).unwrap();
    let pin = pins.join("regulator.json");
    empty(&pin);
    scene.park.start_again();
    scene.park.wait_until_health("S075");
    opens(&scene);
    assert!(
        say(&scene.park).contains("accepted 1"),
        "{}",
        scene.park.log()
    );
    scene
        .park
        .until("it is told", || is_told(&scene.park, PINS, true));
    std::fs::remove_file(&pin).unwrap();
    scene
        .park
        .until("it is told no more", || is_told(&scene.park, PINS, false));
    assert_eq!(scene.park.terminate(), Some(0), "{}", scene.park.log());
}
