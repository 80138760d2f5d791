//! The adapters' tables of `park.toml`: taken out of the text's own table by the one list of kinds, and
//! asked for what they name.

use std::sync::LazyLock;

use cordon_contract::{Fault, Named, Names};
use serde::de::Error as _;
use toml::Spanned;
use toml::de::{DeTable, ValueDeserializer};

use super::syntax;
use crate::doors::{KINDS, Table, Tables};
use crate::plugins::SECTION;

/// The sections before and after those of adapters, as the types of the configuration name them.
const BEFORE: [&str; 4] = ["hub", "exchange", "console", "plan"];
const AFTER: [&str; 8] = [
    "authority",
    "access",
    "rules",
    "alarms",
    "records",
    "reports",
    "retention",
    "demo",
];

/// Every section there is.
static SECTIONS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let adapters = KINDS.iter().map(|kind| kind.table);
    let ours = BEFORE.into_iter().chain(adapters).chain(AFTER);
    ours.chain([SECTION]).collect()
});

/// Takes the adapters' tables out of a document, and what is no section at all; the rest stays in it.
pub fn take(document: &mut Spanned<DeTable<'_>>, text: &str, shown: &str) -> (Tables, Vec<Fault>) {
    let sections = document.get_mut();
    let mut faults = Vec::new();
    let strange = sections
        .keys()
        .filter(|name| !SECTIONS.contains(&name.get_ref().as_ref()));
    let strange: Vec<_> = strange.cloned().collect();
    for name in strange {
        let error = toml::de::Error::unknown_field(name.get_ref(), &SECTIONS);
        let offset = Some(name.span().start);
        faults.push(syntax::fault_at(error.message(), offset, text, shown));
        sections.remove(name.get_ref().as_ref());
    }
    let mut tables = Vec::new();
    for kind in KINDS {
        let Some(value) = sections.remove(kind.table) else {
            continue;
        };
        match kind.read(ValueDeserializer::from(value)) {
            Ok(read) => {
                let numbered = read.into_iter().enumerate();
                tables.extend(numbered.map(|(index, it)| Table::new((kind.table, index), it)));
            }
            Err(error) => faults.push(syntax::fault(&error, text, shown)),
        }
    }
    (Tables(tables), faults)
}

/// Everything of one sort that the tables name, with its place in the configuration.
pub fn named<T>(tables: &Tables, sort: impl Fn(Names) -> Vec<Named<T>>) -> Vec<(T, String)> {
    let mut all = Vec::new();
    for table in tables.iter() {
        let named = sort(table.names()).into_iter();
        all.extend(named.map(|one| (one.what, table.place(&one.field))));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{AFTER, BEFORE};
    use crate::config::ParkConfig;

    /// The names are written twice, because the types do not tell theirs.
    #[test]
    fn the_sections_are_those_of_the_types() {
        let error = toml::from_str::<ParkConfig>("nowhere = 1").unwrap_err();
        let known: Vec<&str> = error.message().split('`').skip(3).step_by(2).collect();
        assert_eq!(known, [&BEFORE[..], &AFTER[..]].concat());
    }
}
