//! The register map of the simulated controller, and the names in it.
//!
//! The map is the one of `mappings/generic/lane/1/profile.toml`; the same signals appear a second
//! time as bits of registers, for the profile `mappings/generic/lane-registers/1`.

use serde::{Deserialize, Serialize};

/// A signal of the lane that the controller reports.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// The boom stands up.
    UpLimit,
    /// The boom lies down.
    DownLimit,
    /// A vehicle stands on the loop before the boom.
    ApproachLoop,
    /// A vehicle stands on the loop under the boom.
    SafetyLoop,
    /// Something is in the beam under the boom.
    Photocell,
    /// The boom was knocked off its arm.
    BoomOff,
    /// The cabinet's door is open.
    DoorOpen,
    /// The switch in the cabinet stands on local.
    Local,
    /// The emergency stop is pressed.
    EmergencyStop,
    /// Mains power has failed; the cabinet runs on its battery.
    PowerFail,
}

/// An output of the controller.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// Pulse: raise.
    Raise,
    /// Pulse: lower.
    Lower,
    /// Pulse: stop.
    Stop,
    /// Maintained: raise and stay up.
    LockOpen,
    /// Red lamp.
    LampRed,
    /// Green lamp.
    LampGreen,
    /// Siren.
    Siren,
}

/// What stands at an address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// A discrete input, and the bit of the same number of input register 0.
    Input(Input),
    /// A coil, and the bit of the same number of holding register 1.
    Output(Output),
}

/// Addresses counted from 0: discrete inputs and coils.
pub const MAP: &[(Place, u16)] = &[
    (Place::Input(Input::UpLimit), 0),
    (Place::Input(Input::DownLimit), 1),
    (Place::Input(Input::ApproachLoop), 2),
    (Place::Input(Input::SafetyLoop), 3),
    (Place::Input(Input::Photocell), 4),
    (Place::Input(Input::BoomOff), 5),
    (Place::Input(Input::DoorOpen), 6),
    (Place::Input(Input::Local), 7),
    (Place::Input(Input::EmergencyStop), 8),
    (Place::Input(Input::PowerFail), 9),
    (Place::Output(Output::Raise), 0),
    (Place::Output(Output::Lower), 1),
    (Place::Output(Output::Stop), 2),
    (Place::Output(Output::LockOpen), 3),
    (Place::Output(Output::LampRed), 4),
    (Place::Output(Output::LampGreen), 5),
    (Place::Output(Output::Siren), 6),
];

/// Rehearsal coils (counted from 0): writing 1 makes the input come on whatever the lane does.
/// Coil 110 is a power cycle: its rising edge restarts the controller.
pub const STIMULUS: &[(Input, u16)] = &[
    (Input::ApproachLoop, 100),
    (Input::SafetyLoop, 101),
    (Input::Photocell, 102),
    (Input::BoomOff, 103),
    (Input::DoorOpen, 104),
    (Input::Local, 105),
    (Input::EmergencyStop, 106),
    (Input::PowerFail, 107),
];

/// The rehearsal coil that restarts the controller.
pub(crate) const POWER_CYCLE: u16 = 110;
/// Rehearsal coils occupy this range.
pub(crate) const STIMULUS_RANGE: std::ops::RangeInclusive<u16> = 100..=110;
/// The heartbeat stands in this holding register.
pub(crate) const HEARTBEAT: u16 = 0;
/// The outputs as bits stand in this holding register.
pub(crate) const OUTPUT_WORD: u16 = 1;
/// The inputs as bits stand in this input register.
pub(crate) const INPUT_WORD: u16 = 0;

/// The discrete input at an address.
pub(crate) fn input_at(address: u16) -> Option<Input> {
    MAP.iter().find_map(|(place, at)| match place {
        Place::Input(input) if *at == address => Some(*input),
        _ => None,
    })
}

/// The coil at an address.
pub(crate) fn output_at(address: u16) -> Option<Output> {
    MAP.iter().find_map(|(place, at)| match place {
        Place::Output(output) if *at == address => Some(*output),
        _ => None,
    })
}

/// The input that a rehearsal coil forces.
pub(crate) fn stimulus_at(address: u16) -> Option<Input> {
    STIMULUS
        .iter()
        .find_map(|(input, at)| (*at == address).then_some(*input))
}
