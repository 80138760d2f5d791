//! Every package of the house is sound, and every golden case comes out as written.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use std::path::{Path, PathBuf};

fn house() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../mappings")
}

#[test]
fn all_packages_of_the_house_pass_their_golden_cases() {
    let (mappings, results) = cordon_mapping::check(&house()).unwrap_or_else(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"))
    });
    let ids: Vec<&str> = mappings
        .packages()
        .map(|package| package.id.as_str())
        .collect();
    for id in [
        "json/sensor/1",
        "plant/gate/1",
        "tasmota/sensor/1",
        "zigbee2mqtt/device/1",
    ] {
        assert!(ids.contains(&id), "{id} is missing in {ids:?}");
    }
    assert!(results.len() >= 28, "only {} golden cases", results.len());
}

/// Writes the expected files anew: `cargo test -p cordon-mapping --test packages -- --ignored`.
/// Read the difference before it is committed.
#[test]
#[ignore = "writes into the source tree"]
fn bless() {
    let mappings = cordon_mapping::Mappings::load(&house()).unwrap_or_else(|faults| {
        panic!(
            "{}",
            faults
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n")
        )
    });
    for package in mappings.packages() {
        let written = cordon_mapping::bless(package).unwrap();
        println!("{}: {written} written", package.id);
    }
}
