//! First passes: is it TOML, and is every field known, present and of its type?

use std::path::Path;

use cordon_contract::Fault;
use serde::Deserialize as _;
use toml::de::{DeTable, Deserializer};

use super::{ParkConfig, adapters, plugins};

/// Reads the file, or says what is wrong and where.
pub fn read(path: &Path) -> Result<ParkConfig, Vec<Fault>> {
    parse(&text(path)?, &path.display().to_string())
}

/// Reads the keys of the file as they stand.
pub fn table(path: &Path) -> Result<toml::Table, Vec<Fault>> {
    let text = text(path)?;
    let shown = path.display().to_string();
    toml::from_str(&text).map_err(|error| vec![fault(&error, &text, &shown)])
}

fn text(path: &Path) -> Result<String, Vec<Fault>> {
    std::fs::read_to_string(path).map_err(|error| {
        vec![
            Fault::new("K001", format!("cannot read the configuration: {error}"))
                .at(path.display().to_string())
                .remedy("name an existing file with --config, or make one with `cordon prepare --data DIR`"),
        ]
    })
}

/// The pure part of [`read`]; `shown` is how the file is named in places.
pub fn parse(text: &str, shown: &str) -> Result<ParkConfig, Vec<Fault>> {
    let wrong = |error: toml::de::Error| vec![fault(&error, text, shown)];
    let mut document = DeTable::parse(text).map_err(wrong)?;
    let (adapters, mut faults) = adapters::take(&mut document, text, shown);
    let (plugins, more) = plugins::take(&mut document, text, shown);
    faults.extend(more);
    match ParkConfig::deserialize(Deserializer::from(document)) {
        Ok(config) if faults.is_empty() => {
            return Ok(ParkConfig {
                adapters,
                plugins,
                ..config
            });
        }
        Ok(_) => {}
        Err(error) => faults.extend(wrong(error)),
    }
    Err(faults)
}

/// The same of keys that were read before, which have no place in a text any more.
pub fn of_table(table: &toml::Table) -> Result<ParkConfig, Vec<Fault>> {
    const SHOWN: &str = "the configuration as it runs";
    let text = toml::to_string(table)
        .map_err(|error| vec![Fault::new("K002", error.to_string()).at(SHOWN)])?;
    let placeless = |fault: Fault| fault.at(SHOWN);
    parse(&text, SHOWN).map_err(|faults| faults.into_iter().map(placeless).collect())
}

/// What the parser said, with its place.
pub fn fault(error: &toml::de::Error, text: &str, shown: &str) -> Fault {
    let offset = error.span().map(|span| span.start);
    fault_at(error.message(), offset, text, shown)
}

/// The words of a parser, said of what stands at an offset.
pub fn fault_at(message: &str, offset: Option<usize>, text: &str, shown: &str) -> Fault {
    let place = match offset {
        Some(offset) => {
            let (line, column) = line_and_column(text, offset);
            format!("{shown}:{line}:{column}")
        }
        None => shown.to_owned(),
    };
    let message = message.trim().replace('\n', "; ");
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

    #[test]
    fn distance_counts_edits() {
        assert_eq!(edits("gats", "gates"), 1);
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(nearest("gats", &["lanes", "gates"]), Some("gates"));
        assert_eq!(nearest("zzz", &["lanes", "gates"]), None);
    }

    /// Codes and places of what is wrong with a text.
    fn wrong(text: &str) -> Vec<(&'static str, String)> {
        let faults = parse(text, "park.toml").unwrap_err();
        let told = faults.into_iter();
        told.map(|fault| (fault.code(), fault.place().to_owned()))
            .collect()
    }

    #[test]
    fn a_table_of_an_unknown_adapter_is_refused_with_its_place() {
        let text = "[hub]\nx = 1\n\n[[modbuss]]\nname = \"lanes\"\n\n[[meters]]\n";
        let faults = parse(text, "park.toml").unwrap_err();
        let told = faults.iter().find(|fault| fault.place() == "park.toml:4:3");
        let told = told.unwrap();
        assert_eq!(told.code(), "K003");
        assert!(told.peer_text().starts_with("unknown field `modbuss`"));
        assert_eq!(told.remedy_text(), "did you mean `modbus`?");
        let other = faults.iter().find(|fault| fault.place() == "park.toml:7:3");
        assert_eq!(other.unwrap().code(), "K003");
    }

    #[test]
    fn faults_of_several_tables_are_told_at_once() {
        let text = "[hub]\nidd = 1\n[[modbus]]\nnam = 1\n[[mqtt]]\nname = 1\n[onvif]\n";
        assert_eq!(
            wrong(text),
            [
                ("K003", "park.toml:4:1".to_owned()),
                ("K005", "park.toml:6:8".to_owned()),
                ("K005", "park.toml:7:1".to_owned()),
                ("K003", "park.toml:2:1".to_owned()),
            ]
        );
    }
}
