//! Which lanes are held open, by what came of the orders: the state follows the lane.

use cordon_contract::{Entry, NOTHING_SENT};
use cordon_model::{
    AlarmCode, AlarmLevel, CommandOutcome, GateStatus, LaneId, MessageId, Timestamp,
};

use crate::alarm::{About, Step};
use crate::opened::{Held, Opened, Release};
use crate::plugin::AccessPlugin;

/// When something was ordered: what acted before it could be written down was ordered when it acted.
pub(crate) fn ordered_at(entry: &Entry) -> Timestamp {
    entry.acted_at.unwrap_or(entry.clock)
}

/// Whether a time is older than another. One that lies ahead of the hub's clock was told before the clock was put
/// back, and is older than all that is told now.
pub(crate) fn is_before(entry: &Entry, at: Timestamp, than: Timestamp) -> bool {
    at < than && than <= entry.clock
}

/// Whether an order ended before anything of it had been sent to its lane.
fn was_not_sent(status: &GateStatus) -> bool {
    let detail = status.detail.as_deref();
    detail.is_some_and(|detail| detail.contains(NOTHING_SENT))
}

impl AccessPlugin {
    /// Notes that a lane is held open.
    pub(crate) fn note_held(&mut self, lane: &LaneId, mut held: Held) {
        self.state.unheld.remove(lane);
        // A mode never takes over what a person opened and wants open: only a release ends it. What was found held
        // nobody here wants.
        let before = self.state.held.get(lane);
        let is_by_hand = |it: &Held| !it.by_mode && !it.unwanted && !it.found;
        if held.by_mode && before.is_some_and(is_by_hand) {
            self.state.held.change(lane, |by_hand| {
                by_hand.opened.and(&held.opened);
                by_hand.at = held.at;
                by_hand.before_start = held.before_start;
            });
            return;
        }
        if let Some(before) = before {
            held.opened.and(&before.opened);
        }
        self.state.held.set(lane.clone(), held);
    }

    /// The release of a lane that is newer than an opening which is journaled late: under way, or done.
    pub(crate) fn release_since(
        &self,
        entry: &Entry,
        lane: &LaneId,
        at: Timestamp,
    ) -> Option<Release> {
        let newest = self.state.asked.get(lane);
        let newest = newest.or(self.state.released.get(lane));
        newest
            .filter(|release| entry.late && is_before(entry, at, release.at))
            .cloned()
    }

    /// An opening that is journaled after a newer release: what came of that one decides.
    pub(crate) fn hold_until_released(&mut self, lane: &LaneId, release: Release, held: Held) {
        let asked = self.state.asked.get(lane);
        if asked.is_none_or(|asked| asked.command != release.command) {
            return;
        }
        let releasing = &mut self.state.releasing;
        let known = releasing.change(lane, |(_, before)| before.opened.and(&held.opened));
        if known.is_none() {
            releasing.set(lane.clone(), (release.command, held));
        }
    }

    /// What came of the order that holds a lane open, or of the one that releases it: a lane is held
    /// until its release is confirmed, and is not held when all its openings came to nothing.
    pub(crate) fn held_ends(
        &mut self,
        status: &GateStatus,
        command: MessageId,
        outcome: CommandOutcome,
    ) {
        let lane = &status.lane_id;
        // Of what was never sent nothing can hold the lane.
        let outcome = match outcome {
            CommandOutcome::Expired if was_not_sent(status) => CommandOutcome::Failed,
            other => other,
        };
        // An opening may end while its release is under way.
        let ends = |held: &mut Held| held.opened.ends_with(command, outcome);
        self.state.releasing.change(lane, |(_, held)| ends(held));
        self.release_ends(status, command, outcome);
        if self.state.held.change(lane, ends) == Some(true)
            && let Some(held) = self.state.held.remove(lane)
        {
            self.state.unheld.set(lane.clone(), held);
        }
        if outcome == CommandOutcome::Confirmed {
            self.held_after_all(lane, command);
        }
    }

    fn release_ends(&mut self, status: &GateStatus, command: MessageId, outcome: CommandOutcome) {
        let lane = &status.lane_id;
        if outcome == CommandOutcome::Accepted {
            return;
        }
        if let Some(asked) = self.state.asked.get(lane)
            && asked.command == command
            && let Some(mut release) = self.state.asked.remove(lane)
            && outcome == CommandOutcome::Confirmed
        {
            release.at = release.at.max(status.observed_at);
            let before = self.state.released.get(lane);
            if before.is_none_or(|before| before.at <= release.at) {
                self.state.released.set(lane.clone(), release);
            }
        }
        let releases = |(release, _): &(MessageId, Held)| *release == command;
        if self.state.releasing.get(lane).is_some_and(releases)
            && let Some((_, held)) = self.state.releasing.remove(lane)
            && outcome != CommandOutcome::Confirmed
        {
            let join = |later: &mut Held| later.opened.and(&held.opened);
            if self.state.held.change(lane, join).is_none() {
                // Nobody releases it by itself once that did not work.
                let of_mode = self.is_evacuated(lane);
                let held = Held {
                    until: None,
                    by_mode: held.by_mode || of_mode,
                    unwanted: !of_mode,
                    ..held
                };
                self.state.held.set(lane.clone(), held);
            }
        }
    }

    /// A lane confirms an opening that had come to nothing: it is held, as the lane says.
    fn held_after_all(&mut self, lane: &LaneId, command: MessageId) {
        let is_late = |held: &Held| held.command == command || held.opened.has_ended(command);
        if self.state.unheld.get(lane).is_some_and(is_late)
            && let Some(mut held) = self.state.unheld.remove(lane)
            && !self.state.held.contains_key(lane)
        {
            held.opened = Opened::confirmed();
            self.state.held.set(lane.clone(), held);
        }
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
        let released = self.state.released.get(lane);
        let is_undone = released.is_some_and(|released| released.command == command);
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
