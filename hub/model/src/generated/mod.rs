//! Types made by `cargo xtask codegen` from `schemas/xsd`; change the schema, not these files.

pub mod access;
pub mod alarm;
pub mod basics;
pub mod command;
pub mod emergency;
pub mod envelope;
pub mod facets;
pub mod message;
pub mod monitoring;
pub mod party;
pub mod report;
pub mod service;
pub mod trust;

/// All types of the messages.
pub mod all {
    pub use super::access::*;
    pub use super::alarm::*;
    pub use super::basics::*;
    pub use super::command::*;
    pub use super::emergency::*;
    pub use super::envelope::*;
    pub use super::message::*;
    pub use super::monitoring::*;
    pub use super::party::*;
    pub use super::report::*;
    pub use super::trust::*;
}
