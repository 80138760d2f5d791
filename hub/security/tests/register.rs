//! The register of certificates: what it says, who may have signed it, and that it never goes back.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::{Path, PathBuf};

use cordon_model::Timestamp;
use cordon_security::ca::{
    Authority, CaSettings, IssueRequest, KeyAlgorithm, KeySource, Reason, State,
};
use cordon_security::{Role, TrustStore};

fn now() -> Timestamp {
    Timestamp::from_micros(1_790_000_000_000_000)
}

fn authority(folder: &Path, algorithm: KeyAlgorithm) -> Authority {
    let mut settings = CaSettings::new("JS-DEMO".parse().unwrap());
    settings.algorithm = algorithm;
    Authority::init(folder, &settings, now()).unwrap()
}

fn issue(authority: &mut Authority, id: &str) -> String {
    let wanted = IssueRequest {
        role: Role::Enterprise,
        id: id.parse().unwrap(),
        key: KeySource::Fresh(KeyAlgorithm::P256),
        hosts: Vec::new(),
        days: Some(10),
    };
    authority.issue(&wanted, now()).unwrap().issue.serial
}

fn file(folder: &Path) -> PathBuf {
    folder.join("register.json")
}

#[test]
fn every_algorithm_signs_a_register_that_tells_what_became_of_each_certificate() {
    for algorithm in [
        KeyAlgorithm::P256,
        KeyAlgorithm::Rsa2048,
        KeyAlgorithm::Ed25519,
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut ca = authority(folder.path(), algorithm);
        let first = issue(&mut ca, "plant-a");
        issue(&mut ca, "plant-b");
        ca.revoke(&first, Reason::KeyCompromise, now()).unwrap();
        let trust = TrustStore::load(folder.path()).unwrap();
        let register = trust.register().unwrap();
        let [a, b] = register.certificates.as_slice() else {
            panic!("{register:?}");
        };
        assert_eq!((a.id.as_str(), a.state(now())), ("plant-a", State::Revoked));
        assert_eq!(a.revoked_at, Some(now()));
        assert_eq!(a.reason.as_deref(), Some("key-compromise"));
        assert_eq!(b.state(now()), State::Valid);
        assert_eq!(b.state(now().plus_seconds(11 * 86_400)), State::Expired);
    }
}

#[test]
fn a_changed_or_foreign_register_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut ca = authority(folder.path(), KeyAlgorithm::P256);
    let serial = issue(&mut ca, "plant-a");
    ca.revoke(&serial, Reason::Superseded, now()).unwrap();
    let good = std::fs::read_to_string(file(folder.path())).unwrap();
    let trust = TrustStore::load(folder.path()).unwrap();

    let changed = good.replace("superseded", "unspecified");
    assert_ne!(changed, good);
    std::fs::write(file(folder.path()), changed).unwrap();
    assert_eq!(TrustStore::load(folder.path()).unwrap_err().code(), "V113");

    let other = tempfile::tempdir().unwrap();
    authority(other.path(), KeyAlgorithm::P256);
    std::fs::copy(file(other.path()), file(folder.path())).unwrap();
    assert_eq!(trust.reload().unwrap_err().code(), "V113");
    assert_eq!(
        trust.register().unwrap().certificates.len(),
        1,
        "the old one stays in force"
    );
}

#[test]
fn an_older_register_is_not_taken_and_none_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let mut ca = authority(folder.path(), KeyAlgorithm::P256);
    issue(&mut ca, "plant-a");
    let old = std::fs::read(file(folder.path())).unwrap();
    issue(&mut ca, "plant-b");
    let trust = TrustStore::load(folder.path()).unwrap();
    std::fs::write(file(folder.path()), old).unwrap();
    assert_eq!(trust.reload().unwrap_err().code(), "V114");
    std::fs::remove_file(file(folder.path())).unwrap();
    assert_eq!(trust.reload().unwrap_err().code(), "V114");
    assert!(
        TrustStore::load(folder.path())
            .unwrap()
            .register()
            .is_none()
    );
}
