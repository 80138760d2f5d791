//! XML Signature in the one form of the profile: reading `ds:Signature`, checking digests and value.
//!
//! Shared by the WS-Security profile and by enveloped signatures of documents. What an element of
//! the signature may hold is closed: anything else is refused instead of ignored.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cordon_contract::Fault;
use cordon_xml::{Node, NodeId, canonical_exclusive, canonical_exclusive_within};

use crate::algorithm::{Algorithm, PublicKey, sha256};
use crate::names::{DS, ENVELOPED, EXC_C14N, SHA256};
use crate::refusal;

/// Most references of one signature.
const REFERENCES_MAX: usize = 16;
/// Most prefixes of one `PrefixList`.
const PREFIXES_MAX: usize = 64;
/// The canonical form of a part may have so many bytes for each byte of the part, and so many beside.
/// A namespace that was declared far outside is written again wherever it is used.
const GROWTH_MAX: usize = 2;
const GROWTH_BESIDE: usize = 64 * 1024;

/// What a check costs before anybody is trusted, in steps that do not depend on the machine.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Work(pub(crate) u64);

impl Work {
    pub(crate) fn add(&mut self, steps: usize) {
        self.0 += steps as u64;
    }
}

/// A `ds:Signature` whose form has been checked, nothing else.
pub(crate) struct Signature<'a> {
    node: Node<'a>,
    signed_info: Node<'a>,
    prefixes: Cow<'a, str>,
    algorithm: Algorithm,
    pub(crate) references: Vec<Reference<'a>>,
    value: Vec<u8>,
    pub(crate) key_info: Node<'a>,
}

/// A `ds:Reference` of the profile.
pub(crate) struct Reference<'a> {
    pub(crate) node: Node<'a>,
    /// What follows `#`, or the empty string for the whole document.
    pub(crate) id: Cow<'a, str>,
    pub(crate) is_enveloped: bool,
    prefixes: Cow<'a, str>,
    digest: [u8; 32],
}

impl<'a> Signature<'a> {
    pub(crate) fn parse(node: Node<'a>) -> Result<Self, Fault> {
        let mut parts = Parts::of(node)?;
        let signed_info = parts.take("SignedInfo")?;
        let value_node = parts.take("SignatureValue")?;
        let key_info = parts.take("KeyInfo")?;
        parts.done()?;

        let mut parts = Parts::of(signed_info)?;
        let canonicalization = parts.take("CanonicalizationMethod")?;
        let method = parts.take("SignatureMethod")?;
        let mut references = Vec::with_capacity(2);
        while let Some(reference) = parts.next() {
            if !reference.is(DS, "Reference") {
                return Err(form(reference));
            }
            if references.len() >= REFERENCES_MAX {
                return Err(refusal::WORK.fault().at(reference.path()));
            }
            references.push(Reference::parse(reference)?);
        }
        if references.is_empty() {
            return Err(form(signed_info));
        }
        Ok(Self {
            node,
            signed_info,
            prefixes: exclusive(canonicalization)?,
            algorithm: algorithm(method)?,
            references,
            value: base64(value_node)?,
            key_info,
        })
    }

    pub(crate) fn id(&self) -> NodeId {
        self.node.id()
    }

    /// Checks one digest; `skip` is the enveloped signature.
    pub(crate) fn check_digest(
        reference: &Reference<'a>,
        target: Node<'a>,
        skip: Option<NodeId>,
        scratch: &mut Vec<u8>,
        work: &mut Work,
    ) -> Result<(), Fault> {
        canonical(target, &reference.prefixes, skip, scratch, work)?;
        if sha256(scratch) == reference.digest {
            return Ok(());
        }
        Err(refusal::DIGEST.fault().at(target.path()))
    }

    /// Checks the value against `key` and gives the digest of what was signed.
    pub(crate) fn check_value(
        &self,
        key: &PublicKey,
        scratch: &mut Vec<u8>,
        work: &mut Work,
    ) -> Result<[u8; 32], Fault> {
        if self.algorithm != key.algorithm() {
            let detail = format_args!("{:?} with a key for {:?}", self.algorithm, key.algorithm());
            return Err(refusal::ALGORITHM
                .because(detail)
                .at(self.signed_info.path()));
        }
        canonical(self.signed_info, &self.prefixes, None, scratch, work)?;
        let (is_valid, signed) = key.check(scratch, &self.value);
        if !is_valid {
            return Err(refusal::SIGNATURE.fault().at(self.node.path()));
        }
        Ok(signed)
    }
}

impl<'a> Reference<'a> {
    fn parse(node: Node<'a>) -> Result<Self, Fault> {
        let uri = node.attribute("", "URI").ok_or_else(|| form(node))?;
        let id = match uri {
            Cow::Borrowed("") => Cow::Borrowed(""),
            Cow::Borrowed(uri) => Cow::Borrowed(fragment(uri).ok_or_else(|| form(node))?),
            Cow::Owned(uri) => Cow::Owned(fragment(&uri).ok_or_else(|| form(node))?.to_owned()),
        };
        let mut parts = Parts::of(node)?;
        let (is_enveloped, prefixes) = transforms(parts.take("Transforms")?)?;
        let method = parts.take("DigestMethod")?;
        let digest = parts.take("DigestValue")?;
        parts.done()?;
        if attribute(method, "Algorithm")? != SHA256 || method.children().next().is_some() {
            return Err(refusal::ALGORITHM.fault().at(method.path()));
        }
        let digest = base64(digest)?.try_into().map_err(|_| form(digest))?;
        Ok(Self {
            node,
            id,
            is_enveloped,
            prefixes,
            digest,
        })
    }
}

fn fragment(uri: &str) -> Option<&str> {
    uri.strip_prefix('#')
        .filter(|id| !id.is_empty() && !id.starts_with("xpointer"))
}

/// Exclusive canonicalization, alone or after enveloped-signature; anything else is refused. No
/// transforms at all would mean inclusive canonicalization, so that is refused too.
fn transforms<'a>(node: Node<'a>) -> Result<(bool, Cow<'a, str>), Fault> {
    let refused = |node: Node<'_>| refusal::ALGORITHM.fault().at(node.path());
    let mut transforms = node.children();
    let mut last = transforms.next().ok_or_else(|| refused(node))?;
    let mut is_enveloped = false;
    if attribute(last, "Algorithm")? == ENVELOPED && last.children().next().is_none() {
        is_enveloped = true;
        last = transforms.next().ok_or_else(|| refused(node))?;
    }
    if !last.is(DS, "Transform") || transforms.next().is_some() {
        return Err(refused(node));
    }
    Ok((is_enveloped, exclusive(last)?))
}

/// Demands exclusive canonicalization without comments and gives its prefix list.
fn exclusive<'a>(node: Node<'a>) -> Result<Cow<'a, str>, Fault> {
    let refused = || refusal::ALGORITHM.fault().at(node.path());
    if attribute(node, "Algorithm")? != EXC_C14N {
        return Err(refused());
    }
    let mut children = node.children();
    let prefixes = match children.next() {
        None => Cow::Borrowed(""),
        Some(child) if child.is(EXC_C14N, "InclusiveNamespaces") => {
            child.attribute("", "PrefixList").unwrap_or_default()
        }
        Some(_) => return Err(refused()),
    };
    if children.next().is_some() {
        return Err(refused());
    }
    if prefixes
        .split_ascii_whitespace()
        .nth(PREFIXES_MAX)
        .is_some()
    {
        return Err(refusal::WORK.because("PrefixList").at(node.path()));
    }
    Ok(prefixes)
}

fn algorithm(node: Node<'_>) -> Result<Algorithm, Fault> {
    let uri = attribute(node, "Algorithm")?;
    Algorithm::from_uri(&uri)
        .filter(|_| node.children().next().is_none())
        .ok_or_else(|| refusal::ALGORITHM.because(uri).at(node.path()))
}

fn attribute<'a>(node: Node<'a>, name: &str) -> Result<Cow<'a, str>, Fault> {
    node.attribute("", name).ok_or_else(|| form(node))
}

fn canonical(
    node: Node<'_>,
    prefixes: &str,
    skip: Option<NodeId>,
    out: &mut Vec<u8>,
    work: &mut Work,
) -> Result<(), Fault> {
    out.clear();
    let list: Vec<&str> = prefixes.split_ascii_whitespace().collect();
    let bytes_max = node.span().len() * GROWTH_MAX + GROWTH_BESIDE;
    match canonical_exclusive_within(node, &list, skip, bytes_max, out) {
        Ok(steps) => {
            work.0 += steps;
            Ok(())
        }
        Err(steps) => {
            work.0 += steps;
            let detail = format_args!("canonical form of more than {bytes_max} bytes");
            Err(refusal::WORK.because(detail).at(node.path()))
        }
    }
}

/// The fault "not of the profile's form" at this element.
pub(crate) fn form(node: Node<'_>) -> Fault {
    refusal::FORM.fault().at(node.path())
}

/// The bytes of an element that holds base64, line breaks allowed.
pub(crate) fn base64(node: Node<'_>) -> Result<Vec<u8>, Fault> {
    decode(&node.text())
        .filter(|_| node.children().next().is_none())
        .ok_or_else(|| form(node))
}

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let is_space = |byte: u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    // A fold has no early exit and therefore vectorises; most values are written without breaks.
    if text.bytes().fold(false, |seen, byte| seen | is_space(byte)) {
        let dense: Vec<u8> = text.bytes().filter(|byte| !is_space(*byte)).collect();
        return STANDARD.decode(dense).ok();
    }
    STANDARD.decode(text).ok()
}

/// The children of an element of the signature, taken in order.
struct Parts<'a> {
    parent: Node<'a>,
    children: cordon_xml::Children<'a>,
}

impl<'a> Parts<'a> {
    fn of(parent: Node<'a>) -> Result<Self, Fault> {
        if parent.has_stray_text() {
            return Err(form(parent));
        }
        Ok(Self {
            parent,
            children: parent.children(),
        })
    }

    fn next(&mut self) -> Option<Node<'a>> {
        self.children.next()
    }

    fn take(&mut self, local: &str) -> Result<Node<'a>, Fault> {
        self.next()
            .filter(|node| node.is(DS, local))
            .ok_or_else(|| form(self.parent))
    }

    fn done(mut self) -> Result<(), Fault> {
        match self.next() {
            None => Ok(()),
            Some(extra) => Err(form(extra)),
        }
    }
}

/// Writes `ds:SignedInfo` in canonical form; references are (URI, is enveloped, digest).
pub(crate) fn write_signed_info(
    algorithm: Algorithm,
    references: &[(&str, bool, [u8; 32])],
) -> String {
    let mut out = format!(
        "<ds:SignedInfo xmlns:ds=\"{DS}\">\
         <ds:CanonicalizationMethod Algorithm=\"{EXC_C14N}\"></ds:CanonicalizationMethod>\
         <ds:SignatureMethod Algorithm=\"{}\"></ds:SignatureMethod>",
        algorithm.uri()
    );
    for (uri, is_enveloped, digest) in references {
        out.push_str("<ds:Reference URI=\"");
        out.push_str(uri);
        out.push_str("\"><ds:Transforms>");
        if *is_enveloped {
            out.push_str(&format!(
                "<ds:Transform Algorithm=\"{ENVELOPED}\"></ds:Transform>"
            ));
        }
        out.push_str(&format!(
            "<ds:Transform Algorithm=\"{EXC_C14N}\"></ds:Transform></ds:Transforms>\
             <ds:DigestMethod Algorithm=\"{SHA256}\"></ds:DigestMethod>\
             <ds:DigestValue>{}</ds:DigestValue></ds:Reference>",
            STANDARD.encode(digest)
        ));
    }
    out.push_str("</ds:SignedInfo>");
    out
}

/// SHA-256 of the exclusive canonical form.
pub(crate) fn digest_of(node: Node<'_>, scratch: &mut Vec<u8>) -> [u8; 32] {
    scratch.clear();
    canonical_exclusive(node, &[], None, scratch);
    sha256(scratch)
}

/// Turns a fault of the XML reader into one of this crate's, with the reader's code in the log.
pub(crate) fn refused_xml(fault: &cordon_xml::XmlFault) -> Fault {
    use cordon_xml::XmlFaultKind as Kind;
    let refusal = match fault.kind() {
        Kind::Doctype | Kind::ProcessingInstruction => refusal::DOCTYPE,
        Kind::TooDeep | Kind::TooManyNodes | Kind::TooManyAttributes => refusal::TOO_DEEP,
        Kind::TooLarge => refusal::TOO_LARGE,
        Kind::NotUtf8 => refusal::NOT_UTF8,
        _ => refusal::NOT_XML,
    };
    refusal.because(fault).at(fault.position().to_string())
}
