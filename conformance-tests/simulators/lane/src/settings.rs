//! How a simulated lane is set up. Also a file format: a vendor can write it as TOML or JSON.

use serde::{Deserialize, Serialize};

use crate::LaneFault;

/// What the controller does when the heartbeat stops.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SafeState {
    /// Lower when the safety inputs are clear.
    #[default]
    Closed,
    /// Raise.
    Open,
    /// Stay where it is.
    Stay,
}

/// Settings of one simulated lane. Times in milliseconds of real time.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LaneSettings {
    /// Time of a full travel of the boom, either way.
    pub travel_ms: u32,
    /// Whether the boom stands up at the start.
    pub starts_open: bool,
    /// Heartbeat silence after which the controller takes its safe state; the watchdog is armed
    /// by the first heartbeat after power-up. 0 = no watchdog.
    pub watchdog_ms: u32,
    /// What the controller does then.
    pub safe_state: SafeState,
    /// Only this unit id is answered; 0 = every unit id.
    pub unit: u8,
    /// Seed of everything random.
    pub seed: u64,
    /// Delay of every reply.
    pub reply_ms: u32,
    /// Delay of a late reply ([`LaneFault::LateReply`]).
    pub late_ms: u32,
    /// Delay of a slow reply ([`LaneFault::SlowReply`]).
    pub slow_ms: u32,
    /// How long a raising command waits under [`LaneFault::RisesLate`].
    pub late_rise_ms: u32,
    /// Simultaneous connections; further ones are closed after a short grace.
    pub connections_max: u16,
    /// Whether the rehearsal coils (`STIMULUS`) exist.
    pub stimulus: bool,
    /// Faults in force from the start.
    pub faults: Vec<LaneFault>,
}

impl Default for LaneSettings {
    fn default() -> Self {
        Self {
            travel_ms: 1_200,
            starts_open: false,
            watchdog_ms: 2_000,
            safe_state: SafeState::Closed,
            unit: 0,
            seed: 1,
            reply_ms: 0,
            late_ms: 3_000,
            slow_ms: 150,
            late_rise_ms: 3_000,
            connections_max: 8,
            stimulus: true,
            faults: Vec::new(),
        }
    }
}
