//! Order of facts and identity of readings: what came late changes nothing, what differs is no
//! repetition.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use cordon_contract::{Decisions, Entry, EntryKind, Plugin, Reading};
use cordon_flow::{ID_REUSED, StoredEntry, replay};
use cordon_model::{Body, LifeState, MessageId};
use cordon_security::Role;

use crate::park::{Park, morning, reading};
use crate::partner::Ca;
use crate::signed::GRANT;

/// Remembers the grants it was stepped over, and what was said last of each.
#[derive(Default)]
struct Seen(
    Arc<Mutex<Vec<LifeState>>>,
    Arc<Mutex<BTreeMap<String, LifeState>>>,
);

impl Plugin for Seen {
    fn name(&self) -> &'static str {
        "seen"
    }

    fn step(&mut self, entry: &Entry, _: &mut Decisions) {
        if let Some(Body::AccessGrant(grant)) = entry.message.as_deref().map(|it| &it.body) {
            self.0.lock().unwrap().push(grant.state);
            let mut holds = self.1.lock().unwrap();
            holds.insert(grant.grant_id.clone(), grant.state);
        }
    }
}

/// The example's grant, told once more.
fn grant(id: u8, second: u8, sequence: u64, state: &str) -> String {
    GRANT
        .replace("<c:ClassLetter>H<", "<c:ClassLetter>F<")
        .replace("VEH_HAZMAT", "VEH_FREIGHT")
        .replace("000000000005", &format!("0000000002{id:02}"))
        .replace("08:00:00.25+08:00", &format!("08:00:{second:02}+08:00"))
        .replace("<c:Sequence>46", &format!("<c:Sequence>{sequence}"))
        .replace("<c:State>ACTIVE", &format!("<c:State>{state}"))
}

fn audits(stored: &[StoredEntry], action: &str) -> Vec<String> {
    let audits = stored.iter().filter(|stored| stored.entry.label == action);
    audits
        .filter_map(|stored| match &stored.entry.message.as_ref()?.body {
            Body::AuditEvent(event) => event.detail.clone(),
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_statement_is_kept_and_told_and_changes_nothing() {
    let park = Park::new();
    let ent = Ca::new(park.dir.path()).partner("ENT-1", Role::Enterprise);
    let seen = Seen::default();
    let states = Arc::clone(&seen.0);
    let hub = park.start_with(vec![Box::new(seen)]).await;
    let say = async |hub: &cordon_flow::RunningHub, message: String| {
        let answers = hub.submit().submit(ent.envelope(&[message])).await.unwrap();
        answers.into_iter().next().unwrap().unwrap().number
    };
    say(&hub, grant(1, 20, 47, "WITHDRAWN")).await;
    let late = say(&hub, grant(2, 10, 46, "ACTIVE")).await;
    // The same second: the sender's count decides.
    let counted = say(&hub, grant(3, 20, 45, "ACTIVE")).await;
    assert_eq!(*states.lock().unwrap(), [LifeState::Withdrawn]);
    assert_eq!(hub.stats().snapshot().overtaken, 2);
    hub.shutdown().await.unwrap();

    // After a restart it is as it was.
    let again = Seen::default();
    let states = Arc::clone(&again.0);
    let hub = park.start_with(vec![Box::new(again)]).await;
    let after = say(&hub, grant(4, 15, 44, "ACTIVE")).await;
    assert!(states.lock().unwrap().is_empty());
    // What is newer holds, whatever its number.
    say(&hub, grant(5, 30, 1, "ACTIVE")).await;
    assert_eq!(*states.lock().unwrap(), [LifeState::Active]);
    hub.shutdown().await.unwrap();

    let stored = park.entries();
    let marked: Vec<u64> = stored
        .iter()
        .filter(|stored| stored.entry.overtaken)
        .map(|stored| stored.entry.number)
        .collect();
    assert_eq!(marked, [late, counted, after]);
    assert_eq!(audits(&stored, "message.overtaken").len(), 3);
    let report = replay(park.journal_dir(), vec![Box::new(Seen::default())], None).unwrap();
    assert_eq!(report.first_difference, None);
}

/// The sender's count began anew between a grant and its withdrawal, and another word of the old count
/// came late: that one let the truck in.
#[tokio::test(flavor = "multi_thread")]
async fn no_order_of_arrival_lets_an_old_grant_overrule_its_withdrawal() {
    let park = Park::new();
    let ent = Ca::new(park.dir.path()).partner("ENT-1", Role::Enterprise);
    let seen = Seen::default();
    let holds = Arc::clone(&seen.1);
    let hub = park.start_with(vec![Box::new(seen)]).await;
    let facts = [
        (1, 1_000, "ACTIVE"),
        (50, 1, "WITHDRAWN"),
        (2, 1_001, "ACTIVE"),
    ];
    let orders = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    let mut id = 0;
    for (number, order) in (0..).zip(orders) {
        for fact in order {
            let (second, sequence, state) = facts[fact];
            id += 1;
            let said = grant(id, second, sequence, state);
            let said = said.replace("<c:GrantId>", &format!("<c:GrantId>O{number}-"));
            let answers = hub.submit().submit(ent.envelope(&[said])).await.unwrap();
            answers[0].as_ref().unwrap();
        }
    }
    hub.shutdown().await.unwrap();
    let holds = holds.lock().unwrap();
    assert_eq!(holds.len(), orders.len());
    for (grant, state) in holds.iter() {
        assert_eq!(*state, LifeState::Withdrawn, "{grant}");
    }
}

/// What a plant's own system says and what the plant signs are one voice.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_word_by_another_door_changes_nothing() {
    let mut park = Park::new();
    park.speaks_for("ENT-1");
    let ent = Ca::new(park.dir.path()).partner("ENT-1", Role::Enterprise);
    let seen = Seen::default();
    let holds = Arc::clone(&seen.1);
    let hub = park.start_with(vec![Box::new(seen)]).await;
    let withdrawn = grant(1, 30, 1, "WITHDRAWN");
    let said = cordon_wire::parse_message(grant(2, 10, 2, "ACTIVE").as_bytes()).unwrap();
    let answers = hub.submit().submit(ent.envelope(&[withdrawn])).await;
    answers.unwrap()[0].as_ref().unwrap();
    let mut late = reading("ENT-1", "late", None);
    late.payload = cordon_contract::Payload::Body(Box::new(said.body));
    late.observed_at = Some(said.header.occurred_at);
    park.intake().offer(late).await.unwrap();
    hub.shutdown().await.unwrap();
    let holds = holds.lock().unwrap();
    let states: Vec<_> = holds.values().collect();
    assert_eq!(states, [&LifeState::Withdrawn]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hole_in_a_senders_numbers_is_told() {
    let park = Park::new();
    let ent = Ca::new(park.dir.path()).partner("ENT-1", Role::Enterprise);
    let hub = park.start().await;
    let messages = [
        grant(1, 1, 46, "ACTIVE"),
        grant(2, 2, 50, "ACTIVE"),
        grant(3, 3, 51, "ACTIVE"),
        // A count begun anew is no hole.
        grant(4, 4, 1, "ACTIVE"),
        grant(5, 5, 2, "ACTIVE"),
    ];
    let answers = hub.submit().submit(ent.envelope(&messages)).await.unwrap();
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(hub.stats().snapshot().gaps, 1);
    hub.shutdown().await.unwrap();
    let told = audits(&park.entries(), "sender.gap");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("numbers 47 to 49 of ENT-1"), "{told:?}");
}

/// A refused message came all the same: its number is no hole, and what it names ahead makes none.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_message_is_no_hole_and_makes_none() {
    let park = Park::new();
    let ent = Ca::new(park.dir.path()).partner("ENT-1", Role::Enterprise);
    let hub = park.start().await;
    let foreign = |id, second, sequence| {
        let said = grant(id, second, sequence, "ACTIVE");
        said.replace("<c:EnterpriseId>ENT-1<", "<c:EnterpriseId>ENT-2<")
    };
    let said = [
        (grant(1, 1, 46, "ACTIVE"), true),
        (foreign(2, 2, 47), false),
        (foreign(3, 3, 48), false),
        (grant(4, 4, 49, "ACTIVE"), true),
        // Far ahead and refused: neither the next one taken nor the one behind it shows a hole.
        (foreign(5, 5, 500), false),
        (grant(6, 6, 50, "ACTIVE"), true),
        (grant(7, 7, 51, "ACTIVE"), true),
    ];
    for (message, taken) in said {
        let answers = hub.submit().submit(ent.envelope(&[message])).await.unwrap();
        assert_eq!(answers[0].is_ok(), taken, "{:?}", answers[0]);
    }
    assert_eq!(hub.stats().snapshot().gaps, 0);
    // A hole beside a refused number is told without it.
    let said = [foreign(8, 8, 52), grant(9, 9, 55, "ACTIVE")];
    hub.submit().submit(ent.envelope(&said)).await.unwrap();
    hub.shutdown().await.unwrap();
    let told = audits(&park.entries(), "sender.gap");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("numbers 53 to 54 of ENT-1"), "{told:?}");
}

/// A reading whose source gives an id and no time.
fn untimed(reason: &str, received_s: i64) -> Reading {
    Reading {
        observed_at: None,
        received_at: morning().plus_seconds(received_s),
        ..reading("CAM-1", reason, Some(MessageId::from_bytes([9; 16])))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_with_another_content_is_refused_and_alarmed_without_a_time_too() {
    let park = Park::new();
    let hub = park.start().await;
    let first = park.intake().offer(untimed("rain", 3)).await.unwrap();
    let again = park.intake().offer(untimed("rain", 7)).await.unwrap();
    assert_eq!((again.number, again.duplicate), (first.number, true));
    let other = park.intake().offer(untimed("snow", 7)).await.unwrap_err();
    assert!(format!("{other:?}").contains(ID_REUSED), "{other:?}");
    hub.shutdown().await.unwrap();

    // What is stepped again at a start is recognised as well.
    std::fs::remove_file(park.dir.path().join("state.redb")).unwrap();
    let hub = park.start().await;
    let again = park.intake().offer(untimed("rain", 99)).await.unwrap();
    assert_eq!((again.number, again.duplicate), (first.number, true));
    assert!(park.intake().offer(untimed("snow", 99)).await.is_err());
    hub.shutdown().await.unwrap();
    let stored = park.entries();
    let alarmed = stored.iter().any(|stored| {
        let body = stored.entry.message.as_ref().map(|message| &message.body);
        matches!(body, Some(Body::AlarmEvent(alarm)) if alarm.description.contains(ID_REUSED))
    });
    assert!(alarmed);
    let kinds = stored
        .iter()
        .filter(|stored| stored.entry.kind == EntryKind::Message);
    assert_eq!(
        kinds
            .filter(|stored| stored.entry.label == "DeviceStatus")
            .count(),
        1
    );
}
