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

use cordon_interop::{FailingPark, Park, change_config, program, run, said};

const NOBODY: (&str, &str, &str) = (
    "warning: trust: nobody is trusted",
    "cordon_trust_unread",
    "trust-unread",
);
const AS_BEFORE: (&str, &str, &str) = (
    "warning: trust: all else that lies",
    "cordon_trust_unread",
    "trust-unread",
);
const PINS: (&str, &str, &str) = ("warning: pins: ", "cordon_pins_unread", "pins-unread");

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

/// With the copy that the hub keeps, which would stand for it.
fn gone(file: &Path) {
    std::fs::remove_file(file).unwrap();
    let data = file.ancestors().nth(2).unwrap();
    std::fs::remove_dir_all(data.join("store/lists-in-use")).unwrap();
}

const KINDS: &[Kind] = &[
    ("issuing.crl.pem", empty, "V109"),
    ("issuing.crl.pem", |it| cut(it, 100), "V109"),
    ("issuing.crl.pem", gone, "V025"),
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
        scene.say("enterprise-2").contains("accepted 1"),
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
        scene.opens();
        scene
            .park
            .until("it is told", || scene.park.is_told(NOBODY, true));
        let refused = scene.say("enterprise-2");
        assert!(!refused.contains("accepted 1"), "{name}: {refused}");
        match whole {
            Some(whole) => std::fs::write(&file, whole).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        scene
            .park
            .until("it is told no more", || scene.park.is_told(NOBODY, false));
        let taken = scene.say("enterprise-2");
        assert!(taken.contains("accepted 1"), "{name}: {taken}");
        let told = scene.park.alarms(NOBODY.2);
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
        .until("it is told", || scene.park.is_told(AS_BEFORE, true));
    assert!(
        scene.say("enterprise-2").contains("accepted 1"),
        "{}",
        scene.park.log()
    );
    std::fs::write(&file, whole).unwrap();
    scene.park.until("it is told no more", || {
        scene.park.is_told(AS_BEFORE, false)
    });
    // The register of certificates in the same way.
    let file = scene.park.data().join("trust/register.json");
    let whole = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    scene.park.wait_until_health("V114");
    scene
        .park
        .until("it is told", || scene.park.is_told(AS_BEFORE, true));
    std::fs::write(&file, whole).unwrap();
    scene.park.until("it is told no more", || {
        scene.park.is_told(AS_BEFORE, false)
    });
    assert_eq!(scene.park.alarms(AS_BEFORE.2), (0, 2), "one for each loss");
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
    scene.opens();
    assert!(
        scene.say("enterprise-2").contains("accepted 1"),
        "{}",
        scene.park.log()
    );
    scene
        .park
        .until("it is told", || scene.park.is_told(PINS, true));
    std::fs::remove_file(&pin).unwrap();
    scene
        .park
        .until("it is told no more", || scene.park.is_told(PINS, false));
    assert_eq!(scene.park.terminate(), Some(0), "{}", scene.park.log());
}

/// A CA that begins anew has the names of the old one and another key. The start ended (V014), and no gate opened.
#[test]
fn a_start_with_two_cas_of_one_name_hears_whom_the_old_one_certified() {
    let mut scene = start();
    let trust = scene.park.data().join("trust");
    let index = std::fs::read_to_string(scene.park.data().join("certs/ca/index.jsonl")).unwrap();
    let first: serde_json::Value = serde_json::from_str(index.lines().next().unwrap()).unwrap();
    let anew = scene.scratch.path().join("anew");
    let mut init = Command::new(program());
    let init = init.args(["cert", "init", "--park", first["park"].as_str().unwrap()]);
    run(init.arg("--dir").arg(&anew));
    scene.park.kill();
    for name in ["root.pem", "issuing.pem", "root.crl.pem", "issuing.crl.pem"] {
        std::fs::copy(anew.join(name), trust.join(format!("new-{name}"))).unwrap();
    }
    scene.lane.restart();
    scene.park.start_again();
    scene.park.wait_until_healthy();
    scene.opens();
    let taken = scene.say("enterprise-2");
    assert!(taken.contains("accepted 1"), "{taken}");
    assert!(scene.park.is_told(NOBODY, false), "{}", scene.park.log());
    // Whatever the folder says of the hub itself, the gates open: here its list names the hub.
    scene.park.kill();
    scene.lane.restart();
    let ca = scene.park.data().join("certs/ca");
    revoke_hub(&ca);
    for name in ["root.crl.pem", "issuing.crl.pem", "register.json"] {
        std::fs::copy(ca.join(name), trust.join(name)).unwrap();
    }
    assert!(
        check(&scene.park).contains("V012"),
        "{}",
        check(&scene.park)
    );
    scene.park.start_again();
    scene.opens();
    assert_eq!(scene.park.terminate(), Some(0), "{}", scene.park.log());
}

fn revoke_hub(ca: &Path) {
    let cert = |words: &[&str]| {
        let mut command = Command::new(program());
        said(&run(command.arg("cert").args(words).arg("--dir").arg(ca)))
    };
    for line in cert(&["list", "--format", "json"]).lines() {
        let one: serde_json::Value = serde_json::from_str(line).unwrap();
        if one["role"] == "hub" {
            cert(&["revoke", "--serial", one["serial"].as_str().unwrap()]);
        }
    }
}
