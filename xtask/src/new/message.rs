//! A message of the language: its schema and an example, and three files that name it: the body of which it is one,
//! who may say it, and what it names. Everything else follows from the schema.

use std::path::{Path, PathBuf};

use super::krate::camel;
use super::{Room, insert, lawful};
use crate::{codegen, run};

const BODY: &str = "schemas/xsd/message.xsd";
const RIGHTS: &str = "hub/flow/src/decide/authority/table.toml";
const THINGS: &str = "hub/flow/src/decide/authority/things.rs";
/// The page that shows the table of rights.
const PAGE: &str = "docs/reference/authority.md";

const SCHEMA: &str = include_str!("../../templates/message/schema.xsd.in");
const EXAMPLE: &str = include_str!("../../templates/message/example.xml.in");
const BRANCH: &str = include_str!("../../templates/message/branch.xsd.in");
/// Default deny: whoever wants it to be said by somebody says so.
const NOBODY: &str = include_str!("../../templates/message/rights.toml.in");

/// What writes the page.
const MAKE: &str =
    "test --quiet -p cordon-flow --test flow -- --exact table::the_reference_page_is_the_table";

/// The room of a new message in the tree at `root`.
pub fn room(root: &Path, name: &str) -> Result<Room, String> {
    lawful(name)?;
    let read = |path: &str| {
        std::fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"))
    };
    let (kind, ident) = (camel(name), name.replace('-', "_"));
    let schema = format!("schemas/xsd/{name}.xsd");
    if root.join(&schema).exists() || is_type(root, &kind)? {
        return Err(format!("a type {kind} is in the schemas already"));
    }
    let filled = |text: &str| {
        text.replace("@Name@", &kind)
            .replace("@SERIAL@", &serial(name))
    };
    let things = read(THINGS)?;
    let touched = [
        (BODY, in_body(&read(BODY)?, name, &filled(BRANCH))),
        (RIGHTS, Some(read(RIGHTS)? + &filled(NOBODY))),
        (THINGS, in_things(&things, &kind)),
    ];
    let generated = [
        "schemas/xsd/envelope.xsd".to_owned(),
        "schemas/src/generated/files.rs".to_owned(),
        format!("hub/model/src/generated/{ident}.rs"),
        "hub/model/src/generated/envelope.rs".to_owned(),
        "hub/model/src/generated/message.rs".to_owned(),
        "hub/model/src/generated/mod.rs".to_owned(),
        format!("hub/wire/src/generated/{ident}.rs"),
        "hub/wire/src/generated/message.rs".to_owned(),
        "hub/wire/src/generated/mod.rs".to_owned(),
        PAGE.to_owned(),
    ];
    let example = format!("schemas/examples/valid/{name}.xml");
    let mut room = Room {
        own: vec![
            (PathBuf::from(schema), filled(SCHEMA)),
            (PathBuf::from(example), filled(EXAMPLE)),
        ],
        generated: generated.map(PathBuf::from).into(),
        ..Room::default()
    };
    for (file, text) in touched {
        let text =
            text.ok_or_else(|| format!("{file}: the place for a new message is not there"))?;
        room.touched.push((PathBuf::from(file), text));
    }
    Ok(room)
}

/// Writes what follows from the schema.
pub fn make() -> Result<(), String> {
    codegen::run(false)?;
    run::quiet(run::cargo().args(MAKE.split(' ')).env("UPDATE_GOLDEN", "1"))
}

/// Whether a schema has a type of this name.
fn is_type(root: &Path, name: &str) -> Result<bool, String> {
    let folder = root.join("schemas/xsd");
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in std::fs::read_dir(&folder).map_err(failed)? {
        let text = std::fs::read_to_string(entry.map_err(failed)?.path()).map_err(failed)?;
        let of = |kind: &str| text.contains(&format!("<xs:{kind} name=\"{name}\""));
        if of("complexType") || of("simpleType") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Twelve digits of the example's message id, which is no other example's.
fn serial(name: &str) -> String {
    let sum = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{:012x}", sum >> 16)
}

fn in_body(text: &str, name: &str, branch: &str) -> Option<String> {
    let include = format!("  <xs:include schemaLocation=\"{name}.xsd\"/>");
    let text = insert::behind(text, "  <xs:include schemaLocation=", &include)?;
    insert::before(&text, "    </xs:choice>", branch.trim_end())
}

fn in_things(text: &str, kind: &str) -> Option<String> {
    let named = format!("        | MessageType::{kind}");
    let text = insert::before(text, "        | MessageType::AuditEvent => &[],", &named)?;
    let mentioned = format!("        | Body::{kind}(_)");
    insert::before(&text, "        | Body::AuditEvent(_) => {}", &mentioned)
}

#[cfg(test)]
mod tests {
    use super::{in_body, in_things, serial};

    #[test]
    fn a_message_joins_the_body_and_what_names_nothing() {
        let body = "  <xs:include schemaLocation=\"trust.xsd\"/>\n\n    <xs:choice>\n      <x/>\n    </xs:choice>\n";
        let joined = in_body(body, "demo-note", "      <y/>\n").unwrap();
        assert!(joined.starts_with("  <xs:include schemaLocation=\"trust.xsd\"/>\n  <xs:include schemaLocation=\"demo-note.xsd\"/>\n"));
        assert!(joined.contains("      <x/>\n      <y/>\n    </xs:choice>\n"));
        let things = "        | MessageType::Refusal\n        | MessageType::AuditEvent => &[],\n\
                      x\n        | Body::AuditEvent(_) => {}\n";
        let joined = in_things(things, "DemoNote").unwrap();
        assert!(joined.contains(
            "Refusal\n        | MessageType::DemoNote\n        | MessageType::AuditEvent"
        ));
        assert!(joined.contains("x\n        | Body::DemoNote(_)\n        | Body::AuditEvent"));
        assert_eq!(in_things("x", "DemoNote"), None);
        assert_eq!(serial("demo-note").len(), 12);
        assert_ne!(serial("demo-note"), serial("demo-notes"));
    }
}
