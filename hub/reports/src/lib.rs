//! Signed standard reports built up to one journal position (standards 8; R027, R044, R050).
//!
//! [`Ledger`] is a pure, incremental fold over entries: the same journal prefix gives the same
//! ledger. A document is a pure function of ledger, plan, settings and span. [`Reports`] keeps the
//! signed files: asked again it gives the same bytes, late data give a new version that names the
//! one it supersedes, nothing is changed in place.
//!
//! Each report is a folder of `standard`, named in one list; `ledger` books what all of them count.
//! `ledger`, `standard` and `table` are pure; `shelf` knows the files, `progress` the journal, `scheduler` time.
//!
//! Floor 4: reads entries through `cordon-flow`, signs through `cordon-security`, opens no socket.

mod aside;
mod config;
#[doc(hidden)]
pub mod decoders;
mod document;
mod due;
mod fault;
mod figure;
mod forgotten;
mod given;
mod held;
mod hub_time;
mod ledger;
mod lived;
mod progress;
mod received;
mod removal;
mod reports;
mod scheduler;
mod shelf;
mod sources;
mod span;
mod standard;
mod table;
mod trouble;

pub use config::{AcknowledgeLimits, Expect, Job, ReportsConfig};
pub use cordon_model::Schedule;
pub use document::{Position, document};
pub use forgotten::{Gone, GoneBy};
pub use ledger::Ledger;
pub use reports::{Built, Record, ReportedBy, Reports, ReportsParts, Unrecorded, asked_span};
pub use scheduler::run;
pub use shelf::unlistable;
pub use span::Span;
pub use standard::{About, STANDARD, built, built_in_words, is_built};
pub use table::{Head, Sheet};

/// The sections that every report has behind its own; the second only when something was forgotten within its span, the last only when a
/// limit was reached.
pub const IN_EVERY: [&Sheet; 3] = [&sources::SHEET, &forgotten::SHEET, &table::LEFT_OUT];
