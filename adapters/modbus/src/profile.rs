//! The profile file: where a lane's signals stand and how its barrier behaves.
//!
//! Strict: an unknown field is refused, and so is a profile that contradicts itself. The format
//! is described for vendors in `docs/reference/modbus-profile.md`; keep the two together.

use cordon_contract::Fault;
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
    /// Coils, read and written bit by bit (functions 1, 5).
    Coil,
    /// Discrete inputs, read bit by bit (function 2).
    Discrete,
    /// Input registers; a point is one bit of one (function 4).
    Input,
    /// Holding registers; a point is one bit of one (functions 3, 6).
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
}

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

    fn check(&self) -> Result<(), Complaint> {
        self.check_ranges()?;
        self.check_points()?;
        self.check_needs()
    }

    fn check_ranges(&self) -> Result<(), Complaint> {
        if self.format != 1 {
            return Err(complaint(
                "format",
                "only format 1 is known",
                "write format = 1",
            ));
        }
        if self.wire.address_base > 1 {
            return Err(complaint(
                "wire.address_base",
                "must be 0 or 1",
                "see the maker's register list",
            ));
        }
        let barrier = &self.barrier;
        within("wire.poll_ms", self.wire.poll_ms, 20, 5_000)?;
        within("wire.timeout_ms", self.wire.timeout_ms, 50, 10_000)?;
        within("wire.response_ms", self.wire.response_ms, 1, 10_000)?;
        within("barrier.travel_ms", barrier.travel_ms, 200, 60_000)?;
        within("barrier.margin_ms", barrier.margin_ms, 0, 10_000)?;
        within("barrier.pulse_ms", barrier.pulse_ms, 200, 1_000)?;
        within("barrier.hold_ms", barrier.hold_ms, 1_000, 600_000)?;
        within("barrier.clear_ms", barrier.clear_ms, 0, 10_000)?;
        if let Some(heartbeat) = &self.heartbeat {
            within("heartbeat.interval_ms", heartbeat.interval_ms, 50, 60_000)?;
            if heartbeat.timeout_ms <= heartbeat.interval_ms {
                return Err(complaint(
                    "heartbeat.timeout_ms",
                    "must be longer than interval_ms",
                    "allow at least two lost heartbeats",
                ));
            }
            self.based("heartbeat.register", heartbeat.register)?;
        }
        Ok(())
    }

    fn check_points(&self) -> Result<(), Complaint> {
        let mut taken: Vec<(Table, u16, Option<u8>)> = Vec::new();
        if let Some(heartbeat) = &self.heartbeat {
            // A register that holds outputs must hold nothing else, hence every bit is taken.
            taken.extend((0..16).map(|bit| (Table::Holding, heartbeat.register, Some(bit))));
        }
        for (output, point) in self.outputs.named() {
            let field = format!("outputs.{output:?}");
            if !matches!(point.table, Table::Coil | Table::Holding) {
                return Err(complaint(
                    &field,
                    "outputs are coils or holding registers",
                    "change `table`",
                ));
            }
            self.bit(&field, point.table, point.bit)?;
            self.based(&field, point.address)?;
            take(&field, &mut taken, (point.table, point.address, point.bit))?;
        }
        for (input, point) in self.inputs.named() {
            let field = format!("inputs.{input:?}");
            self.bit(&field, point.table, point.bit)?;
            self.based(&field, point.address)?;
            within(&field, point.debounce_ms, 0, 5_000)?;
            take(&field, &mut taken, (point.table, point.address, point.bit))?;
        }
        Ok(())
    }

    fn check_needs(&self) -> Result<(), Complaint> {
        if self.outputs.raise.is_none() {
            return Err(complaint(
                "outputs.raise",
                "is missing",
                "a lane must be able to open",
            ));
        }
        if self.inputs.up_limit.is_none() || self.inputs.down_limit.is_none() {
            return Err(complaint(
                "inputs",
                "up_limit and down_limit are both needed",
                "wire the limit contacts; without them nothing can be confirmed",
            ));
        }
        let guarded = self.inputs.safety_loop.is_some() || self.inputs.photocell.is_some();
        if self.outputs.lower.is_some() && !guarded {
            return Err(complaint(
                "outputs.lower",
                "a barrier is never lowered without safety_loop or photocell",
                "wire a safety input, or leave outputs.lower out and let the controller lower",
            ));
        }
        if self.outputs.lower.is_none() && self.barrier.auto_close {
            return Err(complaint(
                "barrier.auto_close",
                "needs outputs.lower",
                "set auto_close = false when the controller lowers by itself",
            ));
        }
        Ok(())
    }

    fn based(&self, field: &str, address: u16) -> Result<(), Complaint> {
        if address < self.wire.address_base {
            return Err(complaint(
                field,
                "address 0 cannot be counted from 1",
                "see wire.address_base",
            ));
        }
        Ok(())
    }

    fn bit(&self, field: &str, table: Table, bit: Option<u8>) -> Result<(), Complaint> {
        match (table.is_registers(), bit) {
            (true, Some(0..=15)) | (false, None) => Ok(()),
            (true, _) => Err(complaint(field, "needs a bit from 0 to 15", "add `bit`")),
            (false, Some(_)) => Err(complaint(
                field,
                "coils and discrete inputs have no bit",
                "remove `bit`",
            )),
        }
    }
}

/// Field, what is wrong, what to do.
type Complaint = (String, String, String);

fn complaint(field: &str, text: &str, remedy: &str) -> Complaint {
    (field.to_owned(), text.to_owned(), remedy.to_owned())
}

fn within(field: &str, value: u32, least: u32, most: u32) -> Result<(), Complaint> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(complaint(
        field,
        &format!("{value} is outside {least} to {most}"),
        "choose a value inside the range",
    ))
}

fn take(
    field: &str,
    taken: &mut Vec<(Table, u16, Option<u8>)>,
    point: (Table, u16, Option<u8>),
) -> Result<(), Complaint> {
    if taken.contains(&point) {
        return Err(complaint(
            field,
            "another point stands at the same place",
            "give each its own",
        ));
    }
    taken.push(point);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Profile;

    const LANE: &str = include_str!("../../../mappings/generic/lane/1/profile.toml");
    const REGISTERS: &str = include_str!("../../../mappings/generic/lane-registers/1/profile.toml");

    #[test]
    fn the_shipped_profiles_are_lawful() {
        let lane = Profile::parse(LANE, "lane").unwrap();
        let registers = Profile::parse(REGISTERS, "registers").unwrap();
        assert_eq!(
            lane.inputs.named().count(),
            registers.inputs.named().count()
        );
        let up = registers.inputs.up_limit.as_ref().unwrap();
        assert_eq!(registers.address(up.address), 0);
    }

    /// A change to a good profile and the refusal it must earn.
    #[test]
    fn bad_profiles_are_refused_with_place_and_remedy() {
        let museum = [
            ("format = 1", "format = 2", "A102", "format"),
            ("poll_ms = 50", "pol_ms = 50", "A101", ":13"),
            (
                "pulse_ms = 300",
                "pulse_ms = 50",
                "A102",
                "barrier.pulse_ms",
            ),
            (
                "address_base = 0",
                "address_base = 1",
                "A102",
                "heartbeat.register",
            ),
            (
                "[inputs.up_limit]\ntable = \"discrete\"\naddress = 0\n",
                "",
                "A102",
                "inputs",
            ),
            (
                "address = 1\n\n[outputs.stop]",
                "address = 0\n\n[outputs.stop]",
                "A102",
                "outputs.Lower",
            ),
            (
                "timeout_ms = 2000",
                "timeout_ms = 500",
                "A102",
                "heartbeat.timeout_ms",
            ),
            (
                "table = \"coil\"\naddress = 3",
                "table = \"discrete\"\naddress = 3",
                "A102",
                "outputs.LockOpen",
            ),
            (
                "table = \"coil\"\naddress = 2",
                "table = \"coil\"\nbit = 2\naddress = 2",
                "A102",
                "outputs.Stop",
            ),
            (
                "table = \"coil\"\naddress = 2",
                "table = \"holding\"\naddress = 2",
                "A102",
                "outputs.Stop",
            ),
        ];
        for (from, to, code, place) in museum {
            assert!(LANE.contains(from), "{from}");
            let fault = Profile::parse(&LANE.replacen(from, to, 1), "p.toml").unwrap_err();
            assert_eq!(fault.code(), code, "{to}: {fault}");
            assert!(fault.place().contains(place), "{to}: {fault}");
            assert!(!fault.remedy_text().is_empty());
        }
    }

    #[test]
    fn lowering_needs_a_safety_input() {
        let cut = |text: &str, name: &str| -> String {
            let head = format!("[inputs.{name}]");
            let start = text.find(&head).unwrap();
            let end = start + text[start + 1..].find("\n[").unwrap() + 1;
            format!("{}{}", &text[..start], &text[end..])
        };
        let text = cut(&cut(LANE, "photocell"), "safety_loop");
        let fault = Profile::parse(&text, "p.toml").unwrap_err();
        assert!(fault.to_string().contains("never lowered"), "{fault}");
    }
}
