//! A plant's own system calls the hub's webhook: what an event's id stands for does not change.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use bytes::Bytes;
use cordon_contract::{Clock as _, SystemClock};
use cordon_http::{Client, ClientOptions};
use cordon_interop::{Park, change_config, run, ship};
use serde_json::Value;

const SECRET: &str = "a secret of twenty letters";

/// Free again when it is told.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A webhook for `enterprise-1` on this port.
fn add_webhook(data: &Path, port: u16) {
    ship(data, "plant/gate/1");
    let secret = data.join("plant-secret");
    std::fs::write(&secret, SECRET).unwrap();
    run(Command::new("chmod").arg("600").arg(&secret));
    let more = format!(
        r#"
[[plan.devices]]
id = "enterprise-1"
kind = "GATEWAY"

[[enterprise]]
name = "plant-one"
partner = "enterprise-1"
mapping = "plant/gate/1"
secret_file = "plant-secret"
[enterprise.webhook]
listen = "127.0.0.1:{port}"
"#
    );
    change_config(data, &[], &more);
}

/// Posts a signed event to an address below `/events/`; status and the answer to it.
async fn post(port: u16, address: &str, event: &str) -> (u16, Value) {
    let now = (SystemClock.now().micros() / 1_000_000).to_string();
    let path = format!("/events/{address}");
    let signed = path.split('?').next().unwrap();
    let signature = cordon_enterprise::sign(SECRET.as_bytes(), &now, signed, event.as_bytes());
    let request = http::Request::post(format!("http://127.0.0.1:{port}{path}"))
        .header("x-cordon-signature", signature)
        .header("x-cordon-timestamp", now)
        .body(Bytes::copy_from_slice(event.as_bytes()))
        .unwrap();
    let client = Client::new(ClientOptions::default());
    let answer = client.send(request).await.unwrap();
    let body: Value = serde_json::from_slice(answer.body()).unwrap();
    let told = if body["events"].is_null() {
        &body
    } else {
        &body["events"][0]
    };
    (answer.status().as_u16(), told.clone())
}

fn on_duty(id: &str, time: &str, on_post: u8) -> String {
    format!(
        "{{\"id\":\"{id}\",\"area\":\"A-CORE\",\"required\":3,\"onPost\":{on_post},\"time\":\"{time}\"}}"
    )
}

/// So many seconds from now as a plant writes it.
fn local(ahead_s: i64) -> String {
    let at = SystemClock.now().plus_seconds(ahead_s).to_string();
    at[..19].replace('T', " ")
}

fn vehicle(status: u8, valid_to: &str) -> String {
    format!(
        "{{\"id\":\"V-77\",\"carNumb\":\"苏BD12345\",\"colour\":4,\"type\":\"car\",\"companyName\":\"某某化工\",\
         \"validFrom\":\"2026-01-01 00:00:00\",\"validTo\":\"{valid_to} 23:59:59\",\"status\":{status}}}"
    )
}

#[tokio::test]
async fn the_same_event_id_with_other_words_is_refused_and_alarmed() {
    let port = free_port();
    let park = Park::start_with(|data| add_webhook(data, port));
    let now = local(0);
    let said = on_duty("D-1", &now, 3);
    let (status, first) = post(port, "on-duty", &said).await;
    assert_eq!((status, &first["accepted"]), (200, &true.into()), "{first}");
    let (status, again) = post(port, "on-duty", &said).await;
    assert_eq!(
        (status, &again["duplicate"]),
        (200, &true.into()),
        "{again}"
    );
    assert_eq!(again["entry"], first["entry"]);

    let (status, other) = post(port, "on-duty", &on_duty("D-1", &now, 2)).await;
    assert_eq!(
        (status, &other["accepted"]),
        (422, &false.into()),
        "{other}"
    );
    assert_eq!(other["error"]["code"], "F005", "{other}");
    let journal = park.bodies();
    let alarm = journal
        .lines()
        .skip_while(|line| !(line.contains(" message ") && line.contains("AlarmEvent")))
        .take(2)
        .collect::<Vec<_>>()
        .join("\n");
    assert!(alarm.contains("F005"), "the park is told: {journal}");
    // What was said first still holds.
    let (status, again) = post(port, "on-duty", &said).await;
    assert_eq!((status, &again["entry"]), (200, &first["entry"]), "{again}");
}

/// A vehicle that was registered could neither be withdrawn nor have more time: F005, and it stayed active.
#[tokio::test]
async fn a_registered_vehicle_changes_under_its_own_id_and_a_repeat_changes_nothing() {
    let port = free_port();
    let park = Park::start_with(|data| add_webhook(data, port));
    let mut entries = Vec::new();
    for said in [
        vehicle(1, "2036-12-31"),
        vehicle(1, "2037-12-31"),
        vehicle(3, "2037-12-31"),
    ] {
        let (status, first) = post(port, "vehicle", &said).await;
        assert_eq!(
            (status, &first["duplicate"]),
            (200, &false.into()),
            "{first}"
        );
        let (status, again) = post(port, "vehicle", &said).await;
        assert_eq!(
            (status, &again["duplicate"]),
            (200, &true.into()),
            "{again}"
        );
        assert_eq!(again["entry"], first["entry"]);
        entries.push(first["entry"].as_u64().unwrap());
    }
    entries.dedup();
    assert_eq!(entries.len(), 3);
    let journal = park.bodies();
    let of_it = journal.matches("<c:RegistrationId>V-77<").count();
    assert_eq!(of_it, 3, "all are about one registration: {journal}");
    assert!(journal.contains("<c:State>WITHDRAWN<"), "{journal}");
    assert!(!journal.contains("F005"), "{journal}");
}

/// What SOAP refuses the webhook took without a word, and the plant was deaf until then.
#[tokio::test]
async fn a_time_ahead_is_refused_and_what_is_true_is_heard() {
    let port = free_port();
    let park = Park::start_with(|data| add_webhook(data, port));
    let duty = |id: &str, ahead_s: i64, on_post: u8| on_duty(id, &local(ahead_s), on_post);
    for (id, ahead) in [("D-1", 365 * 86_400), ("D-2", 600)] {
        let (status, answer) = post(port, "on-duty", &duty(id, ahead, 0)).await;
        assert_eq!(status, 422, "{answer}");
        let error = &answer["error"];
        assert_eq!(error["code"], "F004", "{answer}");
        assert_eq!(error["place"], "enterprise-1/OnDutyStatus/OccurredAt");
        assert!(
            error["remedy"].as_str().unwrap().contains("clock"),
            "{answer}"
        );
    }
    let (status, answer) = post(port, "on-duty", &duty("D-3", 0, 3)).await;
    assert_eq!(status, 200, "{answer}");
    let entries = park.entries();
    assert_eq!(
        entries.matches("F004").count(),
        2,
        "each is recorded: {entries}"
    );
    assert!(!entries.contains("message.overtaken"), "{entries}");
}

/// Nothing reads a query, and the signature does not hold for one.
#[tokio::test]
async fn an_address_with_a_query_is_refused() {
    let port = free_port();
    let _park = Park::start_with(|data| add_webhook(data, port));
    let (status, answer) = post(port, "vehicle?gate=2", &vehicle(1, "2036-12-31")).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (400, &"A047".into()),
        "{answer}"
    );
}
