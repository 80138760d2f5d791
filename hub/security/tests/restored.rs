//! A CA that was restored from its backup has forgotten what it issued and revoked since.
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
    Authority, CaSettings, IssueRequest, KeyAlgorithm, KeySource, Reason, Record,
};
use cordon_security::{CertificateStatus, Own, Role, Signer, TrustStore};

fn now() -> Timestamp {
    Timestamp::from_micros(1_790_000_000_000_000)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let (file, to) = (file.unwrap().path(), to);
        if file.is_file() {
            std::fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
        }
    }
}

fn issue(ca: &mut Authority, id: &str, paper: &Path) -> String {
    let wanted = IssueRequest {
        role: Role::Hub,
        id: id.parse().unwrap(),
        key: KeySource::Fresh(KeyAlgorithm::P256),
        hosts: Vec::new(),
        days: Some(10),
    };
    let issued = ca.issue(&wanted, now()).unwrap();
    std::fs::write(paper, issued.certificate_pem + &issued.key_pem.unwrap()).unwrap();
    issued.issue.serial
}

/// A CA with a backup, and who was issued after that and revoked.
struct Scene {
    scratch: tempfile::TempDir,
    lost: String,
    /// What was issued before the backup and revoked after it.
    forgotten: String,
}

impl Scene {
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let (ca, backup) = (scratch.path().join("ca"), scratch.path().join("backup"));
        let settings = CaSettings::new("JS-DEMO".parse().unwrap());
        let mut authority = Authority::init(&ca, &settings, now()).unwrap();
        issue(&mut authority, "hub-1", &scratch.path().join("hub"));
        let forgotten = issue(&mut authority, "plant-1", &scratch.path().join("one"));
        copy(&ca, &backup);
        std::fs::create_dir_all(backup.join("issued")).unwrap();
        let lost = issue(&mut authority, "plant-2", &scratch.path().join("two"));
        let revoked = authority.revoke(&lost, Reason::KeyCompromise, now());
        assert_eq!(revoked.unwrap(), Record::Held);
        authority
            .revoke(&forgotten, Reason::Superseded, now())
            .unwrap();
        Self {
            scratch,
            lost,
            forgotten,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    fn restored(&self) -> Authority {
        Authority::open(&self.path("backup")).unwrap()
    }

    fn status(&self, serial: &str) -> CertificateStatus {
        let trust = TrustStore::load(&self.path("backup")).unwrap();
        trust.status(serial)
    }
}

/// It was refused (V105), and its holder was heard again.
#[test]
fn what_there_is_no_record_of_is_revoked_all_the_same() {
    let scene = Scene::new();
    let mut restored = scene.restored();
    let upper = scene.lost.to_ascii_uppercase();
    let record = restored.revoke(&upper, Reason::KeyCompromise, now());
    assert_eq!(record.unwrap(), Record::Missing);
    restored
        .revoke(&scene.lost, Reason::Superseded, now())
        .unwrap();
    assert_eq!(restored.unrecorded().len(), 1, "once");
    drop(restored);
    // It is in the register: another opening publishes it again.
    let mut again = scene.restored();
    assert_eq!(again.unrecorded()[0].reason, "key-compromise");
    again.crl_above(40, now()).unwrap();
    assert_eq!(scene.status(&scene.lost), CertificateStatus::Revoked);
    assert_eq!(scene.status(&scene.forgotten), CertificateStatus::Good);
    // What this CA never gives is a slip.
    for slip in [
        "",
        "00",
        &scene.lost[2..],
        "zz",
        &format!("8{}", &scene.lost[1..]),
        "é",
    ] {
        let refused = again.revoke(slip, Reason::Superseded, now());
        assert_eq!(refused.unwrap_err().code(), "V105", "{slip}");
    }
    assert_eq!(again.unrecorded().len(), 1);
}

/// It was put on a list that nobody asks of it, and told as revoked.
#[test]
fn the_certificates_of_the_ca_itself_are_not_revoked_here() {
    let scene = Scene::new();
    let mut restored = scene.restored();
    for name in ["issuing.pem", "root.pem"] {
        let text = std::fs::read_to_string(scene.path("ca").join(name)).unwrap();
        let (_, pem) = x509_parser::pem::parse_x509_pem(text.as_bytes()).unwrap();
        let own = pem.parse_x509().unwrap();
        let serial: String = own
            .raw_serial()
            .iter()
            .map(|it| format!("{it:02x}"))
            .collect();
        let refused = restored.revoke(&serial, Reason::KeyCompromise, now());
        assert_eq!(refused.unwrap_err().code(), "V117", "{name}");
    }
    assert!(restored.unrecorded().is_empty());
}

#[test]
fn a_newer_list_tells_it_whom_it_has_forgotten() {
    let scene = Scene::new();
    let lists = [
        scene.path("ca/root.crl.pem"),
        scene.path("ca/issuing.crl.pem"),
    ];
    let newer = TrustStore::load(&scene.path("ca")).unwrap().crls();
    let mut restored = scene.restored();
    let taken = restored.crl_with(&lists, 0, now()).unwrap();
    assert_eq!(taken.len(), 2);
    assert!(taken.contains(&scene.lost) && taken.contains(&scene.forgotten));
    assert_eq!(scene.status(&scene.lost), CertificateStatus::Revoked);
    assert_eq!(scene.status(&scene.forgotten), CertificateStatus::Revoked);
    let made = TrustStore::load(&scene.path("backup")).unwrap().crls();
    assert!(
        made.iter().all(|it| it.number > newer[0].number),
        "{made:?}"
    );
    assert!(restored.crl_with(&lists, 0, now()).unwrap().is_empty());
    drop(restored);
    assert_eq!(scene.restored().unrecorded().len(), 1);
}

#[test]
fn a_list_of_another_ca_is_passed_over_and_a_torn_one_ends_it() {
    let (scene, other) = (Scene::new(), Scene::new());
    let mut restored = scene.restored();
    let index = || std::fs::read(scene.path("backup/index.jsonl")).unwrap();
    let before = index();
    let whole = std::fs::read_to_string(scene.path("ca/issuing.crl.pem")).unwrap();
    let changed = scene.path("changed.pem");
    let others = other.path("ca/issuing.crl.pem");
    let refused = restored
        .crl_with(std::slice::from_ref(&others), 0, now())
        .unwrap_err();
    assert_eq!(refused.code(), "V116");
    for text in [
        String::new(),
        whole[..whole.len() / 2].to_owned(),
        std::fs::read_to_string(scene.path("ca/root.pem")).unwrap(),
    ] {
        std::fs::write(&changed, text).unwrap();
        // One that is good beside it is not taken either.
        let lists = [scene.path("ca/issuing.crl.pem"), changed.clone()];
        let refused = restored.crl_with(&lists, 0, now()).unwrap_err();
        assert_eq!(refused.code(), "V116");
        assert!(refused.place().contains("changed.pem"), "{refused}");
    }
    assert!(index() == before, "nothing is recorded");
    // As a hub keeps them side by side.
    let lists = [others, scene.path("ca/issuing.crl.pem")];
    restored.crl_with(&lists, 0, now()).unwrap();
    assert!(index() != before, "its own is taken over");
}

/// Killed within the second in which it was not kept yet, the next start let an older one in.
#[test]
fn a_newer_list_is_kept_before_it_is_used() {
    let scene = Scene::new();
    copy(&scene.path("backup"), &scene.path("trust"));
    let hub = Signer::load(&scene.path("hub"), &scene.path("hub")).unwrap();
    let own = || Own::of(hub.certificate()).keeping(scene.path("kept"));
    let run = TrustStore::load_or_shut(&scene.path("trust"), Some(own()));
    assert!(run.trouble().is_none(), "{:?}", run.trouble());
    copy(&scene.path("ca"), &scene.path("trust"));
    run.reload().unwrap();
    drop(run);
    copy(&scene.path("backup"), &scene.path("trust"));
    let next = TrustStore::load_or_shut(&scene.path("trust"), Some(own()));
    assert_eq!(next.status(&scene.lost), CertificateStatus::Revoked);
    assert_eq!(next.trouble().unwrap().code(), "V110");
    // Where nothing can be kept it is used all the same.
    std::fs::remove_dir_all(scene.path("kept")).unwrap();
    std::fs::write(scene.path("kept"), "").unwrap();
    let run = TrustStore::load_or_shut(&scene.path("trust"), Some(own()));
    copy(&scene.path("ca"), &scene.path("trust"));
    run.reload().unwrap();
    assert_eq!(run.status(&scene.lost), CertificateStatus::Revoked);
}
