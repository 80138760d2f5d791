//! The visible state of the hub.

use std::collections::BTreeMap;

use cordon_contract::{AGREED_MICROS, ClockStanding, DeviceHealth};
use cordon_model::{DeviceId, GateAction, Timestamp};
use serde::Serialize;

use crate::board::Shown;
use crate::entry_time::seconds;
use crate::mark::Marked;

/// How an adapter's task stands; its devices have states of their own.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AdapterState {
    /// Its task runs.
    Running,
    /// It ended with a fault and waits to be started again.
    Resting,
    /// The hub is stopping.
    Stopped,
}

/// One adapter.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct AdapterHealth {
    /// Its name in the configuration.
    pub name: String,
    /// Its protocol.
    pub protocol: &'static str,
    /// Its task.
    pub state: AdapterState,
    /// How often it was started again.
    pub restarts: u64,
    /// Why it ended last.
    pub last_fault: Option<String>,
    /// Its devices.
    pub devices: Vec<DeviceHealth>,
}

/// The hub's time.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct ClockHealth {
    /// What people must see to; none while the wall clock agrees.
    pub words: Option<String>,
    /// Wall clock minus the time that is used, milliseconds.
    pub offset_ms: i64,
    /// How far the journal's entries are ahead of the time that is used, milliseconds.
    pub lead_ms: i64,
    /// Since the last tick, milliseconds; none before the first. There are no ticks while the disk
    /// fails or is full.
    pub tick_age_ms: Option<u64>,
}

impl ClockHealth {
    pub(crate) fn of(standing: ClockStanding, shown: &Shown) -> Self {
        let words = if standing.is_off {
            let away = seconds(standing.offset_micros);
            Some(format!(
                "the wall clock is {away} from the time that elapsed"
            ))
        } else if shown.lead_micros > AGREED_MICROS {
            let lead = seconds(shown.lead_micros);
            Some(format!("the journal is {lead} ahead of the wall clock"))
        } else {
            None
        };
        let age = shown.ticked_at.map(|at| at.elapsed().as_millis());
        Self {
            words,
            offset_ms: standing.offset_micros / 1_000,
            lead_ms: shown.lead_micros / 1_000,
            tick_age_ms: age.map(|age| u64::try_from(age).unwrap_or(u64::MAX)),
        }
    }
}

/// The hub.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct HubHealth {
    /// What keeps the hub from taking everything; absent in the normal mode.
    pub fault: Option<String>,
    /// `normal`, `full`, `unsaved` or `emergency`.
    pub mode: &'static str,
    /// Since when the mode is `emergency`: what is shown of the journal stands still since then.
    pub failed_since: Option<Timestamp>,
    /// What barriers last confirmed while the journal cannot be written.
    pub acted: BTreeMap<DeviceId, GateAction>,
    /// Whether barriers were held open before a start that could not open its journal, as far as that is
    /// known; empty once it could.
    pub held_before: BTreeMap<DeviceId, bool>,
    /// Emergency openings, releases and outcomes that are not journaled yet, in the spool and only in memory.
    pub spooled: (u64, u64),
    /// Free bytes on the journal's disk; none before it was asked.
    pub free_bytes: Option<u64>,
    /// Share of that disk in use, 0 to 100; none before it was asked.
    pub used_percent: Option<u8>,
    /// How the wall clock stands to the time that is used.
    pub clock: ClockHealth,
    /// Fencing epoch of this run.
    pub epoch: u64,
    /// Number of the last durable entry.
    pub position: u64,
    /// Number of the last entry in the stored state.
    pub saved: u64,
    /// Why nothing is saved while the disk of the state fails; the hub takes everything until `remembered` is at its limit.
    pub unsaved: Option<String>,
    /// Messages that memory alone remembers until the state is saved.
    pub remembered: usize,
    /// Room on the journal's disk: `normal`, `low`, `full`.
    pub space: &'static str,
    /// Journal entries that cannot be read, or were read although their form is refused today.
    pub marked: Marked,
    /// Pieces of work that wait for the sequencer.
    pub queue: usize,
    /// Orders without an outcome.
    pub open_orders: usize,
    /// Deliveries that were given up.
    pub dead_letters: usize,
    /// The adapters.
    pub adapters: Vec<AdapterHealth>,
}
