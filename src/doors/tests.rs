//! Every adapter of the list, opened from the example of its own page.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordon_contract::{
    BoxFuture, Clock as _, Fault, ReportSource, ReportVersion, SignedReport, SystemClock,
};
use cordon_model::{ReportType, Timestamp};
use cordon_security::Role;
use cordon_security::ca::{Authority, Bundle, CaSettings, IssueRequest, KeyAlgorithm, KeySource};
use toml::de::{DeTable, ValueDeserializer};

use super::{House, KINDS, Kind, Table, Tables};
use crate::config::secrets::Found;
use crate::seal::Unsealed;

/// Reports are not asked for at an opening.
struct NoReports;

impl ReportSource for NoReports {
    fn due(
        &self,
        _kind: ReportType,
        _at: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<ReportVersion>, Fault>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn missed(
        &self,
        _kind: ReportType,
        _at: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<ReportVersion>, Fault>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn built(
        &self,
        _kind: ReportType,
        _at: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<ReportVersion>, Fault>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn find<'a>(
        &'a self,
        _report_id: &'a str,
        _version: u32,
    ) -> BoxFuture<'a, Result<Option<SignedReport>, Fault>> {
        Box::pin(async { Ok(None) })
    }
}

fn house() -> House {
    House {
        reports: Arc::new(NoReports),
        seal: Arc::new(Unsealed),
    }
}

/// The example that stands in the adapter's own page.
fn example(kind: &Kind) -> String {
    let adapters = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
    let head = format!("[[{}]]\n", kind.table);
    let pages = std::fs::read_dir(adapters).unwrap();
    let pages = pages.map(|folder| folder.unwrap().path().join("README.md"));
    pages
        .filter_map(|page| std::fs::read_to_string(page).ok())
        .find_map(|page| {
            let mut blocks = page.split("```toml\n").skip(1);
            let block = blocks.find(|block| block.starts_with(&head))?;
            Some(block.split("```").next()?.to_owned())
        })
        .unwrap_or_else(|| panic!("no page of an adapter has an example of [[{}]]", kind.table))
}

/// The tables of a text that are of this kind.
fn tables(kind: &Kind, text: &str) -> Vec<Table> {
    let mut document = DeTable::parse(text).unwrap();
    let value = document.get_mut().remove(kind.table).unwrap();
    let read = kind.read(ValueDeserializer::from(value)).unwrap();
    let numbered = read.into_iter().enumerate();
    numbered
        .map(|(index, config)| Table::new((kind.table, index), config))
        .collect()
}

/// Puts what the table names into a folder, each file as what it is named to be.
fn furnish(table: &mut Table, folder: &Path) {
    let papers = folder.join("papers");
    let settings = CaSettings::new("JS-DEMO-1".parse().unwrap());
    let mut authority = Authority::init(&papers.join("ca"), &settings, SystemClock.now()).unwrap();
    let wanted = IssueRequest {
        role: Role::Hub,
        id: "hub-1".parse().unwrap(),
        key: KeySource::Fresh(KeyAlgorithm::P256),
        hosts: Vec::new(),
        days: Some(10),
    };
    let issued = authority.issue(&wanted, SystemClock.now()).unwrap();
    Bundle::write(&issued, &papers).unwrap();
    let root = authority.root_pem().unwrap();
    let copied = |from: &str| std::fs::read_to_string(papers.join(from)).unwrap();
    for path in table.paths() {
        *path = folder.join(&*path);
    }
    let names = table.names();
    let written: BTreeSet<PathBuf> = names.written.into_iter().map(|one| one.what).collect();
    for path in table.paths() {
        let ending = path.extension().and_then(|ending| ending.to_str());
        let text = match ending {
            _ if written.contains(path) => continue,
            _ if names.certificates.contains(path) => copied(Bundle::CHAIN),
            Some("key") => copied(Bundle::KEY),
            _ if names.secrets.contains(path) => "a secret of twenty letters\n".to_owned(),
            Some("toml") => include_str!("../../mappings/generic/lane/1/profile.toml").to_owned(),
            _ => root.clone(),
        };
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// There is no runtime here: a socket, a task or a timer of one would panic.
#[test]
fn every_adapter_opens_from_its_documented_example_without_a_socket() {
    for kind in KINDS {
        let folder = tempfile::tempdir().unwrap();
        let mut tables = tables(kind, &example(kind));
        assert_eq!(tables.len(), 1, "{}", kind.table);
        let table = tables.first_mut().unwrap();
        furnish(table, folder.path());
        assert!(table.check().is_empty(), "{:?}", table.check());
        let opened = table.open(&house());
        let adapter = opened.unwrap_or_else(|faults| panic!("{}: {faults:?}", kind.table));
        // What it says opened is what its table said before.
        let (definition, names) = (adapter.definition(), table.names());
        assert_eq!(definition.name, table.name());
        let sorted = |mut targets: Vec<cordon_contract::Target>| {
            targets.sort();
            targets
        };
        assert_eq!(
            sorted(definition.targets),
            sorted(names.targets),
            "{}",
            kind.table
        );
        assert_eq!(adapter.speaks_for(), names.speaks_for);
    }
}

#[test]
fn a_table_says_no_more_and_no_less_than_its_fields() {
    for kind in KINDS {
        let example = example(kind);
        let head = format!("[[{}]]\n", kind.table);
        let strange = example.replacen(&head, &format!("{head}colour = \"red\"\n"), 1);
        let mut document = DeTable::parse(&strange).unwrap();
        let value = document.get_mut().remove(kind.table).unwrap();
        let error = kind.read(ValueDeserializer::from(value)).unwrap_err();
        assert!(
            error.message().starts_with("unknown field `colour`"),
            "{error}"
        );
        let place = error.span().unwrap().start;
        assert_eq!(
            strange.get(place..place + 6),
            Some("colour"),
            "{}",
            kind.table
        );
    }
}

/// The hub's page needs no table; a table that serves its receiver takes its place.
#[test]
fn the_page_is_served_once_with_and_without_a_table() {
    let names = |tables: &Tables| -> Vec<String> {
        let adapters = tables
            .open(&(Arc::new(house()) as _), &Found::default())
            .ok()
            .unwrap();
        let names = adapters.iter().map(|adapter| adapter.definition().name);
        names.collect()
    };
    assert_eq!(names(&Tables::default()), ["console"]);
    let kind = KINDS.iter().find(|kind| kind.table == "notify").unwrap();
    let text = "[[notify]]\nname = \"wall\"\n[[notify.console]]\nreceiver = \"console\"\n";
    assert_eq!(names(&Tables(tables(kind, text))), ["wall"]);
    let text = text.replace("receiver = \"console\"", "receiver = \"hall\"");
    assert_eq!(names(&Tables(tables(kind, &text))), ["wall", "console"]);
}
