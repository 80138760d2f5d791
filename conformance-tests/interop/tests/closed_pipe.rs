//! Whoever reads what a command prints may have seen enough (`| head`), and a disk that it is written to may be full:
//! the first is no failure, the second is told, and neither is a panic.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "test code")]

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use cordon_interop::{Park, program, said};

const FILES: i32 = 66;

/// Commands that print, by their words; `DATA` is the park's folder.
const COMMANDS: &[&str] = &[
    "backup DATA/../backup-OUT --config DATA/park.toml",
    "cert calendar --config DATA/park.toml",
    "cert list --dir DATA/certs/ca",
    "certify --list",
    "certify --list --format json",
    "check --config DATA/park.toml",
    "completion bash",
    "explain authority",
    "explain S079",
    "explain 3 --config DATA/park.toml",
    "journal export --dir DATA/journal",
    "journal show --dir DATA/journal",
    "journal usage --dir DATA/journal",
    "journal verify --dir DATA/journal",
    "journal verify --dir DATA/journal --format json",
    "report build --config DATA/park.toml --report RPT-07 --so-far",
    "report list --config DATA/park.toml",
];

/// Runs it with this standard output; `out` makes names of what it writes its own.
fn run(words: &str, data: &Path, (out, stdout): (usize, Stdio)) -> Output {
    let words = words
        .replace("DATA", data.to_str().unwrap())
        .replace("OUT", &out.to_string());
    let mut command = Command::new(program());
    command.args(words.split(' ')).stderr(Stdio::piped());
    let child = command.stdout(stdout).spawn().unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_command_whose_reader_has_gone_ends_as_it_would_have() {
    let park = Park::start();
    let data = park.data();
    let mut pulls: Vec<Command> = Vec::new();
    for words in [["pull", "list"], ["pull", "certificates"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut pull = park.client(&words, "regulator", "regulator-1");
        pull.stdout(writer);
        pulls.push(pull);
    }
    for words in COMMANDS {
        let whole = run(words, &data, (0, Stdio::piped()));
        assert!(!whole.stdout.is_empty(), "{words}: {}", said(&whole));
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let unread = run(words, &data, (1, writer.into()));
        let told = said(&unread);
        assert_eq!(unread.status.code(), whole.status.code(), "{words}: {told}");
        assert!(!told.contains("panicked"), "{words}: {told}");
        let full = File::options().write(true).open("/dev/full").unwrap();
        let full = run(words, &data, (2, full.into()));
        let told = said(&full);
        let code = whole.status.code().filter(|code| *code != 0);
        assert_eq!(full.status.code(), code.or(Some(FILES)), "{words}: {told}");
        assert!(
            code.is_some() || told.contains("is not whole"),
            "{words}: {told}"
        );
    }
    for mut pull in pulls {
        let unread = pull.output().unwrap();
        assert_eq!(unread.status.code(), Some(0), "{}", said(&unread));
    }
}

/// That nobody reads on makes no yes of a no.
#[test]
fn a_no_stays_a_no_when_nobody_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("park.toml");
    std::fs::write(&config, "[hub]\nnonsense = 1\n").unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let words = "check --config DATA/park.toml --format json";
    let refused = run(words, folder.path(), (0, writer.into()));
    assert_eq!(refused.status.code(), Some(78), "{}", said(&refused));
}
