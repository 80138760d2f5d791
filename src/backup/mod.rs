//! A backup of a park: its configuration's folder, its data, and the journal read through.

mod folder;
mod manifest;

pub use folder::{copy_folder, require_empty};
pub use manifest::Manifest;

/// Of the data folder what a backup does not hold: state and records are built again from the journal, and what is newer than the
/// journal beside it is refused; the spool is of the hub that wrote it.
pub const LEFT_OUT: [&str; 4] = ["journal", "state.redb", "witness", "lock"];
/// How the names of files begin that are left out too.
pub const LEFT_OUT_BEGINS: [&str; 2] = ["emergency", "records.sqlite"];
