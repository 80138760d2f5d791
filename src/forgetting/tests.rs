//! Which bodies go when, and which clock says so.

use cordon_contract::EntryKind;
use cordon_journal::disk::RealDisk;
use cordon_journal::{
    Archiver, Forgetting as _, Journal, NewRecord, Options, Packer, Reader, Record,
};
use cordon_model::AuditOutcome;
use std::sync::Arc;

use super::*;

mod wrong_clock;

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
    write(dir, records);
    packed(dir)
}

fn write(dir: &Path, records: impl Iterator<Item = NewRecord>) {
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
}

/// Packs what can be packed; the last entries of it.
fn packed(dir: &Path) -> Vec<u64> {
    let mut packer = Packer::alone(dir).unwrap();
    let mut last = Vec::new();
    loop {
        match packer.pack_next(i64::MAX) {
            Ok(Some(packed)) => last.push(packed.last),
            Ok(None) => return last,
            // It is passed over.
            Err(fault) => assert!(!fault.is_of_disk(), "{fault}"),
        }
    }
}

fn forgetting(data: &Path, passages_days: u16) -> Forgetting {
    let rules = RetentionSection {
        passages_days,
        ..RetentionSection::default()
    };
    Forgetting::of(&rules, data)
}

/// Forgets what is due on this day and can go; what could not, with its code, and whether an entry must say so.
fn pass(forgetting: &Forgetting, forgetter: &mut Forgetter, day: i64) -> Vec<(u64, String, bool)> {
    pass_by(forgetting, forgetter, &Ages::at(day * DAY))
}

/// The same of what is old by that, however the checkpoints stand.
fn pass_by(
    forgetting: &Forgetting,
    forgetter: &mut Forgetter,
    ages: &Ages,
) -> Vec<(u64, String, bool)> {
    let bound = || {
        Ok(Some(Bound {
            number: u64::MAX,
            time: i64::MAX,
            is_settled: true,
        }))
    };
    let mut stuck = Vec::new();
    let mut rounds = 0;
    while let Some(due) = forgetting.due(forgetter, ages, &bound).unwrap() {
        rounds += 1;
        assert!(rounds < 1_000, "no end: {due:?}");
        let ended = match forgetting.begin(forgetter, due).unwrap() {
            Begun::Nothing => continue,
            Begun::Stuck(stuck) => Ended::Stuck(stuck),
            Begun::Ready(ready) => {
                forgetting.note_said(due).unwrap();
                forgetting.end(forgetter, ready).unwrap()
            }
        };
        if let Ended::Stuck(why) = ended {
            let code = why.fault.code().to_owned();
            stuck.push((due.aged().number, code, why.is_to_say));
            forgetting.note_failed(due).unwrap();
        }
    }
    stuck
}

/// The entries without a body, of folder and archive.
fn gone(journal: &Path, archive: Option<&Path>) -> Vec<u64> {
    let reader = Reader::of(Arc::new(RealDisk), journal, "p/h").with_archive(archive);
    // What is damaged ends one look and not the next.
    let last = reader.position().unwrap().0;
    let records = (1..=last).filter_map(|number| match reader.get(number) {
        Ok(record) => record,
        Err(fault) => {
            eprintln!("{fault}");
            None
        }
    });
    let expired = records.filter(Record::is_expired);
    expired.map(|record| record.number).collect()
}

/// A journal of sixty days, all but its end packed, and the last entries of its packed segments.
fn sixty_days(journal: &Path) -> Vec<u64> {
    written(journal, passages())
}

/// One a day for sixty days.
fn passages() -> impl Iterator<Item = NewRecord> {
    (0..60).map(|day| record(day, EntryKind::Message, "PassageRecord", 0, 9_000))
}

/// Changes one byte of a file; what was in it.
fn damaged(path: &Path, at: usize) -> Vec<u8> {
    let whole = std::fs::read(path).unwrap();
    let mut damaged = whole.clone();
    damaged[at] ^= 1;
    std::fs::write(path, &damaged).unwrap();
    whole
}

/// All that can be forgotten of passages goes, whole segments after 4000 days.
fn removing(data: &Path) -> Forgetting {
    let rules = RetentionSection {
        passages_days: 30,
        remove_days: 4_000,
        ..RetentionSection::default()
    };
    Forgetting::of(&rules, data)
}

#[test]
fn the_oldest_that_is_damaged_before_it_is_packed_keeps_only_itself() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("journal");
    write(&journal, passages());
    let path = journal.join("00000001.seg");
    let whole = damaged(&path, 20_000);
    let last = *packed(&journal).last().unwrap();
    let mut forgetter = Forgetter::alone(&journal, None).unwrap();
    let first = removing(dir.path());
    let stuck = pass(&first, &mut forgetter, 5_000);
    assert_eq!(stuck.len(), 1, "{stuck:?}");
    assert_eq!((stuck[0].0, stuck[0].2), (1, true), "{stuck:?}");
    assert_eq!(first.stuck().len(), 1, "{:?}", first.stuck());
    let gone = gone(&journal, None);
    assert_eq!(gone.last(), Some(&last), "the bodies behind it go");
    assert!(gone.len() as u64 > last / 2, "{gone:?}");
    let stuck = pass(&removing(dir.path()), &mut forgetter, 5_000);
    assert_eq!(stuck.len(), 1, "{stuck:?}");
    assert!(!stuck[0].2, "said once: {stuck:?}");
    std::fs::write(&path, &whole).unwrap();
    drop(forgetter);
    packed(&journal);
    let mut forgetter = Forgetter::alone(&journal, None).unwrap();
    // It is packed: it goes without a start.
    assert_eq!(pass(&first, &mut forgetter, 5_000), []);
    assert_eq!(first.stuck(), [""; 0]);
    let begins = Reader::open(&journal).unwrap().first().unwrap();
    assert_eq!(begins, Some(last + 1));
}

#[test]
fn one_that_was_damaged_before_it_was_packed_is_forgotten_when_it_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("journal");
    write(&journal, passages());
    // In its first batch stands how old the one before is.
    let path = journal.join("00000003.seg");
    let whole = damaged(&path, 6_000);
    let last = *packed(&journal).last().unwrap();
    let mut forgetter = Forgetter::alone(&journal, None).unwrap();
    let first = forgetting(dir.path(), 30);
    let stuck = pass(&first, &mut forgetter, 100);
    let numbers: Vec<u64> = stuck.iter().map(|it| it.0).collect();
    assert_eq!(numbers, [2, 3], "{stuck:?}");
    assert_eq!(gone(&journal, None).last(), Some(&last));
    std::fs::write(&path, &whole).unwrap();
    drop(forgetter);
    packed(&journal);
    let mut forgetter = Forgetter::alone(&journal, None).unwrap();
    let second = forgetting(dir.path(), 30);
    assert_eq!(pass(&second, &mut forgetter, 100), []);
    assert_eq!(gone(&journal, None), (1..=last).collect::<Vec<_>>());
}

#[test]
fn one_that_the_archive_lacked_is_forgotten_when_it_is_back() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, archive) = (dir.path().join("journal"), dir.path().join("archive"));
    std::fs::create_dir(&archive).unwrap();
    let last = *sixty_days(&journal).last().unwrap();
    let mut archiver = Archiver::alone(&journal, &archive).unwrap();
    for _ in 0..3 {
        archiver.archive_next(i64::MAX).unwrap().unwrap();
    }
    drop(archiver);
    let aside = |number: u64| {
        let name = format!("{number:08}.segz");
        (archive.join(&name), dir.path().join(&name))
    };
    for number in [1, 2] {
        let (there, away) = aside(number);
        std::fs::rename(there, away).unwrap();
    }
    let mut forgetter = Forgetter::alone(&journal, Some(&archive)).unwrap();
    assert_eq!(
        pass(&forgetting(dir.path(), 30), &mut forgetter, 100),
        [],
        "the others go on"
    );
    for number in [1, 2] {
        let (there, away) = aside(number);
        std::fs::rename(away, there).unwrap();
    }
    assert_eq!(pass(&forgetting(dir.path(), 30), &mut forgetter, 100), []);
    assert_eq!(
        gone(&journal, Some(&archive)),
        (1..=last).collect::<Vec<_>>()
    );
}

#[test]
fn a_file_of_removed_settings_that_cannot_be_read_keeps_whole_segments_alone() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("journal");
    let last = *sixty_days(&journal).last().unwrap();
    let kept = dir.path().join("removed-settings.json");
    std::fs::write(&kept, r#"{"access":"#).unwrap();
    let mut forgetter = Forgetter::alone(&journal, None).unwrap();
    let first = removing(dir.path());
    let stuck = pass(&first, &mut forgetter, 5_000);
    assert_eq!(stuck, [(1, "J001".to_owned(), true)]);
    assert!(first.stuck()[0].contains("removed-settings.json"));
    let all: Vec<u64> = (1..=last).collect();
    assert_eq!(gone(&journal, None), all, "the bodies go on");
    let stuck = pass(&removing(dir.path()), &mut forgetter, 5_000);
    assert_eq!(stuck, [(1, "J001".to_owned(), false)], "said once");
    std::fs::remove_file(&kept).unwrap();
    let healed = removing(dir.path());
    assert_eq!(pass(&healed, &mut forgetter, 5_000), []);
    assert_eq!(healed.stuck(), [""; 0]);
    let begins = Reader::open(&journal).unwrap().first().unwrap();
    assert_eq!(begins, Some(last + 1));
}

#[test]
fn a_damaged_segment_keeps_only_itself_and_goes_when_it_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("journal");
    let packed = sixty_days(&journal);
    let path = journal.join("00000001.segz");
    let whole = std::fs::read(&path).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    std::fs::write(&path, &damaged).unwrap();
    let mut forgetter = Forgetter::alone(&journal, None).unwrap();
    let first = forgetting(dir.path(), 30);
    let stuck = pass(&first, &mut forgetter, 100);
    assert_eq!(stuck.len(), 1, "{stuck:?}");
    assert_eq!((stuck[0].0, stuck[0].2), (1, true), "{stuck:?}");
    let last = *packed.last().unwrap();
    let behind: Vec<u64> = (packed[0] + 1..=last).collect();
    assert_eq!(gone(&journal, None), behind, "the later ones go on");
    let named = first.stuck();
    assert!(
        named.len() == 1 && named[0].starts_with("segment 1: J0"),
        "{named:?}"
    );
    assert_eq!(pass(&first, &mut forgetter, 100), [], "it rests");
    // The next start tries again, and says nothing twice.
    let second = forgetting(dir.path(), 30);
    let stuck = pass(&second, &mut forgetter, 100);
    assert_eq!(stuck.len(), 1, "{stuck:?}");
    assert!(!stuck[0].2, "{stuck:?}");
    std::fs::write(&path, &whole).unwrap();
    let third = forgetting(dir.path(), 30);
    assert_eq!(pass(&third, &mut forgetter, 100), []);
    assert_eq!(gone(&journal, None), (1..=last).collect::<Vec<_>>());
    assert_eq!(third.stuck(), [""; 0]);
}

#[test]
fn an_archive_that_is_away_or_read_only_keeps_only_what_lies_there() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, archive) = (dir.path().join("journal"), dir.path().join("archive"));
    std::fs::create_dir(&archive).unwrap();
    let packed = sixty_days(&journal);
    let mut archiver = Archiver::alone(&journal, &archive).unwrap();
    for _ in 0..3 {
        archiver.archive_next(i64::MAX).unwrap().unwrap();
    }
    drop(archiver);
    // Its disk is not mounted: the folder is empty.
    let away = dir.path().join("away");
    std::fs::rename(&archive, &away).unwrap();
    std::fs::create_dir(&archive).unwrap();
    let rules = RetentionSection {
        passages_days: 30,
        remove_days: 4_000,
        ..RetentionSection::default()
    };
    let anew = || Forgetting::of(&rules, dir.path());
    let mut forgetter = Forgetter::alone(&journal, Some(&archive)).unwrap();
    let first = anew();
    let stuck = pass(&first, &mut forgetter, 100);
    assert_eq!(stuck, [(1, "J004".to_owned(), true)]);
    let last = *packed.last().unwrap();
    let here: Vec<u64> = (packed[2] + 1..=last).collect();
    assert_eq!(gone(&journal, Some(&archive)), here);
    assert_eq!(first.stuck().len(), 1, "{:?}", first.stuck());
    // Whole segments wait too: the oldest goes first.
    assert_eq!(
        pass(&anew(), &mut forgetter, 5_000),
        [(1, "J004".to_owned(), false)]
    );
    std::fs::remove_dir(&archive).unwrap();
    std::fs::rename(&away, &archive).unwrap();
    // Nothing can be written there.
    let blocked = archive.join("forgetting.tmp");
    std::fs::create_dir(&blocked).unwrap();
    let stuck = pass(&anew(), &mut forgetter, 100);
    assert_eq!(stuck, [(1, "J011".to_owned(), false)]);
    std::fs::remove_dir(&blocked).unwrap();
    let healed = anew();
    assert_eq!(pass(&healed, &mut forgetter, 100), []);
    let all: Vec<u64> = (1..=last).collect();
    assert_eq!(gone(&journal, Some(&archive)), all);
    assert_eq!(healed.stuck(), [""; 0]);
}

#[test]
fn what_removed_segments_said_last_of_settings_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("journal");
    let settings = |day, name: &str, text: &'static str| {
        let label = format!("{name}/1;why=start;before=0");
        let body = bytes::Bytes::from_static(text.as_bytes());
        NewRecord {
            body,
            ..record(day, EntryKind::Settings, &label, 0, 0)
        }
    };
    let first = [
        settings(0, "plan", "old"),
        settings(0, "rules", "only"),
        settings(1, "plan", "new"),
    ];
    let rest = (2..60).map(|day| record(day, EntryKind::Tick, "", 0, 9_000));
    let packed = written(&journal, first.into_iter().chain(rest));
    let rules = RetentionSection {
        remove_days: 4_000,
        ..RetentionSection::default()
    };
    let forgetting = Forgetting::of(&rules, dir.path());
    let mut forgetter = Forgetter::alone(&journal, None).unwrap();
    assert_eq!(pass(&forgetting, &mut forgetter, 4_030), []);
    let reader = Reader::open(&journal).unwrap();
    let begins = reader.first().unwrap().unwrap();
    assert!(begins > packed[1], "{begins} {packed:?}");
    let kept = LastSaid::read(dir.path()).unwrap();
    let held: std::collections::BTreeMap<_, _> = kept.held().collect();
    let of = |name: &str| (held[name].number, held[name].part.body.to_vec());
    assert_eq!(of("plan"), (3, b"new".to_vec()));
    assert_eq!(of("rules"), (2, b"only".to_vec()));
    // The file is what the entry names, and is the same when it is written again.
    let text = std::fs::read(dir.path().join("removed-settings.json")).unwrap();
    let digest = cordon_wire::digest_of_bytes(&text);
    assert_eq!(kept.digest(), Some(digest));
    let aged = Aged {
        number: 1,
        last: 9,
        before: 0,
    };
    let told = Told {
        settings: kept.digest(),
        ..Told::default()
    };
    let said = forgetting.said(Due::Segment(aged), &told, &"hub-1".parse().unwrap());
    let words = said.detail.unwrap();
    assert!(words.ends_with(&format!("sha256 {digest}")), "{words}");
}

#[test]
fn what_is_said_names_what_goes_and_what_could_not() {
    let dir = tempfile::tempdir().unwrap();
    let forgetting = forgetting(dir.path(), 30);
    let aged = Aged {
        number: 3,
        last: 70,
        before: 0,
    };
    let due = Due::Bodies(Class::Passages, aged, 0);
    let actor = "hub-1".parse().unwrap();
    let goes = forgetting.said(due, &Told::default(), &actor);
    assert_eq!(goes.action, "journal.forgotten");
    let place = "/archive/00000003.segz";
    let fault = JournalFault::new(cordon_journal::FaultKind::Seal, place, "damaged");
    let stays = forgetting.not_said(due, &fault, &actor);
    assert_eq!(stays.action, "journal.not-forgotten");
    assert_eq!(stays.outcome, AuditOutcome::Failure);
    // As the schema has it: `[a-z][a-z0-9.\-]{1,63}`; another is never recorded.
    for action in [&goes.action, &stays.action] {
        let fits = |it: char| matches!(it, 'a'..='z' | '0'..='9' | '.' | '-');
        assert!(action.chars().all(fits), "{action}");
    }
    assert_eq!(stays.target.as_deref(), Some("segment 3"));
    let words = stays.detail.unwrap();
    assert!(
        words.starts_with(
            "bodies up to entry 70 that are kept 30 days or less (passages) cannot go: J007"
        ),
        "{words}"
    );
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
        let due = forgetting
            .due(&forgetter, &Ages::at(now), &|| Ok(bound))
            .unwrap();
        due.map(|due| due.aged().number)
    };
    let bound = |number, day| {
        Some(Bound {
            number,
            time: day * DAY,
            is_settled: true,
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
    let gone = || gone(&journal, None);
    let mut pass = |day| assert_eq!(pass(&forgetting, &mut forgetter, day), []);
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
    assert_eq!(Some(&done.through(Class::Passages)), packed.last());
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

#[test]
fn a_plan_is_what_goes_by_hand_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("journal");
    let mixed = (0..60).map(|day| {
        let label = ["PassageRecord", "AlarmEvent"][usize::from(day % 2 == 1)];
        record(day, EntryKind::Message, label, 0, 9_000)
    });
    let packed = written(&journal, mixed);
    // One is damaged: what is due in it stays, and is told in both.
    damaged(&journal.join("00000003.segz"), 700);
    let removing = RetentionSection {
        passages_days: 30,
        alarms_days: 50,
        remove_days: 85,
        ..RetentionSection::default()
    };
    let forgetting = Forgetting::of(&removing, dir.path());
    let mut forgetter = Forgetter::alone(&journal, None).unwrap();
    let ages = Ages::at(100 * DAY);
    // A start needs what comes from here on.
    let bound = Bound {
        number: packed[packed.len() - 2],
        time: 100 * DAY,
        is_settled: true,
    };
    let shown = |planned: &Planned| {
        let gone = planned.gone.as_ref();
        let gone = gone.map(|gone| Gone::words(gone));
        (
            planned.due.aged().number,
            planned.due.is_whole(),
            gone.map_err(|fault| fault.code()),
        )
    };
    let files = || -> Vec<(std::ffi::OsString, Vec<u8>)> {
        let all = std::fs::read_dir(&journal).unwrap();
        let mut all: Vec<_> = all
            .map(|file| file.unwrap())
            .map(|file| (file.file_name(), std::fs::read(file.path()).unwrap()))
            .collect();
        all.sort();
        all
    };
    let before = files();
    let plan = forgetting.plan(&forgetter, &ages, bound).unwrap();
    assert!(before == files(), "a plan changes nothing");
    assert!(!dir.path().join("forgotten.json").exists());
    let plan: Vec<_> = plan.iter().map(shown).collect();
    let (notes, actor) = (Notes::of(dir.path()), "hub-1".parse().unwrap());
    let hand = Hand {
        actor: &actor,
        notes: &notes,
        at: cordon_model::Timestamp::from_micros(0),
    };
    let mut done = Vec::new();
    let mut each = |planned: &Planned| done.push(shown(planned));
    forgetting
        .prune(&mut forgetter, (&ages, bound), &hand, &mut each)
        .unwrap();
    done.sort_by_key(|it| it.0);
    assert_eq!(plan, done);
    assert!(plan.iter().any(|it| it.1 && it.2.is_ok()), "{plan:?}");
    assert!(plan.iter().any(|it| it.2.is_err()), "{plan:?}");
    let both = plan.iter().filter_map(|it| it.2.as_ref().ok());
    let both = both.filter(|words| words.contains("alarms_days = 50: "));
    assert!(
        both.into_iter()
            .all(|words| words.contains("passages_days = 30: ")),
        "each class is counted for itself: {plan:?}"
    );
    // Nothing at or behind the checkpoint goes, and all that went is noted for the journal, with what had to stay.
    assert!(gone(&journal, None).iter().all(|it| *it < bound.number));
    let owed = notes.owed(&actor).unwrap();
    assert_eq!(owed.len(), plan.len(), "{owed:?}");
    let counted = owed.iter().filter_map(|it| it.detail.as_deref());
    let counted: Vec<Gone> = counted.flat_map(Gone::all_in).collect();
    let said: Vec<Gone> = plan
        .iter()
        .filter_map(|it| it.2.as_ref().ok())
        .flat_map(|words| Gone::all_in(words))
        .collect();
    assert_eq!(counted.len(), said.len());
    let again = forgetting.plan(&forgetter, &ages, bound).unwrap();
    assert!(
        again.iter().all(|it| it.gone.is_err()),
        "nothing goes twice"
    );
}
