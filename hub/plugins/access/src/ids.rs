//! Ids of what is decided: made from the entry alone, so that a replay makes them again.

use cordon_contract::{Entry, is_emergency};
use cordon_model::name::mark;
use cordon_model::{Digest, MessageId};

/// Id of the `index`th command decided on an entry: entry number and message id folded together. What follows from an
/// emergency order has its speaker instead of the number: it may act before it is journaled, under another number,
/// and what comes of it names the command that acted.
pub(crate) fn command_on(entry: &Entry, seed: &MessageId, index: u16) -> MessageId {
    match entry.message.as_deref().is_some_and(is_emergency) {
        true => command(&entry.message_id, mark(entry.sender.as_str()), index),
        false => command(seed, entry.number, index),
    }
}

fn command(seed: &MessageId, number: u64, index: u16) -> MessageId {
    let mut bytes = [0_u8; 32];
    for (to, from) in bytes.iter_mut().zip(seed.as_bytes()) {
        *to = *from;
    }
    let number = number.to_be_bytes();
    for (to, from) in bytes.iter_mut().skip(8).zip(number) {
        *to ^= from;
    }
    for (to, from) in bytes.iter_mut().skip(4).zip(index.to_be_bytes()) {
        *to ^= from;
    }
    MessageId::from_digest(&Digest(bytes))
}

/// Id of the decision made on an entry.
pub(crate) fn decision(entry: &Entry) -> String {
    format!("D-{}", entry.number)
}

/// Id of the stay that begins with the capture of this number.
pub(crate) fn visit(number: u64) -> String {
    format!("V-{number}")
}

/// Id of the passage concluded from an entry.
pub(crate) fn passage(entry: &Entry) -> String {
    format!("P-{}", entry.number)
}

/// Id of the `index`th alarm raised on an entry.
pub(crate) fn alarm(entry: &Entry, index: usize) -> String {
    format!("access-{}-{index}", entry.number)
}
