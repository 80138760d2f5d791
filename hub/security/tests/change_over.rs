//! A CA that begins anew under its old name: its papers lie beside the old ones for the days of a change-over. Each certificate is
//! judged by the list of the key that issued it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::{Path, PathBuf};

use cordon_model::Timestamp;
use cordon_security::ca::{Authority, CaSettings, IssueRequest, KeyAlgorithm, KeySource, Reason};
use cordon_security::{Own, Role, Signer, TrustStore, Usage};

const LATER: i64 = 86_400_000_000;

fn at(more: i64) -> Timestamp {
    Timestamp::from_micros(1_790_000_000_000_000 + more)
}

/// A CA and two whom it certified.
struct Ca {
    folder: PathBuf,
    authority: Authority,
    hub: Signer,
    partner: Signer,
}

impl Ca {
    fn new(folder: PathBuf, made: Timestamp) -> Self {
        let settings = CaSettings::new("JS-DEMO".parse().unwrap());
        let mut authority = Authority::init(&folder, &settings, made).unwrap();
        let mut issued = |role, id: &str| {
            let wanted = IssueRequest {
                role,
                id: id.parse().unwrap(),
                key: KeySource::Fresh(KeyAlgorithm::P256),
                hosts: Vec::new(),
                days: Some(10),
            };
            let issued = authority.issue(&wanted, made).unwrap();
            let paper = folder.join(id);
            std::fs::write(&paper, issued.certificate_pem + &issued.key_pem.unwrap()).unwrap();
            Signer::load(&paper, &paper).unwrap()
        };
        let (hub, partner) = (
            issued(Role::Hub, "hub-1"),
            issued(Role::Enterprise, "plant-1"),
        );
        Self {
            folder,
            authority,
            hub,
            partner,
        }
    }

    /// Its papers as files of these names.
    fn copy(&self, to: &Path, before: &str) {
        std::fs::create_dir_all(to).unwrap();
        for name in ["root.pem", "issuing.pem", "root.crl.pem", "issuing.crl.pem"] {
            std::fs::copy(self.folder.join(name), to.join(format!("{before}{name}"))).unwrap();
        }
    }

    fn revoke(&mut self) {
        let serial = self.partner.certificate().serial().to_owned();
        let revoked = self
            .authority
            .revoke(&serial, Reason::Superseded, at(LATER));
        revoked.unwrap();
    }
}

fn two(scratch: &Path) -> (Ca, Ca) {
    let old = Ca::new(scratch.join("old"), at(0));
    (old, Ca::new(scratch.join("new"), at(LATER)))
}

fn refusal(store: &TrustStore, one: &Signer) -> &'static str {
    let der = one.certificate().der();
    let checked = store.check(der, &[], Usage::Client, at(LATER));
    checked.err().map_or("", |fault| fault.code())
}

/// Nobody was trusted, or the hub did not start, by the names of the files.
#[test]
fn two_of_one_name_lie_beside_each_other_whatever_the_names_of_files() {
    for (before_old, before_new) in [("", "new-"), ("old-", ""), ("a-", "b-"), ("b-", "a-")] {
        let scratch = tempfile::tempdir().unwrap();
        let trust = scratch.path().join("trust");
        let (mut old, mut new) = two(scratch.path());
        old.copy(&trust, before_old);
        new.copy(&trust, before_new);
        for own in [&old.hub, &new.hub] {
            let own = Own::of(own.certificate()).keeping(scratch.path().join("kept"));
            let store = TrustStore::load_or_shut(&trust, Some(own));
            assert!(store.trouble().is_none(), "{:?}", store.trouble());
            assert_eq!(store.crls().len(), 4);
            for one in [&old.hub, &old.partner, &new.hub, &new.partner] {
                assert_eq!(refusal(&store, one), "", "{before_old} {before_new}");
            }
        }
        // Each list says of its own.
        let own = Own::of(old.hub.certificate());
        let store = TrustStore::load_or_shut(&trust, Some(own));
        old.revoke();
        old.copy(&trust, before_old);
        store.reload().unwrap();
        assert_eq!(refusal(&store, &old.partner), "V012");
        assert_eq!(refusal(&store, &new.partner), "");
        new.revoke();
        new.copy(&trust, before_new);
        store.reload().unwrap();
        assert_eq!(refusal(&store, &new.partner), "V012");
        assert_eq!(refusal(&store, &new.hub), "");
    }
}

/// The list of one is nothing to those whom the other certified.
#[test]
fn the_list_of_another_key_lets_nobody_pass_and_shuts_nobody_out() {
    let scratch = tempfile::tempdir().unwrap();
    let trust = scratch.path().join("trust");
    let (old, new) = two(scratch.path());
    old.copy(&trust, "");
    new.copy(&trust, "new-");
    for (gone, by_old, by_new) in [
        ("new-issuing.crl.pem", "", "V025"),
        ("new-root.crl.pem", "", "V025"),
        ("new-issuing.pem", "", "V014"),
        ("new-root.pem", "", "V014"),
    ] {
        new.copy(&trust, "new-");
        std::fs::remove_file(trust.join(gone)).unwrap();
        let store = TrustStore::load_or_shut(&trust, Some(Own::of(old.hub.certificate())));
        assert!(store.trouble().is_none(), "{gone}: {:?}", store.trouble());
        assert_eq!(refusal(&store, &old.partner), by_old, "{gone}");
        assert_eq!(refusal(&store, &new.partner), by_new, "{gone}");
        // For a hub of that one it is no whole folder.
        let store = TrustStore::load_or_shut(&trust, Some(Own::of(new.hub.certificate())));
        assert!(store.is_shut(), "{gone}");
        assert_eq!(store.trouble().unwrap().code(), by_new, "{gone}");
    }
    // The lists of the new one alone, beside the old one whole.
    for name in ["new-root.pem", "new-issuing.pem"] {
        std::fs::remove_file(trust.join(name)).ok();
    }
    new.copy(&scratch.path().join("papers"), "");
    for name in ["root.crl.pem", "issuing.crl.pem"] {
        let from = scratch.path().join("papers").join(name);
        std::fs::copy(from, trust.join(format!("new-{name}"))).unwrap();
    }
    let store = TrustStore::load_or_shut(&trust, Some(Own::of(old.hub.certificate())));
    assert!(store.trouble().is_none(), "{:?}", store.trouble());
    assert_eq!(refusal(&store, &old.partner), "");
}

/// A list that is kept of one holds nothing of the other, and an older one of either is met by its own.
#[test]
fn each_is_held_to_its_own_list() {
    let scratch = tempfile::tempdir().unwrap();
    let (trust, older) = (scratch.path().join("trust"), scratch.path().join("older"));
    let (mut old, new) = two(scratch.path());
    old.copy(&older, "");
    old.revoke();
    old.copy(&trust, "");
    new.copy(&trust, "new-");
    let start = || {
        let own = Own::of(new.hub.certificate()).keeping(scratch.path().join("kept"));
        TrustStore::load_or_shut(&trust, Some(own))
    };
    let run = start();
    assert!(run.trouble().is_none(), "{:?}", run.trouble());
    for list in run.crls() {
        run.keep(&list).unwrap();
    }
    for name in ["root.crl.pem", "issuing.crl.pem"] {
        std::fs::copy(older.join(name), trust.join(name)).unwrap();
    }
    assert_eq!(run.reload().unwrap_err().code(), "V110");
    let store = start();
    assert_eq!(store.trouble().unwrap().code(), "V110");
    assert_eq!(refusal(&store, &old.partner), "V012");
    assert_eq!(refusal(&store, &old.hub), "");
    assert_eq!(refusal(&store, &new.partner), "");
}

/// What was wrong with one kept the newer list of the other from being used, and the end of a change-over was none.
#[test]
fn under_a_running_hub_the_list_of_one_is_used_whatever_became_of_the_other() {
    for gone in [
        &["new-issuing.crl.pem"][..],
        &["new-root.crl.pem", "new-issuing.crl.pem"],
        &["new-issuing.pem", "new-issuing.crl.pem"],
        &[
            "new-root.pem",
            "new-issuing.pem",
            "new-root.crl.pem",
            "new-issuing.crl.pem",
        ],
    ] {
        let scratch = tempfile::tempdir().unwrap();
        let trust = scratch.path().join("trust");
        let (mut old, new) = two(scratch.path());
        old.copy(&trust, "");
        new.copy(&trust, "new-");
        let store = TrustStore::load_or_shut(&trust, Some(Own::of(old.hub.certificate())));
        assert_eq!(refusal(&store, &new.partner), "");
        for name in gone {
            std::fs::remove_file(trust.join(name)).unwrap();
        }
        old.revoke();
        old.copy(&trust, "");
        let said = store.reload().err().map(|fault| fault.code());
        assert_eq!(refusal(&store, &old.partner), "V012", "{gone:?}");
        assert_eq!(refusal(&store, &old.hub), "", "{gone:?}");
        // Of an authority that is there its list stays in use; one that is gone certified nobody.
        let is_there = !gone.contains(&"new-issuing.pem");
        assert_eq!(said, is_there.then_some("V110"), "{gone:?}");
        let is_trusted = refusal(&store, &new.partner).is_empty();
        assert_eq!(is_trusted, is_there, "{gone:?}");
    }
}

/// Taken out and put back within one run, an authority is held to the list that it had last.
#[test]
fn who_comes_back_is_held_to_his_last_list() {
    let scratch = tempfile::tempdir().unwrap();
    let (trust, older) = (scratch.path().join("trust"), scratch.path().join("older"));
    let (old, mut new) = two(scratch.path());
    new.copy(&older, "new-");
    new.revoke();
    old.copy(&trust, "");
    new.copy(&trust, "new-");
    let store = TrustStore::load_or_shut(&trust, Some(Own::of(old.hub.certificate())));
    assert_eq!(refusal(&store, &new.partner), "V012");
    let names = || {
        std::fs::read_dir(&older)
            .unwrap()
            .map(|it| it.unwrap().file_name())
    };
    names().for_each(|name| std::fs::remove_file(trust.join(name)).unwrap());
    // However often it is read meanwhile.
    store.reload().unwrap();
    store.reload().unwrap();
    assert_eq!(refusal(&store, &new.hub), "V014");
    for name in names() {
        std::fs::copy(older.join(&name), trust.join(&name)).unwrap();
    }
    assert_eq!(store.reload().unwrap_err().code(), "V110");
    assert_eq!(refusal(&store, &new.partner), "V012");
    assert_eq!(refusal(&store, &new.hub), "");
}

const AUTHORITIES: &[&str] = &["new-root.pem", "new-issuing.pem"];
const LISTS: &[&str] = &["new-root.crl.pem", "new-issuing.crl.pem"];

/// A running hub that knows two CAs. The new one has revoked its partner, and `older` holds its papers of before.
struct Running {
    scratch: tempfile::TempDir,
    old: Ca,
    new: Ca,
    store: TrustStore,
}

impl Running {
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let (old, mut new) = two(scratch.path());
        new.copy(&scratch.path().join("older"), "new-");
        new.revoke();
        // Its number is the higher one.
        new.authority.crl_above(40, at(LATER)).unwrap();
        old.copy(&scratch.path().join("trust"), "");
        new.copy(&scratch.path().join("trust"), "new-");
        let store = Self::start(scratch.path(), &old);
        assert_eq!(refusal(&store, &new.partner), "V012");
        Self {
            scratch,
            old,
            new,
            store,
        }
    }

    fn start(scratch: &Path, old: &Ca) -> TrustStore {
        let own = Own::of(old.hub.certificate()).keeping(scratch.join("kept"));
        let store = TrustStore::load_or_shut(&scratch.join("trust"), Some(own));
        for list in store.crls() {
            store.keep(&list).unwrap();
        }
        store
    }

    fn again(&mut self) {
        self.store = Self::start(self.scratch.path(), &self.old);
    }

    fn file(&self, name: &str) -> PathBuf {
        self.scratch.path().join("trust").join(name)
    }

    fn out(&self, names: &[&str]) {
        for name in names {
            std::fs::remove_file(self.file(name)).unwrap();
        }
    }

    fn back_older(&self, names: &[&str]) {
        let older = self.scratch.path().join("older");
        for name in names {
            std::fs::copy(older.join(name), self.file(name)).unwrap();
        }
    }

    fn read(&self) -> Option<&'static str> {
        self.store.reload().err().map(|fault| fault.code())
    }

    /// The old one revokes its own partner: that holds from this reading on, whatever became of the new one.
    fn revoke_old(&mut self) -> Option<&'static str> {
        self.old.revoke();
        self.old.copy(&self.scratch.path().join("trust"), "");
        let said = self.read();
        assert_eq!(refusal(&self.store, &self.old.partner), "V012");
        assert_eq!(refusal(&self.store, &self.old.hub), "");
        said
    }

    fn is_held_to_its_last_list(&self) {
        assert_eq!(refusal(&self.store, &self.new.partner), "V012");
        assert_eq!(refusal(&self.store, &self.new.hub), "");
    }
}

/// What was taken out and put back in several readings was forgotten between them, and the revoked one was heard.
#[test]
fn by_whatever_steps_it_goes_and_comes_its_last_list_holds() {
    let steps: &[&[(bool, &[&str])]] = &[
        &[
            (false, AUTHORITIES),
            (false, LISTS),
            (true, LISTS),
            (true, AUTHORITIES),
        ],
        &[
            (false, AUTHORITIES),
            (false, LISTS),
            (true, AUTHORITIES),
            (true, LISTS),
        ],
        &[
            (false, LISTS),
            (false, AUTHORITIES),
            (true, LISTS),
            (true, AUTHORITIES),
        ],
        &[
            (false, &["new-issuing.pem"]),
            (false, &["new-issuing.crl.pem"]),
            (true, &["new-issuing.crl.pem"]),
            (true, &["new-issuing.pem"]),
        ],
        &[(false, AUTHORITIES), (true, LISTS), (true, AUTHORITIES)],
    ];
    for steps in steps {
        let mut run = Running::new();
        for (is_back, names) in *steps {
            match is_back {
                true => run.back_older(names),
                false => run.out(names),
            }
            run.read();
            assert_ne!(refusal(&run.store, &run.new.partner), "", "{steps:?}");
            assert_eq!(refusal(&run.store, &run.old.partner), "", "{steps:?}");
        }
        assert_eq!(run.read(), Some("V110"), "{steps:?}");
        run.is_held_to_its_last_list();
        assert_eq!(run.revoke_old(), Some("V110"));
        // And the next run.
        run.again();
        run.is_held_to_its_last_list();
    }
}

/// In a run that never saw its newer list, it is held to the one that was kept, and holds up nobody.
#[test]
fn in_a_later_run_too() {
    let mut run = Running::new();
    run.out(AUTHORITIES);
    run.out(LISTS);
    run.again();
    assert!(run.store.trouble().is_none());
    run.back_older(AUTHORITIES);
    run.back_older(LISTS);
    assert_eq!(run.revoke_old(), Some("V110"));
    run.is_held_to_its_last_list();
}

/// The lists went a reading behind the authorities, and whoever the other revoked was heard until a restart.
#[test]
fn the_end_of_a_change_over_takes_as_many_steps_as_it_likes() {
    let mut run = Running::new();
    run.out(AUTHORITIES);
    assert_eq!(run.read(), None);
    run.out(LISTS);
    assert_eq!(run.revoke_old(), None);
    assert_eq!(refusal(&run.store, &run.new.hub), "V014");
}

/// A list whose number was changed by one bit is nobody's: it is no newer one, and neither is it missed.
#[test]
fn a_damaged_list_is_remembered_of_nobody() {
    let mut run = Running::new();
    let whole = std::fs::read_to_string(run.file("new-issuing.crl.pem")).unwrap();
    let (_, pem) = x509_parser::pem::parse_x509_pem(whole.as_bytes()).unwrap();
    let number = [0x55, 0x1d, 0x14, 0x04, 0x03, 0x02, 0x01];
    let mut der = pem.contents.clone();
    let place = der
        .windows(number.len())
        .position(|it| it == number)
        .unwrap();
    der[place + number.len()] ^= 0x40;
    std::fs::write(run.file("new-issuing.crl.pem"), crl_pem(&der)).unwrap();
    assert_eq!(run.read(), Some("V110"));
    run.is_held_to_its_last_list();
    std::fs::write(run.file("new-issuing.crl.pem"), whole).unwrap();
    assert_eq!(run.revoke_old(), None);
    run.is_held_to_its_last_list();
}

fn crl_pem(der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN X509 CRL-----\n{text}\n-----END X509 CRL-----\n")
}

/// What lies in one file that cannot be read holds up no other; nor does the register.
#[test]
fn a_file_that_cannot_be_read_holds_up_no_other() {
    let torn: [(&str, &[u8], &str); 5] = [
        ("new-issuing.crl.pem", b"", "V109"),
        ("new-issuing.crl.pem", b"\xff\xfe\x00", "V103"),
        (
            "new-issuing.pem",
            b"-----BEGIN CERTIFICATE-----\nAAAA\n",
            "V109",
        ),
        ("register.json", b"{}", "V113"),
        ("another.pem", b"nothing", "V109"),
    ];
    for (name, bytes, code) in torn {
        let mut run = Running::new();
        let register = run.old.folder.join("register.json");
        std::fs::copy(register, run.file("register.json")).unwrap();
        assert_eq!(run.read(), None);
        std::fs::write(run.file(name), bytes).unwrap();
        assert_eq!(run.revoke_old(), Some(code), "{name}");
        assert!(run.store.is_partial() && run.store.register().is_some());
        run.is_held_to_its_last_list();
    }
    let mut run = Running::new();
    std::fs::copy(
        run.old.folder.join("register.json"),
        run.file("register.json"),
    )
    .unwrap();
    assert_eq!(run.read(), None);
    std::fs::remove_file(run.file("register.json")).unwrap();
    assert_eq!(run.revoke_old(), Some("V114"), "gone");
    assert!(run.store.register().is_some());
}

/// At a start, lists of an authority that is not there hold nothing, older ones neither.
#[test]
fn lists_without_their_authority_shut_nobody_out() {
    let mut run = Running::new();
    run.out(AUTHORITIES);
    run.back_older(LISTS);
    run.again();
    assert!(run.store.trouble().is_none(), "{:?}", run.store.trouble());
    assert_eq!(refusal(&run.store, &run.old.hub), "");
    run.back_older(AUTHORITIES);
    assert_eq!(run.read(), Some("V110"));
    run.is_held_to_its_last_list();
}

/// A list that was there before its authority is known when that comes with an older one.
#[test]
fn a_list_that_was_there_before_its_authority_holds() {
    let mut run = Running::new();
    run.out(AUTHORITIES);
    std::fs::remove_dir_all(run.scratch.path().join("kept")).unwrap();
    run.again();
    run.back_older(AUTHORITIES);
    run.back_older(LISTS);
    assert_eq!(run.read(), Some("V110"));
    run.is_held_to_its_last_list();
}

/// Of two lists under one number in one folder the first by its file's name counted, without a word.
#[test]
fn of_two_under_one_number_the_one_that_revokes_more_is_in_use_and_it_is_told() {
    for name in ["aa.crl.pem", "zz.crl.pem"] {
        let scratch = tempfile::tempdir().unwrap();
        let (trust, twin) = (scratch.path().join("trust"), scratch.path().join("twin"));
        let mut ca = Ca::new(scratch.path().join("ca"), at(0));
        std::fs::create_dir_all(twin.join("issued")).unwrap();
        for file in std::fs::read_dir(&ca.folder).unwrap() {
            let file = file.unwrap();
            if file.file_type().unwrap().is_file() {
                std::fs::copy(file.path(), twin.join(file.file_name())).unwrap();
            }
        }
        ca.revoke();
        ca.copy(&trust, "");
        Authority::open(&twin).unwrap().crl(at(LATER)).unwrap();
        std::fs::copy(twin.join("issuing.crl.pem"), trust.join(name)).unwrap();
        let own = Own::of(ca.hub.certificate());
        let store = TrustStore::load_or_shut(&trust, Some(own));
        assert_eq!(store.trouble().unwrap().code(), "V115", "{name}");
        assert_eq!(refusal(&store, &ca.partner), "V012", "{name}");
        assert_eq!(refusal(&store, &ca.hub), "", "{name}");
    }
}
