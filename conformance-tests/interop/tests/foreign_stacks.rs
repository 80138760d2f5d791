//! Partners written on JAX-WS with WSS4J and on PHP's ext/soap: they call the services through
//! classes made from the WSDL, sign what they send and verify what they get with their own means.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use cordon_interop::{Park, run, run_json, script, system};
use serde_json::Value;

/// Jars of Debian's packages `libjaxws-java` and `libwss4j-java` with what they stand on.
const JARS: &[&str] = &[
    "FastInfoset",
    "codemodel",
    "commons-codec",
    "commons-logging",
    "dtd-parser",
    "geronimo-annotation-1.3-spec",
    "glassfish-pfl-asm",
    "glassfish-pfl-basic",
    "glassfish-pfl-dynamic",
    "glassfish-pfl-tf",
    "gmbal",
    "istack-commons-runtime",
    "istack-commons-tools",
    "javax.activation",
    "javax.xml.soap-api",
    "jaxb-api",
    "jaxb-core",
    "jaxb-impl",
    "jaxb-runtime",
    "jaxb-xjc",
    "jaxws-api",
    "jaxws-ri-rt-jdk9",
    "jaxws-ri-runtime",
    "jaxws-rt",
    "jaxws-tools",
    "jws-api",
    "metro-policy",
    "mimepull",
    "relaxngDatatype",
    "rngom",
    "saaj-impl",
    "slf4j-api",
    "slf4j-nop",
    "stax-ex",
    "stax2-api",
    "streambuffer",
    "txw2",
    "woodstox-core",
    "wscompile",
    "wss4j",
    "xml-resolver",
    "xmlsec",
    "xsom",
];

/// A Java client of one service, generated, built and run against a park.
struct Java<'a> {
    park: &'a Park,
    service: &'static str,
    folder: PathBuf,
}

impl<'a> Java<'a> {
    /// Key stores of a party, and classes made of the service's WSDL.
    fn prepare(park: &'a Park, party: &str, service: &'static str) -> Self {
        let folder = park.scratch().join(format!("java-{service}"));
        std::fs::create_dir_all(folder.join("made")).unwrap();
        let certs = park.data().join("certs");
        run(Command::new(system("openssl"))
            .args([
                "pkcs12",
                "-export",
                "-name",
                "own",
                "-passout",
                "pass:changeit",
            ])
            .arg("-in")
            .arg(certs.join(party).join("chain.pem"))
            .arg("-inkey")
            .arg(certs.join(party).join("key.pem"))
            .arg("-out")
            .arg(folder.join("own.p12")));
        for authority in ["root", "issuing"] {
            run(Command::new(system("keytool"))
                .args(["-importcert", "-noprompt", "-storetype", "PKCS12"])
                .args(["-storepass", "changeit", "-alias", authority, "-file"])
                .arg(certs.join("ca").join(format!("{authority}.pem")))
                .arg("-keystore")
                .arg(folder.join("trust.p12")));
        }
        let java = Self {
            park,
            service,
            folder,
        };
        let made = java.folder.join("made");
        run(java
            .java()
            .arg("com.sun.tools.ws.WsImport")
            .args(["-extension", "-Xnocompile", "-keep", "-p", service, "-s"])
            .arg(&made)
            .arg("-d")
            .arg(&made)
            .arg(java.wsdl()));
        java
    }

    fn wsdl(&self) -> String {
        format!("{}/soap/{}?wsdl", self.park.exchange(), self.service)
    }

    fn class_path(&self) -> String {
        let mut path: Vec<String> = JARS
            .iter()
            .map(|jar| format!("/usr/share/java/{jar}.jar"))
            .collect();
        path.push(self.folder.display().to_string());
        path.join(":")
    }

    fn java(&self) -> Command {
        let mut command = Command::new(system("java"));
        command.args(["-cp", &self.class_path()]);
        for (store, file) in [("keyStore", "own.p12"), ("trustStore", "trust.p12")] {
            let file = self.folder.join(file);
            command.arg(format!("-Djavax.net.ssl.{store}={}", file.display()));
            command.arg(format!("-Djavax.net.ssl.{store}Password=changeit"));
        }
        command.arg("-Djavax.xml.accessExternalSchema=all");
        command
    }

    /// Builds `class` beside the generated ones and runs it; its last line as JSON.
    fn run(&self, class: &str, rest: &[&str]) -> Value {
        let made = self.folder.join("made").join(self.service);
        let generated = std::fs::read_dir(made).unwrap();
        let sources = generated
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "java"));
        run(Command::new(system("javac"))
            .args([
                "-nowarn",
                "-encoding",
                "UTF-8",
                "-cp",
                &self.class_path(),
                "-d",
            ])
            .arg(&self.folder)
            .args(sources)
            .arg(script("java/Wss.java"))
            .arg(script(&format!("java/{class}.java"))));
        run_json(
            self.java()
                .arg(class)
                .arg(self.wsdl())
                .arg(&self.folder)
                .args(rest),
        )
    }
}

fn php(file: &str, park: &Park, party: &str, rest: &[&str]) -> Value {
    let certs = park.data().join("certs");
    run_json(
        Command::new(system("php"))
            .arg(script(file))
            .arg(park.exchange())
            .arg(certs.join(party))
            .arg(certs.join("ca/root.pem"))
            .args(rest),
    )
}

fn both(seen: &Value) -> &[Value] {
    let ports = seen["ports"].as_array().unwrap();
    assert_eq!(ports.len(), 2, "SOAP 1.1 and SOAP 1.2: {seen}");
    ports
}

#[test]
fn an_enterprise_on_jax_ws_and_wss4j_submits_and_verifies() {
    let park = Park::start();
    let java = Java::prepare(&park, "enterprise-1", "enterprise");
    let seen = java.run("EnterpriseClient", &["JS-DEMO", "enterprise-1"]);
    for port in both(&seen) {
        assert_eq!(port["first"]["id"], port["id"], "{port}");
        assert_eq!(port["again"], port["first"], "{port}");
        assert_eq!(port["asked"], port["first"], "{port}");
        assert_eq!(port["other"]["refused"], "F005", "{port}");
        assert_eq!(port["verified"], 5, "{port}");
    }
    // WS-Addressing headers that need not be understood are passed by.
    let optional = seen["optional"].as_str().unwrap();
    assert!(optional.contains("entry"), "{optional}");
    // One that must be: a fault that WSS4J verifies, and that says which.
    for demanding in seen["demanding"].as_array().unwrap() {
        assert_eq!(
            demanding,
            "FaultMessage: X133: header block To is not understood"
        );
    }
    // Where WSDL or code demand addressing, JAX-WS puts a fault of its own in the place of every answer
    // without such headers, before a handler sees it: nothing there for WSS4J to verify.
    let required = seen["required"].as_str().unwrap();
    assert!(
        required.contains("MessageAddressingHeaderRequired"),
        "{required}"
    );
    let refused = park.entries();
    assert_eq!(
        refused.matches("X133").count(),
        3,
        "each is an entry: {refused}"
    );
}

#[test]
fn a_regulator_on_jax_ws_and_wss4j_pulls_and_verifies() {
    let park = Park::start();
    park.build_report();
    let java = Java::prepare(&park, "regulator-1", "regulator");
    for port in both(&java.run("RegulatorClient", &[])) {
        pulled(port);
    }
}

#[test]
fn an_enterprise_on_php_submits_and_verifies() {
    let park = Park::start();
    let out = park.scratch().display().to_string();
    let rest = [out.as_str(), "JS-DEMO", "enterprise-2"];
    let seen = php("php/enterprise.php", &park, "enterprise-2", &rest);
    println!("counterpart: PHP {}", seen["php"]);
    for port in both(&seen) {
        let first = &port["first"]["Receipt"];
        assert_eq!(first["MessageId"], port["message_id"], "{port}");
        assert_eq!(port["again"], port["first"], "{port}");
        assert_eq!(port["asked"], port["first"], "{port}");
        assert_eq!(port["other"]["Refusal"]["Code"], "F005", "{port}");
        assert_eq!(port["verified"], 5, "{port}");
        assert!(Path::new(port["answer_file"].as_str().unwrap()).exists());
    }
}

#[test]
fn a_regulator_on_php_pulls_and_verifies() {
    let park = Park::start();
    park.build_report();
    for port in both(&php("php/regulator.php", &park, "regulator-1", &[])) {
        pulled(port);
    }
}

fn pulled(port: &Value) {
    assert!(
        port["report"].as_str().unwrap().starts_with("RPT-01"),
        "{port}"
    );
    assert_eq!(port["whole"], true, "{port}");
    assert_eq!(
        (&port["entries"], &port["first"]),
        (&5.into(), &1.into()),
        "{port}"
    );
    assert!(port["verified"].as_u64().unwrap() >= 3, "{port}");
}
