//! Starts with the wrong year: nothing goes that is not old, and what is old goes whatever its entries carry.

use cordon_flow::{EntryReader, EntryTimes, Reach};
use cordon_model::{
    AuditEvent, Body, Header, Message, MessageId, PartyId, Quality, SCHEMA_VERSION, Sensitivity,
    Timestamp,
};
use cordon_wire::write_message;

use super::*;

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;

/// A hub as it writes its journal: entry time never goes back, and how far it is ahead of the clock is told.
struct Hub {
    folder: tempfile::TempDir,
    records: Vec<NewRecord>,
    /// Time of the last entry, microseconds.
    last: i64,
    /// How far entries are ahead of the clock.
    lead: i64,
    /// The time that is true.
    now: i64,
}

impl Hub {
    fn new() -> Self {
        let mut hub = Self {
            folder: tempfile::tempdir().unwrap(),
            records: Vec::new(),
            last: 0,
            lead: 0,
            now: 20_000 * DAY,
        };
        hub.runs(0, MINUTE);
        hub
    }

    fn journal(&self) -> PathBuf {
        self.folder.path().join("journal")
    }

    /// The time of the next entry, while the clock shows so much more than is true.
    fn time(&mut self, ahead: i64) -> i64 {
        let clock = self.now + ahead;
        let most = (self.last + MINUTE - clock).max(0);
        let before = self.lead;
        // The tenth by which it closes is left out: it is ahead for years.
        self.lead = self.lead.min(most).max(self.last - clock);
        if self.lead != before {
            self.records.push(lead(clock, self.lead));
        }
        self.last = clock + self.lead;
        self.last
    }

    fn says(&mut self, ahead: i64, kind: EntryKind, label: &str, body: usize) {
        let time_micros = self.time(ahead);
        let said = record(0, kind, label, 0, body);
        self.records.push(NewRecord {
            time_micros,
            ..said
        });
    }

    /// So many passages that fill some segments.
    fn passes(&mut self, many: usize) {
        for _ in 0..many {
            self.now += 1_000;
            self.says(0, EntryKind::Message, "PassageRecord", 9_000);
        }
    }

    fn runs(&mut self, ahead: i64, micros: i64) {
        let until = self.now + micros;
        while self.now < until {
            self.now = (self.now + MINUTE).min(until);
            self.says(ahead, EntryKind::Tick, "", 0);
        }
    }

    /// It looks for what is old, as a hub does that runs.
    fn looks(&mut self) -> Ages {
        let options = Options {
            segment_bytes: SEGMENT,
            reserve_bytes: 4096,
            background: false,
            ..Options::new("p/h")
        };
        let mut journal = Journal::open(self.journal(), options).unwrap();
        for some in std::mem::take(&mut self.records).chunks(5) {
            journal.append_batch(some).unwrap();
        }
        drop(journal);
        let marks = MarksFile::of(self.folder.path());
        let (ages, kept) = marks.ages(self.reach(), 30);
        kept.unwrap();
        ages
    }

    /// Where the journal stands, by itself.
    fn reach(&self) -> Reach {
        let reader = EntryReader::over(Reader::open(self.journal()).unwrap());
        let (last, _) = reader.position().unwrap();
        let (mut times, mut ran) = (EntryTimes::default(), 0);
        let mut reach = None;
        for stored in reader.read_range(1, last).unwrap() {
            let mut stored = stored.unwrap();
            ran += times.tell(&mut stored);
            reach = Some(Reach {
                // The bodies of a test cannot be read.
                number: last,
                time: stored.entry.time,
                settled: stored.entry.settled,
                ran,
            });
        }
        reach.unwrap()
    }

    /// The segments that would be packed or forgotten now, days after what is said in them.
    fn old(&mut self) -> Vec<u64> {
        let ages = self.looks();
        let mut packer = Packer::alone(self.journal()).unwrap();
        let packed = std::iter::from_fn(|| packer.pack_next(ages.older(1)).unwrap());
        let mut old: Vec<u64> = packed.map(|it| it.number).collect();
        drop(packer);
        let forgetter = Forgetter::alone(self.journal(), None).unwrap();
        // The checkpoints were named while the journal was ahead.
        let bound = || {
            Ok(Some(Bound {
                number: u64::MAX,
                time: i64::MAX,
                is_settled: true,
            }))
        };
        let due = forgetting(self.folder.path(), 2).due(&forgetter, &ages, &bound);
        old.extend(due.unwrap().map(|due| due.aged().number));
        old
    }
}

/// The entry that tells how far entries are ahead of the clock.
fn lead(clock: i64, lead: i64) -> NewRecord {
    let at = Timestamp::from_micros(clock);
    let hub = PartyId::new("hub-1").unwrap();
    let body = Body::AuditEvent(AuditEvent {
        action: "clock.lead".to_owned(),
        actor_id: hub.clone(),
        target: Some(format!("lead:{lead};clock:{clock}")),
        outcome: AuditOutcome::Success,
        detail: None,
        at,
    });
    let message = Message {
        header: Header {
            schema_version: SCHEMA_VERSION.into(),
            message_id: MessageId::from_digest(&cordon_model::Digest([1; 32])),
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
    NewRecord {
        time_micros: clock + lead,
        body: write_message(&message).unwrap().into(),
        ..record(0, EntryKind::Audit, "clock.lead", 0, 0)
    }
}

/// From the second such start on the checkpoints carried the wrong year too, and bodies that had to be kept were gone.
#[test]
fn starts_with_the_wrong_year_forget_nothing_however_many_they_are() {
    for days in [400, 4_000] {
        let mut hub = Hub::new();
        hub.passes(20);
        for start in 1..=10 {
            hub.runs(days * DAY, MINUTE);
            let what = format!("start {start}, {days} days ahead");
            assert_eq!(hub.old(), [0; 0], "{what}: while it is");
            hub.runs(0, 2 * HOUR);
            hub.passes(8);
            assert_eq!(hub.old(), [0; 0], "{what}: when it is right");
        }
    }
}

/// By their time they would go in 400 days, or in 4,000.
#[test]
fn what_is_old_goes_by_rule_when_the_clock_is_right_whatever_its_entries_carry() {
    for days in [0, 400, 4_000] {
        let mut hub = Hub::new();
        hub.passes(10);
        hub.runs(days * DAY, MINUTE);
        hub.runs(0, HOUR);
        hub.passes(10);
        hub.looks();
        for _ in 0..3 {
            hub.runs(0, 20 * HOUR);
            hub.looks();
        }
        hub.passes(20);
        let ages = hub.looks();
        let mut packer = Packer::alone(hub.journal()).unwrap();
        let packed = std::iter::from_fn(|| packer.pack_next(ages.older(1)).unwrap());
        assert!(packed.count() > 1, "{days}");
        drop(packer);
        let rule = forgetting(hub.folder.path(), 2);
        let mut forgetter = Forgetter::alone(hub.journal(), None).unwrap();
        assert_eq!(pass_by(&rule, &mut forgetter, &ages), [], "{days}");
        let reader = Reader::open(hub.journal()).unwrap();
        let last = reader.position().unwrap().0;
        let passages = (1..=last).filter_map(|number| reader.get(number).unwrap());
        let passages = passages.filter(|it| it.label == "PassageRecord");
        let expired: Vec<bool> = passages.map(|it| it.is_expired()).collect();
        // What shares a segment with younger entries waits for them.
        let gone = expired.iter().filter(|it| **it).count();
        assert!((12..=20).contains(&gone), "{days}: {expired:?}");
        assert!(expired[..gone].iter().all(|it| *it), "{days}: {expired:?}");
    }
}

/// The file may be lost: what carries too much is kept for longer then, nothing goes sooner.
#[test]
fn without_the_marks_only_what_carries_too_much_is_kept_for_longer() {
    let mut hub = Hub::new();
    hub.runs(400 * DAY, MINUTE);
    hub.runs(0, HOUR);
    hub.passes(10);
    hub.runs(0, 3 * DAY);
    hub.looks();
    std::fs::remove_file(hub.folder.path().join("journal-marks.json")).unwrap();
    assert_eq!(hub.old().len(), 0);
    hub.runs(0, 2 * DAY + HOUR);
    assert!(!hub.old().is_empty());
}
