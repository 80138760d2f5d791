//! A room that is a crate of its own: the lists that every such room joins, and its files.

use std::path::{Path, PathBuf};

use super::{Room, insert, lawful};

/// The manifest of the workspace and of the program.
const MANIFEST: &str = "Cargo.toml";
/// The arrows between crates.
const ARROWS: &str = "conformance-tests/tidy/floors.txt";

/// What kind of room it is.
pub struct Kind {
    /// In words: `adapter`.
    pub word: &'static str,
    /// The folder in which each has its own.
    pub folder: &'static str,
    /// The program's list of them.
    pub list: &'static str,
    /// The room's files, as they are written with `@NAME@` and the like filled in.
    pub files: &'static [(&'static str, &'static str)],
}

/// The room of a new crate of this kind in the tree at `root`: a folder of its own, and three lists that name it.
pub fn room(root: &Path, kind: &Kind, name: &str) -> Result<Room, String> {
    lawful(name)?;
    let folder = PathBuf::from(kind.folder).join(name);
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
    let own = kind.files.iter();
    let own = own.map(|(file, text)| (folder.join(file), filled(text)));
    let touched = [
        (MANIFEST, in_manifest(&manifest, kind.folder, name)),
        (kind.list, in_list(&read(kind.list)?, name)),
        (ARROWS, in_arrows(&read(ARROWS)?, name)),
    ];
    let mut room = Room {
        own: own.collect(),
        ..Room::default()
    };
    for (file, text) in touched {
        let place = format!("{file}: the place for a new {} is not there", kind.word);
        room.touched.push((PathBuf::from(file), text.ok_or(place)?));
    }
    Ok(room)
}

/// `demo-meter` becomes `DemoMeter`.
pub fn camel(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    words.collect()
}

fn in_manifest(text: &str, folder: &str, name: &str) -> Option<String> {
    let known = format!("cordon-{name} = {{ path = \"{folder}/{name}\" }}");
    // Behind the last of its kind, wherever their part of the list is.
    let like = format!("{{ path = \"{folder}/");
    let last = text.lines().rfind(|line| line.contains(&like))?;
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
    fn a_crate_joins_the_three_lists() {
        assert_eq!(camel("demo-meter"), "DemoMeter");
        let manifest = "[workspace.dependencies]\ncordon-alarms = { path = \"hub/plugins/alarms\" }\n\
                        cordon-modbus = { path = \"adapters/modbus\" }\n\
                        cordon-sim = { path = \"x\" }\n\n[dependencies]\nbytes.workspace = true\n\
                        cordon-alarms.workspace = true\ncordon-flow.workspace = true\nhttp.workspace = true\n";
        let joined = in_manifest(manifest, "adapters", "demo-meter").unwrap();
        assert!(
            joined.contains("modbus\" }\ncordon-demo-meter = { path = \"adapters/demo-meter\" }\n")
        );
        assert!(
            joined.contains("cordon-alarms.workspace = true\ncordon-demo-meter.workspace = true\n")
        );
        let joined = in_manifest(manifest, "hub/plugins", "demo-guard").unwrap();
        let own = "alarms\" }\ncordon-demo-guard = { path = \"hub/plugins/demo-guard\" }\n";
        assert!(joined.contains(own), "{joined}");
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
