//! Packages that must not load, each with the code, the line and the words it is refused with.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use std::fs;

use cordon_mapping::Mappings;

const MANIFEST: &str = r#"
id = "acme/thing/1"
title = "thing"
format = "json"
licence = "Apache-2.0"
source = "test"
[tables.direction]
in = "IN"
"#;

/// Loads a package made of these two files and returns its faults, the folder cut off.
fn faults(manifest: &str, points: &str) -> Vec<String> {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("acme/thing/1");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("mapping.toml"), manifest).unwrap();
    fs::write(folder.join("points.toml"), points).unwrap();
    let cut = format!("{}/", folder.display());
    match Mappings::load(root.path()) {
        Ok(_) => Vec::new(),
        Err(faults) => faults
            .iter()
            .map(|fault| fault.to_string().replace(&cut, ""))
            .collect(),
    }
}

const STATUS: &str = r#"[[rule]]
topic = "status/+"
emit = "DeviceStatus"
set.DeviceId = { topic = 1 }
set.DeviceKind = { value = "SENSOR" }
set.State = { from = "/state", map = { on = "ONLINE" } }
set.ObservedAt = { from = "/t", time = "epoch_ms" }
"#;

#[test]
fn a_sound_package_loads() {
    assert_eq!(faults(MANIFEST, STATUS), Vec::<String>::new());
}

#[test]
fn every_mistake_has_its_code_place_and_remedy() {
    let swap = |from: &str, to: &str| {
        assert!(STATUS.contains(from), "{from}");
        STATUS.replace(from, to)
    };
    for (points, code, place, words) in [
        (
            swap("emit = \"DeviceStatus\"", "emit = \"DeviceStatu\""),
            "M003",
            "points.toml:3:8",
            "did you mean `DeviceStatus`",
        ),
        (
            swap("set.State", "set.Stat"),
            "M003",
            "points.toml:6:5",
            "did you mean `State`",
        ),
        (
            swap("set.DeviceKind = { value = \"SENSOR\" }\n", ""),
            "M004",
            "points.toml:3:8",
            "`DeviceStatus/DeviceKind` is required",
        ),
        (
            swap("\"SENSOR\"", "\"SENSORS\""),
            "M004",
            "points.toml:5:5",
            "did you mean `SENSOR`",
        ),
        (
            swap("on = \"ONLINE\"", "on = \"1\""),
            "M004",
            "points.toml:6:5",
            "`1` does not fit `State`",
        ),
        (
            swap(", map = { on = \"ONLINE\" }", ""),
            "M004",
            "points.toml:6:5",
            "not passed through",
        ),
        (
            swap(", time = \"epoch_ms\"", ""),
            "M004",
            "points.toml:7:5",
            "has no `time` format",
        ),
        (
            swap("time = \"epoch_ms\"", "time = \"epoch\""),
            "M002",
            "points.toml:7",
            "unknown variant `epoch`",
        ),
        (
            swap("{ topic = 1 }", "{ topic = 2 }"),
            "M004",
            "points.toml:4:5",
            "need not have a segment 2",
        ),
        (
            swap("{ topic = 1 }", "{ topic = 1, value = \"x\" }"),
            "M004",
            "points.toml:4:5",
            "exactly one of",
        ),
        (
            swap("{ topic = 1 }", "{ point = \"x\" }"),
            "M004",
            "points.toml:4:5",
            "format = \"points\"",
        ),
        (
            swap("{ topic = 1 }", "{ from = \"x\" }"),
            "M004",
            "points.toml:4:5",
            "not a JSON pointer",
        ),
        (
            swap("{ topic = 1 }", "{ from = \"./x\" }"),
            "M004",
            "points.toml:4:5",
            "needs an `each`",
        ),
        (
            swap("{ topic = 1 }", "{ topic = 1, optional = true }"),
            "M004",
            "points.toml:4:5",
            "may not be `optional`",
        ),
        (
            swap("{ topic = 1 }", "{ topic = 1, scale = \"1,5\" }"),
            "M004",
            "points.toml:4:5",
            "not a decimal number",
        ),
        (
            swap("{ topic = 1 }", "{ topic = 1, colour = 1 }"),
            "M002",
            "points.toml:4",
            "unknown field `colour`",
        ),
        (
            swap("map = { on = \"ONLINE\" }", "table = \"states\""),
            "M004",
            "points.toml:6:5",
            "no table `states`",
        ),
        (
            swap("map = { on = \"ONLINE\" }", "table = \"direction\""),
            "M004",
            "points.toml:6:5",
            "`IN` does not fit",
        ),
        (
            swap("status/+", "status/#/x/#"),
            "M004",
            "points.toml:2:9",
            "`#` may stand once",
        ),
        (
            swap("set.DeviceId", "set.\"DeviceId/X\""),
            "M003",
            "points.toml:4:5",
            "has no fields of its own",
        ),
        (
            format!("{STATUS}ignore = \"why\"\n"),
            "M004",
            "points.toml:2:9",
            "either `emit`",
        ),
        (
            format!("{STATUS}each = \"list\"\n"),
            "M004",
            "points.toml:2:9",
            "cannot be followed",
        ),
        (
            format!("{STATUS}[[rule.repeat]]\nelement = \"Reason\"\nset.A = {{ value = \"x\" }}\n"),
            "M003",
            "points.toml:9:11",
            "does not repeat",
        ),
        (
            format!("{STATUS}[[rule.when]]\nfrom = \"/a\"\n"),
            "M004",
            "points.toml:2:9",
            "in `when`",
        ),
        ("rule = 1".to_owned(), "M002", "points.toml:1:8", "sequence"),
    ] {
        let faults = faults(MANIFEST, &points);
        assert!(
            faults.iter().any(|fault| fault.starts_with(code)
                && fault.contains(place)
                && fault.contains(words)),
            "{code} {place} {words}\n{points}\n{faults:#?}"
        );
        assert!(
            faults.iter().all(|fault| fault.ends_with(')')),
            "no remedy in {faults:?}"
        );
    }
}

#[test]
fn the_manifest_is_checked_too() {
    let other = MANIFEST.replace("acme/thing/1", "acme/thing/2");
    assert!(faults(&other, STATUS)[0].contains("mapping.toml:2:6"));
    let zone = format!("zone = \"CST\"\n{MANIFEST}");
    assert!(faults(&zone, STATUS)[0].contains("`CST` is not an offset"));
    assert!(faults("id = ", STATUS)[0].starts_with("M002"));
}

#[test]
fn a_package_without_golden_cases_is_not_checked_off() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("acme/thing/1");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("mapping.toml"), MANIFEST).unwrap();
    fs::write(folder.join("points.toml"), STATUS).unwrap();
    let faults = cordon_mapping::check(root.path()).unwrap_err();
    assert_eq!(faults[0].code(), "M005");
}
