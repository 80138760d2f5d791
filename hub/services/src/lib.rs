//! The signed Web Service of the exchange port, and its clients.
//!
//! For all who speak the canonical schema: enterprises submit, regulators pull, operators act. Every request is
//! signed by its sender, every answer and fault by the hub. `docs/reference/exchange.md` is the
//! contract; the WSDL files in `schemas/wsdl` say the same to machines.
//!
//! Floor 5: reads the journal, asks the [`Core`], opens sockets only through `cordon-http`.

mod answer;
mod asked;
mod call;
pub mod client;
mod core;
mod enterprise;
mod handler;
mod lawful;
mod messages;
mod park;
mod parts;
mod passing;
mod questions;
mod refusals;
mod regulator;
mod submission;
mod verifier;
mod wsdl;

pub use crate::core::{Core, Originals, Refused};
pub use asked::request_digest;
pub use handler::Exchange;
pub use lawful::lawful;
pub use parts::Parts;
pub use passing::is_passing;
pub use questions::Questions;
pub use refusals::{RefusalLimits, Refusals, Remains, Tally};
pub use verifier::{Turn, Verifier};
pub use wsdl::Service;
