//! One mapping package: a folder `vendor/model/version` with `mapping.toml` and `points.toml`.

use std::fs;
use std::path::{Path, PathBuf};

use cordon_contract::{Fault, Payload, Reading, Value};
use cordon_model::Digest;
use cordon_wire::digest_of_bytes;

use crate::engine::{Input, MappingEngine};
use crate::json::Json;
use crate::rule::{Complaints, Frame, Rule, Understood};
use crate::text::{EngineName, Format, Manifest, Rules};

/// Largest file of a package, in bytes.
const FILE_MAX: u64 = 1024 * 1024;

/// A loaded and checked package.
#[derive(Debug)]
pub struct Package {
    /// `vendor/model/version`.
    pub id: String,
    /// What it maps, in words.
    pub title: String,
    /// The form of its input.
    pub format: Format,
    /// Licence of its tables, an SPDX name.
    pub licence: String,
    /// Where its facts come from.
    pub source: String,
    /// Its folder.
    pub folder: PathBuf,
    /// SHA-256 of its files: another one when it may map otherwise.
    pub digest: Digest,
    engine: Box<dyn MappingEngine>,
}

impl Package {
    /// Loads and checks the package in `folder`, which must be called `id`.
    pub fn load(folder: &Path, id: &str) -> Result<Self, Vec<Fault>> {
        let manifest_file = folder.join("mapping.toml");
        let text = read(&manifest_file).map_err(|fault| vec![fault])?;
        let manifest: Manifest = parse(&manifest_file, &text).map_err(|fault| vec![fault])?;
        let mut faults = Vec::new();
        if manifest.id.get_ref() != id {
            let detail = format!(
                "id `{}` is not the package's folder `{id}`",
                manifest.id.get_ref()
            );
            faults.push(
                Fault::new("M001", detail)
                    .at(place(&manifest_file, &text, manifest.id.span().start))
                    .remedy(format!("write id = \"{id}\", or move the folder")),
            );
        }
        if !crate::moment::is_zone(manifest.zone.get_ref()) {
            let detail = format!("`{}` is not an offset", manifest.zone.get_ref());
            faults.push(
                Fault::new("M004", detail)
                    .at(place(&manifest_file, &text, manifest.zone.span().start))
                    .remedy("write an offset such as \"+08:00\""),
            );
            return Err(faults);
        }
        let engine = match manifest.engine {
            EngineName::Points => Tables::load(folder, &manifest, &mut faults),
        };
        match engine {
            Some(engine) if faults.is_empty() => Ok(Self {
                id: id.to_owned(),
                title: manifest.title,
                format: manifest.format,
                licence: manifest.licence,
                source: manifest.source,
                folder: folder.to_owned(),
                digest: digest_of_files(&text, &engine.text),
                engine: Box::new(engine),
            }),
            _ => Err(faults),
        }
    }

    /// Whether something of this topic, or of any, may become an alarm or what opens a gate.
    pub fn may_alarm(&self, topic: Option<&str>) -> bool {
        self.engine.may_alarm(topic)
    }

    /// Maps one reading whose payload names this package.
    pub fn map(&self, reading: &Reading) -> Result<Understood, Fault> {
        let (topic, document) = match (&reading.payload, self.format) {
            (
                Payload::Json {
                    topic, document, ..
                },
                Format::Json,
            ) => {
                let document = Json::parse(document).map_err(|fault| {
                    Fault::new("M008", format!("not JSON: {}", fault.detail))
                        .at(format!("{}:{}", fault.place.0, fault.place.1))
                        .remedy("send one JSON document in UTF-8")
                })?;
                (topic, document)
            }
            (Payload::Points { topic, points, .. }, Format::Points) => {
                let members = points
                    .iter()
                    .map(|point| (point.name.clone(), json(&point.value)));
                (topic, Json::Object(members.collect()))
            }
            _ => {
                let detail = format!("package {} does not take this form of reading", self.id);
                return Err(Fault::new("M006", detail)
                    .remedy("name a package of the right format in the adapter's configuration"));
            }
        };
        let said = |document: &Json| {
            self.engine.map(&Input {
                reading,
                topic,
                document,
            })
        };
        let understood = said(&document);
        // Some gateways put an array around all that they send. What rules see in it as it is goes first.
        let Some(one) = alone_in_array(&document) else {
            return understood;
        };
        match understood {
            Ok(understood) if !understood.said.is_empty() => Ok(understood),
            other => match said(one) {
                Ok(inner) if !inner.said.is_empty() => Ok(inner),
                Err(fault) if other.is_ok() => Err(fault),
                _ => other,
            },
        }
    }
}

/// The one object in an array.
fn alone_in_array(document: &Json) -> Option<&Json> {
    match document {
        Json::Array(items) => match items.as_slice() {
            [one @ Json::Object(_)] => Some(one),
            _ => None,
        },
        _ => None,
    }
}

/// Of both files; their lengths tell where one ends.
fn digest_of_files(manifest: &str, tables: &str) -> Digest {
    let head = format!("{} {}\n", manifest.len(), tables.len());
    digest_of_bytes(&[head.as_bytes(), manifest.as_bytes(), tables.as_bytes()].concat())
}

fn json(value: &Value) -> Json {
    match value {
        Value::Bool(truth) => Json::Bool(*truth),
        Value::Integer(number) => Json::Number(number.to_string()),
        Value::Decimal(number) => Json::Number(number.to_string()),
        Value::Text(text) => Json::Text(text.clone()),
        Value::Time(time) => Json::Text(time.to_string()),
    }
}

/// The engine of typed tables.
#[derive(Debug)]
struct Tables {
    rules: Vec<Rule>,
    text: String,
}

impl Tables {
    fn load(folder: &Path, manifest: &Manifest, faults: &mut Vec<Fault>) -> Option<Self> {
        let file = folder.join("points.toml");
        let loaded = read(&file).and_then(|text| Ok((parse::<Rules>(&file, &text)?, text)));
        let (rules, text) = match loaded {
            Ok(loaded) => loaded,
            Err(fault) => {
                faults.push(fault);
                return None;
            }
        };
        let frame = Frame {
            tables: &manifest.tables,
            zone: manifest.zone.get_ref(),
            points: manifest.format == Format::Points,
        };
        let mut bad = Complaints::new();
        let rules = rules
            .rule
            .iter()
            .filter_map(|rule| Rule::compile(rule, frame, &mut bad))
            .collect();
        faults.extend(bad.into_iter().map(|(at, code, detail, remedy)| {
            Fault::new(code, detail)
                .at(place(&file, &text, at))
                .remedy(remedy)
        }));
        Some(Self { rules, text })
    }
}

impl MappingEngine for Tables {
    fn may_alarm(&self, topic: Option<&str>) -> bool {
        let mut vital = self.rules.iter().filter(|rule| rule.is_vital());
        vital.any(|rule| topic.is_none_or(|topic| rule.matches(topic)))
    }

    fn map(&self, input: &Input<'_>) -> Result<Understood, Fault> {
        let scope = crate::source::Scope {
            reading: input.reading,
            topic: input.topic,
            rest: None,
            document: input.document,
            item: None,
        };
        let mut out = Understood::default();
        let mut meant = self
            .rules
            .iter()
            .filter(|rule| rule.matches(input.topic))
            .peekable();
        if meant.peek().is_none() {
            let shown: String = input.topic.chars().take(120).collect();
            return Err(Fault::new("M007", format!("no rule for topic `{shown}`"))
                .remedy("add a rule to the package, or subscribe to fewer topics"));
        }
        let mut is_ignored = false;
        for rule in meant {
            is_ignored |= rule.is_ignoring();
            rule.apply(scope, &mut out);
        }
        if !out.said.is_empty() {
            return Ok(out);
        }
        if let Some(first) = out.missed.first() {
            return Err(first.clone());
        }
        // Rules look into documents: of a bare value they would say nothing, and nobody would know.
        let is_bare = input.document.scalar().is_some() || matches!(input.document, Json::Odd(_));
        if !is_ignored && is_bare {
            return Err(
                Fault::new("M008", "a single value where a document is expected").remedy(
                    "let the subscription wrap it with `text_as`, or add a rule that ignores it",
                ),
            );
        }
        Ok(out)
    }
}

/// Reads a file of a package within its limit.
pub fn read(file: &Path) -> Result<String, Fault> {
    let shown = file.display().to_string();
    let size = fs::metadata(file).map(|metadata| metadata.len());
    let missing = |error: std::io::Error| {
        Fault::new("M001", format!("cannot be read: {error}"))
            .at(shown.clone())
            .remedy("a package is a folder vendor/model/version with mapping.toml and points.toml")
    };
    if size.map_err(missing)? > FILE_MAX {
        return Err(Fault::new("M001", "larger than 1 MiB")
            .at(shown)
            .remedy("split the package"));
    }
    fs::read_to_string(file).map_err(missing)
}

/// Reads TOML; a fault names file, line and column.
pub fn parse<T: serde::de::DeserializeOwned>(file: &Path, text: &str) -> Result<T, Fault> {
    toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        Fault::new("M002", error.message().trim().replace('\n', " "))
            .at(place(file, text, at))
            .remedy("see docs/reference/mapping.md for the keys and their types")
    })
}

/// `file:line:column` of a byte offset.
fn place(file: &Path, text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .chars()
        .rev()
        .take_while(|letter| *letter != '\n')
        .count()
        + 1;
    format!("{}:{line}:{column}", file.display())
}
