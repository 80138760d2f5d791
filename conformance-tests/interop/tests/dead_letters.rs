//! What could not be delivered is listed by the program, and arrives after the other side was put right.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

mod stand_in;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use cordon_contract::{BoxFuture, Clock as _, SystemClock};
use cordon_http::{Handler, Request, Response};
use cordon_interop::{Park, change_config, node_script, program, run, run_json, said, system};
use cordon_model::MessageId;
use serde_json::{Value, json};
use stand_in::StandIn;

/// A duty room and a provincial platform behind one address; both answer as told.
struct Outside {
    status: AtomicU16,
    /// Path and idempotency key of what was taken.
    taken: Mutex<Vec<(String, String)>>,
}

impl Handler for Outside {
    fn handle(&self, request: Request) -> BoxFuture<'_, Response> {
        Box::pin(async move {
            let status = self.status.load(Ordering::SeqCst);
            if status < 300 {
                let key = request.http.headers().get("idempotency-key");
                let key = key.map_or("", |key| key.to_str().unwrap()).to_owned();
                let path = request.http.uri().path().to_owned();
                self.taken.lock().unwrap().push((path, key));
            }
            http::Response::builder()
                .status(status)
                .body(bytes::Bytes::from_static(b"not today"))
                .unwrap()
        })
    }
}

impl Outside {
    fn took(&self, path: &str) -> Vec<String> {
        let taken = self.taken.lock().unwrap();
        let here = taken.iter().filter(|(at, _)| at == path);
        here.map(|(_, key)| key.clone()).collect()
    }
}

/// Everything goes to the duty room; a report is pushed every second.
fn add_partners(data: &Path, outside: &StandIn) {
    let routes = "receivers = [\"duty-room\"]\n[route]\nreceivers = [\"duty-room\"]\n";
    std::fs::write(data.join("routes.toml"), routes).unwrap();
    let more = format!(
        r#"
[alarms]
routes = "routes.toml"

[[notify]]
name = "receivers"
[[notify.webhook]]
receiver = "duty-room"
url = "{}"

[reports]
[[reports.build]]
report = "RPT-01"
granularity = "ON_DEMAND"
schedule = {{ every_s = 3600 }}

[[plan.devices]]
id = "PROV-01"
kind = "GATEWAY"

[[regulator]]
name = "province"
platform = "PROV-01"
url = "{}"
ledger_file = "province.ledger"
[[regulator.job]]
report = "RPT-01"
schedule = {{ every_s = 1 }}
"#,
        outside.url("/alarms"),
        outside.url("/reports")
    );
    change_config(data, &[], &more);
}

/// A red alarm in the name of `enterprise-1`; red alarms do not wait for others, and one of another
/// code is a notification of its own.
fn alarm(park: &Park, code: &str) -> PathBuf {
    let id = MessageId::random();
    let now = SystemClock.now();
    let text = format!(
        "<c:Message xmlns:c=\"urn:cordon:park:1\"><c:Header>\
         <c:MessageId>{id}</c:MessageId><c:MessageType>AlarmEvent</c:MessageType>\
         <c:SchemaVersion>1.0</c:SchemaVersion><c:ParkCode>JS-DEMO</c:ParkCode><c:SenderId>enterprise-1</c:SenderId>\
         <c:OccurredAt>{now}</c:OccurredAt><c:SentAt>{now}</c:SentAt><c:Sequence>1</c:Sequence>\
         <c:Quality>MEASURED</c:Quality><c:Sensitivity>INTERNAL</c:Sensitivity><c:Test>false</c:Test></c:Header>\
         <c:Body><c:AlarmEvent><c:AlarmId>AL-{code}</c:AlarmId><c:AlarmCode>{code}</c:AlarmCode><c:AlarmLevel>RED</c:AlarmLevel>\
         <c:State>RAISED</c:State><c:OccurredAt>{now}</c:OccurredAt><c:Description>tank 4</c:Description>\
         </c:AlarmEvent></c:Body></c:Message>"
    );
    let file = park.scratch().join(format!("{code}.xml"));
    std::fs::write(&file, text).unwrap();
    file
}

/// `cordon outbox` with these words.
fn outbox(park: &Park, words: &[&str]) -> Output {
    let mut command = Command::new(program());
    command.arg("outbox").args(words);
    command.arg("--config").arg(park.data().join("park.toml"));
    command.output().unwrap()
}

fn dead_letters(park: &Park) -> Vec<Value> {
    let list = run(Command::new(program())
        .args(["outbox", "list", "--format", "json", "--console"])
        .arg(park.console()));
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    list["dead_letters"].as_array().unwrap().clone()
}

fn ids(letters: &[Value]) -> Vec<String> {
    let ids = letters.iter().map(|letter| letter["id"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

#[test]
fn what_was_refused_is_listed_and_arrives_after_the_repair() {
    let outside = Arc::new(Outside {
        status: AtomicU16::new(422),
        taken: Mutex::default(),
    });
    let served = StandIn::start(outside.clone());
    let mut park = Park::start_with(|data| add_partners(data, &served));
    for code in ["FIRE", "PERIMETER_INTRUSION"] {
        let answer = park.submit("enterprise-1", &[alarm(&park, code)]);
        assert!(answer.status.success(), "{}", said(&answer));
    }

    // Both kinds stand in one list: the order of the outbox, and the push of the adapter.
    let orders = park.until_some("the alarms are dead letters", || {
        let letters = dead_letters(&park).into_iter();
        let orders: Vec<Value> = letters
            .filter(|letter| letter["source"] == "outbox")
            .collect();
        (orders.len() == 2).then_some(orders)
    });
    let order = &orders[0];
    assert_eq!(order["target"], "receiver:duty-room", "{order}");
    assert_eq!(order["kind"], "AlarmEvent", "{order}");
    assert_eq!(order["lane"], "ROUTINE", "{order}");
    assert!(order["deadline"].is_string(), "{order}");
    let report = park.until_some("the report is a dead letter", || {
        let letters = dead_letters(&park);
        letters
            .into_iter()
            .find(|letter| letter["source"] == "regulator-push")
    });
    assert_eq!(report["target"], "partner:PROV-01", "{report}");
    assert_eq!(report["kind"], "ReportDocument", "{report}");
    let (number, name) = (
        order["id"].as_str().unwrap(),
        report["id"].as_str().unwrap(),
    );
    assert!(name.starts_with("province:RPT-01"), "{name}");
    let health = park.get("/healthz").unwrap();
    assert!(health.contains("deliveries were given up"), "{health}");
    let list = said(&outbox(&park, &["list"]));
    assert!(
        list.contains(&format!("dead {number} ")) && list.contains("422"),
        "{list}"
    );

    // Nothing changes as long as the other side is as it was, and nothing is made up.
    let again = outbox(&park, &["rerun", name, "999999"]);
    assert_eq!(again.status.code(), Some(1), "{}", said(&again));
    assert!(
        said(&again).contains("A055") && said(&again).contains("F009"),
        "{}",
        said(&again)
    );
    assert!(ids(&dead_letters(&park)).contains(&name.to_owned()));
    assert_eq!(outside.took("/reports"), Vec::<String>::new());

    outside.status.store(204, Ordering::SeqCst);
    let pressed = ids(&orders).pop().unwrap();
    let seen = run_json(
        node_script("node/outbox_page.js")
            .arg(park.console())
            .arg(system("chromium"))
            .arg(&pressed),
    );
    println!("browser: {}", seen["version"].as_str().unwrap());
    assert_eq!(seen["errors"], json!([]), "{seen}");
    assert_eq!(seen["chinese"], json!(["未送达", "重新发送"]), "{seen}");
    assert_eq!(
        seen["english"],
        json!(["Dead letters", "Send again"]),
        "{seen}"
    );
    assert_eq!(seen["notice"], "sent again", "{seen}");
    let again = outbox(&park, &["rerun", number, name, "--as", "duty officer"]);
    assert_eq!(again.status.code(), Some(0), "{}", said(&again));
    park.until("both alarms have arrived", || {
        outside.took("/alarms").len() == 2
    });
    let key = name.trim_start_matches("province:").replace(':', "/");
    assert!(
        outside
            .took("/reports")
            .iter()
            .any(|took| took.starts_with(&key)),
        "{key}"
    );
    // Versions that were refused meanwhile are letters of their own.
    park.until("nothing is left", || {
        let left = ids(&dead_letters(&park));
        let words: Vec<&str> = left.iter().map(String::as_str).collect();
        outbox(&park, &[&["rerun"], words.as_slice()].concat());
        left.is_empty()
    });
    let metrics = park.get("/metrics").unwrap();
    assert!(metrics.contains("\ncordon_dead_letters 0\n"), "{metrics}");
    let health = park.get("/healthz").unwrap();
    assert!(!health.contains("given up"), "{health}");
    let twice = outbox(&park, &["rerun", number]);
    assert_eq!(twice.status.code(), Some(1), "{}", said(&twice));

    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let journal = park.bodies();
    for words in [
        "order.rerun",
        "asked by duty officer",
        "letter.rerun",
        "letter.failed",
        "letter.confirmed",
    ] {
        assert!(journal.contains(words), "{words}");
    }
    let without = outbox(&park, &["list"]);
    assert_eq!(without.status.code(), Some(69), "{}", said(&without));
    assert!(
        said(&without).contains("the hub must run"),
        "{}",
        said(&without)
    );
}
