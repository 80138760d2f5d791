//! Alarms and how they went (RPT-06; R044).

use std::collections::BTreeMap;

use cordon_model::{
    AlarmCode, AlarmEvent, AlarmLevel, AlarmState, AlarmUpdate, DeviceId, GateId, Plate,
};
use serde::{Deserialize, Serialize};

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
    /// Changes of state in the order they came: when, and to which.
    steps: Vec<(i64, AlarmState)>,
}

impl Alarms {
    /// Books an alarm. When there was no room, gives the first hour that is still held.
    pub(super) fn event(&mut self, event: &AlarmEvent, now: i64, held_from: i64) -> Option<i64> {
        let occurred = event.occurred_at.micros();
        if let Some(known) = self.find(&event.alarm_id) {
            // The same alarm told again, in another state.
            known.step(now, event.state);
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

    pub(super) fn update(&mut self, update: &AlarmUpdate) {
        if let Some(alarm) = self.find(&update.alarm_id) {
            alarm.step(update.updated_at.micros(), update.state);
        }
    }

    fn find(&mut self, id: &str) -> Option<&mut Alarm> {
        let hour = self.index.get(id)?;
        self.hours.get_mut(hour)?.get_mut(id)
    }

    pub(super) fn forget(&mut self, before: i64) {
        let kept = self.hours.split_off(&before);
        for id in self.hours.values().flat_map(BTreeMap::keys) {
            self.index.remove(id);
        }
        self.hours = kept;
    }
}

impl Alarm {
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

    /// Milliseconds until somebody took it up; a cause that went away by itself is no taking up.
    pub(crate) fn acknowledged_ms(&self, end: i64) -> Option<i64> {
        self.first(end, |state| {
            !matches!(state, AlarmState::Raised | AlarmState::Cleared)
        })
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
