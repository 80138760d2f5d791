//! Which checkpoints count, and which are made again.

use cordon_contract::{Clock as _, EntryKind, SystemClock};
use cordon_journal::{Changes, Journal, NewRecord, Options};
use cordon_model::{
    AuditEvent, Body, Header, Message, MessageId, Quality, SCHEMA_VERSION, Sensitivity,
};
use cordon_wire::write_message;

use super::*;

const HOUR: i64 = 3_600_000_000;

/// A journal of several segments, a state at its end, and their checkpoints.
struct Park {
    folder: tempfile::TempDir,
    journal: Journal,
    state: Arc<StateStore>,
    reader: Reader,
}

impl Park {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            segment_bytes: 64 * 1024,
            reserve_bytes: 4096,
            background: false,
            ..Options::new("p/h")
        };
        let dir = folder.path().join("journal");
        let mut park = Self {
            journal: Journal::open(&dir, options).unwrap(),
            state: Arc::new(
                StateStore::open(folder.path().join("state.redb"))
                    .unwrap()
                    .0,
            ),
            reader: Reader::open(&dir).unwrap(),
            folder,
        };
        park.writes(20);
        park
    }

    /// Writes so many large records, and the state goes on to the last.
    fn writes(&mut self, count: usize) {
        for _ in 0..count {
            let record = NewRecord {
                kind: EntryKind::Message.number(),
                body: vec![b'x'; 9_000].into(),
                ..NewRecord::default()
            };
            self.journal.append_batch(&[record]).unwrap();
        }
        let position = self.reader.position().unwrap();
        self.state
            .commit(&Changes::at(position.0, position.1))
            .unwrap();
    }

    /// Writes the entry that names a checkpoint.
    fn names(&mut self, made: &Checkpoint) {
        let hub = PartyId::new("hub-1").unwrap();
        let at = SystemClock.now();
        let said = Checkpoints::named(made, at, &hub);
        let event = AuditEvent {
            action: said.action,
            actor_id: hub.clone(),
            target: said.target,
            outcome: said.outcome,
            detail: said.detail,
            at,
        };
        let body = Body::AuditEvent(event);
        let message = Message {
            header: Header {
                schema_version: SCHEMA_VERSION.into(),
                message_id: MessageId::from_digest(&Digest(made.digest)),
                message_type: body.message_type(),
                park_code: "JS-DEMO".parse().unwrap(),
                sender_id: hub,
                recipient_id: None,
                occurred_at: at,
                sent_at: at,
                sequence: 0,
                correlation_id: None,
                source_ref: None,
                quality: Quality::Derived,
                sensitivity: Sensitivity::Internal,
                test: false,
                attested_by: None,
            },
            body,
        };
        let record = NewRecord {
            kind: EntryKind::Audit.number(),
            label: ACTION.to_owned(),
            body: write_message(&message).unwrap().into(),
            ..NewRecord::default()
        };
        self.journal.append_batch(&[record]).unwrap();
    }

    /// As a process that starts finds them.
    fn checkpoints(&self) -> Checkpoints {
        Checkpoints::of(self.folder.path(), "p/h", 24)
    }

    /// The next that is due so many hours from now.
    fn next(&self, of: &Checkpoints, hours: i64) -> Option<Checkpoint> {
        // The hub holds the state too.
        let _hub = Arc::clone(&self.state);
        let now = SystemClock.now().micros() + hours * HOUR;
        let state = Arc::downgrade(&self.state);
        of.next(&state, &self.reader, Timestamp::from_micros(now))
            .unwrap()
    }
}

/// A hub was ended between the file and the entry that names it, and had no checkpoint for a day.
#[test]
fn one_that_the_journal_does_not_name_is_made_again() {
    let mut park = Park::new();
    let first = park.next(&park.checkpoints(), 0).unwrap();
    park.writes(1);
    let of = park.checkpoints();
    assert_eq!(of.bound(&park.reader).unwrap(), None);
    let made = park.next(&of, 0).unwrap();
    park.names(&made);
    let of = park.checkpoints();
    assert_eq!(park.next(&of, 23), None, "the newest is of today");
    assert!(!first.path.exists() && made.path.exists());
    park.writes(20);
    let second = park.next(&of, 25).unwrap();
    assert_eq!(park.next(&of, 25).unwrap(), second, "nobody names it");
    park.names(&second);
    let of = park.checkpoints();
    let bound = of.bound(&park.reader).unwrap().unwrap();
    assert_eq!(bound.number, made.position.0);
}

/// A copy under another name is no second checkpoint, and a damaged one no newest.
#[test]
fn a_copy_and_a_damaged_one_do_not_count() {
    let mut park = Park::new();
    let made = park.next(&park.checkpoints(), 0).unwrap();
    park.names(&made);
    let named = |number: u64| made.path.with_file_name(format!("{number:012}.checkpoint"));
    let (copy, damaged) = (named(900), named(901));
    std::fs::copy(&made.path, &copy).unwrap();
    std::fs::write(&damaged, b"CORDONK1").unwrap();
    let of = park.checkpoints();
    assert_eq!(park.next(&of, 0), None);
    assert_eq!(of.bound(&park.reader).unwrap(), None, "one is no two");
    park.writes(20);
    let second = park.next(&of, 25).unwrap();
    park.names(&second);
    let of = park.checkpoints();
    let bound = of.bound(&park.reader).unwrap().unwrap();
    assert_eq!(bound.number, made.position.0);
    // A state that is lost goes on from the newer one, whatever the copy is called.
    let state = StateStore::open(park.folder.path().join("other.redb"))
        .unwrap()
        .0;
    assert_eq!(
        of.fill(&state, &park.reader).unwrap(),
        Some(second.position.0)
    );
}

/// Where the older one stands lies in an archive whose disk is not mounted.
#[test]
fn one_that_the_journal_cannot_be_asked_about_stays() {
    let mut park = Park::new();
    let first = park.next(&park.checkpoints(), 0).unwrap();
    park.names(&first);
    park.writes(20);
    let second = park.next(&park.checkpoints(), 25).unwrap();
    park.names(&second);
    let archive = park.folder.path().join("archive");
    let away = park.folder.path().join("away");
    std::fs::create_dir(&archive).unwrap();
    let (mut packer, mut archiver) = (park.journal.packer(), park.journal.archiver(&archive));
    while packer.pack_next(i64::MAX).unwrap().is_some() {}
    while let Some(moved) = archiver.archive_next(i64::MAX).unwrap() {
        if moved.last > first.position.0 {
            break;
        }
    }
    let disk = Arc::new(cordon_journal::disk::RealDisk);
    let dir = park.folder.path().join("journal");
    park.reader = Reader::of(disk, dir, "p/h").with_archive(Some(&archive));
    std::fs::rename(&archive, &away).unwrap();
    let asked = park.reader.get(first.position.0);
    assert!(asked.is_err(), "{asked:?}");
    let of = park.checkpoints();
    assert_eq!(park.next(&of, 0), None);
    assert!(first.path.exists(), "the journal may name it");
    assert_eq!(of.bound(&park.reader).unwrap(), None);
    std::fs::rename(&away, &archive).unwrap();
    let bound = of.bound(&park.reader).unwrap().unwrap();
    assert_eq!(bound.number, first.position.0);
    // Two newer ones are enough, whatever it would say.
    std::fs::rename(&archive, &away).unwrap();
    park.writes(20);
    let third = park.next(&park.checkpoints(), 25).unwrap();
    park.names(&third);
    let of = park.checkpoints();
    assert_eq!(park.next(&of, 0), None);
    assert!(!first.path.exists() && second.path.exists() && third.path.exists());
}
