//! The museum of bad configurations: `cordon check` says of each exactly what is committed beside it.
//!
//! A case is a folder of `conformance-tests/museum` with a `park.toml`, its `expected.txt` and,
//! where files matter, `steps.txt`. It is laid over a folder that `cordon prepare` made, so that
//! certificates are real and no private key is in the repository. With `UPDATE_MUSEUM=1` the
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

use cordon_interop::{program, run};

/// How many cases the museum holds at least.
const CASES_MIN: usize = 25;

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

/// One line of `steps.txt`: `mode 644 FILE`, `remove PATH`, `copy FROM TO` or `write FILE TEXT`.
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
            std::fs::write(file, text).unwrap();
        }
        _ => panic!("no such step: {line}"),
    }
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
