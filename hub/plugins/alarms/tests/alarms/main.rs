//! The plug-in as a fold: entries in, decisions out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod cost;
mod ends;
mod flood;
mod further;
mod hub;
mod life;
mod over;
mod property;
mod rerouted;
mod routes;
mod routing;
mod sensors;
mod size;
mod stepped;
mod stored;
