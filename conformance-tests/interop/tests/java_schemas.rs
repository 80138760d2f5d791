//! Java's schema factory, as JAX-WS and JAXB use it, takes every schema and every WSDL's types.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "test code")]

use std::path::{Path, PathBuf};
use std::process::Command;

use cordon_interop::{run, said, script, system};

/// The schema files as they are given to vendors.
fn schemas() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/xsd");
    let files = std::fs::read_dir(folder).unwrap().flatten();
    let mut files: Vec<PathBuf> = files.map(|file| file.path()).collect();
    files.sort();
    files
}

#[test]
fn javas_default_schema_factory_loads_every_schema() {
    let files = schemas();
    assert!(files.len() > 10, "{files:?}");
    let output = run(Command::new(system("java"))
        .arg(script("java/LoadSchemas.java"))
        .args(&files));
    let loaded = said(&output).matches("loaded ").count();
    assert_eq!(loaded, files.len(), "{}", said(&output));
}
