//! The profile file as the examination reads it: by a reader of its own, from the written format
//! (`docs/reference/modbus-profile.md`), so that a mistake of the adapter's reader cannot hide.
//! What it repeats of `adapters/modbus` it repeats on purpose: an examiner shares no code with what
//! it examines.

use std::collections::BTreeMap;

use cordon_contract::Fault;
use serde::Deserialize;

/// The four tables.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Table {
    /// Coils.
    Coil,
    /// Discrete inputs.
    Discrete,
    /// Input registers.
    Input,
    /// Holding registers.
    Holding,
}

impl Table {
    /// The function that reads it.
    pub fn read_function(self) -> u8 {
        match self {
            Self::Coil => 1,
            Self::Discrete => 2,
            Self::Holding => 3,
            Self::Input => 4,
        }
    }

    /// Whether its items are single bits.
    pub fn is_bits(self) -> bool {
        matches!(self, Self::Coil | Self::Discrete)
    }
}

/// Where a signal stands.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// Its table.
    pub table: Table,
    /// Its address as written.
    pub address: u16,
    /// Its bit in register tables.
    #[serde(default)]
    pub bit: u8,
    /// `normal` or `inverted`.
    #[serde(default)]
    pub polarity: String,
    /// Debounce time; of no use here.
    #[serde(default)]
    pub debounce_ms: u32,
}

/// `[about]`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Maker.
    pub vendor: String,
    /// Model.
    pub model: String,
    /// Version of the profile.
    pub version: String,
    /// In words.
    #[serde(default)]
    pub description: String,
}

/// `[wire]`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Wire {
    /// 0 or 1.
    pub address_base: u16,
    /// Time between polls.
    #[serde(default = "poll_ms")]
    pub poll_ms: u32,
    /// Time-out of a call.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u32,
    /// Stated response time.
    #[serde(default = "response_ms")]
    pub response_ms: u32,
    /// Stated number of connections.
    #[serde(default = "connections")]
    pub connections: u16,
}

/// `[barrier]`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Barrier {
    /// Stated time of a full travel.
    pub travel_ms: u32,
    /// Allowed on top.
    #[serde(default = "margin_ms")]
    pub margin_ms: u32,
    /// Length of a pulse.
    #[serde(default = "pulse_ms")]
    pub pulse_ms: u32,
    /// For the adapter.
    #[serde(default)]
    pub hold_ms: u32,
    /// For the adapter.
    #[serde(default)]
    pub clear_ms: u32,
    /// For the adapter.
    #[serde(default)]
    pub auto_close: bool,
    /// For the adapter.
    #[serde(default)]
    pub siren_with_lock_open: bool,
}

/// `[heartbeat]`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// Holding register as written.
    pub register: u16,
    /// Time between beats.
    pub interval_ms: u32,
    /// Silence after which the safe state is taken.
    pub timeout_ms: u32,
    /// `closed`, `open` or `stay`.
    pub safe_state: String,
}

/// One profile.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// 1.
    pub format: u32,
    /// `[about]`.
    pub about: About,
    /// `[wire]`.
    pub wire: Wire,
    /// `[barrier]`.
    pub barrier: Barrier,
    /// `[heartbeat]`.
    pub heartbeat: Option<Heartbeat>,
    /// `[outputs]` by name.
    pub outputs: BTreeMap<String, Point>,
    /// `[inputs]` by name.
    pub inputs: BTreeMap<String, Point>,
    /// `[stimulus]` by name: coils as written.
    #[serde(default)]
    pub stimulus: BTreeMap<String, u16>,
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

const OUTPUTS: &[&str] = &[
    "raise",
    "lower",
    "stop",
    "lock_open",
    "lamp_red",
    "lamp_green",
    "siren",
];
const INPUTS: &[&str] = &[
    "up_limit",
    "down_limit",
    "approach_loop",
    "safety_loop",
    "photocell",
    "boom_off",
    "door_open",
    "local",
    "emergency_stop",
    "power_fail",
    "drive_fault",
];

impl Profile {
    /// Reads a profile; `place` names the file in faults.
    pub fn parse(text: &str, place: &str) -> Result<Self, Fault> {
        let refuse = |text: String| {
            Fault::new("K060", text)
                .at(place)
                .remedy("see docs/reference/modbus-profile.md")
        };
        let profile: Self = toml::from_str(text).map_err(|error| refuse(error.to_string()))?;
        if profile.format != 1 {
            return Err(refuse("only format 1 is known".to_owned()));
        }
        for (names, known) in [
            (profile.outputs.keys().collect::<Vec<_>>(), OUTPUTS),
            (profile.inputs.keys().collect(), INPUTS),
        ] {
            if let Some(name) = names
                .into_iter()
                .find(|name| !known.contains(&name.as_str()))
            {
                return Err(refuse(format!("unknown point `{name}`")));
            }
        }
        let needed = ["up_limit", "down_limit"];
        if needed
            .iter()
            .any(|name| !profile.inputs.contains_key(*name))
            || !profile.outputs.contains_key("raise")
        {
            return Err(refuse(
                "raise, up_limit and down_limit are needed".to_owned(),
            ));
        }
        Ok(profile)
    }

    /// The protocol address of a written one.
    pub fn address(&self, written: u16) -> u16 {
        written.saturating_sub(self.wire.address_base)
    }
}
