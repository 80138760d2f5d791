//! A restart changes nothing that is shown or answered: page, alarms and grants are the same before and after.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use bytes::Bytes;
use cordon_contract::{Clock as _, SystemClock};
use cordon_http::{Client, ClientOptions};
use cordon_interop::{Faults, Head, Park, fresh_id, message, message_file, moment, program, said};
use cordon_model::service::{QueryGrants, QueryGrantsResponse};
use cordon_security::tls::{self, Expect, TlsKey};
use cordon_security::wsse::{self, Policy, SoapVersion};
use cordon_security::{Role, Signer, TrustStore};
use cordon_wire::service as wire;
use serde_json::{Value, json};

fn say(park: &Park, kind: &str, fields: &str) -> PathBuf {
    let id = fresh_id();
    let text = message(Head::of("enterprise-1"), &id, kind, fields);
    message_file(park.scratch(), &id, &text)
}

fn grant(park: &Park, number: usize, state: &str) -> PathBuf {
    let fields = format!(
        "<c:GrantId>G-{number}</c:GrantId><c:ClassLetter>F</c:ClassLetter>\
         <c:SubjectKind>VEH_FREIGHT</c:SubjectKind><c:Plate><c:Number>苏Q{number:05}</c:Number>\
         <c:Colour>YELLOW</c:Colour></c:Plate><c:EnterpriseId>enterprise-1</c:EnterpriseId>\
         <c:Gates>G-03</c:Gates><c:ValidFrom>{}</c:ValidFrom><c:ValidTo>{}</c:ValidTo>\
         <c:State>{state}</c:State>",
        moment(-60),
        moment(3_600)
    );
    say(park, "AccessGrant", &fields)
}

fn alarm(park: &Park, number: usize, level: &str) -> PathBuf {
    let fields = format!(
        "<c:AlarmId>A-{number}</c:AlarmId><c:AlarmCode>FIRE</c:AlarmCode><c:AlarmLevel>{level}</c:AlarmLevel>\
         <c:State>RAISED</c:State><c:OccurredAt>{}</c:OccurredAt><c:EnterpriseId>enterprise-1</c:EnterpriseId>\
         <c:Description>仓库 {number} 号火警</c:Description>",
        moment(-5)
    );
    say(park, "AlarmEvent", &fields)
}

/// What `enterprise-1` is answered to a question for its grants.
async fn grants(park: &Park) -> QueryGrantsResponse {
    let certs = park.data().join("certs");
    let own = certs.join("enterprise-1");
    let (chain, key) = (own.join("chain.pem"), own.join("key.pem"));
    let trust = Arc::new(TrustStore::load(&certs.join("ca")).unwrap());
    let tls_key = TlsKey::load(&chain, &key).unwrap();
    let hub = Expect::Roles(vec![Role::Hub]);
    let client = Client::new(ClientOptions {
        tls: Some(tls::client_config(Arc::clone(&trust), Some(tls_key), hub).unwrap()),
        ..ClientOptions::default()
    });
    let asked = wire::write_query_grants(&QueryGrants {
        enterprise_id: None,
        state: None,
        plate: None,
        after: None,
        limit: None,
    });
    let signer = Signer::load(&chain, &key).unwrap();
    let now = SystemClock.now();
    let signed = wsse::sign(&signer, SoapVersion::V12, [], asked.unwrap(), now).unwrap();
    let request = http::Request::post(format!("{}/soap/enterprise", park.exchange()))
        .header("content-type", SoapVersion::V12.content_type())
        .body(Bytes::from(signed))
        .unwrap();
    let answer = client.send(request).await.unwrap().into_body();
    let policy = Policy::new(&[Role::Hub]).without_replay_guard();
    let answer = wsse::verify(Vec::from(answer), &trust, &policy, now).unwrap();
    wire::read_query_grants_response(answer.payload().unwrap()).unwrap()
}

/// All that the page and the list of alarms say, without what is of one run of the program or of its start.
fn shown(park: &Park) -> (Value, Value) {
    let mut view = park.view();
    let fields = view.as_object_mut().unwrap();
    for of_run in [
        "figures",
        "devices",
        "decision_p99_ms",
        "entries",
        "expiring",
    ] {
        assert!(fields.remove(of_run).is_some(), "{of_run}");
    }
    // A start writes audits, an alarm is told, and each minute somebody is counted.
    let messages = fields["messages"].as_object_mut().unwrap();
    messages.retain(|kind, _| ["AccessGrant", "AlarmEvent"].contains(&kind.as_str()));
    (view, park.json("/api/alarms?limit=1000"))
}

fn metric(park: &Park, name: &str) -> Option<u64> {
    let text = park.get("/metrics")?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.map(|value| value.trim().parse().unwrap())
}

/// Everything that is durable is in the records.
fn until_recorded(park: &Park) {
    park.until("the records are at the end of the journal", || {
        metric(park, "cordon_records_behind_entries ") == Some(0)
            && metric(park, "cordon_records_entries ").is_some_and(|number| number > 0)
    });
}

type Said = ((Value, Value), QueryGrantsResponse);

fn same(before: &Said, after: &Said) {
    let fields = before.0.0.as_object().unwrap();
    for (name, value) in fields {
        assert_eq!(after.0.0[name], *value, "{name}");
    }
    assert_eq!(after, before);
}

/// The file of records, and its log, which alone would hold all of so few rows.
fn lose(park: &Park) {
    for ending in ["", "-wal", "-shm"] {
        let file = park.data().join(format!("records.sqlite{ending}"));
        if file.exists() {
            std::fs::remove_file(file).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_and_a_lost_file_change_nothing_that_is_shown_or_answered() {
    let scratch = tempfile::tempdir().unwrap();
    let mut park = Park::start_under(|data| {
        // The disk that the test runs on has a say in the alarms otherwise.
        let disk = Faults::new(scratch.path(), data);
        disk.free_bytes(1 << 42);
        disk.envs()
    });
    for number in 0..12 {
        let file = grant(&park, number, "ACTIVE");
        let words = said(&park.submit("enterprise-1", &[file]));
        assert!(words.contains("accepted 1"), "{words}");
        // Asked right after the receipt.
        let answer = grants(&park).await;
        let newest = format!("G-{number}");
        assert!(
            answer.grant.iter().any(|grant| grant.grant_id == newest),
            "{newest} is not there: {} are",
            answer.grant.len()
        );
    }
    let files = [
        grant(&park, 3, "WITHDRAWN"),
        alarm(&park, 1, "RED"),
        alarm(&park, 2, "YELLOW"),
    ];
    let words = said(&park.submit("enterprise-1", &files));
    assert!(words.contains("accepted 3"), "{words}");
    // Of another's vehicle.
    let text = std::fs::read_to_string(grant(&park, 90, "ACTIVE")).unwrap();
    let id = fresh_id();
    let text = text.replace(
        "<c:EnterpriseId>enterprise-1</c:EnterpriseId>",
        "<c:EnterpriseId>enterprise-2</c:EnterpriseId>",
    );
    let refused = message_file(park.scratch(), &id, &text);
    let words = said(&park.submit("enterprise-1", &[refused]));
    assert!(words.contains("refused 1"), "{words}");
    park.until("both alarms are open", || {
        park.view()["open_alarms"].as_u64() >= Some(2)
    });
    let answer = park.post("/api/acknowledge", r#"{"alarm":"A-1"}"#).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    until_recorded(&park);
    let before = (shown(&park), grants(&park).await);
    assert_eq!(before.1.grant.len(), 12);
    assert_eq!(before.0.0["refused"], json!(1), "{}", before.0.0);
    for is_lost in [false, true, false] {
        park.kill();
        if is_lost {
            lose(&park);
        }
        park.start_again();
        park.wait_until_healthy();
        until_recorded(&park);
        same(&before, &(shown(&park), grants(&park).await));
    }
    // One that is no records at all is set aside, and the log says so.
    park.kill();
    lose(&park);
    std::fs::write(park.data().join("records.sqlite"), "no records").unwrap();
    park.start_again();
    park.wait_until_healthy();
    until_recorded(&park);
    same(&before, &(shown(&park), grants(&park).await));
    let log = park.log();
    assert!(log.contains("J073"), "{log}");
    assert!(log.contains("the records are built again"), "{log}");
}

/// What `cordon records ask` gives, and its exit code.
fn ask(park: &Park, rest: &[&str]) -> (Option<i32>, Value, String) {
    let config = park.data().join("park.toml");
    let mut command = Command::new(program());
    command
        .args(["records", "ask"])
        .args(rest)
        .arg("--config")
        .arg(config);
    let output = command.args(["--format", "json"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let answer = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code(), answer, told)
}

fn registered(park: &Park, state: &str) -> PathBuf {
    let fields = format!(
        "<c:RegistrationId>REG-1</c:RegistrationId><c:Plate><c:Number>苏Q00001</c:Number><c:Colour>YELLOW</c:Colour>\
         </c:Plate><c:SubjectKind>VEH_FREIGHT</c:SubjectKind><c:EnterpriseId>enterprise-1</c:EnterpriseId>\
         <c:ValidFrom>{}</c:ValidFrom><c:ValidTo>{}</c:ValidTo><c:State>{state}</c:State>",
        moment(-60),
        moment(3_600)
    );
    say(park, "VehicleRegistration", &fields)
}

/// Beside the hub that writes them, and when none runs.
#[test]
fn the_park_is_asked_as_it_was_and_as_it_is() {
    let mut park = Park::start();
    let submit = |state: &str| {
        let words = said(&park.submit("enterprise-1", &[registered(&park, state)]));
        assert!(words.contains("accepted 1"), "{words}");
    };
    submit("ACTIVE");
    until_recorded(&park);
    let plate = ["registrations", "--plate", "苏Q00001"];
    let (code, active, told) = ask(&park, &plate);
    assert_eq!(code, Some(0), "{told}");
    let row = &active["rows"][0];
    assert_eq!(
        (&row["state"], &row["until"]),
        (&json!("ACTIVE"), &Value::Null)
    );
    submit("SUSPENDED");
    until_recorded(&park);
    for is_running in [true, false] {
        if !is_running {
            park.kill();
        }
        let then = row["from"].as_str().unwrap();
        let asked = [&plate[..], &["--at", then]].concat();
        let (_, answer, told) = ask(&park, &asked);
        assert_eq!(answer["rows"][0]["state"], json!("ACTIVE"), "{told}");
        let asked = [&plate[..], &["--at", "now"]].concat();
        let (_, answer, told) = ask(&park, &asked);
        assert_eq!(answer["rows"][0]["state"], json!("SUSPENDED"), "{told}");
        assert_eq!(answer["rows"].as_array().unwrap().len(), 1);
        let (_, page, _) = ask(&park, &[&plate[..], &["--limit", "1"]].concat());
        let next = page["next"].as_str().unwrap();
        let (_, rest, _) = ask(&park, &[&plate[..], &["--after", next]].concat());
        assert_eq!(rest["rows"][0]["state"], json!("ACTIVE"));
        assert_eq!(rest["rows"].as_array().unwrap().len(), 1);
    }
    let code = |rest: &[&str]| ask(&park, rest).0;
    assert_eq!(code(&["visits", "--state", "INSIDE"]), Some(0));
    assert_eq!(code(&["occupancy", "--plate", "苏Q00001"]), Some(2));
    assert_eq!(code(&["visits", "--at", "yesterday"]), Some(2));
    assert_eq!(code(&["visits", "--limit", "0"]), Some(2));
    lose(&park);
    assert_eq!(code(&["visits"]), Some(66));
}
