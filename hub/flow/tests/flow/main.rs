//! The flow as a whole: real journal, real state store, simulated clock, tiny plug-ins.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

mod acts;
mod alarm_flood;
mod authority;
mod clock;
mod clock_back;
mod core;
mod facts;
mod failure;
mod filled;
mod hub_names;
mod idle;
mod left_spool;
mod marks;
mod outbox;
mod overtaking;
mod park;
mod park_word;
mod partner;
mod past;
mod plugins;
mod recalled;
mod reload;
mod resent;
mod said;
mod sense;
mod settings;
mod settled;
mod shares;
mod signed;
mod stalled;
mod stopping;
mod table;
mod tables;
mod ticks;
mod unheard;
mod unrecorded;
mod unsaved;
