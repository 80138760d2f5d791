//! Digests of messages.

use aws_lc_rs::digest::{SHA256, digest};
use cordon_model::Digest;
use cordon_xml::{Node, canonical_exclusive};

/// SHA-256 of the exclusive canonical form of an element. For a message the hub wrote it equals
/// [`digest_of_bytes`] of the bytes.
pub fn message_digest(node: Node<'_>) -> Digest {
    let mut canonical = Vec::with_capacity(node.span().len());
    canonical_exclusive(node, &[], None, &mut canonical);
    digest_of_bytes(&canonical)
}

/// SHA-256 of bytes.
pub fn digest_of_bytes(bytes: &[u8]) -> Digest {
    let mut made = [0_u8; 32];
    for (to, from) in made.iter_mut().zip(digest(&SHA256, bytes).as_ref()) {
        *to = *from;
    }
    Digest(made)
}
