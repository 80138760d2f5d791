//! Several `cordon pull` write the same output at once, as when a timer starts one before the last has ended: one
//! writes at a time, and what is written is whole.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use cordon_interop::{Park, said};

fn pull(park: &Park, words: &[&str], out: &Path) -> Command {
    let words = [&["pull"], words].concat();
    let mut command = park.client(&words, "regulator", "regulator-1");
    command.arg("--out").arg(out);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// So many of them at once, all waited for.
fn at_once(mut of: impl FnMut() -> Command) -> Vec<Output> {
    let started: Vec<_> = (0..4).map(|_| of().spawn().unwrap()).collect();
    let ended = started.into_iter().map(|one| one.wait_with_output());
    ended.map(Result::unwrap).collect()
}

/// Each said that all was verified, the list held entries twice and torn lines, and no later pull took it.
#[test]
fn pulls_of_entries_at_once_leave_one_list_that_is_whole() {
    let park = Park::start();
    let list = park.scratch().join("messages.jsonl");
    let keep = park.scratch().join("records");
    let pull = || {
        let mut pull = pull(&park, &["messages"], &list);
        pull.arg("--keep").arg(&keep);
        pull
    };
    for answer in at_once(pull) {
        assert_eq!(answer.status.code(), Some(0), "{}", said(&answer));
    }
    let text = std::fs::read_to_string(&list).unwrap();
    let numbers = text.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["number"].as_u64().unwrap()
    });
    let numbers: Vec<u64> = numbers.collect();
    assert!(numbers.len() > 5 && numbers.iter().copied().eq(1..=numbers.len() as u64));

    // One that does not end: of the list, of the checkpoint alone, of the records alone.
    let mut checkpoint = list.clone().into_os_string();
    checkpoint.push(".checkpoint.json.lock");
    for held in [&list, Path::new(&checkpoint), &keep] {
        let lock = File::open(held).unwrap();
        lock.lock().unwrap();
        let answer = pull().output().unwrap();
        let words = said(&answer);
        assert_eq!(answer.status.code(), Some(75), "{words}");
        assert!(
            words.contains("S088") && words.contains("an output of its own"),
            "{words}"
        );
        assert_eq!(std::fs::read_to_string(&list).unwrap(), text);
    }
    assert_eq!(pull().status().unwrap().code(), Some(0));
}

/// One of several ended with S030: another had taken its half-written file away.
#[test]
fn pulls_of_one_report_at_once_leave_one_file() {
    let park = Park::start();
    park.build_report();
    // The hub lists what is built beside it when it next looks at the folder.
    park.until("the report is listed", || {
        let mut list = park.client(&["pull", "list"], "regulator", "regulator-1");
        said(&list.output().unwrap()).contains("entry")
    });
    let folder = park.scratch().join("pulled");
    let words = ["report", "--type", "RPT-01"];
    for answer in at_once(|| pull(&park, &words, &folder)) {
        assert_eq!(answer.status.code(), Some(0), "{}", said(&answer));
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    let lock = File::open(&folder).unwrap();
    lock.lock().unwrap();
    let answer = pull(&park, &words, &folder).output().unwrap();
    assert_eq!(answer.status.code(), Some(75), "{}", said(&answer));
    assert!(said(&answer).contains("S088"), "{}", said(&answer));
}
