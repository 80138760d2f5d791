//! The plug-ins: those of every park (access and alarms, made in `settings`), and the one explicit list of those that run
//! where `park.toml` has their section.

mod kind;
mod made;
mod sections;

pub use kind::{Kind, Section};
pub use made::{Plugins, plugins, plugins_beside, routes, settings};
pub use sections::{SECTION, Sections};

/// Every kind of plug-in that need not run, in the order in which they are stepped, behind those of every park. A new one
/// is a line here.
pub const KINDS: &[Kind] = &[
    #[cfg(test)]
    Kind::of::<tests::Config>(),
];

#[cfg(test)]
pub mod tests;
