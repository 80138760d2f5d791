//! One record: what a caller gives, what the journal gives back, and the bytes between
//! (layout in `docs/design/journal.md` §3.3).

use bytes::Bytes;

use crate::chain;
use crate::fault::{FaultKind, JournalFault, Result};

/// Longest sender, in bytes of UTF-8.
pub const SENDER_BYTES_MAX: usize = 64;
/// Longest label, in bytes of UTF-8.
pub const LABEL_BYTES_MAX: usize = 160;

/// Fixed part of an encoded record: everything but sender, label and body.
const FIXED: usize = 8 + 1 + 1 + 2 + 2 + 8 + 1 + 1 + 4;
const HAS_MESSAGE_ID: u8 = 1;
const HAS_DIGEST: u8 = 2;
/// The body has expired: its digest stands in its place.
const BODY_GONE: u8 = 4;
/// The leaf covers the body's digest, so that the body can expire. Unset in what the first programs wrote.
const BODY_HASHED: u8 = 8;
/// Where the presence bits and the length of the body stand in an encoded record.
const PRESENT_AT: usize = 9;
const BODY_LENGTH_AT: usize = 24;

/// How the body of a record stands in the journal.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum BodyForm {
    /// Whole; the chain covers its digest, so it can expire.
    #[default]
    Whole,
    /// Whole, in a record as the first programs wrote it: the chain covers the body itself, which never expires.
    Bound,
    /// Expired by retention: so many bytes of this SHA-256.
    Gone {
        /// Bytes it had.
        bytes: u32,
        /// Its SHA-256, which the chain covers.
        digest: [u8; 32],
    },
}

/// A record to be appended. The journal knows nothing of its meaning.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NewRecord {
    /// The record's time, microseconds since 1970-01-01T00:00:00Z.
    pub time_micros: i64,
    /// What it is; numbers are given by the flow.
    pub kind: u8,
    /// Part of a submission, counted by the caller.
    pub part: u16,
    /// The caller's own marks.
    pub flags: u16,
    /// Number of the record that caused this one; 0 for none.
    pub cause: u64,
    /// The message id; all zero for none.
    pub message_id: [u8; 16],
    /// Who sent it; at most 64 bytes.
    pub sender: String,
    /// A short label such as the message type or a target; at most 160 bytes.
    pub label: String,
    /// The digest the sender's message is known by; all zero for none.
    pub digest: [u8; 32],
    /// The bytes themselves; none when they have expired.
    pub body: Bytes,
    /// How they stand in the journal.
    pub form: BodyForm,
}

impl NewRecord {
    /// Bytes the caller hands over: body, sender, label, message id and digest (the last two when not zero).
    pub fn payload_bytes(&self) -> usize {
        let id = if self.message_id == [0; 16] { 0 } else { 16 };
        let digest = if self.digest == [0; 32] { 0 } else { 32 };
        self.body.len() + self.sender.len() + self.label.len() + id + digest
    }

    /// The bytes that are stored and hashed. They do not depend on the batch the record stands in.
    ///
    /// Refuses a sender or label over its limit and a body over 4 GiB (`J013`).
    pub fn encode_into(&self, out: &mut Vec<u8>) -> Result<()> {
        let sender = short(&self.sender, SENDER_BYTES_MAX, "sender")?;
        let label = short(&self.label, LABEL_BYTES_MAX, "label")?;
        let whole = u32::try_from(self.body.len())
            .map_err(|_| JournalFault::new(FaultKind::TooLarge, "body", "body is over 4 GiB"))?;
        let (mut present, body) = match self.form {
            BodyForm::Whole => (BODY_HASHED, whole),
            BodyForm::Bound => (0, whole),
            BodyForm::Gone { bytes, .. } => (BODY_HASHED | BODY_GONE, bytes),
        };
        if self.message_id != [0; 16] {
            present |= HAS_MESSAGE_ID;
        }
        if self.digest != [0; 32] {
            present |= HAS_DIGEST;
        }
        out.reserve(FIXED + 48 + usize::from(sender) + usize::from(label) + self.body.len());
        out.extend_from_slice(&self.time_micros.to_le_bytes());
        out.push(self.kind);
        out.push(present);
        out.extend_from_slice(&self.part.to_le_bytes());
        out.extend_from_slice(&self.flags.to_le_bytes());
        out.extend_from_slice(&self.cause.to_le_bytes());
        out.push(sender);
        out.push(label);
        out.extend_from_slice(&body.to_le_bytes());
        if present & HAS_MESSAGE_ID != 0 {
            out.extend_from_slice(&self.message_id);
        }
        if present & HAS_DIGEST != 0 {
            out.extend_from_slice(&self.digest);
        }
        out.extend_from_slice(self.sender.as_bytes());
        out.extend_from_slice(self.label.as_bytes());
        match &self.form {
            BodyForm::Gone { digest, .. } => out.extend_from_slice(digest),
            BodyForm::Whole | BodyForm::Bound => out.extend_from_slice(&self.body),
        }
        Ok(())
    }

    /// The record without its body, of which the digest stays: its leaf, and so the chain, are the same. `None` when it has none that
    /// can expire.
    #[must_use]
    pub fn without_body(&self) -> Option<Self> {
        let bytes = u32::try_from(self.body.len()).ok()?;
        let expires = self.form == BodyForm::Whole && bytes > 0;
        let digest = chain::sha256(&[&self.body]);
        expires.then(|| Self {
            body: Bytes::new(),
            form: BodyForm::Gone { bytes, digest },
            ..self.clone()
        })
    }
}

impl NewRecord {
    /// Reads one record from the bytes that are stored and hashed; `None` when they are not exactly
    /// one record.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut decoder = Decoder::new(Bytes::copy_from_slice(bytes));
        let (record, _) = decoder.next()?;
        decoder.is_done().then_some(record)
    }
}

fn short(text: &str, max: usize, field: &str) -> Result<u8> {
    match u8::try_from(text.len()) {
        Ok(len) if text.len() <= max => Ok(len),
        _ => Err(JournalFault::new(
            FaultKind::TooLarge,
            field,
            format!("{} bytes, at most {max} are allowed", text.len()),
        )),
    }
}

/// A record as it stands in the journal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// Its number, from 1, without holes.
    pub number: u64,
    /// The record's time, microseconds since 1970-01-01T00:00:00Z.
    pub time_micros: i64,
    /// What it is; numbers are given by the flow.
    pub kind: u8,
    /// Part of a submission, counted by the caller.
    pub part: u16,
    /// The caller's own marks.
    pub flags: u16,
    /// Number of the record that caused this one; 0 for none.
    pub cause: u64,
    /// The message id; all zero for none.
    pub message_id: [u8; 16],
    /// Who sent it.
    pub sender: String,
    /// A short label such as the message type or a target.
    pub label: String,
    /// The digest the sender's message is known by; all zero for none.
    pub digest: [u8; 32],
    /// The bytes themselves, shared with the rest of their batch; none when they have expired.
    pub body: Bytes,
    /// How they stand in the journal.
    pub form: BodyForm,
    /// The chain hash up to and including this record.
    pub chain: [u8; 32],
}

impl Record {
    /// The record as it was handed in, without number and chain hash.
    pub fn to_new(&self) -> NewRecord {
        NewRecord {
            time_micros: self.time_micros,
            kind: self.kind,
            part: self.part,
            flags: self.flags,
            cause: self.cause,
            message_id: self.message_id,
            sender: self.sender.clone(),
            label: self.label.clone(),
            digest: self.digest,
            body: self.body.clone(),
            form: self.form,
        }
    }

    /// Whether it had a body that has expired.
    pub fn is_expired(&self) -> bool {
        matches!(self.form, BodyForm::Gone { .. })
    }
}

/// What the leaf of an encoded record covers: its bytes before the body as they were with it, and the body's digest.
pub(crate) struct Covered<'a> {
    /// The bytes before the presence bits.
    pub before: &'a [u8],
    /// The presence bits.
    pub present: u8,
    /// The bytes behind them.
    pub after: &'a [u8],
    /// SHA-256 of the body.
    pub body: [u8; 32],
}

impl<'a> Covered<'a> {
    /// `None` for a record whose leaf covers all its bytes as they are.
    pub(crate) fn of(encoded: &'a [u8]) -> Option<Self> {
        let present = *encoded.get(PRESENT_AT)?;
        if present & BODY_HASHED == 0 {
            return None;
        }
        let length = encoded.get(BODY_LENGTH_AT..)?.first_chunk::<4>()?;
        let is_gone = present & BODY_GONE != 0;
        let kept = match is_gone {
            true => 32,
            false => usize::try_from(u32::from_le_bytes(*length)).ok()?,
        };
        let (head, body) = encoded.split_at_checked(encoded.len().checked_sub(kept)?)?;
        Some(Self {
            before: head.get(..PRESENT_AT)?,
            present: present & !BODY_GONE,
            after: head.get(PRESENT_AT + 1..)?,
            body: match is_gone {
                true => *body.first_chunk::<32>()?,
                false => chain::sha256(&[body]),
            },
        })
    }
}

/// A cursor over the encoded records of one batch.
pub(crate) struct Decoder {
    bytes: Bytes,
    at: usize,
}

impl Decoder {
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self { bytes, at: 0 }
    }

    /// True when every byte of the batch was used.
    pub(crate) fn is_done(&self) -> bool {
        self.at == self.bytes.len()
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let end = self.at.checked_add(N)?;
        let value = self.bytes.get(self.at..end)?.try_into().ok()?;
        self.at = end;
        Some(value)
    }

    fn slice(&mut self, len: usize) -> Option<Bytes> {
        let end = self.at.checked_add(len)?;
        if end > self.bytes.len() {
            return None;
        }
        let value = self.bytes.slice(self.at..end);
        self.at = end;
        Some(value)
    }

    fn text(&mut self, len: usize, max: usize) -> Option<String> {
        if len > max {
            return None;
        }
        let bytes = self.slice(len)?;
        std::str::from_utf8(&bytes).ok().map(str::to_owned)
    }

    /// The next record and its encoded bytes; `None` when the bytes are not a record.
    pub(crate) fn next(&mut self) -> Option<(NewRecord, Bytes)> {
        let start = self.at;
        let time_micros = i64::from_le_bytes(self.take()?);
        let [kind] = self.take()?;
        let [present] = self.take()?;
        let part = u16::from_le_bytes(self.take()?);
        let flags = u16::from_le_bytes(self.take()?);
        let cause = u64::from_le_bytes(self.take()?);
        let [sender] = self.take()?;
        let [label] = self.take()?;
        let body = u32::from_le_bytes(self.take()?);
        if present & !(HAS_MESSAGE_ID | HAS_DIGEST | BODY_GONE | BODY_HASHED) != 0 {
            return None;
        }
        let message_id = match present & HAS_MESSAGE_ID {
            0 => [0; 16],
            _ => self.take()?,
        };
        let digest = match present & HAS_DIGEST {
            0 => [0; 32],
            _ => self.take()?,
        };
        let sender = self.text(usize::from(sender), SENDER_BYTES_MAX)?;
        let label = self.text(usize::from(label), LABEL_BYTES_MAX)?;
        let (form, body) = match present & (BODY_GONE | BODY_HASHED) {
            BODY_HASHED => (BodyForm::Whole, self.slice(usize::try_from(body).ok()?)?),
            0 => (BodyForm::Bound, self.slice(usize::try_from(body).ok()?)?),
            // What was never covered by its digest cannot have left it.
            BODY_GONE => return None,
            _ => {
                let (bytes, digest) = (body, self.take()?);
                (BodyForm::Gone { bytes, digest }, Bytes::new())
            }
        };
        let encoded = self.bytes.slice(start..self.at);
        let record = NewRecord {
            time_micros,
            kind,
            part,
            flags,
            cause,
            message_id,
            sender,
            label,
            digest,
            body,
            form,
        };
        Some((record, encoded))
    }
}

/// A record put together with its number and chain hash.
pub(crate) fn numbered(new: NewRecord, number: u64, chain: [u8; 32]) -> Record {
    Record {
        number,
        time_micros: new.time_micros,
        kind: new.kind,
        part: new.part,
        flags: new.flags,
        cause: new.cause,
        message_id: new.message_id,
        sender: new.sender,
        label: new.label,
        digest: new.digest,
        body: new.body,
        form: new.form,
        chain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> NewRecord {
        NewRecord {
            time_micros: -5,
            kind: 3,
            part: 65_535,
            flags: 9,
            cause: u64::MAX,
            message_id: [7; 16],
            sender: "enterprise-1".into(),
            label: "车辆 PassageRecord".into(),
            digest: [9; 32],
            body: Bytes::from_static(b"<c:Message/>"),
            form: BodyForm::Whole,
        }
    }

    fn bound() -> NewRecord {
        NewRecord {
            form: BodyForm::Bound,
            ..sample()
        }
    }

    #[test]
    fn a_record_comes_back_as_it_went_in() {
        let gone = sample().without_body().unwrap();
        for record in [sample(), NewRecord::default(), bound(), gone] {
            let mut out = Vec::new();
            record.encode_into(&mut out).unwrap();
            let mut decoder = Decoder::new(Bytes::from(out.clone()));
            let (back, encoded) = decoder.next().unwrap();
            assert_eq!(back, record);
            assert_eq!(&encoded[..], &out[..]);
            assert!(decoder.is_done());
        }
    }

    #[test]
    fn every_shortened_record_is_refused() {
        let mut out = Vec::new();
        sample().encode_into(&mut out).unwrap();
        for len in 0..out.len() {
            assert!(
                Decoder::new(Bytes::copy_from_slice(&out[..len]))
                    .next()
                    .is_none()
            );
        }
    }

    #[test]
    fn a_body_that_expires_leaves_the_leaf_as_it_was_and_nothing_else_does() {
        let leaf = |record: &NewRecord| chain::leaf(7, record).unwrap();
        let whole = sample();
        let gone = whole.without_body().unwrap();
        assert!(gone.body.is_empty());
        assert_eq!(leaf(&gone), leaf(&whole));
        assert_ne!(leaf(&bound()), leaf(&whole), "its form is covered too");
        let mut encoded = Vec::new();
        gone.encode_into(&mut encoded).unwrap();
        for bit in 0..encoded.len() * 8 {
            let mut bad = encoded.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(chain::leaf_of(7, &bad), leaf(&whole), "bit {bit}");
        }
        // What the first programs wrote stays, and so does what has none.
        assert_eq!(bound().without_body(), None);
        assert_eq!(gone.without_body(), None);
        assert_eq!(NewRecord::default().without_body(), None);
    }

    #[test]
    fn fields_over_their_limit_are_refused() {
        let mut record = sample();
        record.sender = "s".repeat(65);
        let fault = record.encode_into(&mut Vec::new()).unwrap_err();
        assert_eq!((fault.code(), fault.place()), ("J013", "sender"));
        let mut record = sample();
        record.label = "l".repeat(161);
        let fault = record.encode_into(&mut Vec::new()).unwrap_err();
        assert_eq!((fault.code(), fault.place()), ("J013", "label"));
    }
}
