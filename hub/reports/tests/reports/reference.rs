//! The reference of the standard reports is made of their folders, and their titles are the language's.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use cordon_reports::{About, IN_EVERY, STANDARD, Sheet};

use crate::committed;

const PAGE: &str = "docs/reference/standard-reports.md";
const SCHEMA: &str = "schemas/xsd/report.xsd";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page() -> String {
    let mut page = "<!-- Made of hub/reports/src/standard: change it there, then\n     \
         UPDATE_GOLDEN=1 cargo test -p cordon-reports -->\n\n\
         # The standard reports\n\n\
         Those that this version builds. Configuration, spans, versions and the command line: [reports.md](reports.md).\n\n\
         | type | report | 报表 | what it tells |\n|---|---|---|---|\n"
        .to_owned();
    let mut standard: Vec<&About> = STANDARD.to_vec();
    standard.sort_by_key(|about| about.kind);
    for about in &standard {
        let (kind, title, tells) = (about.kind.as_str(), about.title, about.tells);
        let zh = about.kind.as_chinese();
        writeln!(page, "| {kind} | {title} | {zh} | {tells} |").unwrap();
    }
    for about in &standard {
        let (kind, title) = (about.kind.as_str(), about.title);
        write!(page, "\n## {kind}: {title}\n\n{}", about.text).unwrap();
        about
            .sheets
            .iter()
            .for_each(|sheet| columns(&mut page, sheet));
    }
    page.push_str("\n## In every report\n");
    IN_EVERY.iter().for_each(|sheet| columns(&mut page, sheet));
    page
}

fn columns(page: &mut String, sheet: &Sheet) {
    let (name, title, zh) = (sheet.name, sheet.title, sheet.title_zh);
    write!(page, "\n### Section `{name}`: {title} {zh}\n\n").unwrap();
    page.push_str("| column | title | 列名 | kind | unit |\n|---|---|---|---|---|\n");
    for (name, title, zh, kind, unit) in sheet.heads {
        let (kind, unit) = (kind.as_str(), unit.unwrap_or_default());
        writeln!(page, "| `{name}` | {title} | {zh} | `{kind}` | {unit} |").unwrap();
    }
}

#[test]
fn the_reference_is_made_of_the_reports() {
    committed(&root().join(PAGE), &page());
}

#[test]
fn titles_are_those_of_the_language() {
    let schema = std::fs::read_to_string(root().join(SCHEMA)).unwrap();
    for about in STANDARD {
        let value = format!("<xs:enumeration value=\"{}\">", about.kind.as_str());
        let said = schema.split_once(&value).unwrap().1;
        let said = said.split_once("</xs:enumeration>").unwrap().0;
        let title = format!(">{}.<", about.title);
        assert!(said.contains(&title), "{title} is not in {said}");
    }
}
