//! The outbox: durable orders on their way out.
//!
//! Orders of one target are carried out one after another; what a person orders of a barrier waits for
//! none of them, for it may end what waits. A gate command is tried once, before its deadline, in the
//! epoch that ordered it. Everything else is tried again until its deadline and then listed as a
//! dead letter. Of these the most urgent go first, each author has a share of the places, and one that fails
//! keeps none waiting but those that tell of the same.

mod handle;
mod held;
mod rest;
mod routine;
pub(crate) mod supervisor;
mod target;
mod worker;

pub use handle::{OrderNote, Outbox};
pub(crate) use held::Held;
pub(crate) use worker::Dispatch;
