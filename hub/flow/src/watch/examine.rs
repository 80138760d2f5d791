//! Looking below the chain: whether what the entries hold is what their senders signed.
//!
//! Whoever can rewrite a journal can also compute its chain and its checksums anew. What he cannot
//! compute is a sender's signature, and the digest that stands in a receipt.

use cordon_contract::{EntryKind, Fault};
use cordon_journal::{Reader, Record};
use cordon_model::{Message, Timestamp};
use cordon_security::wsse::{self, Policy};
use cordon_security::{Certificate, Dated, Role, TrustStore};
use cordon_wire::{digest_of_bytes, parse_message};

use crate::decide::entry_time::EntryClock;
use crate::decide::submission::ParsedSubmission;
use crate::fault::{UNREADABLE, of_journal};
use crate::watch::lists_held::{Heard, ListsHeld};

/// `J055`: the bytes of an entry are not those whose digest it holds.
const OTHER_BYTES: &str = "J055";
/// `J056`: an entry names another sender or message than its bytes.
const OTHER_HEAD: &str = "J056";
/// `J057`: a sender was heard whose certificate is revoked as of before, by a list that the hub had not read yet.
const UNREAD: &str = "J057";
/// `V012`: the certificate is revoked.
const REVOKED: &str = "V012";
/// Findings listed at most; more are only counted.
const FINDINGS_MAX: usize = 1_000;

/// One entry that is not what it says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// The entry.
    pub number: u64,
    /// Stable code: `J055`, `J056`, `J057`, `F012`, or the `V` code of a signature.
    pub code: &'static str,
    /// What is wrong.
    pub text: String,
}

/// What an examination came to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Examination {
    /// Entries looked at.
    pub entries: u64,
    /// Signed submissions, each verified as of what the hub's clock showed at its entry.
    pub signatures: u64,
    /// Messages whose digest was computed again.
    pub digests: u64,
    /// What is wrong, in order; at most 1,000.
    pub findings: Vec<Finding>,
    /// How many findings there are in all.
    pub finding_count: u64,
    /// What is to be known and is no damage (`J057`), in order; at most 1,000.
    pub notes: Vec<Finding>,
    /// How many of these there are in all.
    pub note_count: u64,
}

/// The submission whose parts follow.
struct Open {
    number: u64,
    parsed: ParsedSubmission,
}

struct Examiner<'a> {
    trust: &'a TrustStore,
    policy: Policy,
    open: Option<Open>,
    clock: EntryClock,
    lists: ListsHeld,
    reader: Reader,
    done: Examination,
}

/// Examines the journal of `reader`: the digest of every message, the signature of every submission. A
/// certificate must have been good when its entry was written, by the hub's clock, which entries may be
/// ahead of, and by the list that the hub held, which the journal tells; that it has ended or was revoked
/// since changes nothing. Works beside a running hub; `told` hears the number of each entry.
///
/// # Errors
/// When the journal cannot be read; what is wrong in it is a finding.
pub fn examine(
    reader: Reader,
    trust: &TrustStore,
    mut told: impl FnMut(u64),
) -> Result<Examination, Fault> {
    let records = reader
        .read_from(0)
        .map_err(|failure| of_journal(&failure))?;
    let mut examiner = Examiner {
        trust,
        policy: Policy::new(&Role::ALL).without_replay_guard(),
        open: None,
        clock: EntryClock::default(),
        lists: ListsHeld::default(),
        reader,
        done: Examination::default(),
    };
    for record in records {
        let record = record.map_err(|failure| of_journal(&failure))?;
        examiner.record(&record);
        told(record.number);
    }
    Ok(examiner.done)
}

impl Examiner<'_> {
    fn record(&mut self, record: &Record) {
        self.done.entries += 1;
        if record.is_expired() {
            return;
        }
        match EntryKind::from_number(record.kind) {
            None => self.found(record, UNREADABLE, format!("kind {}", record.kind)),
            // What was refused need not be whole, and a tick holds nothing.
            Some(EntryKind::Tick | EntryKind::Refused) => {}
            Some(EntryKind::Submission) => self.submission(record),
            Some(EntryKind::Settings) => self.own_digest(record),
            Some(EntryKind::Message) if record.body.is_empty() => self.part(record),
            Some(kind) => self.sealed(record, kind),
        }
    }

    fn submission(&mut self, record: &Record) {
        self.own_digest(record);
        // Entries may be days ahead of the clock by which the hub took it.
        let at = self.clock.at(Timestamp::from_micros(record.time_micros));
        self.done.signatures += 1;
        let taken = Dated::Held(at);
        match wsse::verify_evidence(record.body.to_vec(), self.trust, &self.policy, taken) {
            Err(fault) => self.found(record, fault.code(), fault.log_text().to_owned()),
            Ok(certificate) => self.signed_by(record, &certificate, at),
        }
        self.open = match ParsedSubmission::parse(record.body.clone()) {
            Ok(parsed) => Some(Open {
                number: record.number,
                parsed,
            }),
            Err(fault) => {
                self.found(record, fault.code(), fault.log_text().to_owned());
                None
            }
        };
    }

    /// Who signed a submission must be who it is from, with a certificate that counted for the hub.
    fn signed_by(&mut self, record: &Record, certificate: &Certificate, at: Timestamp) {
        let signer = &certificate.identity().id;
        if signer.as_str() != record.sender {
            let text = format!("{signer} signed, {} is named", record.sender);
            self.found(record, OTHER_HEAD, text);
        }
        let revoked = self.trust.revoked_at(certificate.serial());
        match self.lists.judge(certificate, revoked, at) {
            Heard::Good => {}
            Heard::Revoked(text) => self.found(record, REVOKED, text),
            Heard::Unread(text) => {
                self.done.note_count += 1;
                note(&mut self.done.notes, record, UNREAD, text);
            }
        }
    }

    /// A message that lies in a submission before it.
    fn part(&mut self, record: &Record) {
        let read = self.find(record.cause).and_then(|parsed| {
            let Some(parsed) = parsed else {
                return Ok(None);
            };
            let canonical = parsed.canonical(record.part)?;
            Ok(Some((canonical, parsed.message(record.part)?)))
        });
        match read {
            Err(fault) => self.found(record, fault.code(), fault.log_text().to_owned()),
            Ok(None) => {}
            Ok(Some((canonical, message))) => {
                self.digest(record, &canonical);
                self.head(record, &message);
            }
        }
    }

    /// The submission of a part, nearly always the one that was read last; `None` when it has expired.
    fn find(&mut self, number: u64) -> Result<Option<&ParsedSubmission>, Fault> {
        if self.open.as_ref().is_none_or(|open| open.number != number) {
            let record = self
                .reader
                .get(number)
                .map_err(|failure| of_journal(&failure))?
                .ok_or_else(|| crate::fault::fault(UNREADABLE))?;
            if record.is_expired() {
                return Ok(None);
            }
            let parsed = ParsedSubmission::parse(record.body)?;
            self.open = Some(Open { number, parsed });
        }
        Ok(self.open.as_ref().map(|open| &open.parsed))
    }

    /// What the hub sealed itself.
    fn sealed(&mut self, record: &Record, kind: EntryKind) {
        self.own_digest(record);
        match parse_message(&record.body) {
            Err(breach) => self.found(record, UNREADABLE, breach.to_string()),
            Ok(message) => {
                let said = (kind, record.flags);
                self.clock.take(said, Some(&message));
                self.lists.take(said, &message);
                self.head(record, &message);
            }
        }
    }

    fn own_digest(&mut self, record: &Record) {
        let bytes = record.body.clone();
        self.digest(record, &bytes);
    }

    fn digest(&mut self, record: &Record, bytes: &[u8]) {
        self.done.digests += 1;
        let digest = digest_of_bytes(bytes);
        if digest.0 != record.digest {
            let text = format!("its bytes have digest {digest}, it holds another");
            self.found(record, OTHER_BYTES, text);
        }
    }

    fn head(&mut self, record: &Record, message: &Message) {
        let header = &message.header;
        let same = (header.sender_id.as_str(), header.message_id.as_bytes())
            == (record.sender.as_str(), &record.message_id);
        if !same {
            let text = format!(
                "it is message {} of {}, another is named",
                header.message_id, header.sender_id
            );
            self.found(record, OTHER_HEAD, text);
        }
    }

    fn found(&mut self, record: &Record, code: &'static str, text: String) {
        self.done.finding_count += 1;
        note(&mut self.done.findings, record, code, text);
    }
}

/// Lists it, when there is room.
fn note(list: &mut Vec<Finding>, record: &Record, code: &'static str, text: String) {
    if list.len() < FINDINGS_MAX {
        list.push(Finding {
            number: record.number,
            code,
            text,
        });
    }
}
