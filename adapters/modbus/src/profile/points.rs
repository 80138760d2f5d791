//! Where a lane's signals stand: the four tables, a point in one of them, and every input and
//! output that a profile can name.

use serde::Deserialize;

/// The signals a lane can report.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd)]
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
    /// Mains power has failed.
    PowerFail,
    /// The drive's fault contact.
    DriveFault,
}

/// The outputs a lane can have.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd)]
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
    /// Maintained: red lamp.
    LampRed,
    /// Maintained: green lamp.
    LampGreen,
    /// Maintained: siren.
    Siren,
}

impl Output {
    /// Whether the adapter resets it by itself after the pulse time.
    pub fn is_pulse(self) -> bool {
        matches!(self, Self::Raise | Self::Lower | Self::Stop)
    }
}

/// One of the four Modbus tables.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// Coils, read and written bit by bit (functions 1, 5 or 15).
    Coil,
    /// Discrete inputs, read bit by bit (function 2).
    Discrete,
    /// Input registers; a point is one bit of one (function 4).
    Input,
    /// Holding registers; a point is one bit of one (functions 3, 6 or 16).
    Holding,
}

impl Table {
    /// Whether a point in this table needs a bit number.
    pub fn is_registers(self) -> bool {
        matches!(self, Self::Input | Self::Holding)
    }
}

/// Which level means "on".
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Polarity {
    /// 1 means on.
    #[default]
    Normal,
    /// 0 means on (break contacts).
    Inverted,
}

/// By which functions an output is written.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Write {
    /// Function 5 for a coil, 6 for a register.
    #[default]
    Single,
    /// Function 15 for a coil, 16 for a register, for controllers that refuse 5 and 6.
    Multiple,
}

/// Where an input stands.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct InputPoint {
    /// Its table.
    pub table: Table,
    /// Its address, counted from `wire.address_base`.
    pub address: u16,
    /// Its bit, 0 = lowest; register tables only.
    pub bit: Option<u8>,
    /// Which level means on.
    #[serde(default)]
    pub polarity: Polarity,
    /// A change must last so many milliseconds to be believed; safety inputs come on at once and
    /// are debounced only when they go off. 0 to 5000.
    #[serde(default)]
    pub debounce_ms: u32,
}

/// Where an output stands.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct OutputPoint {
    /// `coil` or `holding`.
    pub table: Table,
    /// Its address, counted from `wire.address_base`.
    pub address: u16,
    /// Its bit; holding registers only. A register that holds outputs must hold nothing else.
    pub bit: Option<u8>,
    /// Which level means on.
    #[serde(default)]
    pub polarity: Polarity,
    /// By which functions it is written.
    #[serde(default)]
    pub write: Write,
}

/// The outputs the lane has.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Outputs {
    /// Pulse: raise. Required.
    pub raise: Option<OutputPoint>,
    /// Pulse: lower.
    pub lower: Option<OutputPoint>,
    /// Pulse: stop.
    pub stop: Option<OutputPoint>,
    /// Maintained: raise and stay up.
    pub lock_open: Option<OutputPoint>,
    /// Maintained: red lamp.
    pub lamp_red: Option<OutputPoint>,
    /// Maintained: green lamp.
    pub lamp_green: Option<OutputPoint>,
    /// Maintained: siren.
    pub siren: Option<OutputPoint>,
}

/// The inputs the lane has.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Inputs {
    /// The boom stands up. Required: without it nothing is ever confirmed.
    pub up_limit: Option<InputPoint>,
    /// The boom lies down. Required.
    pub down_limit: Option<InputPoint>,
    /// Loop before the boom.
    pub approach_loop: Option<InputPoint>,
    /// Loop under the boom.
    pub safety_loop: Option<InputPoint>,
    /// Beam under the boom.
    pub photocell: Option<InputPoint>,
    /// The boom was knocked off.
    pub boom_off: Option<InputPoint>,
    /// Cabinet door open.
    pub door_open: Option<InputPoint>,
    /// Switch on local.
    pub local: Option<InputPoint>,
    /// Emergency stop pressed.
    pub emergency_stop: Option<InputPoint>,
    /// Mains power failed.
    pub power_fail: Option<InputPoint>,
    /// Fault contact of the drive.
    pub drive_fault: Option<InputPoint>,
}

/// Coils by which a rehearsal lane lets an examination press its inputs. The adapter never
/// touches them; the field is read so that one file serves both.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Stimulus {
    /// Forces the approach loop.
    pub approach_loop: Option<u16>,
    /// Forces the safety loop.
    pub safety_loop: Option<u16>,
    /// Forces the photocell.
    pub photocell: Option<u16>,
    /// Forces the boom-off contact.
    pub boom_off: Option<u16>,
    /// Forces the door contact.
    pub door_open: Option<u16>,
    /// Forces the local switch.
    pub local: Option<u16>,
    /// Forces the emergency stop.
    pub emergency_stop: Option<u16>,
    /// Forces the power-fail contact.
    pub power_fail: Option<u16>,
    /// Restarts the controller on its rising edge.
    pub power_cycle: Option<u16>,
}

impl Inputs {
    /// The inputs that the profile names.
    pub fn named(&self) -> impl Iterator<Item = (Input, &InputPoint)> {
        [
            (Input::UpLimit, &self.up_limit),
            (Input::DownLimit, &self.down_limit),
            (Input::ApproachLoop, &self.approach_loop),
            (Input::SafetyLoop, &self.safety_loop),
            (Input::Photocell, &self.photocell),
            (Input::BoomOff, &self.boom_off),
            (Input::DoorOpen, &self.door_open),
            (Input::Local, &self.local),
            (Input::EmergencyStop, &self.emergency_stop),
            (Input::PowerFail, &self.power_fail),
            (Input::DriveFault, &self.drive_fault),
        ]
        .into_iter()
        .filter_map(|(input, point)| point.as_ref().map(|point| (input, point)))
    }
}

impl Outputs {
    /// Where an output stands, when the profile names it.
    pub fn point(&self, output: Output) -> Option<&OutputPoint> {
        match output {
            Output::Raise => self.raise.as_ref(),
            Output::Lower => self.lower.as_ref(),
            Output::Stop => self.stop.as_ref(),
            Output::LockOpen => self.lock_open.as_ref(),
            Output::LampRed => self.lamp_red.as_ref(),
            Output::LampGreen => self.lamp_green.as_ref(),
            Output::Siren => self.siren.as_ref(),
        }
    }

    /// The outputs that the profile names.
    pub fn named(&self) -> impl Iterator<Item = (Output, &OutputPoint)> {
        [
            Output::Raise,
            Output::Lower,
            Output::Stop,
            Output::LockOpen,
            Output::LampRed,
            Output::LampGreen,
            Output::Siren,
        ]
        .into_iter()
        .filter_map(|output| self.point(output).map(|point| (output, point)))
    }
}
