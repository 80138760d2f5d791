//! Emits the types of `hub/model/src/generated/`.

use std::fmt::Write as _;

use super::names::{module as module_name, screaming, snake, variant};
use super::schema::{Element, File, QName, Schema, Shape, Type, Value};
use super::tables;

/// Types that `hub/model` writes by hand.
const BY_HAND: &[&str] = &[
    "MessageId",
    "Timestamp",
    "Digest",
    "ParkCode",
    "PartyId",
    "DeviceId",
    "GateId",
    "LaneId",
    "PlateNumber",
];

/// Structures small and flat enough to serve as keys of ordered maps.
const KEYS: &[&str] = &["Plate", "IdDocument"];

/// Emits all files of the model.
pub fn emit(schema: &Schema, write: &mut dyn FnMut(&str, String)) -> Result<(), String> {
    let mut modules = String::from(
        "//! Types made by `cargo xtask codegen` from `schemas/xsd`; change the schema, not these files.\n\n",
    );
    let mut all = String::new();
    for file in &schema.files {
        let name = module_name(&file.name);
        let _ = writeln!(modules, "pub mod {name};");
        // Wrappers of the Web Service have names of their own.
        if file.prefix == "c" {
            let _ = writeln!(all, "pub use super::{name}::*;");
        }
        write(&name, module(schema, file)?);
    }
    let _ = write!(
        modules,
        "pub mod facets;\n\n/// All types of the messages.\npub mod all {{\n{all}}}\n"
    );
    write("mod", modules);
    write("facets", facets(schema)?);
    Ok(())
}

fn facets(schema: &Schema) -> Result<String, String> {
    let mut made = String::from(
        "//! Facets of the simple types, made by `cargo xtask codegen` from `schemas/xsd`.\n\n\
         use crate::decimal::Decimal;\n\
         use crate::facet::{CountFacets, DecimalFacets, Pattern, TextFacets};\n\n",
    );
    for file in &schema.files {
        for kind in &file.types {
            if let Shape::Simple(simple) = &kind.shape {
                made.push_str(&tables::facets(kind, simple)?);
            }
        }
    }
    Ok(made)
}

fn module(schema: &Schema, file: &File) -> Result<String, String> {
    let mut made = format!(
        "//! {} {}.\n//!\n//! Made by `cargo xtask codegen` from `schemas/xsd/{}.xsd`; change the schema, not this file.\n\n\
         #[allow(unused_imports, reason = \"one list for all generated files\")]\n\
         use crate::imports::*;\n\n",
        file.english, file.chinese, file.name
    );
    for kind in &file.types {
        match &kind.shape {
            Shape::Simple(_) => {}
            Shape::Enumeration(values) => made.push_str(&enumeration(kind, values)),
            Shape::Sequence(elements) => made.push_str(&structure(schema, file, kind, elements)?),
            Shape::Choice(elements) => made.push_str(&choice(schema, file, kind, elements)?),
        }
    }
    Ok(made)
}

/// A documentation comment: the English sentence, then the Chinese term.
fn doc(english: &str, chinese: &str) -> String {
    let english = english.replace('[', "\\[").replace(']', "\\]");
    if chinese.is_empty() {
        format!("/// {english}\n")
    } else {
        format!("/// {english} {chinese}.\n")
    }
}

fn enumeration(kind: &Type, values: &[Value]) -> String {
    let name = &kind.name;
    let mut variants = String::new();
    let (mut all, mut codes, mut chinese, mut parse) =
        (String::new(), String::new(), String::new(), String::new());
    for value in values {
        let variant = variant(&value.value);
        let code = &value.value;
        let _ = write!(
            variants,
            "{}#[serde(rename = \"{code}\")]\n{variant},\n",
            doc(&value.english, &value.chinese)
        );
        let _ = write!(all, "Self::{variant}, ");
        let _ = writeln!(codes, "Self::{variant} => \"{code}\",");
        let _ = writeln!(chinese, "Self::{variant} => \"{}\",", value.chinese);
        let _ = writeln!(parse, "\"{code}\" => Self::{variant},");
    }
    format!(
        "{doc}#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]\n\
         pub enum {name} {{\n{variants}}}\n\n\
         impl {name} {{\n\
         /// All values, in the order of the schema.\n\
         pub const ALL: &'static [Self] = &[{all}];\n\n\
         /// The canonical code.\n\
         pub fn as_str(self) -> &'static str {{ match self {{ {codes} }} }}\n\n\
         /// The Chinese term.\n\
         pub fn as_chinese(self) -> &'static str {{ match self {{ {chinese} }} }}\n\
         }}\n\n\
         impl FromStr for {name} {{\ntype Err = FacetError;\n\
         fn from_str(code: &str) -> Result<Self, FacetError> {{ Ok(match code {{ {parse} \
         _ => return Err(FacetError::enumeration(\"{name}\", code)), }}) }}\n}}\n\n\
         impl fmt::Display for {name} {{\n\
         fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{ f.write_str(self.as_str()) }}\n}}\n\n",
        doc = doc(&kind.english, &kind.chinese),
    )
}

fn structure(
    schema: &Schema,
    file: &File,
    kind: &Type,
    elements: &[Element],
) -> Result<String, String> {
    let mut fields = String::new();
    for element in elements {
        let Some(name) = &element.name else { continue };
        let inner = rust_type(schema, file, &element.type_name, &kind.name)?;
        let whole = match (element.min, element.max) {
            (1, 1) => inner,
            (0, 1) => format!("Option<{inner}>"),
            _ => format!("Vec<{inner}>"),
        };
        let mut note = doc(&element.english, &element.chinese);
        if element.max > 1 {
            let _ = writeln!(note, "/// From {} to {}.", element.min, element.max);
        }
        let _ = writeln!(fields, "{note}pub {}: {whole},", snake(&name.local));
    }
    let order = if KEYS.contains(&kind.name.as_str()) {
        "Ord, PartialOrd, "
    } else {
        ""
    };
    Ok(format!(
        "{}#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, {order}Serialize)]\n\
         #[serde(deny_unknown_fields)]\n\
         pub struct {} {{\n{fields}}}\n\n",
        doc(&kind.english, &kind.chinese),
        kind.name
    ))
}

fn choice(
    schema: &Schema,
    file: &File,
    kind: &Type,
    elements: &[Element],
) -> Result<String, String> {
    let mut variants = String::new();
    let mut types = String::new();
    for element in elements {
        let Some(name) = &element.name else { continue };
        let inner = rust_type(schema, file, &element.type_name, &kind.name)?;
        let _ = writeln!(
            variants,
            "{}{}({inner}),",
            doc(&element.english, &element.chinese),
            name.local
        );
        let _ = writeln!(types, "Self::{0}(_) => MessageType::{0},", name.local);
    }
    let mut made = format!(
        "{}#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]\n\
         #[allow(clippy::large_enum_variant, reason = \"as the schema has it\")]\n\
         pub enum {} {{\n{variants}}}\n\n",
        doc(&kind.english, &kind.chinese),
        kind.name
    );
    if kind.name == "Body" {
        let _ = write!(
            made,
            "impl Body {{\n/// Which message it is.\npub fn message_type(&self) -> MessageType {{ match self {{ {types} }} }}\n}}\n\n"
        );
        made.push_str(&about(schema, elements)?);
    }
    Ok(made)
}

/// What the types of the messages say of themselves; one that says nothing is an error.
fn about(schema: &Schema, elements: &[Element]) -> Result<String, String> {
    let (mut sensitivity, mut retention) = (String::new(), String::new());
    for element in elements {
        let Some(name) = &element.name else { continue };
        let kind = schema.find(&element.type_name, "Body")?;
        let said = |about: &str| {
            let said = kind.notes.get(about).map(|said| variant(said));
            said.ok_or_else(|| format!("{}: no xs:appinfo of urn:cordon:{about}", kind.name))
        };
        let (name, class, kept) = (&name.local, said("sensitivity")?, said("retention")?);
        let _ = writeln!(sensitivity, "Self::{name} => Sensitivity::{class},");
        let _ = writeln!(retention, "Self::{name} => Retention::{kept},");
    }
    Ok(format!(
        "impl MessageType {{\n\
         /// Class of the personal data in it (standards §3.1).\n\
         pub fn sensitivity(self) -> Sensitivity {{ match self {{ {sensitivity} }} }}\n\n\
         /// With which others it is kept equally long.\n\
         pub fn retention(self) -> Retention {{ match self {{ {retention} }} }}\n}}\n\n"
    ))
}

/// The Rust type for a schema type, as written in the module of `file`.
pub fn rust_type(
    schema: &Schema,
    file: &File,
    name: &QName,
    asker: &str,
) -> Result<String, String> {
    if name.prefix == "xs" {
        return match name.local.as_str() {
            "boolean" => Ok("bool".to_owned()),
            "base64Binary" => Ok("Vec<u8>".to_owned()),
            other => Err(format!("{asker}: xs:{other} is not supported")),
        };
    }
    let kind = schema.find(name, asker)?;
    if BY_HAND.contains(&name.local.as_str()) {
        return Ok(name.local.clone());
    }
    match &kind.shape {
        Shape::Simple(simple) => match simple.base.as_str() {
            "token" | "string" => Ok("String".to_owned()),
            "decimal" => Ok("Decimal".to_owned()),
            "unsignedInt" => Ok("u32".to_owned()),
            "unsignedLong" => Ok("u64".to_owned()),
            "long" => Ok("i64".to_owned()),
            other => Err(format!("{asker}: base xs:{other} is not supported")),
        },
        _ if name.prefix != file.prefix && file.types.iter().any(|own| own.name == name.local) => {
            Ok(format!("crate::{}", name.local))
        }
        _ => Ok(name.local.clone()),
    }
}

/// How the wire reads and writes a simple value.
pub enum Handling {
    /// Through `FromStr` and `Display` of a type of its own.
    Value,
    /// Text with facets of this name.
    Text(String),
    /// Fixed-point number with facets of this name.
    Decimal(String),
    /// Whole number with facets of this name.
    Count(String),
    /// `true` or `false`.
    Boolean,
    /// Base64.
    Binary,
    /// A structure with reader and writer of its own.
    Complex,
}

/// How the wire handles a type.
pub fn handling(schema: &Schema, name: &QName, asker: &str) -> Result<Handling, String> {
    if name.prefix == "xs" {
        return Ok(if name.local == "boolean" {
            Handling::Boolean
        } else {
            Handling::Binary
        });
    }
    if BY_HAND.contains(&name.local.as_str()) {
        return Ok(Handling::Value);
    }
    let constant = screaming(&name.local);
    Ok(match &schema.find(name, asker)?.shape {
        Shape::Enumeration(_) => Handling::Value,
        Shape::Simple(simple) => match simple.base.as_str() {
            "decimal" => Handling::Decimal(constant),
            "unsignedInt" | "unsignedLong" | "long" => Handling::Count(constant),
            _ => Handling::Text(constant),
        },
        Shape::Sequence(_) | Shape::Choice(_) => Handling::Complex,
    })
}
