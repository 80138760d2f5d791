//! The heart of the hub: corridor, sequencer, outbox.
//!
//! ```text
//! adapters ──Reading──▶ corridor (map, seal) ─┐
//! services ─Verified──▶ corridor (check) ─────┼─▶ queue ─▶ sequencer ─▶ journal (one sync)
//! console ──Body──────▶ sealed by the hub ────┘              │ step plug-ins   │
//!                                                            ▼                 ▼
//!                     adapters ◀── outbox ◀── orders    answers · feed · counters
//! ```
//!
//! - [`Hub::start`] puts it together and gives a [`RunningHub`].
//! - [`Submit`] takes signed submissions, operators' words, refusals and audits.
//! - [`EntryReader`] and [`Feed`] give committed entries back, from the journal and as they come.
//! - [`Outbox`] shows open orders and dead letters; [`Stats`] and [`HubHealth`] show the rest.
//! - [`replay`] proves that a journal follows from its inputs.
//!
//! Floor 4. `docs/design/flow.md` says why it is built this way.

mod act;
mod ages;
mod alarm_pace;
mod answer;
mod astray;
mod authority;
mod batch;
mod board;
mod change;
mod claims;
mod conduct;
mod config;
mod core;
mod corridor;
mod counts;
#[doc(hidden)]
pub mod decoders;
mod device_pace;
mod draft;
mod emergency;
mod entry_codec;
mod entry_reader;
mod entry_time;
mod examine;
mod fault;
mod feed;
pub mod flags;
mod fold;
mod guard;
mod health;
mod held_before;
mod histogram;
mod hub;
mod in_order;
mod inbox;
mod intake;
mod kit;
mod ledger;
mod lists_held;
mod lists_told;
mod mark;
mod misread;
mod mode;
mod outbox;
mod outcome;
mod precedence;
mod queue;
mod recall;
mod receipt;
mod recovery;
mod refused_room;
mod remembered;
mod repeats;
mod replay;
mod retold;
mod room;
mod saver;
mod sealer;
mod sequencer;
mod settings;
mod settled;
mod spool;
mod startup;
mod stats;
mod submission;
mod submit;
mod supervisor;
mod tables;
mod terms;
mod text;
mod time_scale;
mod trouble;
mod unheard;
mod unrecorded;
mod unsettled;
mod unstored;
mod vital;
mod work;

pub use crate::ages::{DAY_MICROS, Marks, Reach};
pub use crate::authority::{
    Authority, AuthoritySettings, Confirm, HazmatGrants, Reaction, Table, Thing, Voice, Whose,
};
pub use crate::config::{HubConfig, HubParts};
pub use crate::core::{DECISION_DEPTH_MAX, DECISIONS_PER_INPUT_MAX};
pub use crate::corridor::{AskedRule, CorridorRules};
pub use crate::entry_reader::{Entries, EntryReader, Expired, StoredEntry};
pub use crate::entry_time::EntryClock;
pub use crate::examine::{Examination, Finding, examine};
pub use crate::fault::{
    ACT_OF_ANOTHER, ADAPTER_MAY_NOT, ALARMS_PACED, CONFIGURATION, DISK_FAILED, DISK_FULL, FAULTS,
    GATE_UNREACHED, ID_REUSED, MESSAGE_COUNT, NO_DEAD_LETTER, NOT_YOURS, OLDER_FORM, OTHER_PARK,
    OWN_MESSAGE, REPLAY_DIFFERS, REQUESTS_WAIT, ROLE_MAY_NOT, SENDER_NOT_SIGNER, SETTINGS_UNUSABLE,
    STATE_BEHIND, STOPPED, STRANGER, THREAD, TIME_WINDOW, UNKNOWN_THING, UNLAWFUL_PAST, UNREADABLE,
    UNSETTLED,
};
pub use crate::feed::{Committed, Feed, FeedItem, FeedReader};
pub use crate::fold::{
    DEAD_LETTER, DEAD_LETTERS_MAX, DeadLetter, OpenOrder, REPORT_REQUESTS_MAX,
    REPORT_REQUESTS_OF_ONE_MAX,
};
pub use crate::health::{AdapterHealth, AdapterState, ClockHealth, HubHealth};
pub use crate::histogram::{Histogram, Quantiles};
pub use crate::hub::{Aging, Hub, RunningHub};
pub use crate::in_order::InOrder;
pub use crate::ledger::{Ledger, Opened, OpenedOnce};
pub use crate::lists_held::list_in_use;
pub use crate::lists_told::KnownLists;
pub use crate::mark::{Mark, Marked};
pub use crate::misread::{Misread, Misreads};
pub use crate::mode::{Mode, Modes};
pub use crate::outbox::{OrderNote, Outbox, Told as OrderRank};
pub use crate::precedence::SUBJECTS_MAX;
pub use crate::receipt::{ReceiptData, Refused, warnings};
pub use crate::replay::{Difference, ReplayReport, replay, replay_over, replay_told, replay_under};
pub use crate::settings::{
    Absent, ChangedPart, HeldPart, Made, Maker, PART_BYTES_MAX, PARTS_BYTES_MAX, PARTS_MAX,
    PLUGINS, Part, SettingsChange, SettingsLabel, Unusable, settings_at,
};
pub use crate::settled::EntryTimes;
pub use crate::stats::{Stats, StatsSnapshot, Traffic};
pub use crate::submission::{ParsedSubmission, SubmissionForm, message_nodes};
pub use crate::submit::{Audited, Submit};
pub use crate::supervisor::Served;
pub use crate::vital::Vital;
