//! `GetMessages`: entries after a position, so that whoever pulls can follow the hash chain.
//!
//! A call that names message types gets those messages in full, with `ReportRequest` what came of the
//! requests as well, and every entry between them as a link alone: its leaf of the chain stands in the place of its record. Positions stay without
//! holes, so a filtered answer is verified like any other.

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use cordon_contract::{EntryKind, Fault, REPORT_ANSWERED, type_in_label};
use cordon_journal::{FaultKind, Hash, JournalFault, Reader, Record, Records, chain};
use cordon_model::service::{self, GetMessages, GetMessagesResponse, JournalEntry};
use cordon_model::{Digest, MessageType, Timestamp};
use cordon_security::wsse::VerifiedEnvelope;
use cordon_wire::service as wire;

use crate::answer::Reply;
use crate::call::{limit, payload, reply};
use crate::lawful::lawful;
use crate::questions::{Cost, IsGone};
use crate::{Core, Originals, Parts};

/// Bytes of records and originals in one answer, about; the first entry is told whatever its size.
const ENTRY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes that are looked at for one answer, about: bodies of entries, told or not, and what is read and parsed for
/// originals. At the most one entry, its submission and the batches they lie in go beyond.
const LOOKED_BYTES_MAX: usize = 4 * ENTRY_BYTES_MAX;
/// Bytes that an answer takes while it is made: entries, XML, and the canonical form to be signed.
const ANSWER_BYTES: usize = 3 * ENTRY_BYTES_MAX;

pub(crate) async fn get_messages(parts: &Parts, call: &VerifiedEnvelope) -> Result<Reply, Fault> {
    let asked = wire::read_get_messages(payload(call)?).map_err(lawful)?;
    let wait = Duration::from_secs(u64::from(asked.wait_seconds.unwrap_or(0)));
    parts.core.wait_beyond(asked.after, wait).await;
    let room = parts.room(call.identity(), ANSWER_BYTES).await?;
    let (reader, core) = (parts.reader.clone(), Arc::clone(&parts.core));
    let work = move |is_gone: IsGone<'_>| {
        let page = page(&reader, core.as_ref(), &asked, is_gone)?;
        let reply = reply(wire::write_get_messages_response(&page))?;
        Ok(Reply {
            room: Some(room),
            ..reply
        })
    };
    let questions = &parts.questions;
    questions.read(call.identity(), Cost::Pages, work).await
}

/// Entries that could not be read.
enum Unread {
    /// Of the journal.
    Journal(JournalFault),
    /// Any other.
    Other(Fault),
}

impl From<JournalFault> for Unread {
    fn from(fault: JournalFault) -> Self {
        Self::Journal(fault)
    }
}

impl From<Fault> for Unread {
    fn from(fault: Fault) -> Self {
        Self::Other(fault)
    }
}

fn page(
    reader: &Reader,
    core: &dyn Core,
    asked: &GetMessages,
    is_gone: IsGone<'_>,
) -> Result<GetMessagesResponse, Fault> {
    let failed = match read(reader, core, (asked, None), is_gone) {
        Err(Unread::Journal(failed)) if failed.kind() == FaultKind::Trimmed => failed,
        read => return read.map_err(fault_of),
    };
    let (last_gone, chain) = reader.before_first().map_err(journal)?;
    match asked.after.cmp(&last_gone) {
        Ordering::Less => Err(gone(asked.after, last_gone, &chain)),
        // Its record is gone; the chain hash of it stands before the first that is kept.
        Ordering::Equal => read(reader, core, (asked, Some(chain)), is_gone).map_err(fault_of),
        Ordering::Greater => Err(journal(failed)),
    }
}

/// The entries after one whose chain hash is known, or stands in its record.
fn read(
    reader: &Reader,
    core: &dyn Core,
    (asked, known): (&GetMessages, Option<Hash>),
    is_gone: IsGone<'_>,
) -> Result<GetMessagesResponse, Unread> {
    // A reader may see an entry that is not durable yet; after a power cut it may be another one.
    let (head, head_chain) = core.durable();
    let before = match (known, asked.after) {
        (Some(chain), _) => chain,
        (None, 0) => chain::genesis(reader.identity()),
        (None, after) => {
            reader
                .get(after)?
                .filter(|_| after <= head)
                .ok_or_else(|| ahead(after, head))?
                .chain
        }
    };
    let records = reader.read_range(asked.after + 1, head)?;
    let entry = entries(records, core.originals().as_mut(), asked, is_gone)?;
    let next = entry
        .last()
        .map_or(asked.after, |last: &JournalEntry| last.number);
    Ok(GetMessagesResponse {
        entry,
        previous_chain_hash: Digest::from(before),
        next,
        head,
        head_chain_hash: Digest::from(head_chain),
        more: next < head,
    })
}

/// As many entries as one answer holds, or as may be looked at for one.
fn entries(
    records: Records,
    originals: &mut dyn Originals,
    asked: &GetMessages,
    is_gone: IsGone<'_>,
) -> Result<Vec<JournalEntry>, Unread> {
    let limit = limit(asked.limit);
    let mut entry = Vec::new();
    let (mut bytes, mut looked) = (0, 0_usize);
    for record in records {
        let record = record?;
        looked = looked.saturating_add(record.body.len());
        let is_much = looked.saturating_add(originals.bytes()) > LOOKED_BYTES_MAX;
        if entry.len() >= limit || (is_much && !entry.is_empty()) {
            break;
        }
        if is_gone() {
            return Err(left().into());
        }
        let shown = shown(&record, originals, asked)?;
        bytes += size(&shown);
        if bytes > ENTRY_BYTES_MAX && !entry.is_empty() {
            break;
        }
        entry.push(shown);
    }
    Ok(entry)
}

/// Ends the work for an answer that nobody waits for.
fn left() -> Fault {
    Fault::new("S021", "the entries could not be read").log("whoever asked has gone")
}

/// About how many bytes an entry takes in the answer.
fn size(entry: &JournalEntry) -> usize {
    let of = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, |bytes| bytes.len() * 2);
    1_024 + of(&entry.record) + of(&entry.original)
}

fn shown(
    record: &Record,
    originals: &mut dyn Originals,
    asked: &GetMessages,
) -> Result<JournalEntry, Unread> {
    let mut encoded = Vec::new();
    record.to_new().encode_into(&mut encoded)?;
    let message_type = type_in_label(&record.label).parse().ok();
    let is_asked = asked.message_type.is_empty()
        || (record.kind == EntryKind::Message.number()
            && message_type.is_some_and(|label| asked.message_type.contains(&label)));
    let is_asked = is_asked || is_answer(record, asked);
    let is_part = record.kind == EntryKind::Message.number()
        && record.body.is_empty()
        && !record.is_expired();
    let link = JournalEntry {
        number: record.number,
        kind: wire_kind(record.kind),
        time: Timestamp::from_micros(record.time_micros),
        cause: record.cause,
        part: if is_part {
            u32::from(record.part) + 1
        } else {
            0
        },
        sender_id: None,
        message_id: None,
        message_type: None,
        digest: Digest::from(record.digest),
        chain_hash: Digest::from(record.chain),
        original: None,
        record_digest: None,
        record: None,
    };
    if !is_asked {
        let leaf = chain::leaf_of(record.number, &encoded);
        return Ok(JournalEntry {
            record_digest: Some(Digest::from(leaf)),
            ..link
        });
    }
    let with_original = asked.with_original == Some(true);
    Ok(JournalEntry {
        sender_id: record.sender.parse().ok(),
        message_id: (record.message_id != [0; 16])
            .then(|| uuid::Uuid::from_bytes(record.message_id).into()),
        message_type,
        original: match with_original {
            true => originals.of(record)?.map(Vec::from),
            false => None,
        },
        record: Some(encoded),
        ..link
    })
}

/// Whether the entry says what came of a request for a report, for who asks for requests.
fn is_answer(record: &Record, asked: &GetMessages) -> bool {
    record.kind == EntryKind::Audit.number()
        && record.label == REPORT_ANSWERED
        && asked.message_type.contains(&MessageType::ReportRequest)
}

/// The kind of a record in the language. One that a program of another version wrote keeps its place:
/// whoever pulls must come past it.
pub(crate) fn wire_kind(number: u8) -> service::EntryKind {
    match EntryKind::from_number(number) {
        Some(EntryKind::Submission) => service::EntryKind::Submission,
        Some(EntryKind::Message) => service::EntryKind::Message,
        Some(EntryKind::Refused) => service::EntryKind::Refused,
        Some(EntryKind::Order) => service::EntryKind::Order,
        Some(EntryKind::Outcome) => service::EntryKind::Outcome,
        Some(EntryKind::Tick) => service::EntryKind::Tick,
        Some(EntryKind::Audit) => service::EntryKind::Audit,
        // The language has no word for the hub's settings: an entry of the journal, and no message to anybody.
        Some(EntryKind::Settings) | None => service::EntryKind::Unknown,
    }
}

fn fault_of(unread: Unread) -> Fault {
    match unread {
        Unread::Journal(failed) => journal(failed),
        Unread::Other(fault) => fault,
    }
}

fn journal(fault: JournalFault) -> Fault {
    Fault::new("S021", "the entries could not be read").log(fault.to_string())
}

/// What was asked for went by the park's rule or is in an archive that is away: coming again changes nothing. The form
/// of the text is told in `docs/reference/exchange.md`; pullers read it.
fn gone(after: u64, last_gone: u64, chain: &Hash) -> Fault {
    let first = last_gone.saturating_add(1);
    let chain = Digest::from(*chain);
    let text = format!(
        "what comes after entry {after} is not kept any more: the first entry kept is {first}, the chain hash before it is {chain}"
    );
    Fault::new(FaultKind::Trimmed.code(), text)
        .at("/Envelope/Body/GetMessages/After")
        .remedy(format!(
            "ask the park for an archive of what is gone, or do without it: ask after {last_gone}, with that chain hash (cordon pull messages --after {last_gone} --chain {chain})"
        ))
}

fn ahead(after: u64, head: u64) -> Fault {
    Fault::new(
        "S013",
        format!("entry {after} is not written yet; the last is {head}"),
    )
    .at("/Envelope/Body/GetMessages/After")
    .remedy("ask after an entry that exists")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use bytes::Bytes;
    use cordon_contract::BoxFuture;
    use cordon_journal::{Journal, NewRecord, Options, Position};
    use cordon_model::service::{QueryGrants, ReportEntry};
    use cordon_model::{AccessGrant, MessageId, PartyId, Receipt};
    use cordon_security::Identity;

    use super::*;
    use crate::{Refused, Remains};

    /// Originals of nothing, each of which costs so many bytes.
    struct Costing {
        each: usize,
        bytes: usize,
    }

    impl Originals for Costing {
        fn of(&mut self, _: &Record) -> Result<Option<Bytes>, Fault> {
            self.bytes += self.each;
            Ok(None)
        }

        fn bytes(&self) -> usize {
            self.bytes
        }
    }

    /// A hub that has a journal and nothing else.
    struct Still(Position);

    impl Core for Still {
        fn known(&self, _: &Identity) -> Result<(), Fault> {
            Ok(())
        }

        fn submit(
            &self,
            _: VerifiedEnvelope,
        ) -> BoxFuture<'_, Result<Vec<Result<Receipt, Refused>>, Refused>> {
            Box::pin(async { Ok(Vec::new()) })
        }

        fn refuse<'a>(
            &'a self,
            _: Remains,
            _: &'a Identity,
            _: &'a Fault,
        ) -> BoxFuture<'a, Option<u64>> {
            Box::pin(async { None })
        }

        fn receipt<'a>(
            &'a self,
            _: &'a PartyId,
            _: &'a MessageId,
        ) -> BoxFuture<'a, Result<Option<Receipt>, Fault>> {
            Box::pin(async { Ok(None) })
        }

        fn grants<'a>(
            &'a self,
            _: &'a PartyId,
            _: &'a QueryGrants,
            _: usize,
        ) -> BoxFuture<'a, Result<(Vec<AccessGrant>, bool), Fault>> {
            Box::pin(async { Ok((Vec::new(), false)) })
        }

        fn originals(&self) -> Box<dyn Originals> {
            Box::new(Costing { each: 0, bytes: 0 })
        }

        fn wait_beyond(&self, _: u64, _: Duration) -> BoxFuture<'_, ()> {
            Box::pin(async {})
        }

        fn durable(&self) -> Position {
            self.0
        }

        fn pulled<'a>(&'a self, _: &'a PartyId, _: &'a str, _: u32) -> BoxFuture<'a, ()> {
            Box::pin(async {})
        }

        fn reports(&self) -> Result<Vec<ReportEntry>, Fault> {
            Ok(Vec::new())
        }

        fn report(&self, _: &str, _: u32) -> Result<Vec<u8>, Fault> {
            Ok(Vec::new())
        }
    }

    #[test]
    fn an_entry_of_an_unknown_kind_keeps_its_place_and_stops_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path(), Options::new("JS-1/hub-1")).unwrap();
        // Neither has a word in the language.
        let (tick, settings) = (EntryKind::Tick.number(), EntryKind::Settings.number());
        let records: Vec<_> = [tick, 200, settings, tick]
            .map(|kind| NewRecord {
                kind,
                sender: "hub-1".to_owned(),
                ..NewRecord::default()
            })
            .into();
        journal.append_batch(&records).unwrap();
        let reader = journal.reader().unwrap();
        let last = reader.get(4).unwrap().unwrap();
        let core = Still((4, last.chain));
        for message_type in [Vec::new(), vec![cordon_model::MessageType::AlarmEvent]] {
            let is_filtered = !message_type.is_empty();
            let asked = GetMessages {
                after: 0,
                limit: None,
                message_type,
                wait_seconds: None,
                with_original: Some(true),
            };
            let page = page(&reader, &core, &asked, &|| false).unwrap();
            let kinds: Vec<_> = page.entry.iter().map(|entry| entry.kind).collect();
            let (tick, unknown) = (service::EntryKind::Tick, service::EntryKind::Unknown);
            assert_eq!(kinds, [tick, unknown, unknown, tick]);
            assert!(!page.more && page.next == 4);
            for entry in &page.entry {
                assert_eq!(entry.record.is_none(), is_filtered);
                assert_eq!(entry.record_digest.is_some(), is_filtered);
            }
            assert!(wire::write_get_messages_response(&page).is_ok());
        }
    }

    /// Who asks from before the first entry kept was told to come again later, for ever.
    #[test]
    fn who_asks_for_what_is_gone_is_told_where_to_go_on_and_follows_the_chain_from_there() {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            segment_bytes: 512 * 1024,
            reserve_bytes: 4096,
            background: false,
            ..Options::new("JS-1/hub-1")
        };
        let mut journal = Journal::open(folder.path(), options).unwrap();
        let records: Vec<_> = (0..4)
            .map(|_| NewRecord {
                kind: EntryKind::Message.number(),
                sender: "hub-1".to_owned(),
                body: Bytes::from(vec![7; 8_000]),
                ..NewRecord::default()
            })
            .collect();
        for _ in 0..40 {
            journal.append_batch(&records).unwrap();
        }
        assert!(journal.trim(100).unwrap() > 0, "too few segments");
        let reader = journal.reader().unwrap();
        let first = reader.first().unwrap().unwrap();
        let (head, head_chain) = reader.position().unwrap();
        let core = Still((head, head_chain));
        let ask = |after| {
            let asked = GetMessages {
                after,
                limit: Some(1_000),
                message_type: Vec::new(),
                wait_seconds: None,
                with_original: None,
            };
            page(&reader, &core, &asked, &|| false)
        };
        let (last_gone, chain) = reader.before_first().unwrap();
        assert_eq!(last_gone + 1, first);
        for after in [0, 1, last_gone - 1] {
            let fault = ask(after).unwrap_err();
            assert_eq!(fault.code(), "J014");
            let words = fault.peer_text();
            let chain = Digest::from(chain).to_string();
            assert!(
                words.contains(&format!("the first entry kept is {first},"))
                    && words.contains(&chain)
            );
            let flags = format!("--after {last_gone} --chain {chain}");
            assert!(fault.remedy_text().contains(&flags), "{fault}");
        }
        let told = ask(last_gone).unwrap();
        assert_eq!(told.previous_chain_hash.0, chain);
        assert_eq!(told.entry.first().unwrap().number, first);
        let mut at = chain;
        for entry in &told.entry {
            let record = entry.record.as_deref().unwrap();
            at = chain::link(&at, &chain::leaf_of(entry.number, record));
            assert_eq!(at, entry.chain_hash.0);
        }
        assert_eq!((told.next, at), (head, head_chain));
        assert_eq!(ask(first).unwrap().entry.first().unwrap().number, first + 1);
        assert_eq!(ask(head + 1).unwrap_err().code(), "S013");
    }

    /// Who filtered for requests saw what was asked, and never that it was refused.
    #[test]
    fn who_asks_for_requests_for_reports_is_told_what_came_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path(), Options::new("JS-1/hub-1")).unwrap();
        let record = |kind: EntryKind, label: &str, cause| NewRecord {
            kind: kind.number(),
            label: label.to_owned(),
            sender: "hub-1".to_owned(),
            cause,
            body: Bytes::from(label.to_owned()),
            ..NewRecord::default()
        };
        let records = [
            record(EntryKind::Message, "ReportRequest", 0),
            record(EntryKind::Audit, "hub.start", 0),
            record(EntryKind::Audit, "report.answered", 1),
            record(EntryKind::Message, "AlarmEvent", 0),
        ];
        journal.append_batch(&records).unwrap();
        let reader = journal.reader().unwrap();
        let last = reader.get(4).unwrap().unwrap();
        for (message_type, told) in [
            (MessageType::ReportRequest, [true, false, true, false]),
            (MessageType::AlarmEvent, [false, false, false, true]),
        ] {
            let asked = GetMessages {
                after: 0,
                limit: None,
                message_type: vec![message_type],
                wait_seconds: None,
                with_original: None,
            };
            let core = Still((4, last.chain));
            let page = page(&reader, &core, &asked, &|| false).unwrap();
            let full: Vec<_> = page.entry.iter().map(|it| it.record.is_some()).collect();
            assert_eq!(full, told, "{message_type}");
            assert_eq!(page.entry[2].cause, 1);
            assert!(wire::write_get_messages_response(&page).is_ok());
        }
    }

    /// What is looked at is bounded, whatever of it is told; and nothing more is once nobody waits.
    #[test]
    fn an_answer_is_cut_where_too_much_was_looked_at_or_nobody_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path(), Options::new("JS-1/hub-1")).unwrap();
        let records: Vec<_> = (0..40)
            .map(|_| NewRecord {
                kind: EntryKind::Message.number(),
                sender: "hub-1".to_owned(),
                body: Bytes::from_static(b"message"),
                ..NewRecord::default()
            })
            .collect();
        journal.append_batch(&records).unwrap();
        let reader = journal.reader().unwrap();
        let asked = GetMessages {
            after: 0,
            limit: None,
            message_type: Vec::new(),
            wait_seconds: None,
            with_original: Some(true),
        };
        let told = |each, is_gone: IsGone<'_>| {
            let mut originals = Costing { each, bytes: 0 };
            let records = reader.read_from(1).unwrap();
            let told = entries(records, &mut originals, &asked, is_gone);
            (told.map(|told| told.len()).ok(), originals.bytes)
        };
        let each = LOOKED_BYTES_MAX / 10;
        assert_eq!(told(1, &|| false).0, Some(40));
        assert_eq!(told(each, &|| false), (Some(10), 10 * each));
        let too_much = LOOKED_BYTES_MAX + 1;
        assert_eq!(told(too_much, &|| false), (Some(1), too_much), "it goes on");
        let looks = std::cell::Cell::new(0);
        let soon = || looks.replace(looks.get() + 1) == 3;
        assert_eq!(told(1, &soon), (None, 3), "three were looked at");
    }
}
