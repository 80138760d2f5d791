//! What a barrier says of itself and of the vehicles it sees.

use cordon_model::{AlarmCode, AlarmLevel, BarrierState, GateStatus, LoopEventKind};

use crate::alarm::{About, Step};
use crate::plugin::AccessPlugin;

impl AccessPlugin {
    pub(crate) fn on_gate_status(&mut self, step: &mut Step<'_>, status: &GateStatus) {
        // Only the barrier of the plan may speak for its lane.
        if self.barrier_of(&status.lane_id).as_ref() != Some(&status.device_id) {
            return;
        }
        self.on_command_end(step, status);
        if status.barrier_state == BarrierState::Open && status.inputs.up_limit == Some(true) {
            self.confirm(|opening| opening.device == status.device_id);
        }
        self.watch_barrier(step, status);
        if let Some(event) = &status.loop_event {
            match event.kind {
                LoopEventKind::Entered => {}
                LoopEventKind::Passed => self.on_passed(step, status, event.direction),
                LoopEventKind::BackedOut => self.on_backed_out(step, status, event.direction),
            }
        }
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
