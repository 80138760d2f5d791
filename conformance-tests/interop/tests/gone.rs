//! A park that removed the beginning of its journal, and those who ask for it: each is told what is gone and goes on.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cordon_interop::{
    Head, Park, fresh_id, message, message_file, moment, program, python_script, said,
};
use cordon_journal::{Journal, NewRecord, Options, Reader};

/// Entries that a regulator pulled before anything was removed.
const PULLED: u64 = 60;

fn options() -> Options {
    Options {
        segment_bytes: 96 * 1024,
        reserve_bytes: 4096,
        background: false,
        ..Options::new("JS-DEMO/hub-1")
    }
}

/// The same journal in small segments, without those whose records all come before `before`.
fn trimmed(journal: &Path, before: u64) {
    let records = Reader::open(journal).unwrap().read_from(1).unwrap();
    let records: Vec<NewRecord> = records.map(|record| record.unwrap().to_new()).collect();
    std::fs::remove_dir_all(journal).unwrap();
    let mut journal = Journal::open(journal, options()).unwrap();
    for record in records {
        journal.append_batch(&[record]).unwrap();
    }
    assert!(journal.trim(before).unwrap() > 0, "too few segments");
}

fn message_of(park: &Park) -> PathBuf {
    let fields = format!(
        "<c:EnterpriseId>enterprise-1</c:EnterpriseId><c:Required>4</c:Required>\
         <c:OnPost>3</c:OnPost><c:ObservedAt>{}</c:ObservedAt>",
        moment(0)
    );
    let id = fresh_id();
    let text = message(Head::of("enterprise-1"), &id, "OnDutyStatus", &fields);
    message_file(park.scratch(), &id, &text)
}

fn pull(park: &Park, words: &[&str]) -> Output {
    let mut command = park.client(&["pull", "messages"], "regulator", "regulator-1");
    let command = command.args(words).arg("--out").arg(list(park));
    command.output().unwrap()
}

fn list(park: &Park) -> PathBuf {
    park.scratch().join("messages.jsonl")
}

/// The numbers in the list that was pulled.
fn listed(park: &Park) -> Vec<u64> {
    let text = std::fs::read_to_string(list(park)).unwrap();
    let number = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["number"].as_u64().unwrap()
    };
    text.lines().map(number).collect()
}

/// What follows a word in a text, up to the next blank or bracket.
fn after<'a>(text: &'a str, word: &str) -> &'a str {
    let (_, rest) = text
        .split_once(word)
        .unwrap_or_else(|| panic!("{word}: {text}"));
    rest.trim_start().split([' ', ')']).next().unwrap()
}

/// A park that removed what a regulator had not pulled yet, the first message it was sent, and its first kept entry.
fn park() -> (Park, PathBuf, u64) {
    let mut park = Park::start();
    let files: Vec<PathBuf> = (0..400).map(|_| message_of(&park)).collect();
    let words = said(&park.submit("enterprise-1", &files));
    assert!(words.contains("accepted 400"), "{words}");
    let pulled = pull(&park, &["--limit", &PULLED.to_string()]);
    assert!(pulled.status.success(), "{}", said(&pulled));
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let journal = park.data().join("journal");
    trimmed(&journal, 300);
    let first = Reader::open(&journal).unwrap().first().unwrap().unwrap();
    assert!(first > PULLED + 2, "{first}");
    park.start_again();
    park.wait_until_healthy();
    (park, files[0].clone(), first)
}

#[test]
fn a_puller_is_told_what_is_gone_and_goes_on_from_what_is_kept() {
    let (park, sent, first) = park();
    // What was asked for is gone for good: not "try later", and the park's operator sees who asked.
    for words in [&[][..], &["--after", "0"]] {
        let refused = pull(&park, words);
        let words = said(&refused);
        assert_eq!(refused.status.code(), Some(1), "{words}");
        assert!(words.contains("S035: J014: "), "{words}");
        assert!(
            words.contains(&format!("the first entry kept is {first},")),
            "{words}"
        );
        assert_eq!(listed(&park).len(), PULLED as usize, "the list is left");
    }
    let log = park.log();
    let line = log.lines().find(|line| line.contains("J014")).unwrap();
    assert!(
        line.contains("regulator-1") && line.contains(&format!("after entry {PULLED} ")),
        "{line}"
    );
    let words = said(&pull(&park, &[]));
    let (number, chain) = (after(&words, "--after "), after(&words, "--chain "));
    assert_eq!(number, (first - 1).to_string(), "{words}");
    let goes_on = pull(&park, &["--after", number, "--chain", chain]);
    let words = said(&goes_on);
    assert!(goes_on.status.success(), "{words}");
    assert!(
        words.contains(&format!("entries {} to {number} are left out", PULLED + 1)),
        "{words}"
    );
    // The head of the first pull lies behind the gap: the chain leads from it to what the hub had signed.
    assert!(words.contains("they are those that it had then"), "{words}");
    let numbers = listed(&park);
    let (before, behind) = numbers.split_at(PULLED as usize);
    assert_eq!((before[0], behind[0]), (1, first), "the list is added to");
    assert!(behind.windows(2).all(|it| it[1] == it[0] + 1));
    let again = pull(&park, &[]);
    assert!(again.status.success(), "{}", said(&again));
    // Another chain hash is no way round the gap.
    let other = pull(&park, &["--after", number, "--chain", &"ab".repeat(32)]);
    assert!(said(&other).contains("S07"), "{}", said(&other));
    asks_for_others(&park, &sent);
}

/// The list, line by line.
fn lines(park: &Park) -> Vec<String> {
    let text = std::fs::read_to_string(list(park)).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The flags that the refusal of a pull advises.
fn advised(park: &Park) -> [String; 4] {
    let words = said(&pull(park, &[]));
    let (number, chain) = (after(&words, "--after "), after(&words, "--chain "));
    ["--after", number, "--chain", chain].map(str::to_owned)
}

/// What was pulled before the removal stands, each entry of the rest once, and what is new behind it.
fn stands(park: &Park, before: &[String], first: u64) {
    assert_eq!(&lines(park)[..before.len()], before, "the list is added to");
    let numbers = listed(park);
    assert!(numbers[..PULLED as usize].iter().copied().eq(1..=PULLED));
    let behind = &numbers[PULLED as usize..];
    assert_eq!(behind[0], first);
    assert!(behind.windows(2).all(|it| it[1] == it[0] + 1), "each once");
}

#[test]
fn a_list_never_loses_what_the_hub_no_longer_has() {
    let (park, _, first) = park();
    let checkpoint = park.scratch().join("messages.jsonl.checkpoint.json");
    let pulled = lines(&park);
    let flags = advised(&park);
    let flags = flags.each_ref().map(String::as_str);
    let goes_on = pull(&park, &flags);
    assert!(goes_on.status.success(), "{}", said(&goes_on));
    stands(&park, &pulled, first);
    // Said again with a checkpoint that is ahead, and with none: nothing goes, nothing comes twice.
    for is_kept in [true, false] {
        if !is_kept {
            std::fs::remove_file(&checkpoint).unwrap();
        }
        let before = lines(&park);
        let again = pull(&park, &flags);
        assert!(again.status.success(), "{}", said(&again));
        stands(&park, &before, first);
        assert!(said(&again).contains("stood in the list already"));
    }
    // Only what was pulled at first, without a checkpoint: its last question was refused.
    std::fs::remove_file(&checkpoint).unwrap();
    std::fs::write(list(&park), pulled.join("\n")).unwrap();
    let goes_on = said(&pull(&park, &flags));
    let left_out = format!("entries {} to {} are left out", PULLED + 1, first - 1);
    assert!(goes_on.contains(&left_out), "{goes_on}");
    stands(&park, &pulled, first);
    // A pull that was ended while it wrote a line: the line is written again.
    let whole = std::fs::read(list(&park)).unwrap();
    std::fs::write(list(&park), &whole[..whole.len() - 40]).unwrap();
    std::fs::remove_file(&checkpoint).unwrap();
    assert!(pull(&park, &flags).status.success());
    assert!(std::fs::read(list(&park)).unwrap().starts_with(&whole));
    stands(&park, &pulled, first);
    is_never_replaced(&park, &checkpoint, &flags);
}

/// What would have to be replaced is refused and stays: another chain, another hub, another file.
fn is_never_replaced(park: &Park, checkpoint: &Path, flags: &[&str]) {
    let honest = std::fs::read(list(park)).unwrap();
    let refused = |given: &Output| {
        assert_eq!(given.status.code(), Some(1), "{}", said(given));
        assert!(said(given).contains("S079: "), "{}", said(given));
        assert!(said(given).contains("name another --out"));
        assert!(!checkpoint.exists(), "nothing is known of it");
    };
    std::fs::remove_file(checkpoint).unwrap();
    let other = Park::start();
    let mut command = other.client(&["pull", "messages"], "regulator", "regulator-1");
    command.arg("--out").arg(list(park));
    refused(&command.output().unwrap());
    assert_eq!(std::fs::read(list(park)).unwrap(), honest);

    let mut forged = lines(park);
    let last = forged.last_mut().unwrap();
    let mut line: serde_json::Value = serde_json::from_str(last).unwrap();
    line["chain"] = "ab".repeat(32).into();
    *last = line.to_string();
    for text in [forged.join("\n"), "not of this program".to_owned()] {
        std::fs::write(list(park), &text).unwrap();
        refused(&pull(park, flags));
        assert_eq!(std::fs::read_to_string(list(park)).unwrap(), text);
    }
}

/// Whoever else asks for an entry that is gone.
fn asks_for_others(park: &Park, sent: &Path) {
    // The receipt of a message is kept apart from its entry.
    let again = park.submit("enterprise-1", &[sent.to_owned()]);
    assert!(again.status.success(), "{}", said(&again));
    let config = park.data().join("park.toml");
    let mut explain = Command::new(program());
    let explain = explain.args(["explain", "2", "--config"]).arg(&config);
    let explain = explain.output().unwrap();
    assert!(
        !explain.status.success() && said(&explain).contains("J014"),
        "{}",
        said(&explain)
    );
}

#[test]
fn zeep_goes_on_behind_what_is_gone_by_the_words_of_the_fault() {
    let (park, _, first) = park();
    let script = python_script("python/zeep_behind_gone.py");
    let (_, ports) = park.soap(script, "regulator-1", &[]);
    for port in &ports {
        assert_eq!(port["code"], "J014", "{port}");
        assert_eq!(port["same"], true, "{port}");
        assert_eq!(port["first"], first, "{port}");
        assert!(port["entries"].as_u64().unwrap() > 50, "{port}");
    }
}
