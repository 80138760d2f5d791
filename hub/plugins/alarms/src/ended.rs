//! The source of an alarm says that it is over.

use std::cell::LazyCell;

use cordon_contract::{Decisions, Entry, NO_TEXT};
use cordon_model::codes::person_id;
use cordon_model::name::mark;
use cordon_model::{AlarmEvent, AlarmState, AuditOutcome};

use crate::alarm::Alarm;
use crate::alike::Standing;
use crate::kept::are_cut;
use crate::life::is_over;
use crate::place::{AlarmPlace, EndPlaces};
use crate::plugin::AlarmPlugin;
use crate::routes::{Later, is_grave};

/// Alarms that are marked and told when a source ends one of them and does not say which.
const MARKED_MAX: usize = 10;
/// How it is said of an alarm that it may be the one that ended.
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
        let (meant, is_sure) = self.meant(entry, (&known, is_known), event, source);
        let [one] = meant.as_slice() else {
            return self.unclear(entry, event, &meant, decisions);
        };
        let Some(alarm) = self.state.alarms.get(one) else {
            return;
        };
        let mut names = alarm.names.clone();
        let ends = match is_known {
            true => is_sure && names.end(&event.alarm_id),
            false => is_sure && !names.are_several(),
        };
        // One of what is counted in it is over, and so is the alarm with the last.
        let waits = is_known && is_sure && !names.are_many();
        let is_told = |alarm: &Alarm| alarm.names != names;
        let end = |alarm: &mut Alarm| alarm.names.clone_from(&names);
        self.state.alarms.change_if(one, is_told, end);
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

    /// The alarms of the same sender, source and code, over or not.
    fn alike(&self, entry: &Entry, event: &AlarmEvent, source: &str) -> Vec<String> {
        let all = [Standing::Named, Standing::Nameless, Standing::Over];
        let alike = all.into_iter().flat_map(|standing| {
            let alike = self.state.alike(event.alarm_code, source, standing);
            alike.filter(|(_, alarm)| self.is_by(entry, alarm))
        });
        alike.map(|(id, _)| id.clone()).collect()
    }

    /// Which of these alarms an end means, and whether that is sure. Of red and orange ones, if any said its
    /// words, over or not, it means none that did not. Else it means what is active, of its code if there is one.
    fn meant(
        &self,
        entry: &Entry,
        (known, is_known): (&[String], bool),
        event: &AlarmEvent,
        source: &str,
    ) -> (Vec<String>, bool) {
        let known = known.iter();
        let known = known.filter_map(|id| self.state.alarms.get_key_value(id));
        let known: Vec<(&String, &Alarm)> = known.collect();
        let is_active = |alarm: &Alarm| !is_over(alarm.state);
        let mut levels = known.iter().filter(|(_, alarm)| is_active(alarm));
        let counts = levels.any(|(_, alarm)| is_grave(alarm.event.alarm_level));
        let gist = mark(&self.gist_of(event));
        let says = |alarm: &Alarm| counts && alarm.gists.has(gist);
        let is_said = known.iter().any(|(_, alarm)| says(alarm));
        let active = known.iter().filter(|(_, alarm)| is_active(alarm));
        let active = active.filter(|(_, alarm)| !is_said || says(alarm));
        let (like, others): (Vec<_>, Vec<_>) = active.partition(|(_, alarm)| {
            alarm.event.alarm_code == event.alarm_code && alarm.source == source
        });
        let mut meant = if like.is_empty() { others } else { like };
        // Where nothing grave lasts nobody asks for it.
        let end = LazyCell::new(|| EndPlaces::new(words_of(&event.description)));
        if counts
            && !is_said
            && let Some(one) = the_one_there(&meant, &end)
        {
            meant = vec![one];
        }
        let is_sure = meant.first().is_none_or(|(_, alarm)| {
            let is_grave = is_grave(alarm.event.alarm_level) && !self.is_hubs(entry);
            let is_called = is_known || self.is_nameless(entry, alarm, event);
            let is_its = || is_of_its_place(alarm, event) && is_as_grave(alarm, event);
            let says = || is_said || self.says_where(alarm, &known, &end);
            let is_elsewhere = || {
                known
                    .iter()
                    .any(|(_, other)| may_be_there(alarm, other, event))
            };
            !is_grave || is_called && is_its() && says() && !is_elsewhere()
        });
        let meant = meant.into_iter().map(|(id, _)| (*id).clone());
        (meant.collect(), is_sure)
    }

    /// The place that an alarm's words say; finding it is counted.
    fn place<'a>(&self, alarm: &'a Alarm) -> &'a AlarmPlace {
        if alarm.place.get().is_none() {
            self.state.steps.one();
        }
        alarm.place()
    }

    /// Whether an end has no name, and none lasts in an alarm that was told without one. A name that nobody knows may
    /// be of what the flow counts in another.
    fn is_nameless(&self, entry: &Entry, alarm: &Alarm, event: &AlarmEvent) -> bool {
        alarm.names.are_left_nameless() && self.name_of(entry, event).is_none()
    }

    /// Whether the words of an end say just the place of this alarm, and of no other text of the name or code. If they
    /// say none, its source told of no other at all. Of a text that is not kept whole it is not known.
    fn says_where(&self, alarm: &Alarm, known: &[(&String, &Alarm)], end: &EndPlaces) -> bool {
        let is_there = |alarm: &Alarm| end.may_be(self.place(alarm));
        let others = known.iter().map(|(_, other)| other);
        let mut others = others.filter(|other| other.text != alarm.text);
        if end.is_none() {
            let several = known.iter().any(|(_, one)| one.names.are_many());
            return others.next().is_none() && !several && !self.state.tells_of_several(alarm);
        }
        let may_be = |other: &Alarm| are_cut(&other.event.description) || is_there(other);
        !are_cut(&alarm.event.description) && is_there(alarm) && !others.any(|one| may_be(one))
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
            let known = self.state.alarms.get(id);
            if known.is_none_or(|alarm| alarm.is_unclear) {
                continue;
            }
            let Some(alarm) = self.state.alarms.get_mut(id) else {
                continue;
            };
            alarm.is_unclear = true;
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

/// The words of an event; none where the hub says that it had none.
fn words_of(said: &str) -> &str {
    if said == NO_TEXT { "" } else { said }
}

/// The one of these alarms whose place an end says, if it is one alone.
fn the_one_there<'a, 'b>(
    alarms: &[&'b (&'a String, &'a Alarm)],
    end: &EndPlaces,
) -> Option<&'b (&'a String, &'a Alarm)> {
    let mut there = alarms
        .iter()
        .copied()
        .filter(|(_, alarm)| !end.is_none() && end.may_be(alarm.place()));
    let one = there.next()?;
    there.next().is_none().then_some(one)
}

/// Whether an end is no milder than an alarm is: that is the end of a step that it has left behind.
fn is_as_grave(alarm: &Alarm, end: &AlarmEvent) -> bool {
    end.alarm_level <= alarm.event.alarm_level
}

/// Whether an end may be of another alarm that has the words of this one, and another place in fields of its own.
fn may_be_there(alarm: &Alarm, other: &Alarm, end: &AlarmEvent) -> bool {
    let is_same_place =
        is_of_its_place(alarm, &other.event) && is_of_its_place(other, &alarm.event);
    other.text == alarm.text && !is_same_place && is_of_its_place(other, end)
}

/// Whether an end is of the code of an alarm, and names no other place than it in fields of its own.
fn is_of_its_place(alarm: &Alarm, end: &AlarmEvent) -> bool {
    let is = &alarm.event;
    let person = |it: &AlarmEvent| it.person_id.as_deref().map(person_id::normalise);
    end.alarm_code == is.alarm_code
        && agrees(&end.source_device, &is.source_device)
        && agrees(&end.lane_id, &is.lane_id)
        && agrees(&end.gate_id, &is.gate_id)
        && agrees(&end.area_id, &is.area_id)
        && agrees(&end.subject, &is.subject)
        && agrees(&end.enterprise_id, &is.enterprise_id)
        && agrees(&person(end), &person(is))
}

/// Whether a field of an end is left out or as it was told.
fn agrees<T: PartialEq>(said: &Option<T>, is: &Option<T>) -> bool {
    said.is_none() || said == is
}
