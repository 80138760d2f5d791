//! Reports from made journals: golden documents, versions, restarts, damage, and a naive count.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod documents;
mod made;
mod naive;
mod versions;
