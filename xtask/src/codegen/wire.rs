//! Emits the strict readers and deterministic writers of `hub/wire/src/generated/`.

use std::fmt::Write as _;

use super::model::{Handling, handling};
use super::names::{module as module_name, snake};
use super::schema::{Element, File, QName, Schema, Shape, Type};

/// Emits all files of the wire.
pub fn emit(schema: &Schema, write: &mut dyn FnMut(&str, String)) -> Result<(), String> {
    let mut modules = String::from(
        "//! Readers and writers made by `cargo xtask codegen` from `schemas/xsd`.\n\n",
    );
    let mut all = String::new();
    for file in &schema.files {
        if let Some(text) = module(schema, file)? {
            let name = module_name(&file.name);
            let _ = writeln!(modules, "pub(crate) mod {name};");
            if file.prefix == "c" {
                let _ = writeln!(all, "pub(crate) use super::{name}::*;");
            }
            write(&name, text);
        }
    }
    let _ = write!(
        modules,
        "\n/// All readers and writers of the messages.\npub(crate) mod all {{\n{all}}}\n"
    );
    write("mod", modules);
    Ok(())
}

fn module(schema: &Schema, file: &File) -> Result<Option<String>, String> {
    let mut bodies = String::new();
    for kind in &file.types {
        match &kind.shape {
            Shape::Sequence(elements) => {
                bodies.push_str(&read_sequence(schema, file, kind, elements)?);
                bodies.push_str(&write_sequence(schema, file, kind, elements)?);
            }
            Shape::Choice(elements) => {
                bodies.push_str(&read_choice(schema, file, kind, elements)?);
                bodies.push_str(&write_choice(schema, file, kind, elements)?);
            }
            Shape::Enumeration(_) | Shape::Simple(_) => {}
        }
    }
    for (element, kind) in &file.globals {
        bodies.push_str(&global(file, element, kind));
    }
    if bodies.is_empty() {
        return Ok(None);
    }
    Ok(Some(format!(
        "//! Readers and writers, made by `cargo xtask codegen` from `schemas/xsd/{}.xsd`; change the schema, \
         not this file.\n\n\
         #[allow(unused_imports, reason = \"one list for all generated files\")]\nuse crate::imports::*;\n\n{bodies}",
        file.name
    )))
}

fn constant(prefix: &str) -> String {
    prefix.to_uppercase()
}

fn path(prefix: &str, local: &str) -> String {
    if prefix == "svc" {
        format!("service::{local}")
    } else {
        local.to_owned()
    }
}

fn names(elements: &[Element]) -> Vec<&QName> {
    elements
        .iter()
        .filter_map(|element| element.name.as_ref())
        .collect()
}

fn name_list(elements: &[Element]) -> String {
    let list: Vec<String> = names(elements)
        .iter()
        .map(|name| format!("({}, \"{}\")", constant(&name.prefix), name.local))
        .collect();
    format!("&[{}]", list.join(", "))
}

/// The expression that reads a node of this type, as a function of one node.
fn reader(schema: &Schema, name: &QName, asker: &str) -> Result<String, String> {
    Ok(match handling(schema, name, asker)? {
        Handling::Value => "value".to_owned(),
        Handling::Text(facets) => format!("|node| text(node, &facets::{facets})"),
        Handling::Decimal(facets) => format!("|node| decimal(node, &facets::{facets})"),
        Handling::Count(facets) => format!("|node| count(node, &facets::{facets})"),
        Handling::Boolean => "boolean".to_owned(),
        Handling::Binary => "binary".to_owned(),
        Handling::Complex => format!("read_{}", function(name)),
    })
}

/// Name of the read or write function of a complex type; service types are kept apart.
fn function(name: &QName) -> String {
    if name.prefix == "svc" {
        format!("service_{}", snake(&name.local))
    } else {
        snake(&name.local)
    }
}

fn read_sequence(
    schema: &Schema,
    file: &File,
    kind: &Type,
    elements: &[Element],
) -> Result<String, String> {
    let mut fields = String::new();
    let mut foreign = String::new();
    let mut place = 0;
    for element in elements {
        let Some(name) = &element.name else {
            let namespace = element.foreign.clone().unwrap_or_default();
            let _ = writeln!(foreign, "children.skip_foreign(\"{namespace}\");");
            continue;
        };
        let read = reader(schema, &element.type_name, &kind.name)?;
        let call = match (element.min, element.max) {
            (1, 1) => format!("one({place}, {read})"),
            (0, 1) => format!("optional({place}, {read})"),
            (min, max) => format!("many({place}, {min}, {max}, {read})"),
        };
        let _ = writeln!(fields, "{}: children.{call}?,", snake(&name.local));
        place += 1;
    }
    let own = QName {
        prefix: file.prefix.clone(),
        local: kind.name.clone(),
    };
    Ok(format!(
        "pub(crate) fn read_{}(node: Node<'_>) -> Result<{}, WireFault> {{\n\
         const NAMES: Names = {};\n\
         let mut children = Children::open(node, NAMES)?;\n\
         let made = {} {{\n{fields}}};\n\
         {foreign}children.finish()?;\n\
         Ok(made)\n}}\n\n",
        function(&own),
        path(&file.prefix, &kind.name),
        name_list(elements),
        path(&file.prefix, &kind.name),
    ))
}

fn read_choice(
    schema: &Schema,
    file: &File,
    kind: &Type,
    elements: &[Element],
) -> Result<String, String> {
    let type_path = path(&file.prefix, &kind.name);
    let mut arms = String::new();
    for (place, name) in names(elements).iter().enumerate() {
        let type_name = elements
            .get(place)
            .map(|element| &element.type_name)
            .ok_or("no such branch")?;
        let read = match reader(schema, type_name, &kind.name)? {
            closure if closure.starts_with('|') => closure.trim_start_matches("|node| ").to_owned(),
            function => format!("{function}(node)"),
        };
        let _ = writeln!(arms, "{place} => {type_path}::{}({read}?),", name.local);
    }
    let own = QName {
        prefix: file.prefix.clone(),
        local: kind.name.clone(),
    };
    Ok(format!(
        "pub(crate) fn read_{}(node: Node<'_>) -> Result<{type_path}, WireFault> {{\n\
         const NAMES: Names = {};\n\
         let (place, node) = only_child(node, NAMES)?;\n\
         Ok(match place {{ {arms} _ => return Err(unknown_element(node, NAMES)), }})\n}}\n\n",
        function(&own),
        name_list(elements),
    ))
}

/// The statement that writes one value held in `value`.
fn writer(schema: &Schema, element: &Element, name: &QName, asker: &str) -> Result<String, String> {
    let tag = format!("{}_PREFIX, \"{}\"", constant(&name.prefix), name.local);
    Ok(match handling(schema, &element.type_name, asker)? {
        Handling::Value if element.type_name.local == "Timestamp" => {
            format!("out.time({tag}, *value)?;")
        }
        Handling::Value => format!("out.display({tag}, value)?;"),
        Handling::Text(facets) => format!("out.text({tag}, value, &facets::{facets})?;"),
        Handling::Decimal(facets) => format!("out.decimal({tag}, value, &facets::{facets})?;"),
        Handling::Count(facets) => format!("out.count({tag}, *value, &facets::{facets})?;"),
        Handling::Boolean => format!("out.display({tag}, value)?;"),
        Handling::Binary => format!("out.binary({tag}, value)?;"),
        Handling::Complex => format!(
            "write_{}(out, {tag}, value)?;",
            function(&element.type_name)
        ),
    })
}

fn write_sequence(
    schema: &Schema,
    file: &File,
    kind: &Type,
    elements: &[Element],
) -> Result<String, String> {
    let mut statements = String::new();
    for element in elements {
        let Some(name) = &element.name else { continue };
        let field = snake(&name.local);
        let write = writer(schema, element, name, &kind.name)?;
        let _ = match (element.min, element.max) {
            (1, 1) => writeln!(statements, "{{ let value = &of.{field}; {write} }}"),
            (0, 1) => writeln!(statements, "if let Some(value) = &of.{field} {{ {write} }}"),
            (min, max) => writeln!(
                statements,
                "out.occurrence({}_PREFIX, \"{}\", of.{field}.len(), {min}, {max})?;\nfor value in &of.{field} {{ {write} }}",
                constant(&name.prefix),
                name.local
            ),
        };
    }
    let own = QName {
        prefix: file.prefix.clone(),
        local: kind.name.clone(),
    };
    Ok(format!(
        "pub(crate) fn write_{}(out: &mut Out, prefix: &'static str, name: &'static str, of: &{}) -> \
         Result<(), WireFault> {{\nout.start(prefix, name);\n{statements}out.end();\nOk(())\n}}\n\n",
        function(&own),
        path(&file.prefix, &kind.name),
    ))
}

fn write_choice(
    schema: &Schema,
    file: &File,
    kind: &Type,
    elements: &[Element],
) -> Result<String, String> {
    let type_path = path(&file.prefix, &kind.name);
    let mut arms = String::new();
    for element in elements {
        let Some(name) = &element.name else { continue };
        let write = writer(schema, element, name, &kind.name)?;
        let _ = writeln!(arms, "{type_path}::{}(value) => {{ {write} }}", name.local);
    }
    let own = QName {
        prefix: file.prefix.clone(),
        local: kind.name.clone(),
    };
    Ok(format!(
        "pub(crate) fn write_{}(out: &mut Out, prefix: &'static str, name: &'static str, of: &{type_path}) -> \
         Result<(), WireFault> {{\nout.start(prefix, name);\nmatch of {{ {arms} }}\nout.end();\nOk(())\n}}\n\n",
        function(&own),
    ))
}

/// Reader and writer of an element that may stand at the root of a document or body.
fn global(file: &File, element: &str, kind: &QName) -> String {
    // Service types have functions of their own name already, told apart by `service_`.
    let suffix = if file.prefix == "svc" { "" } else { "_root" };
    let type_path = path(&kind.prefix, &kind.local);
    let call = function(kind);
    let name = snake(element);
    let tag = constant(&file.prefix);
    format!(
        "/// Reads a `{element}` element.\n\
         pub fn read_{name}{suffix}(node: Node<'_>) -> Result<{type_path}, WireFault> {{\n\
         expect_root(node, {tag}, \"{element}\")?;\nread_{call}(node)\n}}\n\n\
         /// Writes a `{element}` element in canonical form; refuses values that break a facet.\n\
         pub fn write_{name}{suffix}(of: &{type_path}) -> Result<Vec<u8>, WireFault> {{\n\
         let mut out = Out::new();\nwrite_{call}(&mut out, {tag}_PREFIX, \"{element}\", of)?;\n\
         Ok(out.finish())\n}}\n\n"
    )
}
