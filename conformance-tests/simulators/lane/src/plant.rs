//! The physical lane and the small controller in front of it, pure over a millisecond clock.
//!
//! The controller is the safety device here: it keeps the boom off vehicles by itself, whoever
//! commands it. `cushions_hit` counts every millisecond-step in which the boom fell although the
//! beam or the loop under it was occupied, so that a test can show that it never happened.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::seed::Seed;
use crate::settings::{LaneSettings, SafeState};
use crate::vehicle::{Loops, Traffic};
use crate::{Input, LaneFault, Output};

/// The boom's full travel in parts.
const TRAVEL: u64 = 1_000_000;
/// How much longer a slow travel takes.
const SLOW_FACTOR: u64 = 6;

/// Which way the boom moves.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Motion {
    /// It stands.
    Still,
    /// It rises.
    Up,
    /// It falls.
    Down,
}

/// What can be seen of the lane from outside.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct PlantState {
    /// The boom's position, 0 = down, 1000 = up.
    pub position_permille: u16,
    /// Which way it moves.
    pub motion: Motion,
    /// Inputs that are on.
    pub inputs: BTreeSet<Input>,
    /// Outputs that are on.
    pub outputs: BTreeSet<Output>,
    /// The last heartbeat value.
    pub heartbeat: u16,
    /// The watchdog ran out and no heartbeat has come since.
    pub watchdog_expired: bool,
    /// Rising edges of the raise output that reached the controller.
    pub raise_commands: u32,
    /// Rising edges of the lower output that reached the controller.
    pub lower_commands: u32,
    /// Times the boom left its lower end since the start.
    pub rises: u32,
    /// Steps in which the boom fell on an occupied beam or loop.
    pub cushions_hit: u32,
    /// Power cycles since the start.
    pub restarts: u32,
    /// Vehicles on the lane or waiting.
    pub vehicles: usize,
}

#[derive(Debug)]
pub(crate) struct Plant {
    pub(crate) settings: LaneSettings,
    pub(crate) faults: BTreeSet<LaneFault>,
    pub(crate) seed: Seed,
    position: u64,
    motion: Motion,
    last_ms: u64,
    outputs: BTreeSet<Output>,
    pub(crate) forced: BTreeMap<Input, bool>,
    stimulus: BTreeSet<Input>,
    pub(crate) traffic: Traffic,
    loops: Loops,
    flapping: u64,
    heartbeat: u16,
    heartbeat_ms: Option<u64>,
    watchdog_expired: bool,
    raise_commands: u32,
    lower_commands: u32,
    rises: u32,
    cushions_hit: u32,
    restarts: u32,
    /// The lowering under way began over a broken beam (fault `LowersIntoPhotocell`).
    began_blind: bool,
    /// When a raising command is obeyed (fault `RisesLate`).
    rises_at_ms: Option<u64>,
}

impl Plant {
    pub(crate) fn new(settings: LaneSettings) -> Self {
        Self {
            faults: settings.faults.iter().copied().collect(),
            seed: Seed::new(settings.seed),
            position: if settings.starts_open { TRAVEL } else { 0 },
            motion: Motion::Still,
            last_ms: 0,
            outputs: BTreeSet::new(),
            forced: BTreeMap::new(),
            stimulus: BTreeSet::new(),
            traffic: Traffic::default(),
            loops: Loops::default(),
            flapping: 0,
            heartbeat: 0,
            heartbeat_ms: None,
            watchdog_expired: false,
            raise_commands: 0,
            lower_commands: 0,
            rises: 0,
            cushions_hit: 0,
            restarts: 0,
            began_blind: false,
            rises_at_ms: None,
            settings,
        }
    }

    pub(crate) fn has(&self, fault: LaneFault) -> bool {
        self.faults.contains(&fault)
    }

    /// Moves the lane to `now_ms`, in steps small enough for the boom to react.
    pub(crate) fn advance(&mut self, now_ms: u64) {
        while self.last_ms < now_ms {
            let step_ms = (now_ms - self.last_ms).min(5);
            self.last_ms += step_ms;
            self.step(step_ms);
        }
    }

    fn step(&mut self, step_ms: u64) {
        let boom_up = self.position >= TRAVEL / 10 * 9;
        self.loops = self.traffic.advance(self.last_ms, boom_up);
        if self.has(LaneFault::FlappingInputs) && self.last_ms % 40 < step_ms {
            self.flapping = self.seed.next();
        }
        if self.rises_at_ms.is_some_and(|at_ms| at_ms <= self.last_ms) {
            self.rises_at_ms = None;
            self.motion = Motion::Up;
        }
        self.watch();
        self.control();
        self.travel(step_ms);
    }

    /// The watchdog.
    fn watch(&mut self) {
        let limit_ms = u64::from(self.settings.watchdog_ms);
        let silent = self
            .heartbeat_ms
            .is_some_and(|at| self.last_ms.saturating_sub(at) > limit_ms);
        if limit_ms == 0 || !silent || self.watchdog_expired || self.has(LaneFault::NoWatchdog) {
            return;
        }
        self.watchdog_expired = true;
        self.outputs.insert(Output::LampRed);
        self.outputs.remove(&Output::LampGreen);
    }

    /// What the controller does by itself in every step.
    fn control(&mut self) {
        let falls_on_something = self.motion == Motion::Down && self.obstructed();
        if falls_on_something {
            self.motion = Motion::Up;
        }
        let locked =
            self.outputs.contains(&Output::LockOpen) && !self.has(LaneFault::IgnoresLockOpen);
        if locked {
            self.motion = Motion::Up;
        } else if self.watchdog_expired {
            self.motion = match self.settings.safe_state {
                SafeState::Closed if self.clear_to_lower() => Motion::Down,
                SafeState::Open => Motion::Up,
                SafeState::Closed | SafeState::Stay => self.motion,
            };
        }
        if self.input(Input::EmergencyStop) && !locked {
            self.motion = Motion::Still;
        }
    }

    fn travel(&mut self, step_ms: u64) {
        if self.has(LaneFault::StuckBoom) {
            return;
        }
        let full_ms = u64::from(self.settings.travel_ms.max(1));
        let way = |slow: bool| TRAVEL * step_ms / (full_ms * if slow { SLOW_FACTOR } else { 1 });
        match self.motion {
            Motion::Still => {}
            Motion::Up => {
                self.rises += u32::from(self.position == 0);
                self.position = (self.position + way(self.has(LaneFault::SlowRaise))).min(TRAVEL);
            }
            Motion::Down => {
                let occupied = self.sees(Input::Photocell) || self.sees(Input::SafetyLoop);
                if self.position > 0 && occupied {
                    self.cushions_hit += 1;
                }
                self.position = self
                    .position
                    .saturating_sub(way(self.has(LaneFault::SlowLower)));
            }
        }
        let arrived = match self.motion {
            Motion::Up => self.position == TRAVEL,
            Motion::Down => self.position == 0,
            Motion::Still => false,
        };
        if arrived {
            self.motion = Motion::Still;
        }
    }

    /// Whether something is in the way of a falling boom, as this controller sees it.
    fn obstructed(&self) -> bool {
        let blind = self.has(LaneFault::IgnoresPhotocell) || self.began_blind;
        self.sees(Input::Photocell) && !blind
            || self.sees(Input::SafetyLoop) && !self.has(LaneFault::IgnoresSafetyLoop)
    }

    /// Whether a lowering command is taken now. The faults that blind a falling boom do not blind
    /// this question, so that each of them is one fault and not two.
    fn clear_to_lower(&self) -> bool {
        let beam = self.sees(Input::Photocell) && !self.has(LaneFault::LowersIntoPhotocell);
        !beam && !self.sees(Input::SafetyLoop)
    }

    /// The true input: what stands on the lane, or what the rehearsal forces.
    fn sees(&self, input: Input) -> bool {
        if let Some(forced) = self.forced.get(&input) {
            return *forced;
        }
        if self.stimulus.contains(&input) {
            return true;
        }
        match input {
            Input::UpLimit => self.position >= TRAVEL,
            Input::DownLimit => self.position == 0,
            Input::ApproachLoop => self.loops.approach,
            Input::SafetyLoop => self.loops.safety,
            Input::Photocell => self.loops.photocell,
            _ => false,
        }
    }

    /// The input as reported over Modbus.
    pub(crate) fn input(&self, input: Input) -> bool {
        let flaps = matches!(
            input,
            Input::UpLimit | Input::DownLimit | Input::ApproachLoop | Input::SafetyLoop
        );
        if flaps && self.has(LaneFault::FlappingInputs) {
            return self.flapping >> (input as u32) & 1 == 1;
        }
        match input {
            Input::UpLimit | Input::DownLimit if self.has(LaneFault::BothLimits) => true,
            Input::UpLimit if self.has(LaneFault::NoUpLimit) => false,
            Input::DownLimit if self.has(LaneFault::NoDownLimit) => false,
            _ => self.sees(input),
        }
    }

    pub(crate) fn output(&self, output: Output) -> bool {
        self.outputs.contains(&output)
    }

    /// Writes an output; pulses act on their rising edge.
    pub(crate) fn write(&mut self, output: Output, on: bool) {
        let was = self.outputs.contains(&output);
        if on {
            self.outputs.insert(output);
        } else {
            self.outputs.remove(&output);
        }
        if on && !was {
            self.edge(output);
        }
        let pulse = matches!(output, Output::Raise | Output::Lower | Output::Stop);
        if was && !on && pulse && self.has(LaneFault::PulseResetStops) {
            self.motion = Motion::Still;
        }
    }

    fn edge(&mut self, output: Output) {
        match output {
            Output::Raise => self.raise_commands += 1,
            Output::Lower => self.lower_commands += 1,
            _ => {}
        }
        let local = self.input(Input::Local) && !self.has(LaneFault::IgnoresLocal);
        if local || self.input(Input::EmergencyStop) {
            return;
        }
        match output {
            Output::Raise if self.has(LaneFault::RisesLate) => {
                let late_ms = u64::from(self.settings.late_rise_ms);
                self.rises_at_ms = Some(self.last_ms + late_ms);
            }
            Output::Raise => self.motion = Motion::Up,
            Output::Lower => {
                let locked = self.output(Output::LockOpen) && !self.has(LaneFault::IgnoresLockOpen);
                if !locked && self.clear_to_lower() {
                    self.motion = Motion::Down;
                    self.began_blind = self.sees(Input::Photocell);
                }
            }
            Output::Stop if !self.has(LaneFault::IgnoresStop) => self.motion = Motion::Still,
            _ => {}
        }
    }

    pub(crate) fn heartbeat(&self) -> u16 {
        self.heartbeat
    }

    /// A heartbeat write arms the watchdog; only a changed value counts as alive.
    pub(crate) fn beat(&mut self, value: u16) {
        if value != self.heartbeat || self.heartbeat_ms.is_none() {
            self.heartbeat_ms = Some(self.last_ms);
            self.watchdog_expired = false;
        }
        self.heartbeat = value;
    }

    pub(crate) fn stimulate(&mut self, input: Input, on: bool) {
        if on {
            self.stimulus.insert(input);
        } else {
            self.stimulus.remove(&input);
        }
    }

    pub(crate) fn stimulated(&self, input: Input) -> bool {
        self.stimulus.contains(&input)
    }

    /// Power off and on: outputs off, watchdog unarmed, the boom stays where it is.
    pub(crate) fn restart(&mut self) {
        self.outputs.clear();
        self.rises_at_ms = None;
        self.motion = Motion::Still;
        self.heartbeat = 0;
        self.heartbeat_ms = None;
        self.watchdog_expired = false;
        self.restarts += 1;
        if self.has(LaneFault::RaisesAtPowerUp) {
            self.motion = Motion::Up;
        }
    }

    pub(crate) fn state(&self) -> PlantState {
        PlantState {
            position_permille: u16::try_from(self.position * 1_000 / TRAVEL).unwrap_or(u16::MAX),
            motion: self.motion,
            inputs: crate::MAP
                .iter()
                .filter_map(|(place, _)| match place {
                    crate::Place::Input(input) if self.input(*input) => Some(*input),
                    _ => None,
                })
                .collect(),
            outputs: self.outputs.clone(),
            heartbeat: self.heartbeat,
            watchdog_expired: self.watchdog_expired,
            raise_commands: self.raise_commands,
            lower_commands: self.lower_commands,
            rises: self.rises,
            cushions_hit: self.cushions_hit,
            restarts: self.restarts,
            vehicles: self.traffic.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Motion, Plant};
    use crate::{Input, LaneFault, LaneSettings, Output};

    fn lane(faults: &[LaneFault]) -> Plant {
        Plant::new(LaneSettings {
            travel_ms: 1_000,
            faults: faults.to_vec(),
            ..LaneSettings::default()
        })
    }

    #[test]
    fn a_pulse_raises_to_the_limit_and_the_boom_does_not_fall_on_a_vehicle() {
        let mut lane = lane(&[]);
        lane.write(Output::Raise, true);
        lane.write(Output::Raise, false);
        lane.advance(900);
        assert!(!lane.input(Input::UpLimit) && !lane.input(Input::DownLimit));
        lane.advance(1_100);
        assert!(lane.input(Input::UpLimit));
        lane.write(Output::Lower, true);
        lane.advance(1_600);
        assert_eq!(lane.motion, Motion::Down);
        lane.stimulate(Input::Photocell, true);
        lane.advance(4_000);
        assert!(lane.input(Input::UpLimit), "reversed to the top");
        assert_eq!(lane.state().cushions_hit, 0);
    }

    #[test]
    fn a_blind_boom_falls_on_the_vehicle_and_it_is_counted() {
        let mut lane = lane(&[LaneFault::IgnoresPhotocell]);
        lane.write(Output::Raise, true);
        lane.advance(1_100);
        lane.write(Output::Lower, true);
        lane.advance(1_300);
        lane.stimulate(Input::Photocell, true);
        lane.advance(4_000);
        assert!(lane.input(Input::DownLimit));
        assert!(lane.state().cushions_hit > 0);
    }

    #[test]
    fn a_late_rise_comes_whatever_is_told_meanwhile() {
        let mut lane = lane(&[LaneFault::RisesLate]);
        lane.write(Output::Raise, true);
        lane.advance(2_900);
        assert!(lane.input(Input::DownLimit));
        lane.write(Output::Lower, true);
        lane.advance(4_100);
        assert!(lane.input(Input::UpLimit));
        lane.write(Output::Lower, false);
        lane.write(Output::Lower, true);
        lane.advance(5_200);
        assert!(lane.input(Input::DownLimit), "once up it obeys again");
        assert_eq!(lane.state().rises, 1);
    }

    #[test]
    fn silence_of_the_heartbeat_closes_and_a_restart_disarms() {
        let mut lane = lane(&[]);
        lane.write(Output::Raise, true);
        lane.beat(1);
        lane.advance(1_900);
        assert!(lane.input(Input::UpLimit));
        lane.advance(5_000);
        assert!(lane.input(Input::DownLimit) && lane.output(Output::LampRed));
        lane.restart();
        assert!(!lane.state().watchdog_expired && !lane.output(Output::LampRed));
    }
}
