//! The demo's broker against the Mosquitto clients in both protocol versions, and against our own
//! adapter as the hub uses it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    dead_code,
    reason = "test code"
)]

mod mqtt;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cordon_contract::LinkState;
use cordon_interop::system;
use cordon_sim_broker::{Broker, Settings};

use mqtt::{
    Hub, PATIENCE, config, numbered, print_versions, publish, publish_lines, publisher, unique,
};

/// `mosquitto_sub` that ends after `count` messages and prints topic, QoS, retain flag, payload.
fn subscriber(port: u16, version: &str, count: usize, more: &[&str]) -> Child {
    Command::new(system("mosquitto_sub"))
        .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-V", version])
        .args(["-C", &count.to_string(), "-W", "20", "-F", "%t %q %r %p"])
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn lines(child: Child) -> Vec<String> {
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mosquitto_clients_of_both_versions_meet() {
    print_versions();
    let broker = Broker::start(Settings::default()).await.unwrap();
    let port = broker.address().port();
    // The retained message proves that a subscription stands before anything live is sent.
    let mut keeper = publisher(port);
    keeper.arg("-r");
    publish(keeper, "t/ready", "yes");
    for (sub, published) in [("5", "311"), ("311", "5"), ("5", "5"), ("311", "311")] {
        let listener = subscriber(
            port,
            sub,
            3,
            &[
                "-q",
                "1",
                "-t",
                "t/#",
                "-i",
                &format!("sub-{sub}-{published}"),
            ],
        );
        until("the subscription", || {
            broker.counts().connections > 0 && broker.subscriptions() > 0
        })
        .await;
        let mut command = publisher(port);
        command.args(["-V", published]);
        publish_lines(command, "t/a", &["eins".to_owned(), "zwei 苏".to_owned()]);
        assert_eq!(
            lines(listener),
            ["t/ready 1 1 yes", "t/a 1 0 eins", "t/a 1 0 zwei 苏"],
            "{sub} {published}"
        );
        until("the subscriber is gone", || broker.subscriptions() == 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn qos_two_of_an_old_publisher_arrives_once() {
    let broker = Broker::start(Settings::default()).await.unwrap();
    let port = broker.address().port();
    let listener = subscriber(port, "311", 3, &["-q", "2", "-t", "#", "-i", "two"]);
    until("the subscription", || broker.subscriptions() > 0).await;
    let mut command = Command::new(system("mosquitto_pub"));
    command.args([
        "-h",
        "127.0.0.1",
        "-p",
        &port.to_string(),
        "-V",
        "311",
        "-q",
        "2",
    ]);
    publish_lines(
        command,
        "t",
        &["1".to_owned(), "2".to_owned(), "3".to_owned()],
    );
    assert_eq!(lines(listener), ["t 1 0 1", "t 1 0 2", "t 1 0 3"]);
    assert_eq!(broker.counts().published, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_persistent_session_keeps_what_came_while_it_was_away() {
    let broker = Broker::start(Settings::default()).await.unwrap();
    let port = broker.address().port();
    for version in ["5", "311"] {
        let id = format!("keep-{version}");
        let mut session = vec!["-q", "1", "-t", "k/#", "-i", &id, "-c"];
        if version == "5" {
            session.extend(["-x", "3600"]);
        }
        let first = subscriber(port, version, 1, &session);
        until("the subscription", || broker.subscriptions() > 0).await;
        publish(publisher(port), "k/1", "there");
        assert_eq!(lines(first), ["k/1 1 0 there"]);
        // The client's process may be gone before the broker has read its last packets.
        until("the client is away", || broker.subscriptions() == 0).await;
        publish_lines(publisher(port), "k/2", &numbered(0, 100));
        let again = lines(subscriber(port, version, 100, &session));
        assert_eq!(again.len(), 100);
        assert!(again[99].contains("\"n\":99"), "{}", again[99]);
        // A session that still has its connection is not forgotten, and would pass for the
        // subscription that the next round waits for.
        until("the client is gone", || broker.subscriptions() == 0).await;
        broker.forget(&id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_passwords_and_wills() {
    let settings = Settings::default().with_password_lines("# users\nhub:s3cret\n");
    let broker = Broker::start(settings).await.unwrap();
    let port = broker.address().port();
    for version in ["5", "311"] {
        let mut wrong = publisher(port);
        wrong.args([
            "-V", version, "-u", "hub", "-P", "wrong", "-t", "x", "-m", "y",
        ]);
        assert!(!wrong.stderr(Stdio::null()).status().unwrap().success());
    }
    let user = ["-u", "hub", "-P", "s3cret"];
    let mut arguments = vec!["-q", "1", "-t", "will/#", "-i", "watcher"];
    arguments.extend(user);
    let watcher = subscriber(port, "5", 1, &arguments);
    until("the watcher", || broker.subscriptions() == 1).await;
    let mut arguments = vec![
        "-t",
        "other",
        "-i",
        "doomed",
        "--will-topic",
        "will/doomed",
        "--will-payload",
        "gone",
        "--will-qos",
        "1",
    ];
    arguments.extend(user);
    let mut doomed = subscriber(port, "5", 1, &arguments);
    until("the doomed", || broker.subscriptions() == 2).await;
    doomed.kill().unwrap();
    doomed.wait().unwrap();
    assert_eq!(lines(watcher), ["will/doomed 1 0 gone"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_adapter_loses_nothing_over_cut_lines_and_a_killed_process() {
    let broker = Broker::start(Settings::default()).await.unwrap();
    let port = broker.address().port();
    let hub = Hub::withholding();
    let running = hub.run(&config(port, "queue = 20"), None);
    until("the subscription", || broker.subscriptions() > 0).await;
    publish_lines(publisher(port), "sensors/GW-01/D-1", &numbered(0, 60));
    hub.wait("20 offers", |seen| seen.len() >= 20).await;
    let before = broker.counts().connections;
    broker.cut();
    until("the adapter came back", || {
        broker.counts().connections > before && broker.subscriptions() > 0
    })
    .await;
    running.wait_link(LinkState::Online).await;
    assert_eq!(
        unique(&hub.seen()),
        20,
        "the receive maximum holds over a reconnect"
    );
    running.kill().await;
    let after = Hub::answering();
    let running = after.run(&config(port, "queue = 20"), None);
    after.wait("all 60", |seen| unique(seen) == 60).await;
    until("everything acknowledged", || broker.counts().backlog == 0).await;
    broker.cut();
    publish_lines(publisher(port), "sensors/GW-01/D-1", &numbered(60, 400));
    let seen = after.wait("all 400", |seen| unique(seen) == 400).await;
    println!(
        "400 of 400 over two cuts and a kill, {} offers",
        hub.seen().len() + seen.len()
    );
    until("everything acknowledged", || broker.counts().backlog == 0).await;
    running.stop().await;
}

#[tokio::test]
async fn only_loopback_is_served() {
    let settings = Settings {
        address: "0.0.0.0:0".parse().unwrap(),
        ..Settings::default()
    };
    assert!(Broker::start(settings).await.is_err());
}
