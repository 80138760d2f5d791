//! File and line for every fault: a field's name becomes the place where it stands in `park.toml`.
//!
//! The rooms name fields (`plan.gates[1].id`, ``mqtt `sensors`: queue``) or files; only here is known
//! which line of which file that is.

use std::path::{Path, PathBuf};

use cordon_contract::Fault;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::syntax::line_and_column;

/// One word of a field's name.
#[derive(Debug, Eq, PartialEq)]
enum Step<'a> {
    /// `gates`
    Key(&'a str),
    /// `[1]`
    Index(usize),
    /// `` `sensors` ``: the element of a list that holds this text.
    Named(&'a str),
}

/// The faults with file and line. A file that cannot be read any more changes nothing.
pub fn lines(path: &Path, faults: Vec<Fault>) -> Vec<Fault> {
    let Ok(text) = std::fs::read_to_string(path) else {
        return faults;
    };
    let Ok(table) = DeTable::parse(&text) else {
        return faults;
    };
    let page = Page {
        text: &text,
        shown: path.display().to_string(),
        folder: super::uses::folder_of(path),
        root: DeValue::Table(table.into_inner()),
    };
    let mut seen: Vec<Fault> = Vec::new();
    for fault in faults {
        // Two passes may look at one field; the reader is told once.
        let same = |old: &Fault| {
            (old.code(), old.place(), old.log_text())
                == (fault.code(), fault.place(), fault.log_text())
        };
        if !seen.iter().any(same) {
            seen.push(fault);
        }
    }
    let placed = seen.into_iter().map(|fault| {
        let place = page.place(fault.place());
        fault.at(place)
    });
    placed.collect()
}

/// `FILE:LINE:COLUMN` of the first text `wanted` in a TOML file.
pub fn of_text(file: &Path, wanted: &str) -> String {
    let shown = file.display().to_string();
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let Ok(table) = DeTable::parse(&text) else {
        return shown;
    };
    let root = DeValue::Table(table.into_inner());
    let mut texts = Vec::new();
    gather(&root, &mut texts);
    match texts.iter().find(|(known, _)| *known == wanted) {
        Some((_, offset)) => {
            let (line, column) = line_and_column(&text, *offset);
            format!("{shown}:{line}:{column}")
        }
        None => shown,
    }
}

struct Page<'a> {
    text: &'a str,
    shown: String,
    folder: &'a Path,
    root: DeValue<'a>,
}

impl Page<'_> {
    fn place(&self, place: &str) -> String {
        if place.is_empty() || place.starts_with(&format!("{}:", self.shown)) {
            return place.to_owned();
        }
        if let Some(offset) = self.names_file(place) {
            let named = self.at(offset);
            return match inside(place) {
                Some((there, field)) => format!("{there} ({field}; named at {named})"),
                None => format!("{place} (named at {named})"),
            };
        }
        match self.field(place) {
            Some(offset) => format!("{} ({place})", self.at(offset)),
            None => place.to_owned(),
        }
    }

    fn at(&self, offset: usize) -> String {
        let (line, column) = line_and_column(self.text, offset);
        format!("{}:{line}:{column}", self.shown)
    }

    /// Where the file or folder of `place` is named; the longest name wins.
    fn names_file(&self, place: &str) -> Option<usize> {
        let mut texts = Vec::new();
        gather(&self.root, &mut texts);
        let file = without_line(place);
        let named = texts.into_iter().filter_map(|(text, offset)| {
            let whole: PathBuf = self.folder.join(text);
            let fits = !text.is_empty() && file.starts_with(&whole);
            fits.then(|| (whole.components().count(), offset))
        });
        named
            .max_by_key(|(length, offset)| (*length, std::cmp::Reverse(*offset)))
            .map(|(_, offset)| offset)
    }

    /// Where a field stands, or the deepest section above it that is there.
    fn field(&self, place: &str) -> Option<usize> {
        let mut here = &self.root;
        let mut offset = None;
        for step in steps(place) {
            let next = match (&step, here) {
                (Step::Key(key), DeValue::Table(table)) => {
                    table.get_key_value(*key).map(|(key, value)| {
                        // A section's own span is its header, a value's key is clearer than the value.
                        let is_section = matches!(value.get_ref(), DeValue::Table(_));
                        let span = if is_section { value.span() } else { key.span() };
                        (value.get_ref(), span.start)
                    })
                }
                (Step::Index(index), DeValue::Array(list)) => list
                    .get(*index)
                    .map(|value| (value.get_ref(), value.span().start)),
                (Step::Named(name), DeValue::Array(list)) => list
                    .iter()
                    .find(|value| holds(value, name))
                    .map(|value| (value.get_ref(), value.span().start)),
                _ => None,
            };
            let Some((value, start)) = next else { break };
            here = value;
            offset = Some(start);
        }
        offset
    }
}

/// Line and name of the field, for a place `FILE: FIELD` of another TOML file.
fn inside(place: &str) -> Option<(String, &str)> {
    let (file, field) = place.split_once(": ")?;
    let text = std::fs::read_to_string(file).ok()?;
    let page = Page {
        text: &text,
        shown: file.to_owned(),
        folder: Path::new(""),
        root: DeValue::Table(DeTable::parse(&text).ok()?.into_inner()),
    };
    Some((page.at(page.field(field)?), field))
}

/// `FILE:LINE:COLUMN` or `FILE: FIELD` without what comes after the file.
fn without_line(place: &str) -> PathBuf {
    let numbers = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut rest = place.split(": ").next().unwrap_or(place);
    for _ in 0..2 {
        if let Some((before, last)) = rest.rsplit_once(':')
            && numbers(last)
        {
            rest = before;
        }
    }
    PathBuf::from(rest)
}

/// Whether a section has this text as one of its own values.
fn holds(section: &Spanned<DeValue<'_>>, wanted: &str) -> bool {
    let DeValue::Table(table) = section.get_ref() else {
        return false;
    };
    table
        .iter()
        .any(|(_, value)| matches!(value.get_ref(), DeValue::String(text) if text == wanted))
}

/// All texts below a value, with their offsets.
fn gather<'a>(value: &'a DeValue<'_>, texts: &mut Vec<(&'a str, usize)>) {
    let mut one = |value: &'a Spanned<DeValue<'_>>| match value.get_ref() {
        DeValue::String(text) => texts.push((text, value.span().start)),
        inner => gather(inner, texts),
    };
    match value {
        DeValue::Table(table) => table.iter().for_each(|(_, value)| one(value)),
        DeValue::Array(list) => list.iter().for_each(one),
        _ => {}
    }
}

/// The words of a field's name.
fn steps(place: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    for (index, part) in place.split('`').enumerate() {
        if index % 2 == 1 {
            steps.push(Step::Named(part));
            continue;
        }
        for word in part.split(['.', ':', ' ', ']']) {
            let (key, number) = word.split_once('[').unwrap_or((word, ""));
            if !key.is_empty() {
                steps.push(Step::Key(key));
            }
            if let Ok(number) = number.parse() {
                steps.push(Step::Index(number));
            }
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::{Fault, Step, lines, of_text, steps};

    const TEXT: &str = "[hub]\nkey = \"certs/key.pem\"\n\n[[mqtt]]\nname = \"sensors\"\nqueue = 0\n\
                        [[mqtt.subscription]]\nfilter = \"a/#\"\n";

    fn placed(place: &str) -> String {
        let folder = tempfile_folder(place);
        let file = folder.join("park.toml");
        std::fs::write(&file, TEXT).unwrap();
        let whole = place.replace("certs", &folder.join("certs").display().to_string());
        let faults = lines(&file, vec![Fault::new("K031", "x").at(whole)]);
        let shown = faults[0]
            .place()
            .replace(&format!("{}/", folder.display()), "");
        std::fs::remove_dir_all(&folder).unwrap();
        shown
    }

    fn tempfile_folder(name: &str) -> std::path::PathBuf {
        let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let folder =
            std::env::temp_dir().join(format!("cordon-locate-{}-{letters}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn fields_sections_and_files_get_their_line() {
        assert_eq!(placed("hub.key"), "park.toml:2:1 (hub.key)");
        assert_eq!(placed("mqtt[0].queue"), "park.toml:6:1 (mqtt[0].queue)");
        assert_eq!(
            placed("mqtt `sensors`: tls"),
            "park.toml:4:1 (mqtt `sensors`: tls)"
        );
        assert_eq!(
            placed("mqtt `sensors`: subscription `a/#`"),
            "park.toml:7:1 (mqtt `sensors`: subscription `a/#`)"
        );
        assert_eq!(
            placed("certs/key.pem:3:1"),
            "certs/key.pem:3:1 (named at park.toml:2:7)"
        );
        assert_eq!(
            placed("certs/key.pem: barrier.pulse_ms"),
            "certs/key.pem: barrier.pulse_ms (named at park.toml:2:7)"
        );
        assert_eq!(placed("certs/other.pem"), "certs/other.pem");
        assert_eq!(placed("access.tailgate_s"), "access.tailgate_s");
    }

    #[test]
    fn a_text_is_found_in_another_file() {
        let folder = tempfile_folder("of text");
        let file = folder.join("routes.toml");
        std::fs::write(&file, "receivers = [\"console\", \"siren\"]\n").unwrap();
        let place = of_text(&file, "siren");
        assert!(place.ends_with("routes.toml:1:25"), "{place}");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_name_is_taken_apart() {
        let expected = [
            Step::Key("plan"),
            Step::Key("gates"),
            Step::Index(1),
            Step::Key("id"),
        ];
        assert_eq!(steps("plan.gates[1].id"), expected);
    }
}
