//! The visible state of the hub.

use cordon_contract::DeviceHealth;
use serde::Serialize;

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

/// The hub.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct HubHealth {
    /// What keeps the hub from taking everything; absent in the normal mode.
    pub fault: Option<String>,
    /// `normal`, `full` or `emergency`.
    pub mode: &'static str,
    /// Emergency openings and outcomes that are not journaled yet, in the spool and only in memory.
    pub spooled: (u64, u64),
    /// Free bytes on the journal's disk.
    pub free_bytes: u64,
    /// Share of that disk in use, 0 to 100.
    pub used_percent: u8,
    /// Fencing epoch of this run.
    pub epoch: u64,
    /// Number of the last durable entry.
    pub position: u64,
    /// Number of the last entry in the stored state.
    pub saved: u64,
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
