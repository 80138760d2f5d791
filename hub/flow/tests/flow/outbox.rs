//! Orders: confirmed, expired, never replayed, retried, given up, run again.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use cordon_contract::{EntryKind, OrderLane, OutcomeKind, Target};
use cordon_flow::replay;
use cordon_model::{Body, CommandOutcome, EmergencyGateOpen, GateAction, MessageType, PartyId};

use crate::park::{BARRIER, DUTY, NEVER, NIGHT, Park, Porter, alarm_of, emergency, reading, until};

fn outcomes(park: &Park) -> Vec<(String, Option<CommandOutcome>)> {
    park.entries()
        .iter()
        .filter(|stored| stored.entry.kind == EntryKind::Outcome)
        .map(
            |stored| match &stored.entry.message.as_ref().unwrap().body {
                Body::GateStatus(status) => (stored.entry.label.clone(), status.command_outcome),
                _ => (stored.entry.label.clone(), None),
            },
        )
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_command_is_carried_out_once_with_its_epoch_and_confirmed() {
    let park = Park::new();
    let hub = park.start().await;
    park.intake()
        .offer(reading("CAM-1", "open", None))
        .await
        .unwrap();
    until("the outcome is an entry", || {
        hub.stats().snapshot().entries.get("outcome") == Some(&1)
    })
    .await;
    let orders = park.yard.orders();
    assert_eq!(orders.len(), 1);
    assert_eq!(orders[0].epoch, 1);
    assert!(matches!(&orders[0].message.body, Body::GateCommand(command) if command.epoch == 1));
    let stats = hub.stats().snapshot();
    assert_eq!(stats.commands.get("CONFIRMED"), Some(&1));
    assert_eq!(stats.decision.count, 1);
    hub.shutdown().await.unwrap();
    assert_eq!(
        outcomes(&park),
        [("CONFIRMED".to_owned(), Some(CommandOutcome::Confirmed))]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_answer_a_gate_command_expires_at_its_deadline() {
    let park = Park::new();
    park.yard.answer(BARRIER, NEVER);
    let hub = park.start().await;
    park.intake()
        .offer(reading("CAM-1", "open", None))
        .await
        .unwrap();
    until("the adapter has the order", || {
        park.yard.orders().len() == 1
    })
    .await;
    park.clock.advance_ms(6_000);
    until("it is expired", || {
        hub.stats().snapshot().commands.get("EXPIRED") == Some(&1)
    })
    .await;
    until("it is closed", || hub.outbox().open().is_empty()).await;
    hub.shutdown().await.unwrap();
    assert_eq!(
        outcomes(&park),
        [("EXPIRED".to_owned(), Some(CommandOutcome::Expired))]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_gate_command_is_not_tried_again() {
    let park = Park::new();
    park.yard.answer(BARRIER, OutcomeKind::Failed);
    let hub = park.start().await;
    park.intake()
        .offer(reading("CAM-1", "open", None))
        .await
        .unwrap();
    until("it is closed", || {
        hub.stats().snapshot().commands.get("FAILED") == Some(&1)
    })
    .await;
    assert_eq!(park.yard.orders().len(), 1);
    let entries = park.entries();
    assert!(
        entries
            .iter()
            .all(|stored| stored.entry.label != "order.dead-letter")
    );
    let command = entries
        .iter()
        .find(|stored| stored.entry.kind == EntryKind::Order)
        .unwrap();
    let actor = PartyId::new("OP-1").unwrap();
    let again = hub.outbox().rerun(command.entry.number, &actor, None).await;
    let again = again.unwrap_err();
    assert_eq!(again.code(), "F009");
    assert!(again.peer_text().contains("never carried out twice"));
    hub.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_gate_command_is_expired_by_a_restart_and_never_replayed() {
    let park = Park::new();
    park.yard.answer(BARRIER, NEVER);
    let hub = park.start().await;
    park.intake()
        .offer(reading("CAM-1", "open", None))
        .await
        .unwrap();
    until("the adapter has the order", || {
        park.yard.orders().len() == 1
    })
    .await;
    hub.shutdown().await.unwrap();
    assert_eq!(outcomes(&park), []);
    park.yard.answer(BARRIER, OutcomeKind::Confirmed);
    let hub = park.start().await;
    until("no order is open", || {
        hub.outbox().open().is_empty() && hub.health().position > 0
    })
    .await;
    assert_eq!(
        outcomes(&park),
        [("EXPIRED".to_owned(), Some(CommandOutcome::Expired))]
    );
    park.intake()
        .offer(reading("CAM-2", "open", None))
        .await
        .unwrap();
    until("a new command is carried out", || {
        park.yard.orders().len() == 2
    })
    .await;
    assert_eq!(
        park.yard.orders()[1].epoch,
        2,
        "only the new one, in the new epoch"
    );
    hub.shutdown().await.unwrap();
    let report = replay(park.journal_dir(), vec![Box::new(Porter::default())], None).unwrap();
    assert_eq!(report.first_difference, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_retried_then_a_dead_letter_that_can_be_run_again() {
    let park = Park::new();
    park.yard.answer(DUTY, OutcomeKind::Failed);
    let hub = park.start().await;
    park.intake()
        .offer(reading("CAM-1", "notify", None))
        .await
        .unwrap();
    until("it was tried twice", || park.yard.orders().len() >= 2).await;
    let attempts: Vec<u32> = park
        .yard
        .orders()
        .iter()
        .map(|order| order.attempt)
        .collect();
    assert_eq!(attempts[..2], [0, 1]);
    park.clock.advance_ms(11_000);
    until("it is a dead letter", || {
        hub.outbox().dead_letters().len() == 1
    })
    .await;
    let letter = hub.outbox().dead_letters().remove(0);
    assert_eq!(letter.target, DUTY);
    hub.shutdown().await.unwrap();

    // The list survives a restart; a second try that succeeds clears it.
    park.yard.answer(DUTY, OutcomeKind::Confirmed);
    let hub = park.start().await;
    assert_eq!(hub.outbox().dead_letters(), std::slice::from_ref(&letter));
    let actor = PartyId::new("OP-1").unwrap();
    let note = hub.outbox().note(letter.number).unwrap().unwrap();
    assert_eq!(
        (note.kind, note.lane, note.deadline.ms_since(note.ordered)),
        (MessageType::AuditEvent, OrderLane::Routine, 10_000)
    );
    assert_eq!(hub.outbox().note(1).unwrap(), None, "no order");
    let words = Some("asked by the duty officer");
    let rerun = hub.outbox().rerun(letter.number, &actor, words).await;
    rerun.unwrap();
    until("it is delivered", || {
        hub.stats().snapshot().deliveries.get("CONFIRMED") == Some(&1)
    })
    .await;
    assert!(hub.outbox().dead_letters().is_empty());
    assert_eq!(
        hub.outbox()
            .rerun(letter.number, &actor, None)
            .await
            .unwrap_err()
            .code(),
        "F009"
    );
    hub.shutdown().await.unwrap();
    let report = replay(park.journal_dir(), vec![Box::new(Porter::default())], None).unwrap();
    assert_eq!(report.first_difference, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_delivery_is_handed_over_again_by_a_restart() {
    let park = Park::new();
    park.yard.answer(DUTY, NEVER);
    let hub = park.start().await;
    park.intake()
        .offer(reading("CAM-1", "notify", None))
        .await
        .unwrap();
    until("the adapter has it", || park.yard.orders().len() == 1).await;
    hub.shutdown().await.unwrap();
    park.yard.answer(DUTY, OutcomeKind::Confirmed);
    let hub = park.start().await;
    until("it is delivered", || {
        hub.outbox().open().is_empty() && park.yard.orders().len() == 2
    })
    .await;
    hub.shutdown().await.unwrap();
    assert_eq!(outcomes(&park), [("CONFIRMED".to_owned(), None)]);
}

/// An opening that waits for its barrier kept the release that ends it in the outbox, to its own
/// deadline.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_orders_waits_for_no_other_order() {
    let park = Park::new();
    park.yard.answer(BARRIER, NEVER);
    let hub = park.start().await;
    for device in ["CAM-1", "CAM-2"] {
        let opening = reading(device, "open", None);
        park.intake().offer(opening).await.unwrap();
    }
    until("a passage is under way", || park.yard.orders().len() == 1).await;
    let actor = PartyId::new("OP-1").unwrap();
    for release in [Some(true), None, Some(true)] {
        let body = match emergency() {
            Body::EmergencyGateOpen(order) => {
                Body::EmergencyGateOpen(EmergencyGateOpen { release, ..order })
            }
            other => other,
        };
        hub.submit().internal(body, &actor).await.unwrap();
    }
    until("all acts are handed over", || park.yard.orders().len() == 4).await;
    let mut orders = park.yard.orders();
    orders.sort_by_key(|order| order.turn);
    let actions: Vec<GateAction> = orders
        .iter()
        .filter_map(|order| match &order.message.body {
            Body::GateCommand(command) => Some(command.action),
            _ => None,
        })
        .collect();
    let acts = [
        GateAction::Release,
        GateAction::LockOpen,
        GateAction::Release,
    ];
    assert_eq!(actions[0], GateAction::Open, "the second passage waits");
    assert_eq!(actions[1..], acts, "their turns tell which is the last");
    hub.shutdown().await.unwrap();
}

/// Orders that tell of these alarms, one after another.
async fn tell(park: &Park, alarms: &[&str]) {
    for (number, alarm) in alarms.iter().enumerate() {
        let device = format!("CAM-{number}");
        let said = reading(&device, &format!("tell {alarm}"), None);
        park.intake().offer(said).await.unwrap();
    }
}

/// The alarms of all tries, in their order.
fn tries(park: &Park) -> Vec<String> {
    let orders = park.yard.orders();
    let alarms = orders.iter().filter_map(alarm_of);
    alarms.map(str::to_owned).collect()
}

/// The most urgent and oldest went first at each try, so what failed each time kept all else waiting.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_fails_each_time_keeps_no_other_waiting() {
    let park = Park::new();
    park.yard.answer("bad", OutcomeKind::Failed);
    park.yard.answer("worse", OutcomeKind::Failed);
    let hub = park.start().await;
    let names: Vec<String> = (0..20).map(|number| format!("good-{number}")).collect();
    let mut alarms = vec!["bad", "worse"];
    alarms.extend(names.iter().map(String::as_str));
    tell(&park, &alarms).await;
    until("all others are told", || {
        hub.stats().snapshot().deliveries.get("CONFIRMED") == Some(&20)
    })
    .await;
    until("the two are tried on", || hub.outbox().open().len() == 2).await;
    park.yard.answer("bad", OutcomeKind::Confirmed);
    park.yard.answer("worse", OutcomeKind::Confirmed);
    until("they are told", || hub.outbox().open().is_empty()).await;
    assert!(hub.outbox().dead_letters().is_empty());
    hub.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_down_is_tried_no_more_often_for_many_orders() {
    let park = Park::new();
    park.yard.answer(DUTY, OutcomeKind::Failed);
    let hub = park.start().await;
    let names: Vec<String> = (0..50).map(|number| format!("alarm-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let began = Instant::now();
    tell(&park, &names).await;
    until("it was tried five times", || tries(&park).len() >= 5).await;
    // The rests between them: 1/4, 1/2, 1 and 2 s.
    let least = Duration::from_millis(3_750);
    assert!(began.elapsed() >= least, "{:?}", began.elapsed());
    let tried = tries(&park);
    let different: BTreeSet<&String> = tried.iter().collect();
    assert_eq!(different.len(), tried.len(), "another each time: {tried:?}");
    park.yard.answer(DUTY, OutcomeKind::Confirmed);
    until("all are told", || hub.outbox().open().is_empty()).await;
    assert_eq!(
        hub.stats().snapshot().deliveries.get("CONFIRMED"),
        Some(&50)
    );
    hub.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_tells_of_one_alarm_is_told_in_its_order() {
    let park = Park::new();
    park.yard.answer("a", OutcomeKind::Failed);
    let hub = park.start().await;
    tell(&park, &["a", "b", "a", "b", "a", "b"]).await;
    until("the other is told", || {
        hub.stats().snapshot().deliveries.get("CONFIRMED") == Some(&3)
    })
    .await;
    park.yard.answer("a", OutcomeKind::Confirmed);
    until("all is told", || hub.outbox().open().is_empty()).await;
    let orders = park.yard.orders();
    for alarm in ["a", "b"] {
        let of = orders.iter().filter(|order| alarm_of(order) == Some(alarm));
        let numbers: Vec<u64> = of.map(|order| order.number).collect();
        assert!(numbers.is_sorted(), "{alarm}: {numbers:?}");
        assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), 3);
    }
    hub.shutdown().await.unwrap();
}

/// The last words of one that was tried are what became of the last try.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_rests_ends_at_its_deadline_and_says_why_it_failed() {
    let park = Park::new();
    park.yard.answer("bad", OutcomeKind::Failed);
    let hub = park.start().await;
    tell(&park, &["bad"]).await;
    until("it was tried", || tries(&park).len() >= 3).await;
    park.clock.advance_ms(301_000);
    until("it is a dead letter", || {
        hub.outbox().dead_letters().len() == 1
    })
    .await;
    let reason = hub.outbox().dead_letters().remove(0).reason;
    assert!(reason.contains("as told"), "{reason}");
    assert!(!reason.contains("nothing of it had been sent"), "{reason}");
    hub.shutdown().await.unwrap();
}

/// A receiver had its notice when the hub was killed, and the journal said that nothing of it had been sent.
#[tokio::test(flavor = "multi_thread")]
async fn of_what_was_under_way_at_a_restart_nobody_says_that_it_was_not_sent() {
    let park = Park::new();
    park.yard.answer(DUTY, NEVER);
    let hub = park.start().await;
    let told = reading("CAM-1", "notify", None);
    park.intake().offer(told).await.unwrap();
    until("the adapter has it", || park.yard.orders().len() == 1).await;
    hub.shutdown().await.unwrap();
    park.clock.advance_ms(301_000);
    let hub = park.start().await;
    until("it is a dead letter", || {
        hub.outbox().dead_letters().len() == 1
    })
    .await;
    let reason = hub.outbox().dead_letters().remove(0).reason;
    assert!(reason.contains("nobody can say"), "{reason}");
    assert_eq!(park.yard.orders().len(), 1, "not tried again");
    hub.shutdown().await.unwrap();
}

/// What one of several was not told was kept by the adapter alone, so a restart forgot it.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_of_a_receiver_was_not_told_is_told_after_a_restart() {
    let park = Park::new();
    park.yard.untold.lock().unwrap().push(Target(NIGHT.into()));
    park.yard.answer(NIGHT, OutcomeKind::Failed);
    let hub = park.start().await;
    tell(&park, &["a"]).await;
    let targets = || -> Vec<String> {
        let orders = park.yard.orders();
        orders.iter().map(|order| order.target.0.clone()).collect()
    };
    until("it was tried", || targets().len() >= 2).await;
    assert_eq!(targets()[..2], [DUTY, NIGHT]);
    let open = hub.outbox().open();
    assert_eq!(open.len(), 1, "the other is told");
    assert_eq!(open[0].1.target.0, NIGHT);
    let first = park.yard.orders().remove(0);
    hub.shutdown().await.unwrap();

    park.yard.answer(NIGHT, OutcomeKind::Confirmed);
    let before = targets().len();
    let hub = park.start().await;
    until("it is told", || {
        hub.outbox().open().is_empty() && targets().len() > before
    })
    .await;
    assert_eq!(targets()[before..], [NIGHT], "nobody else again");
    let told = park.yard.orders().pop().unwrap();
    assert_eq!(told.deadline, first.deadline);
    assert_eq!(told.message.body, first.message.body);
    let repeats = told.message.header.source_ref.clone();
    assert_eq!(repeats, Some(first.message.header.message_id.to_string()));
    hub.shutdown().await.unwrap();
    let report = replay(park.journal_dir(), vec![Box::new(Porter::default())], None).unwrap();
    assert_eq!(report.first_difference, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_of_a_receiver_was_not_told_is_a_dead_letter_that_goes_to_him_alone() {
    let park = Park::new();
    park.yard.untold.lock().unwrap().push(Target(NIGHT.into()));
    park.yard.answer(NIGHT, OutcomeKind::Refused);
    let hub = park.start().await;
    tell(&park, &["a"]).await;
    until("it is a dead letter", || {
        hub.outbox().dead_letters().len() == 1
    })
    .await;
    let letter = hub.outbox().dead_letters().remove(0);
    assert_eq!(letter.target, NIGHT);
    park.yard.answer(NIGHT, OutcomeKind::Confirmed);
    let actor = PartyId::new("OP-1").unwrap();
    let again = hub.outbox().rerun(letter.number, &actor, None).await;
    again.unwrap();
    until("it is told", || park.yard.orders().len() == 3).await;
    assert_eq!(park.yard.orders()[2].target.0, NIGHT);
    hub.shutdown().await.unwrap();
}
