//! A journal of a program that did not ask the table of authority: stepped again, its entries are judged
//! as the door judges today.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use cordon_contract::{Decisions, Entry, EntryKind, Plugin, Reading, Standing};
use cordon_flow::{
    Authority, AuthoritySettings, Confirm, EntryReader, StoredEntry, UNLAWFUL_PAST, replay_told,
};
use cordon_journal::NewRecord;
use cordon_model::plan::{Enterprise, ParkPlan};
use cordon_model::{AlarmCode, AlarmLevel, Body, MessageId, SubjectKind};
use cordon_security::Role;

use crate::marks::rewrite;
use crate::park::{Park, hub_id, morning, plan, reading};
use crate::partner::Ca;
use crate::said::{party, registration, warned, white};

/// Who says what of vehicles, and on whose word.
#[derive(Default)]
struct Seen(Arc<Mutex<Vec<(String, Standing)>>>);

impl Plugin for Seen {
    fn name(&self) -> &'static str {
        "seen"
    }

    fn step(&mut self, entry: &Entry, _: &mut Decisions) {
        let body = entry.message.as_deref().map(|it| &it.body);
        if let (EntryKind::Message, Some(Body::VehicleRegistration(_) | Body::ListEntry(_))) =
            (entry.kind, body)
        {
            let line = (entry.sender.to_string(), entry.standing);
            self.0.lock().unwrap().push(line);
        }
    }
}

fn authority(plan: ParkPlan, confirm: Confirm) -> Arc<Authority> {
    let settings = AuthoritySettings {
        confirm,
        ..AuthoritySettings::default()
    };
    Arc::new(Authority::new(Arc::new(plan), hub_id(), settings).unwrap())
}

/// As a program without the table wrote it: no word of it at the start, no standing with a message.
fn unjudged(record: NewRecord) -> NewRecord {
    let text = String::from_utf8_lossy(&record.body).into_owned();
    match (EntryKind::from_number(record.kind), record.label.as_str()) {
        (Some(EntryKind::Audit), "hub.start") => {
            let word = "<c:Detail>authority/1</c:Detail>";
            assert!(text.contains(word), "{text}");
            NewRecord {
                body: Bytes::from(text.replace(word, "")),
                ..record
            }
        }
        (Some(EntryKind::Message), _) => NewRecord {
            flags: record.flags & 0b111_1111,
            ..record
        },
        _ => record,
    }
}

/// The level of an alarm about marked entries.
fn about_the_past(stored: &StoredEntry) -> Option<AlarmLevel> {
    match &stored.entry.message.as_deref()?.body {
        Body::AlarmEvent(alarm) if alarm.alarm_code == AlarmCode::SchemaInvalid => {
            Some(alarm.alarm_level)
        }
        _ => None,
    }
}

/// The white list entry of a certificate that no plan knows, and a rival's word on a tanker.
#[tokio::test(flavor = "multi_thread")]
async fn what_its_sender_might_not_say_is_passed_over_when_the_past_is_stepped_again() {
    let mut park = Park::new();
    let mut wide = plan();
    wide.enterprises.push(Enterprise {
        id: party("ENT-9"),
        name: "nine".into(),
        uscc: "91320700MA0000001A".into(),
    });
    park.config.authority = authority(wide, Confirm::FirstClaim);
    let mut ca = Ca::new(park.dir.path());
    let one = ca.partner("ENT-1", Role::Enterprise);
    let two = ca.partner("ENT-2", Role::Enterprise);
    let nine = ca.partner("ENT-9", Role::Enterprise);
    let hub = park.start_with(vec![Box::new(Seen::default())]).await;
    let car = |who| registration("苏A12345", who, SubjectKind::VehCommuter);
    let said = vec![car("ENT-9"), white("苏A12345")];
    assert_eq!(warned(&hub, &nine, said).await, ["", "F037"]);
    let said = vec![
        registration("苏B20001", "ENT-1", SubjectKind::VehCommuter),
        registration("苏B20002", "ENT-1", SubjectKind::VehHazmat),
    ];
    assert_eq!(warned(&hub, &one, said).await, ["", "F037"]);
    hub.shutdown().await.unwrap();
    rewrite(&park, |_, record| unjudged(record));

    // The plan knows no ENT-9, and the park confirms every registration.
    park.config.authority = authority(plan(), Confirm::Park);
    let seen = Seen::default();
    let words = Arc::clone(&seen.0);
    let hub = park.start_with(vec![Box::new(seen)]).await;
    let own = ("ENT-1".to_owned(), Standing::Proposal);
    assert_eq!(*words.lock().unwrap(), [own.clone(), own]);
    let marked = hub.health().marked;
    assert_eq!((marked.unlawful, marked.unreadable), (2, 0));
    // What is passed over holds nothing: the vehicle is free.
    assert_eq!(warned(&hub, &two, vec![car("ENT-2")]).await, ["F037"]);
    let (number, hash) = hub.shutdown_at().await.unwrap().unwrap();
    let alarms: Vec<AlarmLevel> = park.entries().iter().filter_map(about_the_past).collect();
    assert_eq!(alarms, [AlarmLevel::Orange]);

    let reader = EntryReader::open(park.journal_dir()).unwrap();
    let plugins: Vec<Box<dyn Plugin>> = vec![Box::new(Seen::default())];
    let judge = authority(plan(), Confirm::Park);
    let report = replay_told(&reader, plugins, Some(&judge), None, |_| {}).unwrap();
    assert_eq!((report.number, report.state_hash), (number, hash));
    assert_eq!(report.first_difference, None, "decided then, not now");
    let codes: Vec<_> = report.marked.iter().map(|mark| mark.code).collect();
    assert_eq!(codes, [UNLAWFUL_PAST; 2]);

    // What was judged stays as it was, whoever leaves the plan later.
    std::fs::remove_file(park.dir.path().join("state.redb")).unwrap();
    let mut narrow = plan();
    narrow.enterprises.retain(|it| it.id != party("ENT-2"));
    park.config.authority = authority(narrow, Confirm::Park);
    let hub = park.start_with(vec![Box::new(Seen::default())]).await;
    assert_eq!(hub.health().marked.unlawful, 2);
    hub.shutdown().await.unwrap();
}

/// What a broker keeps and gives again at each connection, with an id and no time, was refused with F005
/// after the first start of this program, and alarmed as REPLAY.
#[tokio::test(flavor = "multi_thread")]
async fn a_reading_that_an_older_program_took_is_recognised_with_and_without_a_time_of_its_own() {
    let park = Park::new();
    let told = |observed: bool, reason: &str, received_s: i64| Reading {
        observed_at: observed.then(morning),
        received_at: morning().plus_seconds(received_s),
        ..reading(
            "CAM-1",
            reason,
            Some(MessageId::from_bytes([observed as u8; 16])),
        )
    };
    let hub = park.start().await;
    let mut first = Vec::new();
    for observed in [false, true] {
        let taken = park
            .intake()
            .offer(told(observed, "rain", 3))
            .await
            .unwrap();
        assert!(!taken.duplicate);
        first.push(taken.number);
    }
    hub.shutdown().await.unwrap();
    // Of its flags that program knew the lower ones.
    rewrite(&park, |_, record| unjudged(record));

    for start in ["rebuilt", "from the state"] {
        let hub = park.start().await;
        for (observed, first) in [false, true].into_iter().zip(&first) {
            let again = park
                .intake()
                .offer(told(observed, "rain", 90))
                .await
                .unwrap();
            assert_eq!((again.number, again.duplicate), (*first, true), "{start}");
            // Another content under the id is still none of it.
            let other = park.intake().offer(told(observed, "snow", 90)).await;
            assert!(other.is_err(), "{start}");
        }
        hub.shutdown().await.unwrap();
    }
}
