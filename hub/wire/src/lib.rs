//! XML to model and back.
//!
//! Readers and writers are generated from `schemas/xsd` by `cargo xtask codegen`. A reader accepts
//! exactly what the schemas accept: every facet, order, occurrence and namespace is checked, and a
//! [`WireFault`] says what is wrong, where, and what to do. A writer is deterministic, writes
//! exclusive canonical form, and refuses values that break a facet.
//!
//! Floor 2: bytes only, no sockets.

mod children;
mod digest;
mod fault;
mod generated;
mod message;
mod out;
pub mod service;
pub mod soap;
mod value;

pub use digest::{digest_of_bytes, message_digest};
pub use fault::WireFault;
pub use generated::message::{
    read_receipt_root as read_receipt, read_refusal_root as read_refusal,
    read_report_document_root as read_report_document, write_receipt_root as write_receipt,
    write_refusal_root as write_refusal, write_report_document_root as write_report_document,
};
pub use message::{parse_message, read_message, write_message};

/// What every generated file imports.
mod imports {
    pub(crate) use cordon_model::*;
    pub(crate) use cordon_xml::Node;

    pub(crate) use crate::children::{Children, Names, expect_root, only_child, unknown_element};
    pub(crate) use crate::fault::WireFault;
    pub(crate) use crate::generated::all::*;
    pub(crate) use crate::out::{C_PREFIX, Out, SVC_PREFIX};
    pub(crate) use crate::value::{binary, boolean, count, decimal, text, value};

    pub(crate) const C: &str = NAMESPACE;
    pub(crate) const SVC: &str = SERVICE_NAMESPACE;
}
