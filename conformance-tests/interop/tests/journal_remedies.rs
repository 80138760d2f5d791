//! What a start that ends with a code of the journal says, and whether its remedy works.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Command, Output};

use cordon_interop::{Park, free_port_base, program, run, said};

fn cordon(words: &[&str], config: &Path) -> Command {
    let mut command = Command::new(program());
    command.args(words).arg("--config").arg(config);
    command
}

/// How a start ends that must not come up; it is given up after a while.
fn refused(config: &Path) -> Output {
    let mut command = Command::new("timeout");
    let command = command.arg("60").arg(program());
    let output = command.arg("run").arg("--config").arg(config).output();
    let output = output.unwrap();
    assert!(!output.status.success() && output.status.code() != Some(124));
    output
}

/// Code and remedy were printed twice; the remedy of a state that another process has open was to
/// delete it.
#[test]
fn a_folder_in_use_is_said_to_be_in_use_and_nothing_is_to_be_deleted() {
    let park = Park::start();
    let text = std::fs::read_to_string(park.data().join("park.toml")).unwrap();
    let (base, other) = (
        park.exchange().rsplit(':').next().unwrap().parse::<u16>(),
        free_port_base(),
    );
    let base = base.unwrap();
    let text = text
        .replace(&format!(":{base}\""), &format!(":{other}\""))
        .replace(&format!(":{}\"", base + 1), &format!(":{}\"", other + 1));
    let second = park.data().join("second.toml");
    std::fs::write(&second, text).unwrap();
    let accept = ["journal", "accept", "--by", "Wang Fang", "--reason", "lost"];
    let accepting = cordon(&accept, &park.data().join("park.toml"))
        .output()
        .unwrap();
    for output in [refused(&second), accepting] {
        let words = said(&output);
        assert_eq!(words.matches("J002").count(), 1, "{words}");
        assert_eq!(words.matches("stop the other hub").count(), 1, "{words}");
        assert!(!words.contains("delete"), "{words}");
    }
}

/// Turns a bit in the last batch of a journal.
fn turn_last(journal: &Path) {
    let file = journal.join("00000001.seg");
    let bytes = std::fs::read(&file).unwrap();
    let last = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    let at = last - 40;
    let file = std::fs::OpenOptions::new().write(true).open(file).unwrap();
    file.write_all_at(&[bytes[at] ^ 1], at as u64).unwrap();
}

/// It was called shorter than known (J008), and what that names as the last resort did not help.
#[test]
fn a_last_batch_that_was_changed_is_called_so_and_can_be_given_up_by_name() {
    let mut park = Park::start();
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let config = park.data().join("park.toml");
    turn_last(&park.data().join("journal"));
    let words = said(&refused(&config));
    assert!(words.contains("J051") && !words.contains("J008"), "{words}");
    let remedy = "cordon journal accept";
    assert_eq!(words.matches(remedy).count(), 1, "{words}");
    let accept = [
        "journal",
        "accept",
        "--by",
        "Wang Fang",
        "--reason",
        "no backup",
    ];
    run(&mut cordon(&accept, &config));
    park.start_again();
    park.wait_until_healthy();
    let shown = park.bodies();
    assert!(shown.contains("journal.accepted"), "{shown}");
    assert!(shown.contains("changed after it was written"), "{shown}");
}

/// Takes bytes from the end of a journal's file.
fn shorten(journal: &Path, left: impl Fn(&[u8]) -> usize) {
    let file = journal.join("00000001.seg");
    let left = left(&std::fs::read(&file).unwrap());
    let file = std::fs::OpenOptions::new().write(true).open(file).unwrap();
    file.set_len(left as u64).unwrap();
}

/// A few bytes less of its empty end were a damaged head (J003), whose remedy is another program.
#[test]
fn a_journal_whose_file_was_cut_short_starts_or_says_what_helps() {
    let mut park = Park::start();
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let (config, journal) = (park.data().join("park.toml"), park.data().join("journal"));
    shorten(&journal, |bytes| bytes.len() - 5);
    park.start_again();
    park.wait_until_healthy();
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    // Into the last batch.
    shorten(&journal, |bytes| {
        bytes.iter().rposition(|byte| *byte != 0).unwrap() - 10
    });
    let words = said(&refused(&config));
    assert!(words.contains("J061") && !words.contains("J003"), "{words}");
    assert_eq!(words.matches("cordon journal accept").count(), 1, "{words}");
    let accept = [
        "journal",
        "accept",
        "--by",
        "Wang Fang",
        "--reason",
        "no backup",
    ];
    run(&mut cordon(&accept, &config));
    park.start_again();
    park.wait_until_healthy();
    let shown = park.bodies();
    assert!(
        shown.contains("journal.accepted") && shown.contains("cut short"),
        "{shown}"
    );
}

/// The spool on the disk whose failing it is for was found good.
#[test]
fn check_warns_of_a_spool_on_the_disk_of_the_journal() {
    let park = Park::start();
    let output = cordon(&["check"], &park.data().join("park.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("K091"), "{}", said(&output));
}

/// A folder, and a file in the place of its folder, were found good.
#[test]
fn check_refuses_a_spool_that_nothing_can_be_written_to() {
    for (spool, says) in [
        ("certs", "is a folder"),
        ("park.toml/spool", "below a file"),
    ] {
        let park = Park::start();
        let config = park.data().join("park.toml");
        let text = std::fs::read_to_string(&config).unwrap();
        let changed = text.replacen(
            "data = \".\"",
            &format!("data = \".\"\nspool = \"{spool}\""),
            1,
        );
        assert_ne!(text, changed);
        std::fs::write(&config, changed).unwrap();
        let output = cordon(&["check"], &config).output().unwrap();
        let words = said(&output);
        assert!(!output.status.success(), "{words}");
        assert!(words.contains("K098") && words.contains(says), "{words}");
    }
}

/// The start said J005, and accepting that there was nothing to accept.
#[test]
fn accepting_a_journal_that_is_damaged_in_the_middle_says_what_helps() {
    let mut park = Park::start();
    // One batch may be all that a short run writes; a second start writes behind it.
    park.kill_and_restart();
    park.wait_until_healthy();
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let segment = park.data().join("journal/00000001.seg");
    let file = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&segment)
        .unwrap();
    // In the first batch, whose record of the start every other follows.
    let mut byte = [0];
    file.read_exact_at(&mut byte, 4096 + 100).unwrap();
    file.write_all_at(&[byte[0] ^ 0xff], 4096 + 100).unwrap();
    let config = park.data().join("park.toml");
    let start = said(&refused(&config));
    assert!(start.contains("J005"), "{start}");
    let accept = [
        "journal",
        "accept",
        "--by",
        "Wang Fang",
        "--reason",
        "no backup",
    ];
    let output = cordon(&accept, &config).output().unwrap();
    let words = said(&output);
    assert!(!output.status.success(), "{words}");
    assert!(
        words.contains("J005") && words.contains("restore this segment"),
        "{words}"
    );
    assert!(!words.contains("nothing to accept"), "{words}");
}
