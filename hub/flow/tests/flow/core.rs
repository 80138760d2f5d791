//! Numbers, decisions, duplicates, restart, replay.

use cordon_contract::{EntryKind, IntakeError, Plugin};
use cordon_flow::{FeedItem, ID_REUSED, replay};
use cordon_model::{Body, MessageId, PartyId};

use crate::park::{Dice, Park, Porter, reading, status, told, until};

fn id(last: u8) -> MessageId {
    MessageId::from_bytes([
        0x11, 2, 3, 4, 5, 6, 0x80, 8, 0x90, 10, 11, 12, 13, 14, 15, last,
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_and_its_decisions_are_one_batch_in_order() {
    let park = Park::new();
    let hub = park.start().await;
    let mut feed = hub.feed().subscribe();
    let accepted = park
        .intake()
        .offer(reading("CAM-1", "say", None))
        .await
        .unwrap();
    let mut fed = Vec::new();
    while fed.len() < 3 {
        let Some(FeedItem::Entry(item)) = feed.next().await else {
            panic!("the feed ended")
        };
        if item.entry.kind != EntryKind::Tick {
            fed.push(item.entry.label.clone());
        }
    }
    assert_eq!(fed, ["DeviceStatus", "test.said", "test.said"]);
    hub.shutdown().await.unwrap();
    let stored = park.entries();
    let numbers: Vec<u64> = stored.iter().map(|stored| stored.entry.number).collect();
    assert_eq!(numbers, (1..=stored.len() as u64).collect::<Vec<_>>());
    let told = told(&stored);
    assert_eq!(told[0].entry.number, accepted.number);
    assert_eq!(told[0].chain(), accepted.chain);
    let details: Vec<_> = told[1..]
        .iter()
        .map(
            |stored| match &stored.entry.message.as_ref().unwrap().body {
                Body::AuditEvent(event) => (event.detail.clone().unwrap(), stored.entry.cause),
                other => panic!("{other:?}"),
            },
        )
        .collect();
    assert_eq!(
        details,
        [
            ("one".to_owned(), accepted.number),
            ("two".to_owned(), accepted.number)
        ]
    );
    let mut batches = cordon_journal::Reader::open(park.journal_dir())
        .unwrap()
        .read_from(1)
        .unwrap();
    let mut sizes = Vec::new();
    while let Some(batch) = batches.next_batch().unwrap() {
        if batch.iter().any(|record| record.number == accepted.number) {
            sizes.push(
                batch
                    .iter()
                    .filter(|record| record.number >= accepted.number)
                    .count(),
            );
        }
    }
    assert_eq!(sizes, [3], "input and both decisions stand in one batch");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_message_gets_its_first_answer_and_another_is_refused_and_alarmed() {
    let park = Park::new();
    let hub = park.start().await;
    let intake = park.intake();
    let first = intake
        .offer(reading("CAM-1", "plain", Some(id(1))))
        .await
        .unwrap();
    let again = intake
        .offer(reading("CAM-1", "plain", Some(id(1))))
        .await
        .unwrap();
    assert!(!first.duplicate && again.duplicate);
    assert_eq!(
        (first.number, first.digest, first.chain),
        (again.number, again.digest, again.chain)
    );
    let Err(IntakeError::Refused(fault)) =
        intake.offer(reading("CAM-1", "other", Some(id(1)))).await
    else {
        panic!("accepted");
    };
    assert_eq!(fault.code(), ID_REUSED);
    assert_eq!(hub.stats().snapshot().refusals.get(ID_REUSED), Some(&1));
    hub.shutdown().await.unwrap();
    // After a restart the answer is still the first one.
    let hub = park.start().await;
    let later = park
        .intake()
        .offer(reading("CAM-1", "plain", Some(id(1))))
        .await
        .unwrap();
    assert_eq!(
        (first.number, first.chain, true),
        (later.number, later.chain, later.duplicate)
    );
    hub.shutdown().await.unwrap();
    let stored = park.entries();
    let messages = stored
        .iter()
        .filter(|stored| stored.entry.label == "DeviceStatus")
        .count();
    assert_eq!(messages, 1);
    let refused = stored
        .iter()
        .find(|stored| stored.entry.kind == EntryKind::Refused)
        .unwrap();
    let raw = refused.refused_bytes().unwrap();
    assert!(String::from_utf8_lossy(&raw).contains("<c:Reason>other</c:Reason>"));
    let alarm = stored
        .iter()
        .find(|stored| stored.entry.label == "AlarmEvent")
        .unwrap();
    assert_eq!(alarm.entry.cause, refused.entry.number);
    assert!(matches!(&alarm.entry.message.as_ref().unwrap().body,
        Body::AlarmEvent(alarm) if alarm.alarm_code.as_str() == "REPLAY"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redelivery_without_a_device_time_is_known_by_its_id() {
    let park = Park::new();
    let hub = park.start().await;
    let mut one = reading("GW-1", "plain", Some(id(2)));
    one.observed_at = None;
    one.received_at = one.received_at.plus_seconds(1);
    let mut two = one.clone();
    two.received_at = two.received_at.plus_seconds(3);
    let first = park.intake().offer(one).await.unwrap();
    let again = park.intake().offer(two).await.unwrap();
    assert!(again.duplicate);
    assert_eq!(first.number, again.number);
    hub.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_continues_and_a_replay_agrees_byte_for_byte() {
    let park = Park::new();
    for round in 0..3 {
        let hub = park.start().await;
        for reason in ["say", "plain", "open", "bad", "notify"] {
            park.clock.advance_ms(700);
            let name = format!("CAM-{round}");
            park.intake()
                .offer(reading(&name, reason, None))
                .await
                .unwrap();
        }
        until("orders are closed", || {
            hub.outbox().open().is_empty() && hub.health().open_orders == 0
        })
        .await;
        let (number, hash) = hub.submit().state_hash().await.unwrap();
        assert_eq!(hub.health().epoch, round + 1);
        let report = replay(
            park.journal_dir(),
            vec![Box::new(Porter::default())],
            Some(number),
        )
        .unwrap();
        assert_eq!(report.first_difference, None);
        assert_eq!(
            (report.number, report.state_hash),
            (number, hash),
            "round {round}"
        );
        assert!(report.compared > 5);
        hub.shutdown().await.unwrap();
        if round == 1 {
            // Without its state the hub steps everything again and comes to the same.
            std::fs::remove_file(park.dir.path().join("state.redb")).unwrap();
        }
    }
    assert!(
        cordon_journal::verify(park.journal_dir())
            .unwrap()
            .is_clean()
    );
    let stored = park.entries();
    assert!(
        stored
            .windows(2)
            .all(|pair| pair[0].entry.time <= pair[1].entry.time)
    );
    assert!(
        stored
            .iter()
            .any(|stored| stored.entry.kind == EntryKind::Tick)
    );
    assert!(
        stored
            .iter()
            .any(|stored| stored.entry.label == "plugin.invalid-decision")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plug_in_that_rolls_dice_is_caught() {
    let park = Park::new();
    let hub = park.start_with(vec![Box::new(Dice)]).await;
    park.intake()
        .offer(reading("CAM-1", "plain", None))
        .await
        .unwrap();
    hub.shutdown().await.unwrap();
    let report = replay(park.journal_dir(), vec![Box::new(Dice)], None).unwrap();
    let difference = report
        .first_difference
        .clone()
        .expect("the dice were not caught");
    assert_eq!(difference.what, "body differs");
    assert_eq!(report.check().unwrap_err().code(), "F013");
    // A plug-in that says nothing is caught as well.
    let silent: Vec<Box<dyn Plugin>> = Vec::new();
    assert!(
        replay(park.journal_dir(), silent, None)
            .unwrap()
            .first_difference
            .is_some()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_on_decisions_end_at_the_limit() {
    let park = Park::new();
    let hub = park.start().await;
    park.intake()
        .offer(reading("CAM-1", "chain", None))
        .await
        .unwrap();
    hub.shutdown().await.unwrap();
    let stored = park.entries();
    let chain = stored
        .iter()
        .filter(|stored| stored.entry.label == "test.said")
        .count();
    assert_eq!(chain, cordon_flow::DECISION_DEPTH_MAX as usize);
    assert_eq!(
        stored
            .iter()
            .filter(|stored| stored.entry.label == "plugin.limit")
            .count(),
        1
    );
    let report = replay(park.journal_dir(), vec![Box::new(Porter::default())], None).unwrap();
    assert_eq!(report.first_difference, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_word_is_sealed_with_an_audit_beside_it() {
    let park = Park::new();
    let hub = park.start().await;
    let actor = PartyId::new("OP-1").unwrap();
    let receipt = hub
        .submit()
        .internal(status("CAM-9", "plain"), &actor)
        .await
        .unwrap();
    hub.shutdown().await.unwrap();
    let stored = park.entries();
    let audit = stored
        .iter()
        .find(|stored| stored.entry.label == "message.internal")
        .unwrap();
    assert_eq!(audit.entry.cause, receipt.number);
    assert!(matches!(&audit.entry.message.as_ref().unwrap().body,
        Body::AuditEvent(event) if event.actor_id == actor));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_watcher_is_told_what_it_missed_and_blocks_nobody() {
    let mut park = Park::new();
    park.config.feed_max = 4;
    let hub = park.start().await;
    let mut feed = hub.feed().subscribe();
    for _ in 0..40 {
        park.clock.advance_ms(1);
        park.intake()
            .offer(reading("CAM-1", "plain", None))
            .await
            .unwrap();
    }
    // Who offers is answered before watchers are told: the last may still be on its way.
    assert!(matches!(feed.next().await, Some(FeedItem::Lagged(missed)) if missed >= 35));
    hub.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_waits_in_small_queues_and_nothing_is_lost() {
    let mut park = Park::new();
    park.config.queue_max = 2;
    park.config.intake_max = 2;
    park.config.batch_max = 3;
    let hub = park.start().await;
    let mut offers = tokio::task::JoinSet::new();
    for index in 0..300 {
        let intake = park.intake();
        offers.spawn(async move {
            let name = format!("S-{index}");
            intake
                .offer(reading(&name, "plain", None))
                .await
                .unwrap()
                .number
        });
    }
    let mut numbers = offers.join_all().await;
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 300);
    assert_eq!(hub.stats().snapshot().traffic["yard"].accepted, 300);
    hub.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_that_panics_is_started_again_and_harms_nobody() {
    let park = Park::new();
    park.yard
        .panics
        .store(1, std::sync::atomic::Ordering::SeqCst);
    let hub = park.start().await;
    until("the adapter runs again", || {
        hub.health().adapters[0].restarts == 1
    })
    .await;
    assert!(
        hub.health().adapters[0]
            .last_fault
            .as_ref()
            .unwrap()
            .contains("panicked")
    );
    until("it accepts again", || {
        park.yard.intake.lock().unwrap().is_some()
    })
    .await;
    park.intake()
        .offer(reading("CAM-1", "plain", None))
        .await
        .unwrap();
    hub.shutdown().await.unwrap();
}
