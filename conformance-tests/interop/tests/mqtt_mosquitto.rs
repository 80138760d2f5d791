//! The MQTT adapter against Mosquitto and its command-line clients.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod mqtt;

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use cordon_contract::{LinkState, Order, OrderLane, OutcomeKind, Target};
use cordon_interop::{run, system};
use cordon_model::{
    AlarmCode, AlarmEvent, AlarmLevel, AlarmState, Body, DeviceState, Header, Message, MessageId,
    MessageType, Quality, Sensitivity, Timestamp,
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use mqtt::{
    Hub, Mosquitto, PATIENCE, config, free_port, numbered, print_versions, publish, publish_lines,
    publisher, unique,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_acknowledged_before_it_is_durable_and_nothing_is_lost() {
    print_versions();
    let broker = Mosquitto::start("allow_anonymous true", |_| {});
    let port = broker.port();
    let hub = Hub::withholding();
    let running = hub.run(&config(port, "queue = 20"), None);
    running.wait_link(LinkState::Online).await;
    hub.wait("session", |_| true).await;
    wait_subscribed(&broker).await;
    publish_lines(publisher(port), "sensors/GW-01/D-1", &numbered(0, 50));
    // The receive maximum is the back-pressure: 20 are offered, the broker holds the others.
    hub.wait("20 offers", |seen| seen.len() >= 20).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(
        hub.seen().len(),
        20,
        "the broker sent more than the receive maximum"
    );
    // The process dies with 20 offered, none durable, none acknowledged.
    running.kill().await;

    let after = Hub::answering();
    let running = after.run(&config(port, "queue = 20"), None);
    let seen = after
        .wait("all 50 after the restart", |seen| unique(seen) == 50)
        .await;
    let first: Vec<String> = hub.seen().into_iter().map(|seen| seen.id).collect();
    let again = seen.iter().filter(|seen| first.contains(&seen.id)).count();
    assert_eq!(again, 20, "what was not acknowledged keeps its identity");
    println!("50 of 50 after a kill, {again} delivered again with the same identity");
    running.stop().await;

    // Everything was acknowledged: a third process gets only what is new.
    let third = Hub::answering();
    let running = third.run(&config(port, "queue = 20"), None);
    running.wait_link(LinkState::Online).await;
    publish_lines(publisher(port), "sensors/GW-01/D-1", &numbered(50, 51));
    let seen = third.wait("the new message", |seen| !seen.is_empty()).await;
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(seen[0].text.contains("\"n\":50"));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_broker_loses_nothing_it_had_stored() {
    let mut broker = Mosquitto::start("allow_anonymous true", |_| {});
    let port = broker.port();
    let hub = Hub::withholding();
    let running = hub.run(&config(port, ""), None);
    running.wait_link(LinkState::Online).await;
    wait_subscribed(&broker).await;
    publish_lines(publisher(port), "sensors/GW-01/D-2", &numbered(0, 120));
    hub.wait("all offered", |seen| unique(seen) == 120).await;
    wait_stored(&broker).await;
    broker.restart();
    // The log begins with the broker: the adapter came back to this one.
    wait_back(&broker).await;
    running.wait_link(LinkState::Online).await;
    hub.answer();
    publish_lines(publisher(port), "sensors/GW-01/D-2", &numbered(120, 130));
    let seen = hub
        .wait("what came after", |seen| unique(seen) == 130)
        .await;
    println!("130 of 130 over a killed broker, {} offers", seen.len());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_file_decides_who_comes_in() {
    let broker = Mosquitto::start(
        "allow_anonymous false\npassword_file {dir}/users",
        |folder| {
            run(Command::new(system("mosquitto_passwd"))
                .args(["-b", "-c"])
                .arg(folder.join("users"))
                .args(["hub", "s3cret"]));
        },
    );
    let port = broker.port();
    let word = broker.folder().join("word");
    let lines = format!("user = \"hub\"\npassword_file = \"{}\"", word.display());
    std::fs::write(&word, "wrong\n").unwrap();
    let hub = Hub::answering();
    let running = hub.run(&config(port, &lines), None);
    running.wait_link(LinkState::Offline).await;
    let probe = running.adapter.probe().await.remove(0);
    assert!(!probe.ok, "{probe:?}");
    running.stop().await;

    std::fs::write(&word, "s3cret\n").unwrap();
    let running = hub.run(&config(port, &lines), None);
    running.wait_link(LinkState::Online).await;
    let probe = running.adapter.probe().await.remove(0);
    assert!(probe.ok, "{probe:?}");
    wait_subscribed(&broker).await;
    let mut sender = publisher(port);
    sender.args(["-u", "hub", "-P", "s3cret"]);
    publish(sender, "sensors/GW-01/D-3", &numbered(0, 1)[0]);
    hub.wait("one message", |seen| seen.len() == 1).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mutual_tls_lets_in_only_certificates_of_the_park() {
    let keys = "cafile {dir}/ca.pem\ncertfile {dir}/broker.pem\nkeyfile {dir}/broker.key\nrequire_certificate true\nuse_identity_as_username true\nallow_anonymous false";
    let broker = Mosquitto::start(keys, certificates);
    let port = broker.port();
    let folder = broker.folder().to_owned();
    let hub = Hub::answering();
    let running = hub.run(&config(port, ""), Some(client_tls(&folder)));
    running.wait_link(LinkState::Online).await;
    wait_subscribed(&broker).await;
    let with = |own: bool| {
        let mut command = Command::new(system("mosquitto_pub"));
        command
            .args([
                "-h",
                "localhost",
                "-p",
                &port.to_string(),
                "-q",
                "1",
                "--cafile",
            ])
            .arg(folder.join("ca.pem"));
        if own {
            command
                .arg("--cert")
                .arg(folder.join("client.pem"))
                .arg("--key")
                .arg(folder.join("client.key"));
        }
        command
    };
    publish_lines(with(true), "sensors/GW-01/D-4", &numbered(0, 200));
    let seen = hub
        .wait("200 over mutual TLS", |seen| unique(seen) == 200)
        .await;
    assert_eq!(seen.len(), 200, "no duplicates on a quiet line");
    let refused = with(false)
        .args(["-t", "sensors/x/y", "-m", "{}"])
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(
        !refused.success(),
        "a publisher without a certificate came in"
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retained_is_state_and_garbage_is_refused_once() {
    let broker = Mosquitto::start("allow_anonymous true", |_| {});
    let port = broker.port();
    let mut keeper = publisher(port);
    keeper.arg("-r");
    publish(
        keeper,
        "sensors/GW-01/D-5/status",
        "{\"state\":\"offline\"}",
    );
    let hub = Hub::answering();
    let running = hub.run(&config(port, ""), None);
    let seen = hub
        .wait("the retained state", |seen| !seen.is_empty())
        .await;
    assert!(seen[0].initial && seen[0].topic.ends_with("/status"));
    publish(publisher(port), "sensors/GW-01/D-5", "this is no JSON");
    let live = hub.wait("the garbage", |seen| seen.len() == 2).await;
    assert!(!live[1].initial);
    publish(publisher(port), "sensors/GW-01/D-5", &numbered(0, 1)[0]);
    hub.wait("life goes on", |seen| seen.len() == 3).await;
    running.stop().await;
    // The refusal was answered, so it was acknowledged: it does not come back.
    let again = Hub::answering();
    let running = again.run(&config(port, ""), None);
    running.wait_link(LinkState::Online).await;
    publish(publisher(port), "sensors/GW-01/D-5", &numbered(1, 2)[0]);
    let seen = again
        .wait("the next message", |seen| !seen.is_empty())
        .await;
    assert_eq!(seen.len(), 1, "{seen:?}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_for_receivers_are_published_and_confirmed_by_the_broker() {
    let broker = Mosquitto::start("allow_anonymous true", |_| {});
    let port = broker.port();
    let hub = Hub::answering();
    let receivers = "\n[[receiver]]\nname = \"duty\"\ntopic = \"cordon/alarms/duty\"\n\
                     [[receiver]]\nname = \"board\"\ntopic = \"cordon/alarms/board\"\nform = \"json\"\n";
    let running = hub.run(&(config(port, "") + receivers), None);
    let listener = Command::new(system("mosquitto_sub"))
        .args([
            "-h",
            "127.0.0.1",
            "-p",
            &port.to_string(),
            "-V",
            "5",
            "-t",
            "cordon/alarms/+",
            "-C",
            "2",
            "-W",
            "20",
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    wait_log(&broker, "cordon/alarms/+").await;
    for name in ["duty", "board"] {
        let order = alarm_order(name, 60);
        let deadline = std::time::Instant::now() + PATIENCE;
        let outcome = loop {
            let outcome = running.adapter.execute(order.clone()).await;
            // The second connection may not be up yet; the outbox would try again as well.
            if outcome.kind != OutcomeKind::Failed || std::time::Instant::now() > deadline {
                break outcome;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{outcome:?}");
    }
    let text = String::from_utf8(listener.wait_with_output().unwrap().stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let message = cordon_wire::parse_message(lines[0].as_bytes()).unwrap();
    assert!(
        matches!(message.body, Body::AlarmEvent(ref alarm) if alarm.alarm_code == AlarmCode::PerimeterIntrusion)
    );
    let json: serde_json::Value = serde_json::from_str(lines[1]).unwrap();
    assert_eq!(json.pointer("/header/message_type").unwrap(), "AlarmEvent");
    let late = running.adapter.execute(alarm_order("duty", -1)).await;
    assert_eq!(late.kind, OutcomeKind::Expired);
    let nobody = running.adapter.execute(alarm_order("nobody", 60)).await;
    assert_eq!(nobody.kind, OutcomeKind::Refused);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_a_last_will_and_a_lost_broker_are_told_once_each_and_so_is_their_end() {
    use DeviceState::{Offline, Online};
    let mut broker = Mosquitto::start("allow_anonymous true", |_| {});
    let port = broker.port();
    let hub = Hub::answering();
    let more = "\n[[watch]]\ndevice = \"D-6\"\nkind = \"GAS_DETECTOR\"\nsilent_after_s = 2\n\
                [[presence]]\nfilter = \"sensors/+/+/status\"\ndevice_segment = 2\npointer = \"/state\"\n";
    let running = hub.run(&(config(port, "") + more), None);
    wait_subscribed(&broker).await;
    hub.wait_states("GW-01", &[Online]).await;
    publish(publisher(port), "sensors/GW-01/D-6", &numbered(0, 1)[0]);
    hub.wait_states("D-6", &[Online]).await;
    hub.wait_states("D-6", &[Online, Offline]).await;
    publish(publisher(port), "sensors/GW-01/D-6", &numbered(1, 2)[0]);
    hub.wait_states("D-6", &[Online, Offline, Online]).await;

    // A second device is killed: the broker publishes its will, which the mapping records.
    publish(publisher(port), "sensors/GW-01/D-7", &numbered(2, 3)[0]);
    hub.wait_states("D-7", &[Online]).await;
    let mut dying = dying(port, "sensors/GW-01/D-7/status", "{\"state\":\"offline\"}");
    wait_log(&broker, "will-of-d7").await;
    dying.kill().unwrap();
    dying.wait().unwrap();
    let is_will = |seen: &[mqtt::Seen]| seen.iter().any(|seen| seen.topic.ends_with("D-7/status"));
    hub.wait("the will", is_will).await;
    let offline = |health: &cordon_contract::DeviceHealth| {
        health.device.as_str() == "D-7" && health.state == LinkState::Offline
    };
    let deadline = std::time::Instant::now() + PATIENCE;
    while !running.adapter.health().iter().any(offline) {
        assert!(std::time::Instant::now() < deadline, "the will is not seen");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    publish(publisher(port), "sensors/GW-01/D-7", &numbered(3, 4)[0]);
    hub.wait_states("D-7", &[Online, Online]).await;

    broker.stop();
    hub.wait_states("GW-01", &[Online, Offline]).await;
    broker.restart();
    hub.wait_states("GW-01", &[Online, Offline, Online]).await;
    running.stop().await;
}

/// A client that has a will and does nothing.
fn dying(port: u16, topic: &str, payload: &str) -> std::process::Child {
    Command::new(system("mosquitto_sub"))
        .args([
            "-h",
            "127.0.0.1",
            "-p",
            &port.to_string(),
            "-i",
            "will-of-d7",
        ])
        .args(["-t", "nothing", "--will-qos", "1", "--will-topic", topic])
        .args(["--will-payload", payload])
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn no_broker_is_visible_and_harms_nobody() {
    let hub = Hub::answering();
    let running = hub.run(&config(free_port(), ""), None);
    running.wait_link(LinkState::Offline).await;
    let health = running.adapter.health().remove(0);
    assert!(!health.reason.is_empty());
    running.stop().await;
}

fn alarm_order(receiver: &str, seconds: i64) -> Order {
    let now = Timestamp::from_micros(
        i64::try_from(
            std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap()
                .as_micros(),
        )
        .unwrap(),
    );
    let alarm = AlarmEvent {
        alarm_id: "A-1".to_owned(),
        alarm_code: AlarmCode::PerimeterIntrusion,
        alarm_level: AlarmLevel::Red,
        state: AlarmState::Raised,
        occurred_at: now,
        source_device: None,
        subject: None,
        person_id: None,
        enterprise_id: None,
        area_id: None,
        gate_id: None,
        lane_id: None,
        position: None,
        cause_ref: None,
        evidence: Vec::new(),
        description: "入侵 & <test>".to_owned(),
    };
    let header = Header {
        message_id: MessageId::random(),
        message_type: MessageType::AlarmEvent,
        schema_version: "1.0".to_owned(),
        park_code: "PARK-1".parse().unwrap(),
        sender_id: "hub".parse().unwrap(),
        recipient_id: None,
        occurred_at: now,
        sent_at: now,
        sequence: 1,
        correlation_id: None,
        source_ref: None,
        quality: Quality::Derived,
        sensitivity: Sensitivity::Internal,
        test: false,
        attested_by: None,
    };
    Order {
        number: 7,
        target: Target::receiver(receiver),
        lane: OrderLane::Routine,
        deadline: now.plus_seconds(seconds),
        epoch: 1,
        attempt: 0,
        turn: 0,
        message: Arc::new(Message {
            header,
            body: Body::AlarmEvent(alarm),
        }),
    }
}

/// Waits until the broker's log names the hub's subscription.
async fn wait_subscribed(broker: &Mosquitto) {
    wait_log(broker, "sensors/#").await;
}

/// Waits until the broker's log, new since its start, names the hub.
async fn wait_back(broker: &Mosquitto) {
    wait_log(broker, " as hub (").await;
}

async fn wait_log(broker: &Mosquitto, text: &str) {
    let log = broker.folder().join("log");
    let deadline = std::time::Instant::now() + PATIENCE;
    while !std::fs::read_to_string(&log)
        .unwrap_or_default()
        .contains(text)
    {
        assert!(
            std::time::Instant::now() < deadline,
            "`{text}` is not in the broker's log"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Tells the broker to write its store and waits until it says that it did.
async fn wait_stored(broker: &Mosquitto) {
    run(Command::new("kill").args(["-USR1", &broker.pid().to_string()]));
    wait_log(broker, "Saving in-memory database").await;
    let store = broker.folder().join("mosquitto.db");
    let deadline = std::time::Instant::now() + PATIENCE;
    let size = |path: &Path| {
        std::fs::metadata(path)
            .map(|metadata| metadata.len())
            .unwrap_or(0)
    };
    // 120 messages of some 50 bytes.
    while size(&store) < 120 * 50 {
        assert!(
            std::time::Instant::now() < deadline,
            "the broker stored {} bytes",
            size(&store)
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A CA, a broker certificate for localhost and a client certificate.
fn certificates(folder: &Path) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_key = KeyPair::generate().unwrap();
    let ca = authority.self_signed(&ca_key).unwrap();
    std::fs::write(folder.join("ca.pem"), ca.pem()).unwrap();
    let issuer = Issuer::new(authority, ca_key);
    for (name, subject) in [("broker", "localhost"), ("client", "hub")] {
        let mut params = CertificateParams::new(vec![subject.to_owned()]).unwrap();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, subject);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        std::fs::write(folder.join(format!("{name}.pem")), certificate.pem()).unwrap();
        std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }
}

fn client_tls(folder: &Path) -> Arc<rustls::ClientConfig> {
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let chain = |bytes: &[u8]| -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_slice_iter(bytes)
            .map(Result::unwrap)
            .collect()
    };
    let mut roots = rustls::RootCertStore::empty();
    roots.add(chain(&read("ca.pem")).remove(0)).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(
            chain(&read("client.pem")),
            PrivateKeyDer::from_pem_slice(&read("client.key")).unwrap(),
        )
        .unwrap();
    Arc::new(config)
}
