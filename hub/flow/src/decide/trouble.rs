//! The hub's own troubles that people are told of, one alarm for each kind while it lasts: the hub itself raises it,
//! and ends it when what it says of its clock, disk or files is that all is well again.

use std::collections::BTreeMap;

use cordon_contract::{CLOCK_SET, Decisions, Entry};
use cordon_model::{AlarmCode, AlarmEvent, AlarmLevel, AlarmState, AlarmUpdate, AuditEvent, Body};
use serde::{Deserialize, Serialize};

use crate::decide::authority::{flow_id, is_over};
use crate::decide::entry_time::{CLOCK_AGREES, CLOCK_BEHIND, CLOCK_OFF};
use crate::decide::fold::{RESUMED, START};
use crate::decide::guard::{Guard, event};

/// Audit action of a state or a witness that is not where it was opened.
pub(crate) const ASTRAY: &str = "state.astray";
/// Audit action of files that are where they were opened again.
pub(crate) const IN_PLACE: &str = "state.in-place";
/// Audit action of a state that cannot be saved while the journal can be written.
pub(crate) const UNSAVED: &str = "state.unsaved";
/// Audit action of a state that is saved again.
pub(crate) const SAVED: &str = "state.saved";
/// Audit action of a disk that is nearly full.
pub(crate) const DISK_LOW: &str = "disk.low";
/// Audit action of a disk that is full.
pub(crate) const DISK_OUT: &str = "disk.full";
/// Audit action of a disk that has room again.
pub(crate) const DISK_ROOM: &str = "disk.room";

/// What a new start opens and asks anew: what still holds is said again.
const OF_A_RUN: &[&str] = &[ASTRAY, UNSAVED, DISK_LOW, DISK_OUT, CLOCK_OFF, CLOCK_BEHIND];

/// The alarms that stand, by the audit action that raised them; there are as many as actions at most.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Troubles(BTreeMap<String, u64>);

impl Troubles {
    fn open(&self, action: &str) -> Option<String> {
        self.0.get(action).map(|number| flow_id(*number))
    }

    /// Takes what is over now: each action with its alarm.
    fn ended_by(&mut self, action: &str) -> Vec<(&'static str, String)> {
        let over = ended_by(action).iter();
        let taken = over.filter_map(|action| Some((*action, flow_id(self.0.remove(*action)?))));
        taken.collect()
    }

    /// An alarm went a step: what people ended is raised anew when it comes again.
    pub(crate) fn stepped(&mut self, update: &AlarmUpdate) {
        if is_over(update.state) {
            self.0
                .retain(|_, number| flow_id(*number) != update.alarm_id);
        }
    }
}

/// The alarm that what the hub says of itself calls for.
fn alarm(action: &str) -> Option<(AlarmCode, AlarmLevel)> {
    match action {
        CLOCK_OFF | CLOCK_BEHIND => Some((AlarmCode::ClockSkew, AlarmLevel::Orange)),
        DISK_LOW => Some((AlarmCode::StorageFail, AlarmLevel::Yellow)),
        ASTRAY | UNSAVED | DISK_OUT | RESUMED => Some((AlarmCode::StorageFail, AlarmLevel::Orange)),
        _ => None,
    }
}

/// The troubles that are over with this.
fn ended_by(action: &str) -> &'static [&'static str] {
    match action {
        IN_PLACE => &[ASTRAY],
        SAVED => &[UNSAVED],
        DISK_LOW => &[DISK_OUT],
        DISK_ROOM => &[DISK_LOW, DISK_OUT],
        CLOCK_AGREES | CLOCK_SET => &[CLOCK_OFF],
        START => OF_A_RUN,
        _ => &[],
    }
}

impl Guard {
    /// Raises and ends the alarms about the hub's own clock, disk and files.
    pub(crate) fn own_trouble(&mut self, entry: &Entry, decisions: &mut Decisions) {
        let Some(Body::AuditEvent(audit)) = entry.message.as_deref().map(|message| &message.body)
        else {
            return;
        };
        // What was decided followed from something else.
        if entry.cause != 0 {
            return;
        }
        self.end(entry, audit, decisions);
        let Some(kind) = alarm(&entry.label) else {
            return;
        };
        if !self.is_loud(entry.sender.as_str(), &entry.label, entry.time) {
            return;
        }
        let detail = audit.detail.as_deref().unwrap_or_default();
        let mut event = event(entry, kind, detail);
        match self.troubles.open(&entry.label) {
            // One thing more of it is told in the alarm that stands.
            Some(open) => {
                event.alarm_id = open;
                event.cause_ref = Some(entry.message_id);
            }
            None if OF_A_RUN.contains(&entry.label.as_str()) => {
                self.troubles.0.insert(entry.label.clone(), entry.number);
            }
            None => {}
        }
        decisions.emit(Body::AlarmEvent(event), None);
    }

    fn end(&mut self, entry: &Entry, audit: &AuditEvent, decisions: &mut Decisions) {
        for (action, alarm_id) in self.troubles.ended_by(&entry.label) {
            let Some(kind) = alarm(action) else {
                continue;
            };
            let words = match entry.label.as_str() {
                START => {
                    "重新启动，仍存在的将另行告知 / a new start; what still holds is said again"
                }
                _ => audit.detail.as_deref().unwrap_or_default(),
            };
            let over = AlarmEvent {
                alarm_id,
                state: AlarmState::Cleared,
                ..event(entry, kind, words)
            };
            decisions.emit(Body::AlarmEvent(over), None);
            // The next one is told at once.
            self.forget_loud(entry.sender.as_str(), action);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_start_ends_each_trouble_that_is_asked_anew() {
        let mut troubles = Troubles::default();
        for (number, action) in (1..).zip(OF_A_RUN) {
            assert!(alarm(action).is_some(), "{action}");
            troubles.0.insert((*action).to_owned(), number);
        }
        assert_eq!(troubles.ended_by(IN_PLACE), [(ASTRAY, flow_id(1))]);
        assert_eq!(troubles.ended_by(IN_PLACE), []);
        assert_eq!(troubles.ended_by(START).len(), OF_A_RUN.len() - 1);
        assert_eq!(troubles.open(UNSAVED), None);
    }
}
