//! What was signed stays good after its certificate: ended, superseded, its CRL over. Not so when the
//! key is in wrong hands.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::Path;

use cordon_model::Timestamp;
use cordon_security::ca::{
    Authority, Bundle, CaSettings, IssueRequest, Issued, KeyAlgorithm, KeySource, Reason,
};
use cordon_security::wsse::{self, Policy, SoapVersion};
use cordon_security::xmldsig::{sign_enveloped, verify_enveloped, verify_kept};
use cordon_security::{Dated, Role, Signer, TrustStore};

const DAY_MS: i64 = 86_400_000;

fn start() -> Timestamp {
    "2026-03-01T08:00:00Z".parse().unwrap()
}

fn issue(authority: &mut Authority, algorithm: KeyAlgorithm) -> Issued {
    let wanted = IssueRequest {
        role: Role::Hub,
        id: "hub-1".parse().unwrap(),
        key: KeySource::Fresh(algorithm),
        hosts: Vec::new(),
        days: Some(25),
    };
    authority.issue(&wanted, start()).unwrap()
}

fn authority(folder: &Path) -> Authority {
    let settings = CaSettings::new("JS-DEMO-1".parse().unwrap());
    Authority::init(folder, &settings, start()).unwrap()
}

fn signer(issued: &Issued) -> Signer {
    Signer::from_pem(&issued.chain_pem, issued.key_pem.as_ref().unwrap()).unwrap()
}

fn report(signer: &Signer) -> Vec<u8> {
    let text = format!(
        "<r:Report xmlns:r=\"urn:r\"><r:GeneratedAt>{}</r:GeneratedAt></r:Report>",
        start().plus_ms(DAY_MS)
    );
    sign_enveloped(signer, text).unwrap()
}

fn code_of(
    kept: Result<cordon_security::xmldsig::VerifiedDocument, cordon_contract::Fault>,
) -> String {
    kept.err()
        .map_or("good".to_owned(), |fault| fault.code().to_owned())
}

#[test]
fn a_report_stays_good_after_its_certificate_is_superseded_or_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut authority = authority(folder.path());
    let issued = issue(&mut authority, KeyAlgorithm::P256);
    let bytes = report(&signer(&issued));
    let at = |trust: &TrustStore, now: Timestamp| {
        let roles = [Role::Hub];
        (
            code_of(verify_enveloped(bytes.clone(), trust, &roles, None, now)),
            code_of(verify_kept(bytes.clone(), trust, &roles, None, now)),
        )
    };
    let pair = |live: &str, kept: &str| (live.to_owned(), kept.to_owned());
    let trust = TrustStore::load(folder.path()).unwrap();
    assert_eq!(
        at(&trust, start().plus_ms(2 * DAY_MS)),
        pair("good", "good")
    );
    // Over, and the CRL over too.
    assert_eq!(
        at(&trust, start().plus_ms(26 * DAY_MS)),
        pair("V013", "good")
    );
    assert_eq!(
        at(&trust, start().plus_ms(40 * DAY_MS)),
        pair("V013", "good")
    );

    let serial = issued.issue.serial.clone();
    let later = start().plus_ms(3 * DAY_MS);
    authority
        .revoke(&serial, Reason::Superseded, later)
        .unwrap();
    let trust = TrustStore::load(folder.path()).unwrap();
    assert_eq!(
        at(&trust, start().plus_ms(4 * DAY_MS)),
        pair("V012", "good")
    );
    // A claim to have been made in the future of its reading is none.
    assert_eq!(at(&trust, start().plus_ms(DAY_MS / 2)).1, "V012");
}

#[test]
fn a_stolen_key_dates_nothing_by_itself_and_spoils_nothing_that_something_else_dates() {
    let folder = tempfile::tempdir().unwrap();
    let mut authority = authority(folder.path());
    let issued = issue(&mut authority, KeyAlgorithm::P256);
    let signer = signer(&issued);
    let (bytes, made) = (report(&signer), start().plus_ms(DAY_MS));
    let envelope = wsse::sign(&signer, SoapVersion::V12, [], "<m/>", made).unwrap();
    let stolen = start().plus_ms(3 * DAY_MS);
    authority
        .revoke(&issued.issue.serial, Reason::KeyCompromise, stolen)
        .unwrap();
    let trust = TrustStore::load(folder.path()).unwrap();
    let now = start().plus_ms(4 * DAY_MS);
    let kept = verify_kept(bytes, &trust, &[Role::Hub], None, now);
    assert_eq!(code_of(kept), "V012");

    let policy = Policy::new(&Role::ALL).without_replay_guard();
    let seen =
        wsse::verify_evidence(envelope.clone(), &trust, &policy, Dated::Proven(made)).unwrap();
    assert_eq!(seen.identity().id.as_str(), "hub-1");
    // An entry from after the revocation proves nothing of it.
    let late = wsse::verify_evidence(envelope.clone(), &trust, &policy, Dated::Proven(now));
    assert_eq!(late.unwrap_err().code(), "V012");
    // Nor one from before the certificate.
    // Unless its receiver decides by what he held.
    let held = Dated::Held(now);
    wsse::verify_evidence(envelope.clone(), &trust, &policy, held).unwrap();
    let before = Dated::Proven(start().plus_ms(-DAY_MS));
    let early = wsse::verify_evidence(envelope, &trust, &policy, before);
    assert_eq!(early.unwrap_err().code(), "V013");
    let der = signer.certificate().der();
    assert!(trust.check_evidence(der, &[], Dated::Proven(made)).is_ok());
}

#[test]
fn a_kept_answer_stays_good_as_of_when_it_was_made_and_never_by_a_stolen_key() {
    let folder = tempfile::tempdir().unwrap();
    let mut authority = authority(folder.path());
    let superseded = issue(&mut authority, KeyAlgorithm::P256);
    let compromised = issue(&mut authority, KeyAlgorithm::P256);
    let made = start().plus_ms(DAY_MS);
    let revoked = start().plus_ms(3 * DAY_MS);
    for (issued, reason) in [
        (&superseded, Reason::Superseded),
        (&compromised, Reason::KeyCompromise),
    ] {
        let serial = &issued.issue.serial;
        authority.revoke(serial, reason, revoked).unwrap();
    }
    let trust = TrustStore::load(folder.path()).unwrap();
    let policy = Policy::new(&[Role::Hub]).without_replay_guard();
    let signed = |issued: &Issued, made| {
        wsse::sign(&signer(issued), SoapVersion::V12, [], "<m>1</m>", made).unwrap()
    };
    let kept = |bytes: Vec<u8>, now| match wsse::verify_kept(bytes, &trust, &policy, now) {
        Ok(envelope) => envelope.payload().unwrap().text().into_owned(),
        Err(fault) => fault.code().to_owned(),
    };
    let years_later = start().plus_ms(900 * DAY_MS);
    assert_eq!(kept(signed(&superseded, made), years_later), "1");
    assert_eq!(kept(signed(&compromised, made), years_later), "V012");
    let after_its_end = revoked.plus_ms(DAY_MS);
    assert_eq!(
        kept(signed(&superseded, after_its_end), years_later),
        "V012"
    );
    assert_eq!(kept(signed(&superseded, made), start()), "V010");
    let changed = String::from_utf8(signed(&superseded, made)).unwrap();
    let changed = changed.replace("<m>1</m>", "<m>2</m>");
    assert_eq!(kept(changed.into_bytes(), years_later), "V006");
}

#[test]
fn ed25519_keys_are_pkcs8_of_version_1_and_sign_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut authority = authority(folder.path());
    let issued = issue(&mut authority, KeyAlgorithm::Ed25519);
    let pem = issued.key_pem.clone().unwrap();
    // SEQUENCE of 46 bytes, version 0, Ed25519, 34 bytes with the seed, and no public key behind it.
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    assert!(body.starts_with("MC4CAQAwBQYDK2VwBCIEI"), "another version");
    assert_eq!(body.len(), 64);
    let bytes = report(&signer(&issued));
    let trust = TrustStore::load(folder.path()).unwrap();
    let now = start().plus_ms(2 * DAY_MS);
    verify_enveloped(bytes, &trust, &[Role::Hub], None, now).unwrap();
}

#[test]
fn a_request_under_the_older_label_of_windows_and_java_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let mut authority = authority(folder.path());
    let key = rcgen::KeyPair::generate().unwrap();
    let request = rcgen::CertificateParams::default()
        .serialize_request(&key)
        .unwrap()
        .pem()
        .unwrap()
        .replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST");
    assert!(request.starts_with("-----BEGIN NEW CERTIFICATE REQUEST-----"));
    let wanted = IssueRequest {
        role: Role::Enterprise,
        id: "plant-a".parse().unwrap(),
        key: KeySource::Request(request),
        hosts: Vec::new(),
        days: None,
    };
    let issued = authority.issue(&wanted, start()).unwrap();
    Bundle::write(&issued, &folder.path().join("plant-a")).unwrap();
}
