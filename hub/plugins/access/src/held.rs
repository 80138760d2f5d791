//! Which lanes are held open, by what came of the orders: the state follows the lane.

use cordon_model::{AlarmCode, AlarmLevel, CommandOutcome, GateStatus, LaneId, MessageId};

use crate::alarm::{About, Step};
use crate::plugin::AccessPlugin;
use crate::state::{Held, Opened};

impl AccessPlugin {
    /// What came of the order that holds a lane open, or of the one that releases it: a lane is held
    /// until its release is confirmed, and is not held when all its openings came to nothing.
    pub(crate) fn held_ends(&mut self, lane: &LaneId, command: MessageId, outcome: CommandOutcome) {
        let releases = |(release, _): &(MessageId, Held)| *release == command;
        if outcome == CommandOutcome::Confirmed
            && self.state.releasing.get(lane).is_some_and(releases)
        {
            self.state.released.insert(lane.clone(), command);
        }
        if self.state.releasing.get(lane).is_some_and(releases)
            && outcome != CommandOutcome::Accepted
            && let Some((_, held)) = self.state.releasing.remove(lane)
            && outcome != CommandOutcome::Confirmed
        {
            if let Some(later) = self.state.held.get_mut(lane) {
                later.opened.and(&held.opened);
            } else {
                // Nobody releases it by itself once that did not work.
                let until = None;
                let held = Held { until, ..held };
                self.state.held.insert(lane.clone(), held);
            }
        }
        if let Some(held) = self.state.held.get_mut(lane)
            && held.opened.ends_with(command, outcome)
            && let Some(held) = self.state.held.remove(lane)
        {
            self.state.unheld.insert(lane.clone(), held);
        }
        if outcome == CommandOutcome::Confirmed {
            self.held_after_all(lane, command);
        }
    }

    /// A lane confirms an opening that had come to nothing: it is held, as the lane says.
    fn held_after_all(&mut self, lane: &LaneId, command: MessageId) {
        let is_late = |held: &Held| held.command == command;
        if self.state.unheld.get(lane).is_some_and(is_late)
            && let Some(mut held) = self.state.unheld.remove(lane)
        {
            held.opened = Opened::confirmed();
            self.state.held.entry(lane.clone()).or_insert(held);
        }
    }

    /// What a lane tells of its lock without naming a command: confirmed is a lock that was found on and
    /// that nobody there has ordered, failed an order that was undone and is done again.
    pub(crate) fn on_lock_told(&mut self, step: &mut Step<'_>, status: &GateStatus) {
        match status.command_outcome {
            Some(CommandOutcome::Confirmed) => self.found_held(step, status),
            Some(CommandOutcome::Failed) => self.undone(step, status),
            _ => {}
        }
    }

    /// A lane that is open is shown as held whoever holds it. Where nobody here does, people hear of it.
    fn found_held(&mut self, step: &mut Step<'_>, status: &GateStatus) {
        let lane = &status.lane_id;
        let releasing = self.state.releasing.get_mut(lane).map(|(_, held)| held);
        if let Some(known) = self.state.held.get_mut(lane).or(releasing) {
            known.opened.and(&Opened::confirmed());
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
        };
        let held = match self.state.unheld.remove(lane) {
            Some(late) => Held {
                opened: Opened::confirmed(),
                ..late
            },
            None => found,
        };
        self.state.held.insert(lane.clone(), held);
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

    /// A release that came to nothing while nobody opened again, or one that was confirmed and that the lane
    /// found undone: whoever ordered it has left the desk and must hear that the lane stands open.
    pub(crate) fn fail_release(
        &mut self,
        step: &mut Step<'_>,
        lane: &LaneId,
        command: MessageId,
        text: &str,
    ) {
        let is_undone = self.state.released.get(lane) == Some(&command);
        let is_failed = !self.state.held.contains_key(lane)
            && self
                .state
                .releasing
                .get(lane)
                .is_some_and(|(release, _)| *release == command);
        if !(is_undone || is_failed) || !self.is_loud(step, format!("released|{command}")) {
            return;
        }
        let what = match is_undone {
            true => "a release that was confirmed was undone 已确认的解除又失效",
            false => {
                "a release was not carried out, the lane may stand open 解除未执行,车道可能仍开启"
            }
        };
        let device = self.barrier_of(lane);
        let gate = self.plan.lanes.iter().find(|it| it.id == *lane);
        let about = About {
            device: device.as_ref(),
            gate: gate.map(|it| &it.gate),
            lane: Some(lane),
            text: format!("{what}: {text}"),
            ..About::default()
        };
        self.alarm(step, AlarmCode::GateFault, AlarmLevel::Orange, about);
    }
}
