//! What came of an order, as an entry.

use cordon_contract::{EntryKind, Order, OrderLane, Outcome, OutcomeKind, Target};
use cordon_model::{
    AuditEvent, AuditOutcome, BarrierInputs, BarrierState, Body, CommandOutcome, GateCommand,
    GateStatus, MessageId, Timestamp,
};
use cordon_wire::WireFault;

use crate::decide::core::order_draft;
use crate::decide::draft::{Draft, Slip};
use crate::decide::fold::DEAD_LETTER;
use crate::decide::sealer::{AuditNote, Particulars, Sealer};
use crate::text::clip;

/// The name an outcome has in labels and tables.
pub(crate) fn name(kind: OutcomeKind) -> &'static str {
    command_outcome(kind).as_str()
}

pub(crate) fn command_outcome(kind: OutcomeKind) -> CommandOutcome {
    match kind {
        OutcomeKind::Accepted => CommandOutcome::Accepted,
        OutcomeKind::Confirmed => CommandOutcome::Confirmed,
        OutcomeKind::Expired => CommandOutcome::Expired,
        OutcomeKind::Refused => CommandOutcome::Refused,
        OutcomeKind::Failed => CommandOutcome::Failed,
    }
}

/// The drafts an outcome leads to: the outcome entry, the orders for those whom the same is still to be told,
/// and for a delivery that was given up the audit entry that lists it as a dead letter.
pub(crate) fn drafts(
    sealer: &Sealer,
    order: &Order,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<Vec<Draft>, WireFault> {
    let id = MessageId::random();
    let mut drafts = Vec::new();
    let gate_command = match &order.message.body {
        Body::GateCommand(command) => Some(command),
        _ => None,
    };
    let body = match gate_command {
        Some(command) => Body::GateStatus(gate_status(command, outcome, now)),
        None => Body::AuditEvent(delivery(sealer, order, outcome, now)),
    };
    let particulars = Particulars {
        correlation: order.message.header.correlation_id.clone(),
        test: order.message.header.test,
        ..Particulars::derived(id, now)
    };
    let mut draft = sealer.seal(EntryKind::Outcome, body, particulars)?;
    draft.cause = order.number;
    draft.label = name(outcome.kind).to_owned();
    drafts.push(draft);
    for target in &outcome.further {
        drafts.push(further(sealer, order, target, now)?);
    }
    let given_up = !matches!(outcome.kind, OutcomeKind::Accepted | OutcomeKind::Confirmed);
    if gate_command.is_none() && given_up {
        let note = AuditNote {
            action: DEAD_LETTER,
            actor: sealer.hub(),
            target: Some(&order.target.0),
            outcome: AuditOutcome::Failure,
            detail: Some(&outcome.detail),
        };
        let mut audit = sealer.audit(MessageId::random(), now, note)?;
        audit.cause = order.number;
        drafts.push(audit);
    }
    Ok(drafts)
}

/// The same for a part of its target. It names the message that it repeats, by which the other side knows it.
fn further(
    sealer: &Sealer,
    order: &Order,
    target: &Target,
    now: Timestamp,
) -> Result<Draft, WireFault> {
    let header = &order.message.header;
    let slip = Slip {
        target: target.clone(),
        lane: OrderLane::Routine,
        deadline: order.deadline,
    };
    let first = header.message_id.to_string();
    let particulars = Particulars {
        correlation: header.correlation_id.clone(),
        source_ref: Some(first),
        test: header.test,
        ..Particulars::derived(MessageId::random(), now)
    };
    let body = order.message.body.clone();
    let mut draft = order_draft(sealer, order.epoch, slip, body, particulars)?;
    draft.cause = order.number;
    Ok(draft)
}

/// The barrier's own state comes from its limit inputs alone (I7): here it stays unknown.
fn gate_status(command: &GateCommand, outcome: &Outcome, now: Timestamp) -> GateStatus {
    GateStatus {
        gate_id: command.gate_id.clone(),
        lane_id: command.lane_id.clone(),
        device_id: command.device_id.clone(),
        barrier_state: BarrierState::Unknown,
        inputs: BarrierInputs {
            up_limit: None,
            down_limit: None,
            approach_loop: None,
            safety_loop: None,
            photocell: None,
            local_control: None,
            fault: None,
            emergency_button: None,
            lamp: None,
        },
        command_id: Some(command.command_id),
        command_outcome: Some(command_outcome(outcome.kind)),
        detail: clip(&outcome.detail, 200),
        loop_event: None,
        observed_at: now,
    }
}

fn delivery(sealer: &Sealer, order: &Order, outcome: &Outcome, now: Timestamp) -> AuditEvent {
    let (action, result) = match outcome.kind {
        OutcomeKind::Accepted => ("order.accepted", AuditOutcome::Success),
        OutcomeKind::Confirmed => ("order.confirmed", AuditOutcome::Success),
        OutcomeKind::Expired => ("order.expired", AuditOutcome::Failure),
        OutcomeKind::Refused => ("order.refused", AuditOutcome::Denied),
        OutcomeKind::Failed => ("order.failed", AuditOutcome::Failure),
    };
    AuditEvent {
        action: action.to_owned(),
        actor_id: sealer.hub().clone(),
        target: clip(&order.target.0, 200),
        outcome: result,
        detail: clip(&outcome.detail, 2_000),
        at: now,
    }
}
