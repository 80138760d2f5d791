//! The adapter against a simulated plant: webhook, polling, grants.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use cordon_contract::{
    Accepted, Clock as _, Fault, Intake, Link, LinkState, Offer, Order, OrderLane, OutcomeKind,
    Running as _, Shutdown, ShutdownTrigger, SystemClock, Target,
};
use cordon_enterprise::{Config, EnterpriseAdapter, RunningEnterprise, Tls, sign};
use cordon_http::{Client, ClientOptions};
use cordon_model::{
    AccessGrant, Body, ClassLetter, Digest, Header, LifeState, Message, MessageId, MessageType,
    Plate, PlateColour, Quality, Sensitivity, SubjectKind,
};
use cordon_sim_partners::{Plant, PlantFaults, PlantSettings};
use tokio::sync::watch;

const SECRET: &str = "a secret of twenty letters";

struct Bench {
    adapter: Arc<RunningEnterprise>,
    offered: Arc<Mutex<Vec<(String, String)>>>,
    answering: watch::Sender<bool>,
    stop: ShutdownTrigger,
    task: tokio::task::JoinHandle<Result<(), Fault>>,
}

/// Runs an adapter against an intake that refuses what holds the word `refuse-me` or is no JSON.
fn run(config: &str, answering: bool) -> Bench {
    let config: Config = toml::from_str(config).unwrap();
    let adapter = EnterpriseAdapter::new(config, Tls::default())
        .unwrap_or_else(|faults| panic!("{faults:?}"));
    let (intake, mut offers) = Intake::bounded(4);
    let (stop, shutdown) = Shutdown::pair();
    let offered = Arc::new(Mutex::new(Vec::new()));
    let answering = watch::Sender::new(answering);
    let (seen, gate) = (Arc::clone(&offered), answering.subscribe());
    tokio::spawn(async move {
        while let Some(Offer {
            reading, answer, ..
        }) = offers.recv().await
        {
            let text = String::from_utf8_lossy(&reading.raw).into_owned();
            let bad = text.contains("refuse-me")
                || serde_json::from_str::<serde_json::Value>(&text).is_err();
            seen.lock()
                .unwrap()
                .push((reading.message_id.unwrap().to_string(), text));
            let mut gate = gate.clone();
            tokio::spawn(async move {
                if gate.wait_for(|open| *open).await.is_err() {
                    return;
                }
                let good = Accepted {
                    number: 7,
                    digest: Digest([1; 32]),
                    chain: Digest([2; 32]),
                    duplicate: false,
                    is_over: false,
                };
                let bad_answer = Fault::new("M011", "code is not in the table")
                    .at("PassageRecord/Direction")
                    .remedy("add the code");
                let _ = answer.send(if bad { Err(bad_answer) } else { Ok(good) });
            });
        }
    });
    let link = Link {
        intake,
        clock: Arc::new(SystemClock),
        shutdown,
    };
    let adapter = Arc::new(adapter.ready(link));
    let running = Arc::clone(&adapter);
    let task = tokio::spawn(async move { running.run().await });
    Bench {
        adapter,
        offered,
        answering,
        stop,
        task,
    }
}

impl Bench {
    fn ids(&self) -> BTreeSet<String> {
        self.offered
            .lock()
            .unwrap()
            .iter()
            .map(|(id, _)| id.clone())
            .collect()
    }

    async fn hook(&self) -> String {
        until("the webhook listens", || {
            self.adapter.webhook_address().is_some()
        })
        .await;
        format!("http://{}/events", self.adapter.webhook_address().unwrap())
    }

    async fn stop(self) {
        self.stop.pull();
        self.task.await.unwrap().unwrap();
    }
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn base(folder: &Path) -> String {
    std::fs::write(folder.join("secret"), format!("{SECRET}\n")).unwrap();
    format!(
        "name = \"plant\"\npartner = \"enterprise-1\"\nmapping = \"plant/gate/1\"\nsecret_file = \"{}\"\n",
        folder.join("secret").display()
    )
}

fn webhook(folder: &Path, more: &str) -> String {
    format!(
        "{}[webhook]\nlisten = \"127.0.0.1:0\"\n{more}\n",
        base(folder)
    )
}

async fn post(url: &str, body: &str, secret: &str, seconds_ago: i64) -> (u16, serde_json::Value) {
    let timestamp = (SystemClock.now().micros() / 1_000_000 - seconds_ago).to_string();
    let uri: http::Uri = url.parse().unwrap();
    let request = http::Request::post(url)
        .header(
            "x-cordon-signature",
            sign(secret.as_bytes(), &timestamp, uri.path(), body.as_bytes()),
        )
        .header("x-cordon-timestamp", timestamp)
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap();
    let answer = Client::new(ClientOptions::default())
        .send(request)
        .await
        .unwrap();
    (
        answer.status().as_u16(),
        serde_json::from_slice(answer.body()).unwrap(),
    )
}

#[tokio::test]
async fn a_call_is_answered_only_when_its_events_are_durable() {
    let folder = tempfile::tempdir().unwrap();
    let bench = run(&webhook(folder.path(), "answer_within_s = 1"), false);
    let url = bench.hook().await + "/passage";
    let (status, body) = post(&url, r#"{"id":"P-1"}"#, SECRET, 0).await;
    assert_eq!(status, 503, "{body}");
    assert_eq!(body["error"]["code"], "A045");
    bench.answering.send_replace(true);
    let (status, body) = post(&url, r#"{"id":"P-1"}"#, SECRET, 0).await;
    assert_eq!(
        (status, &body["events"][0]["entry"]),
        (200, &serde_json::json!(7))
    );
    assert_eq!(bench.ids().len(), 1, "the same event has the same identity");
    bench.stop().await;
}

#[tokio::test]
async fn refusals_have_code_place_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let bench = run(&webhook(folder.path(), ""), true);
    let hook = bench.hook().await;
    let url = format!("{hook}/passage");
    let (status, body) = post(&url, r#"{"id":"refuse-me"}"#, SECRET, 0).await;
    assert_eq!(status, 422);
    let error = &body["events"][0]["error"];
    assert_eq!(
        (error["code"].as_str(), error["place"].as_str()),
        (Some("M011"), Some("PassageRecord/Direction"))
    );
    assert_eq!(error["remedy"], "add the code");
    let (status, body) = post(
        &url,
        r#"[{"id":"P-1"},{"id":"refuse-me"},{"id":"P-2"}]"#,
        SECRET,
        0,
    )
    .await;
    assert_eq!((status, body["events"].as_array().unwrap().len()), (207, 3));
    assert_eq!(post(&url, "no json", SECRET, 0).await.0, 422);
    let before = bench.offered.lock().unwrap().len();
    assert_eq!(
        post(&url, "{}", "a secret of somebody else", 0).await.0,
        401
    );
    assert_eq!(
        post(&url, "{}", SECRET, 301).await.1["error"]["code"],
        "A042"
    );
    assert_eq!(post(&format!("{hook}/a/b"), "{}", SECRET, 0).await.0, 404);
    let queried = post(&format!("{url}?a=b"), "{}", SECRET, 0).await;
    assert_eq!(
        (queried.0, &queried.1["error"]["code"]),
        (400, &"A047".into())
    );
    assert_eq!(
        post(&url, &format!("[{}1]", "1,".repeat(500)), SECRET, 0)
            .await
            .0,
        413
    );
    assert_eq!(
        bench.offered.lock().unwrap().len(),
        before,
        "nothing of a refused call goes in"
    );
    bench.stop().await;
}

fn plant(webhook: Option<String>, faults: PlantFaults) -> PlantSettings {
    PlantSettings {
        name: "E1".to_owned(),
        port: 0,
        webhook,
        secret: SECRET.to_owned(),
        period_ms: 10,
        seed: 3,
        faults,
    }
}

#[tokio::test]
async fn a_plant_with_all_faults_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let bench = run(&webhook(folder.path(), ""), true);
    let hook = bench.hook().await;
    let faults = PlantFaults {
        wrong_signature_percent: 10,
        duplicate_percent: 20,
        garbage_percent: 10,
        odd_code_percent: 10,
        old_clock_percent: 10,
        grants_fail_first: 0,
    };
    let plant = Plant::start(plant(Some(hook), faults)).await.unwrap();
    until("100 calls", || plant.counts().calls >= 100).await;
    let counts = plant.counts();
    assert!(counts.accepted > 30 && counts.refused > 5, "{counts:?}");
    assert!(
        bench.ids().len() < bench.offered.lock().unwrap().len(),
        "duplicates keep their identity"
    );
    bench.stop().await;
}

#[tokio::test]
async fn polling_takes_everything_and_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let plant = Plant::start(plant(None, PlantFaults::default()))
        .await
        .unwrap();
    let cursor = folder.path().join("cursor");
    let config = format!(
        "{}[poll]\nurl = \"http://{}/list?after={{cursor}}\"\nevent = \"passage\"\nevery_s = 1\ncursor_file = \"{}\"\n",
        base(folder.path()),
        plant.address(),
        cursor.display()
    );
    let bench = run(&config, true);
    until("20 events", || bench.ids().len() >= 20).await;
    // The cursor moves after the whole page is in the journal, a moment after its last event.
    until("the cursor is kept", || cursor.exists()).await;
    assert_eq!(bench.adapter.health()[0].state, LinkState::Online);
    bench.stop().await;
    let position = std::fs::read_to_string(&cursor).unwrap();
    let bench = run(&config, true);
    until("more events", || bench.ids().len() >= 10).await;
    let first = bench.offered.lock().unwrap()[0].1.clone();
    let ids = plant.event_ids();
    let next = ids.iter().position(|id| *id == position).unwrap() + 1;
    assert!(
        first.contains(&format!("\"{}\"", ids[next])),
        "{first} after {position}"
    );
    bench.stop().await;
}

/// The cursor was synced on a thread of the runtime: on this one, which has no other, everything stood.
#[tokio::test]
async fn a_disk_of_the_cursor_that_hangs_holds_up_the_polling_alone() {
    let folder = tempfile::tempdir().unwrap();
    let plant = Plant::start(plant(None, PlantFaults::default()))
        .await
        .unwrap();
    // A pipe in the file's place: whoever opens it hangs until the other end is open.
    let beside = folder.path().join("kept.new");
    let made = std::process::Command::new("mkfifo").arg(&beside).status();
    assert!(made.unwrap().success());
    let cursor = folder.path().join("kept.cursor");
    let config = format!(
        "{}[poll]\nurl = \"http://{}/list?after={{cursor}}\"\nevent = \"passage\"\nevery_s = 1\ncursor_file = \"{}\"\n",
        base(folder.path()),
        plant.address(),
        cursor.display()
    );
    let bench = run(&config, true);
    until("it is told", || bench.adapter.trouble().is_some()).await;
    assert_eq!(bench.adapter.trouble().unwrap().code(), "A056");
    assert_eq!(bench.adapter.health()[0].state, LinkState::Online);
    assert!(!cursor.exists());
    // A pipe cannot be synced: the adapter ends with that, and would be run again.
    let both_ends = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(beside);
    let ended = bench.task.await.unwrap();
    assert_eq!(ended.unwrap_err().code(), "A046");
    assert_eq!(bench.adapter.trouble(), None);
    drop(both_ends.unwrap());
}

#[tokio::test]
async fn grants_are_pushed_once_and_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let faults = PlantFaults {
        grants_fail_first: 1,
        ..PlantFaults::default()
    };
    let plant = Plant::start(plant(None, faults)).await.unwrap();
    let config = format!(
        "{}[push]\nurl = \"http://{}/grants\"\n",
        base(folder.path()),
        plant.address()
    );
    let bench = run(&config, true);
    let order = grant(60);
    assert_eq!(
        bench.adapter.execute(order.clone()).await.kind,
        OutcomeKind::Failed
    );
    assert_eq!(
        bench.adapter.execute(order.clone()).await.kind,
        OutcomeKind::Confirmed
    );
    assert_eq!(
        bench.adapter.execute(order.clone()).await.kind,
        OutcomeKind::Confirmed
    );
    let counts = plant.counts();
    assert_eq!((counts.grants.len(), counts.repeated), (1, 1));
    assert_eq!(
        counts.grants[0].0,
        order.message.header.message_id.to_string()
    );
    assert_eq!(
        bench.adapter.execute(grant(-1)).await.kind,
        OutcomeKind::Expired
    );
    let other = Order {
        target: Target::partner("enterprise-2"),
        ..grant(60)
    };
    assert_eq!(
        bench.adapter.execute(other).await.kind,
        OutcomeKind::Refused
    );
    bench.stop().await;
}

fn grant(seconds: i64) -> Order {
    let now = SystemClock.now();
    let body = AccessGrant {
        grant_id: "G-1".to_owned(),
        class_letter: ClassLetter::F,
        subject_kind: SubjectKind::VehFreight,
        plate: Some(Plate {
            number: "苏B12345".parse().unwrap(),
            colour: PlateColour::Yellow,
        }),
        trailer_plate: None,
        etag_epc: None,
        person_id: None,
        person_id_document: None,
        enterprise_id: "enterprise-1".parse().unwrap(),
        gates: Vec::new(),
        lanes: Vec::new(),
        areas: Vec::new(),
        valid_from: now,
        valid_to: now.plus_seconds(3_600),
        waybill_ref: None,
        manifest_ref: None,
        checks_passed: None,
        max_stay_minutes: None,
        state: LifeState::Active,
    };
    let header = Header {
        message_id: MessageId::random(),
        message_type: MessageType::AccessGrant,
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
        number: 1,
        target: Target::partner("enterprise-1"),
        lane: OrderLane::Routine,
        deadline: now.plus_seconds(seconds),
        epoch: 1,
        attempt: 0,
        turn: 0,
        message: Arc::new(Message {
            header,
            body: Body::AccessGrant(body),
        }),
    }
}

#[test]
fn bad_configurations_are_refused_with_place_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let open =
        "name = \"p\"\npartner = \"e\"\nmapping = \"a/b/c\"\n[webhook]\nlisten = \"127.0.0.1:0\"\n";
    let wide = format!("{}[webhook]\nlisten = \"0.0.0.0:9\"\n", base(folder.path()));
    for (text, words) in [
        (open, "anybody could call"),
        (wide.as_str(), "beyond loopback"),
        (
            "name = \"p\"\npartner = \"e\"\nmapping = \"a\"\n",
            "nothing to do",
        ),
    ] {
        let config: Config = toml::from_str(text).unwrap();
        let Err(faults) = EnterpriseAdapter::new(config, Tls::default()) else {
            panic!("{words}")
        };
        assert!(
            faults.iter().any(|fault| fault.to_string().contains(words)),
            "{faults:?}"
        );
    }
    assert!(
        toml::from_str::<Config>("name = \"p\"\npartner = \"e\"\nmapping = \"a/b/c\"\ncolour = 1")
            .is_err()
    );
}
