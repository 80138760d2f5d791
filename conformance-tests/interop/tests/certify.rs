//! `cordon certify` through the program: the virtual camera, a lane on pymodbus, and their mutants.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use cordon_interop::{program, python, run, script};
use serde_json::Value;

/// A device that runs until dropped; its first line says where it is.
struct Device {
    child: Child,
    hello: Value,
}

impl Device {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let hello = serde_json::from_str(&line).expect("the device says where it is");
        Self { child, hello }
    }

    fn said(&self, name: &str) -> &str {
        self.hello[name].as_str().unwrap()
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn camera(words: &[&str]) -> Device {
    Device::start(
        Command::new(program())
            .args(["simulate", "camera"])
            .args(words),
    )
}

fn lane(words: &[&str]) -> Device {
    let travel = ["simulate", "lane", "--travel-ms", "600"];
    Device::start(Command::new(program()).args(travel).args(words))
}

/// A folder with a park's certificates, a password file and a profile that states short times.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("park");
    run(Command::new(program())
        .arg("prepare")
        .arg("--data")
        .arg(&data));
    std::fs::write(folder.path().join("password"), "cordon-camera\n").unwrap();
    let shipped =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../mappings/generic/lane/1/profile.toml");
    let quick = std::fs::read_to_string(shipped)
        .unwrap()
        .replace("travel_ms = 3000", "travel_ms = 900")
        .replace("margin_ms = 1000", "margin_ms = 600")
        .replace("pulse_ms = 300", "pulse_ms = 200");
    std::fs::write(folder.path().join("profile.toml"), quick).unwrap();
    folder
}

/// Examines with JSON verdicts and papers in `out`, signed by `party`.
fn certify(folder: &Path, device: &Device, out: &str, party: &str) -> Output {
    let mut command = Command::new(program());
    command
        .args(["certify", "--format", "json", "--out"])
        .arg(folder.join(out));
    command
        .arg("--certs")
        .arg(folder.join("park/certs").join(party));
    if let Some(stimulus) = device.hello["stimulus"].as_str() {
        command
            .arg(format!("onvif://{}", device.said("address")))
            .args(["--user", "admin", "--stimulus", stimulus])
            .arg("--password-file")
            .arg(folder.join("password"));
    } else {
        let address = match device.hello["port"].as_u64() {
            Some(port) => format!("127.0.0.1:{port}"),
            None => device.said("address").to_owned(),
        };
        command
            .arg(format!("modbus://{address}"))
            .arg("--profile")
            .arg(folder.join("profile.toml"));
    }
    command.output().unwrap()
}

fn failures(output: &Output) -> Vec<String> {
    let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!(
            "no JSON ({error}): {}",
            String::from_utf8_lossy(&output.stderr)
        )
    });
    let cases = said["cases"].as_array().unwrap();
    cases
        .iter()
        .filter(|case| case["verdict"] == "FAIL")
        .map(|case| case["id"].as_str().unwrap().to_owned())
        .collect()
}

fn verify(folder: &Path, papers: &Path, declaration: &Path) -> Output {
    Command::new(program())
        .args(["cert", "verify", "--trust"])
        .arg(folder.join("park/certs/ca"))
        .arg("--result")
        .arg(papers.join("conformance-result.xml"))
        .arg(declaration)
        .output()
        .unwrap()
}

/// Exit 0, papers whole, the declaration accepted, and refused when a byte or its result changes.
fn passes(folder: &Path, device: &Device, out: &str) {
    let output = certify(folder, device, out, "operator-1");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let papers = folder.join(out);
    let declaration = papers.join("declaration.xml");
    let good = verify(folder, &papers, &declaration);
    assert!(
        good.status.success(),
        "{}",
        String::from_utf8_lossy(&good.stderr)
    );
    let text = std::fs::read_to_string(&declaration).unwrap();
    let changed = papers.join("changed.xml");
    std::fs::write(&changed, text.replacen("none failed", "all  passed", 1)).unwrap();
    let refused = verify(folder, &papers, &changed);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("V006"));
    let junit = "import sys, xml.etree.ElementTree as tree\n\
                 print(len(tree.parse(sys.argv[1]).findall('.//testcase')))";
    let counted = run(Command::new(python())
        .args(["-c", junit])
        .arg(papers.join("junit.xml")));
    let counted = String::from_utf8_lossy(&counted.stdout)
        .trim()
        .parse::<usize>();
    assert!(counted.unwrap() >= 24);
    assert!(papers.join("result.html").exists());
}

#[test]
fn the_virtual_camera_and_the_pymodbus_lane_are_declared_conformant() {
    let folder = folder();
    let folder = folder.path();
    let camera = camera(&[]);
    let mut command = Command::new(python());
    let lane = Device::start(command.arg(script("python/lane_server.py")).arg("0.6"));
    println!(
        "counterpart: {} {}",
        lane.said("name"),
        lane.said("version")
    );
    std::thread::scope(|scope| {
        scope.spawn(|| passes(folder, &camera, "camera"));
        scope.spawn(|| passes(folder, &lane, "lane"));
    });
    // A declaration proves nothing about another result.
    let swapped = verify(
        folder,
        &folder.join("lane"),
        &folder.join("camera/declaration.xml"),
    );
    assert_eq!(swapped.status.code(), Some(1));
}

#[test]
fn each_of_ten_mutants_fails_exactly_its_case() {
    let folder = folder();
    let folder = folder.path();
    let cameras = [
        ("nameless-identity", "O04"),
        ("open-door", "O06"),
        ("stale-tokens", "O10"),
        ("hollow-renew", "O24"),
        ("no-termination-time", "O28"),
    ];
    let lanes = [
        ("no_exception_on_illegal_address", "M07"),
        ("slow_raise", "M15"),
        ("ignores_photocell", "M18"),
        ("ignores_local", "M22"),
        ("no_watchdog", "M23"),
    ];
    let asked = |device: Device, name: &str, case: &str| {
        let output = certify(folder, &device, name, "operator-1");
        assert_eq!(failures(&output), [case], "{name}");
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(
            !folder.join(name).join("declaration.xml").exists(),
            "{name}"
        );
        assert!(
            folder.join(name).join("conformance-result.xml").exists(),
            "{name}"
        );
    };
    std::thread::scope(|scope| {
        for (name, case) in cameras {
            scope.spawn(move || asked(camera(&["--mutant", name]), name, case));
        }
        for (name, case) in lanes {
            scope.spawn(move || asked(lane(&["--fault", name]), name, case));
        }
    });
}

#[test]
fn who_may_not_sign_and_who_does_not_answer_are_told_apart() {
    let folder = folder();
    let folder = folder.path();
    let device = lane(&[]);
    let address = device.said("address").to_owned();
    let refused = certify(folder, &device, "plant", "enterprise-1");
    assert_eq!(refused.status.code(), Some(1));
    assert!(!folder.join("plant").exists(), "nothing was examined");
    drop(device);
    let absent = Command::new(program())
        .args(["certify", &format!("modbus://{address}"), "--profile"])
        .arg(folder.join("profile.toml"))
        .output()
        .unwrap();
    assert_eq!(absent.status.code(), Some(69));
    let unknown = Command::new(program())
        .args(["certify", &format!("onvif://{address}"), "--case", "O99"])
        .output()
        .unwrap();
    assert_eq!(unknown.status.code(), Some(2));
}
