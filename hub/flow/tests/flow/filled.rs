//! What comes together may lead to more than the journal takes at once: some of it is taken, and the rest later.

use cordon_contract::{Decisions, Entry, EntryKind, Plugin, Rows};
use cordon_flow::RunningHub;
use cordon_journal::{Journal, Options};
use cordon_model::{
    AlarmEvent, AuditEvent, AuditOutcome, Body, EvidenceKind, EvidenceReference, MessageId,
};
use cordon_security::Role;

use crate::park::{Park, Porter, hub_id, morning, reading, small};
use crate::partner::{Ca, Partner, message, submission};
use crate::said::alarm;

/// Says a thousand things of each alarm, and of each status.
struct Chatty;

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
        for _ in 0..1_000 {
            let word = AuditEvent {
                action: "chatty.said".to_owned(),
                actor_id: hub_id(),
                target: None,
                outcome: AuditOutcome::Success,
                detail: None,
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
    let hub = start(&park, vec![Box::new(Chatty)]).await;
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

/// The same by their bytes: each is told again in a flood alarm.
#[tokio::test(flavor = "multi_thread")]
async fn large_alarms_are_recorded_in_parts() {
    let park = Park::new();
    let two = Ca::new(park.dir.path()).partner("ENT-2", Role::Enterprise);
    let hub = start(&park, vec![Box::new(Porter::default())]).await;
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
    park.replays();
}

/// What a device says is never told to come later: its adapter offers it again.
#[tokio::test(flavor = "multi_thread")]
async fn readings_beside_it_are_all_taken() {
    let park = Park::new();
    let hub = start(&park, vec![Box::new(Chatty)]).await;
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
