//! The source of an alarm says that it is over.

use cordon_contract::{Decisions, Entry};
use cordon_model::{AlarmEvent, AlarmState, AuditOutcome};

use crate::life::is_over;
use crate::plugin::AlarmPlugin;
use crate::routes::Later;
use crate::words::gist;

/// Alarms that are marked and told when a source ends one of them and does not say which.
const MARKED_MAX: usize = 10;
/// How the words of an alarm begin that may be the one that ended.
pub(crate) const WHICH: &str =
    "[有一处报警已解除，来源未指明 / its source says that one is over, and not which] ";
/// Audit action of an end that could mean more than one alarm.
const END_OF_WHICH: &str = "alarm.end-unclear";

impl AlarmPlugin {
    /// Its source says that an alarm is over. A name that nobody knows ends the one alarm that it can mean:
    /// of the same source and code. Where it can mean more it ends nothing, and people are told.
    pub(crate) fn ended(
        &mut self,
        entry: &Entry,
        event: &AlarmEvent,
        source: &str,
        decisions: &mut Decisions,
    ) {
        let words = &event.description;
        if let Some(called) = self.called(entry, event, source) {
            return match called.as_slice() {
                [] => {}
                [one] => self.one_ended(entry, one, event, decisions),
                _ => self.unclear(entry, event, &called, decisions),
            };
        }
        let alike = self.alike(entry, event, source);
        let several = |id: &String| {
            let alarm = self.state.alarms.get(id);
            alarm.is_some_and(|alarm| alarm.names.are_several())
        };
        match alike.as_slice() {
            [] => {}
            [one] if !several(one) => self.clear(entry, one, words, decisions),
            _ => self.unclear(entry, event, &alike, decisions),
        }
    }

    /// One of what is counted in an alarm is over, and so is the alarm with the last.
    fn one_ended(
        &mut self,
        entry: &Entry,
        leader: &str,
        event: &AlarmEvent,
        decisions: &mut Decisions,
    ) {
        let alarm = self.state.alarms.get_mut(leader);
        match alarm.is_none_or(|alarm| alarm.names.end(&event.alarm_id)) {
            true => self.clear(entry, leader, &event.description, decisions),
            false => self.touch(leader),
        }
    }

    /// The active alarms that this source calls so: by their own name, or by one that is counted in them. Where
    /// they are several, those of what ended and of its place. Empty when all that were called so are over; none
    /// when nothing was.
    fn called(&self, entry: &Entry, event: &AlarmEvent, source: &str) -> Option<Vec<String>> {
        let mut is_known = false;
        let (mut like, mut others) = (Vec::new(), Vec::new());
        for (id, alarm) in self.state.called(&event.alarm_id) {
            if !self.is_of(entry, alarm, event) {
                continue;
            }
            is_known = true;
            if is_over(alarm.state) {
                continue;
            }
            match alarm.event.alarm_code == event.alarm_code && alarm.source == source {
                true => like.push(id.clone()),
                false => others.push(id.clone()),
            }
        }
        let meant = if like.is_empty() { others } else { like };
        is_known.then(|| self.in_these_words(meant, event))
    }

    /// Of several the one that said just these words and no others. The words of an end are other words as a rule.
    fn in_these_words(&self, meant: Vec<String>, event: &AlarmEvent) -> Vec<String> {
        let words = gist(&event.description);
        let says = |id: &&String| {
            let alarm = self.state.alarms.get(*id);
            alarm.is_some_and(|alarm| alarm.gists.is_only(&words))
        };
        let mut saying = meant.iter().filter(says);
        match (saying.next(), saying.next()) {
            (Some(one), None) => vec![one.clone()],
            _ => meant,
        }
    }

    fn alike(&self, entry: &Entry, event: &AlarmEvent, source: &str) -> Vec<String> {
        let alike = self.state.alike(event.alarm_code, source);
        let of_source = alike.filter(|id| {
            let alarm = self.state.alarms.get(*id);
            alarm.is_some_and(|alarm| self.is_by(entry, alarm))
        });
        // One more than are marked, so that several are never taken for one.
        of_source.take(MARKED_MAX + 1).cloned().collect()
    }

    /// Says once of each alarm that it may be the one that ended.
    fn unclear(
        &mut self,
        entry: &Entry,
        event: &AlarmEvent,
        alike: &[String],
        decisions: &mut Decisions,
    ) {
        let mut marked = Vec::new();
        for id in alike.iter().take(MARKED_MAX) {
            let Some(alarm) = self.state.alarms.get_mut(id) else {
                continue;
            };
            if std::mem::replace(&mut alarm.is_unclear, true) {
                continue;
            }
            let (is, note) = (alarm.state, alarm.words());
            self.touch(id);
            let update = self.step_of_hub(entry, id, (is, is), &note);
            // Whoever would hear of the end hears that it is not known.
            let later = Later::State(AlarmState::Cleared);
            self.tell_later(entry, &update, later, &[], decisions);
            marked.push(id.as_str());
        }
        if !marked.is_empty() {
            let why = format!(
                "{} is over, and no alarm is called so; it may be {}: nothing is ended, people end it",
                event.alarm_id,
                marked.join(", ")
            );
            let (id, outcome) = (&event.alarm_id, AuditOutcome::Failure);
            self.audit(entry, END_OF_WHICH, id, outcome, &why, decisions);
        }
    }
}
