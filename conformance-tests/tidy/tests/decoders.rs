//! Every reader of bytes from outside has a program in `fuzz/` that gives it bytes nobody thought of.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "test code")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use cordon_tidy::{Complaint, sources};

/// What a file does that makes values of bytes or of text from outside.
const SIGNS: &[&str] = &[
    "Document::parse",
    "serde_json::from_",
    "toml::from_str",
    "postcard::from_bytes",
    "from_le_bytes",
    "from_be_bytes",
    "DeTable::parse",
    "from_der(",
    "pem_slice",
    "fn decode(",
    "fn parse(",
];
const LIST: &str = "conformance-tests/tidy/decoders.txt";
/// An adapter may say it in its own folder, of its own files.
const OWN_LIST: &str = "decoders.txt";

fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.join("../..").canonicalize().unwrap()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The list, and those of adapters, as one text.
fn whole_list() -> String {
    let mut text = read(LIST);
    for folder in std::fs::read_dir(root().join("adapters")).unwrap() {
        let folder = folder.unwrap();
        let Ok(own) = std::fs::read_to_string(folder.path().join(OWN_LIST)) else {
            continue;
        };
        let name = folder.file_name().into_string().unwrap();
        let lines = own
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty());
        text.extend(lines.map(|line| format!("\nadapters/{name}/{line}")));
    }
    text
}

/// Files with what reads them under the fuzzer; `-` and a reason where nothing need.
fn listed(text: &str) -> BTreeMap<&str, Vec<&str>> {
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let (file, decoders) = line.split_once(": ").unwrap_or((line, ""));
            (file, decoders.split(' ').collect())
        })
        .collect()
}

/// The programs of `fuzz/`, by the names of their files.
fn programs() -> BTreeSet<String> {
    let files = std::fs::read_dir(root().join("fuzz/fuzz_targets")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names
        .map(|name| name.trim_end_matches(".rs").to_owned())
        .collect()
}

fn demand_none(complaints: Vec<Complaint>) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn every_reader_is_listed_with_its_fuzz_target() {
    let text = whole_list();
    let listed = listed(&text);
    let mut complaints = Vec::new();
    let mut reading = BTreeSet::new();
    for source in sources(&root(), &[".rs"])
        .iter()
        .filter(|source| source.is_product())
    {
        let sign = source.lines_before_tests().find(|(_, line)| {
            !line.trim_start().starts_with("//") && SIGNS.iter().any(|sign| line.contains(sign))
        });
        let Some((number, line)) = sign else { continue };
        reading.insert(source.path.clone());
        if !listed.contains_key(source.path.as_str()) {
            complaints.push(format!(
                "{}:{number}: reads bytes (`{}`), name its fuzz target in {LIST}",
                source.path,
                line.trim()
            ));
        }
    }
    for file in listed.keys().filter(|file| !reading.contains(**file)) {
        complaints.push(format!(
            "{LIST}: {file} reads nothing any more, take the line out"
        ));
    }
    demand_none(complaints);
}

#[test]
fn every_fuzz_target_is_one_of_a_listed_reader_and_has_seeds() {
    let (text, manifest) = (whole_list(), read("fuzz/Cargo.toml"));
    let table = read("conformance-tests/decoders/src/lib.rs");
    let (listed, programs) = (listed(&text), programs());
    let mut complaints = Vec::new();
    let mut named = BTreeSet::new();
    for (file, decoders) in &listed {
        match decoders.split_first() {
            Some((&"-", reason)) if reason.len() > 2 => {}
            Some((&"-", _)) | None => complaints.push(format!("{LIST}: {file}: say why none")),
            _ => named.extend(decoders.iter().map(|&name| name.to_owned())),
        }
    }
    for name in named.union(&programs) {
        let places = [
            (named.contains(name), LIST.to_owned()),
            (
                programs.contains(name),
                format!("fuzz/fuzz_targets/{name}.rs"),
            ),
            (
                manifest.contains(&format!("name = \"{name}\"")),
                "fuzz/Cargo.toml".to_owned(),
            ),
            (
                table.contains(&format!("named(\"{name}\"")),
                "conformance-tests/decoders/src/lib.rs".to_owned(),
            ),
            (
                root().join("fuzz/seeds").join(name).is_dir(),
                format!("fuzz/seeds/{name}"),
            ),
        ];
        let missing = places.iter().filter(|(is_there, _)| !is_there);
        complaints
            .extend(missing.map(|(_, place)| format!("fuzz target `{name}`: not in {place}")));
    }
    demand_none(complaints);
}
