//! A new room is its own files and at most three others, not counting what is generated: counted in a copy of the tree.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

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

/// A kind of room.
struct Kind {
    /// What is asked for.
    words: &'static str,
    /// The folders in which its own files lie, or the files.
    places: &'static [&'static str],
    /// Files of its own that it must have, from the first of these places.
    has: &'static [&'static str],
    package: &'static str,
}

const KINDS: [Kind; 4] = [
    Kind {
        words: "adapter demo-meter",
        places: &["adapters/demo-meter/"],
        has: &[
            "README.md",
            "adapter.toml",
            "src/lib.rs",
            "src/config.rs",
            "src/session.rs",
        ],
        package: "cordon-demo-meter",
    },
    Kind {
        words: "plugin demo-guard",
        places: &["hub/plugins/demo-guard/"],
        has: &[
            "README.md",
            "src/lib.rs",
            "src/config.rs",
            "src/plugin.rs",
            "tests/fold.rs",
        ],
        package: "cordon-demo-guard",
    },
    // Files of others are the list, the case that tells which are built, and the reference, which is generated.
    Kind {
        words: "report demo-barges",
        places: &["hub/reports/src/standard/demo_barges/"],
        has: &["mod.rs", "fold.rs", "about.md", "golden.xml"],
        package: "cordon-reports",
    },
    // The body of which it is one, who may say it, and what it names.
    Kind {
        words: "message demo-note",
        places: &[
            "schemas/xsd/demo-note.xsd",
            "schemas/examples/valid/demo-note.xml",
        ],
        has: &[""],
        package: "cordon-wire",
    },
];

/// The copy in which rooms are made, one after the other.
struct Tree {
    copy: PathBuf,
    target: PathBuf,
}

impl Tree {
    fn new() -> Self {
        let target = target();
        let copy = copy(&target);
        Self { copy, target }
    }

    fn good(&self, words: &str) -> String {
        good(&self.copy, words, &self.target)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.copy.join(name)).unwrap()
    }

    fn changed(&self, before: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
        let after = tree(&self.copy).into_iter();
        let changed = after.filter(|(name, bytes)| before.get(name) != Some(bytes));
        let names = changed.map(|(name, _)| name);
        names.filter(|name| name != "Cargo.lock").collect()
    }

    /// Makes a room, which touches few others but those that are generated.
    fn make(&self, kind: &Kind) {
        let before = tree(&self.copy);
        let said = self.good(&made(kind));
        let (own, others): (Vec<String>, Vec<String>) = self
            .changed(&before)
            .into_iter()
            .partition(|name| kind.places.iter().any(|place| name.starts_with(place)));
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
        let folder = kind.places[0];
        for name in kind.has {
            assert!(own.contains(&format!("{folder}{name}")), "{own:?}");
        }
    }

    /// One of a name that is there is refused.
    fn refuses_another(&self, kind: &Kind) {
        let kept = tree(&self.copy);
        let again = run(&self.copy, &made(kind), Some(&self.target));
        assert!(!again.status.success(), "{}", kind.words);
        assert_eq!(tree(&self.copy), kept);
    }
}

fn made(kind: &Kind) -> String {
    format!("run --quiet --offline -p xtask -- new {}", kind.words)
}

/// One of each kind, in one tree, which is built once with all of them.
#[test]
fn a_new_room_touches_its_folder_and_three_files_and_builds_and_is_tidy() {
    let rooms = Tree::new();
    KINDS.iter().for_each(|kind| rooms.make(kind));
    let reference = rooms.read("docs/reference/standard-reports.md");
    assert!(
        reference.contains("## RPT-02: Person passage daily"),
        "{reference}"
    );
    assert!(
        rooms
            .read("docs/reference/authority.md")
            .contains("DemoNote")
    );
    let before = tree(&rooms.copy);
    let packages: Vec<String> = KINDS
        .iter()
        .map(|kind| format!("-p {}", kind.package))
        .collect();
    let packages = packages.join(" ");
    rooms.good(&format!("fmt {packages} --check"));
    rooms.good(&format!(
        "clippy --offline {packages} --all-targets -- -D warnings"
    ));
    rooms.good(&format!("test --offline {packages}"));
    rooms.good("test --offline -p cordon-tidy --test house --test decoders");
    // Who may say the message is walked like every other cell.
    rooms.good("test --offline -p cordon-flow --test flow table::");
    rooms.good("test --offline -p xtask codegen");
    // Building wrote nothing that a person would have to keep.
    assert_eq!(rooms.changed(&before), [""; 0]);
    KINDS.iter().for_each(|kind| rooms.refuses_another(kind));
}
