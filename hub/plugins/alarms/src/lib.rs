//! Alarm routing: from what was raised to whoever must act (R029, R044, R050).
//!
//! [`AlarmPlugin`] is a pure fold over the journal. It raises what nobody else can see (a device
//! that fell silent, a value beyond its threshold), walks every alarm through its lawful life, tells
//! receivers by the tree of [`Routes`], and escalates what nobody acknowledged in time. Time is the
//! time of entries; nothing here knows a clock.
//!
//! `routes` is the tree and its file, `facts` what a matcher may look at, `life` the lawful steps,
//! `detect` the two detectors, `dispatch` groups and escalations, `delivery` what became of orders.
//! Why it is made so: `docs/design/alarms.md`. Every key of the file: `docs/reference/routes.md`.
//!
//! Floor 3: imports model and contract.

mod config;
mod delivery;
mod detect;
mod dispatch;
mod facts;
mod life;
mod plugin;
mod routes;
mod state;

pub use config::Config;
pub use facts::Facts;
pub use life::{Unlawful, check as check_step};
pub use plugin::AlarmPlugin;
pub use routes::{Acknowledge, Errand, GroupKey, Routes, Step};
