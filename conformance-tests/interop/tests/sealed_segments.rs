//! Files of the journal before the last one that are missing, cut short or another's, as a start sees them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cordon_interop::{Head, Park, fresh_id, message, message_file, moment, program, run, said};
use cordon_journal::{Journal, NewRecord, Options, Reader};

const SEGMENT: u64 = 96 * 1024;

fn cordon(words: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(words);
    command
}

fn path(journal: &Path, number: u64) -> PathBuf {
    journal.join(format!("{number:08}.seg"))
}

/// How a start ends that must not come up; it is given up after a while.
fn refused(config: &Path) -> String {
    let mut command = Command::new("timeout");
    let command = command.arg("60").arg(program());
    let output = command.arg("run").arg("--config").arg(config).output();
    let output = output.unwrap();
    let words = said(&output);
    assert!(
        !output.status.success() && output.status.code() != Some(124),
        "it started: {words}"
    );
    words
}

fn verify(journal: &Path) -> Output {
    let mut command = cordon(&["journal", "verify", "--dir"]);
    command.arg(journal).output().unwrap()
}

/// Enough messages of an enterprise for several small segments.
fn say_much(park: &Park) {
    let fields = format!(
        "<c:EnterpriseId>enterprise-1</c:EnterpriseId><c:Required>4</c:Required>\
         <c:OnPost>3</c:OnPost><c:ObservedAt>{}</c:ObservedAt>",
        moment(0)
    );
    let text = message(Head::of("enterprise-1"), "ID", "OnDutyStatus", &fields);
    let ids: Vec<String> = (0..400).map(|_| fresh_id()).collect();
    let of = |id: &String| {
        message_file(
            park.scratch(),
            id,
            &text.replace(">ID<", &format!(">{id}<")),
        )
    };
    let files: Vec<PathBuf> = ids.iter().map(of).collect();
    let words = said(&park.submit("enterprise-1", &files));
    assert!(words.contains("accepted 400"), "{words}");
}

/// The same records in the same order make the same journal, whatever its segments' size.
fn in_small_segments(journal: &Path) {
    let records = Reader::open(journal).unwrap().read_from(1).unwrap();
    let records: Vec<NewRecord> = records.map(|record| record.unwrap().to_new()).collect();
    std::fs::remove_dir_all(journal).unwrap();
    let options = Options {
        segment_bytes: SEGMENT,
        reserve_bytes: 4096,
        ..Options::new("JS-DEMO/hub-1")
    };
    let mut journal = Journal::open(journal, options).unwrap();
    for record in records {
        journal.append_batch(&[record]).unwrap();
    }
}

/// A park that ended well, with a journal of several small segments.
fn stopped() -> (Park, PathBuf, PathBuf) {
    let mut park = Park::start();
    say_much(&park);
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let (config, journal) = (park.data().join("park.toml"), park.data().join("journal"));
    in_small_segments(&journal);
    assert!(path(&journal, 4).exists(), "too few segments");
    park.start_again();
    park.wait_until_healthy();
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    (park, config, journal)
}

fn shorten(journal: &Path, number: u64, left: u64) {
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(path(journal, number));
    file.unwrap().set_len(left).unwrap();
}

/// Each started and said `ok`; only `cordon journal verify` said DAMAGED.
#[test]
fn a_file_before_the_last_that_is_missing_cut_or_anothers_is_refused() {
    let (mut park, config, journal) = stopped();
    let whole = std::fs::read(path(&journal, 1)).unwrap();
    let give_back = || std::fs::write(path(&journal, 1), &whole).unwrap();
    for left in [SEGMENT / 2, 4096] {
        shorten(&journal, 1, left);
        let words = refused(&config);
        assert!(words.contains("J061"), "{left}: {words}");
        assert!(words.contains("cordon journal accept"), "{words}");
        let len = std::fs::metadata(path(&journal, 1)).unwrap().len();
        assert_eq!(len, left, "the evidence was touched");
        give_back();
    }
    std::fs::remove_file(path(&journal, 1)).unwrap();
    assert!(refused(&config).contains("J050"));
    give_back();
    let second = std::fs::read(path(&journal, 2)).unwrap();
    std::fs::remove_file(path(&journal, 2)).unwrap();
    assert!(refused(&config).contains("J004"));
    std::fs::write(path(&journal, 2), &whole).unwrap();
    assert!(refused(&config).contains("J003"));
    std::fs::write(path(&journal, 2), second).unwrap();

    // Its seal alone: nothing is missing, and it is sealed again.
    shorten(&journal, 1, SEGMENT - 1);
    park.start_again();
    park.wait_until_healthy();
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    assert_eq!(std::fs::read(path(&journal, 1)).unwrap(), whole);
    let seen = verify(&journal);
    assert!(seen.status.success(), "{}", said(&seen));
}

#[test]
fn a_file_before_the_last_that_is_lost_is_given_up_by_name_and_the_hub_goes_on() {
    let (mut park, config, journal) = stopped();
    shorten(&journal, 2, SEGMENT / 2);
    assert!(refused(&config).contains("J061"));
    let mut accept = cordon(&["journal", "accept", "--by", "Wang Fang", "--reason"]);
    let words = said(&run(accept.arg("no backup").arg("--config").arg(&config)));
    assert!(words.contains("segment 2 is lost"), "{words}");
    park.start_again();
    park.wait_until_healthy();
    let alarms = park.view()["alarms"].to_string();
    assert!(alarms.contains("segment 2 is lost"), "{alarms}");
    // What is behind it is known to who asks for grants.
    assert!(
        !park.log().contains("grants cannot be read"),
        "{}",
        park.log()
    );
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let reader = Reader::open(&journal).unwrap();
    let (last, _) = reader.position().unwrap();
    let newest = (last.saturating_sub(40)..=last).filter_map(|at| reader.get(at).ok().flatten());
    let told = newest.filter(|record| record.label == "journal.accepted");
    assert_eq!(told.count(), 1);
    // Accepted once, it is no longer in question; verify goes on naming it.
    park.start_again();
    park.wait_until_healthy();
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let seen = verify(&journal);
    assert!(!seen.status.success(), "{}", said(&seen));
    assert!(said(&seen).contains("00000002.seg"), "{}", said(&seen));
}

fn jsonl(journal: &Path, words: &[&str]) -> String {
    let mut command = cordon(&["journal"]);
    let output = run(command.args(words).arg("--dir").arg(journal));
    String::from_utf8(output.stdout).unwrap()
}

/// What was packed is exported, verified and started from as before; a hub that runs is not packed by another process.
#[test]
fn packed_segments_read_as_before() {
    let (mut park, _, journal) = stopped();
    let before = jsonl(&journal, &["export"]);
    let packed = jsonl(&journal, &["pack", "--format", "json"]);
    assert!(packed.lines().count() >= 2, "{packed}");
    for line in packed.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(
            line["packed_bytes"].as_u64() < line["bytes"].as_u64(),
            "{line}"
        );
    }
    assert!(!path(&journal, 1).exists() && journal.join("00000001.segz").exists());
    assert_eq!(jsonl(&journal, &["export"]), before);
    let seen = verify(&journal);
    assert!(seen.status.success(), "{}", said(&seen));

    let usage = jsonl(&journal, &["usage", "--format", "json"]);
    let usage: serde_json::Value = serde_json::from_str(&usage).unwrap();
    assert_eq!(
        usage["entries"].as_u64(),
        Some(before.lines().count() as u64),
        "{usage}"
    );
    assert_eq!(
        usage["packed"]["segments"].as_u64(),
        Some(packed.lines().count() as u64)
    );

    // The state is made anew out of the packed ones.
    std::fs::remove_file(park.data().join("state.redb")).unwrap();
    park.start_again();
    park.wait_until_healthy();
    let mut refused = cordon(&["journal", "pack", "--dir"]);
    let refused = refused.arg(&journal).output().unwrap();
    assert!(said(&refused).contains("J002"), "{}", said(&refused));
    say_much(&park);
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let seen = verify(&journal);
    assert!(seen.status.success(), "{}", said(&seen));
    assert!(jsonl(&journal, &["export"]).starts_with(&before));
}

/// With the archive all is read as one; without it the journal begins later, and the hub goes on.
#[test]
fn archived_segments_are_read_with_the_archive_and_brought_back() {
    let (mut park, _, journal) = stopped();
    let before = jsonl(&journal, &["export"]);
    let packed = jsonl(&journal, &["pack"]).lines().count();
    let archive = park.scratch().join("archive");
    let named = archive.display().to_string();
    let old = jsonl(&journal, &["archive", "--older-days", "1", "--to", &named]);
    assert_eq!(old, "", "nothing is older than a day");
    let moved = jsonl(&journal, &["archive", "--older-days", "0", "--to", &named]);
    assert_eq!(moved.lines().count(), packed, "{moved}");

    assert_eq!(jsonl(&journal, &["export", "--archive", &named]), before);
    let both = jsonl(&journal, &["verify", "--archive", &named]);
    assert!(both.contains("clean"), "{both}");
    let mut alone = cordon(&["journal", "export", "--dir"]);
    let alone = alone.arg(&journal).output().unwrap();
    assert!(said(&alone).contains("J014"), "{}", said(&alone));
    let mut absent = cordon(&["journal", "verify", "--archive", "/nowhere", "--dir"]);
    assert!(!absent.arg(&journal).output().unwrap().status.success());

    park.start_again();
    park.wait_until_healthy();
    say_much(&park);
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    assert!(jsonl(&journal, &["export", "--archive", &named]).starts_with(&before));
    let back = jsonl(&journal, &["restore", "--from", &named]);
    assert_eq!(back.lines().count(), packed, "{back}");
    assert!(jsonl(&journal, &["export"]).starts_with(&before));
    let seen = verify(&journal);
    assert!(seen.status.success(), "{}", said(&seen));
}

/// A hub packs and moves by itself what its rules call old, journals what it moved, and reads it from there.
#[test]
fn a_hub_keeps_old_segments_by_its_rules() {
    let (mut park, config, journal) = stopped();
    let before = jsonl(&journal, &["export"]);
    let archive = park.scratch().join("archive");
    std::fs::create_dir(&archive).unwrap();
    let text = std::fs::read_to_string(&config).unwrap();
    let rules = format!(
        "{text}\n[retention]\npack_days = 0\narchive = \"{}\"\narchive_days = 0\n",
        archive.display()
    );
    std::fs::write(&config, rules).unwrap();
    park.start_again();
    park.wait_until_healthy();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    // The last one sealed and what follows stay.
    let is_left = |number| path(&journal, number).exists();
    while is_left(1) || is_left(2) || !archive.join("00000002.segz").exists() {
        assert!(std::time::Instant::now() < deadline, "{}", park.log());
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    park.kill();
    // The state is made anew from both, where no checkpoint is left.
    std::fs::remove_file(park.data().join("state.redb")).unwrap();
    let _ = std::fs::remove_dir_all(park.data().join("checkpoints"));
    park.start_again();
    park.wait_until_healthy();
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let named = archive.display().to_string();
    let all = jsonl(&journal, &["export", "--archive", &named]);
    assert!(all.starts_with(&before));
    let told = jsonl(
        &journal,
        &["show", "--limit", "100000", "--archive", &named, "--body"],
    );
    assert!(told.contains("journal.archived"), "{told}");
    let seen = jsonl(&journal, &["verify", "--archive", &named]);
    assert!(seen.contains("clean"), "{seen}");
}
