//! A batch as it lies in a segment: head, records, CRC32C over both. A batch is whole or it is not there.

use bytes::Bytes;

use crate::chain::Hash;
use crate::segment::Fields;

/// Bytes before the records.
pub(crate) const FRAME_HEAD: usize = 64;
/// Bytes after the records.
pub(crate) const FRAME_TAIL: usize = 4;
pub(crate) const FRAME_MAGIC: &[u8; 4] = b"CJB1";

/// The head of a batch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct FrameHead {
    /// Bytes of the encoded records.
    pub len: u32,
    /// The segment's salt: tells this batch from bytes of an earlier life of the file and from
    /// look-alikes inside a message body.
    pub salt: u64,
    pub first: u64,
    pub count: u32,
    pub chain_before: Hash,
}

impl FrameHead {
    /// Bytes of the whole batch on disk.
    pub(crate) fn frame_bytes(&self) -> u64 {
        FRAME_HEAD as u64 + u64::from(self.len) + FRAME_TAIL as u64
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(FRAME_HEAD);
        out.extend_from_slice(FRAME_MAGIC);
        out.extend_from_slice(&self.len.to_le_bytes());
        out.extend_from_slice(&self.salt.to_le_bytes());
        out.extend_from_slice(&self.first.to_le_bytes());
        out.extend_from_slice(&self.count.to_le_bytes());
        out.extend_from_slice(&self.chain_before);
        let crc = crc32c::crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    /// The head; `None` unless magic and CRC are right.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let head = bytes.get(..FRAME_HEAD)?;
        let (body, crc) = head.split_at_checked(FRAME_HEAD - 4)?;
        let mut fields = Fields(body);
        if &fields.take::<4>()? != FRAME_MAGIC {
            return None;
        }
        if u32::from_le_bytes(crc.try_into().ok()?) != crc32c::crc32c(body) {
            return None;
        }
        Some(Self {
            len: fields.take().map(u32::from_le_bytes)?,
            salt: fields.take().map(u64::from_le_bytes)?,
            first: fields.take().map(u64::from_le_bytes)?,
            count: fields.take().map(u32::from_le_bytes)?,
            chain_before: fields.take()?,
        })
    }
}

/// Completes a buffer of `FRAME_HEAD` spare bytes followed by encoded records into a batch.
pub(crate) fn close(buffer: &mut Vec<u8>, head: &FrameHead) {
    for (to, from) in buffer.iter_mut().zip(head.encode()) {
        *to = from;
    }
    let crc = crc32c::crc32c(buffer);
    buffer.extend_from_slice(&crc.to_le_bytes());
}

/// The records' bytes of a whole batch; `None` when the closing CRC does not match.
pub(crate) fn checked_body(frame: &[u8]) -> Option<Bytes> {
    let (covered, crc) = frame.split_at_checked(frame.len().checked_sub(FRAME_TAIL)?)?;
    if u32::from_le_bytes(crc.try_into().ok()?) != crc32c::crc32c(covered) {
        return None;
    }
    covered.get(FRAME_HEAD..).map(Bytes::copy_from_slice)
}

/// True when bytes that are no good batch still look like one of this segment's, by its salt or by
/// magic and number: then a look behind them is worth its cost.
pub(crate) fn looks_written(bytes: &[u8], salt: u64, next: Option<u64>) -> bool {
    let mut fields = Fields(bytes);
    let magic = fields.take::<4>().is_some_and(|m| &m == FRAME_MAGIC);
    let _len: Option<[u8; 4]> = fields.take();
    let salted = fields.take().map(u64::from_le_bytes) == Some(salt);
    let first = fields.take().map(u64::from_le_bytes);
    salted || (magic && first.is_some() && first == next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_of_a_batch_is_seen() {
        let head = FrameHead {
            len: 11,
            salt: 5,
            first: 1,
            count: 1,
            chain_before: [4; 32],
        };
        let mut frame = vec![0; FRAME_HEAD];
        frame.extend_from_slice(b"eleven byte");
        close(&mut frame, &head);
        assert_eq!(frame.len() as u64, head.frame_bytes());
        assert_eq!(FrameHead::decode(&frame), Some(head));
        assert_eq!(checked_body(&frame).unwrap(), &b"eleven byte"[..]);
        for bit in 0..frame.len() * 8 {
            let mut bad = frame.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(checked_body(&bad).is_none(), "bit {bit}");
        }
    }
}
