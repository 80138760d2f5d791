//! How much of the messages that are refused is kept whole: a party that sends nothing else must not fill the journal.

use std::collections::BTreeMap;

use cordon_model::PartyId;

use crate::decide::batch::Batch;
use crate::decide::draft::Draft;
use crate::flags;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Refused bytes that one batch takes whole.
const WHOLE_IN_A_BATCH: usize = 1 << 20;
/// Bytes that are kept of what is not kept whole.
const HEAD_BYTES: usize = 1_024;

/// Bytes refused of each party in the present day (UTC). As many as the plan has; no state.
#[derive(Debug, Default)]
pub(crate) struct RefusedRoom {
    day: i64,
    bytes: BTreeMap<PartyId, u64>,
}

impl RefusedRoom {
    /// Cuts what is refused of `party` to its head where it has used up `most` bytes of this day, or the batch holds as
    /// much of such as it should. Words and digest stay.
    pub(crate) fn fit(&mut self, draft: &mut Draft, party: &PartyId, batch: &Batch, most: u64) {
        let words = usize::from(draft.part);
        let raw = draft.body.len().saturating_sub(words);
        if raw <= HEAD_BYTES {
            return;
        }
        let day = batch.time().micros().div_euclid(MICROS_PER_DAY);
        if day != self.day {
            self.day = day;
            self.bytes.clear();
        }
        let used = self.bytes.entry(party.clone()).or_default();
        let after = used.saturating_add(raw as u64);
        if after <= most && batch.loose_bytes().saturating_add(raw) <= WHOLE_IN_A_BATCH {
            *used = after;
            return;
        }
        draft.body.truncate(words + HEAD_BYTES);
        draft.flags |= flags::TRUNCATED;
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use cordon_contract::EntryKind;
    use cordon_model::Timestamp;

    use super::*;

    /// Bytes kept of one that is refused with 100 bytes of words and so many of its own, and whether it is cut.
    fn kept(room: &mut RefusedRoom, (party, raw): (&str, usize), batch: &Batch) -> (usize, bool) {
        let party = PartyId::new(party).unwrap();
        let mut draft = Draft::bare(EntryKind::Refused, party.clone());
        draft.part = 100;
        draft.body = Bytes::from(vec![b'x'; 100 + raw]);
        room.fit(&mut draft, &party, batch, 50_000);
        let is_cut = draft.flags & flags::TRUNCATED != 0;
        (draft.body.len() - 100, is_cut)
    }

    #[test]
    fn each_party_has_so_many_bytes_a_day_and_then_heads() {
        let at = |day: i64| Batch::new(1, Timestamp::from_micros(day * MICROS_PER_DAY));
        let mut room = RefusedRoom::default();
        let mut one = |party, raw, day| kept(&mut room, (party, raw), &at(day));
        assert_eq!(one("ENT-1", 40_000, 1), (40_000, false));
        assert_eq!(one("ENT-1", 20_000, 1), (HEAD_BYTES, true));
        assert_eq!(one("ENT-1", 900, 1), (900, false), "shorter than a head");
        assert_eq!(one("ENT-2", 20_000, 1), (20_000, false));
        assert_eq!(one("ENT-1", 20_000, 2), (20_000, false), "the next day");
    }

    #[test]
    fn a_batch_takes_so_many_whole() {
        let mut batch = Batch::new(1, Timestamp::from_micros(0));
        let mut large = Draft::bare(EntryKind::Refused, PartyId::new("ENT-1").unwrap());
        large.body = Bytes::from(vec![b'x'; WHOLE_IN_A_BATCH]);
        batch.push(large, 0);
        let mut room = RefusedRoom::default();
        assert_eq!(kept(&mut room, ("ENT-2", 20_000), &batch).0, HEAD_BYTES);
        let mut batch = Batch::new(1, Timestamp::from_micros(0));
        let mut signed = Draft::bare(EntryKind::Submission, PartyId::new("ENT-1").unwrap());
        signed.body = Bytes::from(vec![b'x'; WHOLE_IN_A_BATCH]);
        batch.push(signed, 0);
        assert_eq!(kept(&mut room, ("ENT-2", 20_000), &batch).0, 20_000);
    }
}
