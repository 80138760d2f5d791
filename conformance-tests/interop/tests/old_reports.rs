//! Reports behind the 500 that a hub lists at once: they can be listed and pulled, and are held to what the hub says.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod report_hub;

use std::process::Output;

use cordon_interop::said;
use cordon_model::{Digest, Granularity, ReportType};
use report_hub::{Given, Room, document};

const DAY_S: i64 = 86_400;
const NEWER: u32 = 600;

/// An honest hub whose report is the oldest of 601 days.
fn of_days(room: &Room) -> Given {
    let park = room.hub.signer.identity().park.clone();
    let mut given = room.hub.honest(document(&park));
    let day = given.listed.clone();
    given.others = (1..=NEWER)
        .map(|number| {
            let mut other = day.clone();
            other.report_id = format!("{}.{number}", day.report_id);
            let later = i64::from(number) * DAY_S;
            other.period.from = day.period.from.plus_seconds(later);
            other.period.to = day.period.to.plus_seconds(later);
            other
        })
        .collect();
    given
}

/// The same whose report is the oldest of 601 versions of a day so far.
fn of_versions(room: &Room) -> Given {
    let park = room.hub.signer.identity().park.clone();
    let mut document = document(&park);
    document.period.granularity = Granularity::OnDemand;
    let mut given = room.hub.honest(document);
    let first = given.listed.clone();
    for number in 1..=NEWER {
        let later = given.beside(first.version + number);
        later.period.to = later.period.to.plus_seconds(i64::from(number));
    }
    given
}

fn pull(room: &Room, given: &Given, version: Option<&str>) -> Output {
    let id = &given.document.report_id;
    let mut words = vec!["report", "--type", "RPT-06", "--id", id];
    words.extend(version.iter().flat_map(|it| ["--version-number", it]));
    room.pull(given.clone(), &words)
}

#[test]
fn a_report_behind_the_list_is_pulled_by_its_id() {
    let room = Room::open();
    for (given, version) in [
        (of_days(&room), None),
        (of_days(&room), Some("3")),
        (of_versions(&room), Some("3")),
    ] {
        let pulled = pull(&room, &given, version);
        let told = said(&pulled);
        assert!(pulled.status.success(), "{version:?}: {told}");
        assert!(told.contains("version 3, entry 41"), "{told}");
        assert!(told.contains("verified"), "{told}");
        std::fs::remove_dir_all(room.out()).unwrap();
    }
    let words = ["report", "--type", "RPT-06", "--version-number", "4"];
    let told = said(&room.pull(of_days(&room), &words));
    assert!(
        told.contains("S012") && told.contains("by its id"),
        "{told}"
    );
}

type Lie = (&'static str, &'static str, fn(&Room, &mut Given));

/// Lies about one that a list of its own time names.
const OF_DAYS: &[Lie] = &[
    ("S080", "it leaves out a report", |_, it| it.unlisted = true),
    ("S080", "asked for is before 2026-03-31", |_, it| {
        it.timeless = true;
    }),
    ("S081", "ReportId is RPT-06.X", |_, it| {
        it.answer.report_id = "RPT-06.X".to_owned();
    }),
    ("S082", "GeneratedAt is", |_, it| {
        it.listed.generated_at = it.listed.generated_at.plus_seconds(1);
    }),
    ("S082", "EntryNumber is 41, listed is 42", |_, it| {
        it.listed.entry_number = 42;
    }),
    ("S033", "listed is", |_, it| {
        it.listed.digest = Digest([7; 32]);
    }),
];

/// Lies about one that no list names, whose signed document is another than was asked for.
const OF_VERSIONS: &[Lie] = &[
    ("S081", "Version is 2, asked for is 3", |_, it| {
        it.answer.version = 2;
    }),
    ("S033", "listed is", |_, it| {
        it.answer.digest = Digest([7; 32]);
    }),
    ("S082", "Version is 2, listed is 3", |room, it| {
        it.document.version = 2;
        it.answer.document = room.hub.honest(it.document.clone()).answer.document;
        it.answer.digest = cordon_wire::digest_of_bytes(&it.answer.document);
    }),
    (
        "S082",
        "ReportType is RPT-07, listed is RPT-06",
        |room, it| {
            it.document.report_type = ReportType::Rpt07;
            it.answer.document = room.hub.honest(it.document.clone()).answer.document;
            it.answer.digest = cordon_wire::digest_of_bytes(&it.answer.document);
        },
    ),
];

#[test]
fn a_report_behind_the_list_is_held_to_what_is_said_of_it() {
    let room = Room::open();
    let (days, versions) = (of_days(&room), of_versions(&room));
    let lies = OF_DAYS.iter().map(|lie| (&days, lie));
    for (honest, (code, words, lie)) in lies.chain(OF_VERSIONS.iter().map(|lie| (&versions, lie))) {
        let mut given = honest.clone();
        lie(&room, &mut given);
        let refused = pull(&room, &given, Some("3"));
        let told = said(&refused);
        assert_eq!(refused.status.code(), Some(1), "{words}: {told}");
        assert!(
            told.contains(code) && told.contains(words),
            "{words}: {told}"
        );
        assert!(!room.out().exists(), "{words}: something was written");
    }
}

/// "Name a type to see them", it said, when one was named.
#[test]
fn what_the_list_has_no_room_for_is_listed_as_it_says() {
    let room = Room::open();
    let given = of_days(&room);
    let mut listed: Vec<String> = Vec::new();
    let mut words = vec!["list".to_owned(), "--type".to_owned(), "RPT-06".to_owned()];
    loop {
        let asked: Vec<&str> = words.iter().map(String::as_str).collect();
        let shown = room.pull(given.clone(), &asked);
        assert!(shown.status.success(), "{}", said(&shown));
        let text = String::from_utf8(shown.stdout).unwrap();
        listed.extend(text.lines().map(str::to_owned));
        let told = String::from_utf8(shown.stderr).unwrap();
        let Some((_, next)) = told.trim().split_once("--to ") else {
            break;
        };
        words.truncate(3);
        words.extend(["--to".to_owned(), next.to_owned()]);
    }
    listed.dedup();
    assert_eq!(listed.len(), NEWER as usize + 1);
    let span = ["--from", "2026-04-02", "--to", "2026-04-04"];
    let shown = room.pull(given, &[&["list"], span.as_slice()].concat());
    let text = String::from_utf8(shown.stdout).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
    // 601 versions begin at once; the list can go on only behind them.
    let begins = document(&room.hub.signer.identity().park).period.from;
    let after = begins.plus_seconds(1).to_string();
    let words = ["list", "--to", &after];
    let told = said(&room.pull(of_versions(&room), &words));
    assert!(
        told.contains("--version-number") && told.contains(&format!("--to {begins}")),
        "{}",
        told.lines().last().unwrap()
    );
    let wrong = room.pull(of_days(&room), &["list", "--from", "yesterday"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", said(&wrong));
}
