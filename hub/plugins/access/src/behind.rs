//! Who stands behind the vehicle that has gone through: the boom, which falls behind the first, stays up for him.
//!
//! He was opened for while the boom was up for the first. A camera that a loop triggers reads him once, so no further
//! picture opens for him. Which of two vehicles went through the loops do not say: the first may have turned away. But who
//! was read after a vehicle had come onto them is another than that one.

use cordon_contract::OrderLane;
use cordon_model::{Direction, GateAction, GateStatus, LaneId, MessageId, Timestamp};

use crate::alarm::Step;
use crate::opening::Command;
use crate::plugin::AccessPlugin;
use crate::state::{Opening, Progress};

impl AccessPlugin {
    /// A vehicle came onto the loops.
    pub(crate) fn on_entered(
        &mut self,
        step: &Step<'_>,
        status: &GateStatus,
        direction: Direction,
    ) {
        let lane = self.state.lanes.or_default(status.lane_id.clone());
        lane.entered = Some((step.entry.clock, direction));
    }

    /// A vehicle left the loops on the far side: who stands behind it is opened for once more.
    pub(crate) fn open_behind(
        &mut self,
        step: &mut Step<'_>,
        status: &GateStatus,
        direction: Direction,
    ) {
        let lane = &status.lane_id;
        let entered = self.state.lanes.change(lane, |state| state.entered.take());
        let Some((entered, way)) = entered.flatten() else {
            return;
        };
        // Where the lane is held open nobody needs it.
        if way != direction || self.state.held.contains_key(lane) {
            return;
        }
        for opening in self.behind(lane, entered, status.observed_at) {
            let command = self.order_again(step, lane, &opening);
            let deadline_ms = i64::from(self.config.command_deadline_ms);
            let now = step.entry.time;
            self.state.lanes.change(lane, |state| {
                state.again(&opening.decision, command, (now, now.plus_ms(deadline_ms)));
            });
        }
    }

    /// The openings whose boom was up, that nobody has used, and whose vehicle was read after this time.
    fn behind(&self, lane: &LaneId, entered: Timestamp, at: Timestamp) -> Vec<Opening> {
        let openings = self.state.lanes.get(lane).map(|state| &state.openings);
        let openings = openings.into_iter().flatten();
        let stands = |it: &&Opening| {
            it.read_at > entered && it.progress == Progress::Confirmed && it.lets_through(at)
        };
        openings.filter(stands).cloned().collect()
    }

    fn order_again(&mut self, step: &mut Step<'_>, lane: &LaneId, opening: &Opening) -> MessageId {
        self.command(
            step,
            Command {
                gate: &opening.gate,
                lane,
                device: &opening.device,
                action: GateAction::Open,
                reason: "the vehicle before has gone through 前车已通过",
                outbox: OrderLane::Access,
                deadline_ms: self.config.command_deadline_ms,
                by: None,
                decision: Some(opening.decision.clone()),
                correlation: Some(opening.visit.clone()),
                seed: step.entry.message_id,
            },
        )
    }
}
