//! How the hub says something itself: head, canonical XML, digest.

use std::sync::Arc;

use bytes::Bytes;
use cordon_contract::{Entry, EntryKind};
use cordon_model::{
    AuditEvent, AuditOutcome, Body, Digest, Header, Message, MessageId, ParkCode, PartyId, Quality,
    SCHEMA_VERSION, Timestamp,
};
use cordon_wire::{WireFault, digest_of_bytes, write_message};

use crate::decide::draft::Draft;
use crate::text::clip;

/// Seals messages in the name of the hub.
///
/// `Sequence` is 0 in every message of the hub: its entry numbers and chain hashes show a lost
/// message better than a running number could.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Sealer {
    hub: PartyId,
    park: ParkCode,
}

/// What differs from one message of the hub to the next.
pub(crate) struct Particulars {
    pub id: MessageId,
    pub occurred_at: Timestamp,
    pub sent_at: Timestamp,
    pub quality: Quality,
    pub correlation: Option<String>,
    pub source_ref: Option<String>,
    pub test: bool,
    pub attested: bool,
}

impl Particulars {
    /// A statement the hub derives at `time`.
    pub(crate) fn derived(id: MessageId, time: Timestamp) -> Self {
        Self {
            id,
            occurred_at: time,
            sent_at: time,
            quality: Quality::Derived,
            correlation: None,
            source_ref: None,
            test: false,
            attested: false,
        }
    }
}

impl Sealer {
    pub(crate) fn new(hub: PartyId, park: ParkCode) -> Self {
        Self { hub, park }
    }

    /// The hub's own party.
    pub(crate) fn hub(&self) -> &PartyId {
        &self.hub
    }

    /// The park.
    pub(crate) fn park(&self) -> &ParkCode {
        &self.park
    }

    /// Seals a body as a draft of `kind`; its label is the message type.
    pub(crate) fn seal(
        &self,
        kind: EntryKind,
        body: Body,
        particulars: Particulars,
    ) -> Result<Draft, WireFault> {
        let message_type = body.message_type();
        let message = Message {
            header: Header {
                message_id: particulars.id,
                message_type,
                schema_version: SCHEMA_VERSION.to_owned(),
                park_code: self.park.clone(),
                sender_id: self.hub.clone(),
                recipient_id: None,
                occurred_at: particulars.occurred_at,
                sent_at: particulars.sent_at,
                sequence: 0,
                correlation_id: particulars.correlation,
                source_ref: particulars.source_ref,
                quality: particulars.quality,
                sensitivity: message_type.sensitivity(),
                test: particulars.test,
                attested_by: particulars.attested.then(|| self.hub.clone()),
            },
            body,
        };
        let xml = write_message(&message)?;
        Ok(Draft {
            message_id: particulars.id,
            digest: digest_of_bytes(&xml),
            label: message_type.as_str().to_owned(),
            body: Bytes::from(xml),
            message: Some(Arc::new(message)),
            ..Draft::bare(kind, self.hub.clone())
        })
    }

    /// An audit entry. Texts are cut to the language's lengths, so that an audit never fails.
    pub(crate) fn audit(
        &self,
        id: MessageId,
        at: Timestamp,
        note: AuditNote<'_>,
    ) -> Result<Draft, WireFault> {
        let event = AuditEvent {
            action: note.action.to_owned(),
            actor_id: note.actor.clone(),
            target: note.target.and_then(|text| clip(text, 200)),
            outcome: note.outcome,
            detail: note.detail.and_then(|text| clip(text, 2_000)),
            at,
        };
        let mut draft = self.seal(
            EntryKind::Audit,
            Body::AuditEvent(event),
            Particulars::derived(id, at),
        )?;
        draft.label = note.action.to_owned();
        Ok(draft)
    }
}

/// What an audit entry says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AuditNote<'a> {
    pub action: &'a str,
    pub actor: &'a PartyId,
    pub target: Option<&'a str>,
    pub outcome: AuditOutcome,
    pub detail: Option<&'a str>,
}

/// The id of the `index`th thing that `author` decided on an entry: the same on every replay.
pub(crate) fn decided_id(entry: &Entry, author: &str, index: usize) -> MessageId {
    let mut seed = entry.number.to_be_bytes().to_vec();
    seed.extend_from_slice(author.as_bytes());
    seed.push(0);
    seed.extend_from_slice(&u64::try_from(index).unwrap_or(u64::MAX).to_be_bytes());
    MessageId::from_digest(&digest_of_bytes(&seed))
}

/// An id made from parts, each told apart from its neighbour by its length.
pub(crate) fn id_of_parts(parts: &[&[u8]]) -> MessageId {
    MessageId::from_digest(&digest_of_parts(parts))
}

/// SHA-256 over parts, each told apart from its neighbour by its length.
pub(crate) fn digest_of_parts(parts: &[&[u8]]) -> Digest {
    let mut seed = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
    for part in parts {
        seed.extend_from_slice(&(part.len() as u64).to_be_bytes());
        seed.extend_from_slice(part);
    }
    digest_of_bytes(&seed)
}
