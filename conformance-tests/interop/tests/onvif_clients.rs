//! The virtual camera against ONVIF clients and schemas written by others.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use cordon_interop::{node_script, node_tools, python_script};
use cordon_sim_camera::{Camera, CameraHandle, Event, Plate, Settings};
use serde_json::Value;

/// Everything a camera may see, at least nine messages.
fn happenings(camera: &CameraHandle) {
    let plate = Plate {
        number: "苏A12345".to_owned(),
        likelihood_percent: 97,
        color: "blue".to_owned(),
        vehicle: "car".to_owned(),
        direction: "in".to_owned(),
    };
    camera.emit(Event::line_crossed("Fence <north> & \"gate\"", 7));
    camera.emit(Event::field_intrusion("Yard", 8, true));
    camera.emit(Event::field_intrusion("Yard", 8, false));
    camera.emit(Event::loitering("Tank", 9, "2026-11-24T02:00:00Z"));
    camera.emit(Event::licence_plate("Gate", plate));
    camera.emit(Event::tamper(true));
    camera.emit(Event::motion(true));
    camera.emit(Event::cell_motion(true));
    camera.emit(Event::digital_input("input-1", true));
    camera.emit(Event::signal_loss(false));
}

async fn camera(adjust: impl FnOnce(&mut Settings)) -> Arc<CameraHandle> {
    let mut settings = Settings::default();
    adjust(&mut settings);
    Arc::new(
        Camera::start(settings, ([127, 0, 0, 1], 0).into())
            .await
            .unwrap(),
    )
}

/// Kills the client if the test ends early.
struct Client(Child);

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a client to its end; makes things happen when it says that it has subscribed.
async fn run(mut command: Command, camera: Arc<CameraHandle>, method: &'static str) -> Vec<Value> {
    let task = tokio::task::spawn_blocking(move || {
        command
            .arg("127.0.0.1")
            .arg(camera.addr().port().to_string())
            .args(["admin", "cordon-camera", method])
            .stdout(Stdio::piped());
        let mut client = Client(command.spawn().unwrap());
        let mut lines = Vec::new();
        for line in BufReader::new(client.0.stdout.take().unwrap()).lines() {
            let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
            if line.get("counterpart").is_some() {
                println!("{} {}", line["counterpart"], line["version"]);
            }
            if line["subscribed"] == true {
                happenings(&camera);
            }
            lines.push(line);
        }
        let ended = client.0.wait().unwrap();
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        assert!(ended.success(), "{command:?} ended with {ended}\n{text}");
        lines
    });
    task.await.unwrap()
}

fn node_client() -> Command {
    let mut command = node_script("node/onvif_client.js");
    command.env("NODE_PATH", node_tools());
    command
}

fn topics(lines: &[Value]) -> Vec<&str> {
    lines
        .iter()
        .filter_map(|line| line.get("topic")?.as_str())
        .collect()
}

const EXPECTED: [&str; 6] = [
    "tns1:RuleEngine/LineDetector/Crossed",
    "tns1:RuleEngine/FieldDetector/ObjectsInside",
    "tns1:RuleEngine/FieldDetector/ObjectsInside",
    "tns1:RuleEngine/LoiteringDetector/ObjectIsLoitering",
    "tns1:RuleEngine/Recognition/LicensePlate",
    "tns1:VideoSource/GlobalSceneChange/ImagingService",
];

#[tokio::test(flavor = "multi_thread")]
async fn onvif_zeep_async_uses_the_camera() {
    let camera = camera(|_| {}).await;
    let lines = run(
        python_script("python/onvif_client.py"),
        Arc::clone(&camera),
        "",
    )
    .await;
    let seen = topics(&lines);
    assert!(seen.starts_with(&EXPECTED), "{seen:?}");
    let items = lines
        .iter()
        .find(|line| line["topic"] == EXPECTED[0])
        .unwrap();
    assert_eq!(items["items"]["Rule"], "Fence <north> & \"gate\"");
    let renewed = lines
        .iter()
        .find_map(|line| line.get("renewed_seconds"))
        .unwrap();
    assert_eq!(renewed.as_f64(), Some(90.0));
    assert_eq!(
        camera.counters().subscriptions,
        0,
        "the client unsubscribed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn npm_onvif_uses_the_camera_by_token_and_by_digest() {
    for method in ["token", "digest"] {
        let camera = camera(|settings| settings.quirks.digest_only = method == "digest").await;
        let lines = run(node_client(), Arc::clone(&camera), method).await;
        let seen = topics(&lines);
        assert!(seen.starts_with(&EXPECTED), "{method}: {seen:?}");
        assert_eq!(
            camera.counters().subscriptions,
            0,
            "{method}: the client unsubscribed"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn npm_onvif_echoes_the_reference_parameters() {
    let camera = camera(|settings| settings.quirks.reference_parameters = true).await;
    let lines = run(node_client(), Arc::clone(&camera), "token").await;
    assert!(topics(&lines).starts_with(&EXPECTED));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_valid_against_the_official_schemas() {
    let camera = camera(|_| {}).await;
    let lines = run(python_script("python/onvif_schema.py"), camera, "").await;
    let asked = lines
        .iter()
        .filter(|line| line.get("asked").is_some())
        .count();
    assert!(asked >= 28, "only {asked} operations were judged");
}
