//! Verifying: one parse, fixed positions, every reference must point to what will be read.

use std::borrow::Cow;
use std::sync::Arc;

use cordon_contract::Fault;
use cordon_model::Timestamp;
use cordon_xml::{Document, Node, XML_NAMESPACE};

use super::timestamp::Lifetime;
use super::{Policy, SoapVersion, VerifiedEnvelope};
use crate::algorithm::sha256;
use crate::names::{BASE64_BINARY, DS, SOAP_11, SOAP_12, WSSE, WSU, X509_V3};
use crate::refusal;
use crate::signature::{self, Reference, Signature, form};
use crate::{Certificate, TrustStore};

/// Verifies a signed SOAP message of the profile.
///
/// A `Vec<u8>` or a uniquely held `bytes::Bytes` is taken over without a copy; it lives on in the
/// result.
///
/// # Errors
/// One `V` code per reason, with the place in the document; see `docs/reference/ws-security.md`.
pub fn verify(
    bytes: impl Into<Vec<u8>>,
    trust: &TrustStore,
    policy: &Policy,
    now: Timestamp,
) -> Result<VerifiedEnvelope, Fault> {
    let document =
        Document::parse(bytes, &policy.limits).map_err(|fault| signature::refused_xml(&fault))?;
    let message = Message::read(&document)?;
    let signature = Signature::parse(message.signature)?;
    message.check_ids()?;
    let covered = message.cover(&signature)?;
    let lifetime = Lifetime::read(message.timestamp, policy)?;
    lifetime.check(message.timestamp, policy, now)?;
    let certificate = message.certificate(&signature, trust, now)?;

    let mut scratch = Vec::with_capacity(document.bytes().len() + 256);
    for (reference, target) in &covered {
        Signature::check_digest(reference, *target, None, &mut scratch)?;
    }
    let signed = signature.check_value(certificate.key(), &mut scratch)?;
    admit(&certificate, policy)?;
    if let Some(guard) = &policy.replay {
        let key = replay_key(&certificate, &signed);
        guard.admit(key, lifetime.expires.plus_ms(policy.clock_skew_ms), now)?;
    }
    let (version, body) = (message.version, message.body.id());
    let Lifetime { created, expires } = lifetime;
    Ok(VerifiedEnvelope {
        document,
        version,
        body,
        certificate,
        created,
        expires,
        signed,
    })
}

/// Role and park of a good certificate.
fn admit(certificate: &Certificate, policy: &Policy) -> Result<(), Fault> {
    let identity = certificate.identity();
    if policy
        .park
        .as_ref()
        .is_some_and(|park| *park != identity.park)
    {
        return Err(refusal::PARK.because(identity));
    }
    if !policy.roles.contains(&identity.role) {
        return Err(refusal::ROLE.because(identity));
    }
    Ok(())
}

fn replay_key(certificate: &Certificate, signed: &[u8; 32]) -> [u8; 32] {
    let mut bytes = [0; 64];
    let (left, right) = bytes.split_at_mut(32);
    left.copy_from_slice(signed);
    right.copy_from_slice(&certificate.identity().certificate);
    sha256(&bytes)
}

/// The parts of a message, each found at its one place.
struct Message<'a> {
    document: &'a Document,
    version: SoapVersion,
    header: Node<'a>,
    body: Node<'a>,
    timestamp: Node<'a>,
    token: Node<'a>,
    signature: Node<'a>,
}

impl<'a> Message<'a> {
    fn read(document: &'a Document) -> Result<Self, Fault> {
        let (version, header, body) = envelope(document.root())?;
        let unsigned = || refusal::UNSIGNED.fault().at(document.root().path());
        let header = header.ok_or_else(unsigned)?;
        let mut blocks = header.children().filter(|node| node.is(WSSE, "Security"));
        let security = blocks.next().ok_or_else(unsigned)?;
        if let Some(second) = blocks.next() {
            return Err(form(second));
        }
        let mut timestamp = None;
        let mut token = None;
        let mut signature = None;
        for part in security.children() {
            let slot = match (part.namespace(), part.local()) {
                (WSU, "Timestamp") => &mut timestamp,
                (WSSE, "BinarySecurityToken") => &mut token,
                (DS, "Signature") => &mut signature,
                _ => return Err(form(part)),
            };
            if slot.replace(part).is_some() {
                return Err(form(part));
            }
        }
        let place = || security.path();
        Ok(Self {
            document,
            version,
            header,
            body,
            signature: signature.ok_or_else(|| refusal::UNSIGNED.fault().at(place()))?,
            timestamp: timestamp.ok_or_else(|| refusal::TIMESTAMP_UNSIGNED.fault().at(place()))?,
            token: token.ok_or_else(|| refusal::TOKEN.fault().at(place()))?,
        })
    }

    /// No Id may stand twice in the whole document, in any of the spellings that tools know.
    fn check_ids(&self) -> Result<(), Fault> {
        let mut ids: Vec<Cow<'a, str>> = self
            .document
            .attributes()
            .filter(|attribute| is_id(attribute.namespace, attribute.local))
            .map(|attribute| attribute.value)
            .collect();
        ids.sort_unstable();
        match ids.windows(2).find(|pair| pair.first() == pair.last()) {
            None => Ok(()),
            Some(pair) => Err(refusal::DUPLICATE_ID.because(pair.concat())),
        }
    }

    /// Pairs every reference with the element at its fixed place; Body and Timestamp must be among
    /// them, and nothing may be named that is not in its place.
    fn cover<'s>(
        &self,
        signature: &'s Signature<'a>,
    ) -> Result<Vec<(&'s Reference<'a>, Node<'a>)>, Fault> {
        let mut covered: Vec<(&Reference<'a>, Node<'a>)> = Vec::with_capacity(2);
        for reference in &signature.references {
            let target = self
                .target(&reference.id)
                .ok_or_else(|| refusal::WRAPPED.fault().at(reference.node.path()))?;
            // Outside its target the transform changes nothing; the signature always is outside.
            if reference.is_enveloped && target.contains(signature.id()) {
                return Err(form(reference.node));
            }
            if covered.iter().any(|(_, known)| known.id() == target.id()) {
                return Err(form(reference.node));
            }
            covered.push((reference, target));
        }
        let covers = |node: Node<'_>| covered.iter().any(|(_, known)| known.id() == node.id());
        if !covers(self.body) {
            return Err(refusal::BODY_UNSIGNED.fault().at(self.body.path()));
        }
        if !covers(self.timestamp) {
            return Err(refusal::TIMESTAMP_UNSIGNED
                .fault()
                .at(self.timestamp.path()));
        }
        Ok(covered)
    }

    /// The element with this Id, if it stands where one may be signed: Body, Timestamp, token, or a
    /// header block that is not itself a part of SOAP or of the security header.
    fn target(&self, id: &str) -> Option<Node<'a>> {
        let fixed = [self.body, self.timestamp, self.token];
        let blocks = self
            .header
            .children()
            .filter(|block| !matches!(block.namespace(), SOAP_11 | SOAP_12 | WSSE | WSU | DS));
        fixed
            .into_iter()
            .chain(blocks)
            .find(|node| id_of(*node).as_deref() == Some(id))
    }

    /// The certificate in the token, which `KeyInfo` must refer to, checked against `trust`.
    fn certificate(
        &self,
        signature: &Signature<'a>,
        trust: &TrustStore,
        now: Timestamp,
    ) -> Result<Arc<Certificate>, Fault> {
        let token_fault = || refusal::TOKEN.fault().at(self.token.path());
        let is = |name: &str, value: &str, default: bool| {
            self.token
                .attribute("", name)
                .map_or(default, |found| found == value)
        };
        if !is("ValueType", X509_V3, false) || !is("EncodingType", BASE64_BINARY, true) {
            return Err(token_fault());
        }
        let reference = only_child(signature.key_info, WSSE, "SecurityTokenReference")
            .and_then(|holder| only_child(holder, WSSE, "Reference"))
            .ok_or_else(|| refusal::TOKEN.fault().at(signature.key_info.path()))?;
        let uri = reference.attribute("", "URI").unwrap_or_default();
        let id = id_of(self.token).ok_or_else(token_fault)?;
        if uri.strip_prefix('#') != Some(id.as_ref()) || self.token.children().next().is_some() {
            return Err(token_fault());
        }
        trust
            .check_token(self.token.text().trim(), now)
            .map_err(|fault| fault.at(self.token.path()))
    }
}

/// Version, header and body; anything else beside them is refused.
fn envelope<'a>(root: Node<'a>) -> Result<(SoapVersion, Option<Node<'a>>, Node<'a>), Fault> {
    let not_soap = || refusal::NOT_SOAP.fault().at(root.path());
    let version = [SoapVersion::V11, SoapVersion::V12]
        .into_iter()
        .find(|version| root.is(version.namespace(), "Envelope"))
        .ok_or_else(not_soap)?;
    let namespace = version.namespace();
    let mut children = root.children().peekable();
    let header = children.next_if(|node| node.is(namespace, "Header"));
    let body = children
        .next()
        .filter(|node| node.is(namespace, "Body"))
        .ok_or_else(not_soap)?;
    if children.next().is_some() {
        return Err(not_soap());
    }
    Ok((version, header, body))
}

fn only_child<'a>(node: Node<'a>, namespace: &str, local: &str) -> Option<Node<'a>> {
    let mut children = node.children();
    let child = children.next().filter(|child| child.is(namespace, local))?;
    children.next().is_none().then_some(child)
}

fn is_id(namespace: &str, local: &str) -> bool {
    match namespace {
        "" => matches!(local, "Id" | "ID" | "id"),
        WSU => local == "Id",
        XML_NAMESPACE => local == "id",
        _ => false,
    }
}

/// `wsu:Id`, or the unqualified `Id` that some signers write. Both at once name nothing.
fn id_of<'a>(node: Node<'a>) -> Option<Cow<'a, str>> {
    match (node.attribute(WSU, "Id"), node.attribute("", "Id")) {
        (Some(id), None) | (None, Some(id)) => Some(id),
        _ => None,
    }
}
