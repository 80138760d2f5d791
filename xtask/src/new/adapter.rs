//! An adapter: a folder of its own, and three lists that name it: the manifest, the program's list of kinds,
//! and the arrows between crates.

use std::path::{Path, PathBuf};

use super::{Room, insert, lawful};

/// The room's files, as they are written with `@NAME@` and the like filled in.
const FILES: [(&str, &str); 15] = [
    (
        "Cargo.toml",
        include_str!("../../templates/adapter/Cargo.toml.in"),
    ),
    (
        "README.md",
        include_str!("../../templates/adapter/README.md.in"),
    ),
    (
        "adapter.toml",
        include_str!("../../templates/adapter/adapter.toml.in"),
    ),
    (
        "decoders.txt",
        include_str!("../../templates/adapter/decoders.txt.in"),
    ),
    (
        "src/lib.rs",
        include_str!("../../templates/adapter/src/lib.rs.in"),
    ),
    (
        "src/adapter.rs",
        include_str!("../../templates/adapter/src/adapter.rs.in"),
    ),
    (
        "src/board.rs",
        include_str!("../../templates/adapter/src/board.rs.in"),
    ),
    (
        "src/command.rs",
        include_str!("../../templates/adapter/src/command.rs.in"),
    ),
    (
        "src/config.rs",
        include_str!("../../templates/adapter/src/config.rs.in"),
    ),
    (
        "src/decode.rs",
        include_str!("../../templates/adapter/src/decode.rs.in"),
    ),
    (
        "src/session.rs",
        include_str!("../../templates/adapter/src/session.rs.in"),
    ),
    (
        "tests/decode.rs",
        include_str!("../../templates/adapter/tests/decode.rs.in"),
    ),
    (
        "tests/life.rs",
        include_str!("../../templates/adapter/tests/life.rs.in"),
    ),
    (
        "testdata/plain/answer.json",
        include_str!("../../templates/adapter/testdata/plain/answer.json.in"),
    ),
    (
        "testdata/README.md",
        "Recordings of devices, a folder for each brand; `plain` is made by hand.\n",
    ),
];

const MANIFEST: &str = "Cargo.toml";
const LIST: &str = "src/doors/mod.rs";
const ARROWS: &str = "conformance-tests/tidy/floors.txt";

/// The room of a new adapter in the tree at `root`.
pub fn room(root: &Path, name: &str) -> Result<Room, String> {
    lawful(name)?;
    let folder = PathBuf::from("adapters").join(name);
    if root.join(&folder).exists() {
        return Err(format!("{} is there already", folder.display()));
    }
    let read = |path: &str| {
        std::fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"))
    };
    let manifest = read(MANIFEST)?;
    if manifest.contains(&format!("\ncordon-{name} = ")) {
        return Err(format!("a crate cordon-{name} is there already"));
    }
    let filled = |text: &str| {
        text.replace("@NAME@", name)
            .replace("@IDENT@", &name.replace('-', "_"))
            .replace("@Name@", &camel(name))
    };
    let own = FILES
        .iter()
        .map(|(file, text)| (folder.join(file), filled(text)));
    let touched = [
        (MANIFEST, in_manifest(&manifest, name)),
        (LIST, in_list(&read(LIST)?, name)),
        (ARROWS, in_arrows(&read(ARROWS)?, name)),
    ];
    let mut room = Room {
        own: own.collect(),
        ..Room::default()
    };
    for (file, text) in touched {
        let text =
            text.ok_or_else(|| format!("{file}: the place for a new adapter is not there"))?;
        room.touched.push((PathBuf::from(file), text));
    }
    Ok(room)
}

/// `demo-meter` becomes `DemoMeter`.
fn camel(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    words.collect()
}

fn in_manifest(text: &str, name: &str) -> Option<String> {
    let known = format!("cordon-{name} = {{ path = \"adapters/{name}\" }}");
    // Behind the last adapter, wherever their part of the list is.
    let last = text
        .lines()
        .rfind(|line| line.contains("{ path = \"adapters/"))?;
    let text = insert::behind(text, last, &known)?;
    let used = format!("cordon-{name}.workspace = true");
    insert::sorted(&text, "[dependencies]", "cordon-", &used)
}

fn in_list(text: &str, name: &str) -> Option<String> {
    let ident = name.replace('-', "_");
    let line = format!("    Kind::of::<cordon_{ident}::Config>(),");
    insert::behind(text, "    Kind::of::<", &line)
}

fn in_arrows(text: &str, name: &str) -> Option<String> {
    let own = format!("cordon-{name}: cordon-contract cordon-model");
    let text = insert::sorted(text, "", "cordon-", &own)?;
    let program = text
        .lines()
        .find_map(|line| line.strip_prefix("cordon: "))?;
    let own = format!("cordon-{name}");
    let mut imports: Vec<&str> = program.split(' ').chain([own.as_str()]).collect();
    imports.sort_unstable();
    Some(text.replacen(program, &imports.join(" "), 1))
}

#[cfg(test)]
mod tests {
    use super::{camel, in_arrows, in_list, in_manifest};

    #[test]
    fn an_adapter_joins_the_three_lists() {
        assert_eq!(camel("demo-meter"), "DemoMeter");
        let manifest = "[workspace.dependencies]\ncordon-modbus = { path = \"adapters/modbus\" }\n\
                        cordon-sim = { path = \"x\" }\n\n[dependencies]\nbytes.workspace = true\n\
                        cordon-alarms.workspace = true\ncordon-flow.workspace = true\nhttp.workspace = true\n";
        let joined = in_manifest(manifest, "demo-meter").unwrap();
        assert!(
            joined.contains("modbus\" }\ncordon-demo-meter = { path = \"adapters/demo-meter\" }\n")
        );
        assert!(
            joined.contains("cordon-alarms.workspace = true\ncordon-demo-meter.workspace = true\n")
        );
        let list = "const KINDS: &[Kind] = &[\n    Kind::of::<cordon_mqtt::Config>(),\n];\n";
        let joined = in_list(list, "demo-meter").unwrap();
        assert!(joined.contains("Config>(),\n    Kind::of::<cordon_demo_meter::Config>(),\n];"));
        let arrows = "cordon: cordon-alarms cordon-flow\ncordon-alarms: x\ncordon-flow: y\n";
        let joined = in_arrows(arrows, "demo-meter").unwrap();
        assert_eq!(
            joined,
            "cordon: cordon-alarms cordon-demo-meter cordon-flow\ncordon-alarms: x\n\
             cordon-demo-meter: cordon-contract cordon-model\ncordon-flow: y\n"
        );
    }
}
