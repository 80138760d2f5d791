//! Alarms and how they went.

use std::collections::BTreeMap;

use cordon_model::{
    AlarmCode, AlarmEvent, AlarmLevel, AlarmState, AlarmUpdate, DeviceId, GateId, Plate,
};
use serde::{Deserialize, Serialize};

use super::flooded::Flooded;
use crate::span::hour_of;

/// Alarms held at most; beyond, those of the oldest hour go and reports cannot reach back to it.
const ALARMS_MAX: usize = 200_000;
/// Changes of state kept of one alarm; its life has seven.
const STEPS_MAX: usize = 32;

/// Alarms by the hour they happened in.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Alarms {
    pub(crate) hours: BTreeMap<i64, BTreeMap<String, Alarm>>,
    /// Hour of each alarm.
    index: BTreeMap<String, i64>,
    /// What is counted in flood alarms.
    pub(crate) flooded: Flooded,
}

/// One alarm.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Alarm {
    pub(crate) code: AlarmCode,
    pub(crate) level: AlarmLevel,
    pub(crate) area: Option<String>,
    pub(crate) gate: Option<GateId>,
    pub(crate) device: Option<DeviceId>,
    pub(crate) subject: Option<Plate>,
    pub(crate) person: Option<String>,
    pub(crate) occurred: i64,
    /// The open alarm it was counted under as a repeat.
    repeats: Option<String>,
    /// When it was first escalated.
    escalated: Option<i64>,
    /// Changes of state in the order they came: when, and to which.
    steps: Vec<(i64, AlarmState)>,
}

impl Alarms {
    /// Whether it is known by this name.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.index.contains_key(id)
    }

    /// Books one more that is counted in a known flood alarm. When there was no room, gives the first hour that is still
    /// held.
    pub(super) fn counted(&mut self, event: &AlarmEvent, now: i64) -> Option<i64> {
        if let Some(flood) = self.find(&event.alarm_id) {
            flood.rises(event, now);
        }
        self.flooded.one_more(event, hour_of(now))
    }

    /// Books an alarm. When there was no room, gives the first hour that is still held.
    pub(super) fn event(
        &mut self,
        event: &AlarmEvent,
        (occurred, now): (i64, i64),
        held_from: i64,
    ) -> Option<i64> {
        if let Some(known) = self.find(&event.alarm_id) {
            known.told_again(event, now);
            return None;
        }
        let hour = hour_of(occurred);
        if hour < held_from {
            return None;
        }
        let mut alarm = Alarm {
            code: event.alarm_code,
            level: event.alarm_level,
            area: event.area_id.clone(),
            gate: event.gate_id.clone(),
            device: event.source_device.clone(),
            subject: event.subject.clone(),
            person: event.person_id.clone(),
            occurred,
            repeats: None,
            escalated: None,
            steps: Vec::new(),
        };
        alarm.step(occurred, event.state);
        self.index.insert(event.alarm_id.clone(), hour);
        let hour = self.hours.entry(hour).or_default();
        hour.insert(event.alarm_id.clone(), alarm);
        self.make_room()
    }

    fn make_room(&mut self) -> Option<i64> {
        if self.index.len() <= ALARMS_MAX {
            return None;
        }
        let (oldest, gone) = self.hours.pop_first()?;
        for id in gone.keys() {
            self.index.remove(id);
        }
        Some(oldest + 1)
    }

    /// Books a step that was made at `at`. `belongs_to` is the alarm that the message itself says it is about.
    pub(super) fn update(&mut self, update: &AlarmUpdate, at: i64, belongs_to: Option<&str>) {
        let Some(alarm) = self.find(&update.alarm_id) else {
            return;
        };
        if update.escalation_level.is_some() {
            alarm.escalated.get_or_insert(at);
        }
        // A repeat is closed in the moment it is raised, as part of the alarm it is counted under;
        // nobody took anything up by that.
        let leader = belongs_to.filter(|leader| *leader != update.alarm_id);
        if update.state == AlarmState::Closed && update.previous == AlarmState::Raised {
            alarm.repeats = leader.map(str::to_owned).or(alarm.repeats.take());
        }
        match alarm.is_taken_back(update) {
            true => {
                alarm.steps.pop();
                alarm.repeats = None;
            }
            false => alarm.step(at, update.state),
        }
    }

    fn find(&mut self, id: &str) -> Option<&mut Alarm> {
        let hour = self.index.get(id)?;
        self.hours.get_mut(hour)?.get_mut(id)
    }

    /// What is booked later than `now` is booked at it.
    pub(super) fn book_at(&mut self, now: i64) {
        self.flooded.book_at(now);
        for alarm in self.hours.values_mut().flat_map(BTreeMap::values_mut) {
            alarm.book_at(now);
        }
        let hour = hour_of(now);
        let later = self.hours.split_off(&(hour + 1));
        for (id, alarm) in later.into_values().flatten() {
            self.index.insert(id.clone(), hour);
            self.hours.entry(hour).or_default().insert(id, alarm);
        }
    }

    pub(super) fn drop_before(&mut self, before: i64) {
        let kept = self.hours.split_off(&before);
        for id in self.hours.values().flat_map(BTreeMap::keys) {
            self.index.remove(id);
        }
        self.hours = kept;
        self.flooded.drop_before(before);
    }
}

impl Alarm {
    fn book_at(&mut self, now: i64) {
        self.occurred = self.occurred.min(now);
        self.escalated = self.escalated.map(|at| at.min(now));
        for (at, _) in &mut self.steps {
            *at = now.min(*at);
        }
    }

    /// The same alarm told again. What state its source gives is no step: of those
    /// the hub tells in updates. An event of another device only bears the same name.
    fn told_again(&mut self, event: &AlarmEvent, now: i64) {
        let other = (&self.device, &event.source_device);
        if matches!(other, (Some(one), Some(other)) if one != other) {
            return;
        }
        self.rises(event, now);
    }

    /// Worse than before it begins anew. What is over is over: the hub tells of another then. Red comes first in the order of levels.
    fn rises(&mut self, event: &AlarmEvent, now: i64) {
        let is = self.steps.last().map(|(_, state)| *state);
        if event.alarm_level < self.level && !is.is_some_and(is_over) {
            self.level = event.alarm_level;
            self.code = event.alarm_code;
            self.step(now, AlarmState::Raised);
        }
    }

    /// Whether an update is the hub's correction of a step that was refused: it names the refused state
    /// as the one before, and the one before that as where the alarm is.
    fn is_taken_back(&self, update: &AlarmUpdate) -> bool {
        let mut last = self.steps.iter().rev().map(|(_, state)| *state);
        let (refused, before) = (last.next(), last.next());
        // States are in the order of a life, which no step goes back.
        update.state < update.previous
            && refused == Some(update.previous)
            && before == Some(update.state)
    }

    /// Whether it was counted under another alarm.
    pub(crate) fn is_repeat(&self) -> bool {
        self.repeats.is_some()
    }

    /// Whether it was escalated before `at`.
    pub(crate) fn is_escalated(&self, at: i64) -> bool {
        self.escalated.is_some_and(|escalated| escalated < at)
    }

    fn step(&mut self, at: i64, state: AlarmState) {
        let is_new = self.steps.last().is_none_or(|(_, last)| *last != state);
        if is_new && self.steps.len() < STEPS_MAX {
            self.steps.push((at, state));
        }
    }

    /// Its state when `end` was reached.
    pub(crate) fn state_at(&self, end: i64) -> AlarmState {
        let known = self.steps.iter().rev().find(|(at, _)| *at < end);
        known.map_or(AlarmState::Raised, |(_, state)| *state)
    }

    /// Whether it was found to be false before `end`.
    pub(crate) fn is_false(&self, end: i64) -> bool {
        self.first(end, |state| state == AlarmState::Rejected)
            .is_some()
    }

    /// Milliseconds until somebody took it up, counted from when it was raised at its present level; a
    /// cause that went away by itself is no taking up.
    pub(crate) fn acknowledged_ms(&self, end: i64) -> Option<i64> {
        let known = self.steps.iter().filter(|(at, _)| *at < end);
        let known: Vec<&(i64, AlarmState)> = known.collect();
        let raised = |step: &&(i64, AlarmState)| step.1 == AlarmState::Raised;
        let last = known.iter().rposition(raised);
        let from = match last.and_then(|last| known.get(last)) {
            Some((at, _)) => *at,
            None => self.occurred,
        };
        let since = known.into_iter().skip(last.map_or(0, |last| last + 1));
        let taken = |state: AlarmState| !matches!(state, AlarmState::Raised | AlarmState::Cleared);
        let first = since
            .map(|(at, state)| (*at, *state))
            .find(|(_, state)| taken(*state));
        first.map(|(at, _)| at.saturating_sub(from).max(0) / 1_000)
    }

    /// Milliseconds until the cause was gone.
    pub(crate) fn cleared_ms(&self, end: i64) -> Option<i64> {
        self.first(end, |state| {
            matches!(state, AlarmState::Cleared | AlarmState::Closed)
        })
    }

    fn first(&self, end: i64, wanted: impl Fn(AlarmState) -> bool) -> Option<i64> {
        let steps = self.steps.iter().filter(|(at, _)| *at < end);
        steps
            .filter(|(_, state)| wanted(*state))
            .map(|(at, _)| at.saturating_sub(self.occurred).max(0) / 1_000)
            .next()
    }
}

/// Whether the life of an alarm ends in a state.
pub(super) fn is_over(state: AlarmState) -> bool {
    matches!(
        state,
        AlarmState::Rejected | AlarmState::Cleared | AlarmState::Closed
    )
}
