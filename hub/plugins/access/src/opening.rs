//! From OPEN to a barrier that is up: the command, its confirmation, its failure.

use cordon_contract::{OrderLane, Target};
use cordon_model::{
    AlarmCode, AlarmLevel, Body, CommandOutcome, CommandPriority, DeviceId, DeviceKind, Direction,
    GateAction, GateCommand, GateStatus, LaneId, MessageId, PartyId, Timestamp,
    plan::{Gate, Lane},
};

use crate::alarm::{Step, clip};
use crate::behind::{is_long_unseen, is_unserved};
use crate::capture::Basis;
use crate::ids;
use crate::plugin::AccessPlugin;
use crate::state::{GRACE_MS, LaneState, OPENINGS_PER_LANE_MAX, Opening, Progress, Recent, Seen};

/// So many times as long as a passage may take stands an opening whose vehicle may be on the loops.
const BROKEN_DOWN_TIMES: i64 = 10;

/// A command to one barrier.
pub(crate) struct Command<'a> {
    pub gate: &'a cordon_model::GateId,
    pub lane: &'a LaneId,
    pub device: &'a DeviceId,
    pub action: GateAction,
    pub reason: &'a str,
    pub outbox: OrderLane,
    pub deadline_ms: u32,
    pub by: Option<&'a PartyId>,
    pub decision: Option<String>,
    pub correlation: Option<String>,
    /// The message the command's id is made from.
    pub seed: MessageId,
}

impl AccessPlugin {
    /// The barrier of a lane.
    pub(crate) fn barrier_of(&self, lane: &LaneId) -> Option<DeviceId> {
        self.plan
            .devices_on(lane, DeviceKind::Barrier)
            .next()
            .map(|device| device.id.clone())
    }

    /// Whether as many openings of the lane wait as may.
    pub(crate) fn is_crowded(&self, lane: &LaneId) -> bool {
        let waiting = |state: &LaneState| state.openings.iter().filter(|it| !it.is_over()).count();
        let state = self.state.lanes.get(lane);
        state.is_some_and(|state| waiting(state) >= OPENINGS_PER_LANE_MAX)
    }

    /// Orders a barrier to do something; the only place that does.
    pub(crate) fn command(&mut self, step: &mut Step<'_>, command: Command<'_>) -> MessageId {
        // Whatever was ordered of the lane before is overtaken.
        self.state.by_hand.remove(command.lane);
        let index = step.next_command();
        let id = ids::command_on(step.entry, &command.seed, index);
        let deadline = step.entry.time.plus_ms(i64::from(command.deadline_ms));
        let body = Body::GateCommand(GateCommand {
            command_id: id,
            gate_id: command.gate.clone(),
            lane_id: command.lane.clone(),
            device_id: command.device.clone(),
            action: command.action,
            reason: clip(command.reason, 200).unwrap_or_else(|| "access".to_owned()),
            priority: match command.outbox {
                OrderLane::Emergency => CommandPriority::Emergency,
                OrderLane::Access => CommandPriority::Access,
                OrderLane::Routine => CommandPriority::Routine,
            },
            deadline,
            // The flow fills in the epoch it orders in.
            epoch: 0,
            ordered_by: command.by.cloned(),
            decision_ref: command.decision,
        });
        let target = Target::device(command.device.as_str());
        step.out()
            .order(target, command.outbox, deadline, body, command.correlation);
        id
    }

    /// Carries out an OPEN decision.
    pub(crate) fn open(
        &mut self,
        step: &mut Step<'_>,
        gate: &Gate,
        lane: &Lane,
        direction: Direction,
        subject: Seen,
        basis: Basis,
    ) {
        let Some(device) = self.barrier_of(&lane.id) else {
            return;
        };
        let reason = basis.rule.map_or_else(
            || "access".to_owned(),
            |rule| format!("{} ({})", rule.rule_id, rule.clause),
        );
        let command = self.command(
            step,
            Command {
                gate: &gate.id,
                lane: &lane.id,
                device: &device,
                action: GateAction::Open,
                reason: &reason,
                outbox: OrderLane::Access,
                deadline_ms: self.config.command_deadline_ms,
                by: None,
                decision: Some(basis.decision.clone()),
                correlation: Some(basis.visit.clone()),
                seed: step.entry.message_id,
            },
        );
        let now = step.entry.time;
        let deadline = now.plus_ms(i64::from(self.config.command_deadline_ms));
        let openings = &mut self.state.lanes.or_default(lane.id.clone()).openings;
        // What is over is kept for who goes through late, within bounds.
        if openings.len() >= 2 * OPENINGS_PER_LANE_MAX
            && let Some(place) = openings.iter().position(Opening::is_over)
        {
            openings.remove(place);
        }
        openings.push(Opening {
            decision: basis.decision,
            command,
            gate: gate.id.clone(),
            area: gate.area.clone(),
            device,
            direction,
            capture: basis.capture,
            ordered_at: now,
            deadline,
            progress: Progress::Ordered,
            up: None,
            fell: None,
            fall_told: false,
            unseen: None,
            subject,
            grant: basis.grant,
            visit: basis.visit,
        });
    }

    /// What came of a command, from the barrier itself or from the outbox; whichever comes first.
    pub(crate) fn on_command_end(&mut self, step: &mut Step<'_>, status: &GateStatus) {
        let (Some(command), Some(outcome)) = (status.command_id, status.command_outcome) else {
            return self.on_lock_told(step, status);
        };
        match outcome {
            CommandOutcome::Accepted => {}
            // Also after it was given up for want of a word: the word was late, the boom was not.
            CommandOutcome::Confirmed => {
                self.by_hand_ends(&status.lane_id, command);
                self.is_carried_out(step, &status.lane_id, command);
                self.confirm(status.observed_at, |opening| opening.command == command);
            }
            CommandOutcome::Expired | CommandOutcome::Refused | CommandOutcome::Failed => {
                let text = format!("{outcome}: {}", status.detail.as_deref().unwrap_or(""));
                self.fail_opening(step, &status.lane_id, command, &text);
                self.fail_held(step, &status.lane_id, command, &text);
                self.fail_release(step, &status.lane_id, command, &text);
                self.fail_by_hand(step, &status.lane_id, command, &text);
            }
        }
        self.held_ends(status, command, outcome);
    }

    /// The limit input said at this time that a barrier is up.
    pub(crate) fn confirm(&mut self, at: Timestamp, which: impl Fn(&Opening) -> bool) {
        let is_news = |it: &Opening| it.progress != Progress::Confirmed && which(it);
        for lane in self.lanes_with(is_news) {
            let state = self.state.lanes.get_mut(&lane);
            let openings = state.into_iter().flat_map(|state| &mut state.openings);
            for opening in openings.filter(|it| is_news(it)) {
                opening.progress = Progress::Confirmed;
                opening.up = Some(at);
            }
        }
    }

    /// The lanes that have an opening like this.
    pub(crate) fn lanes_with(&self, which: impl Fn(&Opening) -> bool) -> Vec<LaneId> {
        let lanes = self.state.lanes.iter();
        lanes
            .filter(|(_, state)| state.openings.iter().any(&which))
            .map(|(lane, _)| lane.clone())
            .collect()
    }

    fn fail_opening(&mut self, step: &mut Step<'_>, lane: &LaneId, command: MessageId, text: &str) {
        let failed = self.state.lanes.change(lane, |state| state.fail(command));
        let Some(opening) = failed.flatten() else {
            return;
        };
        let (what, level) = match opening.is_rescue() {
            true => (opening.decision.as_str(), AlarmLevel::Orange),
            false => (opening.device.as_str(), AlarmLevel::Yellow),
        };
        if !self.is_loud(step, format!("{}|{what}", AlarmCode::GateFault)) {
            return;
        }
        self.note_told(lane, &opening.decision);
        let about = opening.about(
            lane,
            format!(
                "barrier {} did not open as ordered 道闸未按指令开启: {text}",
                opening.device
            ),
        );
        self.alarm(step, AlarmCode::GateFault, level, about);
    }

    /// Openings nobody spoke of, and openings nobody used.
    pub(crate) fn openings_due(&mut self, step: &mut Step<'_>) {
        let now = step.entry.time;
        let silent: Vec<(LaneId, MessageId)> = self
            .state
            .lanes
            .iter()
            .flat_map(|(lane, state)| state.openings.iter().map(move |opening| (lane, opening)))
            .filter(|(_, opening)| is_silent(opening, now))
            .map(|(lane, opening)| (lane.clone(), opening.command))
            .collect();
        for (lane, command) in silent {
            self.fail_opening(step, &lane, command, "no word from the barrier");
        }
        self.end_unseen(step);
        self.tell_unserved(step);
        self.rescues_due(step);
        let passage_s = self.config.passage_s_max;
        let lanes = self.state.lanes.iter();
        let unused: Vec<LaneId> = lanes
            .filter(|(_, state)| has_unused(state, now, passage_s))
            .map(|(lane, _)| lane.clone())
            .collect();
        for lane in unused {
            let Some(state) = self.state.lanes.get_mut(&lane) else {
                continue;
            };
            let under = state.is_under_boom();
            let given_up = |it: &mut Opening| is_unused(it, under, now, passage_s);
            let given_up: Vec<Opening> = state.openings.extract_if(.., given_up).collect();
            let given_up_on = |it: &Recent| given_up.iter().any(|up| up.decision == it.decision);
            for recent in state.recent.iter_mut().filter(|it| given_up_on(it)) {
                recent.over |= recent.through.is_none();
            }
            // Where no loop has ever told of a vehicle, nobody knows who went through. One that failed was told.
            let has_loops = state.has_loops;
            let untold = given_up.iter().filter(|it| match it.fell {
                Some(_) => has_loops,
                None => it.progress != Progress::Failed,
            });
            for opening in untold {
                self.tell_given_up(step, &lane, opening);
            }
        }
    }

    /// Whether an opening is to be given up, or told.
    pub(crate) fn is_opening_due(&self, now: Timestamp, clock: Timestamp) -> bool {
        let passage_s = self.config.passage_s_max;
        self.is_rescue_due((now, clock))
            || self.state.lanes.values().any(|state| {
                let mut openings = state.openings.iter();
                let is_due = |it: &Opening| {
                    is_silent(it, now) || is_unserved(it, clock) || is_long_unseen(it, clock)
                };
                openings.any(is_due) || has_unused(state, now, passage_s)
            })
    }
}

fn has_unused(state: &LaneState, now: Timestamp, passage_s: u32) -> bool {
    let mut openings = state.openings.iter();
    let under = state.is_under_boom();
    openings.any(|it| is_unused(it, under, now, passage_s))
}

/// Whether nothing was heard of an opening in its time.
fn is_silent(opening: &Opening, now: Timestamp) -> bool {
    opening.progress == Progress::Ordered && now > opening.deadline.plus_ms(GRACE_MS)
}

/// Whether nobody has passed on an opening in so many seconds. Where somebody stands under the boom he may have broken
/// down, and he and who waits behind him have longer.
fn is_unused(opening: &Opening, under: bool, now: Timestamp, passage_s: u32) -> bool {
    let times = match under {
        true => BROKEN_DOWN_TIMES,
        false => 1,
    };
    now.ms_since(opening.ordered_at) > i64::from(passage_s) * 1_000 * times
}
