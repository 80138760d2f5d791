//! The source of an alarm says that it is over.

use cordon_contract::{Decisions, Entry};
use cordon_model::{AlarmEvent, AlarmState, AuditOutcome};

use crate::alike::Standing;
use crate::life::is_over;
use crate::plugin::AlarmPlugin;
use crate::routes::{Later, is_grave};
use crate::state::Alarm;
use crate::words::{gist, in_common};

/// Alarms that are marked and told when a source ends one of them and does not say which.
const MARKED_MAX: usize = 10;
/// Alarms that are over and may be what an end means: the newest.
const OVER_MAX: usize = 100;
/// Others whose words are compared with those of an end.
const COMPARED_MAX: usize = 20;
/// How the words of an alarm begin that may be the one that ended.
pub(crate) const WHICH: &str =
    "[有一处报警已解除，来源未指明 / its source says that one is over, and not which] ";
/// Audit action of an end that could mean more than one alarm.
const END_OF_WHICH: &str = "alarm.end-unclear";

impl AlarmPlugin {
    /// Its source says that an alarm is over: the one that it calls so, or, by a name that nobody knows, the one
    /// that it can mean. Where it can mean more, or another place, it ends nothing, and people are told.
    pub(crate) fn ended(
        &mut self,
        entry: &Entry,
        event: &AlarmEvent,
        source: &str,
        decisions: &mut Decisions,
    ) {
        let called = self.called(entry, event, source);
        let is_known = !called.is_empty();
        let known = match is_known {
            true => called,
            false => self.alike(entry, event, source),
        };
        let (meant, is_sure) = self.in_these_words(&known, event, source);
        let [one] = meant.as_slice() else {
            return self.unclear(entry, event, &meant, decisions);
        };
        let Some(alarm) = self.state.alarms.get_mut(one) else {
            return;
        };
        let names = &mut alarm.names;
        let ends = match is_known {
            true => is_sure && names.end(&event.alarm_id),
            false => is_sure && !names.are_several(),
        };
        // One of what is counted in it is over, and so is the alarm with the last.
        let waits = is_known && is_sure && !names.are_many();
        match (ends, waits) {
            (true, _) => self.clear(entry, one, &event.description, decisions),
            (false, true) => self.touch(one),
            (false, false) => self.unclear(entry, event, &meant, decisions),
        }
    }

    /// The alarms that this source calls so, over or not: by their own name, or by one that is counted in them.
    /// Of the same place alone, where some are.
    fn called(&self, entry: &Entry, event: &AlarmEvent, source: &str) -> Vec<String> {
        let called = self.state.called(&event.alarm_id);
        let called = called.filter(|(_, alarm)| self.is_of(entry, alarm, event));
        let (here, elsewhere): (Vec<_>, Vec<_>) =
            called.partition(|(_, alarm)| alarm.source == source);
        let meant = if here.is_empty() { elsewhere } else { here };
        meant.into_iter().map(|(id, _)| id.clone()).collect()
    }

    /// The alarms of the same sender, source and code: the active ones, and some that are over.
    fn alike(&self, entry: &Entry, event: &AlarmEvent, source: &str) -> Vec<String> {
        use Standing::{Named, Nameless, Over};
        // One more than are marked, so that several are never taken for one.
        let most = [
            (Named, MARKED_MAX + 1),
            (Nameless, MARKED_MAX + 1),
            (Over, OVER_MAX),
        ];
        let alike = most.into_iter().flat_map(|(standing, most)| {
            let alike = self.state.alike(event.alarm_code, source, standing);
            let alike = alike.filter(|(_, alarm)| self.is_by(entry, alarm));
            alike.take(most)
        });
        alike.map(|(id, _)| id.clone()).collect()
    }

    /// Which of these alarms an end means, and whether that is sure. Of red and orange ones, if any said its
    /// words, over or not, it means none that did not. Else it means what is active, of its code if there is one;
    /// but never surely when its words are nearer to those of another.
    fn in_these_words(
        &self,
        known: &[String],
        event: &AlarmEvent,
        source: &str,
    ) -> (Vec<String>, bool) {
        let words = &event.description;
        let known = known.iter();
        let known = known.filter_map(|id| self.state.alarms.get_key_value(id));
        let mut known: Vec<(&String, &Alarm)> = known.collect();
        known.sort_by_key(|(_, alarm)| std::cmp::Reverse(alarm.raised));
        let is_active = |alarm: &Alarm| !is_over(alarm.state);
        let mut levels = known.iter().filter(|(_, alarm)| is_active(alarm));
        let counts = levels.any(|(_, alarm)| is_grave(alarm.event.alarm_level));
        let gist = gist(words);
        let says = |alarm: &Alarm| counts && alarm.gists.knows(&gist);
        let is_said = known.iter().any(|(_, alarm)| says(alarm));
        let active = known.iter().filter(|(_, alarm)| is_active(alarm));
        let active = active.filter(|(_, alarm)| !is_said || says(alarm));
        let (like, others): (Vec<_>, Vec<_>) = active.partition(|(_, alarm)| {
            alarm.event.alarm_code == event.alarm_code && alarm.source == source
        });
        let meant = if like.is_empty() { others } else { like };
        let is_nearest = |(one, alarm): &(&String, &Alarm)| {
            let nearness = in_common(words, &alarm.own_words);
            let mut others = known.iter().filter(|(id, _)| id != one).take(COMPARED_MAX);
            others.all(|(_, other)| in_common(words, &other.own_words) <= nearness)
        };
        let is_sure = !counts || is_said || meant.first().is_none_or(is_nearest);
        let meant = meant.into_iter().map(|(id, _)| (*id).clone());
        (meant.collect(), is_sure)
    }

    /// Says once of each alarm that it may be the one that ended, or have it counted in it.
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
                "{} is over, and which one is not sure; it may be {}: nothing is ended, people end it",
                event.alarm_id,
                marked.join(", ")
            );
            let (id, outcome) = (&event.alarm_id, AuditOutcome::Failure);
            self.audit(entry, END_OF_WHICH, id, outcome, &why, decisions);
        }
    }
}
