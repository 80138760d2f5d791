//! The museum of bad configurations: `cordon check` says of each exactly what is committed beside it.
//!
//! A case is a folder of `conformance-tests/museum` with a `park.toml`, its `expected.txt` and,
//! where files matter, `steps.txt`. It is laid over a folder that `cordon prepare` made, so that
//! certificates are real and no private key is in the repository; what must be old or revoked is made
//! by the park's CA under another clock. Moments are shown as `<time>`. With `UPDATE_MUSEUM=1` the
//! expected words are written anew; look at them before you commit.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use cordon_contract::{Clock as _, SystemClock};
use cordon_interop::{Park, free_port_base, program, run};
use cordon_model::Timestamp;
use cordon_security::Role;
use cordon_security::ca::{
    Authority, Bundle, CaSettings, IssueRequest, KeyAlgorithm, KeySource, Reason,
};

/// How many cases the museum holds at least.
const CASES_MIN: usize = 85;

fn cases() -> Vec<PathBuf> {
    let museum = Path::new(env!("CARGO_MANIFEST_DIR")).join("../museum");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(museum)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    cases
}

/// Copies a folder with everything in it and the rights of its files.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// One line of `steps.txt`: `mode 644 FILE`, `remove PATH`, `copy FROM TO`, `link TARGET LINK`,
/// `write FILE TEXT` (for the owner alone), or what [`papers`] does.
fn step(park: &Path, line: &str) {
    let words: Vec<&str> = line.splitn(3, ' ').collect();
    match words[..] {
        ["mode", mode, file] => {
            let mode = u32::from_str_radix(mode, 8).unwrap();
            let rights = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(park.join(file), rights).unwrap();
        }
        ["remove", path] if park.join(path).is_dir() => {
            std::fs::remove_dir_all(park.join(path)).unwrap();
        }
        ["remove", path] => std::fs::remove_file(park.join(path)).unwrap(),
        ["copy", from, to] => drop(std::fs::copy(park.join(from), park.join(to)).unwrap()),
        ["write", file, text] => {
            let file = park.join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            let is_new = !file.exists();
            std::fs::write(&file, text).unwrap();
            if is_new {
                let rights = std::fs::Permissions::from_mode(0o600);
                std::fs::set_permissions(file, rights).unwrap();
            }
        }
        ["link", target, link] => std::os::unix::fs::symlink(target, park.join(link)).unwrap(),
        _ => papers(park, &words),
    }
}

fn days_ago(days: &str) -> Timestamp {
    let days: i64 = days.parse().unwrap();
    SystemClock.now().plus_seconds(-86_400 * days)
}

/// What the park's CA does under another clock: `issue DAYS_AGO` gives the hub a new certificate,
/// `crl DAYS_AGO` publishes the revocation lists, `revoke hub` revokes its certificate, `authority
/// new` puts another CA in its place.
fn papers(park: &Path, words: &[&str]) {
    let folder = park.join("certs/ca");
    let open = || Authority::open(&folder).unwrap();
    match words {
        ["issue", days] => {
            let wanted = IssueRequest {
                role: Role::Hub,
                id: "hub-1".parse().unwrap(),
                key: KeySource::Fresh(KeyAlgorithm::P256),
                hosts: vec!["127.0.0.1".to_owned()],
                days: None,
            };
            let issued = open().issue(&wanted, days_ago(days)).unwrap();
            Bundle::write(&issued, &park.join("certs/hub-1")).unwrap();
        }
        ["crl", days] => drop(open().crl(days_ago(days)).unwrap()),
        ["revoke", "hub"] => {
            let mut authority = open();
            let hub = authority
                .list()
                .iter()
                .find(|one| one.id.as_str() == "hub-1");
            let serial = hub.unwrap().serial.clone();
            authority
                .revoke(&serial, Reason::Superseded, SystemClock.now())
                .unwrap();
        }
        ["authority", "new"] => {
            std::fs::remove_dir_all(&folder).unwrap();
            let settings = CaSettings::new("JS-DEMO".parse().unwrap());
            Authority::init(&folder, &settings, SystemClock.now()).unwrap();
        }
        _ => panic!("no such step: {words:?}"),
    }
}

/// Moments differ from run to run.
fn without_moments(words: &str) -> String {
    let is_moment = |word: &str| {
        let mut letters = word.bytes();
        let date: Vec<u8> = letters.by_ref().take(11).collect();
        date.len() == 11
            && date[..4].iter().all(u8::is_ascii_digit)
            && date[4] == b'-'
            && date[10] == b'T'
    };
    words
        .split_inclusive([' ', '\n', ',', ';'])
        .map(|word| match is_moment(word) {
            true => format!("<time>{}", &word[word.len() - 1..]),
            false => word.to_owned(),
        })
        .collect()
}

/// Exit code and words of `cordon check`, with paths as they are in the case.
fn check(park: &Path) -> String {
    let output = Command::new(program())
        .args(["check", "--config"])
        .arg(park.join("park.toml"))
        .output()
        .unwrap();
    let words = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    let words = words.replace(&format!("{}/", park.display()), "");
    let words = words.replace(&park.display().to_string(), ".");
    let words = without_moments(&words);
    format!("exit {}\n{words}", output.status.code().unwrap())
}

#[test]
fn each_bad_configuration_is_refused_in_the_committed_words() {
    let scratch = tempfile::tempdir().unwrap();
    let good = scratch.path().join("good");
    run(Command::new(program())
        .arg("prepare")
        .arg("--data")
        .arg(&good));
    assert!(check(&good).starts_with("exit 0\n"), "{}", check(&good));
    let cases = cases();
    assert!(cases.len() >= CASES_MIN, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let park = scratch.path().join(&name);
        copy(&good, &park);
        copy(case, &park);
        let steps = std::fs::read_to_string(case.join("steps.txt")).unwrap_or_default();
        steps.lines().for_each(|line| step(&park, line));
        let said = check(&park);
        assert!(!said.starts_with("exit 0\n"), "{name} is accepted: {said}");
        let expected = case.join("expected.txt");
        if std::env::var_os("UPDATE_MUSEUM").is_some() {
            std::fs::write(&expected, &said).unwrap();
        }
        let committed = std::fs::read_to_string(&expected).unwrap_or_default();
        if said != committed {
            wrong.push(format!("{name}:\n{said}\nexpected:\n{committed}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    println!("{} bad configurations refused as committed", cases.len());
}

/// Every file of a folder with its rights, size and time.
fn traces(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let known = path.metadata().unwrap();
        found.push(format!("{path:?} {known:?}"));
        if known.is_dir() {
            found.extend(traces(&path));
        }
    }
    found.sort();
    found
}

#[test]
fn a_check_of_a_whole_park_leaves_no_trace() {
    let scratch = tempfile::tempdir().unwrap();
    let park = scratch.path().join("park");
    let prepare = ["prepare", "--full", "--data"];
    run(Command::new(program()).args(prepare).arg(&park));
    // Access times tell only that a file was read.
    let without_access = |lines: Vec<String>| -> Vec<String> {
        let cut = |line: String| match line.split_once("accessed:") {
            Some((before, after)) => {
                let rest = after.split_once("},").map_or("", |(_, rest)| rest);
                format!("{before}{rest}")
            }
            None => line,
        };
        lines.into_iter().map(cut).collect()
    };
    let before = without_access(traces(&park));
    assert!(check(&park).starts_with("exit 0\n"), "{}", check(&park));
    assert_eq!(without_access(traces(&park)), before);
}

#[test]
fn a_start_refuses_an_open_secret_as_the_check_does() {
    let scratch = tempfile::tempdir().unwrap();
    let park = scratch.path().join("park");
    let base = free_port_base().to_string();
    let prepare = ["prepare", "--full", "--port-base", &base, "--data"];
    run(Command::new(program()).args(prepare).arg(&park));
    step(&park, "mode 644 secrets/platform");
    for command in [["run", "--config"], ["demo", "--data"]] {
        let place = match command[0] {
            "run" => park.join("park.toml"),
            _ => park.clone(),
        };
        let output = Command::new(program())
            .args(command)
            .arg(place)
            .output()
            .unwrap();
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(78), "{words}");
        assert!(
            words.contains("K023") && words.contains("chmod 600"),
            "{words}"
        );
    }
    assert!(
        !park.join("journal").exists(),
        "a refused start made its journal"
    );
}

#[test]
fn a_park_starts_with_a_revocation_list_that_is_out_of_date_and_says_so() {
    let park = Park::start_with(|data| step(data, "crl 60"));
    let log = std::fs::read_to_string(park.scratch().join("park.log")).unwrap();
    assert!(log.contains("K027"), "{log}");
}
