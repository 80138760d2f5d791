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

mod corridor;
mod decide;
#[doc(hidden)]
pub mod decoders;
mod fault;
pub mod flags;
mod hub;
mod outbox;
mod sequencer;
mod text;
mod watch;

pub use crate::corridor::receipt::{ReceiptData, Refused, warnings};
pub use crate::corridor::submit::Submit;
pub use crate::corridor::{AskedRule, CorridorRules};
pub use crate::decide::ages::{DAY_MICROS, Marks, Reach};
pub use crate::decide::audited::Audited;
pub use crate::decide::authority::{
    Authority, AuthoritySettings, Confirm, HazmatGrants, Reaction, Table, Thing, Voice, Whose,
};
pub use crate::decide::core::{DECISION_DEPTH_MAX, DECISIONS_PER_INPUT_MAX};
pub use crate::decide::entry_time::EntryClock;
pub use crate::decide::fold::{
    DEAD_LETTER, DEAD_LETTERS_MAX, DeadLetter, OpenOrder, REPORT_REQUESTS_MAX,
    REPORT_REQUESTS_OF_ONE_MAX,
};
pub use crate::decide::mark::{Mark, Marked};
pub use crate::decide::mode::{Mode, Modes};
pub use crate::decide::precedence::SUBJECTS_MAX;
pub use crate::decide::rank::Told as OrderRank;
pub use crate::decide::settings::{
    Absent, ChangedPart, Made, Maker, PART_BYTES_MAX, PARTS_BYTES_MAX, PARTS_MAX, PLUGINS, Part,
    SettingsChange, SettingsLabel, Unusable,
};
pub use crate::decide::settled::EntryTimes;
pub use crate::decide::stored_entry::StoredEntry;
pub use crate::decide::submission::{ParsedSubmission, SubmissionForm, message_nodes};
pub use crate::fault::{
    ACT_OF_ANOTHER, ADAPTER_MAY_NOT, ALARMS_PACED, CONFIGURATION, DISK_FAILED, DISK_FULL, FAULTS,
    GATE_UNREACHED, ID_REUSED, MESSAGE_COUNT, NO_DEAD_LETTER, NOT_YOURS, OLDER_FORM, OTHER_PARK,
    OWN_MESSAGE, REPLAY_DIFFERS, REQUESTS_WAIT, ROLE_MAY_NOT, SENDER_NOT_SIGNER, SETTINGS_UNUSABLE,
    STATE_BEHIND, STOPPED, STRANGER, THREAD, TIME_WINDOW, UNKNOWN_THING, UNLAWFUL_PAST, UNREADABLE,
    UNSETTLED,
};
pub use crate::hub::{Aging, Hub, RunningHub};
pub use crate::outbox::supervisor::Served;
pub use crate::outbox::{OrderNote, Outbox};
pub use crate::sequencer::config::{HubConfig, HubParts};
pub use crate::sequencer::ledger::{Ledger, Opened, OpenedOnce};
pub use crate::watch::entry_reader::{Entries, EntryReader, Expired};
pub use crate::watch::examine::{Examination, Finding, examine};
pub use crate::watch::feed::{Committed, Feed, FeedItem, FeedReader};
pub use crate::watch::health::{AdapterHealth, AdapterState, ClockHealth, HubHealth};
pub use crate::watch::histogram::{Histogram, Quantiles};
pub use crate::watch::in_order::InOrder;
pub use crate::watch::lists_held::list_in_use;
pub use crate::watch::lists_told::KnownLists;
pub use crate::watch::misread::{Misread, Misreads};
pub use crate::watch::replay::{
    Difference, ReplayReport, replay, replay_over, replay_told, replay_under,
};
pub use crate::watch::settings_at::{HeldPart, settings_at};
pub use crate::watch::stats::{Stats, StatsSnapshot, Traffic};
pub use crate::watch::vital::Vital;
