//! The canonical language as the mapping needs to know it: which messages there are, their fields
//! in order, and what fits into each field. Read from the embedded XSDs, so that a mapping is
//! checked against the language itself and not against a copy of it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use cordon_model::NAMESPACE;
use cordon_xml::{Document, Limits, Node};

const XS: &str = "http://www.w3.org/2001/XMLSchema";

/// The language.
#[derive(Debug, Default)]
pub struct Catalogue {
    complex: BTreeMap<String, Complex>,
    simple: BTreeMap<String, Simple>,
}

/// A type with fields.
#[derive(Debug, Default)]
pub struct Complex {
    /// The fields in the order of the schema.
    pub fields: Vec<Field>,
    /// Exactly one of the fields appears.
    pub choice: bool,
}

/// One field.
#[derive(Debug)]
pub struct Field {
    /// Its element name.
    pub name: String,
    /// Its type, without prefix.
    pub kind: String,
    /// May be left out.
    pub optional: bool,
    /// May appear several times.
    pub many: bool,
}

/// What fits into a field without fields of its own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Simple {
    /// Text; its facets are checked by the reader.
    Text,
    /// One of these names.
    Code(Vec<String>),
    /// RFC 3339 with an offset.
    Time,
    /// A whole number.
    Integer,
    /// A decimal number.
    Decimal,
    /// `true` or `false`.
    Truth,
}

impl Catalogue {
    /// The embedded language, read once.
    pub fn get() -> &'static Self {
        static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
        CATALOGUE.get_or_init(|| Self::read(cordon_schemas::files("xsd/")))
    }

    /// Reads schema files. What the schemas' own tests would refuse is left out here, and then
    /// missed by the mapping that names it.
    fn read<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut catalogue = Self::default();
        let mut bases = BTreeMap::new();
        for (_, text) in files {
            if let Ok(document) = Document::parse(text.as_bytes(), &Limits::default()) {
                let root = document.root();
                if root.attribute("", "targetNamespace").as_deref() == Some(NAMESPACE) {
                    root.children()
                        .for_each(|node| catalogue.take(node, &mut bases));
                }
            }
        }
        let resolved: Vec<(String, Simple)> = bases
            .keys()
            .map(|name| (name.clone(), resolve(name, &bases, &catalogue.simple)))
            .collect();
        catalogue.simple.extend(resolved);
        catalogue
    }

    fn take(&mut self, node: Node<'_>, bases: &mut BTreeMap<String, String>) {
        let name = node.attribute("", "name").unwrap_or_default().into_owned();
        if node.is(XS, "complexType") {
            self.complex.insert(name, complex(node));
        } else if node.is(XS, "simpleType") {
            let Some(restriction) = node.child(XS, "restriction") else {
                return;
            };
            let names: Vec<String> = restriction
                .children()
                .filter(|child| child.is(XS, "enumeration"))
                .filter_map(|child| child.attribute("", "value").map(|value| value.into_owned()))
                .collect();
            if names.is_empty() {
                let base = restriction
                    .attribute("", "base")
                    .unwrap_or_default()
                    .into_owned();
                bases.insert(name, base);
            } else {
                self.simple.insert(name, Simple::Code(names));
            }
        }
    }

    /// A type with fields.
    pub fn complex(&self, name: &str) -> Option<&Complex> {
        self.complex.get(name)
    }

    /// What fits into a type without fields; `None` for types with fields.
    pub fn simple(&self, kind: &str) -> Option<Simple> {
        if self.complex.contains_key(kind) {
            return None;
        }
        Some(
            self.simple
                .get(kind)
                .cloned()
                .unwrap_or_else(|| built_in(kind)),
        )
    }

    /// The message of this name; `None` when the language has no such message.
    pub fn message(&self, name: &str) -> Option<&Complex> {
        let body = self.complex("Body")?;
        body.fields
            .iter()
            .any(|field| field.name == name)
            .then(|| self.complex(name))?
    }

    /// The names of all messages.
    pub fn messages(&self) -> Vec<&str> {
        let fields = self.complex("Body").map(|body| body.fields.as_slice());
        fields
            .unwrap_or_default()
            .iter()
            .map(|field| field.name.as_str())
            .collect()
    }
}

fn complex(node: Node<'_>) -> Complex {
    let (group, choice) = match (node.child(XS, "sequence"), node.child(XS, "choice")) {
        (Some(sequence), _) => (Some(sequence), false),
        (None, choice) => (choice, true),
    };
    let fields = group
        .into_iter()
        .flat_map(|group| group.children().collect::<Vec<_>>());
    Complex {
        fields: fields
            .filter(|child| child.is(XS, "element"))
            .map(field)
            .collect(),
        choice,
    }
}

fn field(node: Node<'_>) -> Field {
    let text = |name: &str| node.attribute("", name).unwrap_or_default().into_owned();
    Field {
        name: text("name"),
        kind: local(&text("type")).to_owned(),
        optional: text("minOccurs") == "0",
        many: !matches!(text("maxOccurs").as_str(), "" | "1"),
    }
}

fn local(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}

/// Follows restrictions of restrictions down to a built-in type.
fn resolve(
    name: &str,
    bases: &BTreeMap<String, String>,
    codes: &BTreeMap<String, Simple>,
) -> Simple {
    let mut name = name;
    for _ in 0..16 {
        if let Some(code) = codes.get(name) {
            return code.clone();
        }
        match bases.get(name) {
            Some(base) if base.starts_with("xs:") => return built_in(local(base)),
            Some(base) => name = local(base),
            None => break,
        }
    }
    Simple::Text
}

fn built_in(name: &str) -> Simple {
    match name {
        "dateTime" => Simple::Time,
        "decimal" => Simple::Decimal,
        "boolean" => Simple::Truth,
        "byte" | "short" | "int" | "long" | "integer" | "unsignedByte" | "unsignedShort"
        | "unsignedInt" | "unsignedLong" | "nonNegativeInteger" | "positiveInteger" => {
            Simple::Integer
        }
        _ => Simple::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::{Catalogue, Simple};

    #[test]
    fn the_language_is_known() {
        let catalogue = Catalogue::get();
        assert_eq!(catalogue.messages().len(), 22);
        let capture = catalogue.message("PlateCapture").unwrap();
        let colour = capture
            .fields
            .iter()
            .find(|field| field.name == "PlateColour")
            .unwrap();
        assert!(!colour.optional && !colour.many);
        let Some(Simple::Code(names)) = catalogue.simple(&colour.kind) else {
            panic!("a code")
        };
        assert!(names.contains(&"YELLOW_GREEN".to_owned()));
        assert_eq!(catalogue.simple("Measure"), Some(Simple::Decimal));
        assert_eq!(catalogue.simple("Timestamp"), Some(Simple::Time));
        assert_eq!(catalogue.simple("boolean"), Some(Simple::Truth));
        assert_eq!(catalogue.simple("Count"), Some(Simple::Integer));
        assert!(catalogue.message("Header").is_none());
        assert!(catalogue.complex("ListSubject").unwrap().choice);
    }
}
