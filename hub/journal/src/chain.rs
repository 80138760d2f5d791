//! The hash chain over records and the Merkle tree over a segment's records
//! (`docs/design/journal.md` §3.4). Two levels, so that a reader who may see only some records can
//! still follow the chain with 32 bytes in place of each hidden one.

use aws_lc_rs::digest::{Context, SHA256};

use crate::fault::Result;
use crate::record::{Covered, NewRecord};

/// A SHA-256 value.
pub type Hash = [u8; 32];

pub(crate) fn sha256(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    out
}

/// The chain hash before record 1 of the journal named `identity`.
pub fn genesis(identity: &str) -> Hash {
    sha256(&[b"cordon journal 1\0", identity.as_bytes()])
}

/// Leaf of one record: `SHA-256(0x00 ‖ number as u64 little endian ‖ record before its body ‖ SHA-256(body))`, so that it is the same when
/// the body has expired; of a record as the first programs wrote it `SHA-256(0x00 ‖ number ‖ encoded record)`.
pub fn leaf_of(number: u64, encoded: &[u8]) -> Hash {
    let number = number.to_le_bytes();
    match Covered::of(encoded) {
        Some(it) => sha256(&[&[0], &number, it.before, &[it.present], it.after, &it.body]),
        None => sha256(&[&[0], &number, encoded]),
    }
}

/// Leaf of a record from its fields.
pub fn leaf(number: u64, record: &NewRecord) -> Result<Hash> {
    let mut encoded = Vec::new();
    record.encode_into(&mut encoded)?;
    Ok(leaf_of(number, &encoded))
}

/// Next chain hash: `SHA-256(0x02 ‖ chain before ‖ leaf)`.
pub fn link(before: &Hash, leaf: &Hash) -> Hash {
    sha256(&[&[2], before, leaf])
}

/// Merkle tree over leaves as they come, shaped as RFC 6962 §2.1 (inner nodes `SHA-256(0x01 ‖ left ‖ right)`);
/// keeps one hash per level.
#[derive(Clone, Debug, Default)]
pub struct Merkle {
    count: u64,
    /// Roots of complete subtrees, largest first.
    peaks: Vec<Hash>,
}

impl Merkle {
    /// Adds the next leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut node = leaf;
        let mut bits = self.count;
        while bits & 1 == 1 {
            if let Some(left) = self.peaks.pop() {
                node = sha256(&[&[1], &left, &node]);
            }
            bits >>= 1;
        }
        self.peaks.push(node);
        self.count += 1;
    }

    /// How many leaves.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The tree's root; the hash of nothing for an empty tree.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            None => sha256(&[]),
            Some(last) => peaks.fold(*last, |right, left| sha256(&[&[1], left, &right])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6962 §2.1 by its recursive definition.
    fn by_definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => sha256(&[]),
            [one] => *one,
            many => {
                let mut split = 1;
                while split * 2 < many.len() {
                    split *= 2;
                }
                let (left, right) = many.split_at(split);
                sha256(&[&[1], &by_definition(left), &by_definition(right)])
            }
        }
    }

    #[test]
    fn the_running_tree_equals_its_definition() {
        let leaves: Vec<Hash> = (0..70u64).map(|n| leaf_of(n, b"x")).collect();
        let mut tree = Merkle::default();
        for (n, leaf) in leaves.iter().enumerate() {
            assert_eq!(tree.root(), by_definition(&leaves[..n]));
            tree.push(*leaf);
        }
    }

    #[test]
    fn the_chain_depends_on_number_bytes_and_journal() {
        let a = link(&genesis("p"), &leaf_of(1, b"a"));
        assert_ne!(a, link(&genesis("p"), &leaf_of(2, b"a")));
        assert_ne!(a, link(&genesis("p"), &leaf_of(1, b"b")));
        assert_ne!(a, link(&genesis("q"), &leaf_of(1, b"a")));
    }
}
