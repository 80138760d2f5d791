//! The profile file: where a lane's signals stand and how its barrier behaves.
//!
//! Strict: an unknown field is refused, and so is a profile that contradicts itself. The format
//! is described for vendors in `docs/reference/modbus-profile.md`; keep the two together. The
//! file's form is here; `points.rs` is its map of signals, `check.rs` what it is held to.

use cordon_contract::Fault;
use serde::Deserialize;

mod check;
mod points;

pub use points::{
    Input, InputPoint, Inputs, Output, OutputPoint, Outputs, Polarity, Stimulus, Table, Write,
};

/// Who made the lane controller.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Maker.
    pub vendor: String,
    /// Model.
    pub model: String,
    /// Version of this profile.
    pub version: String,
    /// In words.
    #[serde(default)]
    pub description: String,
}

/// How to talk to the controller.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Wire {
    /// What the addresses below count from: 0 as the protocol does, 1 as most manuals do.
    pub address_base: u16,
    /// Time between two polls, 20 to 5000.
    #[serde(default = "poll_ms")]
    pub poll_ms: u32,
    /// Time-out of every call, 50 to 10000.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u32,
    /// Time within which the maker says the controller answers; used by examinations.
    #[serde(default = "response_ms")]
    pub response_ms: u32,
    /// Connections the maker says the controller serves at a time; used by examinations.
    #[serde(default = "connections")]
    pub connections: u16,
}

/// How the barrier behaves.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Barrier {
    /// Stated time of a full travel, the slower direction; 200 to 60000.
    pub travel_ms: u32,
    /// Allowed on top before the travel counts as a fault; 0 to 10000.
    #[serde(default = "margin_ms")]
    pub margin_ms: u32,
    /// Length of a pulse, 200 to 1000.
    #[serde(default = "pulse_ms")]
    pub pulse_ms: u32,
    /// How long the barrier stays up after OPEN when nobody drives through; 1000 to 600000.
    #[serde(default = "hold_ms")]
    pub hold_ms: u32,
    /// How long the safety inputs must be clear before lowering; 0 to 10000.
    #[serde(default = "clear_ms")]
    pub clear_ms: u32,
    /// Whether the adapter lowers after the passage, or only on CLOSE.
    #[serde(default = "yes")]
    pub auto_close: bool,
    /// Whether the siren sounds while the lane is locked open.
    #[serde(default)]
    pub siren_with_lock_open: bool,
}

/// What the controller does when the heartbeat stops.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum SafeState {
    /// It lowers when its safety inputs are clear.
    Closed,
    /// It raises.
    Open,
    /// It stays where it is.
    Stay,
}

/// The heartbeat register.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// Holding register, counted from `wire.address_base`.
    pub register: u16,
    /// The hub writes another value this often, 50 to 60000.
    pub interval_ms: u32,
    /// The controller takes its safe state after so much silence; more than `interval_ms`.
    pub timeout_ms: u32,
    /// What it does then.
    pub safe_state: SafeState,
    /// By which function it is written.
    #[serde(default)]
    pub write: Write,
}

/// One profile file.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Version of the file format; 1.
    pub format: u32,
    /// Who made the controller.
    pub about: About,
    /// How to talk to it.
    pub wire: Wire,
    /// How the barrier behaves.
    pub barrier: Barrier,
    /// The heartbeat register, when the controller has a watchdog.
    pub heartbeat: Option<Heartbeat>,
    /// Outputs.
    pub outputs: Outputs,
    /// Inputs.
    pub inputs: Inputs,
    /// Rehearsal coils.
    #[serde(default)]
    pub stimulus: Stimulus,
}

fn poll_ms() -> u32 {
    100
}
fn timeout_ms() -> u32 {
    1_000
}
fn response_ms() -> u32 {
    500
}
fn connections() -> u16 {
    1
}
fn margin_ms() -> u32 {
    1_000
}
fn pulse_ms() -> u32 {
    300
}
fn hold_ms() -> u32 {
    15_000
}
fn clear_ms() -> u32 {
    1_000
}
fn yes() -> bool {
    true
}

impl Profile {
    /// Reads a profile; `place` names the file in faults.
    pub fn parse(text: &str, place: &str) -> Result<Self, Fault> {
        let profile: Self = toml::from_str(text).map_err(|error| {
            let line = error
                .span()
                .and_then(|span| text.get(..span.start))
                .map_or(1, |before| before.matches('\n').count() + 1);
            Fault::new("A101", error.message().to_owned())
                .at(format!("{place}:{line}"))
                .remedy("see docs/reference/modbus-profile.md for the fields of a profile")
        })?;
        profile.check().map_err(|(field, text, remedy)| {
            Fault::new("A102", text)
                .at(format!("{place}: {field}"))
                .remedy(remedy)
        })?;
        Ok(profile)
    }

    /// The protocol address of an address as written in the profile.
    pub fn address(&self, written: u16) -> u16 {
        written.saturating_sub(self.wire.address_base)
    }
}
