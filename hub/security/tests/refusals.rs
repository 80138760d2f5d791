//! What the WS-Security profile refuses, each with its own code, and what xmlsec1 says of what we sign.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use cordon_model::Timestamp;
use cordon_security::ca::{
    Authority, Bundle, CaSettings, IssueRequest, KeyAlgorithm, KeySource, Reason,
};
use cordon_security::wsse::{self, Policy, SoapVersion};
use cordon_security::{Role, Signer, TrustStore, xmldsig};
use tempfile::TempDir;

const BODY: &str = "<m:Say xmlns:m=\"urn:test\">hello</m:Say>";

/// A park with its CA, its trust store and the time of the test.
struct Park {
    folder: TempDir,
    authority: Authority,
    now: Timestamp,
}

impl Park {
    fn new(code: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::from_micros(1_790_000_000_000_000);
        let settings = CaSettings::new(code.parse().unwrap());
        let mut authority = Authority::init(&folder.path().join("ca"), &settings, now).unwrap();
        authority.crl(now).unwrap();
        Self {
            folder,
            authority,
            now,
        }
    }

    fn signer(&mut self, role: Role, id: &str, key: KeyAlgorithm) -> Signer {
        let wanted = IssueRequest {
            role,
            id: id.parse().unwrap(),
            key: KeySource::Fresh(key),
            hosts: Vec::new(),
            days: Some(10),
        };
        let issued = self.authority.issue(&wanted, self.now).unwrap();
        let out = self.folder.path().join(id);
        Bundle::write(&issued, &out).unwrap();
        Signer::load(&out.join(Bundle::CHAIN), &out.join(Bundle::KEY)).unwrap()
    }

    fn trust(&self) -> TrustStore {
        TrustStore::load(&self.folder.path().join("ca")).unwrap()
    }

    fn message(&self, signer: &Signer) -> String {
        let bytes = wsse::sign(signer, SoapVersion::V12, [], BODY, self.now).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// The code of the refusal, or `ok`.
    fn verdict(&self, message: &str) -> &'static str {
        self.verdict_at(message, self.now)
    }

    fn verdict_at(&self, message: &str, now: Timestamp) -> &'static str {
        let policy = Policy::new(&[Role::Enterprise]);
        match wsse::verify(message.as_bytes(), &self.trust(), &policy, now) {
            Ok(_) => "ok",
            Err(fault) => {
                assert!(!fault.remedy_text().is_empty(), "{fault}");
                fault.code()
            }
        }
    }
}

fn enterprise() -> (Park, Signer) {
    let mut park = Park::new("JS-1");
    let signer = park.signer(Role::Enterprise, "plant-a", KeyAlgorithm::P256);
    (park, signer)
}

/// The text between two marks, both included.
fn piece<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let start = text.find(from).unwrap();
    let end = start + text[start..].find(to).unwrap() + to.len();
    &text[start..end]
}

#[test]
fn every_algorithm_in_both_versions_is_accepted() {
    let mut park = Park::new("JS-1");
    for (index, key) in [
        KeyAlgorithm::P256,
        KeyAlgorithm::Rsa2048,
        KeyAlgorithm::Ed25519,
    ]
    .into_iter()
    .enumerate()
    {
        let signer = park.signer(Role::Enterprise, &format!("plant-{index}"), key);
        for version in [SoapVersion::V11, SoapVersion::V12] {
            let bytes = wsse::sign(&signer, version, [], BODY, park.now).unwrap();
            let policy = Policy::new(&[Role::Enterprise]);
            let verified = wsse::verify(bytes, &park.trust(), &policy, park.now).unwrap();
            assert_eq!(verified.identity(), signer.identity());
            assert_eq!(verified.payload().unwrap().local(), "Say");
        }
    }
}

#[test]
fn what_was_changed_after_signing_is_refused() {
    let (park, signer) = enterprise();
    let good = park.message(&signer);
    assert_eq!(park.verdict(&good), "ok");
    assert_eq!(
        park.verdict(&good.replace("hello", "hullo")),
        "V006",
        "the body"
    );
    let created = piece(&good, "<wsu:Created>", "</wsu:Created>");
    let later = created.replace("<wsu:Created>2", "<wsu:Created> 2");
    assert_ne!(
        park.verdict(&good.replace(created, &later)),
        "ok",
        "the timestamp"
    );
    let value = piece(&good, "SignatureValue>", "<").to_owned();
    let middle = value.len() / 2;
    let letter = if value.as_bytes()[middle] == b'A' {
        "B"
    } else {
        "A"
    };
    let forged = format!("{}{letter}{}", &value[..middle], &value[middle + 1..]);
    assert_eq!(
        park.verdict(&good.replace(&value, &forged)),
        "V007",
        "the value"
    );
}

#[test]
fn a_message_with_parts_unsigned_is_refused() {
    let (park, signer) = enterprise();
    let good = park.message(&signer);
    let signature = {
        let start = good.find("<ds:Signature ").unwrap();
        let end = good.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
        good[start..end].to_owned()
    };
    assert_eq!(park.verdict(&good.replace(&signature, "")), "V001");
    let references: Vec<&str> = signature
        .match_indices("<ds:Reference ")
        .map(|(at, _)| piece(&signature[at..], "<ds:Reference ", "</ds:Reference>"))
        .collect();
    assert_eq!(references.len(), 2);
    for reference in references {
        let wanted = if reference.contains("URI=\"#TS-") {
            "V002"
        } else {
            "V003"
        };
        assert_eq!(park.verdict(&good.replace(reference, "")), wanted);
    }
}

/// The signed body moves into the header, a forged one takes its place: general verifiers call it valid.
#[test]
fn a_wrapped_message_is_refused() {
    let (park, signer) = enterprise();
    let good = park.message(&signer);
    let body = piece(&good, "<s:Body", "</s:Body>").to_owned();
    let forged = "<s:Body><m:Say xmlns:m=\"urn:test\">forged</m:Say></s:Body>";
    let wrapped = good.replace(&body, forged).replace(
        "</s:Header>",
        &format!("<w:Wrap xmlns:w=\"urn:w\">{body}</w:Wrap></s:Header>"),
    );
    let verdict = park.verdict(&wrapped);
    assert!(["V003", "V004"].contains(&verdict), "{verdict}");
    // The same with the Id on both bodies.
    let id = piece(&body, "wsu:Id=\"", "\"");
    let id = format!(
        "{id}{}",
        piece(&body[body.find(id).unwrap() + id.len()..], "", "\"")
    );
    let twice = wrapped.replace("<s:Body><m:Say", &format!("<s:Body {id}><m:Say"));
    assert_eq!(park.verdict(&twice), "V005");
}

#[test]
fn time_and_repetition_are_watched() {
    let (park, signer) = enterprise();
    let good = park.message(&signer);
    assert_eq!(park.verdict_at(&good, park.now.plus_seconds(3_600)), "V009");
    assert_eq!(
        park.verdict_at(&good, park.now.plus_seconds(-3_600)),
        "V010"
    );
    let policy = Policy::new(&[Role::Enterprise]);
    let trust = park.trust();
    assert!(wsse::verify(good.as_bytes(), &trust, &policy, park.now).is_ok());
    let again = wsse::verify(good.as_bytes(), &trust, &policy, park.now).unwrap_err();
    assert_eq!(again.code(), "V011");
    let late = park.now.plus_seconds(20 * 86_400);
    let signed_late = wsse::sign(&signer, SoapVersion::V12, [], BODY, late).unwrap();
    let signed_late = String::from_utf8(signed_late).unwrap();
    let verdict = park.verdict_at(&signed_late, late);
    assert!(
        ["V013", "V025"].contains(&verdict),
        "an expired certificate: {verdict}"
    );
}

#[test]
fn only_the_right_certificate_speaks() {
    let (mut park, signer) = enterprise();
    let good = park.message(&signer);
    let regulator = park.signer(Role::Regulator, "office", KeyAlgorithm::P256);
    assert_eq!(park.verdict(&park.message(&regulator)), "V015");

    let mut other = Park::new("JS-2");
    let stranger = other.signer(Role::Enterprise, "plant-a", KeyAlgorithm::P256);
    assert_eq!(park.verdict(&other.message(&stranger)), "V014");

    let policy = Policy::new(&[Role::Enterprise]).for_park("JS-9".parse().unwrap());
    let refused = wsse::verify(good.as_bytes(), &park.trust(), &policy, park.now).unwrap_err();
    assert_eq!(refused.code(), "V016");

    let trust = park.trust();
    let policy = Policy::new(&[Role::Enterprise]).without_replay_guard();
    let now = park.now;
    let check = || {
        wsse::verify(good.as_bytes(), &trust, &policy, now)
            .map(|_| ())
            .map_err(|fault| fault.code())
    };
    assert_eq!(check(), Ok(()), "the chain's result is remembered now");
    let serial = signer.certificate().serial().to_owned();
    // The CA's folder has one owner at a time, and that is the park.
    park.authority
        .revoke(&serial, Reason::KeyCompromise, now)
        .unwrap();
    park.authority.crl(now).unwrap();
    trust.reload().unwrap();
    assert_eq!(check(), Err("V012"), "revoked at once after the reload");
}

#[test]
fn hostile_documents_are_refused_before_anything_is_checked() {
    let (park, signer) = enterprise();
    let good = park.message(&signer);
    let doctype = format!("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>{good}");
    assert_eq!(park.verdict(&doctype), "V017");
    let deep = format!("{}{}", "<a>".repeat(200), "</a>".repeat(200));
    assert_eq!(park.verdict(&good.replace("hello", &deep)), "V018");
    assert_eq!(
        park.verdict(&good.replace("hello", &"x".repeat(9 << 20))),
        "V019"
    );
    assert_eq!(park.verdict("<not closed"), "V020");
    assert_eq!(park.verdict("<a/>"), "V026");
    let sha1 = good.replace(
        "http://www.w3.org/2001/04/xmlenc#sha256",
        "http://www.w3.org/2000/09/xmldsig#sha1",
    );
    assert_eq!(park.verdict(&sha1), "V008");
}

#[test]
fn a_signed_document_is_checked_as_a_whole() {
    let mut park = Park::new("JS-1");
    let hub = park.signer(Role::Hub, "hub-1", KeyAlgorithm::P256);
    let signed =
        xmldsig::sign_enveloped(&hub, "<r:Report xmlns:r=\"urn:r\">42</r:Report>").unwrap();
    let text = String::from_utf8(signed).unwrap();
    let trust = park.trust();
    let verdict = |text: &str, roles: &[Role]| {
        xmldsig::verify_enveloped(text.as_bytes(), &trust, roles, None, park.now)
            .map(|document| document.identity().id.to_string())
            .map_err(|fault| fault.code())
    };
    assert_eq!(verdict(&text, &[Role::Hub]), Ok("hub-1".to_owned()));
    assert_eq!(verdict(&text, &[Role::Vendor]), Err("V015"));
    assert_eq!(
        verdict(&text.replace(">42<", ">43<"), &[Role::Hub]),
        Err("V006")
    );
    assert_eq!(verdict("<r/>", &[Role::Hub]), Err("V027"));
}

#[test]
fn xmlsec1_verifies_what_is_signed() {
    let mut park = Park::new("JS-1");
    for (id, key) in [
        ("plant-p", KeyAlgorithm::P256),
        ("plant-r", KeyAlgorithm::Rsa2048),
    ] {
        let signer = park.signer(Role::Enterprise, id, key);
        let file = park.folder.path().join(format!("{id}.xml"));
        std::fs::write(&file, park.message(&signer)).unwrap();
        let output = xmlsec1(
            &file,
            &park.folder.path().join(id).join(Bundle::CERTIFICATE),
        );
        assert!(output.contains("OK"), "{output}");
    }
}

fn xmlsec1(file: &Path, certificate: &Path) -> String {
    let wsu = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
    let output = Command::new("xmlsec1")
        .args([
            "--verify",
            "--id-attr:Id",
            "http://www.w3.org/2003/05/soap-envelope:Body",
        ])
        .arg("--id-attr:Id")
        .arg(format!("{wsu}:Timestamp"))
        .arg("--pubkey-cert-pem")
        .arg(certificate)
        .arg(file)
        .output()
        .unwrap_or_else(|error| panic!("xmlsec1: {error}; `cargo xtask test` installs it"));
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn a_policy_is_shared_by_all_workers_of_a_port() {
    let (park, signer) = enterprise();
    let good = park.message(&signer);
    let policy = Policy::new(&[Role::Enterprise]);
    let copy = policy.clone();
    let trust = Arc::new(park.trust());
    assert!(wsse::verify(good.as_bytes(), &trust, &policy, park.now).is_ok());
    let again = wsse::verify(good.as_bytes(), &trust, &copy, park.now).unwrap_err();
    assert_eq!(again.code(), "V011", "the guard goes with the copy");
}

/// A header block of the signer's own.
fn block(id: &str, text: &str) -> String {
    let wsu = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
    format!("<m:Ref xmlns:m=\"urn:test\" xmlns:wsu=\"{wsu}\"{id}>{text}</m:Ref>")
}

#[test]
fn a_signers_own_header_blocks_are_covered_and_only_those_are_given() {
    let (park, signer) = enterprise();
    let policy = Policy::new(&[Role::Enterprise]).without_replay_guard();
    let signed = |blocks: &str| wsse::sign(&signer, SoapVersion::V12, blocks, BODY, park.now);
    let named = |message: &str| {
        let verified = wsse::verify(message, &park.trust(), &policy, park.now).unwrap();
        let block = verified.signed_block("urn:test", "Ref");
        block.map(|block| block.text().into_owned())
    };
    let one = block(" wsu:Id=\"R-1\"", "first");
    let good = String::from_utf8(signed(&one).unwrap()).unwrap();
    assert_eq!(named(&good).as_deref(), Some("first"));
    assert_eq!(park.verdict(&good.replace("first", "other")), "V006");

    // Written in afterwards it proves nothing, beside a signed one or alone.
    let with =
        |message: &str| message.replace("<s:Header>", &format!("<s:Header>{}", block("", "x")));
    assert_eq!(named(&with(&good)).as_deref(), Some("first"));
    assert_eq!(named(&with(&park.message(&signer))), None);

    // Two of one name say nothing for sure; one that nothing can refer to is not signed by halves.
    let two = one.clone() + &block(" wsu:Id=\"R-2\"", "second");
    assert_eq!(
        named(&String::from_utf8(signed(&two).unwrap()).unwrap()),
        None
    );
    assert_eq!(signed(&block("", "x")).unwrap_err().code(), "V107");
}
