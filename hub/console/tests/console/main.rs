//! The console over its port, with a desk that is played.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

mod alarms;
mod figures;
mod outbox;
mod page;
mod played;
mod reload;
