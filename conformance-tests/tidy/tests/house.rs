//! The rules themselves.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "test code")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use cordon_tidy::{Complaint, Source, arrows, floors, inside, sources};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn demand_none(complaints: Vec<Complaint>) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// A new arrow between crates is a visible line in review.
#[test]
fn arrows_are_the_committed_ones() {
    let found = arrows(&root()).unwrap();
    let mut text = String::new();
    for (package, imports) in &found {
        writeln!(text, "{package}: {}", imports.join(" ")).unwrap();
    }
    let file = root().join("conformance-tests/tidy/floors.txt");
    if std::env::var_os("UPDATE_FLOORS").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == text,
        "the arrows between crates changed; look at them, then run with UPDATE_FLOORS=1\n{text}"
    );
}

/// The land slopes one way.
#[test]
fn every_arrow_points_down() {
    let floors = floors(&root()).unwrap();
    let floor_of = |package: &str| floors.get(package).copied().flatten();
    let mut complaints = Vec::new();
    for (package, imports) in arrows(&root()).unwrap() {
        let Some(floor) = floor_of(&package) else {
            complaints.push(format!("{package}: has no floor, add it to FLOORS"));
            continue;
        };
        for import in imports {
            match floor_of(&import) {
                Some(below) if below < floor => {}
                _ => complaints.push(format!(
                    "{package}: imports `{import}`, which is not below it"
                )),
            }
        }
    }
    demand_none(complaints);
}

/// So it does inside a crate of many rooms.
#[test]
fn inside_a_crate_every_arrow_points_down_too() {
    let listed = std::fs::read_to_string(root().join("conformance-tests/tidy/inside.txt")).unwrap();
    let sources = sources(&root(), &[".rs"]);
    let crates = listed.lines().filter_map(|line| line.split_once(": "));
    let told = crates.filter(|(krate, _)| !krate.starts_with('#'));
    let told: Vec<Vec<Complaint>> = told
        .map(|(krate, rooms)| inside(krate, &rooms.split(' ').collect::<Vec<_>>(), &sources))
        .collect();
    assert!(!told.is_empty());
    demand_none(told.concat());
}

#[test]
fn every_rust_file_says_what_it_is() {
    let complaints = sources(&root(), &[".rs"])
        .iter()
        .filter(|source| !source.text.starts_with("//!"))
        .map(|source| format!("{}:1: no `//!` head, say purpose and place", source.path))
        .collect();
    demand_none(complaints);
}

/// 1,000 lines is the moment to ask whether two rooms are hiding in one.
#[test]
fn no_file_is_a_giant() {
    let complaints = sources(&root(), &[".rs"])
        .iter()
        .filter(|source| !source.is_generated() && source.text.lines().count() > 1_000)
        .map(|source| format!("{}: over 1,000 lines, split it by noun", source.path))
        .collect();
    demand_none(complaints);
}

/// The names of the folders in a folder.
fn folders(folder: &str) -> Vec<String> {
    let folders = std::fs::read_dir(root().join(folder)).unwrap();
    let names = folders.map(|folder| folder.unwrap().file_name().into_string().unwrap());
    names.collect()
}

/// What is wrong when a crate of this name is named anywhere in these sources but once in the list.
fn named_elsewhere(name: &str, program: &[&Source], list: &str) -> Option<Complaint> {
    let word = format!("cordon_{}::", name.replace('-', "_"));
    let mut named = Vec::new();
    for source in program {
        let lines = source.lines().filter(|(_, line)| line.contains(&word));
        named.extend(lines.map(|(number, _)| format!("{}:{number}", source.path)));
    }
    let is_once = matches!(&named[..], [place] if place.starts_with(&format!("{list}:")));
    (!is_once).then(|| format!("{name}: name it in {list} once, not in {named:?}"))
}

/// The program knows a plug-in by one line of its list, but those whose handles the rest of it shows.
#[test]
fn the_program_names_a_plug_in_once() {
    const OF_EVERY_PARK: [&str; 2] = ["access", "alarms"];
    let plugins = folders("hub/plugins");
    assert!(
        OF_EVERY_PARK
            .iter()
            .all(|it| plugins.iter().any(|name| name == it))
    );
    let sources = sources(&root(), &[".rs"]);
    let program = sources.iter().filter(|it| it.path.starts_with("src/"));
    let program: Vec<&Source> = program.collect();
    let listed = plugins
        .iter()
        .filter(|name| !OF_EVERY_PARK.contains(&name.as_str()));
    let complaints =
        listed.filter_map(|name| named_elsewhere(name, &program, "src/plugins/mod.rs"));
    demand_none(complaints.collect());
}

/// The program knows an adapter by one line of its list. The demo alone knows more: it puts a simulator
/// around each that it has one for.
#[test]
fn the_program_names_an_adapter_once() {
    let adapters = folders("adapters");
    assert!(adapters.len() >= 6, "{adapters:?}");
    let sources = sources(&root(), &[".rs"]);
    let program = sources.iter().filter(|it| it.path.starts_with("src/"));
    let program = program.filter(|it| !it.path.starts_with("src/demo/"));
    let program: Vec<&Source> = program.collect();
    let mut complaints = Vec::new();
    for adapter in &adapters {
        complaints.extend(named_elsewhere(adapter, &program, "src/doors/mod.rs"));
        // What is checked of a table is told by the table.
        let needles = [format!("{adapter}["), format!("[[{adapter}")];
        for source in sources
            .iter()
            .filter(|it| it.path.starts_with("src/config/"))
        {
            let asked = needles
                .iter()
                .map(|needle| hits(source, needle, "ask the adapters' tables instead"));
            complaints.extend(asked.flatten());
        }
    }
    demand_none(complaints);
}

/// I8: walls that are courtesy inside crates are kept by text.
#[test]
fn walls_hold() {
    let rules: &[(&str, &[&str], &str)] = &[
        (
            "redb::",
            &["hub/journal/"],
            "only the journal names the engine of the state",
        ),
        (
            "rusqlite",
            &["hub/records/"],
            "only the records name the engine of the records",
        ),
        (
            "std::env::",
            &["src/"],
            "only the program reads the environment and the command line",
        ),
        (
            "TcpListener",
            &[
                "adapters/",
                "hub/services/",
                "hub/console/",
                "hub/http/",
                "src/",
            ],
            "only adapters and services open sockets",
        ),
        (
            "TcpStream",
            &["adapters/", "hub/services/", "hub/console/", "hub/http/"],
            "only adapters and services open sockets",
        ),
        (
            "SystemTime::now",
            &["hub/contract/src/clock.rs", "hub/security/src/"],
            "time comes from the contract's clock",
        ),
        (
            "EcdsaKeyPair",
            &["hub/security/"],
            "only security holds private keys",
        ),
    ];
    let mut complaints = Vec::new();
    for source in sources(&root(), &[".rs"])
        .iter()
        .filter(|source| source.is_product())
    {
        for (needle, allowed, reason) in rules {
            if !allowed.iter().any(|prefix| source.path.starts_with(prefix)) {
                complaints.extend(hits(source, needle, reason));
            }
        }
        if source.path.starts_with("hub/plugins/") || source.path.starts_with("hub/rules/") {
            complaints.extend(hits(source, "tokio", "a plug-in knows no runtime"));
            complaints.extend(hits(
                source,
                "HashMap",
                "its order could reach a decision, use BTreeMap",
            ));
        }
    }
    demand_none(complaints);
}

fn hits(source: &Source, needle: &str, reason: &str) -> Vec<Complaint> {
    source
        .lines_before_tests()
        .filter(|(_, line)| !line.trim_start().starts_with("//") && line.contains(needle))
        .map(|(number, _)| format!("{}:{number}: `{needle}`: {reason}", source.path))
        .collect()
}

#[test]
fn no_rooms_named_util_and_no_tests_asleep() {
    let mut complaints = Vec::new();
    for source in sources(&root(), &[".rs"]) {
        let name = source.path.rsplit('/').next().unwrap_or_default();
        if ["util.rs", "utils.rs", "helpers.rs", "common.rs", "misc.rs"].contains(&name) {
            complaints.push(format!("{}:1: name the file after its noun", source.path));
        }
        let marker = concat!("#[ign", "ore");
        // An ignored program that other tests start as a child guards its parent; it says so.
        let ignored = |line: &str| {
            line.trim_start().starts_with(marker)
                && !line.contains("child process")
                && !line.contains("writes into the source tree")
        };
        for (number, _) in source.lines().filter(|(_, line)| ignored(line)) {
            complaints.push(format!(
                "{}:{number}: an ignored test guards nothing",
                source.path
            ));
        }
    }
    demand_none(complaints);
}

/// Every error code that the sources can say has its section in the reference.
#[test]
fn every_error_code_is_documented() {
    let reference = std::fs::read_to_string(root().join("docs/reference/errors.md")).unwrap();
    let mut complaints = Vec::new();
    for source in sources(&root(), &[".rs"])
        .iter()
        .filter(|source| source.is_product())
    {
        for (number, line) in source.lines_before_tests() {
            for code in codes(line) {
                if !reference.contains(&format!("`{code}`")) {
                    complaints.push(format!(
                        "{}:{number}: code {code} has no line in docs/reference/errors.md",
                        source.path
                    ));
                }
            }
        }
    }
    complaints.sort();
    complaints.dedup();
    demand_none(complaints);
}

/// One code said two things: whoever looked it up found the first.
#[test]
fn every_error_code_has_one_line() {
    let reference = std::fs::read_to_string(root().join("docs/reference/errors.md")).unwrap();
    let rows = reference
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let mut known = BTreeSet::new();
    let twice = rows
        .map(|(code, _)| code)
        .filter(|code| !known.insert(*code));
    demand_none(twice.map(|code| format!("{code} has two lines")).collect());
    assert!(known.len() > 300, "{} codes", known.len());
}

/// Every metric that the program can print stands in the reference, and nothing else does.
#[test]
fn every_metric_is_documented() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap();
    let reference = read("docs/reference/metrics.md");
    let rows = reference
        .lines()
        .filter_map(|line| line.strip_prefix("| `cordon_")?.split_once('`'));
    let documented: BTreeSet<&str> = rows.map(|(name, _)| name).collect();
    let (metrics, view) = (
        read("hub/console/src/metrics.rs"),
        read("hub/console/src/view.rs"),
    );
    let mut printed: BTreeSet<&str> = literals(&metrics)
        .filter_map(|literal| literal.strip_prefix("cordon_"))
        .filter(|name| !name.contains('{'))
        .collect();
    // Those printed as `cordon_{name}`.
    let totals = view.split_once("fn totals(").unwrap().1;
    let totals = totals.split_once("]\n    }").unwrap().0;
    printed.extend(literals(totals));
    assert!(printed.len() > 30, "{printed:?}");
    assert_eq!(documented, printed, "docs/reference/metrics.md");
    // No other place prints one.
    let mut complaints = Vec::new();
    for source in sources(&root(), &[".rs"])
        .iter()
        .filter(|source| source.is_product() && source.path != "hub/console/src/metrics.rs")
    {
        for (number, line) in source.lines_before_tests() {
            if line.contains("# TYPE cordon_") {
                complaints.push(format!(
                    "{}:{number}: a metric outside hub/console/src/metrics.rs",
                    source.path
                ));
            }
        }
    }
    demand_none(complaints);
}

/// What stands between quotation marks.
fn literals(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .flat_map(|line| line.split('"').skip(1).step_by(2))
}

/// String literals of the form `"V012"`.
fn codes(line: &str) -> Vec<&str> {
    literals(line)
        .filter(|literal| {
            literal.len() == 4
                && literal.starts_with(|first: char| "VXMFJPCKASR".contains(first))
                && literal
                    .get(1..)
                    .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
        })
        .collect()
}

#[test]
fn no_private_key_is_in_the_tree() {
    let marker = concat!("PRIVATE", " KEY-----");
    let complaints = sources(
        &root(),
        &[".pem", ".key", ".md", ".toml", ".xml", ".txt", ".py", ".js"],
    )
    .iter()
    .filter(|source| source.text.contains(marker))
    .map(|source| format!("{}: holds a private key", source.path))
    .collect();
    demand_none(complaints);
}
