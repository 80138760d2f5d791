//! What a comment or a document names (`R025`, `standards 9.3`) leads to `docs/reference/requirements.md`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use cordon_tidy::{Complaint, Source, sources};

const PAGE: &str = "docs/reference/requirements.md";

fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.join("../..").canonicalize().unwrap()
}

fn page() -> String {
    std::fs::read_to_string(root().join(PAGE)).unwrap()
}

/// All that people read or write.
fn texts() -> Vec<Source> {
    sources(&root(), &[".rs", ".xsd", ".wsdl", ".md", ".toml", ".cedar"])
}

fn demand_none(complaints: Vec<Complaint>) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// Words such as `R025`; not the `R2` of another text, nor a part of a longer word.
fn numbers(line: &str) -> impl Iterator<Item = &str> {
    let words = line
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_' && letter != '-');
    words.filter(|word| {
        word.len() == 4
            && word
                .strip_prefix('R')
                .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// The first numbers after the word `standards`, as in `standards 9.3` and `standards 4 and 11`.
fn chapters(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices("standards") {
        let rest = line[at..]
            .trim_start_matches("standards")
            .trim_start_matches(['`', ' ', '§']);
        for part in rest.split(" and ") {
            let digits = part
                .split(|letter: char| !letter.is_ascii_digit())
                .next()
                .unwrap_or_default();
            if digits.is_empty() {
                break;
            }
            found.push(digits);
        }
    }
    found
}

#[test]
fn every_requirement_named_anywhere_has_its_row() {
    let page = page();
    let rows: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| R")?.get(..3))
        .collect();
    let known: BTreeSet<&str> = rows.iter().copied().collect();
    assert!(rows.len() > 90 && known.len() == rows.len(), "{rows:?}");
    let mut complaints = Vec::new();
    for source in texts() {
        for (number, line) in source.lines() {
            for named in numbers(line).filter(|named| !known.contains(&named[1..])) {
                complaints.push(format!(
                    "{}:{number}: {named} has no row in {PAGE}",
                    source.path
                ));
            }
        }
    }
    demand_none(complaints);
}

#[test]
fn every_test_of_the_requirements_exists() {
    let all: String = texts()
        .into_iter()
        .filter(|source| source.path.ends_with(".rs"))
        .map(|source| source.text)
        .collect();
    let mut complaints = Vec::new();
    for (number, line) in page()
        .lines()
        .enumerate()
        .filter(|(_, line)| line.starts_with("| R"))
    {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let test = cells.get(4).unwrap_or(&"").trim_matches(['`', ' ', '|']);
        if !test.is_empty() && !all.contains(&format!("fn {test}(")) {
            complaints.push(format!("{PAGE}:{}: there is no test `{test}`", number + 1));
        }
    }
    demand_none(complaints);
}

#[test]
fn every_chapter_of_the_standards_is_said_where_it_lies() {
    let page = page();
    let mut complaints = Vec::new();
    for source in texts() {
        for (number, line) in source.lines() {
            for chapter in chapters(line) {
                let row = |row: &str| row == chapter || row.starts_with(&format!("{chapter}."));
                let mut rows = page
                    .lines()
                    .filter_map(|line| line.strip_prefix("| standards "));
                if !rows.any(|line| line.split(' ').next().is_some_and(row)) {
                    complaints.push(format!(
                        "{}:{number}: `standards {chapter}` is not in {PAGE}",
                        source.path
                    ));
                }
            }
        }
    }
    demand_none(complaints);
}

#[test]
fn numbers_are_found_in_a_line_and_others_are_not() {
    let found: Vec<&str> = numbers("(R003, R118; `R025`) R12 R0251 FR002 R2-001 R00x").collect();
    assert_eq!(found, ["R003", "R118", "R025"]);
    assert_eq!(
        chapters("tables (standards 4 and 11), `standards` §9.3, standards-based, the standards."),
        ["4", "11", "9"]
    );
}
