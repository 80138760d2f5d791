//! What an evacuation holds: while it goes on no timer and no release lowers a lane that leads out.

use cordon_model::{
    AlarmCode, AlarmLevel, AuditOutcome, Direction, GateId, LaneId, OperatingMode, PartyId,
};

use crate::alarm::{About, Note, Step};
use crate::plugin::AccessPlugin;

impl AccessPlugin {
    /// Whether a lane leads out of a gate that is evacuated, and is held open by that.
    pub(crate) fn is_evacuated(&self, lane: &LaneId) -> bool {
        let lane = self.plan.lanes.iter().find(|it| it.id == *lane);
        let is_of_mode = |lane: &cordon_model::plan::Lane| {
            lane.direction == Some(Direction::Out)
                && self.state.modes.of(&lane.gate) == OperatingMode::Evacuation
        };
        self.config.evacuation_opens_exits && lane.is_some_and(is_of_mode)
    }

    /// What a person opened is over; the mode holds the lane, and its end gives it back.
    pub(crate) fn hold_for_mode(&mut self, lane: &LaneId) {
        for held in [&mut self.state.held, &mut self.state.unheld] {
            held.change(lane, |held| {
                held.until = None;
                held.by_mode = true;
                held.found = false;
                held.unwanted = false;
            });
        }
    }

    /// A release that acted where nobody knew of the evacuation, or that was let out for other lanes.
    pub(crate) fn tell_lowered(&self, step: &mut Step<'_>, lowered: &[(&GateId, &LaneId)]) {
        let Some((gate, lane)) = lowered.first() else {
            return;
        };
        let named: Vec<&str> = lowered.iter().map(|(_, lane)| lane.as_str()).collect();
        let about = About {
            gate: Some(gate),
            lane: Some(lane).filter(|_| lowered.len() == 1).copied(),
            text: format!(
                "a release that acted while the journal could not be written may have lowered {}, and its gate is evacuated: look, and order the evacuation again 日志不可写时的解除可能已使疏散车道落杆,请查看并重新下达疏散",
                named.join(" ")
            ),
            ..About::default()
        };
        self.alarm(step, AlarmCode::GateFault, AlarmLevel::Red, about);
    }

    /// Whoever releases a lane believes that it goes down, and hears where it does not.
    pub(crate) fn tell_kept(&self, step: &mut Step<'_>, by: &PartyId, kept: &[(&GateId, &LaneId)]) {
        let Some((gate, lane)) = kept.first() else {
            return;
        };
        let named: Vec<&str> = kept.iter().map(|(_, lane)| lane.as_str()).collect();
        let named = named.join(" ");
        step.audit(Note {
            action: "access.evacuation-holds",
            actor: Some(by),
            target: &named,
            outcome: AuditOutcome::Denied,
            detail: &format!(
                "not lowered by a release: {named}; what was opened by hand is over, the evacuation goes on"
            ),
        });
        let about = About {
            gate: Some(gate),
            lane: Some(lane).filter(|_| kept.len() == 1).copied(),
            text: format!(
                "a release did not lower {named}: the evacuation holds them open, and ending it lowers them 解除未落杆,疏散保持开启,结束疏散后落杆"
            ),
            ..About::default()
        };
        self.alarm(step, AlarmCode::GateFault, AlarmLevel::Yellow, about);
    }
}
