//! An adapter: a folder of its own, and three lists that name it: the manifest, the program's list of kinds,
//! and the arrows between crates.

use std::path::Path;

use super::Room;
use super::krate::{self, Kind};

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

const KIND: Kind = Kind {
    word: "adapter",
    folder: "adapters",
    list: "src/doors/mod.rs",
    files: &FILES,
};

/// The room of a new adapter in the tree at `root`.
pub fn room(root: &Path, name: &str) -> Result<Room, String> {
    krate::room(root, &KIND, name)
}
