//! Reading and writing whole messages, with the one rule the schema language cannot say.

use cordon_model::{Header, Message};
use cordon_xml::{Document, Limits, Node};

use crate::fault::{TYPE_MISMATCH, WireFault};
use crate::generated::message::{read_message_root, write_message_root};

/// Reads a `Message` element.
pub fn read_message(node: Node<'_>) -> Result<Message, WireFault> {
    let message = read_message_root(node)?;
    if let Some(detail) = mismatch(&message) {
        return Err(WireFault::new(
            TYPE_MISMATCH,
            format!("{}/c:Header/c:MessageType", node.path()),
            detail,
        ));
    }
    Ok(message)
}

/// Reads a document that is one `Message`, within the default limits.
pub fn parse_message(bytes: &[u8]) -> Result<Message, WireFault> {
    read_message(Document::parse(bytes, &Limits::default())?.root())
}

/// Writes a message in exclusive canonical form: the same message gives the same bytes. Refuses
/// values that break a facet.
pub fn write_message(message: &Message) -> Result<Vec<u8>, WireFault> {
    if let Some(detail) = mismatch(message) {
        let place = "/c:Message/c:Header/c:MessageType".to_owned();
        return Err(WireFault::new(TYPE_MISMATCH, place, detail));
    }
    write_message_root(message)
}

/// The head must announce what the body holds.
fn mismatch(message: &Message) -> Option<String> {
    let Header {
        message_type: announced,
        ..
    } = message.header;
    let held = message.body.message_type();
    (announced != held).then(|| format!("the head announces {announced}, the body holds {held}"))
}
