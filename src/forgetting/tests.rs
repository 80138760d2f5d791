//! Which bodies go when, and which clock says so.

use cordon_contract::EntryKind;
use cordon_journal::{Forgetting as _, Journal, NewRecord, Options, Packer, Reader};

use super::*;

const SEGMENT: u64 = 64 * 1024;
const DAY: i64 = DAY_MICROS;

/// A record of a day, of this kind and label.
fn record(day: i64, kind: EntryKind, label: &str, cause: u64, body: usize) -> NewRecord {
    NewRecord {
        time_micros: day * DAY,
        kind: kind.number(),
        sender: "enterprise-1".to_owned(),
        label: label.to_owned(),
        cause,
        body: vec![b'x'; body].into(),
        ..NewRecord::default()
    }
}

/// A journal that was written for as many days as records are given for, all but its end packed.
fn written(dir: &Path, records: impl Iterator<Item = NewRecord>) -> Vec<u64> {
    let options = Options {
        segment_bytes: SEGMENT,
        reserve_bytes: 4096,
        background: false,
        ..Options::new("p/h")
    };
    let mut journal = Journal::open(dir, options).unwrap();
    for record in records {
        journal.append_batch(&[record]).unwrap();
    }
    drop(journal);
    let mut packer = Packer::alone(dir).unwrap();
    std::iter::from_fn(|| packer.pack_next(i64::MAX).unwrap())
        .map(|packed| packed.last)
        .collect()
}

fn forgetting(data: &Path, passages_days: u16) -> Forgetting {
    let rules = RetentionSection {
        passages_days,
        ..RetentionSection::default()
    };
    Forgetting::of(&rules, data)
}

#[test]
fn nothing_goes_that_was_not_old_when_the_older_checkpoint_was_named_or_that_comes_behind_it() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("journal");
    let of_day = |day| record(day, EntryKind::Message, "PassageRecord", 0, 9_000);
    let packed = written(&journal, (0..60).map(of_day));
    assert!(packed.len() > 4, "{packed:?}");
    let forgetting = forgetting(dir.path(), 30);
    let forgetter = Forgetter::alone(&journal, None).unwrap();
    let due = |now: i64, bound: Option<Bound>| {
        let due = forgetting.due(&forgetter, now, &|| Ok(bound)).unwrap();
        due.map(|due| due.aged().number)
    };
    let bound = |number, day| {
        Some(Bound {
            number,
            time: day * DAY,
        })
    };
    let all = u64::MAX;
    assert_eq!(due(100 * DAY, bound(all, 100)), Some(1));
    assert_eq!(due(100 * DAY, None), None, "no two checkpoints");
    assert_eq!(due(20 * DAY, bound(all, 100)), None, "not old yet");
    // The clock is years ahead; when the checkpoint was named it was not.
    assert_eq!(due(10_000 * DAY, bound(all, 20)), None);
    assert_eq!(
        due(100 * DAY, bound(packed[0], 100)),
        None,
        "a start needs it"
    );
    assert_eq!(due(100 * DAY, bound(packed[0] + 1, 100)), Some(1));
}

#[test]
fn each_class_has_its_time_and_a_submission_that_of_its_last() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("journal");
    // Submissions of two: of passages alone, of a passage and an alarm, and one of which a message is not there.
    let submission = |first: u64, labels: [&'static str; 2], said: &str| {
        let parts = labels.map(|label| record(0, EntryKind::Message, label, first, 0));
        let whole = record(0, EntryKind::Submission, said, 0, 500);
        std::iter::once(whole).chain(parts)
    };
    let one = submission(1, ["PassageRecord", "PlateCapture"], "2 messages");
    let two = submission(4, ["PassageRecord", "AlarmEvent"], "2 messages");
    let three = submission(7, ["PassageRecord", "PassageRecord"], "3 messages");
    let others = [
        record(0, EntryKind::Message, "AlarmEvent", 0, 500),
        record(0, EntryKind::Message, "OperatingModeChange", 0, 500),
        record(0, EntryKind::Audit, "journal.archived", 0, 500),
        record(0, EntryKind::Refused, "F001", 0, 500),
        record(0, EntryKind::Settings, "plan", 0, 500),
        record(0, EntryKind::Message, "NoSuchType", 0, 500),
        record(0, EntryKind::Order, "GateCommand", 0, 500),
    ];
    let rest = (1..40).map(|day| record(day, EntryKind::Tick, "", 0, 9_000));
    let all = one.chain(two).chain(three).chain(others).chain(rest);
    let packed = written(&journal, all);
    let packed: Vec<u64> = (1..=packed.len() as u64).collect();
    let mut forgetter = Forgetter::alone(&journal, None).unwrap();
    let forgetting = forgetting(dir.path(), 30);
    let gone = || -> Vec<u64> {
        let reader = Reader::open(&journal).unwrap();
        let records = reader.read_from(1).unwrap().map(Result::unwrap);
        let expired = records.filter(cordon_journal::Record::is_expired);
        expired.map(|record| record.number).collect()
    };
    let bound = |day| {
        move || {
            Ok(Some(Bound {
                number: u64::MAX,
                time: day * DAY,
            }))
        }
    };
    let mut pass = |day: i64| {
        while let Some(due) = forgetting.due(&forgetter, day * DAY, &bound(day)).unwrap() {
            forgetting.forget(&mut forgetter, due).unwrap();
        }
    };
    pass(100);
    assert_eq!(gone(), [1, 16], "passages");
    pass(1_200);
    assert_eq!(gone(), [1, 4, 10, 12, 13, 16], "alarms and audit too");
    pass(4_000);
    assert_eq!(
        gone(),
        [1, 4, 10, 11, 12, 13, 16],
        "modes; never what is of no class"
    );
    let done = Done::read(&dir.path().join("forgotten.json"));
    assert_eq!(Some(&done.of(Class::Passages)), packed.last());
}

#[test]
fn a_rule_shows_nothing_of_a_submission_whose_messages_it_did_not_see() {
    let days = [(Class::Passages, 1)];
    let rule = Rule::of(&days, 10 * DAY);
    let dir = tempfile::tempdir().unwrap();
    written(
        dir.path(),
        std::iter::once(record(0, EntryKind::Submission, "1 messages", 0, 9)),
    );
    let reader = Reader::open(dir.path()).unwrap();
    assert!(!rule.forgets(&reader.get(1).unwrap().unwrap()));
}
