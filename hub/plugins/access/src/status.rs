//! What a barrier says of itself and of the vehicles it sees.

use cordon_model::{
    AlarmCode, AlarmLevel, BarrierState, CommandOutcome, DeviceId, GateStatus, LaneId,
    LoopEventKind,
};

use crate::alarm::{About, Step};
use crate::held::is_before;
use crate::opened::Release;
use crate::plugin::AccessPlugin;
use crate::state::{LaneState, Opening, Progress};

/// So far ahead of the clock a word of a lane may be, because entries of one batch have one time, milliseconds.
const AHEAD_MS: i64 = 200;

impl AccessPlugin {
    pub(crate) fn on_gate_status(&mut self, step: &mut Step<'_>, status: &GateStatus) {
        // Only the barrier of the plan may speak for its lane.
        if self.barrier_of(&status.lane_id).as_ref() != Some(&status.device_id) {
            return;
        }
        self.not_ahead(step, status);
        self.on_command_end(step, status);
        if status.barrier_state == BarrierState::Open && status.inputs.up_limit == Some(true) {
            self.confirm(status.observed_at, |opening| {
                opening.device == status.device_id && opening.progress == Progress::Ordered
            });
        }
        self.watch_held(step, status);
        self.watch_barrier(step, status);
        self.watch_late_rise(step, status);
        if let Some(event) = &status.loop_event {
            match event.kind {
                LoopEventKind::Entered => self.on_entered(step, status, event.direction),
                LoopEventKind::Passed => self.on_passed(step, status, event.direction),
                LoopEventKind::BackedOut => self.on_backed_out(step, status, event.direction),
            }
        }
        self.watch_fall(step, status);
    }

    /// What was seen on a lane in what is the future now was seen by a clock that has been set back since.
    fn not_ahead(&mut self, step: &Step<'_>, status: &GateStatus) {
        let clock = step.entry.clock.plus_ms(AHEAD_MS);
        let just = step.entry.clock.min(status.observed_at).plus_ms(-1);
        let is_ahead = |state: &LaneState| state.times().any(|seen| seen > clock);
        let lanes = &mut self.state.lanes;
        lanes.change_if(&status.lane_id, is_ahead, |state| {
            state.set_back(clock, just)
        });
    }

    /// A boom that is down again lets nobody through: an opening that nobody used is over.
    fn watch_fall(&mut self, step: &Step<'_>, status: &GateStatus) {
        let (inputs, at) = (&status.inputs, status.observed_at);
        let lanes = &mut self.state.lanes;
        if status.barrier_state == BarrierState::Unknown {
            lanes.change(&status.lane_id, |state| state.lose(step.entry.clock));
        }
        if inputs.down_limit != Some(true) {
            return;
        }
        let falls = |state: &LaneState| state.openings.iter().any(|it| it.falls(at));
        lanes.change_if(&status.lane_id, falls, |state| state.fall(at));
    }

    /// A boom that stands up although its opening is over, and that the lane does not lower by itself,
    /// is everybody's way in: an alarm at once, once for each rise. So is one that is found up after a start.
    fn watch_late_rise(&mut self, step: &mut Step<'_>, status: &GateStatus) {
        let lane = &status.lane_id;
        let held = self.state.held.contains_key(lane) || self.state.releasing.contains_key(lane);
        // It may have waited while the journal could not be written, and be older than a release that acted meanwhile.
        let (asked, released) = (self.state.asked.get(lane), self.state.released.get(lane));
        let entry = step.entry;
        let is_old = |it: &Release| is_before(entry, status.observed_at, it.at);
        let is_old = asked.into_iter().chain(released).any(is_old);
        let Some(state) = self.state.lanes.get(lane) else {
            return;
        };
        if is_old {
            return;
        }
        if status.inputs.up_limit != Some(true) {
            // Unknown inputs end no rise; the lower limit does.
            if status.inputs.down_limit == Some(true) {
                self.looked_at(lane, false);
            }
            return;
        }
        let lowers = matches!(
            status.barrier_state,
            BarrierState::Closing | BarrierState::LocalControl
        );
        let at = status.observed_at;
        // Not of one that was over when another went through: for that one the boom is up.
        let gone = state.last_passage.map(|(gone, _)| gone);
        let lead_ms = entry.time.ms_since(entry.clock);
        let is_late = |it: &&Opening| {
            let over = it.fell.unwrap_or(it.ordered_at.plus_ms(-lead_ms));
            !it.lets_through(at) && gone.is_none_or(|gone| gone < over)
        };
        let late = state.openings.iter().rfind(is_late).cloned();
        let in_force = state.openings.iter().any(|it| !it.is_over());
        if in_force || lowers {
            return;
        }
        let (is_found, was_late) = (state.unlooked, state.up_late);
        let is_news = !held && !was_late && (late.is_some() || is_found);
        self.looked_at(lane, was_late || is_news);
        if !is_news {
            return;
        }
        let Some(late) = late else {
            return self.tell_found_up(step, status);
        };
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

    /// The barrier of a lane said where it is; whether that is up late.
    fn looked_at(&mut self, lane: &LaneId, up_late: bool) {
        let known = self.state.lanes.get(lane);
        if known.is_some_and(|it| it.unlooked || it.up_late != up_late)
            && let Some(state) = self.state.lanes.get_mut(lane)
        {
            state.unlooked = false;
            state.up_late = up_late;
        }
    }

    fn tell_found_up(&self, step: &mut Step<'_>, status: &GateStatus) {
        let about = About {
            device: Some(&status.device_id),
            gate: Some(&status.gate_id),
            lane: Some(&status.lane_id),
            text: format!(
                "barrier {} was found up after the start, and nobody holds it open 启动后道闸开启且无人保持",
                status.device_id
            ),
            ..About::default()
        };
        self.alarm(step, AlarmCode::GateFault, AlarmLevel::Orange, about);
    }

    /// The limit input confirmed that a barrier is up. The reading that says the same may come later:
    /// on a full disk it waits, and what came of an order does not.
    pub(crate) fn note_confirmed(&mut self, status: &GateStatus) {
        let (Some(command), Some(CommandOutcome::Confirmed)) =
            (status.command_id, status.command_outcome)
        else {
            return;
        };
        let lane = &status.lane_id;
        let held = self.state.held.get(lane);
        let openings = self.state.lanes.get(lane).map(|lane| &lane.openings);
        let raises = held.is_some_and(|held| held.command == command)
            || openings
                .into_iter()
                .flatten()
                .any(|opening| opening.command == command);
        if raises {
            self.note_barrier(&status.device_id, BarrierState::Open);
        }
    }

    fn note_barrier(&mut self, device: &DeviceId, is: BarrierState) {
        self.state.barriers.set(device.clone(), is);
        self.shown.show_barrier(device, is);
    }

    fn watch_barrier(&mut self, step: &mut Step<'_>, status: &GateStatus) {
        let before = self.state.barriers.get(&status.device_id).copied();
        self.note_barrier(&status.device_id, status.barrier_state);
        let inputs = &status.inputs;
        match inputs.up_limit == Some(true) && inputs.down_limit != Some(true) {
            true => self.state.up.set(status.device_id.clone(), ()),
            false if self.state.up.contains_key(&status.device_id) => {
                self.state.up.remove(&status.device_id);
            }
            false => {}
        }
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
