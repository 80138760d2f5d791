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
