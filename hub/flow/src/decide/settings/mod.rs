//! Settings are entries (I15): what decides stands in the journal, part by part, before anything is decided by it.
//!
//! The configuration is read by the program alone. What of it decides (plan, rules, routes, the settings of plug-ins,
//! mapping packages, the program's version) it hands over as [`Part`]s with a [`Maker`] that makes plug-ins of them.
//! A part that is another than the journal says last is written as an entry of kind `Settings`; stepping that entry,
//! live, at a restart and in a replay alike, makes the plug-ins again and leaves their tables as they are.
//!
//! A plug-in that need not run has a part `plugins.NAME`: it begins with nothing at the entry that says its settings, and
//! forgets all at the one that says `null`.

mod absent;
mod change;
mod held;
mod label;
mod part;

pub use absent::Absent;
pub use change::{ChangedPart, SettingsChange};
pub(crate) use held::Settings;
pub use label::SettingsLabel;
pub use part::{Made, Maker, PART_BYTES_MAX, PARTS_BYTES_MAX, PARTS_MAX, PLUGINS, Part, Unusable};
