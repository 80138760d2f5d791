//! Java's schema factory, as JAX-WS and JAXB use it, takes every schema that the exchange gives out.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "test code")]

use std::path::{Path, PathBuf};
use std::process::Command;

use cordon_interop::{Park, run, said, script, system};

/// The names of the schemas that vendors are given.
fn names() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/xsd");
    let files = std::fs::read_dir(folder).unwrap().flatten();
    files
        .map(|file| file.file_name().into_string().unwrap())
        .collect()
}

/// Every schema as a partner without a certificate fetches it from the park.
fn fetch(park: &Park) -> Vec<PathBuf> {
    let folder = park.scratch().join("xsd");
    std::fs::create_dir(&folder).unwrap();
    let fetched = names().into_iter().map(|name| {
        let file = folder.join(&name);
        run(Command::new(system("curl"))
            .args(["--fail", "--silent", "--show-error", "--cacert"])
            .arg(park.data().join("certs/ca/root.pem"))
            .arg("--output")
            .arg(&file)
            .arg(format!("{}/xsd/{name}", park.exchange())));
        file
    });
    fetched.collect()
}

/// It refused `report.xsd`: 10,000 and 100,000 in `maxOccurs` are more than its limit of 5,000.
#[test]
fn javas_default_schema_factory_loads_every_schema() {
    let park = Park::start();
    let files = fetch(&park);
    assert!(files.len() > 10, "{files:?}");
    let output = run(Command::new(system("java"))
        .arg(script("java/LoadSchemas.java"))
        .args(&files));
    let loaded = said(&output).matches("loaded ").count();
    assert_eq!(loaded, files.len(), "{}", said(&output));
}
