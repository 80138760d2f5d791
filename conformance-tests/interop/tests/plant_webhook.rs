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

/// Posts a signed event; status and the answer to it.
async fn post(port: u16, event: &str) -> (u16, Value) {
    let now = (SystemClock.now().micros() / 1_000_000).to_string();
    let signature =
        cordon_enterprise::sign(SECRET.as_bytes(), &now, "/events/vehicle", event.as_bytes());
    let request = http::Request::post(format!("http://127.0.0.1:{port}/events/vehicle"))
        .header("x-cordon-signature", signature)
        .header("x-cordon-timestamp", now)
        .body(Bytes::copy_from_slice(event.as_bytes()))
        .unwrap();
    let client = Client::new(ClientOptions::default());
    let answer = client.send(request).await.unwrap();
    let body: Value = serde_json::from_slice(answer.body()).unwrap();
    (answer.status().as_u16(), body["events"][0].clone())
}

fn vehicle(plate: &str) -> String {
    format!(
        "{{\"id\":\"V-77\",\"carNumb\":\"{plate}\",\"colour\":4,\"type\":\"car\",\"companyName\":\"某某化工\",\
         \"validFrom\":\"2026-01-01 00:00:00\",\"validTo\":\"2036-12-31 23:59:59\",\"status\":1}}"
    )
}

#[tokio::test]
async fn the_same_event_id_with_another_plate_is_refused_and_alarmed() {
    let port = free_port();
    let park = Park::start_with(|data| add_webhook(data, port));
    let (status, first) = post(port, &vehicle("苏BD12345")).await;
    assert_eq!((status, &first["accepted"]), (200, &true.into()), "{first}");
    let (status, again) = post(port, &vehicle("苏BD12345")).await;
    assert_eq!(
        (status, &again["duplicate"]),
        (200, &true.into()),
        "{again}"
    );
    assert_eq!(again["entry"], first["entry"]);

    let (status, other) = post(port, &vehicle("苏BD54321")).await;
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
    let (status, again) = post(port, &vehicle("苏BD12345")).await;
    assert_eq!((status, &again["entry"]), (200, &first["entry"]), "{again}");
}
