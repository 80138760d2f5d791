//! Mapping packages, and what they make of a payload.

use std::path::Path;
use std::sync::LazyLock;

use bytes::Bytes;
use cordon_contract::{Payload, Point, Reading, Value};
use cordon_mapping::{Format, Json, Mappings, Package, TopicFilter};

static SHIPPED: LazyLock<Mappings> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../mappings");
    Mappings::load(&folder).expect("the shipped packages")
});

/// A package: `mapping.toml`, a line `---`, `points.toml`.
pub(crate) fn package(bytes: &[u8]) {
    static FOLDER: LazyLock<tempfile::TempDir> =
        LazyLock::new(|| tempfile::tempdir().expect("a folder"));
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (manifest, points) = text.split_once("\n---\n").unwrap_or((text, ""));
    std::fs::write(FOLDER.path().join("mapping.toml"), manifest).expect("a file");
    std::fs::write(FOLDER.path().join("points.toml"), points).expect("a file");
    match Package::load(FOLDER.path(), "a/b/1") {
        Ok(package) => {
            let reading = reading(&package, "s/1", &Bytes::from_static(b"{\"a\":1}"));
            let _ = package.map(&reading);
        }
        Err(faults) => faults.iter().for_each(crate::refused),
    }
    if let Ok(filter) = TopicFilter::parse(manifest) {
        assert!(!filter.matches("") || filter.segments_min() <= 1);
        let _ = filter.rest(points);
    }
}

/// A payload for one of the shipped packages: its number, a line with the topic, the document.
pub(crate) fn payload(bytes: &[u8]) {
    let Some((which, rest)) = bytes.split_first() else {
        return;
    };
    let (topic, document) = crate::line(rest);
    let document = Bytes::copy_from_slice(document);
    if let Ok(json) = Json::parse(&document) {
        let _ = (json.pointer(&topic), json.scalar(), json.kind());
    }
    let packages: Vec<&Package> = SHIPPED.packages().collect();
    let package = packages[usize::from(*which) % packages.len()];
    let reading = reading(package, &topic, &document);
    match SHIPPED.map_timed(&reading) {
        Ok(understood) => understood.missed.iter().for_each(crate::refused),
        Err(fault) => crate::refused(&fault),
    }
}

fn reading(package: &Package, topic: &str, document: &Bytes) -> Reading {
    let (mapping, topic) = (package.id.clone(), topic.to_owned());
    let payload = match package.format {
        Format::Json => Payload::Json {
            mapping,
            topic,
            document: document.clone(),
        },
        Format::Points => Payload::Points {
            mapping,
            topic,
            points: points(document),
        },
    };
    Reading {
        device: "S-1".parse().expect("a lawful id"),
        message_id: None,
        observed_at: None,
        received_at: crate::now(),
        source_ref: Some("r-1".to_owned()),
        initial: false,
        test: false,
        payload,
        raw: document.clone(),
    }
}

/// Lines `NAME=VALUE`.
fn points(text: &[u8]) -> Vec<Point> {
    let text = String::from_utf8_lossy(text);
    let points = text
        .lines()
        .take(200)
        .filter_map(|line| line.split_once('='));
    let points = points.map(|(name, value)| Point {
        name: name.to_owned(),
        value: match value.parse::<i64>() {
            Ok(number) => Value::Integer(number),
            Err(_) => Value::Text(value.to_owned()),
        },
    });
    points.collect()
}
