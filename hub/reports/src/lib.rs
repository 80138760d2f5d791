//! Signed standard reports built up to one journal position (standards 8; R027, R044, R050).
//!
//! [`Ledger`] is a pure, incremental fold over entries: the same journal prefix gives the same
//! ledger. A document is a pure function of ledger, plan, settings and span. [`Reports`] keeps the
//! signed files: asked again it gives the same bytes, late data give a new version that names the
//! one it supersedes, nothing is changed in place.
//!
//! `fold` and `table` are pure; `shelf` knows the files, `progress` the journal, `scheduler` time.
//!
//! Floor 4: reads entries through `cordon-flow`, signs through `cordon-security`, opens no socket.

mod config;
#[doc(hidden)]
pub mod decoders;
mod document;
mod fault;
mod figure;
mod fold;
mod progress;
mod reports;
mod rpt01;
mod rpt06;
mod rpt07;
mod scheduler;
mod shelf;
mod sources;
mod span;
mod table;

pub use config::{AcknowledgeLimits, Expect, Job, ReportsConfig};
pub use cordon_model::Schedule;
pub use document::{BUILT, Position, document};
pub use fold::Ledger;
pub use reports::{Built, Record, ReportedBy, Reports, ReportsParts, Unrecorded, asked_span};
pub use scheduler::run;
pub use span::Span;
