//! What a signed submission is, in one form for the door and for every reading of the journal.
//!
//! [`SubmissionForm::check`] says whether an envelope is a lawful submission. The corridor can make a
//! sealed submission only from it, so that what is journaled can be read again by construction.

use bytes::Bytes;
use cordon_contract::Fault;
use cordon_model::{Message, NAMESPACE};
use cordon_wire::{read_message, soap};
use cordon_xml::{Document, Limits, Node, NodeId, canonical_exclusive};

use crate::fault::of_wire;

/// Limits under which stored bytes are parsed: wider in every field than a door's, because what was
/// accepted once is read again whatever is demanded today. The journal bounds the bytes.
pub(crate) fn stored_limits() -> Limits {
    Limits {
        bytes_max: usize::MAX,
        nodes_max: 16_000_000,
        attributes_max: 4_096,
        ..Limits::default()
    }
}

/// The lawful form of a submission: an envelope of SOAP 1.1 or 1.2 whose every header block that must
/// be understood is, with one request in its body; and where the messages lie in it.
#[derive(Debug)]
pub struct SubmissionForm {
    messages: Vec<NodeId>,
}

impl SubmissionForm {
    /// Checks an envelope.
    ///
    /// # Errors
    /// `X130` to `X135`, as the SOAP fault that answers it.
    pub fn check(document: &Document) -> Result<Self, Fault> {
        match soap::open(document) {
            Ok(envelope) => Ok(Self {
                messages: message_nodes(envelope.body),
            }),
            Err(refused) => Err(of_wire(refused.breach)),
        }
    }

    /// The messages, in document order.
    pub fn messages(&self) -> &[NodeId] {
        &self.messages
    }
}

/// A stored submission, parsed once, its messages taken one by one.
#[derive(Debug)]
pub struct ParsedSubmission {
    document: Document,
    messages: Vec<NodeId>,
    bytes: Bytes,
    breach: Option<Fault>,
}

impl ParsedSubmission {
    /// Parses the signed bytes of a submission as they stand in the journal. A form that the door
    /// refuses today is read all the same when its body can be found, because its messages were
    /// receipted and acted on; [`ParsedSubmission::breach`] then says what is wrong with it.
    ///
    /// # Errors
    /// The code and place of what is wrong when the messages cannot be found at all.
    pub fn parse(bytes: Bytes) -> Result<Self, Fault> {
        let document = Document::parse(bytes.to_vec(), &stored_limits())
            .map_err(|fault| of_wire(fault.into()))?;
        let (messages, breach) = match SubmissionForm::check(&document) {
            Ok(form) => (form.messages, None),
            Err(breach) => match soap::body(&document) {
                Some(body) => (message_nodes(body), Some(breach)),
                None => return Err(breach),
            },
        };
        Ok(Self {
            document,
            messages,
            bytes,
            breach,
        })
    }

    /// The message at `part`.
    pub fn message(&self, part: u16) -> Result<Message, Fault> {
        read_message(self.node(part)?).map_err(of_wire)
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

    /// Why the door would refuse this form today; `None` for a lawful submission.
    pub fn breach(&self) -> Option<&Fault> {
        self.breach.as_ref()
    }

    fn node(&self, part: u16) -> Result<Node<'_>, Fault> {
        let id = self.messages.get(usize::from(part));
        id.map(|id| self.document.node(*id)).ok_or_else(|| {
            crate::fault::fault(crate::fault::UNREADABLE)
                .log(format!("the submission has no part {part}"))
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_bytes_are_read_under_limits_no_door_exceeds() {
        let (stored, door) = (stored_limits(), Limits::default());
        assert!(stored.bytes_max >= door.bytes_max);
        assert!(stored.depth_max >= door.depth_max);
        assert!(stored.nodes_max >= door.nodes_max);
        assert!(stored.attributes_max >= door.attributes_max);
    }
}
