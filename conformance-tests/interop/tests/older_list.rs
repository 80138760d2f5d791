//! An older list of revoked certificates, put back into the trust folder while the hub is stopped: by hand, or by a backup that is
//! restored. It is signed and was good once. Whom the newer one revoked stays refused, the gates open, and it is told.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use cordon_interop::{FailingPark, change_config, program, run, said};

/// The newer list is kept, and is in use.
const AS_BEFORE: (&str, &str, &str) = (
    "warning: trust: all else that lies",
    "cordon_trust_unread",
    "trust-unread",
);
/// The journal alone knows that there was a newer one.
const NOBODY: (&str, &str, &str) = (
    "warning: trust: nobody is trusted",
    "cordon_trust_unread",
    "trust-unread",
);
const NAMES: [&str; 5] = [
    "root.pem",
    "issuing.pem",
    "root.crl.pem",
    "issuing.crl.pem",
    "register.json",
];
const REVOKED: &str = "enterprise-2";
const OTHER: &str = "enterprise-1";

/// A park whose hub went by a list that revokes a partner, and is stopped.
struct Scene {
    failing: FailingPark,
    /// The trust folder before and after the revocation.
    older: PathBuf,
    newer: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let mut failing = FailingPark::start_changed(None, "store", |data| {
            copy(&data.join("certs/ca"), &data.join("trust"));
            change_config(data, &[("trust = \"certs/ca\"", "trust = \"trust\"")], "");
        });
        let scratch = failing.scratch.path();
        let (older, newer) = (scratch.join("older"), scratch.join("newer"));
        assert!(failing.is_heard(REVOKED), "{}", failing.park.log());
        copy(&failing.park.data().join("trust"), &older);
        let kept = failing.park.data().join("store/lists-in-use");
        if kept.is_dir() {
            copy_all(&kept, &scratch.join("kept"));
        }
        assert_eq!(failing.park.terminate(), Some(0), "{}", failing.park.log());
        let ca = failing.park.data().join("certs/ca");
        copy_all(&ca, &scratch.join("backup"));
        revoke(&ca, REVOKED);
        copy(&ca, &newer);
        let mut scene = Self {
            failing,
            older,
            newer,
        };
        scene.put(&scene.newer);
        scene.start();
        scene.failing.park.wait_until_healthy();
        assert!(!scene.failing.is_heard(REVOKED), "it is revoked");
        assert!(
            scene.failing.is_heard(OTHER),
            "{}",
            scene.failing.park.log()
        );
        scene
    }

    fn put(&self, from: &Path) {
        copy(from, &self.failing.park.data().join("trust"));
    }

    fn stop(&mut self) {
        let park = &mut self.failing.park;
        assert_eq!(park.terminate(), Some(0), "{}", park.log());
    }

    fn start(&mut self) {
        self.failing.lane.restart();
        self.failing.park.start_again();
    }

    fn kept(&self) -> PathBuf {
        self.failing.park.data().join("store/lists-in-use")
    }

    /// It runs with the older list in its folder: told as this, and whether the other partner is heard.
    fn holds(&mut self, told: (&str, &str, &str), is_other_heard: bool) {
        let failing = &mut self.failing;
        failing.park.wait_until_healthy();
        assert!(!failing.is_heard(REVOKED), "it is revoked");
        failing.park.wait_until_health("V110");
        failing
            .park
            .until("it is told", || failing.park.is_told(told, true));
        failing.opens();
        assert!(!failing.is_heard(REVOKED), "it is revoked");
        let said = failing.say(OTHER);
        assert_eq!(said.contains("accepted 1"), is_other_heard, "{said}");
    }

    /// The newer list is put back under the running hub.
    fn heals(&mut self, told: (&str, &str, &str)) {
        self.put(&self.newer);
        let failing = &mut self.failing;
        failing
            .park
            .until("it is told no more", || failing.park.is_told(told, false));
        assert!(failing.is_heard(OTHER), "{}", failing.park.log());
        assert!(!failing.is_heard(REVOKED), "it is revoked");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for name in NAMES {
        std::fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        if file.path().is_file() {
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
}

fn revoke(ca: &Path, id: &str) {
    let cert = |words: &[&str]| {
        let mut command = Command::new(program());
        command.arg("cert").args(words).arg("--dir").arg(ca);
        run(&mut command)
    };
    let listed = said(&cert(&["list", "--format", "json"]));
    for line in listed.lines() {
        let one: serde_json::Value = serde_json::from_str(line).unwrap();
        if one["id"] == id {
            cert(&["revoke", "--serial", one["serial"].as_str().unwrap()]);
        }
    }
}

/// Every partner that was ever revoked was let in again.
#[test]
fn a_start_goes_by_no_older_list_than_the_run_before() {
    let mut scene = Scene::new();
    scene.stop();
    scene.put(&scene.older);
    let mut check = Command::new(program());
    let config = scene.failing.park.data().join("park.toml");
    let check = check.args(["check", "--config"]).arg(config).output();
    scene.start();
    scene.holds(AS_BEFORE, true);
    let words = said(&check.unwrap());
    assert!(
        words.contains("V110") && words.contains("cordon cert crl --above"),
        "{words}"
    );
    scene.heals(AS_BEFORE);
    assert_eq!(scene.failing.park.alarms(AS_BEFORE.2), (0, 1));
    scene.stop();
}

/// What became of the folder of kept lists, and how.
type Spoilt<'a> = (&'a str, &'a dyn Fn(&Path));

/// What is kept is a copy: without it the journal still tells what this hub went by.
#[test]
fn without_the_kept_list_nobody_is_trusted_by_an_older_one() {
    let mut scene = Scene::new();
    let before = scene.failing.scratch.path().join("kept");
    let spoiled: [Spoilt<'_>; 3] = [
        ("gone", &|kept| drop(std::fs::remove_dir_all(kept))),
        ("torn", &|kept| {
            for file in std::fs::read_dir(kept).unwrap() {
                let file = file.unwrap().path();
                let whole = std::fs::read(&file).unwrap();
                std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
            }
        }),
        ("older", &|kept| copy_all(&before, kept)),
    ];
    for (number, (what, spoil)) in spoiled.into_iter().enumerate() {
        println!("{what}");
        // Killed, it leaves a state that is behind its journal.
        match number {
            0 => scene.stop(),
            _ => scene.failing.park.kill(),
        }
        scene.put(&scene.older);
        spoil(&scene.kept());
        scene.start();
        scene.holds(NOBODY, false);
        scene.heals(NOBODY);
        assert_eq!(scene.failing.park.alarms(NOBODY.2), (0, number + 1));
        let kept = scene.kept();
        scene.failing.park.until("both lists are kept again", || {
            std::fs::read_dir(&kept).is_ok_and(|files| files.count() == 2)
        });
    }
    // Nor when its state is built again from the journal.
    scene.stop();
    scene.put(&scene.older);
    std::fs::remove_dir_all(scene.kept()).unwrap();
    std::fs::remove_file(scene.failing.park.data().join("store/state.redb")).unwrap();
    scene.start();
    scene.holds(NOBODY, false);
    scene.heals(NOBODY);
    scene.stop();
}

/// The register and the authority's certificate say nothing of who is revoked.
#[test]
fn an_older_register_lets_nobody_in() {
    let mut scene = Scene::new();
    scene.stop();
    let trust = scene.failing.park.data().join("trust");
    for name in ["register.json", "issuing.pem", "root.pem"] {
        std::fs::copy(scene.older.join(name), trust.join(name)).unwrap();
    }
    scene.start();
    scene.failing.park.wait_until_healthy();
    assert!(!scene.failing.is_heard(REVOKED), "it is revoked");
    assert!(
        scene.failing.is_heard(OTHER),
        "{}",
        scene.failing.park.log()
    );
    assert!(scene.failing.park.is_told(AS_BEFORE, false));
    scene.stop();
}

/// It had forgotten whom it revoked, and the number that the hub asked for let him in again.
#[test]
fn a_restored_ca_learns_from_the_hub_whom_it_revoked() {
    let mut scene = Scene::new();
    let backup = scene.failing.scratch.path().join("backup");
    let crl = |more: &[PathBuf]| {
        let mut crl = Command::new(program());
        crl.args(["cert", "crl", "--dir"]).arg(&backup);
        if !more.is_empty() {
            crl.arg("--with").args(more);
        }
        run(&mut crl)
    };
    crl(&[]);
    scene.stop();
    scene.put(&backup);
    scene.start();
    scene.failing.park.wait_until_health("is in use: V110");
    let kept = std::fs::read_dir(scene.kept()).unwrap();
    let kept: Vec<PathBuf> = kept.map(|file| file.unwrap().path()).collect();
    assert_eq!(kept.len(), 2);
    let words = said(&crl(&kept));
    assert!(words.contains("1 revocations taken over"), "{words}");
    scene.put(&backup);
    scene.failing.park.until("it is told no more", || {
        scene.failing.park.is_told(AS_BEFORE, false)
    });
    assert!(
        scene.failing.is_heard(OTHER),
        "{}",
        scene.failing.park.log()
    );
    assert!(!scene.failing.is_heard(REVOKED), "it is revoked");
    scene.stop();
}
