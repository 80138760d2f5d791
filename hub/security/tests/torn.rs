//! A trust folder as a power cut leaves it while files are copied to it: empty, cut, missing. A hub that starts trusts nobody until it
//! is whole, one that runs goes by what it read; both say so.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cordon_model::Timestamp;
use cordon_security::ca::{Authority, CaSettings, IssueRequest, KeyAlgorithm, KeySource, Reason};
use cordon_security::{Own, Role, Signer, TrustStore, Usage, is_no_trust_folder};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

fn now() -> Timestamp {
    Timestamp::from_micros(1_790_000_000_000_000)
}

/// What is copied from the CA.
const NAMES: [&str; 5] = [
    "root.pem",
    "issuing.pem",
    "root.crl.pem",
    "issuing.crl.pem",
    "register.json",
];

/// A folder as it is copied from the CA, and the certificate of the hub that it is for.
struct Folder {
    folder: tempfile::TempDir,
    hub: Signer,
}

impl Folder {
    fn new() -> Self {
        let (ca, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let settings = CaSettings::new("JS-DEMO".parse().unwrap());
        let mut authority = Authority::init(ca.path(), &settings, now()).unwrap();
        let wanted = IssueRequest {
            role: Role::Hub,
            id: "hub-1".parse().unwrap(),
            key: KeySource::Fresh(KeyAlgorithm::P256),
            hosts: vec!["localhost".to_owned()],
            days: Some(10),
        };
        let issued = authority.issue(&wanted, now()).unwrap();
        for name in NAMES {
            std::fs::copy(ca.path().join(name), folder.path().join(name)).unwrap();
        }
        let paper = folder.path().join("hub-1.cert");
        std::fs::write(&paper, issued.certificate_pem + &issued.key_pem.unwrap()).unwrap();
        let hub = Signer::load(&paper, &paper).unwrap();
        Self { folder, hub }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    fn store(&self) -> TrustStore {
        let own = Own::of(self.hub.certificate());
        TrustStore::load_or_shut(self.path(), Some(own))
    }

    fn is_trusted(&self, store: &TrustStore) -> bool {
        let checked = store.check(self.hub.certificate().der(), &[], Usage::Client, now());
        checked.is_ok()
    }
}

/// What becomes of a file.
#[derive(Clone, Copy, Debug)]
enum Torn {
    Empty,
    CutAt(usize),
    Missing,
    Folder,
}

impl Torn {
    fn tear(self, file: &Path) {
        let whole = std::fs::read(file).unwrap_or_default();
        match self {
            Self::Empty => std::fs::write(file, "").unwrap(),
            Self::CutAt(at) => std::fs::write(file, &whole[..at]).unwrap(),
            Self::Missing => std::fs::remove_file(file).unwrap(),
            Self::Folder => {
                std::fs::remove_file(file).unwrap();
                std::fs::create_dir(file).unwrap();
            }
        }
    }

    fn mend(self, file: &Path, whole: &[u8]) {
        if matches!(self, Self::Folder) {
            std::fs::remove_dir(file).unwrap();
        }
        std::fs::write(file, whole).unwrap();
    }
}

/// Each kind with the codes that it is told by, at a start and of a hub that runs.
const KINDS: &[(&str, Torn, &str, &str)] = &[
    ("issuing.crl.pem", Torn::Empty, "V109", "V109"),
    ("issuing.crl.pem", Torn::CutAt(3), "V109", "V109"),
    ("issuing.crl.pem", Torn::CutAt(15), "V109", "V109"),
    ("issuing.crl.pem", Torn::CutAt(100), "V109", "V109"),
    ("issuing.crl.pem", Torn::Missing, "V025", "V110"),
    ("root.crl.pem", Torn::Empty, "V109", "V109"),
    ("root.crl.pem", Torn::CutAt(100), "V109", "V109"),
    ("root.crl.pem", Torn::Missing, "V025", "V110"),
    ("root.pem", Torn::Empty, "V109", "V109"),
    ("root.pem", Torn::CutAt(200), "V109", "V109"),
    ("root.pem", Torn::Missing, "V109", "V109"),
    ("issuing.pem", Torn::Empty, "V109", "V109"),
    ("issuing.pem", Torn::CutAt(200), "V109", "V109"),
    ("register.json", Torn::Empty, "V113", "V113"),
    ("register.json", Torn::CutAt(50), "V113", "V113"),
    ("register.json", Torn::Folder, "V103", "V103"),
];

#[test]
fn a_hub_that_starts_on_a_torn_folder_trusts_nobody_until_it_is_whole() {
    for (name, torn, code, _) in KINDS {
        let folder = Folder::new();
        assert!(folder.is_trusted(&folder.store()), "whole");
        let whole = std::fs::read(folder.file(name)).unwrap();
        torn.tear(&folder.file(name));
        let store = folder.store();
        assert!(store.is_shut(), "{name} {torn:?}");
        let trouble = store.trouble().unwrap();
        assert_eq!(trouble.code(), *code, "{name} {torn:?}: {trouble}");
        assert!(!trouble.place().is_empty() && !trouble.remedy_text().is_empty());
        assert!(!folder.is_trusted(&store), "{name} {torn:?}");
        assert!(store.reload().is_err(), "{name} {torn:?}");
        assert!(store.is_shut(), "{name} {torn:?}");
        torn.mend(&folder.file(name), &whole);
        store.reload().unwrap();
        assert!(!store.is_shut() && store.trouble().is_none());
        assert!(folder.is_trusted(&store), "{name} {torn:?}");
    }
}

#[test]
fn a_hub_that_runs_goes_on_by_what_it_read_and_tells_from_the_second_reading_on() {
    let running = KINDS
        .iter()
        .chain(&[("register.json", Torn::Missing, "", "V114")]);
    for (name, torn, _, code) in running {
        let folder = Folder::new();
        let store = folder.store();
        let whole = std::fs::read(folder.file(name)).unwrap();
        torn.tear(&folder.file(name));
        // Files may just be being copied.
        assert_eq!(store.reload().unwrap_err().code(), *code, "{name} {torn:?}");
        assert!(store.is_unread() && store.trouble().is_none());
        store.reload().unwrap_err();
        let trouble = store.trouble().unwrap();
        assert_eq!(trouble.code(), *code, "{name} {torn:?}: {trouble}");
        assert!(
            !store.is_shut() && folder.is_trusted(&store),
            "{name} {torn:?}"
        );
        assert!(store.register().is_some());
        torn.mend(&folder.file(name), &whole);
        store.reload().unwrap();
        assert!(!store.is_unread() && store.trouble().is_none());
    }
}

/// Wherever the cut is, no part of a list or of an authority is taken for the whole.
#[test]
fn no_cut_of_a_list_goes_unnoticed() {
    let folder = Folder::new();
    for name in ["issuing.crl.pem", "root.pem", "register.json"] {
        let whole = std::fs::read(folder.file(name)).unwrap();
        let end = String::from_utf8_lossy(&whole).trim_end().len();
        for at in (0..end).step_by(7).chain([end - 1]) {
            Torn::CutAt(at).tear(&folder.file(name));
            assert!(folder.store().is_shut(), "{name} cut at {at}");
            std::fs::write(folder.file(name), &whole).unwrap();
        }
    }
    assert!(!folder.store().is_shut());
}

/// What becomes of an authority without a tear: its certificate is not there, another one is, or one bit of it is another.
fn changed_authorities(folder: &Folder) -> Vec<(String, Option<Vec<u8>>)> {
    let whole = std::fs::read_to_string(folder.file("issuing.pem")).unwrap();
    let der = CertificateDer::from_pem_slice(whole.as_bytes()).unwrap();
    let root = std::fs::read(folder.file("root.pem")).unwrap();
    let flipped = (0..der.len()).map(|at| {
        let mut der = der.to_vec();
        der[at] ^= 1 << (at % 8);
        let text = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            STANDARD.encode(der)
        );
        (format!("a bit of byte {at}"), Some(text.into_bytes()))
    });
    let others = [
        ("missing".to_owned(), None),
        ("a copy of the root".to_owned(), Some(root)),
    ];
    flipped.chain(others).collect()
}

/// All partners and operators were refused (V014), and nothing said why.
#[test]
fn an_authority_that_is_not_what_it_was_is_a_torn_folder() {
    let folder = Folder::new();
    // A folder that never had a register is lawful.
    std::fs::remove_file(folder.file("register.json")).unwrap();
    let whole = std::fs::read(folder.file("issuing.pem")).unwrap();
    let running = folder.store();
    assert!(!running.is_shut());
    let mut codes = BTreeMap::<_, u32>::new();
    for (what, bytes) in changed_authorities(&folder) {
        match bytes {
            Some(bytes) => std::fs::write(folder.file("issuing.pem"), bytes).unwrap(),
            None => std::fs::remove_file(folder.file("issuing.pem")).unwrap(),
        }
        let store = folder.store();
        assert!(store.is_shut(), "{what}");
        let trouble = store.trouble().unwrap();
        assert!(!trouble.place().is_empty(), "{what}: {trouble}");
        *codes.entry(trouble.code()).or_default() += 1;
        for _ in 0..2 {
            running.reload().unwrap_err();
        }
        assert_eq!(running.trouble().unwrap().code(), trouble.code(), "{what}");
        assert!(folder.is_trusted(&running), "{what}");
        std::fs::write(folder.file("issuing.pem"), &whole).unwrap();
        running.reload().unwrap();
        store.reload().unwrap();
        assert!(running.trouble().is_none() && folder.is_trusted(&store));
    }
    assert!(codes["V014"] > 100, "{codes:?}");
}

/// A certificate that is revoked, or whose time is over, says nothing of the folder.
#[test]
fn what_is_wrong_of_the_hub_alone_shuts_nobody_else_out() {
    let (ca, folder) = (tempfile::tempdir().unwrap(), Folder::new());
    let mut hubs = Vec::new();
    let settings = CaSettings::new("JS-DEMO".parse().unwrap());
    let mut authority = Authority::init(ca.path(), &settings, now()).unwrap();
    let paper = ca.path().join("hub.cert");
    for days in [1, 10] {
        let wanted = IssueRequest {
            role: Role::Hub,
            id: "hub-1".parse().unwrap(),
            key: KeySource::Fresh(KeyAlgorithm::P256),
            hosts: vec!["localhost".to_owned()],
            days: Some(days),
        };
        let issued = authority.issue(&wanted, now()).unwrap();
        std::fs::write(&paper, issued.certificate_pem + &issued.key_pem.unwrap()).unwrap();
        hubs.push(Signer::load(&paper, &paper).unwrap());
    }
    let serial = hubs[1].certificate().serial().to_owned();
    authority
        .revoke(&serial, Reason::Superseded, now())
        .unwrap();
    for name in NAMES {
        std::fs::copy(ca.path().join(name), folder.file(name)).unwrap();
    }
    let later = Timestamp::from_micros(now().micros() + 5 * 86_400_000_000);
    for (hub, code) in hubs.iter().zip(["V013", "V012"]) {
        let own = Own::of(hub.certificate());
        let store = TrustStore::load_or_shut(folder.path(), Some(own));
        assert!(!store.is_shut() && store.trouble().is_none(), "{code}");
        let checked = store.check(hub.certificate().der(), &[], Usage::Client, later);
        assert_eq!(checked.unwrap_err().code(), code);
    }
}

#[test]
fn a_link_to_a_list_that_is_away_is_told() {
    let folder = Folder::new();
    let away = folder.file("away");
    std::fs::rename(folder.file("issuing.crl.pem"), &away).unwrap();
    std::os::unix::fs::symlink(&away, folder.file("issuing.crl.pem")).unwrap();
    assert!(!folder.store().is_shut());
    std::fs::remove_file(&away).unwrap();
    let store = folder.store();
    assert_eq!(store.trouble().unwrap().code(), "V103");
}

#[test]
fn a_folder_that_hangs_is_one_that_cannot_be_read() {
    let folder = Folder::new();
    let own = Own::of(folder.hub.certificate());
    let hanging = TrustStore::hanging(folder.path(), Some(own));
    assert!(hanging.is_shut());
    assert_eq!(hanging.trouble().unwrap().code(), "A056");
    hanging.reload().unwrap();
    assert!(folder.is_trusted(&hanging));
    hanging.hangs();
    assert_eq!(hanging.trouble().unwrap().code(), "A056");
    assert!(folder.is_trusted(&hanging));
}

/// What was never a trust folder is told apart from one that is damaged.
#[test]
fn a_folder_without_any_root_is_another_folder() {
    let folder = Folder::new();
    assert!(!is_no_trust_folder(folder.path()));
    Torn::CutAt(100).tear(&folder.file("issuing.crl.pem"));
    assert!(!is_no_trust_folder(folder.path()));
    std::fs::remove_file(folder.file("root.pem")).unwrap();
    assert!(is_no_trust_folder(folder.path()));
    assert!(is_no_trust_folder(&folder.file("nowhere")));
}
