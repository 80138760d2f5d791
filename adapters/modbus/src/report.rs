//! From the lane's state to canonical messages. Pure.

use cordon_contract::{DeviceHealth, LinkState, OutcomeKind};
use cordon_model::{
    BarrierInputs, BarrierState, Body, CommandOutcome, DeviceKind, DeviceState, DeviceStatus,
    Direction, GateStatus, LoopEvent, LoopEventKind, MessageId, Timestamp,
};

use crate::config::LaneConfig;
use crate::passage::{Sighting, Way};
use crate::profile::{Input, Profile};
use crate::state::{Machine, State};

/// The longest text that fits `Detail` and `Reason`.
const TEXT_MAX: usize = 200;

/// What a status tells beside the state itself.
#[derive(Clone, Debug)]
pub(crate) enum About {
    /// Nothing else.
    State,
    /// The end of a command. Without one it is told of the lock alone: `Confirmed` when it was found on
    /// without an order, `Expired` when it is off again, `Failed` when an order that was confirmed was undone
    /// and is done again.
    Command(Option<MessageId>, OutcomeKind, String),
    /// A vehicle.
    Vehicle(Sighting),
}

/// A status of the barrier; `reason` says why it stands so.
pub(crate) fn gate_status(
    lane: &LaneConfig,
    machine: &Machine,
    reason: &str,
    at: Timestamp,
    about: &About,
) -> Body {
    let (command_id, command_outcome, detail) = match about {
        About::Command(id, kind, detail) => (*id, Some(outcome(*kind)), detail.as_str()),
        _ => (None, None, reason),
    };
    let loop_event = match about {
        About::Vehicle(sighting) => Some(loop_event(*sighting, lane.direction)),
        _ => None,
    };
    Body::GateStatus(GateStatus {
        gate_id: lane.gate.clone(),
        lane_id: lane.lane.clone(),
        device_id: lane.device.clone(),
        barrier_state: state(machine.state()),
        inputs: inputs(machine),
        command_id,
        command_outcome,
        detail: text(detail),
        loop_event,
        observed_at: at,
    })
}

/// A status of the device behind it.
pub(crate) fn device_status(health: &DeviceHealth, profile: &Profile, at: Timestamp) -> Body {
    Body::DeviceStatus(DeviceStatus {
        device_id: health.device.clone(),
        device_kind: DeviceKind::Barrier,
        vendor: text(&profile.about.vendor),
        model: text(&profile.about.model),
        firmware: None,
        state: match health.state {
            LinkState::Online => DeviceState::Online,
            LinkState::Degraded => DeviceState::Degraded,
            LinkState::Starting | LinkState::Offline => DeviceState::Offline,
        },
        reason: text(&health.reason),
        clock_offset_ms: None,
        since: Some(health.since),
        observed_at: at,
    })
}

fn inputs(machine: &Machine) -> BarrierInputs {
    let get = |input| machine.signals().and_then(|signals| signals.get(input));
    BarrierInputs {
        up_limit: get(Input::UpLimit),
        down_limit: get(Input::DownLimit),
        approach_loop: get(Input::ApproachLoop),
        safety_loop: get(Input::SafetyLoop),
        photocell: get(Input::Photocell),
        local_control: get(Input::Local),
        fault: get(Input::DriveFault),
        emergency_button: get(Input::EmergencyStop),
        lamp: machine.green(),
    }
}

fn state(state: State) -> BarrierState {
    match state {
        State::Unknown => BarrierState::Unknown,
        State::Closed => BarrierState::Closed,
        State::Opening => BarrierState::Opening,
        State::Open => BarrierState::Open,
        State::Closing => BarrierState::Closing,
        State::Blocked => BarrierState::Blocked,
        State::Fault => BarrierState::Fault,
        State::LocalControl => BarrierState::LocalControl,
    }
}

fn outcome(kind: OutcomeKind) -> CommandOutcome {
    match kind {
        OutcomeKind::Accepted => CommandOutcome::Accepted,
        OutcomeKind::Confirmed => CommandOutcome::Confirmed,
        OutcomeKind::Expired => CommandOutcome::Expired,
        OutcomeKind::Refused => CommandOutcome::Refused,
        OutcomeKind::Failed => CommandOutcome::Failed,
    }
}

fn loop_event(sighting: Sighting, lane: Direction) -> LoopEvent {
    let (kind, way) = match sighting {
        Sighting::Entered(way) => (LoopEventKind::Entered, way),
        Sighting::Passed(way) => (LoopEventKind::Passed, way),
        Sighting::BackedOut(way) => (LoopEventKind::BackedOut, way),
    };
    let direction = match (way, lane) {
        (Way::Forward, direction) => direction,
        (Way::Backward, Direction::In) => Direction::Out,
        (Way::Backward, Direction::Out) => Direction::In,
    };
    LoopEvent { kind, direction }
}

/// Text that fits the schema; `None` when there is none.
fn text(text: &str) -> Option<String> {
    let text: String = text.chars().take(TEXT_MAX).collect();
    (!text.trim().is_empty()).then_some(text)
}
