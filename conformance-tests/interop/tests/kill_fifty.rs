//! Fifty kills (`CORDON_KILLS` asks for another number, `CORDON_SEED` for other moments): a park under load of an enterprise, of MQTT
//! sensors and of a regulator's reports is ended hard at random moments, and in the end nothing that
//! was promised is missing and nothing is there twice.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    dead_code,
    missing_docs,
    reason = "test code"
)]

mod mqtt;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cordon_contract::{Clock as _, EntryKind, SystemClock};
use cordon_interop::{Park, program, run};
use cordon_journal::Record;
use cordon_model::service::Answer;
use cordon_model::{
    Body, Header, Message, MessageId, OnDutyStatus, Quality, Receipt, SCHEMA_VERSION, Sensitivity,
};
use cordon_security::tls::{self, Expect, TlsKey};
use cordon_security::{Role, Signer, TrustStore};
use cordon_services::client::{Link, LinkError, LinkOptions};
use cordon_wire::service as wire;

use mqtt::park::{add_sensors, readings, records, wait_drained, wait_subscribed};
use mqtt::{Mosquitto, publisher};

/// How often the park is ended.
fn kills() -> u64 {
    std::env::var("CORDON_KILLS").map_or(50, |number| number.parse().unwrap())
}

/// The number that all random moments follow from.
fn seed() -> u64 {
    std::env::var("CORDON_SEED").map_or(0x5eed_c0de_0050_0001, |number| number.parse().unwrap())
}

/// Submissions in flight at once.
const LANES: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_promised_is_lost_and_nothing_is_there_twice_over_fifty_kills() {
    let began = Instant::now();
    let broker = Mosquitto::start("allow_anonymous true", |_| {});
    let mut park = Park::start_with(|data| add_sensors(data, broker.port()));
    wait_subscribed(&broker).await;
    let link = enterprise(&park);
    let going = Arc::new(AtomicBool::new(true));
    let lanes: Vec<_> = (0..LANES)
        .map(|_| tokio::spawn(submit_until_told(link.clone(), Arc::clone(&going))))
        .collect();
    let sensors = Sensors::start(publisher(broker.port()), Arc::clone(&going));

    let reports = reports(&park, Arc::clone(&going));

    let (slowest, early) = kill_often(&mut park).await;
    going.store(false, Ordering::Relaxed);
    let reports = reports.join().unwrap();
    let published = sensors.finish();
    let mut kept = Vec::new();
    for lane in lanes {
        kept.extend(lane.await.unwrap());
    }
    assert!(kept.len() > 50, "{} receipts are no load", kept.len());
    assert!(published > 50, "{published} readings are no load");
    assert!(reports > 0, "no report was pulled");

    for asked in kept.chunks(100) {
        let again = ask(
            &link,
            &asked.iter().map(|(bytes, _)| bytes).collect::<Vec<_>>(),
        )
        .await;
        let first: Vec<&Receipt> = asked.iter().map(|(_, receipt)| receipt).collect();
        assert_eq!(again.unwrap().iter().collect::<Vec<_>>(), first);
    }
    let journal = park.data().join("journal");
    wait_drained(&journal, published).await;
    assert_eq!(park.terminate(), Some(0), "{}", park.log());

    let records = records(&journal);
    every_receipt_holds(&records, &kept);
    let readings = readings(&records);
    let lost = (0..published).filter(|number| !readings.contains_key(number));
    assert_eq!(lost.collect::<Vec<_>>(), Vec::<u64>::new(), "lost readings");
    let twice = readings.iter().filter(|(_, times)| **times != 1);
    assert_eq!(twice.count(), 0, "readings that are there twice");
    verify_and_replay(&park, &journal);
    println!(
        "{} kills ({early} before the park was up), {} receipts, {published} readings, {reports} reports, {} entries; \
         slowest start {} ms, all in {} s",
        kills(),
        kept.len(),
        records.len(),
        slowest.as_millis(),
        began.elapsed().as_secs()
    );
}

/// Kills and restarts; every fifth time while the park is still starting. Returns the slowest start
/// and how many kills came before a park was up.
async fn kill_often(park: &mut Park) -> (Duration, u64) {
    let mut random = seed();
    let (mut slowest, mut early) = (Duration::ZERO, 0);
    for kill in 1..=kills() {
        if kill % 5 == 0 {
            early += 1;
            tokio::time::sleep(Duration::from_millis(next(&mut random) % 300)).await;
        } else {
            let start = Instant::now();
            park.wait_until_healthy();
            slowest = slowest.max(start.elapsed());
            tokio::time::sleep(Duration::from_millis(next(&mut random) % 800)).await;
        }
        park.kill_and_restart();
    }
    park.wait_until_healthy();
    (slowest, early)
}

/// The next number of a seeded row (SplitMix64).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Builds and pulls reports for as long as it goes; how many were pulled and verified.
fn reports(park: &Park, going: Arc<AtomicBool>) -> std::thread::JoinHandle<u64> {
    let mut build = Command::new(program());
    build
        .args([
            "report", "build", "--report", "RPT-01", "--so-far", "--config",
        ])
        .arg(park.data().join("park.toml"));
    let mut pull = Command::new(program());
    pull.args(["pull", "report", "--type", "RPT-01", "--url"])
        .arg(format!("{}/soap/regulator", park.exchange()))
        .arg("--certs")
        .arg(park.data().join("certs/regulator-1"))
        .arg("--trust")
        .arg(park.data().join("certs/ca"))
        .arg("--out")
        .arg(park.scratch().join("pulled"));
    std::thread::spawn(move || {
        let mut pulled = 0;
        while going.load(Ordering::Relaxed) {
            // Either may meet a hub that is down; what it does say must hold.
            build.output().unwrap();
            pulled += u64::from(pull.output().unwrap().status.success());
        }
        pulled
    })
}

/// Readings published one after the other, each with the next number as its id and value.
struct Sensors {
    publisher: Child,
    writing: std::thread::JoinHandle<u64>,
}

impl Sensors {
    fn start(mut command: Command, going: Arc<AtomicBool>) -> Self {
        let mut publisher = command
            .args(["-t", "sensors/GW-01/S-01", "-l"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = publisher.stdin.take().unwrap();
        let writing = std::thread::spawn(move || {
            let mut number = 0;
            while going.load(Ordering::Relaxed) {
                let now = SystemClock.now();
                writeln!(
                    lines,
                    "{{\"id\":\"{number}\",\"time\":\"{now}\",\"values\":[{{\"point\":\"pressure\",\"value\":{number},\"unit\":\"kPa\"}}]}}"
                )
                .unwrap();
                number += 1;
                std::thread::sleep(Duration::from_millis(50));
            }
            number
        });
        Self { publisher, writing }
    }

    /// Waits until the broker has confirmed all; returns how many there are.
    fn finish(mut self) -> u64 {
        let published = self.writing.join().unwrap();
        assert!(self.publisher.wait().unwrap().success());
        published
    }
}

/// The link of `enterprise-1` to its park.
fn enterprise(park: &Park) -> Link {
    let certs = park.data().join("certs");
    let trust = Arc::new(TrustStore::load(&certs.join("ca")).unwrap());
    let chain = certs.join("enterprise-1/chain.pem");
    let key = certs.join("enterprise-1/key.pem");
    let tls = tls::client_config(
        Arc::clone(&trust),
        Some(TlsKey::load(&chain, &key).unwrap()),
        Expect::Roles(vec![Role::Hub]),
    )
    .unwrap();
    let options = LinkOptions {
        url: format!("{}/soap/enterprise", park.exchange()),
        tls,
        timeout: Duration::from_secs(10),
    };
    let signer = Arc::new(Signer::load(&chain, &key).unwrap());
    Link::new(options, signer, trust, Arc::new(SystemClock))
}

/// Submits message after message, each until it is answered, and keeps bytes and receipts.
async fn submit_until_told(link: Link, going: Arc<AtomicBool>) -> Vec<(Vec<u8>, Receipt)> {
    let mut kept = Vec::new();
    while going.load(Ordering::Relaxed) {
        let message = on_duty();
        let receipt = loop {
            match ask(&link, &[&message]).await {
                Ok(mut receipts) => break receipts.remove(0),
                Err(LinkError::Unreachable(_)) => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(error) => panic!("{error}"),
            }
        };
        kept.push((message, receipt));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    kept
}

/// Receipts for these messages; a refusal is a failure of the test.
async fn ask(link: &Link, messages: &[&Vec<u8>]) -> Result<Vec<Receipt>, LinkError> {
    let mut request = b"<svc:SubmitMessages xmlns:svc=\"urn:cordon:service:1\">".to_vec();
    for message in messages {
        request.extend_from_slice(message);
    }
    request.extend_from_slice(b"</svc:SubmitMessages>");
    let answer = link.call(&request).await?;
    let response = wire::read_submit_messages_response(answer.payload().unwrap()).unwrap();
    let receipt = |answer| match answer {
        Answer::Receipt(receipt) => receipt,
        Answer::Refusal(refusal) => panic!("{refusal:?}"),
    };
    Ok(response
        .result
        .into_iter()
        .map(|result| receipt(result.answer))
        .collect())
}

/// Canonical bytes of a message with an id of its own.
fn on_duty() -> Vec<u8> {
    let now = SystemClock.now();
    let body = Body::OnDutyStatus(OnDutyStatus {
        enterprise_id: "enterprise-1".parse().unwrap(),
        area_id: None,
        required: 4,
        on_post: 3,
        persons: Vec::new(),
        observed_at: now,
    });
    let header = Header {
        message_id: MessageId::random(),
        message_type: body.message_type(),
        schema_version: SCHEMA_VERSION.to_owned(),
        park_code: "JS-DEMO".parse().unwrap(),
        sender_id: "enterprise-1".parse().unwrap(),
        recipient_id: None,
        occurred_at: now,
        sent_at: now,
        sequence: 0,
        correlation_id: None,
        source_ref: None,
        quality: Quality::Manual,
        sensitivity: Sensitivity::Internal,
        test: false,
        attested_by: None,
    };
    cordon_wire::write_message(&Message { header, body }).unwrap()
}

/// Each receipted message is there once, under the number and with the digest of its receipt.
fn every_receipt_holds(records: &[Record], kept: &[(Vec<u8>, Receipt)]) {
    let mut places: BTreeMap<[u8; 16], Vec<&Record>> = BTreeMap::new();
    let messages = records
        .iter()
        .filter(|record| record.kind == EntryKind::Message.number());
    for record in messages.filter(|record| record.sender == "enterprise-1") {
        places.entry(record.message_id).or_default().push(record);
    }
    for (_, receipt) in kept {
        let found = &places[receipt.message_id.as_bytes()];
        assert_eq!(found.len(), 1, "{receipt:?}");
        assert_eq!(found[0].number, receipt.entry_number);
        assert_eq!(found[0].digest, receipt.digest.0);
        assert_eq!(found[0].chain, receipt.chain_hash.0);
    }
    assert_eq!(
        places.len(),
        kept.len(),
        "every message was receipted in the end"
    );
}

/// The journal is clean, and stepping it again comes to the state the hub had when it stopped.
fn verify_and_replay(park: &Park, journal: &Path) {
    let verify = run(Command::new(program())
        .args(["journal", "verify", "--dir"])
        .arg(journal));
    let said = String::from_utf8_lossy(&verify.stdout).into_owned();
    assert!(said.starts_with("clean"), "{said}");
    let log = park.log();
    let stopped = log
        .lines()
        .rfind(|line| line.starts_with("stopped at entry"))
        .unwrap();
    let hash = stopped.rsplit(' ').next().unwrap();
    run(Command::new(program())
        .args(["journal", "replay", "--expect", hash, "--dir"])
        .arg(journal)
        .arg("--config")
        .arg(park.data().join("park.toml")));
}
