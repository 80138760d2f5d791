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
