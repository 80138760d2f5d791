//! Records over made journals: what is in the rows, and what becomes of them when something goes wrong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod as_it_was;
mod breaks;
mod current;
mod follows;
mod killed;
mod lacking;
mod made;
mod naive;
mod wrong_clock;
