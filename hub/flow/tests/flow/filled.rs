//! What comes together may lead to more than the journal takes at once: some of it is taken, and the rest later.

use std::sync::Arc;

use bytes::Bytes;
use cordon_contract::{Decisions, Entry, EntryKind, Payload, Plugin, Reading, Rows};
use cordon_flow::RunningHub;
use cordon_journal::{Journal, Options};
use cordon_mapping::Mappings;
use cordon_model::{
    AlarmEvent, AuditEvent, AuditOutcome, Body, EvidenceKind, EvidenceReference, MessageId,
};
use cordon_security::Role;

use crate::park::{Park, Porter, hub_id, morning, reading, small};
use crate::partner::{Ca, Partner, message, submission};
use crate::said::alarm;

/// Says so many things of each alarm and of each status, in so many bytes each.
struct Chatty(usize, usize);

/// A thousand short ones.
const THOUSAND: Chatty = Chatty(1_000, 0);

impl Plugin for Chatty {
    fn name(&self) -> &'static str {
        "chatty"
    }

    fn step(&mut self, entry: &Entry, decisions: &mut Decisions) {
        let body = entry.message.as_deref().map(|message| &message.body);
        let is_said = matches!(body, Some(Body::AlarmEvent(_) | Body::DeviceStatus(_)));
        if entry.kind != EntryKind::Message || !is_said {
            return;
        }
        for _ in 0..self.0 {
            let word = AuditEvent {
                action: "chatty.said".to_owned(),
                actor_id: hub_id(),
                target: None,
                outcome: AuditOutcome::Success,
                detail: Some("x".repeat(self.1)).filter(|words| !words.is_empty()),
                at: entry.time,
            };
            decisions.emit(Body::AuditEvent(word), None);
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Rows> {
        Vec::new()
    }
}

/// A hub whose journal takes as much at once as a park's does.
async fn start(park: &Park, plugins: Vec<Box<dyn Plugin>>) -> RunningHub {
    let options = Options {
        segment_bytes: 64 << 20,
        batch_bytes_max: 16 << 20,
        batch_records_max: 16_384,
        ..small()
    };
    let journal = Journal::open(park.journal_dir(), options).unwrap();
    park.start_on(journal, plugins).await.unwrap()
}

/// Signed bytes of a submission of so many alarms.
fn alarms(partner: &Partner, many: usize, of: impl Fn(AlarmEvent) -> AlarmEvent) -> Vec<u8> {
    let messages = (0..many).map(|number| {
        let event = of(alarm(&format!("X-{number}"), Some("ENT-2")));
        message(&partner.id, Body::AlarmEvent(event), morning())
    });
    let body = submission(&messages.collect::<Vec<_>>());
    partner.signed("", &body)
}

/// Sends the same until all is taken; how many were taken each time. What is not taken comes again.
async fn taken(hub: &RunningHub, partner: &Partner, bytes: &[u8]) -> Vec<usize> {
    let mut taken = Vec::new();
    loop {
        let verified = partner.verified(bytes.to_vec());
        let answers = hub.submit().submit(verified).await.unwrap();
        let refused = answers.iter().filter_map(|answer| answer.as_ref().err());
        for refused in refused {
            assert_eq!((refused.fault.code(), refused.number), ("F097", None));
        }
        let new = answers.iter().filter_map(|answer| answer.as_ref().ok());
        let new = new.filter(|receipt| !receipt.duplicate).count();
        assert!(new > 0, "it goes on: {taken:?}");
        taken.push(new);
        if answers.iter().all(Result::is_ok) {
            return taken;
        }
    }
}

/// One lawful submission led to more entries than one batch may have, and the hub took its disk for broken.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_submission_leads_to_is_recorded_in_parts() {
    let park = Park::new();
    let two = Ca::new(park.dir.path()).partner("ENT-2", Role::Enterprise);
    let hub = start(&park, vec![Box::new(THOUSAND)]).await;
    let bytes = alarms(&two, 30, |event| event);
    assert_eq!(taken(&hub, &two, &bytes).await, [5, 5, 5, 5, 5, 5]);
    hub.shutdown().await.unwrap();
    let stored = park.entries();
    let of = |label: &str| stored.iter().filter(|one| one.entry.label == label).count();
    assert_eq!(of("chatty.said"), 30_000);
    let alarms = stored.iter().filter_map(|one| one.entry.message.as_deref());
    let alarms = alarms.filter(|message| matches!(message.body, Body::AlarmEvent(_)));
    assert_eq!(alarms.count(), 30);
}

/// The same by their bytes, and by those of what they lead to.
#[tokio::test(flavor = "multi_thread")]
async fn large_alarms_are_recorded_in_parts() {
    let park = Park::new();
    let two = Ca::new(park.dir.path()).partner("ENT-2", Role::Enterprise);
    let hub = start(&park, vec![Box::new(Chatty(10, 1_800))]).await;
    let bytes = alarms(&two, 465, |event| AlarmEvent {
        description: "火".repeat(2_000),
        evidence: (0..20)
            .map(|number| EvidenceReference {
                uri: format!("https://cam.example/{number}/{}", "x".repeat(470)),
                kind: EvidenceKind::Image,
                digest: None,
                from: None,
                to: None,
            })
            .collect(),
        ..event
    });
    assert!(bytes.len() > 6 << 20, "{}", bytes.len());
    let parts = taken(&hub, &two, &bytes).await;
    assert!(parts.len() > 1, "{parts:?}");
    assert_eq!(parts.iter().sum::<usize>(), 465);
    hub.shutdown().await.unwrap();
}

/// What a device says is never told to come later: its adapter offers it again.
#[tokio::test(flavor = "multi_thread")]
async fn readings_beside_it_are_all_taken() {
    let park = Park::new();
    let hub = start(&park, vec![Box::new(THOUSAND)]).await;
    let offers = (0..30_u8).map(|number| {
        let intake = park.intake();
        let id = MessageId::from_bytes([number + 1; 16]);
        tokio::spawn(async move {
            intake
                .offer(reading("CAM-01", &format!("{number}"), Some(id)))
                .await
        })
    });
    for offer in offers.collect::<Vec<_>>() {
        assert!(offer.await.unwrap().is_ok());
    }
    hub.shutdown().await.unwrap();
    let stored = park.entries();
    let said = stored.iter().filter(|one| one.entry.label == "chatty.said");
    assert_eq!(said.count(), 30_000);
}

/// A package by which one reading says so many things of its device.
fn talkative(park: &mut Park, statements: usize) {
    let folder = park.dir.path().join("mappings");
    let package = folder.join("test/talkative/1");
    std::fs::create_dir_all(&package).unwrap();
    let head = "id = \"test/talkative/1\"\ntitle = \"t\"\nformat = \"json\"\nlicence = \"Apache-2.0\"\n\
        source = \"t\"\nzone = \"+08:00\"\n";
    std::fs::write(package.join("mapping.toml"), head).unwrap();
    let rules = (0..statements).map(|number| {
        format!(
            "[[rule]]\ntopic = \"say/+\"\nemit = \"DeviceStatus\"\nset.DeviceId = {{ topic = 1 }}\n\
             set.DeviceKind = {{ value = \"SENSOR\" }}\nset.State = {{ value = \"ONLINE\" }}\n\
             set.Reason = {{ value = \"r-{number}\" }}\nset.ObservedAt = {{ reading = \"time\" }}\n"
        )
    });
    std::fs::write(package.join("points.toml"), rules.collect::<String>()).unwrap();
    park.mappings = Arc::new(Mappings::load(&folder).unwrap());
}

/// A part of one reading is put off when its batch is filled: it is answered when all of it is recorded, each once.
#[tokio::test(flavor = "multi_thread")]
async fn a_reading_that_is_put_off_in_part_is_answered_when_all_of_it_is_recorded() {
    const STATEMENTS: usize = 15;
    let mut park = Park::new();
    talkative(&mut park, STATEMENTS);
    let hub = start(&park, vec![Box::new(THOUSAND)]).await;
    let id = Some(MessageId::from_bytes([7; 16]));
    let offered = Reading {
        payload: Payload::Json {
            mapping: "test/talkative/1".to_owned(),
            topic: "say/S-1".to_owned(),
            document: Bytes::from_static(b"{}"),
        },
        ..reading("S-1", "", id)
    };
    let accepted = park.intake().offer(offered).await.unwrap();
    let counted = hub.stats().snapshot().traffic["yard"].duplicates;
    assert_eq!(counted, 12, "so many of it were recorded the first time");
    let reader = hub.reader();
    let stands = reader.read_from(1).unwrap().map(Result::unwrap);
    let stands: Vec<_> = stands.collect();
    hub.shutdown().await.unwrap();
    let told: Vec<&str> = stands
        .iter()
        .filter_map(|one| match &one.entry.message.as_deref()?.body {
            Body::DeviceStatus(status) => status.reason.as_deref(),
            _ => None,
        })
        .collect();
    let all: Vec<String> = (0..STATEMENTS)
        .map(|number| format!("r-{number}"))
        .collect();
    assert_eq!(told, all, "in order and each once");
    let said = stands.iter().filter(|one| one.entry.label == "chatty.said");
    assert_eq!(said.count(), STATEMENTS * 1_000);
    assert!(accepted.number > 0);
}

/// Of a large submission the few that are good were taken one each time, and those that are refused were recorded anew
/// with all their bytes: the signed bytes left no room for anything.
#[tokio::test(flavor = "multi_thread")]
async fn the_good_ones_of_a_large_submission_are_taken_at_once_however_many_are_refused() {
    let park = Park::new();
    let two = Ca::new(park.dir.path()).partner("ENT-2", Role::Enterprise);
    let hub = start(&park, vec![Box::new(Porter::default())]).await;
    let evidence = |number: u32| EvidenceReference {
        uri: format!("https://cam.example/{number}/{}", "x".repeat(470)),
        kind: EvidenceKind::Image,
        digest: None,
        from: None,
        to: None,
    };
    let bytes = alarms(&two, 430, |event| AlarmEvent {
        // In another's name, but for the last thirty.
        enterprise_id: match event.alarm_id.as_str() {
            id if id.len() == 5 && id >= "X-400" => event.enterprise_id.clone(),
            _ => Some("ENT-1".parse().unwrap()),
        },
        description: "火".repeat(2_000),
        evidence: (0..20).map(evidence).collect(),
        ..event
    });
    assert!(bytes.len() > 6 << 20, "{}", bytes.len());
    for again in [false, true] {
        let answers = hub.submit().submit(two.verified(bytes.clone())).await;
        let answers = answers.unwrap();
        let codes = answers
            .iter()
            .filter_map(|one| Some(one.as_ref().err()?.fault.code()));
        assert_eq!(codes.filter(|code| *code == "F031").count(), 400);
        let taken = answers.iter().filter_map(|one| one.as_ref().ok());
        let duplicates: Vec<bool> = taken.map(|receipt| receipt.duplicate).collect();
        assert_eq!(duplicates, [again; 30]);
    }
    hub.shutdown().await.unwrap();
    let stored = park.entries();
    let refused = stored
        .iter()
        .filter(|one| one.entry.kind == EntryKind::Refused);
    assert_eq!(refused.count(), 800);
    park.replays();
}
