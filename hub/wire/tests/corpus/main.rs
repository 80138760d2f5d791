//! The committed examples, read by the generated readers and by an independent schema validator.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod any;
mod edits;
mod oracle;

use any::Any;
use cordon_schemas::files;
use cordon_wire::{digest_of_bytes, message_digest};
use cordon_xml::{Document, Limits, canonical_exclusive};
use oracle::Oracle;

fn examples(folder: &str) -> Vec<(&'static str, &'static str)> {
    let found: Vec<_> = files(folder)
        .filter(|(path, _)| path.ends_with(".xml"))
        .collect();
    assert!(!found.is_empty(), "no examples in {folder}");
    found
}

#[test]
fn every_message_has_a_valid_example() {
    let mut seen = std::collections::BTreeSet::new();
    for (path, text) in examples("examples/valid/") {
        if let Any::Message(message) =
            any::read(text).unwrap_or_else(|fault| panic!("{path}: {fault}"))
        {
            seen.insert(message.header.message_type);
        }
    }
    let missing: Vec<_> = cordon_model::MessageType::ALL
        .iter()
        .filter(|kind| !seen.contains(kind))
        .collect();
    assert!(missing.is_empty(), "no example of {missing:?}");
}

#[test]
fn valid_examples_are_valid_to_both() {
    let oracle = Oracle::load();
    for (path, text) in examples("examples/valid/") {
        assert_eq!(oracle.faults(text), Vec::<String>::new(), "{path}");
        any::read(text).unwrap_or_else(|fault| panic!("{path}: {fault}"));
    }
}

#[test]
fn invalid_examples_are_invalid_to_both() {
    let oracle = Oracle::load();
    let mut wrong = Vec::new();
    for (path, text) in examples("examples/invalid/") {
        if oracle.faults(text).is_empty() {
            wrong.push(format!("{path}: the validator accepts it"));
        }
        wrong.extend(unexpected(path, text));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What XML Schema lets through and the hub refuses nevertheless.
#[test]
fn refused_examples_are_lawful_to_the_validator_alone() {
    let oracle = Oracle::load();
    let mut wrong = Vec::new();
    for (path, text) in examples("examples/refused/") {
        if !oracle.faults(text).is_empty() {
            wrong.push(format!(
                "{path}: the validator refuses it: {:?}",
                oracle.faults(text)
            ));
        }
        wrong.extend(unexpected(path, text));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Compares code and place with the file beside the example; `*` stands for any place.
fn unexpected(path: &str, text: &str) -> Option<String> {
    let expected = cordon_schemas::file(&path.replace(".xml", ".expected"))
        .unwrap()
        .trim();
    match any::read(text) {
        Ok(_) => Some(format!("{path}: the reader accepts it")),
        Err(fault) => {
            assert!(
                !fault.remedy.is_empty() && !fault.detail.is_empty(),
                "{path}: {fault:?}"
            );
            let (code, place) = expected.split_once(' ').unwrap();
            let same = fault.code == code && (place == "*" || fault.place == place);
            (!same).then(|| {
                format!(
                    "{path}: {} {} ({}), not {expected}",
                    fault.code, fault.place, fault.detail
                )
            })
        }
    }
}

#[test]
fn what_is_written_is_what_was_read() {
    for (path, text) in examples("examples/valid/") {
        let first = any::read(text).unwrap();
        let bytes = first
            .write()
            .unwrap_or_else(|fault| panic!("{path}: {fault}"));
        let document = Document::parse(bytes.clone(), &Limits::default()).unwrap();
        let second = any::read(std::str::from_utf8(&bytes).unwrap()).unwrap();
        assert_eq!(first, second, "{path}");
        assert_eq!(bytes, second.write().unwrap(), "{path}");
        assert_eq!(
            message_digest(document.root()),
            digest_of_bytes(&bytes),
            "{path} is not in canonical form"
        );
    }
}

/// Messages keep their content through JSON (for people) and postcard (for the state store).
#[test]
fn messages_survive_other_encodings() {
    let mut seen = 0;
    for (path, text) in examples("examples/valid/") {
        let Any::Message(message) = any::read(text).unwrap() else {
            continue;
        };
        let json = serde_json::to_string(&message).unwrap();
        let dense = postcard::to_stdvec(&message).unwrap();
        let from_json: cordon_model::Message = serde_json::from_str(&json).unwrap();
        let from_dense: cordon_model::Message = postcard::from_bytes(&dense).unwrap();
        // Compared as bytes, because equality of times overlooks their offset.
        for back in [from_json, from_dense] {
            assert_eq!(
                cordon_wire::write_message(&back).unwrap(),
                cordon_wire::write_message(&message).unwrap(),
                "{path}"
            );
        }
        seen += 1;
    }
    assert!(seen >= 22, "only {seen} messages");
}

/// A value that broke a facet after it was read is refused by the writer, with the place.
#[test]
fn writers_refuse_what_readers_would() {
    use cordon_model::{Body, Decimal, Timestamp};

    let text = cordon_schemas::file("examples/valid/plate-capture.xml").unwrap();
    let lawful = cordon_wire::parse_message(text.as_bytes()).unwrap();
    let place = "/c:Message/c:Body/c:PlateCapture/c:";
    type Spoil = fn(&mut cordon_model::PlateCapture);
    let cases: [(&str, &str, Spoil); 6] = [
        ("X112", "Confidence", |capture| {
            capture.confidence = Some(Decimal::new(101, 2))
        }),
        ("X110", "Confidence", |capture| {
            capture.confidence = Some(Decimal::new(1, 9))
        }),
        ("X110", "EtagEpc", |capture| {
            capture.etag_epc = Some("xyz".to_owned())
        }),
        ("X111", "PlateText", |capture| {
            capture.plate_text = Some(String::new())
        }),
        ("X116", "PlateText", |capture| {
            capture.plate_text = Some("a\u{1}".to_owned())
        }),
        ("X110", "CapturedAt", |capture| {
            capture.captured_at = Timestamp::from_micros(i64::MAX)
        }),
    ];
    for (code, element, spoil) in cases {
        let mut message = lawful.clone();
        let Body::PlateCapture(capture) = &mut message.body else {
            panic!("the example is no plate capture");
        };
        spoil(capture);
        let fault = cordon_wire::write_message(&message).unwrap_err();
        assert_eq!(
            (fault.code, fault.place),
            (code, format!("{place}{element}"))
        );
    }
    let mut message = lawful;
    message.header.message_type = cordon_model::MessageType::AuditEvent;
    assert_eq!(
        cordon_wire::write_message(&message).unwrap_err().code,
        "X115"
    );
}

/// Where the example is in canonical lexical form but for the line breaks between elements, the
/// writer gives the very bytes that canonicalising the example gives.
#[test]
fn what_is_written_equals_the_canonical_form_of_the_source() {
    let mut compared = 0;
    for (path, text) in examples("examples/valid/") {
        if path.contains("/form-") {
            continue;
        }
        let mut dense = String::new();
        for piece in text.split('>') {
            let blank = piece.trim_start();
            dense.push_str(if blank.starts_with('<') || blank.is_empty() {
                blank
            } else {
                piece
            });
            dense.push('>');
        }
        dense.pop();
        let document = Document::parse(dense, &Limits::default()).unwrap();
        let mut canonical = Vec::new();
        canonical_exclusive(document.root(), &[], None, &mut canonical);
        let written = any::read(text).unwrap().write().unwrap();
        assert_eq!(
            String::from_utf8(written).unwrap(),
            String::from_utf8(canonical).unwrap(),
            "{path}"
        );
        compared += 1;
    }
    assert!(compared > 40, "only {compared} compared");
}

/// Both give one verdict on thousands of edited examples.
#[test]
fn one_verdict_on_edited_examples() {
    let oracle = Oracle::load();
    let mut wrong = Vec::new();
    let mut counts = [0, 0];
    for (path, text) in examples("examples/valid/") {
        for edited in edits::of(text) {
            let ours = any::read(&edited.text);
            let theirs = oracle.faults(&edited.text);
            let lawful = match &ours {
                // The rule that the schema cannot say.
                Err(fault) => fault.code == "X115",
                Ok(_) => true,
            };
            counts[usize::from(lawful)] += 1;
            if lawful != theirs.is_empty() {
                let ours = ours.map(|_| "lawful").map_err(|fault| fault.to_string());
                wrong.push(format!(
                    "{path}: {}: {ours:?}, validator {theirs:?}",
                    edited.what
                ));
            }
        }
    }
    wrong.truncate(40);
    wrong
        .iter_mut()
        .for_each(|line| *line = line.chars().take(400).collect());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(counts[0] > 1_000 && counts[1] > 100, "{counts:?}");
}
