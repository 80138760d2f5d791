//! Lower, stop, hold and release: what a person orders of one barrier, in the operator's name.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cordon_model::plan::ParkPlan;
use cordon_model::{
    Body, CommandPriority, DeviceId, DeviceKind, GateAction, GateCommand, GateId, LaneId, MessageId,
};
use serde::Deserialize;

use crate::acts::ActId;
use crate::said::{Said, sayable};
use crate::server::{Console, refuse, say};

/// How long the barrier has to carry it out.
const WITHIN_MS: i64 = 30_000;
/// The longest reason that fits the command, with the name behind it.
const REASON_CHARS_MAX: usize = 200;

/// The barrier of each lane, with its gate.
pub(crate) type Barriers = BTreeMap<LaneId, (GateId, DeviceId)>;

/// The barriers of a plan.
pub(crate) fn of_plan(plan: &ParkPlan) -> Barriers {
    plan.lanes
        .iter()
        .filter_map(|lane| {
            let barrier = plan.devices_on(&lane.id, DeviceKind::Barrier).next()?;
            Some((lane.id.clone(), (lane.gate.clone(), barrier.id.clone())))
        })
        .collect()
}

/// What can be asked. Opening for a vehicle is not among it: that takes a grant.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Asked {
    Lower,
    Stop,
    Hold,
    Release,
}

/// An order for one barrier, as the page sends it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BarrierRequest {
    lane: String,
    action: Asked,
    ordered_by: String,
    reason: String,
    act: Option<ActId>,
}

pub(crate) async fn order(
    State(console): State<Arc<Console>>,
    Said(asked): Said<BarrierRequest>,
) -> Response {
    let lane: Option<LaneId> = asked.lane.parse().ok();
    let place = lane.and_then(|lane| {
        let (gate, device) = console.planned().barriers.get(&lane)?.clone();
        Some((lane, gate, device))
    });
    let Some((lane, gate, device)) = place else {
        return refuse("no such lane, or it has no barrier");
    };
    let (who, why) = (sayable(&asked.ordered_by), sayable(&asked.reason));
    if who.is_empty() || why.is_empty() {
        return refuse("say who orders it and why");
    }
    let reason = format!("{why} ({who})");
    if reason.chars().count() > REASON_CHARS_MAX {
        return refuse("name and reason are longer than 200 letters");
    }
    let action = match asked.action {
        Asked::Lower => GateAction::Close,
        Asked::Stop => GateAction::Stop,
        Asked::Hold => GateAction::LockOpen,
        Asked::Release => GateAction::Release,
    };
    let order = GateCommand {
        command_id: MessageId::random(),
        gate_id: gate,
        lane_id: lane,
        device_id: device,
        action,
        reason,
        priority: match action {
            GateAction::LockOpen => CommandPriority::Emergency,
            _ => CommandPriority::Access,
        },
        deadline: console.clock.now().plus_ms(WITHIN_MS),
        // The hub orders in its own epoch.
        epoch: 0,
        ordered_by: Some(console.operator.clone()),
        decision_ref: None,
    };
    let body = move || Ok(Body::GateCommand(order));
    say(&console, asked.act, body).await
}
