//! HTTP client and server with mutual TLS, limits and time-outs.
//!
//! Every room that speaks HTTP uses these two nouns, so that a time-out, a size limit or a
//! certificate rule is written once. Bodies are whole byte strings: the messages of the house are
//! bounded, and a signature can only be checked over all of them. Long-lived event streams are the
//! console's own business.
//!
//! Floor 2: imports the contract only. TLS configurations are made by `cordon-security`.

mod attempt;
mod budget;
mod client;
mod fault;
mod outcome;
mod pace;
mod places;
mod server;
mod stall;

pub use attempt::{Attempt, Cause};
pub use budget::{Budget, Room};
pub use client::{Client, ClientOptions};
pub use fault::HttpFault;
pub use outcome::outcome_of;
pub use pace::{Pace, Rate, site};
pub use places::{Guest, Places, Standing};
pub use server::{Handler, Request, Response, Server, ServerOptions, TlsSource};
