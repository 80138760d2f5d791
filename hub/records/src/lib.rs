//! The read side of the house: what is now and what was, folded durably from the journal.
//!
//! A [`Fold`] turns entries into rows. [`Records`] follows the journal for every fold from the fold's own
//! position, which stands in the same transaction as its rows, in a file of its own that can be deleted at
//! any time: it is built again. Nothing in the hub waits for it but whoever asks it something.
//!
//! ```text
//! journal ──EntryReader──▶ follower ──rows, position──▶ records.sqlite ──▶ questions
//!    feed ─────────────wakes──┘                              └──▶ what the status page shows
//! ```
//!
//! `store` knows the file, `follow` the journal, `run` the thread, `folds` the rows. Floor 4: with the journal
//! the only crate that names a storage engine. `docs/design/records.md` says why it is built this way.

mod age;
mod ask;
mod asked;
mod config;
mod fault;
mod file;
mod fold;
mod folds;
mod follow;
mod page;
mod run;
mod standing;
mod store;

pub use ask::{Answer, Look};
pub use asked::{Asked, By, Cell, Face, Line, PAGE_MAX};
pub use config::RecordsConfig;
pub use fault::{BEHIND, BROKEN, FAULTS, LACKING, NOT_ASKED_SO, OTHER_FORM, SET_ASIDE, STOPPED};
pub use file::{Found, RecordsFile};
pub use fold::{Failure, Fold, Rows, Then};
pub use folds::alarms::{AlarmRow, AlarmStep, AlarmsAsked};
pub use folds::audit::{AuditAsked, AuditRow};
pub use folds::devices::{DeviceRow, DevicesAsked};
pub use folds::grants::{GrantRoom, GrantsAsked};
pub use folds::orders::{OrderRow, OrdersAsked, OrdersOf};
pub use folds::passages::{DecisionRow, PassageRow, PassagesAsked, Reason};
pub use folds::refusals::{RefusalRow, RefusalsAsked};
pub use folds::{FACES, folds, folds_within, names};
pub use follow::{Follower, Halt, Progress};
pub use page::Page;
pub use run::{Durable, Records, RecordsParts};
pub use standing::{Broken, FoldStanding, Missing, Standing};
pub use store::engine_version;
