//! Enveloped signatures of stand-alone documents: reports, conformance results, declarations.
//!
//! One signature, the last child of the root, over the whole document; the certificate chain
//! travels in `X509Data`, so a reader needs only the park's root.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cordon_contract::Fault;
use cordon_model::{ParkCode, Timestamp};
use cordon_xml::{Document, Limits, Node};
use rustls::pki_types::CertificateDer;

use crate::names::DS;
use crate::signature::{self, Signature, Work, digest_of, form, refused_xml, write_signed_info};
use crate::{Certificate, Dated, Identity, Role, Signer, TrustStore, Usage, refusal};

/// Most certificates in one `X509Data`.
const CERTIFICATES_MAX: usize = 4;

/// A document whose enveloped signature was checked; it owns the bytes that were hashed.
#[derive(Debug)]
pub struct VerifiedDocument {
    document: Document,
    certificate: Certificate,
}

impl VerifiedDocument {
    /// The document. All of it but the signature itself is signed.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Who signed.
    pub fn identity(&self) -> &Identity {
        self.certificate.identity()
    }

    /// The signer's certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Gives the bytes that were verified.
    pub fn into_bytes(self) -> Vec<u8> {
        self.document.into_bytes()
    }
}

/// Signs a document that has no signature yet; the signature becomes the last child of the root.
///
/// # Errors
/// `V107` when the document is not well-formed, holds a signature already, or the key refuses.
pub fn sign_enveloped(signer: &Signer, document: impl Into<Vec<u8>>) -> Result<Vec<u8>, Fault> {
    let document = Document::parse(document, &Limits::default())
        .map_err(|fault| refusal::SIGNING.because(refused_xml(&fault)))?;
    let root = document.root();
    if root.elements().any(|node| node.namespace() == DS) {
        return Err(refusal::SIGNING.because("the document holds a signature already"));
    }
    let mut scratch = Vec::with_capacity(document.bytes().len());
    let digest = digest_of(root, &mut scratch);
    let signed_info = write_signed_info(signer.algorithm(), &[("", true, digest)]);
    let value = STANDARD.encode(signer.sign(signed_info.as_bytes())?);
    let certificates: String = signer
        .chain()
        .iter()
        .map(|der| {
            format!(
                "<ds:X509Certificate>{}</ds:X509Certificate>",
                STANDARD.encode(der)
            )
        })
        .collect();
    let signature = format!(
        "<ds:Signature xmlns:ds=\"{DS}\">{signed_info}<ds:SignatureValue>{value}</ds:SignatureValue>\
         <ds:KeyInfo><ds:X509Data>{certificates}</ds:X509Data></ds:KeyInfo></ds:Signature>"
    );
    insert_last(&document, &signature)
}

/// Puts `xml` before the end tag of the root; a root written as empty element gets one.
fn insert_last(document: &Document, xml: &str) -> Result<Vec<u8>, Fault> {
    let root = document.root();
    let (bytes, span) = (document.bytes(), root.span());
    let whole = bytes.get(span.clone()).unwrap_or_default();
    let mut out = bytes.get(..span.start).unwrap_or_default().to_vec();
    let missing = || refusal::SIGNING.because("root without end");
    if let Some(open) = whole.strip_suffix(b"/>") {
        let prefix = root.prefix();
        let colon = if prefix.is_empty() { "" } else { ":" };
        out.extend_from_slice(open);
        out.extend_from_slice(format!(">{xml}</{prefix}{colon}{}>", root.local()).as_bytes());
    } else {
        let end = whole
            .windows(2)
            .rposition(|pair| pair == b"</")
            .ok_or_else(missing)?;
        let (content, end_tag) = whole.split_at_checked(end).ok_or_else(missing)?;
        out.extend_from_slice(content);
        out.extend_from_slice(xml.as_bytes());
        out.extend_from_slice(end_tag);
    }
    out.extend_from_slice(bytes.get(span.end..).unwrap_or_default());
    Ok(out)
}

/// Verifies a document with an enveloped signature over all of it.
///
/// `roles` may sign; `park` must have issued the certificate when given. The certificate must be
/// good at `now`.
///
/// # Errors
/// `V027` when there is no signature over the whole document, `V006` and `V007` when it does not
/// match, `V012` to `V016`, `V024` and `V025` for the certificate, `V017` to `V020` for the XML.
pub fn verify_enveloped(
    bytes: impl Into<Vec<u8>>,
    trust: &TrustStore,
    roles: &[Role],
    park: Option<&ParkCode>,
    now: Timestamp,
) -> Result<VerifiedDocument, Fault> {
    let document =
        Document::parse(bytes, &Limits::default()).map_err(|fault| refused_xml(&fault))?;
    let certificate = check(&document, roles, park, &|leaf, others| {
        trust.check(leaf, others, Usage::Client, now)
    })?;
    Ok(VerifiedDocument {
        document,
        certificate,
    })
}

/// Verifies a document as [`verify_enveloped`] does, when its signer's certificate may have ended or
/// been replaced since. Then the document's own `GeneratedAt` decides: the certificate must have been
/// good at that time, and must not have been revoked because its key is in wrong hands.
///
/// # Errors
/// As [`verify_enveloped`].
pub fn verify_kept(
    bytes: impl Into<Vec<u8>>,
    trust: &TrustStore,
    roles: &[Role],
    park: Option<&ParkCode>,
    now: Timestamp,
) -> Result<VerifiedDocument, Fault> {
    let document =
        Document::parse(bytes, &Limits::default()).map_err(|fault| refused_xml(&fault))?;
    let made = made_at(&document).filter(|made| *made <= now);
    let certificate = check(&document, roles, park, &|leaf, others| {
        let refused = match trust.check(leaf, others, Usage::Client, now) {
            Err(refused) => refused,
            good => return good,
        };
        let is_past = [
            refusal::REVOKED.code,
            refusal::CERTIFICATE_TIME.code,
            refusal::STATUS_UNKNOWN.code,
        ]
        .contains(&refused.code());
        match made.filter(|_| is_past) {
            Some(made) => trust.check_evidence(leaf, others, Dated::Claimed(made)),
            None => Err(refused),
        }
    })?;
    Ok(VerifiedDocument {
        document,
        certificate,
    })
}

/// When the document says that it was made; the signature covers it.
fn made_at(document: &Document) -> Option<Timestamp> {
    let root = document.root();
    let mut said = root
        .children()
        .filter(|node| node.local() == "GeneratedAt" && node.namespace() == root.namespace());
    let at = said.next()?.text().trim().parse().ok();
    said.next().is_none().then_some(at).flatten()
}

/// Checks a signer's certificate with those that came beside it.
type CheckSigner<'a> =
    dyn Fn(&CertificateDer<'_>, &[CertificateDer<'_>]) -> Result<Certificate, Fault> + 'a;

fn check(
    document: &Document,
    roles: &[Role],
    park: Option<&ParkCode>,
    signer: &CheckSigner<'_>,
) -> Result<Certificate, Fault> {
    let root = document.root();
    let unsigned = || refusal::DOCUMENT_UNSIGNED.fault().at(root.path());
    let mut found = root.elements().filter(|node| node.is(DS, "Signature"));
    let node = found
        .next()
        .filter(|node| node.parent().is_some_and(|parent| parent.id() == root.id()))
        .ok_or_else(unsigned)?;
    if let Some(second) = found.next() {
        return Err(form(second));
    }
    let signature = Signature::parse(node)?;
    let [reference] = signature.references.as_slice() else {
        return Err(form(node));
    };
    if !reference.id.is_empty() || !reference.is_enveloped {
        return Err(unsigned());
    }
    let chain = certificates(signature.key_info)?;
    let (leaf, others) = chain
        .split_first()
        .ok_or_else(|| form(signature.key_info))?;
    let certificate = signer(leaf, others).map_err(|fault| fault.at(signature.key_info.path()))?;
    let identity = certificate.identity();
    if park.is_some_and(|park| *park != identity.park) {
        return Err(refusal::PARK.because(identity));
    }
    if !roles.contains(&identity.role) {
        return Err(refusal::ROLE.because(identity));
    }
    let mut scratch = Vec::with_capacity(document.bytes().len());
    let mut work = Work::default();
    let skip = Some(signature.id());
    Signature::check_digest(reference, root, skip, &mut scratch, &mut work)?;
    signature.check_value(certificate.key(), &mut scratch, &mut work)?;
    Ok(certificate)
}

/// The certificates of `X509Data`, signer's first. Only end-entity certificates can be the
/// signer's, so a chain in another order is put right.
fn certificates(key_info: Node<'_>) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let data = key_info
        .child(DS, "X509Data")
        .ok_or_else(|| form(key_info))?;
    let mut chain = Vec::new();
    for node in data
        .children()
        .filter(|node| node.is(DS, "X509Certificate"))
    {
        if chain.len() == CERTIFICATES_MAX {
            return Err(form(node));
        }
        chain.push(CertificateDer::from(signature::base64(node)?));
    }
    let leaf = chain
        .iter()
        .position(|der| Certificate::parse(der).is_ok())
        .unwrap_or(0);
    if leaf < chain.len() {
        chain.swap(0, leaf);
    }
    Ok(chain)
}
