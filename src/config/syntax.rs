//! First passes: is it TOML, and is every field known, present and of its type?

use std::path::Path;

use cordon_contract::Fault;
use serde::de::DeserializeOwned;

/// Reads a TOML file into its type, or says what is wrong and where.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Vec<Fault>> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        vec![
            Fault::new("K001", format!("cannot read the configuration: {error}"))
                .at(shown.clone())
                .remedy("name an existing file with --config, or make one with `cordon prepare --data DIR`"),
        ]
    })?;
    parse(&text, &shown)
}

/// The pure part of [`read`]; `shown` is how the file is named in places.
pub fn parse<T: DeserializeOwned>(text: &str, shown: &str) -> Result<T, Vec<Fault>> {
    toml::from_str(text).map_err(|error| vec![fault(&error, text, shown)])
}

/// The same of keys that were read before.
pub fn of_table<T: DeserializeOwned>(table: toml::Table) -> Result<T, Vec<Fault>> {
    let read = toml::Value::Table(table).try_into();
    read.map_err(|error: toml::de::Error| vec![fault(&error, "", "the configuration as it runs")])
}

fn fault(error: &toml::de::Error, text: &str, shown: &str) -> Fault {
    let place = match error.span() {
        Some(span) => {
            let (line, column) = line_and_column(text, span.start);
            format!("{shown}:{line}:{column}")
        }
        None => shown.to_owned(),
    };
    let message = error.message().trim().replace('\n', "; ");
    let (code, remedy) = explain(&message);
    Fault::new(code, message).at(place).remedy(remedy)
}

/// Code and remedy for what the parser said.
fn explain(message: &str) -> (&'static str, String) {
    if let Some(rest) = message.strip_prefix("unknown field `") {
        return ("K003", unknown_field(rest));
    }
    if message.starts_with("missing field `") {
        return (
            "K004",
            "add the field; the generated park.toml shows the fields".to_owned(),
        );
    }
    let typed = [
        "invalid type",
        "invalid value",
        "unknown variant",
        "invalid length",
        "expected",
    ];
    if typed.iter().any(|start| message.starts_with(start)) {
        return (
            "K005",
            "write a value of the kind that the generated park.toml shows".to_owned(),
        );
    }
    if message.starts_with("duplicate key") {
        return ("K002", "keep one of the two".to_owned());
    }
    // What the parser says of its own quotation marks looks like a value of the house.
    let quoted = [
        "invalid basic",
        "invalid literal",
        "invalid multi",
        "unclosed",
    ];
    if quoted.iter().any(|start| message.starts_with(start)) {
        return ("K002", "correct the TOML at this place".to_owned());
    }
    // Types of the house refuse values with their own words; everything else is the parser's.
    let syntax = [
        "invalid",
        "unclosed",
        "extra",
        "missing",
        "unexpected",
        "key with no value",
        "string",
        "newline",
    ];
    if syntax.iter().any(|word| message.contains(word)) && !message.contains('`') {
        return ("K002", "correct the TOML at this place".to_owned());
    }
    (
        "K005",
        "write a value of the kind that the generated park.toml shows".to_owned(),
    )
}

/// `rest` is "name`, expected one of `a`, `b`".
fn unknown_field(rest: &str) -> String {
    let mut names = rest.split('`').step_by(2);
    let wrong = names.next().unwrap_or_default();
    let known: Vec<&str> = rest.split('`').skip(2).step_by(2).collect();
    match nearest(wrong, &known) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "remove it".to_owned(),
    }
}

/// The known name that needs the fewest edits, if few enough to be a slip of the pen.
pub fn nearest<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|name| (edits(wrong, name), *name))
        .min()
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .map(|(_, name)| name)
}

/// Levenshtein distance in characters.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(&b) {
            let changed = diagonal + usize::from(from != *to);
            diagonal = *cell;
            left = changed.min(left + 1).min(*cell + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

/// Line and column, both from 1, of an offset.
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::{edits, nearest, parse};

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only parsed")]
    struct Small {
        listen: String,
    }

    #[test]
    fn distance_counts_edits() {
        assert_eq!(edits("gats", "gates"), 1);
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(nearest("gats", &["lanes", "gates"]), Some("gates"));
        assert_eq!(nearest("zzz", &["lanes", "gates"]), None);
    }

    #[test]
    fn unknown_field_has_place_and_hint() {
        let faults = parse::<Small>("listen = \"x\"\nlisten_on = 1\n", "park.toml").unwrap_err();
        assert_eq!(faults[0].code(), "K003");
        assert_eq!(faults[0].place(), "park.toml:2:1");
    }
}
