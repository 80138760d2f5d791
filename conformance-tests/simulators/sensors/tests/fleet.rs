//! A fleet against the demo's broker.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "test code"
)]

use std::time::{Duration, Instant};

use cordon_sim_broker::{Broker, Settings as BrokerSettings};
use cordon_sim_sensors::{Faults, Fleet, Settings};

fn settings(port: u16) -> Settings {
    Settings {
        host: "127.0.0.1".to_owned(),
        port,
        user: Some(("gateway".to_owned(), "word".to_owned())),
        gateway: "GW-01".to_owned(),
        sensors: (0..40).map(|n| format!("S-{n:04}")).collect(),
        period_ms: 200,
        seed: 7,
        faults: Faults {
            garbage_per_mille: 10,
            ..Faults::default()
        },
    }
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn forty_sensors_publish_and_come_back_after_a_cut() {
    let users = BrokerSettings::default().with_password_lines("gateway:word");
    let broker = Broker::start(users).await.unwrap();
    let fleet = Fleet::start(settings(broker.address().port())).unwrap();
    until("200 messages", || fleet.counts().acknowledged >= 200).await;
    broker.cut();
    let before = fleet.counts().acknowledged;
    until("200 more", || fleet.counts().acknowledged >= before + 200).await;
    assert_eq!(fleet.counts().connections, 2);
    assert!(broker.counts().published >= 400);
}

#[tokio::test]
async fn no_sensors_no_fleet() {
    let empty = Settings {
        sensors: Vec::new(),
        ..settings(1)
    };
    assert!(Fleet::start(empty).is_err());
}
