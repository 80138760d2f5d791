//! What an adapter and a plug-in are.
//!
//! The hub does not know which adapters or plug-ins exist; it knows this crate. Everything that
//! crosses a wall of the house is one of the nouns below: a [`Reading`] comes in, becomes an
//! [`Entry`] of the journal, is stepped by every [`Plugin`], whose [`Decisions`] may hold an
//! [`Order`] that a [`Running`] adapter executes and answers with an [`Outcome`]. An adapter is read
//! from its table ([`AdapterConfig`]), opened ([`Adapter`]) and started ([`Running`]); a plug-in that need not run is made of
//! its section ([`PluginKind`]).
//!
//! Floor 2: imports the model and nothing else of the house.

mod adapter;
mod aside;
mod clock;
mod clock_steps;
mod config;
mod entry;
mod fault;
mod health;
mod intake;
mod kind;
mod lent;
mod order;
mod owner;
mod plugin;
mod pot;
mod reading;
mod rules;
mod seldom;
mod share;
mod shutdown;
mod state;
mod steady;
mod steps;
mod undelivered;

pub use adapter::{Adapter, BoxFuture, Definition, Link, Running};
pub use aside::{DISK_ANSWERS_IN, aside, aside_within, begin_aside, disk_hangs};
pub use clock::{Clock, ClockStanding, ManualClock, SystemClock};
pub use clock_steps::{ClockSteps, Jump};
pub use config::{
    AdapterConfig, AdapterKind, LISTENER_CONNECTIONS, Named, Names, against_plan, not_in_plan,
};
pub use entry::{
    ACTED, ALARM_FORGOTTEN, ALARMS_OPEN_MAX, CLOCK_SET, COUNTED_HERE, Entry, EntryKind, HUB_START,
    NO_TEXT, NOTHING_SENT, REPORT_ANSWERED, Standing, is_emergency, is_made_name, is_planned,
    made_name, speaker_of, type_in_label,
};
pub use fault::{Code, Fault};
pub use health::{DeviceHealth, LinkState, Probe};
pub use intake::{Accepted, BEYOND_PACE, Handed, Intake, IntakeError, Offer};
pub use kind::{PluginKind, Premises};
pub use lent::{Lender, ReportSource, ReportVersion, Seal, SignedReport};
pub use order::{CONSOLE, Order, OrderLane, Outcome, OutcomeKind, Target};
pub use owner::{Owner, Owners, Word};
pub use plugin::{Decision, Decisions, Plugin};
pub use pot::{NoRoom, Passed, Pot, Taken, Term, even_part};
pub use reading::{Payload, Point, Reading, Value};
pub use rules::{AccessQuery, AccessRules, RuleAnswer, RuleHit, SubjectFacts};
pub use seldom::Seldom;
pub use share::Share;
pub use shutdown::{Shutdown, ShutdownTrigger};
pub use state::{Changed, Kept, RowBytes, Rows, Single, Table};
pub use steady::{AGREED_MICROS, SLEW_PART, STEADY_MICROS, SteadyClock, SteadyHand};
pub use steps::Steps;
pub use undelivered::Undelivered;
