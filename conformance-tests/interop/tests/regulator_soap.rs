//! A regulator written on Python zeep pulls a report from a running hub; xmlsec1, xmllint and our own
//! client look at the file; a damaged one is not given out.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cordon_interop::{
    Head, Park, fresh_id, message, message_file, moment, program, python_script, run, run_json,
    said, system,
};

/// `cordon report build` beside the running hub; the file it names.
fn build(park: &Park) -> PathBuf {
    let built = run_json(
        Command::new(program())
            .args(["report", "build", "--report", "RPT-01", "--so-far"])
            .args(["--format", "json", "--config"])
            .arg(park.data().join("park.toml")),
    );
    assert_eq!(built["new"], true, "{built}");
    PathBuf::from(built["file"].as_str().unwrap())
}

fn pull(park: &Park, words: &[&str]) -> Command {
    let mut command = Command::new(program());
    command
        .arg("pull")
        .args(words)
        .args(["--url", &format!("{}/soap/regulator", park.exchange())])
        .arg("--certs")
        .arg(park.data().join("certs/regulator-1"))
        .arg("--trust")
        .arg(park.data().join("certs/ca"));
    command
}

fn cert_verify(park: &Park, file: &Path) -> Output {
    let mut command = Command::new(program());
    command.args(["cert", "verify", "--trust"]);
    command.arg(park.data().join("certs/ca")).arg(file);
    command.output().unwrap()
}

/// xmlsec1 trusts only the park's root; the chain travels in the file.
fn xmlsec1_verifies(park: &Park, file: &Path) -> Output {
    let mut command = Command::new(system("xmlsec1"));
    command
        .arg("--verify")
        .arg("--trusted-pem")
        .arg(park.data().join("certs/ca/root.pem"))
        .arg(file);
    command.output().unwrap()
}

fn with_one_byte_changed(file: &Path, to: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    let word = b"RPT-01.JS-DEMO";
    let at = bytes.windows(word.len()).position(|it| it == word).unwrap();
    bytes[at + 7] = b'K';
    std::fs::write(to, bytes).unwrap();
}

#[test]
fn zeep_pulls_a_report_that_others_verify() {
    let park = Park::start();
    build(&park);
    register_a_vehicle(&park);
    let script = python_script("python/zeep_regulator.py");
    let (seen, ports) = park.soap(script, "regulator-1", &["enterprise-1"]);
    println!("counterpart: zeep {}", seen["zeep"]);
    for port in &ports {
        assert_eq!(port["same_bytes"], true, "{port}");
        assert_eq!(port["digests"][0], port["digests"][1]);
        assert_eq!(port["digests"][0], port["digests"][2]);
        assert_eq!(port["sizes"][0], port["sizes"][1]);
        let certificate = &port["certificates"][0];
        assert_eq!(certificate[0], "enterprise-1", "{port}");
        assert_eq!(certificate[2], "VALID", "{port}");
        assert_eq!(port["unknown"][0], "UNKNOWN");
        assert!(
            port["missing"].as_str().unwrap().contains("no such report"),
            "{port}"
        );
        for (limit, answer) in port["limits"].as_object().unwrap() {
            let is_within = ["1", "1000"].contains(&limit.as_str());
            let answer = answer.as_str().unwrap();
            assert_eq!(answer == "answered", is_within, "{limit}: {port}");
        }
        let told = port["filtered"]["told"].as_array().unwrap();
        assert_eq!(told.len(), 1, "{port}");
        assert_eq!(told[0][0], "VehicleRegistration", "{port}");
        assert_eq!(
            told[0][1], true,
            "the digest is that of the original: {port}"
        );
        assert!(port["filtered"]["links"].as_u64().unwrap() > 1, "{port}");
        look_at_file(&park, Path::new(port["report_file"].as_str().unwrap()));
    }
}

/// A message among the entries, sent by an enterprise.
fn register_a_vehicle(park: &Park) {
    let id = fresh_id();
    let fields = format!(
        "<c:RegistrationId>REG-1</c:RegistrationId><c:Plate><c:Number>苏H12345</c:Number>\
         <c:Colour>YELLOW</c:Colour></c:Plate><c:SubjectKind>VEH_FREIGHT</c:SubjectKind>\
         <c:EnterpriseId>enterprise-1</c:EnterpriseId><c:ValidFrom>{}</c:ValidFrom>\
         <c:ValidTo>{}</c:ValidTo><c:State>ACTIVE</c:State>",
        moment(0),
        moment(86_400)
    );
    let text = message(
        Head::of("enterprise-1"),
        &id,
        "VehicleRegistration",
        &fields,
    );
    let mut command = Command::new(program());
    command
        .arg("submit")
        .args(["--url", &format!("{}/soap/enterprise", park.exchange())])
        .arg("--certs")
        .arg(park.data().join("certs/enterprise-1"))
        .arg("--trust")
        .arg(park.data().join("certs/ca"))
        .arg("--spool")
        .arg(park.scratch().join("spool"))
        .arg(message_file(park.scratch(), &id, &text));
    run(&mut command);
}

fn look_at_file(park: &Park, file: &Path) {
    let good = xmlsec1_verifies(park, file);
    assert!(good.status.success(), "{}", said(&good));
    let ours = cert_verify(park, file);
    assert!(
        said(&ours).contains("good: ReportDocument signed by hub-1"),
        "{}",
        said(&ours)
    );
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/xsd/message.xsd");
    run(Command::new(system("xmllint"))
        .args(["--noout", "--schema"])
        .arg(schema)
        .arg(file));
    let changed = park.scratch().join("changed.xml");
    with_one_byte_changed(file, &changed);
    assert!(!xmlsec1_verifies(park, &changed).status.success());
    let ours = cert_verify(park, &changed);
    assert_eq!(ours.status.code(), Some(1));
    assert!(said(&ours).contains("V006"), "{}", said(&ours));
}

#[test]
fn our_client_pulls_and_a_damaged_report_is_not_given_out() {
    let park = Park::start();
    let stored = build(&park);
    let out = park.scratch().join("pulled");
    let report = |park: &Park| {
        let mut command = pull(park, &["report", "--type", "RPT-01"]);
        command.arg("--out").arg(&out).output().unwrap()
    };
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let mut answer = report(&park);
    // The hub lists what is built beside it when it next looks at the folder.
    while !answer.status.success() && std::time::Instant::now() < deadline {
        assert!(said(&answer).contains("S012"), "{}", said(&answer));
        std::thread::sleep(std::time::Duration::from_millis(200));
        answer = report(&park);
    }
    assert!(said(&answer).contains("verified"), "{}", said(&answer));
    let pulled = std::fs::read_dir(&out).unwrap().next().unwrap().unwrap();
    assert_eq!(
        std::fs::read(pulled.path()).unwrap(),
        std::fs::read(&stored).unwrap()
    );
    let journal = run(Command::new(program())
        .args(["journal", "show", "--limit", "5000", "--dir"])
        .arg(park.data().join("journal")));
    for action in ["report.built", "report.pulled"] {
        assert!(said(&journal).contains(action), "{}", said(&journal));
    }
    with_one_byte_changed(&stored, &stored);
    let damaged = report(&park);
    assert_eq!(damaged.status.code(), Some(1));
    assert!(said(&damaged).contains("S020"), "{}", said(&damaged));
}

#[test]
fn a_regulator_sees_what_became_of_a_certificate() {
    let park = Park::start();
    let ca = park.data().join("certs/ca");
    let state = |words: &[&str]| said(&run(&mut pull(&park, &[&["certificates"], words].concat())));
    let good = state(&["--party", "enterprise-2"]);
    assert!(good.starts_with("VALID"), "{good}");
    let list = run(Command::new(program())
        .args(["cert", "list", "--format", "json", "--dir"])
        .arg(&ca));
    let serial = said(&list)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find(|one| one["id"] == "enterprise-2")
        .map(|one| one["serial"].as_str().unwrap().to_owned())
        .unwrap();
    run(Command::new(program())
        .args([
            "cert",
            "revoke",
            "--serial",
            &serial,
            "--reason",
            "superseded",
            "--dir",
        ])
        .arg(&ca));
    // The hub reads its trust folder again once a minute.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(120);
    let mut revoked = state(&["--party", "enterprise-2"]);
    while !revoked.starts_with("REVOKED") && std::time::Instant::now() < deadline {
        std::thread::sleep(std::time::Duration::from_millis(500));
        revoked = state(&["--party", "enterprise-2"]);
    }
    assert!(revoked.contains("  revoked 20"), "{revoked}");
    let unknown = state(&["--fingerprint", &"ab".repeat(32)]);
    assert!(unknown.starts_with("UNKNOWN"), "{unknown}");
}
