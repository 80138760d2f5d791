//! Pushes signed reports to a provincial platform on schedule.
//!
//! The bytes that leave are the signed report exactly as a regulator would pull it; this adapter
//! neither builds nor signs. The contract's `ReportSource` gives it the reports. A push carries an idempotency
//! key, so trying again is harmless; what the platform refuses, or does not take in time, becomes a
//! dead letter: listed, kept over restarts, sent again on request, never dropped.
//!
//! `section` is the table as the program asks it; `due` lets reports wait when they are due, `pusher` pushes what waits, `orders` does what is asked;
//! `command` and `ledger` are pure, `keeper` has the ledger's file, `session` speaks HTTP through `cordon-http`.
//!
//! Floor 3: imports model, contract and http. Holds no key: TLS settings come ready-made.

mod adapter;
mod catch_up;
mod command;
mod config;
mod due;
mod keeper;
mod ledger;
mod orders;
mod pusher;
mod section;
mod session;

pub use adapter::{RegulatorAdapter, RunningRegulator};
pub use config::{Config, Job, TlsFiles};
pub use cordon_model::Schedule;
pub use ledger::DeadLetter;
