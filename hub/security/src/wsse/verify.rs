//! Verifying: one parse, fixed positions, every reference must point to what will be read.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use cordon_contract::Fault;
use cordon_model::Timestamp;
use cordon_xml::{Document, Node, NodeId, XML_NAMESPACE};

use super::timestamp::Lifetime;
use super::{Policy, SoapVersion, VerifiedEnvelope};
use crate::names::{BASE64_BINARY, DS, SOAP_11, SOAP_12, WSSE, WSU, X509_V3};
use crate::refusal;
use crate::signature::{self, Reference, Signature, Work, form};
use crate::{Certificate, Dated, TrustStore};

/// Most header blocks; each may be signed, so each is looked at.
const BLOCKS_MAX: usize = 64;
/// Most Ids in one document.
const IDS_MAX: usize = 10_000;

/// A message that was refused, with its bytes given back.
#[derive(Debug)]
pub struct Rejected {
    /// Why.
    pub fault: Fault,
    /// The bytes as they came.
    pub bytes: Vec<u8>,
    /// What finding out cost: bytes read, look-ups, comparisons, bytes of canonical form. Does not
    /// depend on the machine and grows no faster than the message.
    pub steps: u64,
}

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
    verify_from(bytes, trust, policy, now, |_| Ok(())).map_err(|rejected| rejected.fault)
}

/// The same for a receiver that knows more of the sender, such as who is at the other end of the
/// connection: `admit` is asked once the certificate is good and its role and park are wanted, before
/// a digest is made.
///
/// # Errors
/// As [`verify`], and what `admit` refuses with.
pub fn verify_from(
    bytes: impl Into<Vec<u8>>,
    trust: &TrustStore,
    policy: &Policy,
    now: Timestamp,
    admit: impl FnOnce(&Certificate) -> Result<(), Fault>,
) -> Result<VerifiedEnvelope, Rejected> {
    let envelope = proven(bytes, trust, policy, When::Now(now), admit)?;
    let marked = policy.replay.as_ref().map_or(Ok(()), |guard| {
        envelope.mark(guard, policy.clock_skew_ms, now)
    });
    match marked {
        Ok(()) => Ok(envelope),
        Err(fault) => Err(Rejected {
            fault,
            steps: envelope.steps,
            bytes: envelope.into_bytes(),
        }),
    }
}

/// Verifies a signed SOAP message that its receiver kept, such as the hub's answer with receipts. Its
/// own lifetime does not matter; nothing but its signed `Created` dates it, so its signer's certificate
/// must have been good then, and must not have been revoked because its key is in wrong hands. The
/// policy's replay guard is not asked.
///
/// # Errors
/// As [`verify`]; `V010` for a message that says it was made after `now`.
pub fn verify_kept(
    bytes: impl Into<Vec<u8>>,
    trust: &TrustStore,
    policy: &Policy,
    now: Timestamp,
) -> Result<VerifiedEnvelope, Fault> {
    proven(bytes, trust, policy, When::Kept(now), |_| Ok(())).map_err(|rejected| rejected.fault)
}

/// Parses a message and proves it.
fn proven(
    bytes: impl Into<Vec<u8>>,
    trust: &TrustStore,
    policy: &Policy,
    when: When,
    admit: impl FnOnce(&Certificate) -> Result<(), Fault>,
) -> Result<VerifiedEnvelope, Rejected> {
    let document = Document::parse_or_return(bytes, &policy.limits).map_err(|unread| Rejected {
        fault: signature::refused_xml(&unread.fault),
        bytes: unread.bytes,
        steps: unread.steps,
    })?;
    let mut work = Work(document.steps());
    // Before the certificate is looked at: what judges it is this, or newer.
    let judged_by = trust.judging();
    let proven = match prove(&document, trust, policy, when, admit, &mut work) {
        Ok(proven) => proven,
        Err(fault) => {
            return Err(Rejected {
                fault,
                bytes: document.into_bytes(),
                steps: work.0,
            });
        }
    };
    Ok(VerifiedEnvelope {
        document,
        version: proven.version,
        body: proven.body,
        blocks: proven.blocks,
        certificate: proven.certificate,
        created: proven.lifetime.created,
        expires: proven.lifetime.expires,
        signed: proven.signed,
        judged_by,
        steps: work.0,
    })
}

/// Verifies a signed SOAP message that is kept as evidence and gives its signer's certificate: `taken` is
/// when that was, by the journal entry that holds it. The certificate must have been good then; what
/// became of it since and the message's own lifetime do not matter.
///
/// # Errors
/// As [`verify`].
pub fn verify_evidence(
    bytes: impl Into<Vec<u8>>,
    trust: &TrustStore,
    policy: &Policy,
    taken: Dated,
) -> Result<Arc<Certificate>, Fault> {
    let document =
        Document::parse(bytes, &policy.limits).map_err(|fault| signature::refused_xml(&fault))?;
    let mut work = Work(document.steps());
    let when = When::Then(taken);
    prove(&document, trust, policy, when, |_| Ok(()), &mut work).map(|proven| proven.certificate)
}

/// When a message must be good.
#[derive(Clone, Copy)]
enum When {
    /// As it arrives.
    Now(Timestamp),
    /// As it was taken.
    Then(Dated),
    /// As it says that it was made, which is no later than this.
    Kept(Timestamp),
}

/// What was found out about a message that is good.
struct Proven {
    version: SoapVersion,
    body: NodeId,
    /// The header blocks that the signature covers.
    blocks: Vec<NodeId>,
    lifetime: Lifetime,
    certificate: Arc<Certificate>,
    signed: [u8; 32],
}

/// The checks in the order of their cost: form, time, certificate, whether its holder is wanted; only
/// then what the sender makes costly.
fn prove(
    document: &Document,
    trust: &TrustStore,
    policy: &Policy,
    when: When,
    admit: impl FnOnce(&Certificate) -> Result<(), Fault>,
    work: &mut Work,
) -> Result<Proven, Fault> {
    let message = Message::read(document, work)?;
    let signature = Signature::parse(message.signature)?;
    let lifetime = Lifetime::read(message.timestamp, policy)?;
    let certificate = match when {
        When::Now(now) => {
            lifetime.check(message.timestamp, policy, now)?;
            message.certificate(&signature, |token| trust.check_token(token, now))
        }
        When::Then(taken) => {
            message.certificate(&signature, |token| trust.check_evidence_token(token, taken))
        }
        When::Kept(now) => {
            lifetime.check_made(message.timestamp, policy, now)?;
            let made = Dated::Claimed(lifetime.created);
            message.certificate(&signature, |token| trust.check_evidence_token(token, made))
        }
    }?;
    wanted(&certificate, policy)?;
    admit(&certificate)?;

    message.check_ids(work)?;
    let covered = message.cover(&signature, work)?;
    let mut scratch = Vec::with_capacity(document.bytes().len() + 256);
    for (reference, target) in &covered {
        Signature::check_digest(reference, *target, None, &mut scratch, work)?;
    }
    let signed = signature.check_value(certificate.key(), &mut scratch, work)?;
    let fixed = [message.body, message.timestamp, message.token].map(|node| node.id());
    let blocks = covered
        .iter()
        .map(|(_, target)| target.id())
        .filter(|target| !fixed.contains(target))
        .collect();
    Ok(Proven {
        version: message.version,
        body: message.body.id(),
        blocks,
        lifetime,
        certificate,
        signed,
    })
}

/// Role and park of a good certificate.
fn wanted(certificate: &Certificate, policy: &Policy) -> Result<(), Fault> {
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
    fn read(document: &'a Document, work: &mut Work) -> Result<Self, Fault> {
        let (version, header, body) = envelope(document.root())?;
        let unsigned = || refusal::UNSIGNED.fault().at(document.root().path());
        let header = header.ok_or_else(unsigned)?;
        let count = header.children().take(BLOCKS_MAX + 1).count();
        work.add(count);
        if count > BLOCKS_MAX {
            return Err(refusal::WORK.because("header blocks").at(header.path()));
        }
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
    fn check_ids(&self, work: &mut Work) -> Result<(), Fault> {
        let mut known: HashSet<Cow<'a, str>> = HashSet::with_capacity(16);
        for attribute in self.document.attributes() {
            work.add(1);
            if !is_id(attribute.namespace, attribute.local) {
                continue;
            }
            work.add(attribute.value.len());
            if known.len() >= IDS_MAX {
                return Err(refusal::WORK.because("Ids"));
            }
            if let Some(twice) = known.replace(attribute.value) {
                return Err(refusal::DUPLICATE_ID.because(twice));
            }
        }
        Ok(())
    }

    /// Pairs every reference with the element at its fixed place; Body and Timestamp must be among
    /// them, and nothing may be named that is not in its place.
    fn cover<'s>(
        &self,
        signature: &'s Signature<'a>,
        work: &mut Work,
    ) -> Result<Vec<(&'s Reference<'a>, Node<'a>)>, Fault> {
        let targets = self.targets();
        work.add(targets.len() + signature.references.len());
        let mut covered: Vec<(&Reference<'a>, Node<'a>)> = Vec::with_capacity(2);
        for reference in &signature.references {
            let target = targets
                .get(reference.id.as_ref())
                .copied()
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

    /// The elements with an Id that stand where one may be signed: Body, Timestamp, token, or a
    /// header block that is not itself a part of SOAP or of the security header.
    fn targets(&self) -> HashMap<Cow<'a, str>, Node<'a>> {
        let fixed = [self.body, self.timestamp, self.token];
        let blocks = self
            .header
            .children()
            .filter(|block| !matches!(block.namespace(), SOAP_11 | SOAP_12 | WSSE | WSU | DS));
        // No Id stands twice; that was checked before.
        fixed
            .into_iter()
            .chain(blocks)
            .filter_map(|node| id_of(node).map(|id| (id, node)))
            .collect()
    }

    /// The certificate in the token, which `KeyInfo` must refer to, as `check` finds it.
    fn certificate(
        &self,
        signature: &Signature<'a>,
        check: impl FnOnce(&str) -> Result<Arc<Certificate>, Fault>,
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
        let token = self.token.text();
        check(token.trim()).map_err(|fault| fault.at(self.token.path()))
    }
}

/// Version, header and body; anything else beside them is refused.
fn envelope<'a>(root: Node<'a>) -> Result<(SoapVersion, Option<Node<'a>>, Node<'a>), Fault> {
    let not_soap = || refusal::NOT_SOAP.fault().at(root.path());
    let version = [SoapVersion::V11, SoapVersion::V12]
        .into_iter()
        .find(|version| root.is(version.namespace(), "Envelope"))
        .ok_or_else(|| match root.local() {
            "Envelope" => other_version(root),
            _ => not_soap(),
        })?;
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

/// An envelope that is neither SOAP 1.1 nor 1.2, as `cordon-wire` says it.
fn other_version(root: Node<'_>) -> Fault {
    Fault::new("X130", "the document is not a SOAP 1.1 or 1.2 envelope")
        .at(root.path())
        .remedy("wrap the request into an envelope of SOAP 1.1 or 1.2")
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
