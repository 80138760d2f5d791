//! What a barrier says of itself and of the vehicles it sees.

use cordon_model::{AlarmCode, AlarmLevel, BarrierState, GateStatus, LoopEventKind};

use crate::alarm::{About, Step};
use crate::plugin::AccessPlugin;
use crate::state::{Opening, Progress};

impl AccessPlugin {
    pub(crate) fn on_gate_status(&mut self, step: &mut Step<'_>, status: &GateStatus) {
        // Only the barrier of the plan may speak for its lane.
        if self.barrier_of(&status.lane_id).as_ref() != Some(&status.device_id) {
            return;
        }
        self.on_command_end(step, status);
        if status.barrier_state == BarrierState::Open && status.inputs.up_limit == Some(true) {
            self.confirm(|opening| {
                opening.device == status.device_id && opening.progress == Progress::Ordered
            });
        }
        self.watch_barrier(step, status);
        self.watch_late_rise(step, status);
        if let Some(event) = &status.loop_event {
            match event.kind {
                LoopEventKind::Entered => {}
                LoopEventKind::Passed => self.on_passed(step, status, event.direction),
                LoopEventKind::BackedOut => self.on_backed_out(step, status, event.direction),
            }
        }
    }

    /// A boom that stands up although its opening is over, and that the lane does not lower by itself,
    /// is everybody's way in: an alarm at once, once for each rise.
    fn watch_late_rise(&mut self, step: &mut Step<'_>, status: &GateStatus) {
        let lane = &status.lane_id;
        let held = self.state.held.contains_key(lane);
        let Some(state) = self.state.lanes.get_mut(lane) else {
            return;
        };
        if status.inputs.up_limit != Some(true) {
            // Unknown inputs end no rise; the lower limit does.
            state.up_late &= status.inputs.down_limit != Some(true);
            return;
        }
        let lowers = status.barrier_state == BarrierState::Closing;
        let is_over = |opening: &&Opening| opening.progress == Progress::Failed;
        let late = state.openings.iter().find(is_over).cloned();
        let in_force = state.openings.iter().any(|opening| !is_over(&opening));
        let Some(late) = late.filter(|_| !in_force && !held && !lowers && !state.up_late) else {
            return;
        };
        state.up_late = true;
        let about = About {
            device: Some(&status.device_id),
            gate: Some(&late.gate),
            lane: Some(lane),
            area: late.area.as_deref(),
            subject: Some(&late.subject),
            correlation: Some(late.visit.clone()),
            text: format!(
                "barrier {} is up although its opening was over, and is not lowered 道闸迟开未落: {}",
                status.device_id,
                status.detail.as_deref().unwrap_or("")
            ),
            ..About::default()
        };
        self.alarm(step, AlarmCode::GateFault, AlarmLevel::Orange, about);
    }

    fn watch_barrier(&mut self, step: &mut Step<'_>, status: &GateStatus) {
        let before = self
            .state
            .barriers
            .insert(status.device_id.clone(), status.barrier_state);
        let fault = status.barrier_state == BarrierState::Fault;
        if !fault || before == Some(BarrierState::Fault) {
            return;
        }
        if !self.is_loud(
            step,
            format!("{}|{}", AlarmCode::GateFault, status.device_id),
        ) {
            return;
        }
        let gate = self
            .plan
            .gate_of(&status.lane_id)
            .map(|gate| gate.id.clone());
        let about = About {
            device: Some(&status.device_id),
            gate: gate.as_ref(),
            lane: Some(&status.lane_id),
            text: format!(
                "barrier {} is at fault 道闸故障: {}",
                status.device_id,
                status.detail.as_deref().unwrap_or("")
            ),
            ..About::default()
        };
        self.alarm(step, AlarmCode::GateFault, AlarmLevel::Yellow, about);
    }
}
