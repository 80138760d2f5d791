//! Rust source of the facets: pattern tables, lengths and ranges.

use std::fmt::Write as _;

use super::automaton;
use super::names::screaming;
use super::pattern;
use super::schema::{Simple, Type};

/// Constants for one simple type: `NAME` and, where it has a pattern, the table behind it.
pub fn facets(kind: &Type, simple: &Simple) -> Result<String, String> {
    let name = screaming(&kind.name);
    let mut made = String::new();
    let pattern = match &simple.pattern {
        None => "None".to_owned(),
        Some(source) => {
            let table = table(&name, source);
            made.push_str(&table.map_err(|problem| format!("{}: {problem}", kind.name))?);
            format!("Some(&{name}_PATTERN)")
        }
    };
    let doc = format!("/// Facets of `{}`: {}\n", kind.name, kind.english);
    let _ = match simple.base.as_str() {
        "token" | "string" => write!(
            made,
            "{doc}pub static {name}: TextFacets = TextFacets {{ name: \"{}\", collapse: {}, length_min: {}, \
             length_max: {}, pattern: {pattern} }};\n\n",
            kind.name,
            simple.base == "token",
            simple.length_min.unwrap_or(0),
            simple
                .length_max
                .map_or("usize::MAX".to_owned(), |max| max.to_string()),
        ),
        "dateTime" => write!(
            made,
            "{doc}pub static {name}: TextFacets = TextFacets {{ name: \"{}\", collapse: true, length_min: 0, \
             length_max: 35, pattern: {pattern} }};\n\n",
            kind.name,
        ),
        "decimal" => write!(
            made,
            "{doc}pub static {name}: DecimalFacets = DecimalFacets {{ name: \"{}\", pattern: {pattern}, min: {}, \
             max: {} }};\n\n",
            kind.name,
            decimal(simple.value_min.as_deref())?,
            decimal(simple.value_max.as_deref())?,
        ),
        "unsignedInt" => write!(
            made,
            "{doc}{}",
            count(&name, kind, simple, &pattern, "0", "4_294_967_295")?
        ),
        "unsignedLong" => write!(
            made,
            "{doc}{}",
            count(
                &name,
                kind,
                simple,
                &pattern,
                "0",
                "18_446_744_073_709_551_615"
            )?
        ),
        "long" => write!(
            made,
            "{doc}{}",
            count(
                &name,
                kind,
                simple,
                &pattern,
                "-9_223_372_036_854_775_808",
                "9_223_372_036_854_775_807"
            )?
        ),
        other => return Err(format!("{}: base xs:{other} is not supported", kind.name)),
    };
    Ok(made)
}

fn decimal(bound: Option<&str>) -> Result<String, String> {
    match bound {
        None => Ok("None".to_owned()),
        Some(text) => text
            .parse::<i64>()
            .map(|whole| format!("Some(Decimal::new({whole}, 0))"))
            .map_err(|_| format!("bound {text} must be a whole number")),
    }
}

fn count(
    name: &str,
    kind: &Type,
    simple: &Simple,
    pattern: &str,
    min: &str,
    max: &str,
) -> Result<String, String> {
    if simple.length_min.is_some() || simple.length_max.is_some() {
        return Err(format!("{}: a whole number has no length", kind.name));
    }
    Ok(format!(
        "pub static {name}: CountFacets = CountFacets {{ name: \"{}\", pattern: {pattern}, min: {}, max: {} }};\n\n",
        kind.name,
        simple.value_min.as_deref().unwrap_or(min),
        simple.value_max.as_deref().unwrap_or(max),
    ))
}

fn table(name: &str, source: &str) -> Result<String, String> {
    let automaton = automaton::build(&pattern::parse(source)?)?;
    let mut ascii = [0_u8; 128];
    let mut wide = String::new();
    for (from, to, class) in &automaton.ranges {
        for code in u32::from(*from)..=u32::from(*to).min(127) {
            if let Some(slot) = ascii.get_mut(code as usize) {
                *slot = *class;
            }
        }
        if u32::from(*to) > 127 {
            let from = (*from).max('\u{80}');
            let _ = write!(wide, "({from:?}, {to:?}, {class}), ");
        }
    }
    let next: Vec<String> = automaton
        .next
        .iter()
        .flatten()
        .map(u16::to_string)
        .collect();
    let ends: Vec<String> = automaton
        .accepting
        .iter()
        .enumerate()
        .filter(|(_, yes)| **yes)
        .map(|(state, _)| state.to_string())
        .collect();
    Ok(format!(
        "static {name}_PATTERN: Pattern = Pattern {{ source: r\"{source}\", ascii: &{ascii:?}, wide: &[{wide}], \
         classes: {}, next: &[{}], ends: &[{}] }};\n\n",
        automaton.classes,
        next.join(", "),
        ends.join(", "),
    ))
}
