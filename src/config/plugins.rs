//! The sections `[plugins.NAME]` of `park.toml`: taken out of the text's own table by the one list of kinds.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use cordon_contract::Fault;
use serde::Deserialize as _;
use serde::de::{Error as _, IgnoredAny};
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::syntax;
use crate::plugins::{KINDS, SECTION, Sections};

/// Every plug-in that may have one.
static NAMES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| KINDS.iter().map(|kind| kind.name).collect());

/// Takes the sections of plug-ins out of a document; the rest stays in it.
pub fn take(
    document: &mut Spanned<DeTable<'_>>,
    text: &str,
    shown: &str,
) -> (Sections, Vec<Fault>) {
    let mut sections = Sections::default();
    let Some(mut value) = document.get_mut().remove(SECTION) else {
        return (sections, Vec::new());
    };
    let DeValue::Table(own) = value.get_mut() else {
        let wrong = BTreeMap::<String, IgnoredAny>::deserialize(ValueDeserializer::from(value));
        let faults = wrong.err().into_iter();
        let faults = faults.map(|error| syntax::fault(&error, text, shown));
        return (sections, faults.collect());
    };
    let mut faults = Vec::new();
    for kind in KINDS {
        let Some(value) = own.remove(kind.name) else {
            continue;
        };
        match kind.read(ValueDeserializer::from(value)) {
            Ok(read) => drop(sections.0.insert(kind.name, read)),
            Err(error) => faults.push(syntax::fault(&error, text, shown)),
        }
    }
    faults.extend(own.keys().map(|name| unknown(name, text, shown)));
    (sections, faults)
}

/// What is left over is no plug-in of this program.
fn unknown(name: &Spanned<Cow<'_, str>>, text: &str, shown: &str) -> Fault {
    let error = toml::de::Error::unknown_field(name.get_ref(), &NAMES);
    let offset = Some(name.span().start);
    syntax::fault_at(error.message(), offset, text, shown)
}
