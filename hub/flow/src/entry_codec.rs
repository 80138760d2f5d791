//! From a record of the journal back to an entry, and where the bytes behind it lie.
//!
//! | kind | body of the record |
//! |---|---|
//! | `Submission` | the signed bytes as the sender made them |
//! | `Message` with an empty body | part `part` of the submission `cause` |
//! | `Message`, `Order`, `Outcome`, `Audit` | the canonical XML the hub sealed |
//! | `Refused` | the canonical refusal, `part` bytes long, then the raw bytes refused |
//! | `Tick` | nothing |

use std::sync::Arc;

use bytes::Bytes;
use cordon_contract::{Entry, EntryKind, Fault};
use cordon_journal::Record;
use cordon_model::{Digest, Message, MessageId, NAMESPACE, PartyId, Timestamp};
use cordon_wire::{parse_message, read_message};
use cordon_xml::{Document, Limits, Node, NodeId, canonical_exclusive};

use crate::draft::{Draft, Slip};
use crate::fault::{UNREADABLE, fault};

/// A submission parsed once, its messages taken one by one.
#[derive(Debug)]
pub struct ParsedSubmission {
    document: Document,
    messages: Vec<NodeId>,
    bytes: Bytes,
}

impl ParsedSubmission {
    /// Parses the signed bytes of a submission.
    pub fn parse(bytes: Bytes) -> Result<Self, Fault> {
        let document = Document::parse(bytes.to_vec(), &Limits::default())
            .map_err(|fault| unreadable(fault.to_string()))?;
        let messages = match cordon_wire::soap::open(&document) {
            Ok(envelope) => message_nodes(envelope.body),
            Err(_) => return Err(unreadable("the submission is no SOAP envelope".into())),
        };
        Ok(Self {
            document,
            messages,
            bytes,
        })
    }

    /// The message at `part`.
    pub fn message(&self, part: u16) -> Result<Message, Fault> {
        read_message(self.node(part)?).map_err(|breach| unreadable(breach.to_string()))
    }

    /// The exclusive canonical form of the message at `part`.
    pub fn canonical(&self, part: u16) -> Result<Bytes, Fault> {
        let mut out = Vec::new();
        canonical_exclusive(self.node(part)?, &[], None, &mut out);
        Ok(Bytes::from(out))
    }

    /// The signed bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    fn node(&self, part: u16) -> Result<Node<'_>, Fault> {
        let id = self.messages.get(usize::from(part));
        id.map(|id| self.document.node(*id))
            .ok_or_else(|| unreadable(format!("the submission has no part {part}")))
    }
}

/// Every `c:Message` below `body`, in document order; a message is not searched for messages.
pub fn message_nodes(body: Node<'_>) -> Vec<NodeId> {
    let mut found = Vec::new();
    let mut open: Vec<Node<'_>> = body.children().collect();
    open.reverse();
    while let Some(node) = open.pop() {
        if node.is(NAMESPACE, "Message") {
            found.push(node.id());
            continue;
        }
        let mut children: Vec<Node<'_>> = node.children().collect();
        children.reverse();
        open.extend(children);
    }
    found
}

/// True when the message of this record lies in a submission.
pub(crate) fn is_part(record: &Record) -> bool {
    record.kind == EntryKind::Message.number() && record.body.is_empty()
}

/// The draft a record was made from. `part_of` gives the submission of a part.
pub(crate) fn draft_of(
    record: &Record,
    part_of: impl FnOnce(u64) -> Result<Arc<ParsedSubmission>, Fault>,
) -> Result<Draft, Fault> {
    let kind = EntryKind::from_number(record.kind)
        .ok_or_else(|| unreadable(format!("record {} has kind {}", record.number, record.kind)))?;
    let message = match kind {
        EntryKind::Submission | EntryKind::Tick => None,
        EntryKind::Message if record.body.is_empty() => {
            Some(part_of(record.cause)?.message(record.part)?)
        }
        EntryKind::Refused => Some(parse(record, refusal_bytes(record))?),
        _ => Some(parse(record, &record.body)?),
    };
    let slip = match kind {
        EntryKind::Order => Some(
            Slip::read(&record.label, record.flags)
                .ok_or_else(|| unreadable(format!("order {} has no deadline", record.number)))?,
        ),
        _ => None,
    };
    let sender = PartyId::new(record.sender.as_str())
        .map_err(|error| unreadable(format!("sender of record {}: {error}", record.number)))?;
    Ok(Draft {
        kind,
        part: record.part,
        flags: record.flags,
        cause: record.cause,
        sender,
        message_id: MessageId::from_bytes(record.message_id),
        digest: Digest(record.digest),
        label: slip
            .as_ref()
            .map_or_else(|| record.label.clone(), |slip| slip.target.0.clone()),
        body: record.body.clone(),
        message: message.map(Arc::new),
        slip,
    })
}

/// The entry of a record and its draft.
pub(crate) fn entry_of(record: &Record, draft: &Draft) -> Entry {
    draft.entry(record.number, Timestamp::from_micros(record.time_micros))
}

/// The canonical refusal at the head of a refused record's body.
pub(crate) fn refusal_bytes(record: &Record) -> &[u8] {
    record
        .body
        .get(..usize::from(record.part))
        .unwrap_or_default()
}

/// The raw bytes behind the refusal.
pub(crate) fn refused_raw(record: &Record) -> Bytes {
    let from = usize::from(record.part).min(record.body.len());
    record.body.slice(from..)
}

fn parse(record: &Record, bytes: &[u8]) -> Result<Message, Fault> {
    parse_message(bytes).map_err(|breach| unreadable(format!("record {}: {breach}", record.number)))
}

fn unreadable(why: String) -> Fault {
    fault(UNREADABLE).log(why)
}
