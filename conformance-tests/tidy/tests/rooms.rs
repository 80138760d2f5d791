//! A new room is its own files and at most three others, not counting what is generated: counted in a copy of the tree.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "test code")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

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

/// The copy in which rooms are made, one after the other: what is built of it is built once.
static TREE: LazyLock<Mutex<Tree>> = LazyLock::new(|| {
    let target = target();
    Mutex::new(Tree {
        copy: copy(&target),
        target,
    })
});

struct Tree {
    copy: PathBuf,
    target: PathBuf,
}

impl Tree {
    fn good(&self, words: &str) -> String {
        good(&self.copy, words, &self.target)
    }

    fn changed(&self, before: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
        let after = tree(&self.copy).into_iter();
        let changed = after.filter(|(name, bytes)| before.get(name) != Some(bytes));
        let names = changed.map(|(name, _)| name);
        names.filter(|name| name != "Cargo.lock").collect()
    }

    /// Makes a room, which builds, is tidy, and touches few others but those that are generated; gives its own files,
    /// which lie in these folders or are these.
    fn makes(&self, words: &str, places: &[&str], package: &str) -> Vec<String> {
        let before = tree(&self.copy);
        let made = format!("run --quiet --offline -p xtask -- new {words}");
        let said = self.good(&made);
        let (own, others): (Vec<String>, Vec<String>) = self
            .changed(&before)
            .into_iter()
            .partition(|name| places.iter().any(|place| name.starts_with(place)));
        let (_, generated) = said.split_once("generated\n").unwrap_or_default();
        let is_written = |name: &&String| !generated.contains(&format!("  {name}\n"));
        let written: Vec<&String> = others.iter().filter(is_written).collect();
        assert!(written.len() <= OTHERS_MAX, "{written:?}");
        for name in own.iter().chain(&others) {
            assert!(
                said.contains(&format!("  {name}\n")),
                "{name} is not told in\n{said}"
            );
        }
        self.good(&format!("fmt -p {package} --check"));
        self.good(&format!(
            "clippy --offline -p {package} --all-targets -- -D warnings"
        ));
        self.good(&format!("test --offline -p {package}"));
        self.good("test --offline -p cordon-tidy --test house --test decoders");
        // Building wrote nothing that a person would have to keep, and a second one of the name is refused.
        assert_eq!(self.changed(&before).len(), own.len() + others.len());
        let kept = tree(&self.copy);
        let again = run(&self.copy, &made, Some(&self.target));
        assert!(!again.status.success());
        assert_eq!(tree(&self.copy), kept);
        own
    }
}

fn copied() -> MutexGuard<'static, Tree> {
    TREE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn demand(own: &[String], folder: &str, names: &[&str]) {
    for name in names {
        assert!(own.contains(&format!("{folder}{name}")), "{own:?}");
    }
}

#[test]
fn a_new_adapter_touches_its_folder_and_three_files_and_builds_and_is_tidy() {
    let folder = "adapters/demo-meter/";
    let own = copied().makes("adapter demo-meter", &[folder], "cordon-demo-meter");
    let names = [
        "README.md",
        "adapter.toml",
        "src/lib.rs",
        "src/config.rs",
        "src/session.rs",
    ];
    demand(&own, folder, &names);
}

#[test]
fn a_new_plug_in_touches_its_folder_and_three_files_and_builds_and_is_tidy() {
    let folder = "hub/plugins/demo-guard/";
    let own = copied().makes("plugin demo-guard", &[folder], "cordon-demo-guard");
    let names = [
        "README.md",
        "src/lib.rs",
        "src/config.rs",
        "src/plugin.rs",
        "tests/fold.rs",
    ];
    demand(&own, folder, &names);
}

/// Those of others are the list, the case that tells which are built, and the reference, which is generated.
#[test]
fn a_new_report_touches_its_folder_and_three_files_and_builds_and_is_tidy() {
    let folder = "hub/reports/src/standard/demo_barges/";
    let tree = copied();
    let own = tree.makes("report demo-barges", &[folder], "cordon-reports");
    demand(
        &own,
        folder,
        &["mod.rs", "fold.rs", "about.md", "golden.xml"],
    );
    let reference = tree.copy.join("docs/reference/standard-reports.md");
    let reference = std::fs::read_to_string(reference).unwrap();
    assert!(
        reference.contains("## RPT-02: Person passage daily"),
        "{reference}"
    );
}

/// Those of others are the body of which it is one, who may say it, and what it names.
#[test]
fn a_new_message_is_its_schema_and_three_files_and_builds_and_is_tidy() {
    let (schema, example) = (
        "schemas/xsd/demo-note.xsd",
        "schemas/examples/valid/demo-note.xml",
    );
    let tree = copied();
    let own = tree.makes("message demo-note", &[schema, example], "cordon-wire");
    assert_eq!(own, [example, schema]);
    // Who may say it is walked like every other cell, and the page shows it.
    tree.good("test --offline -p cordon-flow --test flow table::");
    tree.good("test --offline -p xtask codegen");
    let page = tree.copy.join("docs/reference/authority.md");
    assert!(std::fs::read_to_string(page).unwrap().contains("DemoNote"));
}
