//! A plug-in that runs where the configuration has its section: a folder of its own, and three lists that name it: the
//! manifest, the program's list of kinds, and the arrows between crates.

use std::path::Path;

use super::Room;
use super::krate::{self, Kind};

/// Names that have another meaning in a journal, a configuration or a list of crates.
const TAKEN: [&str; 4] = ["access", "alarms", "flow", "guard"];

const KIND: Kind = Kind {
    word: "plug-in",
    folder: "hub/plugins",
    list: "src/plugins/mod.rs",
    files: &FILES,
};

/// The room's files, as they are written with `@NAME@` and the like filled in.
const FILES: [(&str, &str); 6] = [
    (
        "Cargo.toml",
        include_str!("../../templates/plugin/Cargo.toml.in"),
    ),
    (
        "README.md",
        include_str!("../../templates/plugin/README.md.in"),
    ),
    (
        "src/lib.rs",
        include_str!("../../templates/plugin/src/lib.rs.in"),
    ),
    (
        "src/config.rs",
        include_str!("../../templates/plugin/src/config.rs.in"),
    ),
    (
        "src/plugin.rs",
        include_str!("../../templates/plugin/src/plugin.rs.in"),
    ),
    (
        "tests/fold.rs",
        include_str!("../../templates/plugin/tests/fold.rs.in"),
    ),
];

/// The room of a new plug-in in the tree at `root`.
pub fn room(root: &Path, name: &str) -> Result<Room, String> {
    if TAKEN.contains(&name) {
        return Err(format!("the name `{name}` is taken"));
    }
    krate::room(root, &KIND, name)
}
