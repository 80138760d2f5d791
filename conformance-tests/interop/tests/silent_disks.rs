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

use cordon_interop::{FailingPark, change_config};

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
        scene.say("enterprise-2").contains("accepted 1"),
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
    scene.opens();
    for each in [TRUST, SECRET, ARCHIVE] {
        let is_away = told.contains(&each);
        scene
            .park
            .until(each.0, || scene.park.is_told(each, is_away));
    }
    let trusted = !told.contains(&TRUST);
    assert_eq!(
        scene.say("enterprise-2").contains("accepted 1"),
        trusted,
        "{}",
        scene.park.log()
    );
    scene.faults.end();
    for each in [TRUST, SECRET, ARCHIVE] {
        scene
            .park
            .until("all is well again", || scene.park.is_told(each, false));
    }
    assert!(
        scene.say("enterprise-2").contains("accepted 1"),
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
