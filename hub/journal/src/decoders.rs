//! The journal's readers of bytes that stand on a disk, which may hold anything. They have no other public
//! face; `fuzz/` calls them. No interface.

use crate::frame::{self, FRAME_HEAD, FRAME_MAGIC, FRAME_TAIL, FrameHead};
use crate::given_up::GivenUp;
use crate::record::Decoder;
use crate::segment::{DATA_START, HEAD_BYTES, Head, SEAL_BYTES, Seal};
use crate::trimmed::Trimmed;
use crate::{Hash, checkpoint, flipped, witness};

/// Reads the head of a segment and gives it as it would be written.
pub fn head(bytes: &[u8]) -> Option<Vec<u8>> {
    Head::decode(bytes).ok().map(|head| head.encode())
}

/// Reads the seal of the segment with this head and gives it as it would be written.
pub fn seal(bytes: &[u8], head: &[u8]) -> Option<Vec<u8>> {
    let head = Head::decode(head).ok()?;
    Seal::decode(bytes, &head).map(|seal| seal.encode())
}

/// Reads a batch; the number of its records when all of it is good.
pub fn batch(bytes: &[u8]) -> Option<u32> {
    let head = FrameHead::decode(bytes)?;
    let body = frame::checked_body(bytes)?;
    let mut records = Decoder::new(body);
    let mut count = 0_u32;
    while !records.is_done() {
        records.next()?;
        count = count.checked_add(1)?;
    }
    (count == head.count).then_some(count)
}

/// Looks for the one bit that separates the bytes from a whole batch.
pub fn changed_bit(bytes: &[u8], at: u64) -> Option<usize> {
    let in_head = flipped::in_head(bytes, |_| true).map(|(bit, _)| bit);
    in_head.or_else(|| flipped::in_frame(bytes, at))
}

/// Reads a slot of the witness: turn, number, chain hash.
pub fn witness(bytes: &[u8]) -> Option<(u64, (u64, Hash))> {
    witness::decode(bytes)
}

/// Reads the records of a trim and of segments given up; how many numbers they hold.
pub fn notes(bytes: &[u8]) -> usize {
    let trimmed = usize::from(Trimmed::decode(bytes).is_some());
    trimmed + GivenUp::decode(bytes).map_or(0, |given_up| given_up.with(&[]).len())
}

/// Reads a checkpoint's head and the items behind it, not packed; how many there are.
pub fn checkpoint(bytes: &[u8]) -> Option<u64> {
    checkpoint::items(bytes)
}

/// Gives each checksum of a segment's bytes the value that the bytes ask for, so that what stands behind the
/// checksums is reached.
pub fn seal_over(bytes: &mut [u8]) {
    sum(bytes, 0, HEAD_BYTES - 4);
    let mut at = usize::try_from(DATA_START).unwrap_or(usize::MAX);
    while let Some(head) = bytes.get(at..at.saturating_add(FRAME_HEAD)) {
        let len: Option<[u8; 4]> = head.get(4..8).and_then(|len| len.try_into().ok());
        let Some(len) = len.filter(|_| head.starts_with(FRAME_MAGIC)) else {
            break;
        };
        sum(bytes, at, FRAME_HEAD - 4);
        let covered =
            FRAME_HEAD + usize::try_from(u32::from_le_bytes(len)).unwrap_or(usize::MAX / 2);
        sum(bytes, at, covered);
        at = at.saturating_add(covered).saturating_add(FRAME_TAIL);
    }
    let seal = usize::try_from(SEAL_BYTES).unwrap_or(usize::MAX);
    if let Some(from) = bytes.len().checked_sub(seal) {
        sum(bytes, from, seal - 4);
    }
}

/// The same for the head of a packed segment.
pub fn seal_over_packed(bytes: &mut [u8]) {
    let count: Option<[u8; 4]> = bytes.get(20..24).and_then(|count| count.try_into().ok());
    let Some(count) = count.map(|count| u32::from_le_bytes(count) as usize) else {
        return;
    };
    // Magic, length, length of a chunk, how many; then head, seal, and the chunks' lengths.
    let fixed = 24 + HEAD_BYTES + SEAL_BYTES as usize;
    sum(bytes, 0, fixed.saturating_add(count.saturating_mul(4)));
}

/// Puts the checksum of `len` bytes from `from` behind them.
fn sum(bytes: &mut [u8], from: usize, len: usize) {
    let end = from.saturating_add(len);
    let Some(crc) = bytes.get(from..end).map(crc32c::crc32c) else {
        return;
    };
    if let Some(place) = bytes.get_mut(end..end.saturating_add(4)) {
        place.copy_from_slice(&crc.to_le_bytes());
    }
}
