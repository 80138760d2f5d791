//! Emergency openings that are not carried out yet: people hear of it soon, while the order goes on being tried
//! until its deadline. What becomes of it later corrects what they heard.

use cordon_model::{
    AlarmCode, AlarmEvent, AlarmLevel, AlarmState, BarrierState, Body, LaneId, MessageId, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::alarm::{About, Step};
use crate::ids;
use crate::opened::Held;
use crate::plugin::AccessPlugin;

/// What people were told of a lane's opening that was not carried out.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct NotYet {
    /// The opening.
    pub command: MessageId,
    /// The alarms about it, oldest first: that it was not carried out yet, and that it was not at all.
    pub alarms: Vec<String>,
}

impl AccessPlugin {
    /// Whether people are to hear of an opening now.
    pub(crate) fn is_not_yet_due(&self, clock: Timestamp) -> bool {
        let mut held = self.state.held.iter();
        held.any(|(lane, held)| self.is_not_yet(lane, held, clock))
    }

    fn is_not_yet(&self, lane: &LaneId, held: &Held, clock: Timestamp) -> bool {
        let told_ms = i64::from(self.config.emergency_told_ms);
        let told = self.state.not_yet.get(lane);
        // A boom that is up is no cause to go there, whether or not its lane has said of which order.
        held.opened.awaits(held.command)
            && !held.opened.is_confirmed()
            && !self.is_up(lane)
            && held.at.plus_ms(told_ms) <= clock
            && told.is_none_or(|told| told.command != held.command)
    }

    /// How the barrier of a lane stands, as it said last.
    fn stands(&self, lane: &LaneId) -> Option<BarrierState> {
        let device = self.barrier_of(lane)?;
        self.state.barriers.get(&device).copied()
    }

    /// Whether the boom of a lane is up, by its state or by its limits: one that is worked by hand, or stands over a
    /// vehicle, may be up as well.
    fn is_up(&self, lane: &LaneId) -> bool {
        let device = self.barrier_of(lane);
        let is_up = device.is_some_and(|device| self.state.up.contains_key(&device));
        is_up || self.stands(lane) == Some(BarrierState::Open)
    }

    /// Tells of openings whose lanes have not confirmed them in time.
    pub(crate) fn tell_not_yet(&mut self, step: &mut Step<'_>) {
        let clock = step.entry.clock;
        let lanes = self.state.held.iter();
        let due: Vec<(LaneId, Held)> = lanes
            .filter(|(lane, held)| self.is_not_yet(lane, held, clock))
            .map(|(lane, held)| (lane.clone(), held.clone()))
            .collect();
        for (lane, held) in due {
            let device = self.barrier_of(&lane);
            let is = self.stands(&lane).unwrap_or(BarrierState::Unknown);
            let about = About {
                device: device.as_ref(),
                gate: Some(&held.gate),
                lane: Some(&lane),
                correlation: Some(held.order.clone()),
                text: format!(
                    "emergency opening {} not carried out yet after {} s, it is tried on; barrier {is} 应急开启尚未执行,仍在尝试",
                    held.order,
                    clock.ms_since(held.at) / 1_000
                ),
                ..About::default()
            };
            self.note_not_yet(&lane, held.command, step.next_alarm());
            self.alarm(step, AlarmCode::GateFault, AlarmLevel::Orange, about);
        }
    }

    /// Notes an alarm about an opening that was not carried out.
    pub(crate) fn note_not_yet(&mut self, lane: &LaneId, command: MessageId, alarm: String) {
        let known = self.state.not_yet.get(lane).cloned();
        let mut told = known
            .filter(|told| told.command == command)
            .unwrap_or_else(|| NotYet {
                command,
                alarms: Vec::new(),
            });
        told.alarms.push(alarm);
        self.state.not_yet.set(lane.clone(), told);
    }

    /// The lane says that it carried out its opening: what was told of it is over.
    pub(crate) fn is_carried_out(
        &mut self,
        step: &mut Step<'_>,
        lane: &LaneId,
        command: MessageId,
    ) {
        let told = self.state.not_yet.get(lane);
        if told.is_some_and(|told| told.command == command) {
            let words = "it is carried out, the boom is up 应急开启已执行";
            self.clear_not_yet(step, lane, words);
        }
    }

    /// What was told of a lane's opening is over.
    pub(crate) fn clear_not_yet(&mut self, step: &mut Step<'_>, lane: &LaneId, words: &str) {
        let Some(told) = self.state.not_yet.remove(lane) else {
            return;
        };
        let gate = self.plan.gate_of(lane).map(|gate| gate.id.clone());
        for alarm_id in told.alarms {
            let level = AlarmLevel::Orange;
            let event = AlarmEvent {
                alarm_id,
                alarm_code: AlarmCode::GateFault,
                alarm_level: level,
                state: AlarmState::Cleared,
                occurred_at: step.entry.time,
                source_device: self.barrier_of(lane),
                subject: None,
                person_id: None,
                enterprise_id: None,
                area_id: None,
                gate_id: gate.clone(),
                lane_id: Some(lane.clone()),
                position: None,
                cause_ref: Some(step.entry.message_id).filter(|_| step.entry.message.is_some()),
                evidence: Vec::new(),
                description: words.to_owned(),
            };
            step.emit(Body::AlarmEvent(event), None);
        }
    }
}

impl Step<'_> {
    /// The id of the alarm that is raised next on this entry.
    pub(crate) fn next_alarm(&self) -> String {
        ids::alarm(self.entry, self.alarms())
    }
}
