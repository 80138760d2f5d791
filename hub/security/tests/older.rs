//! An older list of revoked certificates in the trust folder, signed and good once: no start goes by it that can know better.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cordon_model::Timestamp;
use cordon_security::ca::{Authority, CaSettings, IssueRequest, KeyAlgorithm, KeySource, Reason};
use cordon_security::{
    CrlState, KnownList, ListOf, Own, Role, Signer, TrustStore, Usage, issuer_as_told,
};

fn now() -> Timestamp {
    Timestamp::from_micros(1_790_000_000_000_000)
}

const NAMES: [&str; 5] = [
    "root.pem",
    "issuing.pem",
    "root.crl.pem",
    "issuing.crl.pem",
    "register.json",
];

/// An authority with a hub and a partner, the folder that its papers are copied to, and where the hub keeps its lists.
struct Scene {
    scratch: tempfile::TempDir,
    authority: Authority,
    hub: Signer,
    partner: Signer,
}

impl Scene {
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let ca = scratch.path().join("ca");
        let settings = CaSettings::new("JS-DEMO".parse().unwrap());
        let mut authority = Authority::init(&ca, &settings, now()).unwrap();
        let mut issued = |role, id: &str| {
            let wanted = IssueRequest {
                role,
                id: id.parse().unwrap(),
                key: KeySource::Fresh(KeyAlgorithm::P256),
                hosts: Vec::new(),
                days: Some(10),
            };
            let issued = authority.issue(&wanted, now()).unwrap();
            let paper = scratch.path().join(id);
            std::fs::write(&paper, issued.certificate_pem + &issued.key_pem.unwrap()).unwrap();
            Signer::load(&paper, &paper).unwrap()
        };
        let hub = issued(Role::Hub, "hub-1");
        let partner = issued(Role::Enterprise, "plant-1");
        let scene = Self {
            scratch,
            authority,
            hub,
            partner,
        };
        scene.copy("ca", "trust");
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    fn copy(&self, from: &str, to: &str) {
        std::fs::create_dir_all(self.path(to)).unwrap();
        for name in NAMES {
            let (from, to) = (self.path(from).join(name), self.path(to).join(name));
            std::fs::copy(from, to).unwrap();
        }
    }

    fn revoke(&mut self) {
        let serial = self.partner.certificate().serial().to_owned();
        let revoked = self.authority.revoke(&serial, Reason::Superseded, now());
        revoked.unwrap();
    }

    fn start(&self) -> TrustStore {
        let own = Own::of(self.hub.certificate()).keeping(self.path("kept"));
        TrustStore::load_or_shut(&self.path("trust"), Some(own))
    }

    /// The code that the partner is refused with; empty where it is trusted, by connections and by messages.
    fn refusal(&self, store: &TrustStore) -> &'static str {
        let checked = store.check(self.partner.certificate().der(), &[], Usage::Client, now());
        checked.err().map_or("", |fault| fault.code())
    }

    /// A run goes by a list that revokes the partner, then the older one is put back.
    fn rolled_back() -> Self {
        let mut scene = Self::new();
        scene.copy("trust", "older");
        scene.revoke();
        scene.copy("ca", "trust");
        let run = scene.start();
        assert_eq!(scene.refusal(&run), "V012");
        keep(&run);
        scene.copy("older", "trust");
        scene
    }
}

fn keep(run: &TrustStore) {
    for list in run.crls() {
        assert!(list.is_proven, "{list:?}");
        run.keep(&list).unwrap();
    }
}

fn issuing(lists: &[CrlState]) -> CrlState {
    let mut lists = lists.iter();
    lists
        .find(|it| it.issuer.contains("Issuing"))
        .unwrap()
        .clone()
}

fn known(list: &CrlState) -> KnownList {
    KnownList {
        of: ListOf::Marked(list.of.clone()),
        number: list.number,
        made: list.this_update,
        digest: list.digest,
    }
}

/// It was trusted again.
#[test]
fn who_was_revoked_stays_refused_by_the_list_that_was_kept() {
    let scene = Scene::rolled_back();
    let store = scene.start();
    assert_eq!(scene.refusal(&store), "V012");
    assert!(!store.is_shut());
    let trouble = store.trouble().unwrap();
    assert_eq!(trouble.code(), "V110");
    assert!(trouble.place().contains("trust"), "{trouble}");
    assert!(trouble.remedy_text().contains("--above 2"), "{trouble}");
    // Read again and again, it stays so, and nobody else is shut out.
    for _ in 0..3 {
        assert_eq!(store.reload().unwrap_err().code(), "V110");
        assert_eq!(scene.refusal(&store), "V012");
        assert_eq!(store.trouble().unwrap().code(), "V110");
    }
    let hub = scene.hub.certificate().der();
    store.check(hub, &[], Usage::Client, now()).unwrap();
    scene.copy("ca", "trust");
    store.reload().unwrap();
    assert!(store.trouble().is_none());
    assert_eq!(scene.refusal(&store), "V012");
}

/// A start that found the folder torn, or its disk away, has no memory of its own either.
#[test]
fn a_folder_that_was_torn_at_the_start_comes_back_no_older() {
    let scene = Scene::rolled_back();
    std::fs::write(scene.path("trust/issuing.crl.pem"), "").unwrap();
    let own = Own::of(scene.hub.certificate()).keeping(scene.path("kept"));
    let hanging = TrustStore::hanging(&scene.path("trust"), Some(own));
    for store in [scene.start(), hanging] {
        assert!(store.is_shut());
        scene.copy("older", "trust");
        assert_eq!(store.reload().unwrap_err().code(), "V110");
        assert!(!store.is_shut() && store.trouble().is_some());
        assert_eq!(scene.refusal(&store), "V012");
    }
}

#[test]
fn without_the_kept_list_the_journals_word_trusts_nobody() {
    let spoil: [fn(&Scene); 3] = [
        |scene| std::fs::remove_dir_all(scene.path("kept")).unwrap(),
        |scene| {
            for file in std::fs::read_dir(scene.path("kept")).unwrap() {
                std::fs::write(file.unwrap().path(), "-----BEGIN X509 CRL-----\n").unwrap();
            }
        },
        // One that somebody else made says nothing.
        |scene| {
            for file in std::fs::read_dir(scene.path("kept")).unwrap() {
                let file = file.unwrap().path();
                let list = std::fs::read(scene.path("ca/issuing.crl.pem")).unwrap();
                let mut der = pem_der(&list);
                *der.last_mut().unwrap() ^= 1;
                std::fs::write(file, pem(&der)).unwrap();
            }
        },
    ];
    for spoil in spoil {
        let scene = Scene::rolled_back();
        let newer = TrustStore::load(&scene.path("ca")).unwrap().crls();
        spoil(&scene);
        let store = scene.start();
        assert_eq!(scene.refusal(&store), "", "nothing tells it yet");
        store.hold_to(newer.iter().map(known).collect());
        assert!(store.is_shut());
        assert_eq!(scene.refusal(&store), "V025");
        assert_eq!(store.trouble().unwrap().code(), "V110");
        store.reload().unwrap_err();
        assert_eq!(scene.refusal(&store), "V025");
        scene.copy("ca", "trust");
        store.reload().unwrap();
        assert!(store.trouble().is_none());
        assert_eq!(scene.refusal(&store), "V012");
    }
}

/// Older programs told a name alone.
#[test]
fn a_name_is_enough_to_hold_to() {
    let scene = Scene::rolled_back();
    std::fs::remove_dir_all(scene.path("kept")).unwrap();
    let newer = issuing(&TrustStore::load(&scene.path("ca")).unwrap().crls());
    let store = scene.start();
    let of = ListOf::Named(issuer_as_told(&newer.issuer));
    store.hold_to(vec![KnownList {
        of,
        ..known(&newer)
    }]);
    assert_eq!(scene.refusal(&store), "V025");
}

/// A CA that was restored from its backup gives a number twice.
#[test]
fn another_list_under_the_same_number_is_told_and_not_gone_by() {
    let mut scene = Scene::new();
    for folder in ["ca", "ca/issued"] {
        let to = scene.path(&folder.replace("ca", "twin"));
        std::fs::create_dir_all(&to).unwrap();
        for file in std::fs::read_dir(scene.path(folder)).unwrap() {
            let file = file.unwrap();
            if file.file_type().unwrap().is_file() {
                std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
            }
        }
    }
    scene.revoke();
    let mut twin = Authority::open(&scene.path("twin")).unwrap();
    twin.crl(now()).unwrap();
    scene.copy("ca", "trust");
    let run = scene.start();
    keep(&run);
    scene.copy("twin", "trust");
    assert_eq!(run.reload().unwrap_err().code(), "V115");
    assert_eq!(scene.refusal(&run), "V012");
    let store = scene.start();
    assert_eq!(store.trouble().unwrap().code(), "V115");
    assert_eq!(scene.refusal(&store), "V012");
    // The journal's word is enough for that too.
    std::fs::remove_dir_all(scene.path("kept")).unwrap();
    let store = scene.start();
    store.hold_to(run.crls().iter().map(known).collect());
    assert_eq!(scene.refusal(&store), "V025");
    // A number above is what helps.
    twin.crl_above(issuing(&run.crls()).number, now()).unwrap();
    scene.copy("twin", "trust");
    store.reload().unwrap();
    assert!(store.trouble().is_none());
}

/// A new key under the old name is another authority: it begins with its first number, and nothing has to be accepted.
#[test]
fn an_authority_that_begins_anew_is_another_one() {
    let scene = Scene::rolled_back();
    let mut newer = Scene::new();
    newer.authority.crl(now()).unwrap();
    let told = TrustStore::load(&scene.path("ca")).unwrap().crls();
    for file in std::fs::read_dir(scene.path("kept")).unwrap() {
        let file = file.unwrap();
        std::fs::create_dir_all(newer.path("kept")).unwrap();
        std::fs::copy(file.path(), newer.path("kept").join(file.file_name())).unwrap();
    }
    let store = newer.start();
    assert_eq!(issuing(&store.crls()).issuer, issuing(&told).issuer);
    store.hold_to(
        told.iter()
            .map(|it| KnownList {
                number: 90,
                ..known(it)
            })
            .collect(),
    );
    assert!(!store.is_shut() && store.trouble().is_none());
    assert_eq!(newer.refusal(&store), "");
    // Whom the old one certified is a stranger.
    assert_eq!(scene.refusal(&store), "V014");
}

/// Who is revoked the lists alone say; an older register or certificate of the authority lets nobody in.
#[test]
fn an_older_register_lets_nobody_in() {
    let scene = Scene::rolled_back();
    for name in ["issuing.crl.pem", "root.crl.pem"] {
        std::fs::copy(scene.path("ca").join(name), scene.path("trust").join(name)).unwrap();
    }
    let store = scene.start();
    assert!(store.trouble().is_none());
    assert_eq!(scene.refusal(&store), "V012");
}

#[test]
fn a_list_that_nobody_signed_is_not_kept() {
    let scene = Scene::new();
    let run = scene.start();
    let mut list = issuing(&run.crls());
    list.is_proven = false;
    run.keep(&list).unwrap();
    assert!(!scene.path("kept").exists());
    // One without a folder to keep lists in keeps none.
    let own = Own::of(scene.hub.certificate());
    let other = TrustStore::load_or_shut(&scene.path("trust"), Some(own));
    keep(&other);
    assert!(!scene.path("kept").exists());
}

fn pem_der(pem: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(pem);
    let lines = text.lines().filter(|line| !line.starts_with("-----"));
    STANDARD.decode(lines.collect::<String>()).unwrap()
}

fn pem(der: &[u8]) -> String {
    format!(
        "-----BEGIN X509 CRL-----\n{}\n-----END X509 CRL-----\n",
        STANDARD.encode(der)
    )
}

#[test]
fn files_beyond_the_limit_are_not_kept_and_what_is_there_stays() {
    let scene = Scene::new();
    let run = scene.start();
    keep(&run);
    let list = issuing(&run.crls());
    let mut refused = 0;
    for number in 0..70 {
        let of = format!("{number:032x}");
        refused += u8::from(run.keep(&CrlState { of, ..list.clone() }).is_err());
    }
    let count = |path: &Path| std::fs::read_dir(path).unwrap().count();
    assert_eq!((count(&scene.path("kept")), refused), (64, 8));
    keep(&run);
}
