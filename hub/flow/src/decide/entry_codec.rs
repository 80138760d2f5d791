//! From a record of the journal back to an entry, and where the bytes behind it lie.
//!
//! | kind | body of the record |
//! |---|---|
//! | `Submission` | the signed bytes as the sender made them |
//! | `Message` with an empty body | part `part` of the submission `cause` |
//! | `Message`, `Order`, `Outcome`, `Audit` | the canonical XML the hub sealed |
//! | `Refused` | the canonical refusal, `part` bytes long, then the raw bytes refused |
//! | `Tick` | nothing |
//! | `Settings` | the part as the configuration said it then |

use std::sync::Arc;

use bytes::Bytes;
use cordon_contract::{Entry, EntryKind, Fault, type_in_label};
use cordon_journal::Record;
use cordon_model::{Digest, Message, MessageId, PartyId, Timestamp};
use cordon_wire::read_message;
use cordon_xml::Document;

use crate::decide::draft::{Draft, Slip, acted_at};
use crate::decide::settings::SettingsLabel;
use crate::decide::submission::{ParsedSubmission, stored_limits};
use crate::fault::{EXPIRED, UNREADABLE, fault, of_wire};

/// Why a record did not become an entry.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The journal itself failed; another try may succeed.
    Journal(Fault),
    /// The record stands there whole and cannot be read, today or later, by this program.
    Unreadable(Fault),
    /// What it said has expired.
    Expired,
}

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Journal(fault) => fault,
            Trouble::Expired => fault(EXPIRED),
            Trouble::Unreadable(fault) if fault.code() == UNREADABLE => fault,
            Trouble::Unreadable(fault) => unreadable(fault.to_string()),
        }
    }
}

/// True when the message of this record lies in a submission.
pub(crate) fn is_part(record: &Record) -> bool {
    record.kind == EntryKind::Message.number() && record.body.is_empty() && !record.is_expired()
}

/// The draft a record was made from. `part_of` gives the submission of a part.
pub(crate) fn draft_of(
    record: &Record,
    part_of: impl FnOnce(u64) -> Result<Arc<ParsedSubmission>, Trouble>,
) -> Result<Draft, Trouble> {
    if record.is_expired() {
        return Err(Trouble::Expired);
    }
    let odd = |why: String| Trouble::Unreadable(unreadable(why));
    let kind = EntryKind::from_number(record.kind).ok_or_else(|| {
        odd(format!(
            "a program of another version wrote kind {}",
            record.kind
        ))
    })?;
    let message = match kind {
        EntryKind::Submission | EntryKind::Tick => None,
        EntryKind::Settings if SettingsLabel::read(&record.label).is_none() => {
            return Err(odd("settings that do not say of what".to_owned()));
        }
        EntryKind::Settings => None,
        EntryKind::Message if record.body.is_empty() => Some(
            part_of(record.cause)?
                .message(record.part)
                .map_err(Trouble::Unreadable)?,
        ),
        // A refusal that could not be put into the language stands there without words.
        EntryKind::Refused if record.part == 0 => None,
        EntryKind::Refused => Some(parse(refusal_bytes(record))?),
        _ => Some(parse(&record.body)?),
    };
    let slip = match kind {
        EntryKind::Order => Some(
            Slip::read(&record.label, record.flags)
                .ok_or_else(|| odd("an order without a deadline".to_owned()))?,
        ),
        _ => None,
    };
    let sender = PartyId::new(record.sender.as_str())
        .map_err(|error| odd(format!("its sender: {error}")))?;
    Ok(Draft {
        kind,
        part: record.part,
        flags: record.flags,
        cause: record.cause,
        sender,
        message_id: MessageId::from_bytes(record.message_id),
        digest: Digest(record.digest),
        label: slip.as_ref().map_or_else(
            || type_in_label(&record.label).to_owned(),
            |slip| slip.target.0.clone(),
        ),
        body: record.body.clone(),
        message: message.map(Arc::new),
        slip,
        acted_at: acted_at(&record.label),
    })
}

/// The entry of a record and its draft.
pub(crate) fn entry_of(record: &Record, draft: &Draft) -> Entry {
    draft.entry(record.number, Timestamp::from_micros(record.time_micros))
}

/// The canonical refusal at the head of a refused record's body.
pub(crate) fn refusal_bytes(record: &Record) -> &[u8] {
    record
        .body
        .get(..usize::from(record.part))
        .unwrap_or_default()
}

/// The raw bytes behind the refusal.
pub(crate) fn refused_raw(record: &Record) -> Bytes {
    let from = usize::from(record.part).min(record.body.len());
    record.body.slice(from..)
}

fn parse(bytes: &[u8]) -> Result<Message, Trouble> {
    Document::parse(bytes, &stored_limits())
        .map_err(Into::into)
        .and_then(|document| read_message(document.root()))
        .map_err(|breach| Trouble::Unreadable(of_wire(breach)))
}

fn unreadable(why: String) -> Fault {
    fault(UNREADABLE).log(why)
}
