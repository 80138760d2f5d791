//! A hub with the park's own key that gives out another report than it lists or was asked for: `cordon pull report`
//! says which field is another, and writes nothing.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

mod report_hub;

use std::path::{Path, PathBuf};
use std::process::Command;

use cordon_interop::{program, run, said};
use cordon_model::service::ReportEntry;
use cordon_model::{Digest, ReportDocument, ReportType};
use report_hub::{Given, Room, document};

type Lie = (&'static str, &'static str, fn(&mut Given));

/// Code, what the refusal names, and how the lie is made. The answer is always to what is listed.
const LIES: &[Lie] = &[
    ("S080", "ReportType is RPT-07, asked for is RPT-06", |it| {
        it.listed.report_type = ReportType::Rpt07;
    }),
    ("S080", "ParkCode is JS-OTHER, asked for is", |it| {
        it.listed.park_code = "JS-OTHER".parse().unwrap();
    }),
    ("S080", "it is named twice", |it| it.twice = true),
    ("S080", "Version is 0, the first is 1", |it| {
        it.listed.version = 0;
    }),
    ("S080", "To is 2", |it| {
        it.listed.period.to = it.listed.period.from.plus_seconds(-1);
    }),
    // A newest version that is moved away or is called a first one is not the newest, and the one before it was given.
    ("S080", "From is", |it| {
        it.beside(4).period.from = it.listed.period.from.plus_seconds(-86_400);
    }),
    ("S080", "To is", |it| {
        it.beside(4).period.to = it.listed.period.to.plus_seconds(86_400);
    }),
    ("S080", "Granularity is", |it| {
        it.beside(4).period.granularity = cordon_model::Granularity::OnDemand;
    }),
    ("S080", "Version is 0, the first is 1", |it| {
        it.beside(0);
    }),
    ("S081", "ReportId is RPT-06.X", |it| {
        it.answer.report_id = "RPT-06.X".to_owned();
    }),
    ("S081", "Version is 4, asked for is 3", |it| {
        it.answer.version = 4;
    }),
    ("S082", "Version is 3, listed is 126", |it| {
        (it.listed.version, it.answer.version) = (126, 126);
    }),
    ("S082", "EntryNumber is 41, listed is 9999999", |it| {
        it.listed.entry_number = 9_999_999;
    }),
    ("S082", "ReportId is RPT-06.", |it| {
        let another = "RPT-06.JS-DEMO.2026-04-02".to_owned();
        it.listed.report_id.clone_from(&another);
        it.answer.report_id = another;
    }),
    ("S082", "From is", |it| {
        it.listed.period.from = it.listed.period.from.plus_seconds(86_400);
    }),
    ("S082", "To is", |it| {
        it.listed.period.to = it.listed.period.to.plus_seconds(86_400);
    }),
    ("S082", "Granularity is DAY, listed is WEEK", |it| {
        it.listed.period.granularity = cordon_model::Granularity::Week;
    }),
    ("S082", "GeneratedAt is", |it| {
        it.listed.generated_at = it.listed.generated_at.plus_seconds(1);
    }),
    ("S082", "Size is", |it| it.listed.size += 1),
    ("S033", "listed is", |it| it.listed.digest = Digest([7; 32])),
    ("S033", "listed is", |it| it.answer.digest = Digest([7; 32])),
];

/// What a lie changes of a document.
type Change = fn(&mut ReportDocument);

/// As [`LIES`]: it is the signed document that is another.
const SIGNED: &[(&str, Change)] = &[
    ("ReportType is RPT-07, listed is RPT-06", |it| {
        it.report_type = ReportType::Rpt07;
    }),
    ("ParkCode is JS-OTHER, listed is", |it| {
        it.park_code = "JS-OTHER".parse().unwrap();
    }),
    ("Version is 2, listed is 3", |it| it.version = 2),
    ("EntryNumber is 40, listed is 41", |it| {
        it.journal_position.entry_number = 40;
    }),
    ("ReportId is RPT-06.X, listed is", |it| {
        it.report_id = "RPT-06.X".to_owned();
    }),
];

#[test]
fn a_report_that_is_another_than_it_is_given_as_is_refused_and_not_written() {
    let room = Room::open();
    let park = room.hub.signer.identity().park.clone();
    let honest = room.hub.honest(document(&park));
    let mut given: Vec<(&str, &str, Given)> = Vec::new();
    for (code, words, lie) in LIES {
        let mut given_as = honest.clone();
        lie(&mut given_as);
        given.push((code, words, given_as));
    }
    for (words, lie) in SIGNED {
        let mut document = honest.document.clone();
        lie(&mut document);
        let mut given_as = room.hub.honest(document);
        let (digest, size) = (given_as.listed.digest, given_as.listed.size);
        given_as.listed = ReportEntry {
            digest,
            size,
            ..honest.listed.clone()
        };
        given_as
            .answer
            .report_id
            .clone_from(&honest.listed.report_id);
        given_as.answer.version = honest.listed.version;
        given.push(("S082", words, given_as));
    }
    for (code, words, given) in given {
        let refused = room.pull(given, &["report", "--type", "RPT-06"]);
        let told = said(&refused);
        assert_eq!(refused.status.code(), Some(1), "{words}: {told}");
        assert!(
            told.contains(code) && told.contains(words),
            "{words}: {told}"
        );
        assert!(!told.contains("verified"), "{told}");
        assert!(!room.out().exists(), "{words}: something was written");
    }
    let pulled = room.pull(honest, &["report", "--type", "RPT-06"]);
    let told = said(&pulled);
    assert!(
        told.contains("version 3, entry 41") && told.contains("verified"),
        "{told}"
    );
}

#[test]
fn a_list_of_another_type_or_park_is_not_shown() {
    let room = Room::open();
    let park = room.hub.signer.identity().park.clone();
    let honest = room.hub.honest(document(&park));
    let shown = room.pull(honest.clone(), &["list", "--type", "RPT-06"]);
    assert!(said(&shown).contains("v3"), "{}", said(&shown));
    let refused = room.pull(honest.clone(), &["list", "--type", "RPT-07"]);
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(said(&refused).contains("S080"), "{}", said(&refused));
    let mut other = honest;
    other.listed.park_code = "JS-OTHER".parse().unwrap();
    let refused = room.pull(other, &["list"]);
    assert!(said(&refused).contains("S080"), "{}", said(&refused));
}

/// The proof of the lie was what the second pull wrote over.
#[test]
fn a_pulled_report_is_never_written_over_and_other_bytes_are_kept_as_proof() {
    let room = Room::open();
    let park = room.hub.signer.identity().park.clone();
    let first = room.hub.honest(document(&park));
    let words = ["report", "--type", "RPT-06"];
    let pulled = room.pull(first.clone(), &words);
    assert!(pulled.status.success(), "{}", said(&pulled));
    assert!(!said(&pulled).contains("already"), "{}", said(&pulled));
    let again = room.pull(first.clone(), &words);
    assert!(again.status.success(), "{}", said(&again));
    assert!(said(&again).contains("already, the same bytes"));
    let mut changed = first.document.clone();
    changed.generated_at = changed.generated_at.plus_seconds(1);
    let other = room.hub.honest(changed);
    let mut kept = String::new();
    // Told each time, and kept once.
    for _ in 0..2 {
        let refused = room.pull(other.clone(), &words);
        let told = said(&refused);
        assert_eq!(refused.status.code(), Some(1), "{told}");
        assert!(
            told.contains("S085") && !told.contains("verified"),
            "{told}"
        );
        let named = told.split("is kept in ").nth(1).unwrap();
        named.split(' ').next().unwrap().clone_into(&mut kept);
    }
    assert_eq!(std::fs::read(&kept).unwrap(), other.answer.document);
    let files: Vec<PathBuf> = std::fs::read_dir(room.out())
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    assert_eq!(files.len(), 2, "{files:?}");
    let own = files.iter().find(|file| **file != Path::new(&kept));
    assert_eq!(std::fs::read(own.unwrap()).unwrap(), first.answer.document);
    // Both are the hub's: the proof is one without it.
    for file in &files {
        let mut verify = Command::new(program());
        verify.args(["cert", "verify", "--trust"]);
        let trust = room.folder.path().join("certs/ca");
        run(verify.arg(trust).arg(file));
    }
}
