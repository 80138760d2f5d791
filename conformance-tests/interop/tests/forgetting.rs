//! A park whose journal is two years old: a checkpoint is made, what is old expires, and a start goes on without it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use cordon_interop::{Head, Park, fresh_id, message, message_file, moment, program, said};
use cordon_journal::{Journal, NewRecord, Options, Reader, Record};

const SEGMENT: u64 = 96 * 1024;
const DAY: i64 = 86_400_000_000;
const TWO_YEARS: i64 = 2 * 366 * DAY;
/// Between two ticks of a hub that runs.
const TICK: i64 = 100_000_000;
/// So long it ran again before today: within that what has surely passed catches up with two years but for some months.
const RAN: i64 = 30 * DAY;

fn cordon(words: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(words);
    command
}

fn of_journal(park: &Park, words: &[&str]) -> Output {
    let mut command = cordon(&["journal"]);
    let command = command.args(words).arg("--dir").arg(journal(park));
    command.output().unwrap()
}

fn journal(park: &Park) -> PathBuf {
    park.data().join("journal")
}

fn say(park: &Park, count: usize) {
    let fields = format!(
        "<c:EnterpriseId>enterprise-1</c:EnterpriseId><c:Required>4</c:Required>\
         <c:OnPost>3</c:OnPost><c:ObservedAt>{}</c:ObservedAt>",
        moment(0)
    );
    let text = message(Head::of("enterprise-1"), "ID", "OnDutyStatus", &fields);
    let files: Vec<PathBuf> = (0..count)
        .map(|_| {
            let id = fresh_id();
            let text = text.replace(">ID<", &format!(">{id}<"));
            message_file(park.scratch(), &id, &text)
        })
        .collect();
    let words = said(&park.submit("enterprise-1", &files));
    assert!(words.contains(&format!("accepted {count}")), "{words}");
}

/// Writes the records again in small segments, so many microseconds earlier: the journal of a park that is as old, and was
/// off until it ran again for the last days.
fn in_small_segments(journal: &Path, earlier: i64) {
    let records = Reader::open(journal).unwrap().read_from(1).unwrap();
    let records: Vec<NewRecord> = records.map(|record| record.unwrap().to_new()).collect();
    let last = records.last().unwrap().time_micros;
    std::fs::remove_dir_all(journal).unwrap();
    let options = Options {
        segment_bytes: SEGMENT,
        reserve_bytes: 4096,
        ..Options::new("JS-DEMO/hub-1")
    };
    let mut journal = Journal::open(journal, options).unwrap();
    let mut all = records;
    for record in &mut all {
        record.time_micros -= earlier;
    }
    if earlier > 0 {
        all.extend((0..RAN / TICK).map(|tick| NewRecord {
            time_micros: last - RAN + tick * TICK,
            kind: 6,
            sender: "hub-1".to_owned(),
            ..NewRecord::default()
        }));
    }
    // Ticks are many and small.
    let are_ticks = |one: &NewRecord, other: &NewRecord| one.kind == 6 && other.kind == 6;
    for some in all.chunk_by(are_ticks).flat_map(|some| some.chunks(200)) {
        journal.append_batch(some).unwrap();
    }
}

fn config_of(park: &Park) -> String {
    park.data().join("park.toml").display().to_string()
}

fn remove(park: &Park, names: &[&str]) {
    for name in names {
        std::fs::remove_file(park.data().join(name)).unwrap();
    }
}

/// All that is kept. A segment that is packed or removed between the look for its name and its opening is looked for again.
fn records(park: &Park) -> Vec<Record> {
    let all = || -> cordon_journal::Result<Vec<Record>> {
        let reader = Reader::open(journal(park))?;
        reader.read_from(0)?.collect()
    };
    let mut read = all();
    for _ in 0..10 {
        if read.is_err() {
            read = all();
        }
    }
    read.unwrap()
}

fn labelled<'a>(records: &'a [Record], label: &str) -> Vec<&'a Record> {
    records.iter().filter(|it| it.label == label).collect()
}

/// The hub does what is due within its first looks.
fn until_said(park: &Park, action: &str, count: usize) {
    park.until(&format!("{action} {count}"), || {
        labelled(&records(park), action).len() >= count
    });
}

fn ends(park: &mut Park) {
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
}

fn starts(park: &mut Park) {
    park.start_again();
    park.wait_until_healthy();
}

/// Where a copy of the state lies that is older than the newest checkpoint.
fn older_state(park: &Park) -> PathBuf {
    park.scratch().join("older.redb")
}

/// Of a park that is two years old: one checkpoint, then another, and what it forgot since. `rules` are of its `[retention]`.
fn old_park(rules: &str, said: &str) -> Park {
    let mut park = Park::start();
    say(&park, 1);
    say(&park, 300);
    ends(&mut park);
    let file = park.data().join("park.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    assert!(!config.contains("[retention]"), "{config}");
    std::fs::write(&file, format!("{config}\n[retention]\n{rules}")).unwrap();
    in_small_segments(&journal(&park), TWO_YEARS);
    remove(&park, &["state.redb", "witness", "records.sqlite"]);
    starts(&mut park);
    until_said(&park, "journal.checkpoint", 1);
    assert!(
        labelled(&records(&park), "journal.forgotten").is_empty(),
        "one is not enough"
    );
    say(&park, 300);
    ends(&mut park);
    std::fs::copy(park.data().join("state.redb"), older_state(&park)).unwrap();
    starts(&mut park);
    say(&park, 5);
    ends(&mut park);
    in_small_segments(&journal(&park), 0);
    let folder = park.data().join("checkpoints");
    let made = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap();
    let file = std::fs::File::options()
        .write(true)
        .open(made.path())
        .unwrap();
    let long_ago = SystemTime::now() - Duration::from_secs(2 * 86_400);
    file.set_modified(long_ago).unwrap();
    starts(&mut park);
    until_said(&park, "journal.checkpoint", 2);
    until_said(&park, said, 1);
    park
}

/// Settings of removed segments are kept beside the journal, and an entry names their file.
#[test]
fn what_a_removed_segment_said_of_settings_is_still_named() {
    let classes = "passages readings alarms audit registrations emergency reports";
    let classes = classes
        .split(' ')
        .map(|class| format!("{class}_days = 400\n"));
    let rules = format!("remove_days = 400\n{}", classes.collect::<String>());
    let mut park = old_park(&rules, "journal.removed");
    park.until("the first segment is gone", || records(&park)[0].number > 1);
    ends(&mut park);
    let kept = records(&park);
    let settings = |record: &&Record| record.kind == 8;
    let before = kept.iter().take_while(|it| !settings(it));
    // A message whose submission went before it says nothing any more.
    let (part, other): (Vec<&Record>, Vec<&Record>) =
        before.partition(|it| it.kind == 2 && it.body.is_empty());
    if let Some(part) = part.iter().find(|it| it.cause < kept[0].number) {
        let number = part.number.to_string();
        let explained = cordon(&["explain", &number, "--config", &config_of(&park)])
            .output()
            .unwrap();
        assert!(said(&explained).contains("F096"), "{}", said(&explained));
    }
    let whole = other.iter().find(|it| it.kind == 7 && !it.is_expired());
    let number = whole.unwrap().number.to_string();
    let explained = cordon(&["explain", &number, "--config", &config_of(&park)])
        .output()
        .unwrap();
    let words = said(&explained);
    assert!(words.contains("removed by rule on 2"), "{words}");
    assert!(
        words.contains("  rules ") && words.contains("kept beside the journal\n"),
        "{words}"
    );
    std::fs::remove_file(park.data().join("removed-settings.json")).unwrap();
    let explained = cordon(&["explain", &number, "--config", &config_of(&park)])
        .output()
        .unwrap();
    let words = said(&explained);
    assert!(words.contains("settings: not known"), "{words}");
    assert!(words.contains("removed by rule on 2"), "{words}");
}

#[test]
fn a_park_forgets_by_rule_and_all_that_is_left_holds() {
    let mut park = old_park("", "journal.forgotten");
    park.until("bodies are gone", || {
        records(&park).iter().any(Record::is_expired)
    });
    let verified = of_journal(&park, &["verify"]);
    assert!(verified.status.success(), "{}", said(&verified));
    let kept = records(&park);
    let bound = kept.iter().rposition(Record::is_expired).unwrap();
    let named = labelled(&kept, "journal.checkpoint")[0].number;
    assert!(
        kept[bound].number < named,
        "nothing behind the older checkpoint"
    );
    // An expired body is told as such, in what is shown and in what is exported, with the messages that lay in it.
    let gone = kept.iter().find(|it| it.kind == 1 && it.is_expired());
    let gone = gone.unwrap().number;
    let shown = of_journal(
        &park,
        &[
            "show",
            "--body",
            "--from",
            &gone.to_string(),
            "--limit",
            "2",
        ],
    );
    let words = said(&shown);
    assert_eq!(words.matches("(expired)").count(), 2, "{words}");
    let to = (gone + 1).to_string();
    let lines = of_journal(&park, &["export", "--from", &gone.to_string(), "--to", &to]);
    let lines = said(&lines);
    assert_eq!(lines.matches("\"expired\":true").count(), 2, "{lines}");
    assert!(lines.contains(&format!("\"submission\":{gone}")), "{lines}");
    // Registrations and modes are kept longer, and what the old ones said is known as ever.
    let expired = &kept[bound];
    let shown = of_journal(
        &park,
        &[
            "show",
            "--limit",
            "1",
            "--from",
            &expired.number.to_string(),
        ],
    );
    let words = said(&shown);
    assert!(words.contains(&expired.sender), "{words}");
    let explained = cordon(&["explain", &expired.number.to_string(), "--config"])
        .arg(park.data().join("park.toml"))
        .output()
        .unwrap();
    assert!(said(&explained).contains("F096"), "{}", said(&explained));
    say(&park, 3);
    ends(&mut park);
    // Without its state it goes on from the newest checkpoint; without any it says so, and nothing is made up.
    remove(&park, &["state.redb", "records.sqlite"]);
    starts(&mut park);
    assert!(
        park.log().contains("goes on from a checkpoint"),
        "{}",
        park.log()
    );
    say(&park, 3);
    ends(&mut park);
    let verified = of_journal(&park, &["verify"]);
    assert!(verified.status.success(), "{}", said(&verified));
    // An older copy of the state gives way to the newest checkpoint, and without state and checkpoints nothing is made up.
    let trust = park.data().join("certs/ca").display().to_string();
    let deep = of_journal(&park, &["verify", "--deep", "--trust", &trust]);
    let words = said(&deep);
    assert!(
        words.contains("signatures") && !words.contains("X003"),
        "{words}"
    );
    let folder = park.data().join("checkpoints");
    let away = park.scratch().join("checkpoints");
    std::fs::rename(&folder, &away).unwrap();
    remove(&park, &["state.redb"]);
    let mut start = Command::new("timeout");
    let start = start.arg("60").arg(program()).args(["run", "--config"]);
    let start = start.arg(config_of(&park)).output().unwrap();
    assert!(said(&start).contains("J062"), "{}", said(&start));
    std::fs::rename(&away, &folder).unwrap();
    remove(&park, &["state.redb"]);
    std::fs::copy(older_state(&park), park.data().join("state.redb")).unwrap();
    let before = park.log().matches("goes on from a checkpoint").count();
    starts(&mut park);
    let after = park.log().matches("goes on from a checkpoint").count();
    assert_eq!(after, before + 1, "{}", park.log());
    ends(&mut park);
    let config = park.data().join("park.toml");
    let mut replay = cordon(&["journal", "replay", "--dir"]);
    let replay = replay.arg(journal(&park)).arg("--config").arg(&config);
    let replay = replay.output().unwrap();
    assert!(
        !replay.status.success() && said(&replay).contains("F096"),
        "{}",
        said(&replay)
    );
}
