//! Telling a batch that was changed from one that was never finished.
//!
//! A crash leaves whole sectors as they were; it does not change one bit among thousands. So where a
//! single bit separates the bytes at hand from a whole batch, the batch had been written whole and
//! was changed afterwards, and cutting it would destroy a record that may have been acknowledged.

use crate::frame::{self, FRAME_HEAD, FRAME_TAIL, FrameHead};

/// CRC-32C, reflected.
const POLYNOMIAL: u32 = 0x82F6_3B78;
/// What a disk writes whole.
const SECTOR: u64 = 512;
/// Bytes of the batch that must lie in the changed bit's sector: fewer could be what an earlier life
/// of the file left there.
const NEIGHBOURS_MIN: u64 = 16;

/// The bit in the head of a batch that, turned, gives a head that `fits`.
pub(crate) fn in_head(
    bytes: &[u8],
    fits: impl Fn(&FrameHead) -> bool,
) -> Option<(usize, FrameHead)> {
    let mut head = bytes.get(..FRAME_HEAD)?.to_vec();
    for bit in 0..FRAME_HEAD * 8 {
        turn(&mut head, bit);
        if let Some(found) = FrameHead::decode(&head).filter(&fits) {
            return Some((bit, found));
        }
        turn(&mut head, bit);
    }
    None
}

/// The bit of a batch that, turned, makes it whole; `at` is the batch's place in the file.
pub(crate) fn in_frame(frame: &[u8], at: u64) -> Option<usize> {
    let (covered, crc) = frame.split_at_checked(frame.len().checked_sub(FRAME_TAIL)?)?;
    let said = u32::from_le_bytes(crc.try_into().ok()?);
    let difference = crc32c::crc32c(covered) ^ said;
    let bit = match difference.count_ones() {
        0 => return None,
        // A bit of the closing CRC itself.
        1 => covered.len() * 8 + usize::try_from(difference.trailing_zeros()).ok()?,
        _ => bit_of(covered.len(), difference)?,
    };
    let mut whole = frame.to_vec();
    turn(&mut whole, bit);
    frame::checked_body(&whole)?;
    shows_change(frame, at, bit).then_some(bit)
}

/// Whether a crash cannot have left the batch so: the bit is set, or something was written behind it,
/// and enough of the batch lies in the same sector.
fn shows_change(frame: &[u8], at: u64, bit: usize) -> bool {
    let byte = bit / 8;
    let set = frame.get(byte).is_some_and(|it| it >> (bit % 8) & 1 == 1);
    let behind = frame.get(byte + 1..).unwrap_or_default();
    let sector = (at + byte as u64) / SECTOR * SECTOR;
    let from = sector.max(at);
    let to = (sector + SECTOR).min(at + frame.len() as u64);
    (set || behind.iter().any(|it| *it != 0)) && to - from >= NEIGHBOURS_MIN
}

/// Which bit of `len` covered bytes changes their CRC by `difference`.
fn bit_of(len: usize, difference: u32) -> Option<usize> {
    let table = table();
    let step = |crc: u32| {
        crc >> 8
            ^ table
                .get((crc & 0xFF) as usize)
                .copied()
                .unwrap_or_default()
    };
    // The change that each bit of the byte at hand makes, from the last byte backwards.
    let mut changes: [u32; 8] = std::array::from_fn(|bit| step(1 << bit));
    for byte in (0..len).rev() {
        if let Some(bit) = changes.iter().position(|change| *change == difference) {
            return Some(byte * 8 + bit);
        }
        changes = changes.map(step);
    }
    None
}

fn table() -> Vec<u32> {
    let entry = |byte: u32| {
        (0..8).fold(byte, |crc, _| match crc & 1 {
            1 => crc >> 1 ^ POLYNOMIAL,
            _ => crc >> 1,
        })
    };
    (0..256).map(entry).collect()
}

/// Turns one bit.
pub(crate) fn turn(bytes: &mut [u8], bit: usize) {
    if let Some(byte) = bytes.get_mut(bit / 8) {
        *byte ^= 1 << (bit % 8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch() -> Vec<u8> {
        let mut frame = vec![0; FRAME_HEAD];
        frame.extend((0..700u32).map(|n| (n * 31 % 251) as u8));
        let head = FrameHead {
            len: 700,
            salt: 5,
            first: 9,
            count: 2,
            chain_before: [4; 32],
        };
        frame::close(&mut frame, &head);
        frame
    }

    #[test]
    fn every_flipped_bit_of_a_whole_batch_is_named() {
        let frame = batch();
        let mut unsure = 0;
        for bit in 0..frame.len() * 8 {
            let mut bad = frame.clone();
            turn(&mut bad, bit);
            match in_frame(&bad, 4096) {
                Some(found) => assert_eq!(found, bit),
                // A bit that is now clear with nothing behind it could be a write that stopped.
                None => unsure += 1,
            }
            if bit < FRAME_HEAD * 8 {
                let found = in_head(&bad, |head| head.salt == 5).unwrap();
                assert_eq!((found.0, found.1.first), (bit, 9));
            }
        }
        assert!(unsure <= 8, "{unsure} bits were not told");
    }

    #[test]
    fn a_batch_cut_anywhere_is_never_called_changed() {
        let frame = batch();
        for at in 0..frame.len() {
            let mut torn = frame.clone();
            torn[at..].fill(0);
            assert_eq!(in_frame(&torn, 4096), None, "cut at {at}");
        }
    }
}
