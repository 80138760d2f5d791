//! Enterprises written on Python zeep and node `soap` against a running hub; answers verified by xmlsec1.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::Path;
use std::process::Command;

use cordon_interop::{Park, node_script, python_script, run, system, xmlsec1_verifies};
use serde_json::Value;

fn version_of_xmlsec1() -> String {
    let output = run(Command::new(system("xmlsec1")).arg("--version"));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn check_port(port: &Value, park: &Park) {
    let name = port["port"].as_str().unwrap();
    let first = &port["first"][0];
    assert_eq!(first["kind"], "Receipt", "{name}: {port}");
    assert_eq!(first["MessageId"], port["message_id"]);
    assert_eq!(
        port["first"][1]["kind"], "Refusal",
        "{name}: a foreign sender must be refused alone"
    );
    assert_eq!(
        &port["again"][0], first,
        "{name}: the same message gets the same receipt"
    );
    assert_eq!(
        port["other_body"][0]["kind"], "Refusal",
        "{name}: same id, other body"
    );
    assert_eq!(&port["get_receipt"], first, "{name}");
    xmlsec1_verifies(Path::new(port["answer_file"].as_str().unwrap()), park);
}

#[test]
fn zeep_submits_signed_and_xmlsec1_verifies_the_receipts() {
    let park = Park::start();
    let script = python_script("python/zeep_enterprise.py");
    let (seen, ports) = park.soap(script, "enterprise-1", &["JS-DEMO", "enterprise-1"]);
    println!(
        "counterpart: zeep {}; verifier: {}",
        seen["zeep"],
        version_of_xmlsec1()
    );
    for port in &ports {
        check_port(port, &park);
    }
}

#[test]
fn node_soap_submits_signed_and_xmlsec1_verifies_the_receipts() {
    let park = Park::start();
    let script = node_script("node/soap_enterprise.js");
    let (seen, ports) = park.soap(script, "enterprise-2", &["JS-DEMO", "enterprise-2"]);
    println!(
        "counterpart: node soap {}; verifier: {}",
        seen["soap"],
        version_of_xmlsec1()
    );
    for port in &ports {
        let answer = |call: &str| port[call]["Result"][0]["Answer"].clone();
        assert_eq!(
            answer("first")["Receipt"]["MessageId"],
            port["message_id"],
            "{port}"
        );
        assert_eq!(
            answer("first"),
            answer("again"),
            "the same message gets the same receipt"
        );
        assert!(
            answer("other_body")["Refusal"].is_object(),
            "same id, other body: {port}"
        );
        assert_eq!(port["named"], 3, "each answer names its request: {port}");
        xmlsec1_verifies(Path::new(port["answer_file"].as_str().unwrap()), &park);
    }
}
