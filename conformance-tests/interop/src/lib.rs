//! What the interop tests share: finding counterparts and running a park of one's own.
//!
//! `CORDON_PROGRAM` names another program than that of the same build: a release, to examine it, or an
//! older one, on which a test must fail for the fault that it was written for. Keys of `park.toml` that
//! it does not know are left out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test support"
)]

mod client;
mod faults;
mod folder;
mod message;
mod park;
mod tools;
mod watch;
mod xmlsec;

pub use faults::{FailingPark, Faults, Lane};
pub use folder::{busy, change_config, issue, remove_partner, ship};
pub use message::{Head, fresh_id, message, message_file, moment};
pub use park::{Park, free_port_base};
pub use tools::{
    node_script, node_tools, program, python, python_script, run, run_json, said, script, system,
};
pub use xmlsec::xmlsec1_verifies;
