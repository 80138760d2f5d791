//! Which alarm an event tells of again: by its name, its code, its place and its words. What is over is told of
//! no more: whatever comes after that is another alarm, whenever its source says that it happened.

use std::collections::BTreeSet;

use cordon_contract::{Decisions, Entry, Owner, is_made_name, speaker_of};
use cordon_model::name::mark;
use cordon_model::{AlarmEvent, Body};

use crate::alarm::Alarm;
use crate::alike::Standing;
use crate::count::is_of_flow;
use crate::detect;
use crate::life::is_over;
use crate::plugin::AlarmPlugin;
use crate::recent::Likeness;
use crate::routes::is_grave;
use crate::words::gist;

/// Alarms of one name that are active at once. In other words still it is counted in the last of them.
const OF_ONE_NAME_MAX: usize = 8;

impl AlarmPlugin {
    /// The active alarm that an event tells of again, which bears the name of one that is known. Many in other
    /// words under one name are counted in the last of those.
    pub(crate) fn told_in(
        &self,
        entry: &Entry,
        event: &AlarmEvent,
        likeness: &Likeness,
    ) -> Option<String> {
        let name = &event.alarm_id;
        let is_meant = |alarm: &Alarm| !is_over(alarm.state) && self.is_of(entry, alarm, event);
        let last = self.state.recents.get(likeness);
        let last = last.and_then(|recent| self.state.alarms.get_key_value(&recent.alarm));
        if let Some((id, alarm)) = last
            && is_meant(alarm)
            && (id == name || alarm.names.knows(name))
        {
            return Some(id.clone());
        }
        let mut of_name = 0;
        let mut newest = None;
        for (id, alarm) in self.state.called(name) {
            if !is_meant(alarm) {
                continue;
            }
            if !self.is_another(entry, alarm, likeness) {
                return Some(id.clone());
            }
            if alarm.event.alarm_code == event.alarm_code && alarm.source == likeness.2 {
                of_name += 1;
                newest = newest.max(Some((alarm.names.are_many(), alarm.number, id)));
            }
        }
        let (_, _, last) = newest.filter(|_| of_name >= OF_ONE_NAME_MAX)?;
        Some(last.clone())
    }

    /// Whether an alarm is of the same sender and device. The hub's own bears a name that no other has, whatever
    /// device it shows.
    pub(crate) fn is_of(&self, entry: &Entry, alarm: &Alarm, event: &AlarmEvent) -> bool {
        let devices = (&alarm.event.source_device, &event.source_device);
        let same_device = match devices {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        let is_hubs = alarm.of_hub && self.is_hubs(entry);
        self.is_by(entry, alarm) && (same_device || is_hubs)
    }

    /// Whether an alarm is of the same sender. What he signed the hub may have told again under a name of its own.
    pub(crate) fn is_by(&self, entry: &Entry, alarm: &Alarm) -> bool {
        let is_told_again = alarm.sender == self.hub && !alarm.of_hub;
        let is_his = is_told_again && alarm.speaker == entry.sender.as_str();
        alarm.sender == entry.sender || is_his
    }

    /// Whether what bears the name of an alarm is about something else: panels count from 1 again, or
    /// name a zone and not what happens there. Other words are another place, at whatever level: what is one in
    /// truth costs a glance. The hub calls two things of its own by two names.
    /// What the event is like is found once, not for each alarm of its name.
    fn is_another(&self, entry: &Entry, is: &Alarm, likeness: &Likeness) -> bool {
        let (code, level, source, words) = likeness;
        let is_code = is.event.alarm_code;
        let same_code = *code == is_code || detect::is_worse(*code, is_code);
        let same_words = !is_grave(*level) || is.gists.has(*words);
        let is_same = same_code && same_words && *source == is.source;
        !is_same && !self.is_hubs(entry)
    }

    /// Whether an alarm, grave itself or told of gravely, is told of in words that none of it had.
    pub(crate) fn is_in_other_words(&self, entry: &Entry, is: &Alarm, event: &AlarmEvent) -> bool {
        let level = is.event.alarm_level.min(event.alarm_level);
        let is_known = is.gists.knows(&self.gist_of(event));
        is_grave(level) && !is_known && !self.is_hubs(entry)
    }

    /// What an event says of where it is: its words without the values in them. An area that the plan does not know is
    /// text like them.
    pub(crate) fn gist_of(&self, event: &AlarmEvent) -> String {
        self.state.steps.one();
        let gist = gist(&event.description);
        let area = event.area_id.as_deref();
        match area.filter(|_| self.places.area(event).is_none()) {
            Some(area) => format!("{gist}\u{2}{area}"),
            None => gist,
        }
    }

    /// The newest of the alarms that a device has told without a name, if it has told as many as one name may
    /// have: in other words still it is counted in that one.
    pub(crate) fn of_nameless(
        &self,
        entry: &Entry,
        event: &AlarmEvent,
        likeness: &Likeness,
    ) -> Option<String> {
        let (code, level, source, _) = likeness;
        let tells = is_grave(*level) && event.source_device.is_some() && !self.is_hubs(entry);
        if !tells || self.name_of(entry, event).is_some() {
            return None;
        }
        let nameless = self.state.alike(*code, source, Standing::Nameless);
        let nameless = nameless.filter(|(_, alarm)| {
            alarm.event.alarm_level == *level && self.is_of(entry, alarm, event)
        });
        let nameless: Vec<_> = nameless.collect();
        let newest = nameless
            .iter()
            .max_by_key(|(_, alarm)| (alarm.names.are_many(), alarm.number));
        let newest = newest.filter(|_| nameless.len() >= OF_ONE_NAME_MAX);
        newest.map(|(id, _)| (*id).clone())
    }

    /// The alarm that was over when this one was told under its name, if its source says that it began no later:
    /// it may be old and come late, or its source's clock be wrong.
    pub(crate) fn after(&self, entry: &Entry, event: &AlarmEvent) -> Option<String> {
        let name = self.name_of(entry, event)?;
        if name == event.alarm_id {
            return None;
        }
        let mut called = self.state.called(name);
        let over = called.find(|(_, alarm)| {
            let is_old = event.occurred_at <= alarm.event.occurred_at;
            is_old && is_over(alarm.state) && alarm.speaker == speaker(entry)
        });
        over.map(|(id, _)| id.clone())
    }

    /// A name that another alarm has, or had: devices count from 1 again, and two may count alike. The
    /// hub raises it under a name of its own, so that neither hides the other.
    pub(crate) fn anew(&mut self, entry: &Entry, event: &AlarmEvent, decisions: &mut Decisions) {
        let own = AlarmEvent {
            alarm_id: anew_name(entry.number),
            cause_ref: Some(entry.message_id),
            ..event.clone()
        };
        decisions.tell_again(Body::AlarmEvent(own), event.alarm_id.clone());
    }

    /// The name its source gave an alarm, if it gave one. Of a device that gives none the mapping makes one,
    /// which says no more than the device and the instant, and no other word of that device means it. What the
    /// hub tells again under a name of its own keeps the one it had.
    pub(crate) fn name_of<'a>(&self, entry: &'a Entry, event: &'a AlarmEvent) -> Option<&'a str> {
        let message = entry.message.as_deref().filter(|_| !self.is_hubs(entry))?;
        let told_again = entry.cause != 0 && event.alarm_id == anew_name(entry.cause);
        let given = message.header.correlation_id.as_deref();
        let name = given.filter(|_| told_again).unwrap_or(&event.alarm_id);
        // What a partner signed was given by him, whatever it looks like.
        let who = speaker_of(message);
        let is_partners = self
            .owners
            .partner(who)
            .is_some_and(|it| it.as_str() == who);
        let is_given = is_partners || !is_made_name(message, event.occurred_at, name);
        is_given.then_some(name)
    }

    /// Counts what its source told in an alarm, by its name if it has one.
    pub(crate) fn note_name(&mut self, entry: &Entry, leader: &str, event: &AlarmEvent) {
        match self.name_of(entry, event) {
            Some(name) => self.state.name(name, leader),
            None if self.is_hubs(entry) => {}
            None => {
                if let Some(alarm) = self.state.alarms.get_mut(leader) {
                    alarm.names.add_nameless();
                }
            }
        }
        self.note_given(entry, leader, event);
    }

    /// Remembers that a partner gave a name to what is this alarm, or is counted in it.
    pub(crate) fn note_given(&mut self, entry: &Entry, leader: &str, event: &AlarmEvent) {
        let Some(alarm) = self.state.alarms.get(leader) else {
            return;
        };
        let of_flood = self.flood_name(entry, event);
        let (partner, name) = match (of_flood, &alarm.owner) {
            (Some(name), Owner::Partner(partner)) => (Some(partner), Some(name)),
            (Some(_), _) => return,
            (None, _) => {
                let partner = self.owners.partner(speaker(entry));
                (partner, self.author_name(entry, event))
            }
        };
        if let (Some(partner), Some(name)) = (partner.cloned(), name) {
            let alarm = alarm.identity();
            let (named, partners) = (&mut self.state.named, self.enterprises);
            // The page's name too: he may give it to another one day.
            for name in BTreeSet::from([name, mark(leader)]) {
                named.give((partner.clone(), name), alarm, entry.time, partners);
            }
        }
    }

    /// A mark of the name that its author gave what the flow counts in its flood alarm.
    fn flood_name(&self, entry: &Entry, event: &AlarmEvent) -> Option<u64> {
        let header = &entry.message.as_deref()?.header;
        let is_counted = entry.cause != 0 && self.is_hubs(entry) && is_of_flow(event);
        let name = header.correlation_id.as_deref();
        name.filter(|_| is_counted).map(mark)
    }

    /// A mark of the name that its author gave an alarm, whatever the flow or this plug-in calls it when it is told again.
    pub(crate) fn author_name(&self, entry: &Entry, event: &AlarmEvent) -> Option<u64> {
        let header = &entry.message.as_deref()?.header;
        if self.is_hubs(entry) {
            return None;
        }
        let told_again = header.attested_by.is_some() && entry.cause != 0;
        let before = header.correlation_id.as_deref().filter(|_| told_again);
        let Some(before) = before.filter(|before| *before != event.alarm_id) else {
            return self.name_of(entry, event).map(mark);
        };
        // What this plug-in tells again may bear a name of the flow's already.
        let of_flow = match event.alarm_id == anew_name(entry.cause) {
            true => self.state.alarms.get(before),
            false => None,
        };
        of_flow
            .and_then(|alarm| alarm.author)
            .or(Some(mark(before)))
    }

    /// Other words are counted in an alarm that stands for all of them: no end of a name says which are over.
    pub(crate) fn counts_many(&mut self, leader: &str) {
        if let Some(alarm) = self.state.alarms.get_mut(leader) {
            alarm.names.add_unknown();
        }
    }
}

/// Who says an entry.
pub(crate) fn speaker(entry: &Entry) -> &str {
    let message = entry.message.as_deref();
    message.map(speaker_of).unwrap_or_default()
}

/// The name under which the hub tells again what an entry says.
fn anew_name(number: u64) -> String {
    format!("alarm-{number}-0")
}
