//! The head of a packed file: what a start asks of a segment, and where its chunks stand.

use crate::segment::{Fields, HEAD_BYTES, SEAL_BYTES};

/// Bytes of a segment in one chunk. A reader unpacks one at a time.
pub(super) const CHUNK: u64 = 256 * 1024;
/// What stands before the table of chunks.
pub(super) const FIXED: usize = 8 + 8 + 4 + 4 + HEAD_BYTES + SEAL_BYTES as usize;

const MAGIC: &[u8; 8] = b"CORDONZ1";
const TAIL: usize = 4;

/// What a packed file says of itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct PackedHead {
    /// Bytes of the segment's file.
    pub bytes: u64,
    /// The head of the segment.
    pub head: [u8; HEAD_BYTES],
    /// Its seal.
    pub seal: [u8; SEAL_BYTES as usize],
    /// Packed bytes of each chunk, in order.
    pub lengths: Vec<u32>,
}

impl PackedHead {
    /// How many chunks a segment of so many bytes has.
    pub fn chunks(bytes: u64) -> u64 {
        bytes.div_ceil(CHUNK)
    }

    /// Bytes of the head of a packed file with so many chunks.
    pub fn bytes_for(chunks: u64) -> u64 {
        (FIXED + TAIL) as u64 + 4 * chunks
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(FIXED + 4 * self.lengths.len() + TAIL);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&self.bytes.to_le_bytes());
        out.extend_from_slice(&(CHUNK as u32).to_le_bytes());
        let count = u32::try_from(self.lengths.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&count.to_le_bytes());
        out.extend_from_slice(&self.head);
        out.extend_from_slice(&self.seal);
        for length in &self.lengths {
            out.extend_from_slice(&length.to_le_bytes());
        }
        let crc = crc32c::crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    /// A mark of this very file: where its batches stand changes with it.
    pub fn mark(&self) -> u32 {
        self.encode()
            .last_chunk::<TAIL>()
            .map_or(0, |crc| u32::from_le_bytes(*crc))
    }

    /// How many bytes the head has whose fixed part this is; `None` when it is none that this program reads.
    pub fn length(fixed: &[u8]) -> Option<u64> {
        let mut fields = Fields(fixed.get(..FIXED)?);
        let magic: [u8; 8] = fields.take()?;
        let bytes = fields.take().map(u64::from_le_bytes)?;
        let chunk = fields.take().map(u32::from_le_bytes)?;
        let count = fields.take().map(u32::from_le_bytes)?;
        // A segment is no longer than this, which bounds what is read for a head.
        let fits = bytes <= u64::from(u32::MAX) && Self::chunks(bytes) == u64::from(count);
        (&magic == MAGIC && u64::from(chunk) == CHUNK && fits)
            .then(|| Self::bytes_for(u64::from(count)))
    }

    /// The head; `None` when its bytes are damaged.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (body, crc) = bytes.split_last_chunk::<TAIL>()?;
        if u32::from_le_bytes(*crc) != crc32c::crc32c(body) {
            return None;
        }
        let mut fields = Fields(body.get(8..)?);
        let bytes = fields.take().map(u64::from_le_bytes)?;
        let _: [u8; 8] = fields.take()?;
        let (head, seal) = (fields.take()?, fields.take()?);
        let lengths = std::iter::from_fn(|| fields.take().map(u32::from_le_bytes)).collect();
        Some(Self {
            bytes,
            head,
            seal,
            lengths,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> PackedHead {
        PackedHead {
            bytes: 3 * CHUNK + 1,
            head: [1; HEAD_BYTES],
            seal: [2; SEAL_BYTES as usize],
            lengths: vec![5, 0, u32::MAX, 7],
        }
    }

    #[test]
    fn it_comes_back() {
        let bytes = head().encode();
        assert_eq!(PackedHead::length(&bytes), Some(bytes.len() as u64));
        assert_eq!(PackedHead::decode(&bytes), Some(head()));
    }

    #[test]
    fn every_flipped_bit_is_seen() {
        let bytes = head().encode();
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(PackedHead::decode(&bad), None, "bit {bit}");
        }
    }

    #[test]
    fn a_count_that_does_not_fit_asks_for_no_memory() {
        let mut bytes = head().encode();
        bytes[20..24].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(PackedHead::length(&bytes), None);
    }
}
