//! One answer to `GetMessages`, taken apart: nothing in it is believed that its records do not show.

use cordon_contract::{EntryKind, Fault, type_in_label};
use cordon_journal::{BodyForm, Hash, NewRecord, Position, chain};
use cordon_model::Timestamp;
use cordon_model::service::{GetMessagesResponse, JournalEntry};

use crate::messages::wire_kind;

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// The entry after which was asked, and its chain hash.
    pub after: Position,
    /// Most entries wanted.
    pub limit: u32,
}

/// An entry whose fields are those of its record.
#[derive(Clone, Debug)]
pub struct PulledEntry {
    /// The entry as the hub tells it.
    pub entry: JournalEntry,
    /// The record itself.
    pub record: NewRecord,
}

/// The entries of an answer, after every check that the answer alone allows.
pub(super) fn check(
    page: GetMessagesResponse,
    asked: Asked,
) -> Result<(Vec<PulledEntry>, Position), Fault> {
    let (after, known) = asked.after;
    if page.previous_chain_hash.0 != known {
        return Err(unfit(format!(
            "the chain hash before the first entry is not the one known for entry {after}"
        )));
    }
    if page.entry.len() > asked.limit as usize {
        return Err(unfit(format!(
            "{} entries where at most {} were asked for",
            page.entry.len(),
            asked.limit
        )));
    }
    let mut at = asked.after;
    let mut pulled = Vec::with_capacity(page.entry.len());
    for entry in page.entry {
        let (taken, chain) = take(entry, at)?;
        at = (taken.entry.number, chain);
        pulled.push(taken);
    }
    let head = (page.head, page.head_chain_hash.0);
    let told = Told {
        next: page.next,
        more: page.more,
        head,
    };
    told.check(at)?;
    Ok((pulled, head))
}

/// What an answer says beside its entries.
struct Told {
    next: u64,
    more: bool,
    head: Position,
}

impl Told {
    /// Compares it with where the entries end.
    fn check(&self, at: Position) -> Result<(), Fault> {
        let (last, chain) = at;
        let (head, head_chain) = self.head;
        if self.next != last {
            return Err(unfit(format!(
                "the next position is {}, the entries end with {last}",
                self.next
            )));
        }
        if head < last {
            return Err(unfit(format!(
                "the newest entry is said to be {head}, the entries go to {last}"
            )));
        }
        if self.more != (last < head) {
            return Err(unfit(format!(
                "more is said to be {}, with entry {last} told of {head}",
                self.more
            )));
        }
        if head == last && head_chain != chain {
            return Err(unfit(format!(
                "the chain hash of the newest entry {head} is not the one of its record"
            )));
        }
        Ok(())
    }
}

/// The entry that must come after `at`, and the chain hash with it.
fn take(entry: JournalEntry, at: Position) -> Result<(PulledEntry, Hash), Fault> {
    let (last, before) = at;
    let expected = last
        .checked_add(1)
        .ok_or_else(|| unfit(format!("an entry after the last possible number {last}")))?;
    let number = entry.number;
    if number != expected {
        return Err(unfit(format!(
            "entry {number} stands where entry {expected} must come"
        )));
    }
    let bytes = entry
        .record
        .as_deref()
        .ok_or_else(|| contradiction(number, "it comes without its record"))?;
    let chain = chain::link(&before, &chain::leaf_of(number, bytes));
    if chain != entry.chain_hash.0 {
        return Err(
            Fault::new("S034", format!("the chain breaks at entry {number}"))
                .remedy("keep what was pulled before, and call the park"),
        );
    }
    let record = NewRecord::decode(bytes)
        .ok_or_else(|| contradiction(number, "its record is not one record"))?;
    if let Some(field) = differs(&entry, &record, bytes) {
        let what = format!("{field} is not that of its record");
        return Err(contradiction(number, &what));
    }
    Ok((PulledEntry { entry, record }, chain))
}

/// The first field that an entry tells otherwise than its record.
fn differs(entry: &JournalEntry, record: &NewRecord, bytes: &[u8]) -> Option<&'static str> {
    let id =
        (record.message_id != [0; 16]).then(|| uuid::Uuid::from_bytes(record.message_id).into());
    let original = entry.original.as_deref();
    let fields = [
        ("the kind", wire_kind(record.kind) == entry.kind),
        (
            "the time",
            Timestamp::from_micros(record.time_micros) == entry.time,
        ),
        ("the cause", record.cause == entry.cause),
        ("the part", part(record) == entry.part),
        ("the sender", record.sender.parse().ok() == entry.sender_id),
        ("the message id", id == entry.message_id),
        (
            "the message type",
            type_in_label(&record.label).parse().ok() == entry.message_type,
        ),
        ("the digest", record.digest == entry.digest.0),
        (
            "the record's digest",
            entry
                .record_digest
                .is_none_or(|leaf| leaf.0 == chain::leaf_of(entry.number, bytes)),
        ),
        (
            "the original",
            original.is_none_or(|original| is_original(original, record)),
        ),
    ];
    fields
        .iter()
        .find(|(_, same)| !same)
        .map(|(field, _)| *field)
}

/// Position of a message in its submission, from 1; 0 for what is no part of one.
fn part(record: &NewRecord) -> u32 {
    let is_part = record.kind == EntryKind::Message.number()
        && record.body.is_empty()
        && !matches!(record.form, BodyForm::Gone { .. });
    if is_part {
        u32::from(record.part) + 1
    } else {
        0
    }
}

/// Original bytes are those whose digest the record holds, or the record's own.
fn is_original(original: &[u8], record: &NewRecord) -> bool {
    cordon_wire::digest_of_bytes(original).0 == record.digest || record.body == original
}

pub(super) fn unfit(detail: String) -> Fault {
    Fault::new(
        "S070",
        format!("the answer does not follow from what was asked: {detail}"),
    )
    .remedy("keep what was pulled before, and call the park")
}

fn contradiction(number: u64, what: &str) -> Fault {
    Fault::new("S074", format!("entry {number} contradicts itself: {what}"))
        .remedy("keep what was pulled before, and call the park")
}
