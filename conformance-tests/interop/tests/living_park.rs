//! The demo as a whole: a living park whose summary shows every door at work, and a browser at its
//! status page.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cordon_interop::{free_port_base, node_script, program, run, run_json, system};
use serde_json::Value;

/// Killed by its own pid when the test ends early.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Prepares the folder and makes the story quicker.
fn prepare(data: &Path, base: u16) {
    run(Command::new(program())
        .args(["prepare", "--full", "--port-base", &base.to_string()])
        .arg("--data")
        .arg(data));
    let config = data.join("park.toml");
    let mut text = std::fs::read_to_string(&config).unwrap();
    for (from, to) in [
        ("pace_ms = 2500", "pace_ms = 1200"),
        ("pull_every_s = 20", "pull_every_s = 8"),
    ] {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    std::fs::write(&config, text).unwrap();
}

fn wait_until_up(console: &str, demo: &mut Demo, log: &Path) {
    let deadline = Instant::now() + Duration::from_secs(90);
    while Instant::now() < deadline {
        if let Some(status) = demo.0.try_wait().unwrap() {
            panic!(
                "the demo ended with {status}:\n{}",
                std::fs::read_to_string(log).unwrap()
            );
        }
        if std::net::TcpStream::connect(console).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the demo did not come up");
}

fn count(summary: &Value, path: &str) -> u64 {
    summary
        .pointer(path)
        .and_then(Value::as_u64)
        .unwrap_or_default()
}

#[test]
fn every_door_is_at_work_and_the_page_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("park");
    let base = free_port_base();
    prepare(&data, base);
    let (file, log) = (folder.path().join("s.json"), folder.path().join("log"));
    let child = Command::new(program())
        .args(["demo", "--for", "50s", "--summary"])
        .arg(&file)
        .arg("--data")
        .arg(&data)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut demo = Demo(child);
    let console = format!("127.0.0.1:{}", base + 1);
    wait_until_up(&console, &mut demo, &log);
    let seen = run_json(
        node_script("node/console_page.js")
            .arg(format!("http://{console}/"))
            .arg(system("chromium"))
            .arg(folder.path().join("page.png")),
    );
    println!("browser: {}", seen["version"].as_str().unwrap());
    assert_eq!(seen["errors"], serde_json::json!([]), "{seen}");
    assert_eq!(seen["chinese"], "最近判定");
    assert_eq!(seen["english"], "Last decisions");
    assert_eq!(seen["acknowledged"], "acknowledged", "{seen}");
    assert_eq!(seen["closed"], "alarm closed", "{seen}");
    assert_eq!(seen["opened"], "opening ordered", "{seen}");
    assert_eq!(seen["focus_kept"], true, "{seen}");
    assert_eq!(seen["on_screen"], true, "{seen}");

    let status = demo.0.wait().unwrap();
    let said = std::fs::read_to_string(&log).unwrap();
    assert!(status.success(), "{status}:\n{said}");
    let summary: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let shown = serde_json::to_string_pretty(&summary).unwrap();
    for adapter in ["modbus", "mqtt", "onvif", "enterprise", "regulator"] {
        let incoming = count(&summary, &format!("/adapters/{adapter}/incoming"));
        assert!(incoming > 0, "{adapter}: {shown}");
    }
    for adapter in ["modbus", "mqtt", "enterprise", "regulator"] {
        let outgoing = count(&summary, &format!("/adapters/{adapter}/outgoing_done"));
        assert!(outgoing > 0, "{adapter}: {shown}");
    }
    for code in ["WRONG_GATE", "BLACKLIST", "NO_GRANT"] {
        assert!(
            count(&summary, &format!("/decisions/{code}")) > 0,
            "{code}: {shown}"
        );
    }
    assert!(count(&summary, "/commands/CONFIRMED") > 0, "{shown}");
    assert!(count(&summary, "/escalated") > 0, "{shown}");
    let verified: u64 = summary["reports"]["verified"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(Value::as_u64)
        .sum();
    assert!(verified >= 2, "{shown}");
    assert_eq!(summary["journal"]["verified"], true, "{shown}");
    assert!(count(&summary, "/decision_ms/count") > 0, "{shown}");
}
