//! Pins that prove what they say, and those that do not.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cordon_model::service::GetMessagesResponse;
use cordon_model::{Digest, Timestamp};
use cordon_security::ca::{Authority, CaSettings, IssueRequest, KeyAlgorithm, KeySource};
use cordon_security::wsse::{self, SoapVersion};
use cordon_security::{Role, Signer, TrustStore};
use serde_json::{Value, json};

use super::*;

fn now() -> Timestamp {
    Timestamp::from_micros(1_790_000_000_000_000)
}

/// A park's certificates and its hub, which signs what is pinned.
struct Signing {
    folder: tempfile::TempDir,
    hub: Signer,
}

impl Signing {
    fn of(park: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = CaSettings::new(park.parse().unwrap());
        let mut authority = Authority::init(folder.path(), &settings, now()).unwrap();
        let wanted = IssueRequest {
            role: Role::Hub,
            id: "hub-1".parse().unwrap(),
            key: KeySource::Fresh(KeyAlgorithm::P256),
            hosts: vec!["localhost".to_owned()],
            days: Some(10),
        };
        let issued = authority.issue(&wanted, now()).unwrap();
        let paper = folder.path().join("hub-1.cert");
        std::fs::write(&paper, issued.certificate_pem + &issued.key_pem.unwrap()).unwrap();
        let hub = Signer::load(&paper, &paper).unwrap();
        Self { folder, hub }
    }

    fn new() -> Self {
        Self::of("JS-DEMO")
    }

    fn proof(&self) -> Arc<Proof> {
        let trust = Arc::new(TrustStore::load(self.folder.path()).unwrap());
        Proof::by(trust, "JS-DEMO".parse().unwrap(), "hub-1".parse().unwrap())
    }

    /// A checkpoint file with this head, as whoever pulls keeps one.
    fn checkpoint(&self, head: u64, chain: char) -> Value {
        let chain = chain.to_string().repeat(64);
        let digest: Digest = serde_json::from_value(json!(chain)).unwrap();
        let answer = GetMessagesResponse {
            entry: Vec::new(),
            previous_chain_hash: digest,
            next: head,
            head,
            head_chain_hash: digest,
            more: false,
        };
        let body = cordon_wire::service::write_get_messages_response(&answer).unwrap();
        let signed = wsse::sign(&self.hub, SoapVersion::V12, [], body, now()).unwrap();
        json!({
            "park": "JS-DEMO", "hub": "hub-1", "number": head, "chain": chain,
            "head": head, "head_chain": chain,
            "answered_at": "2026-03-01T08:00:00.000000Z", "statement": STANDARD.encode(signed),
        })
    }

    fn put(&self, folder: &Path, name: &str, head: u64, chain: char) {
        write(&folder.join(name), &self.checkpoint(head, chain));
    }
}

fn write(file: &Path, checkpoint: &Value) {
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, checkpoint.to_string()).unwrap();
}

fn heads(data: &Path, proof: &Proof) -> Vec<u64> {
    let pinned = pinned(data, proof).unwrap();
    pinned.iter().map(|pin| pin.head.0).collect()
}

#[test]
fn what_was_given_up_is_asked_for_no_more_and_everything_else_is() {
    let data = tempfile::tempdir().unwrap();
    let (data, pins) = (data.path(), data.path().join("pins"));
    let hub = Signing::new();
    let proof = hub.proof();
    hub.put(&pins, "a.json", 7, '1');
    hub.put(&pins, "b.json", 9, '2');
    let moved = set_aside(data, &[(9, [0x22; 32])]).unwrap();
    assert_eq!(moved, [pins.join("accepted/b.json")]);
    assert_eq!(heads(data, &proof), [7]);
    // The same once more is not asked for, under whatever name; another head of the same number is.
    hub.put(&pins, "c.json", 9, '2');
    assert_eq!(heads(data, &proof), [7]);
    hub.put(&pins, "b.json", 9, '3');
    assert_eq!(heads(data, &proof), [7, 9]);
    // The earlier one is not written over.
    let moved = set_aside(data, &[(9, [0x33; 32])]).unwrap();
    assert_eq!(moved, [pins.join("accepted/b-1.json")]);
    assert_eq!(heads(data, &proof), [7]);
}

/// A copy that a power cut left torn kept the gates shut (S075).
#[test]
fn a_torn_pin_is_told_and_the_others_hold_until_it_can_be_read_or_is_gone() {
    let data = tempfile::tempdir().unwrap();
    let (data, pins) = (data.path(), data.path().join("pins"));
    let hub = Signing::new();
    let proof = hub.proof();
    hub.put(&pins, "a.json", 7, '1');
    hub.put(&pins, "b.json", 9, '2');
    let whole = std::fs::read(pins.join("b.json")).unwrap();
    for torn in [&[][..], &whole[..40]] {
        std::fs::write(pins.join("b.json"), torn).unwrap();
        assert_eq!(pinned(data, &proof).unwrap_err().code(), "S075", "by name");
        let (held, faults) = readable(data, &proof).unwrap();
        assert_eq!(held.iter().map(|it| it.head.0).collect::<Vec<_>>(), [7]);
        let unread = Unread::of(data, Arc::clone(&proof), faults);
        unread.look_again();
        let words = unread.words().unwrap();
        assert!(
            words.contains("S075") && words.contains("b.json"),
            "{words}"
        );
        assert!(unread.words_of_unmet().is_none() && unread.words_of_unread().is_some());
        // There is no journal that holds entry 9: the torn copy is told no more, and this is.
        std::fs::write(pins.join("b.json"), &whole).unwrap();
        unread.look_again();
        let words = unread.words().unwrap();
        assert!(!words.contains("S075") && unread.count() == 1, "{words}");
        assert_eq!(unread.words_of_unread(), None);
        assert_eq!(unread.words_of_unmet().as_deref(), Some(words.as_str()));
        std::fs::remove_file(pins.join("b.json")).unwrap();
        unread.look_again();
        assert_eq!((unread.words(), unread.count()), (None, 0));
    }
    std::fs::create_dir(pins.join("b.json")).unwrap();
    assert_eq!(readable(data, &proof).unwrap().1.len(), 1, "a folder");
    // What was given up by name is set aside all the same.
    assert_eq!(set_aside(data, &[(7, [0x11; 32])]).unwrap().len(), 1);
}

/// One changed digit, or a file that somebody made up, ended every start (J008).
#[test]
fn a_pin_that_the_hub_did_not_sign_holds_nothing_and_is_told_until_it_is_right() {
    let data = tempfile::tempdir().unwrap();
    let (data, pins) = (data.path(), data.path().join("pins"));
    let (hub, stranger) = (Signing::new(), Signing::new());
    let proof = hub.proof();
    hub.put(&pins, "a.json", 7, '1');
    let whole = hub.checkpoint(115, '2');
    let with = |name: &str, value: Value| {
        let mut changed = whole.clone();
        changed[name] = value;
        changed
    };
    let one_digit = format!("3{}", "2".repeat(63));
    let other = hub.checkpoint(100, '2')["statement"].clone();
    let mut letter = STANDARD
        .decode(whole["statement"].as_str().unwrap())
        .unwrap();
    let at = letter.len() / 2;
    letter[at] ^= 1;
    let elsewhere = Signing::of("JS-OTHER");
    let unproven = [
        ("a digit of the chain", with("head_chain", json!(one_digit))),
        ("another head", with("head", json!(215))),
        ("no head", with("head", json!(0))),
        ("no statement", with("statement", json!(""))),
        ("no base64", with("statement", json!("%"))),
        (
            "a letter of the statement",
            with("statement", json!(STANDARD.encode(letter))),
        ),
        ("an earlier statement", with("statement", other)),
        ("another park", with("park", json!("JS-OTHER"))),
        ("another hub", with("hub", json!("hub-9"))),
        ("a stranger's", stranger.checkpoint(500, '5')),
        ("another park's statement", elsewhere.checkpoint(500, '5')),
    ];
    for (what, checkpoint) in unproven {
        write(&pins.join("b.json"), &checkpoint);
        assert_eq!(pinned(data, &proof).unwrap_err().code(), "S075", "{what}");
        let (held, faults) = readable(data, &proof).unwrap();
        assert_eq!(held.iter().map(|it| it.head.0).collect::<Vec<_>>(), [7]);
        let unread = Unread::of(data, Arc::clone(&proof), faults);
        unread.look_again();
        let words = unread.words().unwrap();
        assert!(
            words.contains("S075") && words.contains("b.json"),
            "{what}: {words}"
        );
        // There is no journal that holds entry 115.
        write(&pins.join("b.json"), &whole);
        unread.look_again();
        assert!(!unread.words().unwrap().contains("S075"), "{what}");
    }
    assert_eq!(heads(data, &proof), [7, 115]);
}

/// Who signed is not known as long as nobody is trusted.
#[test]
fn no_pin_holds_while_the_trust_folder_is_torn() {
    let data = tempfile::tempdir().unwrap();
    let (data, pins) = (data.path(), data.path().join("pins"));
    let hub = Signing::new();
    hub.put(&pins, "a.json", 7, '1');
    let list = hub.folder.path().join("issuing.crl.pem");
    let whole = std::fs::read(&list).unwrap();
    std::fs::write(&list, "").unwrap();
    let trust = Arc::new(TrustStore::load_or_shut(hub.folder.path(), None));
    let ours = ("JS-DEMO".parse().unwrap(), "hub-1".parse().unwrap());
    let proof = Proof::by(Arc::clone(&trust), ours.0, ours.1);
    let fault = pinned(data, &proof).unwrap_err();
    assert_eq!(fault.code(), "S075");
    assert!(fault.to_string().contains("trust folder"), "{fault}");
    std::fs::write(&list, whole).unwrap();
    trust.reload().unwrap();
    assert_eq!(heads(data, &proof), [7]);
}
