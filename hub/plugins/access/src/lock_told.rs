//! What a lane says of its lock and its boom by itself, about no order: found held open, undone, let go.

use cordon_contract::{OrderLane, Table};
use cordon_model::{
    AlarmCode, AlarmLevel, BarrierState, CommandOutcome, GateAction, GateStatus, LaneId, Timestamp,
};

use crate::alarm::{About, Step};
use crate::held::is_before;
use crate::opened::{Held, Opened};
use crate::opening::Command;
use crate::plugin::AccessPlugin;

impl AccessPlugin {
    /// What a lane tells of its lock without naming a command: confirmed is a lock that was found on and
    /// that nobody there has ordered, failed an order that was undone and is done again, expired a lock that was
    /// found on and is off again.
    pub(crate) fn on_lock_told(&mut self, step: &mut Step<'_>, status: &GateStatus) {
        // It may have waited while the journal could not be written, and be older than what acted meanwhile.
        let released = self.state.released.get(&status.lane_id);
        let entry = step.entry;
        if released.is_some_and(|it| is_before(entry, status.observed_at, it.at)) {
            return;
        }
        match status.command_outcome {
            Some(CommandOutcome::Confirmed) => self.found_held(step, status),
            Some(CommandOutcome::Failed) => self.undone(step, status),
            Some(CommandOutcome::Expired) => self.seen_unlocked(step, status),
            _ => {}
        }
    }

    /// A lane that is open is shown as held whoever holds it. Where nobody here does, people hear of it.
    fn found_held(&mut self, step: &mut Step<'_>, status: &GateStatus) {
        let lane = &status.lane_id;
        // An opening whose end was lost with the hub that had ordered it was carried out after all.
        self.clear_not_yet(step, lane, "the lane is held open 车道保持开启");
        let confirm = |known: &mut Held| known.opened.and(&Opened::confirmed());
        let held = self.state.held.change(lane, confirm);
        let releasing = &mut self.state.releasing;
        if held.is_some() || releasing.change(lane, |it| confirm(&mut it.1)).is_some() {
            return;
        }
        let found = Held {
            order: format!("FOUND-{}", step.entry.number),
            by: step.entry.sender.clone(),
            gate: status.gate_id.clone(),
            command: step.entry.message_id,
            until: None,
            by_mode: false,
            opened: Opened::confirmed(),
            at: status.observed_at,
            found: true,
            before_start: false,
            unwanted: false,
        };
        let held = match self.state.unheld.remove(lane) {
            Some(late) => Held {
                opened: Opened::confirmed(),
                at: status.observed_at,
                found: true,
                ..late
            },
            None => found,
        };
        self.state.held.set(lane.clone(), held);
        self.alarm_of_lock(
            step,
            status,
            "the lane is held open 车道无指令保持开启",
            None,
        );
    }

    /// What holds the lane, or what released it, was undone and is done again.
    fn undone(&mut self, step: &mut Step<'_>, status: &GateStatus) {
        let lane = &status.lane_id;
        let releasing = self.state.releasing.get(lane).map(|(_, held)| held);
        let held = self.state.held.get(lane).or(releasing).cloned();
        let (key, what) = match &held {
            Some(held) => (
                format!("undone|{}", held.command),
                format!(
                    "opening {} was undone and is set again 应急开启曾失效,已重新执行",
                    held.order
                ),
            ),
            None => (
                format!("undone|{lane}"),
                "a release that was confirmed was undone 已确认的解除又失效".to_owned(),
            ),
        };
        if self.is_loud(step, key) {
            self.alarm_of_lock(step, status, &what, held.map(|held| held.order));
        }
    }

    /// The program was started: who serves the lanes begins anew and knows nothing of what holds them.
    pub(crate) fn on_start(&mut self, clock: Timestamp) {
        let state = &mut self.state;
        for lane in keys(&state.held) {
            state.held.change(&lane, |held| held.before_start = true);
        }
        for lane in keys(&state.releasing) {
            let releasing = &mut state.releasing;
            releasing.change(&lane, |(_, held)| held.before_start = true);
        }
        for lane in &self.plan.lanes {
            if state.lanes.get(&lane.id).is_none_or(|it| !it.unlooked) {
                let state = state.lanes.or_default(lane.id.clone());
                state.unlooked = true;
                state.lose(clock);
            }
        }
    }

    /// A lane that is held open and that the plan knows no more: nobody here can release it, so people must hear of it.
    pub(crate) fn tell_unplanned(&mut self, step: &mut Step<'_>) {
        let plan = self.plan.clone();
        let state = &self.state;
        let releasing = state.releasing.iter().map(|(lane, (_, held))| (lane, held));
        let lanes = state.held.iter().chain(releasing);
        let unplanned: Vec<_> = lanes
            .filter(|(lane, _)| plan.lane(lane).is_none())
            .map(|(lane, held)| (lane.clone(), held.gate.clone(), held.order.clone()))
            .collect();
        for (lane, gate, order) in unplanned {
            if !self.is_loud(step, format!("unplanned|{lane}|{order}")) {
                continue;
            }
            let about = About {
                gate: Some(&gate),
                lane: Some(&lane),
                text: format!(
                    "lane {lane} of {gate} is held open by {order} and is not in the plan any more; put it back to release it, or lower it by hand 车道保持开启但已不在规划中"
                ),
                ..About::default()
            };
            self.alarm(step, AlarmCode::GateFault, AlarmLevel::Orange, about);
        }
    }

    /// A boom that is down is not held open.
    pub(crate) fn watch_held(&mut self, step: &mut Step<'_>, status: &GateStatus) {
        // What is said of an order says how the boom stood when it was taken.
        if status.command_id.is_some() {
            return;
        }
        let inputs = &status.inputs;
        let is_down = inputs.down_limit == Some(true) && inputs.up_limit != Some(true);
        let rises = matches!(
            status.barrier_state,
            BarrierState::Open | BarrierState::Opening
        );
        if is_down && !rises {
            self.seen_unlocked(step, status);
        }
    }

    /// A lane that was known to be held open is not. What was only found, or whose release had failed, is over. What
    /// was opened before the start is opened again, once, for nobody else knows that it should be: the last act holds.
    /// What was opened since is known to who serves the lane, unless that says itself that no order there holds it.
    fn seen_unlocked(&mut self, step: &mut Step<'_>, status: &GateStatus) {
        let lane = &status.lane_id;
        let entry = step.entry;
        let is_newer = |held: &&Held| held.at < status.observed_at || held.at > entry.clock;
        let Some(held) = self.state.held.get(lane).filter(is_newer) else {
            return;
        };
        if held.found {
            self.state.held.remove(lane);
            return;
        }
        let (time, clock) = (step.entry.time, step.entry.clock);
        let is_over = held.is_over(time, clock) && !self.is_evacuated(lane);
        let is_told = status.command_outcome.is_some();
        if !(held.before_start || is_told) || !held.opened.is_settled() || is_over {
            return;
        }
        let Some(held) = self.state.held.remove(lane) else {
            return;
        };
        if held.unwanted {
            return;
        }
        if !held.opened.is_confirmed() {
            // Its failure was told. Should it come all the same, the lane says so.
            self.state.unheld.set(lane.clone(), held);
            return;
        }
        self.open_again(step, status, held);
    }

    fn open_again(&mut self, step: &mut Step<'_>, status: &GateStatus, mut held: Held) {
        let lane = &status.lane_id;
        let order = held.order.clone();
        let is_local = status.inputs.local_control == Some(true)
            || status.barrier_state == BarrierState::LocalControl;
        let end = if is_local {
            self.state.unheld.set(lane.clone(), held);
            "is over, its barrier is under local control and down 应急开启已失效,道闸处于就地控制"
        } else {
            held.command = self.command(
                step,
                Command {
                    gate: &held.gate,
                    lane,
                    device: &status.device_id,
                    action: GateAction::LockOpen,
                    reason: "held open before the start, found down after it",
                    outbox: OrderLane::Emergency,
                    deadline_ms: self.config.emergency_deadline_ms,
                    by: Some(&held.by),
                    decision: Some(order.clone()),
                    correlation: Some(order.clone()),
                    seed: step.entry.message_id,
                },
            );
            held.opened = Opened::ordered(held.command);
            held.at = step.entry.clock;
            held.before_start = false;
            self.state.held.set(lane.clone(), held);
            "was undone while the hub was away and is ordered again 应急开启在停机期间失效,已重新下令"
        };
        let what = format!("opening {order} {end}");
        self.alarm_of_lock(step, status, &what, Some(order));
    }

    fn alarm_of_lock(
        &self,
        step: &mut Step<'_>,
        status: &GateStatus,
        what: &str,
        correlation: Option<String>,
    ) {
        let text = format!("{what}: {}", status.detail.as_deref().unwrap_or(""));
        let about = About {
            device: Some(&status.device_id),
            gate: Some(&status.gate_id),
            lane: Some(&status.lane_id),
            correlation,
            text,
            ..About::default()
        };
        self.alarm(step, AlarmCode::GateFault, AlarmLevel::Orange, about);
    }
}

fn keys<V: Clone>(table: &Table<LaneId, V>) -> Vec<LaneId> {
    table.keys().cloned().collect()
}
