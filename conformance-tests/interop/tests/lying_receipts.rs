//! Receipts with the hub's own signature that are of another message than the entry which they name: laid before the
//! journal they are found, whatever became of the body. What names no entry is said to prove nothing.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cordon_contract::{Clock as _, EntryKind, SystemClock};
use cordon_interop::{Head, Park, fresh_id, message, message_file, moment, program, said};
use cordon_journal::{Journal, NewRecord, Options, Reader, Record};
use cordon_model::service::{Answer, SubmissionResult, SubmitMessagesResponse};
use cordon_model::{Digest, MessageId, PartyId, Receipt};
use cordon_security::Signer;
use cordon_security::wsse::{self, SoapVersion};
use cordon_services::request_digest;
use cordon_wire::service as wire;

/// A journal that holds a message of enterprise-1 and a refusal, and the hub's key.
struct Room {
    park: Park,
    signer: Signer,
}

impl Room {
    fn open() -> Self {
        let mut park = Park::start();
        for (sender, told) in [
            ("enterprise-1", "accepted 1"),
            ("enterprise-2", "refused 1"),
        ] {
            let words = said(&park.submit("enterprise-1", &[on_duty(&park, sender)]));
            assert!(words.contains(told), "{words}");
        }
        assert_eq!(park.terminate(), Some(0), "{}", park.log());
        let own = park.data().join("certs/hub-1");
        let signer = Signer::load(&own.join("chain.pem"), &own.join("key.pem")).unwrap();
        Self { park, signer }
    }

    fn journal(&self) -> PathBuf {
        self.park.data().join("journal")
    }

    fn records(&self) -> Vec<Record> {
        let records = Reader::open(self.journal()).unwrap().read_from(1).unwrap();
        records.map(Result::unwrap).collect()
    }

    /// The entry of this kind that enterprise-1 wrote.
    fn entry(&self, kind: EntryKind) -> Record {
        let records = self.records();
        let mut found = records.into_iter().filter(|it| {
            it.kind == kind.number() && (it.sender == "enterprise-1" || kind == EntryKind::Refused)
        });
        found.next().unwrap_or_else(|| panic!("no {kind:?}"))
    }

    /// What an honest receipt says of an entry.
    fn receipt(&self, of: &Record) -> Receipt {
        Receipt {
            message_id: MessageId::from_bytes(of.message_id),
            sender_id: PartyId::new(&of.sender).unwrap(),
            park_code: self.signer.identity().park.clone(),
            entry_number: of.number,
            digest: Digest(of.digest),
            chain_hash: Digest(of.chain),
            received_at: SystemClock.now(),
            warning: Vec::new(),
        }
    }

    /// Puts an answer with these receipts, signed by the hub, into a folder; its path.
    fn sign(&self, folder: &Path, receipts: Vec<Receipt>) -> String {
        let results = (1..).zip(receipts).map(|(index, it)| SubmissionResult {
            index,
            answer: Answer::Receipt(it),
        });
        let response = SubmitMessagesResponse {
            result: results.collect(),
        };
        let payload = wire::write_submit_messages_response(&response).unwrap();
        let (block, now) = (request_digest(b"what was sent"), SystemClock.now());
        let signed = wsse::sign(&self.signer, SoapVersion::V12, block, payload, now).unwrap();
        let file = folder.join(format!("{}.xml", fresh_id()));
        std::fs::write(&file, signed).unwrap();
        file.display().to_string()
    }

    fn verify(&self, journal: &Path, receipts: &Path, words: &[&str]) -> Output {
        let mut verify = Command::new(program());
        verify.args(["journal", "verify", "--dir"]).arg(journal);
        verify.arg("--trust").arg(self.park.data().join("certs/ca"));
        let verify = verify.arg("--receipts").arg(receipts).args(words);
        verify.output().unwrap()
    }

    /// The same journal after every body that can expire has expired.
    fn forgotten(&self, folder: &Path) -> PathBuf {
        let journal = folder.join("journal");
        let mut writer = Journal::open(&journal, Options::new("JS-DEMO/hub-1")).unwrap();
        let records: Vec<NewRecord> = self.records().iter().map(Record::to_new).collect();
        let gone = |it: &NewRecord| it.without_body().unwrap_or_else(|| it.clone());
        writer
            .append_batch(&records.iter().map(gone).collect::<Vec<_>>())
            .unwrap();
        journal
    }
}

fn on_duty(park: &Park, sender: &str) -> PathBuf {
    let id = fresh_id();
    let fields = format!(
        "<c:EnterpriseId>{sender}</c:EnterpriseId><c:Required>4</c:Required>\
         <c:OnPost>3</c:OnPost><c:ObservedAt>{}</c:ObservedAt>",
        moment(0)
    );
    let text = message(Head::of(sender), &id, "OnDutyStatus", &fields);
    message_file(park.scratch(), &id, &text)
}

fn is_clean(seen: &Output, held: usize) {
    let words = said(seen);
    assert!(seen.status.success() && words.contains("clean"), "{words}");
    let held = format!("against it: {held} receipts");
    assert!(words.contains(&held), "{words}");
}

/// The entry was there under the chain hash that the receipt named, and so it was clean: of the message that the receipt
/// was for nobody had written anything.
#[test]
fn a_signed_receipt_of_another_message_than_its_entry_is_a_problem_that_names_both() {
    let room = Room::open();
    let entry = room.entry(EntryKind::Message);
    let honest = room.receipt(&entry);
    let refused = room.receipt(&room.entry(EntryKind::Refused));
    let other = MessageId::from_bytes([7; 16]);
    let lies = [
        (
            "another message",
            Receipt {
                message_id: other,
                digest: Digest([7; 32]),
                ..honest.clone()
            },
            other.to_string(),
        ),
        (
            "another sender",
            Receipt {
                sender_id: PartyId::new("enterprise-2").unwrap(),
                ..honest.clone()
            },
            "of enterprise-2 with".to_owned(),
        ),
        (
            "another digest",
            Receipt {
                digest: Digest([7; 32]),
                ..honest.clone()
            },
            Digest([7; 32]).to_string(),
        ),
        ("a refusal", refused, "the refusal of message".to_owned()),
    ];
    let scratch = tempfile::tempdir().unwrap();
    let forgotten = room.forgotten(scratch.path());
    for (what, lie, named) in lies {
        let number = format!("record {} is", lie.entry_number);
        let folder = tempfile::tempdir().unwrap();
        room.sign(folder.path(), vec![honest.clone()]);
        let file = room.sign(folder.path(), vec![honest.clone(), lie]);
        for (journal, words) in [
            (room.journal(), &[][..]),
            (room.journal(), &["--deep"]),
            (forgotten.clone(), &[]),
        ] {
            let seen = room.verify(&journal, folder.path(), words);
            let told = said(&seen);
            assert_eq!(seen.status.code(), Some(1), "{what}: {told}");
            assert!(
                told.contains("DAMAGED") && told.contains("1 problems"),
                "{told}"
            );
            let line = told.lines().find(|line| line.starts_with("J058"));
            let line = line.unwrap_or_else(|| panic!("{what}: {told}"));
            for part in [&number, &named, &format!("{file} is a receipt of message")] {
                assert!(line.contains(part), "{what}: {part}: {told}");
            }
        }
    }
}

#[test]
fn receipts_that_are_given_again_and_of_a_body_that_expired_are_held() {
    let room = Room::open();
    let honest = room.receipt(&room.entry(EntryKind::Message));
    let accepted = room.park.spool("enterprise-1").join("accepted");
    is_clean(&room.verify(&room.journal(), &accepted, &["--deep"]), 1);
    let scratch = tempfile::tempdir().unwrap();
    is_clean(
        &room.verify(&room.forgotten(scratch.path()), &accepted, &[]),
        1,
    );
    // The same message twice in a request, and sent again.
    let folder = tempfile::tempdir().unwrap();
    room.sign(folder.path(), vec![honest.clone(), honest.clone()]);
    room.sign(folder.path(), vec![honest]);
    is_clean(&room.verify(&room.journal(), folder.path(), &[]), 3);
}

/// It was dropped without a word, and the journal was clean as if something had been held against it.
#[test]
fn a_signed_receipt_that_names_no_entry_is_said_to_prove_nothing() {
    let room = Room::open();
    let honest = room.receipt(&room.entry(EntryKind::Message));
    let late = Receipt {
        entry_number: 0,
        chain_hash: Digest([0; 32]),
        ..honest.clone()
    };
    let folder = tempfile::tempdir().unwrap();
    let file = room.sign(folder.path(), vec![late]);
    for held in [false, true] {
        if held {
            room.sign(folder.path(), vec![honest.clone()]);
        }
        let seen = room.verify(&room.journal(), folder.path(), &[]);
        let words = said(&seen);
        assert_eq!(seen.status.code(), Some(66), "{words}");
        let line = format!("proves nothing: {file}: names no entry\n");
        assert!(words.contains("clean") && words.contains(&line), "{words}");
        assert_eq!(words.contains("against it: 1 receipts"), held, "{words}");
    }
}
