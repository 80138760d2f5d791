//! A standard report: a folder of its own, the list that names it, and the case of the museum whose words
//! name all that are built.

use std::path::{Path, PathBuf};

use super::{Room, insert, lawful};
use crate::run;

const STANDARD: &str = "hub/reports/src/standard";
const LIST: &str = "hub/reports/src/standard/mod.rs";
const SCHEMA: &str = "schemas/xsd/report.xsd";
const REFUSAL: &str = "conformance-tests/museum/72-report-not-built-here/expected.txt";
/// What is generated of the reports.
const PAGE: &str = "docs/reference/standard-reports.md";

/// What writes the reference of the reports, and the new one's document of a made day.
const MAKE: &str = "test --quiet -p cordon-reports --test reports -- --exact \
    documents::the_documents_are_the_committed_ones_and_valid reference::the_reference_is_made_of_the_reports";

/// The room's files.
const FILES: [(&str, &str); 4] = [
    ("mod.rs", include_str!("../../templates/report/mod.rs.in")),
    ("fold.rs", include_str!("../../templates/report/fold.rs.in")),
    (
        "tests.rs",
        include_str!("../../templates/report/tests.rs.in"),
    ),
    (
        "about.md",
        include_str!("../../templates/report/about.md.in"),
    ),
];

/// Names that a module cannot have, or that the list's own modules have.
const TAKEN: &str = " as async await break const continue crate dyn else enum extern false fn for gen if impl in let \
     loop match mod move mut pub ref return self static struct super trait true try type unsafe use where while \
     abstract become box do final macro override priv typeof unsized virtual yield said tests ";

/// A report of the language.
#[derive(Debug, PartialEq)]
struct Kind {
    /// `RPT-02`.
    code: String,
    /// `Person passage daily`.
    title: String,
}

impl Kind {
    /// What the model calls it: `Rpt02`.
    fn variant(&self) -> String {
        self.code.replace("RPT-", "Rpt")
    }
}

/// The room of a new report in the tree at `root`; without a code the first of the language that is not built.
pub fn room(root: &Path, name: &str, code: Option<&str>) -> Result<Room, String> {
    lawful(name)?;
    let ident = name.replace('-', "_");
    let folder = PathBuf::from(STANDARD).join(&ident);
    if TAKEN.contains(&format!(" {ident} ")) || root.join(&folder).exists() {
        return Err(format!("the name `{name}` is taken"));
    }
    let read = |path: &str| {
        std::fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"))
    };
    let list = read(LIST)?;
    let mut built = Vec::new();
    for module in modules(&list) {
        let path = format!("{STANDARD}/{module}/mod.rs");
        built.extend(variant(&read(&path)?).map(str::to_owned));
    }
    let kind = free(kinds(&read(SCHEMA)?), &built, code)?;
    let filled = |text: &str| {
        let title = kind.title.to_lowercase();
        text.replace("@CODE@", &kind.code)
            .replace("@Variant@", &kind.variant())
            .replace("@TITLE@", &kind.title)
            .replace("@title@", &title)
            .replace("@TELLS@", "messages by type")
            .replace("@IDENT@", &ident)
    };
    let own = FILES
        .iter()
        .map(|(file, text)| (folder.join(file), filled(text)));
    let mut room = Room {
        own: own.collect(),
        generated: vec![folder.join("golden.xml"), PathBuf::from(PAGE)],
        ..Room::default()
    };
    let touched = [
        (LIST, in_list(&list, &ident)),
        (REFUSAL, in_refusal(&read(REFUSAL)?, &built, &kind)),
    ];
    for (file, text) in touched {
        let text =
            text.ok_or_else(|| format!("{file}: the place for a new report is not there"))?;
        room.touched.push((PathBuf::from(file), text));
    }
    Ok(room)
}

/// Writes what is generated of the reports.
pub fn make() -> Result<(), String> {
    run::quiet(run::cargo().args(MAKE.split(' ')).env("UPDATE_GOLDEN", "1"))
}

/// The modules of the list that are reports.
fn modules(list: &str) -> impl Iterator<Item = &str> {
    let rows = list.split("::ABOUT").filter_map(|row| row.rsplit_once('&'));
    rows.map(|(_, module)| module).filter(|module| {
        !module.contains(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
    })
}

/// Which report a module is.
fn variant(module: &str) -> Option<&str> {
    let (_, rest) = module.split_once("kind: ReportType::")?;
    rest.split_once(',').map(|(variant, _)| variant)
}

/// The reports of the language.
fn kinds(schema: &str) -> Vec<Kind> {
    let values = schema.split("<xs:enumeration value=\"RPT-").skip(1);
    let kinds = values.filter_map(|value| {
        let (number, rest) = value.split_once('"')?;
        let (_, rest) = rest.split_once("xml:lang=\"en\">")?;
        let (title, _) = rest.split_once(".</xs:documentation>")?;
        Some(Kind {
            code: format!("RPT-{number}"),
            title: title.to_owned(),
        })
    });
    kinds.collect()
}

/// The report to be made.
fn free(kinds: Vec<Kind>, built: &[String], code: Option<&str>) -> Result<Kind, String> {
    let mut free = kinds
        .into_iter()
        .filter(|kind| !built.contains(&kind.variant()));
    match code {
        None => free.next().ok_or_else(|| {
            format!("every report of the language is built; add one to {SCHEMA}, then cargo xtask codegen")
        }),
        Some(code) => {
            let found = free.find(|kind| kind.code == code);
            found.ok_or_else(|| {
                format!("{code} is built already or no report of the language ({SCHEMA})")
            })
        }
    }
}

fn in_list(text: &str, ident: &str) -> Option<String> {
    let text = insert::sorted(text, "", "mod ", &format!("mod {ident};"))?;
    let text = insert::in_brackets(
        &text,
        "STANDARD: &[&About] = &[",
        &format!("&{ident}::ABOUT"),
    )?;
    let field = format!("    {ident}: {ident}::Counts,");
    let text = insert::at_end(&text, "struct Figures {", &field)?;
    let text = insert::in_brackets(&text, "&self.", &format!("&self.{ident}"))?;
    insert::in_brackets(&text, "&mut self.", &format!("&mut self.{ident}"))
}

/// The refusal of a report that is not built names those that are.
fn in_refusal(text: &str, built: &[String], kind: &Kind) -> Option<String> {
    let code = |variant: &String| variant.replace("Rpt", "RPT-");
    let mut codes: Vec<String> = built.iter().map(code).collect();
    let before = in_words(&mut codes);
    codes.push(kind.code.clone());
    let after = in_words(&mut codes);
    text.contains(&before)
        .then(|| text.replace(&before, &after))
}

fn in_words(codes: &mut [String]) -> String {
    codes.sort();
    match codes.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => codes.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, free, in_list, in_refusal, kinds, modules, variant};

    const LIST: &str = "mod alarms;\nmod devices;\n\nuse x;\n\n\
        pub const STANDARD: &[&About] = &[&devices::ABOUT, &alarms::ABOUT];\n\n\
        pub(crate) struct Figures {\n    devices: devices::Devices,\n    alarms: alarms::Alarms,\n}\n\
        fn each() {\n        [&self.devices, &self.alarms]\n}\nfn each_mut() {\n        [\n            \
        &mut self.devices,\n            &mut self.alarms,\n        ]\n}\n";

    fn kind(code: &str, title: &str) -> Kind {
        Kind {
            code: code.to_owned(),
            title: title.to_owned(),
        }
    }

    #[test]
    fn a_report_joins_the_list_in_each_of_its_places() {
        let joined = in_list(LIST, "barges").unwrap();
        for expected in [
            "mod devices;\nmod barges;\n\n",
            "&[&devices::ABOUT, &alarms::ABOUT, &barges::ABOUT];",
            "    alarms: alarms::Alarms,\n    barges: barges::Counts,\n}",
            "[&self.devices, &self.alarms, &self.barges]",
            "&mut self.alarms, &mut self.barges\n        ]",
        ] {
            assert!(joined.contains(expected), "{expected} is not in\n{joined}");
        }
        assert!(modules(&joined).eq(["devices", "alarms", "barges"]));
        assert_eq!(variant("    kind: ReportType::Rpt06,\n"), Some("Rpt06"));
        assert_eq!(in_list("mod alarms;\n", "barges"), None);
    }

    #[test]
    fn it_is_the_first_of_the_language_that_is_not_built_or_the_one_named() {
        let schema = "<xs:enumeration value=\"RPT-01\">\n<xs:documentation xml:lang=\"en\">Cars.</xs:documentation>\
                      <xs:enumeration value=\"RPT-02\"><xs:documentation xml:lang=\"en\">Boats.</xs:documentation>\
                      <xs:enumeration value=\"RPT-03\"><xs:documentation xml:lang=\"en\">Trains.</xs:documentation>";
        let built = ["Rpt01".to_owned()];
        let made = |code| free(kinds(schema), &built, code);
        assert_eq!(made(None), Ok(kind("RPT-02", "Boats")));
        assert_eq!(made(Some("RPT-03")), Ok(kind("RPT-03", "Trains")));
        assert!(made(Some("RPT-01")).is_err() && made(Some("RPT-04")).is_err());
        let refusal = in_refusal("  RPT-01\n", &built, &kind("RPT-02", "Boats"));
        assert_eq!(refusal.as_deref(), Some("  RPT-01 or RPT-02\n"));
        let built = ["Rpt07".to_owned(), "Rpt01".to_owned()];
        let refusal = in_refusal("  RPT-01 or RPT-07\n", &built, &kind("RPT-02", "Boats"));
        assert_eq!(refusal.as_deref(), Some("  RPT-01, RPT-02 or RPT-07\n"));
    }
}
