//! Golden cases: an input beside what must come of it, so that every table proves itself.
//!
//! A case is a folder `tests/NAME` with `input.toml` (topic, device, times, points), for JSON
//! packages `input.json` (the document), and `expected.xml`; or `fault = "M011"` in `input.toml`
//! instead of the XML when the input must be refused. What may be left out is listed by code:
//! `missed = ["M010"]`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use cordon_contract::{Fault, Payload, Point, Reading, Value};
use cordon_model::Timestamp;
use serde::Deserialize;

use crate::mappings::Mappings;
use crate::package::{Package, parse, read};
use crate::rule::Understood;
use crate::shown;
use crate::text::Format;

/// `input.toml` of a case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    topic: String,
    device: String,
    received_at: String,
    observed_at: Option<String>,
    source_ref: Option<String>,
    message_id: Option<String>,
    #[serde(default)]
    initial: bool,
    fault: Option<String>,
    /// Codes of what is left out, in order.
    #[serde(default)]
    missed: Vec<String>,
    #[serde(default)]
    points: BTreeMap<String, toml::Value>,
}

/// What came of one case.
#[derive(Debug)]
pub struct CaseResult {
    /// The package.
    pub package: String,
    /// The case's folder.
    pub folder: PathBuf,
    /// The fault when it did not come out as expected.
    pub fault: Option<Fault>,
}

/// Loads every package below `folder` and runs all golden cases. Every package must have at least
/// one, so that no table is in use that was never tried.
pub fn check(folder: &Path) -> Result<(Mappings, Vec<CaseResult>), Vec<Fault>> {
    let mappings = Mappings::load(folder)?;
    let results = test(&mappings);
    let mut faults: Vec<Fault> = results
        .iter()
        .filter_map(|result| result.fault.clone())
        .collect();
    for package in mappings.packages() {
        if !results.iter().any(|result| result.package == package.id) {
            faults.push(
                Fault::new("M005", "the package has no golden case")
                    .at(package.folder.join("tests").display().to_string())
                    .remedy("add tests/NAME with input.toml and expected.xml"),
            );
        }
    }
    if faults.is_empty() {
        Ok((mappings, results))
    } else {
        Err(faults)
    }
}

/// Runs all golden cases of the loaded packages.
pub fn test(mappings: &Mappings) -> Vec<CaseResult> {
    let mut results = Vec::new();
    for package in mappings.packages() {
        for folder in cases(package) {
            let fault = run(package, &folder).err();
            results.push(CaseResult {
                package: package.id.clone(),
                folder,
                fault,
            });
        }
    }
    results
}

/// Writes `expected.xml` of every case of a package from what the package makes today. For
/// authors, who must then read it.
pub fn bless(package: &Package) -> Result<usize, Fault> {
    let mut written = 0;
    for folder in cases(package) {
        let (case, reading) = input(package, &folder)?;
        if case.fault.is_some() {
            continue;
        }
        let text = shown::mapped(&package.map(&reading)?.said)?;
        fs::write(folder.join("expected.xml"), text).map_err(|error| {
            Fault::new("M001", format!("cannot be written: {error}"))
                .at(folder.display().to_string())
        })?;
        written += 1;
    }
    Ok(written)
}

fn cases(package: &Package) -> Vec<PathBuf> {
    let entries = fs::read_dir(package.folder.join("tests"))
        .into_iter()
        .flatten()
        .flatten();
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

fn run(package: &Package, folder: &Path) -> Result<(), Fault> {
    let (case, reading) = input(package, folder)?;
    let place = folder.display().to_string();
    match (package.map(&reading), case.fault) {
        (Err(fault), Some(code)) if fault.code() == code => Ok(()),
        (Err(fault), _) => Err(Fault::new("M005", format!("the case was refused: {fault}"))
            .at(place)
            .remedy("correct the tables, or say fault = \"CODE\" in input.toml")),
        (Ok(_), Some(code)) => Err(Fault::new(
            "M005",
            format!("should be refused with {code}, but maps"),
        )
        .at(place)
        .remedy("correct the tables or the case")),
        (Ok(got), None) if codes(&got.missed) != case.missed => {
            let detail = format!("leaves out {:?}, not {:?}", codes(&got.missed), case.missed);
            Err(Fault::new("M005", detail)
                .at(place)
                .remedy("correct the tables, or `missed` in input.toml"))
        }
        (Ok(Understood { said: mapped, .. }), None) => {
            let file = folder.join("expected.xml");
            let got = shown::mapped(&mapped)?;
            let expected = read(&file)?;
            let difference = shown::difference(&expected, &got);
            difference.map_or(Ok(()), |(line, text)| {
                Err(Fault::new("M005", format!("comes out differently: {text}"))
                    .at(format!("{}:{line}", file.display()))
                    .remedy("correct the tables, or the expected file"))
            })
        }
    }
}

fn codes(faults: &[Fault]) -> Vec<&'static str> {
    faults.iter().map(Fault::code).collect()
}

fn input(package: &Package, folder: &Path) -> Result<(Case, Reading), Fault> {
    let file = folder.join("input.toml");
    let case: Case = parse(&file, &read(&file)?)?;
    let broken = |what: &str| {
        Fault::new("M005", format!("`{what}` of the case cannot be read"))
            .at(file.display().to_string())
            .remedy("see docs/reference/mapping.md, golden cases")
    };
    let time = |text: &str| {
        text.parse::<Timestamp>()
            .map_err(|_| broken("received_at or observed_at"))
    };
    let payload = match package.format {
        Format::Json => Payload::Json {
            mapping: package.id.clone(),
            topic: case.topic.clone(),
            document: Bytes::from(read(&folder.join("input.json"))?),
        },
        Format::Points => Payload::Points {
            mapping: package.id.clone(),
            topic: case.topic.clone(),
            points: points(&case.points).ok_or_else(|| broken("points"))?,
        },
    };
    let message_id = case.message_id.as_deref().map(str::parse).transpose();
    let reading = Reading {
        device: case.device.parse().map_err(|_| broken("device"))?,
        message_id: message_id.map_err(|_| broken("message_id"))?,
        observed_at: case.observed_at.as_deref().map(time).transpose()?,
        received_at: time(&case.received_at)?,
        source_ref: case.source_ref.clone(),
        initial: case.initial,
        test: false,
        payload,
        raw: Bytes::new(),
    };
    Ok((case, reading))
}

/// Points of a case. Numbers with a fraction are written as text, so that no digit changes.
fn points(written: &BTreeMap<String, toml::Value>) -> Option<Vec<Point>> {
    let value = |value: &toml::Value| match value {
        toml::Value::Boolean(truth) => Some(Value::Bool(*truth)),
        toml::Value::Integer(number) => Some(Value::Integer(*number)),
        toml::Value::String(text) => Some(Value::Text(text.clone())),
        toml::Value::Datetime(time) => time.to_string().parse().ok().map(Value::Time),
        _ => None,
    };
    written
        .iter()
        .map(|(name, written)| {
            Some(Point {
                name: name.clone(),
                value: value(written)?,
            })
        })
        .collect()
}
