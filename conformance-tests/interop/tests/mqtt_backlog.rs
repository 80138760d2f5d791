//! Backlogs and brokers that send more than they may: the adapter holds the broker back on its
//! socket, keeps the connection, and acknowledges each message on the connection it came on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]
#![allow(dead_code, reason = "the helpers are shared with the other MQTT tests")]

mod mqtt;

use std::time::{Duration, Instant};

use cordon_contract::{Clock as _, LinkState, SystemClock};
use cordon_interop::Park;

use mqtt::bare_broker::{BareBroker, SUBSCRIBE};
use mqtt::park::{add_sensors, readings, records, wait_drained, wait_subscribed};
use mqtt::{Hub, Mosquitto, PATIENCE, config, numbered, publish_lines, publisher, unique};

/// What thousands of messages may take, each decoded and answered, on a busy machine.
const LONG: Duration = PATIENCE.saturating_mul(4);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_exceeds_the_receive_maximum_is_held_back_and_not_dropped() {
    const SENT: u16 = 4_000;
    let broker = BareBroker::start().await;
    let hub = Hub::withholding();
    let running = hub.run(&config(broker.port(), "queue = 20"), None);
    let mut session = broker.accept(false).await;
    assert!(session.until(|_, kind| kind == SUBSCRIBE).await);
    let lines = numbered(0, usize::from(SENT));
    for (line, id) in lines.iter().zip(1..) {
        session.publish(id, "sensors/GW-01/D-1", line).await;
    }
    hub.wait("the first 20 offers", |seen| seen.len() >= 20)
        .await;
    hub.answer();
    let all = session.until(|session, _| session.acknowledged.len() == usize::from(SENT));
    let all = tokio::time::timeout(LONG, all).await;
    assert_eq!(all, Ok(true), "{} acknowledged", session.acknowledged.len());
    assert!(session.acknowledged.values().all(|times| *times == 1));
    let seen = hub.seen();
    assert_eq!((seen.len(), unique(&seen)), (4_000, 4_000));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_answers_are_withheld_no_more_is_taken_in_than_the_queue() {
    let broker = BareBroker::start().await;
    let hub = Hub::withholding();
    let running = hub.run(&config(broker.port(), "queue = 20"), None);
    let mut session = broker.accept(false).await;
    assert!(session.until(|_, kind| kind == SUBSCRIBE).await);
    for (line, id) in numbered(0, 500).iter().zip(1..) {
        session.publish(id, "sensors/GW-01/D-1", line).await;
    }
    // The link says so itself once nothing was taken in for a while.
    running.wait_link(LinkState::Degraded).await;
    assert!(hub.seen().len() <= 40, "{} taken in", hub.seen().len());
    hub.answer();
    let all = session.until(|session, _| session.acknowledged.len() == 500);
    assert_eq!(tokio::time::timeout(LONG, all).await, Ok(true));
    running.wait_link(LinkState::Online).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_after_the_connection_ended_is_no_acknowledgement_on_the_next() {
    let broker = BareBroker::start().await;
    let hub = Hub::withholding();
    let running = hub.run(&config(broker.port(), ""), None);
    let mut session = broker.accept(false).await;
    assert!(session.until(|_, kind| kind == SUBSCRIBE).await);
    let lines = numbered(0, 2);
    session.publish(7, "sensors/GW-01/D-1", &lines[0]).await;
    hub.wait("the first message", |seen| seen.len() == 1).await;
    drop(session);
    running.wait_link(LinkState::Offline).await;
    // Answered between two connections.
    hub.answer();
    let mut session = broker.accept(true).await;
    // The broker gives the number 7 to another message.
    session.publish(8, "sensors/GW-01/D-1", &lines[1]).await;
    let answered = session.until(|session, _| session.acknowledged.contains_key(&8));
    assert_eq!(tokio::time::timeout(LONG, answered).await, Ok(true));
    assert_eq!(
        session.acknowledged.into_iter().collect::<Vec<_>>(),
        [(8, 1)]
    );
    tokio::time::timeout(PATIENCE, running.stop())
        .await
        .unwrap();
}

/// How many messages wait at the broker; beyond what one receive window, one queue and one socket
/// hold together. `CORDON_BACKLOG` asks for another number.
fn backlog() -> u64 {
    std::env::var("CORDON_BACKLOG").map_or(6_000, |number| number.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_of_mosquitto_drains_and_each_message_is_in_the_journal_once() {
    let broker = Mosquitto::start("allow_anonymous true", |_| {});
    let mut park = Park::start_with(|data| add_sensors(data, broker.port()));
    wait_subscribed(&broker).await;
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let count = backlog();
    let now = SystemClock.now();
    let lines: Vec<String> = (0..count)
        .map(|n| {
format!("{{\"id\":\"{n}\",\"time\":\"{now}\",\"values\":[{{\"point\":\"pressure\",\"value\":{n},\"unit\":\"kPa\"}}]}}")
        })
        .collect();
    publish_lines(publisher(broker.port()), "sensors/GW-01/S-01", &lines);

    park.kill_and_restart();
    park.wait_until_healthy();
    let began = Instant::now();
    let journal = park.data().join("journal");
    wait_drained(&journal, count).await;
    let took = began.elapsed();
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let times = readings(&records(&journal));
    assert_eq!(times.len() as u64, count);
    assert!(times.values().all(|times| *times == 1));
    let connections = std::fs::read_to_string(broker.folder().join("log")).unwrap();
    let connections = connections.matches("as cordon-hub-1 (").count();
    assert_eq!(
        connections, 2,
        "one before the backlog and one that drains it"
    );
    println!(
        "{count} drained within {} ms of the first healthy answer",
        took.as_millis()
    );
}
