//! A new room is its own folder and at most three other files: counted in a copy of the tree.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "test code")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Other files that a new room may touch.
const OTHERS_MAX: usize = 3;
/// What is no part of the tree.
const LEFT_OUT: [&str; 5] = [".git", ".tools", "demo-data", "node_modules", "target"];

fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.join("../..").canonicalize().unwrap()
}

/// Every file of a folder by its path from there.
fn files(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if LEFT_OUT.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if kind.is_dir() {
            files(root, &path, found);
        } else if kind.is_file() {
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            found.insert(name, std::fs::read(&path).unwrap());
        }
    }
}

fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    files(root, root, &mut found);
    found
}

/// A copy of this tree, always in the same place: what is built of it takes room once.
fn copy(target: &Path) -> PathBuf {
    let copy = target.join("rooms");
    if copy.exists() {
        std::fs::remove_dir_all(&copy).unwrap();
    }
    for (name, bytes) in tree(&root()) {
        let file = copy.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }
    copy
}

/// Where this tree is built: what is of others is not built again for the copy.
fn target() -> PathBuf {
    let metadata = cargo(&root(), "metadata --no-deps --offline --format-version 1");
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    PathBuf::from(metadata.get("target_directory").unwrap().as_str().unwrap())
}

fn run(tree: &Path, words: &str, target: Option<&Path>) -> Output {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(words.split(' ')).current_dir(tree);
    if let Some(target) = target {
        command.env("CARGO_TARGET_DIR", target);
    }
    command.output().unwrap()
}

fn cargo(tree: &Path, words: &str) -> Output {
    run(tree, words, None)
}

/// What was said, of a command that must be good.
fn good(tree: &Path, words: &str, target: &Path) -> String {
    let output = run(tree, words, Some(target));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let cried = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {words}\n{said}{cried}");
    said
}

#[test]
fn a_new_adapter_touches_its_folder_and_three_files_and_builds_and_is_tidy() {
    let target = target();
    let copy = &copy(&target);
    let before = tree(copy);
    let made = "run --quiet --offline -p xtask -- new adapter demo-meter";
    let said = good(copy, made, &target);
    let changed = |before: &BTreeMap<String, Vec<u8>>| -> Vec<String> {
        let after = tree(copy).into_iter();
        let changed = after.filter(|(name, bytes)| before.get(name) != Some(bytes));
        let names = changed.map(|(name, _)| name);
        names.filter(|name| name != "Cargo.lock").collect()
    };
    let (own, others): (Vec<String>, Vec<String>) = changed(&before)
        .into_iter()
        .partition(|name| name.starts_with("adapters/demo-meter/"));
    assert!(others.len() <= OTHERS_MAX, "{others:?}");
    for name in own.iter().chain(&others) {
        assert!(
            said.contains(&format!("  {name}\n")),
            "{name} is not told in\n{said}"
        );
    }
    for name in [
        "README.md",
        "adapter.toml",
        "src/lib.rs",
        "src/config.rs",
        "src/session.rs",
    ] {
        assert!(
            own.contains(&format!("adapters/demo-meter/{name}")),
            "{own:?}"
        );
    }
    good(copy, "fmt -p cordon-demo-meter --check", &target);
    let strict = "clippy --offline -p cordon-demo-meter --all-targets -- -D warnings";
    good(copy, strict, &target);
    good(copy, "test --offline -p cordon-demo-meter", &target);
    good(
        copy,
        "test --offline -p cordon-tidy --test house --test decoders",
        &target,
    );
    // Building wrote nothing that a person would have to keep, and a second one of the name is refused.
    assert_eq!(changed(&before).len(), own.len() + others.len());
    let kept = tree(copy);
    let again = run(copy, made, Some(&target));
    assert!(!again.status.success());
    assert_eq!(tree(copy), kept);
}
