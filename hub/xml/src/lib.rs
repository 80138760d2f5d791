//! XML for the whole house: one parse into an arena, exclusive canonical form, strict writer.
//!
//! [`Document::parse`] reads a byte string once and keeps it, together with a flat arena of spans;
//! every [`Node`] is a view into both. Nothing of the language that an integration hub does not
//! need is accepted: no DOCTYPE, no processing instruction, no entity but the five predefined ones
//! and character references, only UTF-8, and hard [`Limits`] on size, depth and counts.
//!
//! [`canonical_exclusive`] writes Exclusive XML Canonicalization 1.0 without comments
//! (<https://www.w3.org/TR/xml-exc-c14n/>); [`Writer`] writes documents that already are in that
//! form, so that hashing what the hub wrote needs no second pass.
//!
//! Floor 1: imports nothing of the house, opens no file and no socket.

mod canonical;
mod chars;
mod document;
mod escape;
mod fault;
mod limits;
mod node;
mod parse;
mod position;
mod value;
mod writer;

pub use canonical::{canonical_exclusive, canonical_exclusive_within};
pub use document::{Document, NodeId, Unread};
pub use fault::{XmlFault, XmlFaultKind};
pub use limits::Limits;
pub use node::{Attribute, Attributes, Children, Elements, Node};
pub use position::Position;
pub use writer::Writer;

/// The namespace that the prefix `xml` is always bound to (Namespaces in XML 1.0, section 3).
pub const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

/// The namespace of `xmlns` attributes, which no prefix may be bound to.
pub const XMLNS_NAMESPACE: &str = "http://www.w3.org/2000/xmlns/";
