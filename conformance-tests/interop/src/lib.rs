//! What the interop tests share: finding counterparts and running a park of one's own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test support"
)]

mod park;
mod tools;

pub use park::{Park, free_port_base};
pub use tools::{
    node_script, node_tools, program, python, python_script, run, run_json, script, system,
};
