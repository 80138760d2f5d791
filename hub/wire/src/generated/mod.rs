//! Readers and writers made by `cargo xtask codegen` from `schemas/xsd`.

pub(crate) mod access;
pub(crate) mod alarm;
pub(crate) mod basics;
pub(crate) mod command;
pub(crate) mod emergency;
pub(crate) mod envelope;
pub(crate) mod message;
pub(crate) mod monitoring;
pub(crate) mod party;
pub(crate) mod report;
pub(crate) mod service;
pub(crate) mod trust;

/// All readers and writers of the messages.
pub(crate) mod all {
    pub(crate) use super::access::*;
    pub(crate) use super::alarm::*;
    pub(crate) use super::basics::*;
    pub(crate) use super::command::*;
    pub(crate) use super::emergency::*;
    pub(crate) use super::envelope::*;
    pub(crate) use super::message::*;
    pub(crate) use super::monitoring::*;
    pub(crate) use super::party::*;
    pub(crate) use super::report::*;
    pub(crate) use super::trust::*;
}
