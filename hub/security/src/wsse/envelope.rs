//! An envelope that passed every check, together with the document it was checked in.

use std::sync::Arc;

use cordon_contract::Fault;
use cordon_model::Timestamp;
use cordon_xml::{Document, Node, NodeId};

use super::SoapVersion;
use crate::algorithm::sha256;
use crate::{Certificate, Identity, JudgedBy, ReplayGuard};

/// A verified SOAP message. Only [`super::verify`] makes one; it owns the document whose elements
/// were hashed, so what is read from it is what was signed.
#[derive(Debug)]
pub struct VerifiedEnvelope {
    pub(super) document: Document,
    pub(super) version: SoapVersion,
    pub(super) body: NodeId,
    pub(super) blocks: Vec<NodeId>,
    pub(super) certificate: Arc<Certificate>,
    pub(super) created: Timestamp,
    pub(super) expires: Timestamp,
    pub(super) signed: [u8; 32],
    pub(super) judged_by: JudgedBy,
    pub(super) steps: u64,
}

impl VerifiedEnvelope {
    /// The document that was verified. Only [`VerifiedEnvelope::body`] and what
    /// [`VerifiedEnvelope::signed_block`] gives are covered by the signature.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The signed `soap:Body`.
    pub fn body(&self) -> Node<'_> {
        self.document.node(self.body)
    }

    /// The first element in the body, when there is one.
    pub fn payload(&self) -> Option<Node<'_>> {
        self.body().children().next()
    }

    /// The header block of this name that the signature covers; `None` when none or more than one
    /// is covered. A block that stands there unsigned is never given.
    pub fn signed_block(&self, namespace: &str, local: &str) -> Option<Node<'_>> {
        let mut named = self
            .blocks
            .iter()
            .map(|block| self.document.node(*block))
            .filter(|block| block.is(namespace, local));
        let block = named.next();
        named.next().map_or(block, |_| None)
    }

    /// SOAP version of the envelope.
    pub fn version(&self) -> SoapVersion {
        self.version
    }

    /// Who signed.
    pub fn identity(&self) -> &Identity {
        self.certificate.identity()
    }

    /// The certificate that was checked.
    pub fn certificate(&self) -> &Arc<Certificate> {
        &self.certificate
    }

    /// When the sender made it.
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// When it is stale: the sender's `Expires`, cut to the receiver's longest life.
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// SHA-256 of the canonical `SignedInfo`: names what was signed, whatever the signature value.
    pub fn signed_digest(&self) -> &[u8; 32] {
        &self.signed
    }

    /// By which lists the certificate is good; kept until the message is recorded.
    pub fn judged_by(&self) -> &JudgedBy {
        &self.judged_by
    }

    /// What verifying cost, as [`super::Rejected::steps`] counts it.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Remembers the message in `guard` until it would be stale by `clock_skew_ms`. Made last, when
    /// the receiver wants the message and knows that its sender is on the other side.
    ///
    /// # Errors
    /// `V011` when it is remembered already, `V023` when there is no room.
    pub fn mark(
        &self,
        guard: &ReplayGuard,
        clock_skew_ms: i64,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let mut bytes = [0; 64];
        let (left, right) = bytes.split_at_mut(32);
        left.copy_from_slice(&self.signed);
        right.copy_from_slice(&self.identity().certificate);
        guard.admit(sha256(&bytes), self.expires.plus_ms(clock_skew_ms), now)
    }

    /// The bytes as received.
    pub fn bytes(&self) -> &[u8] {
        self.document.bytes()
    }

    /// Gives the bytes as received and ends the view.
    pub fn into_bytes(self) -> Vec<u8> {
        self.document.into_bytes()
    }
}
