//! Alarm routing: from what was raised to whoever must act (R029, R044, R050).
//!
//! [`AlarmPlugin`] is a pure fold over the journal. It raises what nobody else can see (a device
//! that fell silent, a value beyond its threshold), walks every alarm through its lawful life, tells
//! receivers by the tree of [`Routes`], and escalates what nobody acknowledged in time. Time is the
//! time of entries; nothing here knows a clock.
//!
//! `state` is what is remembered, `alarm` one alarm of it. `routes` is the tree and its file, `facts` what a matcher
//! may look at, `life` the lawful steps, `event` what happens when an alarm comes in, `told` which alarm it tells of
//! again, `words` what its words say of where it is, `place` whether an end says the same, `detect` and `outage` the
//! two detectors, `dispatch` notices, `escalate` what follows while nobody answers, `listeners` who was told, `reroute`
//! what other routes change, `group` and `roll` who is told together and when, `kept` what is
//! kept of what was said, `room` what is open and can be spared, `recent` the last alarm of a source, `missed` what a
//! limit kept out, `delivery` what became of orders, `text` how a notice is written, `open` what a page may show.
//! Why it is made so: `docs/design/alarms.md`. Every key of the file: `docs/reference/routes.md`.
//!
//! Floor 3: imports model and contract.

mod alarm;
mod alike;
mod config;
mod count;
mod delivery;
mod detect;
mod dispatch;
mod ended;
mod escalate;
mod event;
mod facts;
mod group;
mod kept;
mod life;
mod listeners;
mod missed;
mod named;
mod names;
mod open;
mod outage;
mod place;
mod plugin;
mod points;
mod recent;
mod reroute;
mod roll;
mod room;
mod routes;
mod state;
mod text;
mod told;
mod values;
mod words;

pub use config::Config;
pub use facts::Facts;
pub use life::{Unlawful, check as check_step};
pub use open::{OpenAlarm, OpenAlarms};
pub use plugin::AlarmPlugin;
pub use routes::{Acknowledge, CONSOLE, Errand, GroupKey, Later, Routes, Step};
