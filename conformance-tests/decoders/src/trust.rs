//! Signed messages and documents before they are trusted, and the papers they are judged by.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use cordon_security::wsse::{self, Policy};
use cordon_security::{Dated, Role, TrustStore, decoders, xmldsig};
use cordon_xml::{Document, Node, canonical_exclusive};

/// What reading and refusing a message may cost, in steps for each byte and beside: linear, whatever it holds.
const STEPS_PER_BYTE: u64 = 12;
const STEPS_BESIDE: u64 = 400_000;

static TRUST: LazyLock<TrustStore> =
    LazyLock::new(|| TrustStore::load(&papers_folder()).expect("the committed trust folder"));
static POLICY: LazyLock<Policy> = LazyLock::new(|| Policy::new(&Role::ALL).without_replay_guard());
/// What was signed: the bodies of the committed messages.
static SAID: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let signed = signed_files("wsse_verify");
    let bodies = signed.map(|bytes| {
        let verified = wsse::verify(bytes, &TRUST, &POLICY, crate::now()).expect("a signed seed");
        canonical(verified.body(), None)
    });
    bodies.collect()
});
/// And the committed documents without their signatures.
static DOCUMENTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let signed = signed_files("xmldsig_verify");
    let documents = signed.map(|bytes| unsigned(&Document::parse(bytes, &POLICY.limits).unwrap()));
    documents.collect()
});

/// The park's authorities and their lists; none of the files is a private key.
fn papers_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/trust")
}

/// The seeds of a decoder that were signed.
fn signed_files(decoder: &str) -> impl Iterator<Item = Vec<u8>> {
    let folder = crate::seeds(decoder);
    let files = std::fs::read_dir(folder).expect("the committed seeds");
    let names = files.map(|file| file.expect("a file").path());
    names
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("signed")
        })
        .map(|path| std::fs::read(path).expect("a signed file"))
}

fn canonical(node: Node<'_>, skip: Option<Node<'_>>) -> Vec<u8> {
    let mut out = Vec::new();
    canonical_exclusive(node, &[], skip.map(|node| node.id()), &mut out);
    out
}

/// A document without its signature.
fn unsigned(document: &Document) -> Vec<u8> {
    let root = document.root();
    canonical(
        root,
        root.children().find(|node| node.local() == "Signature"),
    )
}

/// A signed SOAP message: what is taken says what was signed, what is refused costs no more than its size.
pub(crate) fn message(bytes: &[u8]) {
    let said = &*SAID;
    let verified = wsse::verify_from(bytes, &TRUST, &POLICY, crate::now(), |_| Ok(()));
    let steps = match verified {
        Ok(verified) => {
            assert_eq!(verified.bytes(), bytes);
            let body = canonical(verified.body(), None);
            assert!(said.contains(&body), "this was never signed");
            verified.steps()
        }
        Err(rejected) => {
            assert_eq!(rejected.bytes, bytes);
            crate::refused(&rejected.fault);
            rejected.steps
        }
    };
    assert!(
        steps <= STEPS_PER_BYTE * bytes.len() as u64 + STEPS_BESIDE,
        "{steps} steps"
    );
    if let Err(fault) = wsse::verify_kept(bytes, &TRUST, &POLICY, crate::now()) {
        crate::refused(&fault);
    }
    if let Err(fault) = wsse::verify_evidence(bytes, &TRUST, &POLICY, Dated::Proven(crate::now())) {
        crate::refused(&fault);
    }
}

/// A document with a signature over all of it.
pub(crate) fn document(bytes: &[u8]) {
    let documents = &*DOCUMENTS;
    let now = crate::now();
    for verified in [
        xmldsig::verify_enveloped(bytes, &TRUST, &Role::ALL, None, now),
        xmldsig::verify_kept(bytes, &TRUST, &Role::ALL, None, now),
    ] {
        match verified {
            Ok(verified) => {
                let said = unsigned(verified.document());
                assert!(documents.contains(&said), "this was never signed");
            }
            Err(fault) => crate::refused(&fault),
        }
    }
}

/// Certificates, requests for them, revocation lists, the register.
pub(crate) fn papers(bytes: &[u8]) {
    match decoders::certificate(bytes) {
        Ok(certificate) => {
            let again = decoders::certificate(certificate.der()).expect("it reads again");
            assert_eq!(again.serial(), certificate.serial());
            assert!(!certificate.identity().id.as_str().is_empty());
        }
        Err(fault) => crate::refused(&fault),
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Err(fault) = decoders::request(text) {
        crate::refused(&fault);
    }
    if let Err(fault) = decoders::register(text, bytes) {
        crate::refused(&fault);
    }
    in_a_folder(text);
}

/// A trust folder that holds this text beside the park's own papers.
fn in_a_folder(text: &str) {
    static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
        let made = tempfile::tempdir().expect("a folder");
        for file in std::fs::read_dir(papers_folder()).expect("the committed trust folder") {
            let file = file.expect("a file");
            std::fs::copy(file.path(), made.path().join(file.file_name())).expect("a copy");
        }
        made
    });
    for name in ["more.pem", "more.crl"] {
        let path = FOLDER.path().join(name);
        std::fs::write(&path, text).expect("a file");
        match TrustStore::load(FOLDER.path()) {
            Ok(trust) => assert!(!trust.crls().is_empty()),
            Err(fault) => crate::refused(&fault),
        }
        std::fs::remove_file(&path).expect("the file goes again");
    }
}
