//! Reads the part of XML Schema that Cordon's own schemas use.
//!
//! Anything outside that part is an error, never skipped: a facet that the generator does not know
//! would be a facet that the hub does not check.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use roxmltree::{Document, Node};

const XS: &str = "http://www.w3.org/2001/XMLSchema";

/// All schema files, in the order they depend on each other.
pub struct Schema {
    /// The files.
    pub files: Vec<File>,
    homes: BTreeMap<QName, (usize, usize)>,
    globals: BTreeMap<QName, QName>,
}

/// Namespace prefix as the generator fixes it (`c` or `svc`), and local name.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct QName {
    pub prefix: String,
    pub local: String,
}

/// One schema file.
pub struct File {
    pub name: String,
    pub prefix: String,
    pub english: String,
    pub chinese: String,
    pub types: Vec<Type>,
    pub globals: Vec<(String, QName)>,
}

/// A named type.
pub struct Type {
    pub name: String,
    pub english: String,
    pub chinese: String,
    pub shape: Shape,
    /// What `xs:appinfo` says of it, by what it is about.
    pub notes: BTreeMap<String, String>,
}

/// What a named type is.
pub enum Shape {
    Enumeration(Vec<Value>),
    Simple(Simple),
    Sequence(Vec<Element>),
    Choice(Vec<Element>),
}

/// One value of an enumeration.
pub struct Value {
    pub value: String,
    pub english: String,
    pub chinese: String,
}

/// A restricted simple type.
#[derive(Default)]
pub struct Simple {
    pub base: String,
    pub pattern: Option<String>,
    pub length_min: Option<u64>,
    pub length_max: Option<u64>,
    pub value_min: Option<String>,
    pub value_max: Option<String>,
}

/// One particle of a complex type.
pub struct Element {
    /// Element name; `None` for a wildcard of a foreign namespace.
    pub name: Option<QName>,
    pub type_name: QName,
    pub min: u64,
    pub max: u64,
    pub english: String,
    pub chinese: String,
    /// Namespace of a wildcard.
    pub foreign: Option<String>,
}

impl Schema {
    /// The named type, or an error that says who asked.
    pub fn find(&self, name: &QName, asker: &str) -> Result<&Type, String> {
        self.homes
            .get(name)
            .and_then(|(file, index)| self.files.get(*file)?.types.get(*index))
            .ok_or_else(|| format!("{asker}: no type {}:{}", name.prefix, name.local))
    }
}

/// Reads every file of the folder.
pub fn read(folder: &Path) -> Result<Schema, String> {
    let mut texts = BTreeMap::new();
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        if let Some(stem) = name.strip_suffix(".xsd") {
            let text = fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
            texts.insert(stem.to_owned(), text);
        }
    }
    let mut files = Vec::new();
    for (name, text) in &texts {
        let document = Document::parse(text).map_err(|error| format!("{name}.xsd: {error}"))?;
        files.push(
            file(name, document.root_element())
                .map_err(|problem| format!("{name}.xsd: {problem}"))?,
        );
    }
    let mut schema = Schema {
        files,
        homes: BTreeMap::new(),
        globals: BTreeMap::new(),
    };
    index(&mut schema)?;
    resolve(&mut schema)?;
    Ok(schema)
}

fn index(schema: &mut Schema) -> Result<(), String> {
    for (number, file) in schema.files.iter().enumerate() {
        for (place, kind) in file.types.iter().enumerate() {
            let name = QName {
                prefix: file.prefix.clone(),
                local: kind.name.clone(),
            };
            if schema.homes.insert(name, (number, place)).is_some() {
                return Err(format!(
                    "{}.xsd: type {} is defined twice",
                    file.name, kind.name
                ));
            }
        }
        for (element, kind) in &file.globals {
            let name = QName {
                prefix: file.prefix.clone(),
                local: element.clone(),
            };
            schema.globals.insert(name, kind.clone());
        }
    }
    Ok(())
}

/// Gives each element reference the type of the global element it names.
fn resolve(schema: &mut Schema) -> Result<(), String> {
    let globals = schema.globals.clone();
    for file in &mut schema.files {
        for kind in &mut file.types {
            let (Shape::Sequence(elements) | Shape::Choice(elements)) = &mut kind.shape else {
                continue;
            };
            for element in elements {
                let Some(name) = &element.name else { continue };
                if element.type_name.local.is_empty() {
                    element.type_name = globals.get(name).cloned().ok_or_else(|| {
                        format!("{}: no element {}:{}", kind.name, name.prefix, name.local)
                    })?;
                }
            }
        }
    }
    Ok(())
}

fn file(name: &str, root: Node<'_, '_>) -> Result<File, String> {
    let target = root
        .attribute("targetNamespace")
        .ok_or("no targetNamespace")?;
    let mut made = File {
        name: name.to_owned(),
        prefix: prefix_of(target)?,
        english: documentation(root, "en")?,
        chinese: documentation(root, "zh")?,
        types: Vec::new(),
        globals: Vec::new(),
    };
    for node in elements(root) {
        match node.tag_name().name() {
            "annotation" | "include" | "import" => {}
            "simpleType" => made.types.push(simple_type(node)?),
            "complexType" => made.types.push(complex_type(node, &made.prefix)?),
            "element" => {
                only_attributes(node, &["name", "type"])?;
                made.globals
                    .push((required(node, "name")?, qname(node, "type")?));
            }
            other => return Err(format!("xs:{other} is not supported")),
        }
    }
    Ok(made)
}

fn prefix_of(namespace: &str) -> Result<String, String> {
    match namespace {
        "urn:cordon:park:1" => Ok("c".to_owned()),
        "urn:cordon:service:1" => Ok("svc".to_owned()),
        XS => Ok("xs".to_owned()),
        other => Err(format!("namespace {other} is not one of Cordon's")),
    }
}

fn elements<'a, 'i>(node: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(Node::is_element)
}

fn required(node: Node<'_, '_>, name: &str) -> Result<String, String> {
    node.attribute(name)
        .map(str::to_owned)
        .ok_or_else(|| format!("{} has no {name}", node.tag_name().name()))
}

fn only_attributes(node: Node<'_, '_>, allowed: &[&str]) -> Result<(), String> {
    match node
        .attributes()
        .find(|attribute| !allowed.contains(&attribute.name()))
    {
        Some(attribute) => Err(format!(
            "attribute {} of xs:{} is not supported",
            attribute.name(),
            node.tag_name().name()
        )),
        None => Ok(()),
    }
}

fn qname(node: Node<'_, '_>, attribute: &str) -> Result<QName, String> {
    let value = required(node, attribute)?;
    let (prefix, local) = value
        .split_once(':')
        .ok_or_else(|| format!("{value} has no prefix"))?;
    let namespace = node
        .lookup_namespace_uri(Some(prefix))
        .ok_or_else(|| format!("prefix {prefix} is not declared"))?;
    Ok(QName {
        prefix: prefix_of(namespace)?,
        local: local.to_owned(),
    })
}

fn documentation(node: Node<'_, '_>, language: &str) -> Result<String, String> {
    let annotation = elements(node).find(|child| child.has_tag_name((XS, "annotation")));
    annotation
        .into_iter()
        .flat_map(elements)
        .find(|child| {
            child.attribute(("http://www.w3.org/XML/1998/namespace", "lang")) == Some(language)
        })
        .and_then(|child| child.text())
        .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
        .ok_or_else(|| {
            let name = node
                .attribute("name")
                .or(node.attribute("value"))
                .unwrap_or("?");
            format!(
                "xs:{} {name} has no documentation in {language}",
                node.tag_name().name()
            )
        })
}

fn simple_type(node: Node<'_, '_>) -> Result<Type, String> {
    let name = required(node, "name")?;
    let restriction = elements(node)
        .find(|child| child.has_tag_name((XS, "restriction")))
        .ok_or_else(|| format!("{name}: only restrictions are supported"))?;
    let mut simple = Simple {
        base: qname(restriction, "base")?.local,
        ..Simple::default()
    };
    let mut values = Vec::new();
    for facet in elements(restriction) {
        let value = required(facet, "value")?;
        let number = || {
            value
                .parse::<u64>()
                .map_err(|error| format!("{name}: {value}: {error}"))
        };
        match facet.tag_name().name() {
            "enumeration" => values.push(Value {
                english: documentation(facet, "en")?,
                chinese: documentation(facet, "zh")?,
                value,
            }),
            // Several patterns mean any of them; some validators demand all of them.
            "pattern" if simple.pattern.is_some() => {
                return Err(format!("{name}: join the patterns with | into one"));
            }
            "pattern" => simple.pattern = Some(value),
            "minLength" => simple.length_min = Some(number()?),
            "maxLength" => simple.length_max = Some(number()?),
            "minInclusive" => simple.value_min = Some(value),
            "maxInclusive" => simple.value_max = Some(value),
            other => return Err(format!("{name}: facet {other} is not supported")),
        }
    }
    let shape = if values.is_empty() {
        Shape::Simple(simple)
    } else if simple.base == "token" && simple.pattern.is_none() {
        Shape::Enumeration(values)
    } else {
        return Err(format!(
            "{name}: an enumeration restricts xs:token and has no other facet"
        ));
    };
    Ok(Type {
        english: documentation(node, "en")?,
        chinese: documentation(node, "zh")?,
        notes: BTreeMap::new(),
        name,
        shape,
    })
}

/// What a complex type may say of itself in `xs:appinfo`: `urn:cordon:sensitivity`, `urn:cordon:retention`.
const NOTES: [&str; 2] = ["sensitivity", "retention"];

fn notes(node: Node<'_, '_>) -> Result<BTreeMap<String, String>, String> {
    let annotations = elements(node).filter(|child| child.has_tag_name((XS, "annotation")));
    let children = annotations.flat_map(elements);
    let said = children.filter(|child| child.has_tag_name((XS, "appinfo")));
    said.map(|said| {
        let source = said.attribute("source").unwrap_or_default();
        let about = source.strip_prefix("urn:cordon:").unwrap_or_default();
        match said.text() {
            Some(text) if NOTES.contains(&about) => Ok((about.to_owned(), text.trim().to_owned())),
            _ => Err(format!("xs:appinfo of `{source}` is not supported here")),
        }
    })
    .collect()
}

fn complex_type(node: Node<'_, '_>, prefix: &str) -> Result<Type, String> {
    let name = required(node, "name")?;
    only_attributes(node, &["name"])?;
    let mut shape = None;
    for child in elements(node) {
        let kind = child.tag_name().name();
        if kind == "annotation" {
            continue;
        }
        only_attributes(child, &[])?;
        let particles = elements(child)
            .map(|particle| element(particle, prefix))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|problem| format!("{name}: {problem}"))?;
        shape = match (kind, shape) {
            ("sequence", None) => Some(Shape::Sequence(particles)),
            ("choice", None) => Some(Shape::Choice(particles)),
            _ => return Err(format!("{name}: xs:{kind} is not supported here")),
        };
    }
    if let Some(Shape::Choice(particles)) = &shape
        && particles
            .iter()
            .any(|particle| (particle.min, particle.max) != (1, 1) || particle.name.is_none())
    {
        return Err(format!("{name}: each branch of a choice is one element"));
    }
    Ok(Type {
        english: documentation(node, "en")?,
        chinese: documentation(node, "zh")?,
        notes: notes(node).map_err(|problem| format!("{name}: {problem}"))?,
        shape: shape.ok_or_else(|| format!("{name} is empty"))?,
        name,
    })
}

/// Largest `maxOccurs` that validators take in their default settings (Java's refuse 5,001).
const OCCURS_MAX: u64 = 5_000;

/// The limit of an element that is `unbounded` for validators: a number in `xs:appinfo`, which the
/// generated readers and writers keep.
fn stated_limit(node: Node<'_, '_>) -> Result<u64, String> {
    let annotation = elements(node).find(|child| child.has_tag_name((XS, "annotation")));
    annotation
        .into_iter()
        .flat_map(elements)
        .find(|child| child.attribute("source") == Some("urn:cordon:occurs-max"))
        .and_then(|child| child.text()?.trim().parse().ok())
        .ok_or_else(|| "an unbounded element states its limit in xs:appinfo".to_owned())
}

fn element(node: Node<'_, '_>, prefix: &str) -> Result<Element, String> {
    let occurrence = |attribute: &str| -> Result<u64, String> {
        match node.attribute(attribute) {
            None => Ok(1),
            Some("unbounded") => stated_limit(node),
            Some(value) => value
                .parse()
                .ok()
                .filter(|number| *number <= OCCURS_MAX)
                .ok_or_else(|| {
                    format!("{attribute}=\"{value}\" is not a number up to {OCCURS_MAX}")
                }),
        }
    };
    let (min, max) = (occurrence("minOccurs")?, occurrence("maxOccurs")?);
    match node.tag_name().name() {
        "element" if node.has_attribute("ref") => {
            only_attributes(node, &["ref", "minOccurs", "maxOccurs"])?;
            let name = qname(node, "ref")?;
            Ok(Element {
                english: format!("See {}.", name.local),
                chinese: String::new(),
                type_name: QName {
                    prefix: name.prefix.clone(),
                    local: String::new(),
                },
                name: Some(name),
                min,
                max,
                foreign: None,
            })
        }
        "element" => {
            only_attributes(node, &["name", "type", "minOccurs", "maxOccurs"])?;
            Ok(Element {
                name: Some(QName {
                    prefix: prefix.to_owned(),
                    local: required(node, "name")?,
                }),
                type_name: qname(node, "type")?,
                min,
                max,
                english: documentation(node, "en")?,
                chinese: documentation(node, "zh")?,
                foreign: None,
            })
        }
        "any" if node.attribute("processContents") == Some("lax") && (min, max) == (0, 1) => {
            Ok(Element {
                name: None,
                type_name: QName {
                    prefix: String::new(),
                    local: String::new(),
                },
                min,
                max,
                english: documentation(node, "en")?,
                chinese: documentation(node, "zh")?,
                foreign: Some(required(node, "namespace")?),
            })
        }
        other => Err(format!("xs:{other} is not supported here")),
    }
}
