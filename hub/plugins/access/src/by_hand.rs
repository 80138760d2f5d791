//! What people order of one barrier: lower it, stop it, hold it open, release it (R094).
//!
//! An operator says it as a `GateCommand`; what the barrier gets is a command of the plug-in's own,
//! in the operator's name. OPEN is not among them: an opening takes a grant, an exemption or an
//! emergency order (I6).

use cordon_contract::OrderLane;
use cordon_model::{
    AlarmCode, AlarmLevel, AuditOutcome, GateAction, GateCommand, GateId, LaneId, MessageId,
    PartyId,
};

use crate::alarm::{About, Note, Step};
use crate::emergency::Hold;
use crate::held::ordered_at;
use crate::opening::Command;
use crate::plugin::AccessPlugin;

impl AccessPlugin {
    pub(crate) fn on_order_by_hand(&mut self, step: &mut Step<'_>, order: &GateCommand) {
        let by = order
            .ordered_by
            .clone()
            .unwrap_or_else(|| step.entry.sender.clone());
        let done = match self.why_not(step, order) {
            Some(words) => {
                let known = self.plan.gate_of(&order.lane_id).is_some();
                let lane = Some(&order.lane_id).filter(|_| known);
                if self.is_loud(step, format!("by-hand|{}|{by}", order.lane_id)) {
                    self.tell_by_hand(step, lane, (order.action, &by), words);
                }
                Err(words)
            }
            None => self.carry_out_by_hand(step, order, &by),
        };
        let detail = format!("{}: {}", order.action, done.err().unwrap_or(&order.reason));
        step.audit(Note {
            action: "access.by-hand",
            actor: Some(&by),
            target: order.lane_id.as_str(),
            outcome: if done.is_ok() {
                AuditOutcome::Success
            } else {
                AuditOutcome::Denied
            },
            detail: &detail,
        });
    }

    fn why_not(&self, step: &Step<'_>, order: &GateCommand) -> Option<&'static str> {
        let gate = self.plan.gate_of(&order.lane_id).map(|gate| &gate.id);
        if gate != Some(&order.gate_id)
            || self.barrier_of(&order.lane_id).as_ref() != Some(&order.device_id)
        {
            return Some("the plan has no such barrier at this gate and lane");
        }
        // What acted before it could be written down was in time when it acted.
        if order.deadline <= ordered_at(step.entry) {
            return Some("its deadline had passed");
        }
        (order.action == GateAction::Open)
            .then_some("an opening takes a grant, an exemption or an emergency order")
    }

    fn carry_out_by_hand(
        &mut self,
        step: &mut Step<'_>,
        order: &GateCommand,
        by: &PartyId,
    ) -> Result<(), &'static str> {
        let lanes: [(GateId, LaneId); 1] = [(order.gate_id.clone(), order.lane_id.clone())];
        let id = format!("BY-HAND-{}", step.entry.number);
        match order.action {
            GateAction::LockOpen => {
                let hold = Hold {
                    order: &id,
                    by,
                    reason: &order.reason,
                    seed: step.entry.message_id,
                    until: self.held_until(step),
                    by_mode: false,
                };
                self.hold(step, &lanes, &hold);
            }
            GateAction::Release => {
                if self.give_back(step, &lanes, by, &order.reason) == 0 {
                    return Err("the evacuation holds the lane open");
                }
                // What is known to be held is told with its release.
                if !self.state.releasing.contains_key(&order.lane_id)
                    && let Some(asked) = self.state.asked.get(&order.lane_id)
                {
                    let ordered = (order.action, asked.command, by.clone());
                    self.state.by_hand.insert(order.lane_id.clone(), ordered);
                }
            }
            GateAction::Open | GateAction::Close | GateAction::Stop => {
                let left_ms = order.deadline.ms_since(step.entry.clock);
                let left_ms = u32::try_from(left_ms).unwrap_or(u32::MAX);
                let command = self.command(
                    step,
                    Command {
                        gate: &order.gate_id,
                        lane: &order.lane_id,
                        device: &order.device_id,
                        action: order.action,
                        reason: &order.reason,
                        outbox: OrderLane::Access,
                        deadline_ms: left_ms.min(self.config.emergency_deadline_ms),
                        by: Some(by),
                        decision: Some(id.clone()),
                        correlation: Some(id),
                        seed: step.entry.message_id,
                    },
                );
                let ordered = (order.action, command, by.clone());
                self.state.by_hand.insert(order.lane_id.clone(), ordered);
            }
        }
        Ok(())
    }

    /// What was ordered by hand has ended: what it was and by whom, if nothing newer was ordered of the lane.
    pub(crate) fn by_hand_ends(
        &mut self,
        lane: &LaneId,
        command: MessageId,
    ) -> Option<(GateAction, PartyId)> {
        let is_it = |ordered: &&(GateAction, MessageId, PartyId)| ordered.1 == command;
        self.state.by_hand.get(lane).filter(is_it)?;
        let (action, _, by) = self.state.by_hand.remove(lane)?;
        Some((action, by))
    }

    /// An order by hand that came to nothing while nothing newer was ordered: whoever gave it has left the desk and
    /// must hear that the lane does not stand as ordered.
    pub(crate) fn fail_by_hand(
        &mut self,
        step: &mut Step<'_>,
        lane: &LaneId,
        command: MessageId,
        text: &str,
    ) {
        if let Some((action, by)) = self.by_hand_ends(lane, command) {
            self.tell_by_hand(step, Some(lane), (action, &by), text);
        }
    }

    fn tell_by_hand(
        &self,
        step: &mut Step<'_>,
        lane: Option<&LaneId>,
        (action, by): (GateAction, &PartyId),
        text: &str,
    ) {
        let device = lane.and_then(|lane| self.barrier_of(lane));
        let gate = lane.and_then(|lane| self.plan.gate_of(lane));
        let about = About {
            device: device.as_ref(),
            gate: gate.map(|gate| &gate.id),
            lane,
            text: format!(
                "{action} ordered by {by} was not carried out, the lane may not stand as ordered 手动指令未执行,车道状态可能与指令不符: {text}"
            ),
            ..About::default()
        };
        self.alarm(step, AlarmCode::GateFault, AlarmLevel::Orange, about);
    }
}
