//! Groups, notifications and escalations.

use std::collections::BTreeSet;

use cordon_contract::{Decisions, Entry, OrderLane, Target};
use cordon_model::{AlarmEvent, AlarmUpdate, Body, Timestamp};

use crate::alarm::Alarm;
use crate::count::named;
use crate::event::is_of_unheard;
use crate::facts::Facts;
use crate::group::GroupName;
use crate::plugin::AlarmPlugin;
use crate::routes::{Errand, Later, is_grave};
use crate::state::Notice;
use crate::text::Text;

/// What an alarm is about, in one word: the device that saw it, else its place, else its name.
pub(crate) fn whence(event: &AlarmEvent) -> String {
    let places = [
        event.source_device.as_ref().map(ToString::to_string),
        event.lane_id.as_ref().map(ToString::to_string),
        event.gate_id.as_ref().map(ToString::to_string),
        event.area_id.clone(),
    ];
    let known = places.into_iter().flatten().next();
    known.unwrap_or_else(|| event.alarm_id.clone())
}

/// Sources that one tick forgets at most.
const AGED_A_TICK: usize = 200;
/// Alarms named by one notification; the rest of a group follows in the next.
pub(crate) const ALARMS_PER_NOTICE: usize = 50;
/// Notices ordered for one entry; what is due beyond waits for the next tick.
pub(crate) const NOTICES_MAX: usize = 200;
/// As many of them may be escalations, and so many these and what is told of further alarms: groups have the rest in
/// every tick, however much is due before them.
const NOTICES_OF_ESCALATIONS: usize = 150;
pub(crate) const NOTICES_BEFORE_GROUPS: usize = 175;

impl AlarmPlugin {
    /// Puts an alarm into the group of one of its errands. `hold` is the time before which flood
    /// protection tells nobody.
    pub(crate) fn join(
        &mut self,
        id: &str,
        facts: &Facts,
        errand: &Errand,
        hold: Option<Timestamp>,
    ) -> GroupName {
        self.state.steps.one();
        let name = (errand.route.clone(), errand.group(facts));
        let groups = &mut self.state.groups;
        groups.begin(&name, errand, None);
        let now = self.now;
        let wait = now.plus_seconds(i64::from(errand.wait_s(facts.level)));
        // What was not understood may be any alarm: it waits for what comes with it, and not for what was told before.
        let is_unheard = |alarm: &Alarm| alarm.of_hub && is_of_unheard(&alarm.event);
        let is_unheard = self.state.alarms.get(id).is_some_and(is_unheard);
        let told = groups.get(&name).filter(|_| !is_unheard).and_then(|group| {
            let interval = i64::from(errand.group_interval_s);
            group.last.map(|last| last.plus_seconds(interval))
        });
        let next = match (told, groups.first_due(&name)) {
            (Some(next), _) => wait.max(next),
            (None, Some(first)) => wait.min(first),
            (None, None) => wait,
        };
        let due = match is_grave(facts.level) {
            true => now,
            false => hold.map_or(next, |hold| next.max(hold)),
        };
        groups.add(&name, id, due);
        self.state.enter(id, &name);
        name
    }

    /// Puts an alarm that its receivers were told of back into the group of one of its errands: it is told again
    /// with the group for as long as nobody acknowledges it.
    pub(crate) fn join_quietly(&mut self, id: &str, facts: &Facts, errand: &Errand) {
        self.state.steps.one();
        let name = (errand.route.clone(), errand.group(facts));
        if let Some(alarm) = self.state.alarms.get(id) {
            let (place, is_raised) = (whence(&alarm.event), alarm.is_raised());
            self.state.groups.begin(&name, errand, None);
            self.state.groups.tell(&name, id, place, is_raised);
            self.state.enter(id, &name);
        }
    }

    /// Tells what is due in one group, and settles the group.
    pub(crate) fn flush(&mut self, entry: &Entry, name: &GroupName, decisions: &mut Decisions) {
        let now = self.now;
        while self.ordered_now < NOTICES_MAX {
            let due = self.state.groups.due(name, now, ALARMS_PER_NOTICE);
            if due.is_empty() {
                break;
            }
            self.state.steps.add(due.len());
            self.state.groups.told_at(name, now);
            self.notify(entry, name, due.clone(), decisions);
            let groups = &mut self.state.groups;
            for id in due {
                match self.state.alarms.get(&id) {
                    Some(alarm) => {
                        groups.tell(name, &id, whence(&alarm.event), alarm.is_raised());
                    }
                    None => groups.leave(name, &id),
                }
            }
        }
        self.repeat(entry, name, decisions);
        self.state.groups.settle(name);
    }

    /// Tells a group again that nobody acknowledged.
    fn repeat(&mut self, entry: &Entry, name: &GroupName, decisions: &mut Decisions) {
        let repeats_at = self.state.groups.repeats_at(name);
        let is_due = repeats_at.is_some_and(|due| due <= self.now);
        if !is_due || self.ordered_now >= NOTICES_MAX {
            return;
        }
        let groups = &mut self.state.groups;
        groups.told_at(name, self.now);
        let waiting = groups.waiting(name, ALARMS_PER_NOTICE, &self.state.steps);
        self.notify(entry, name, waiting, decisions);
    }

    /// Orders one notification for each receiver: the most urgent alarm, and what else is in its group.
    fn notify(
        &mut self,
        entry: &Entry,
        name: &GroupName,
        ids: Vec<String>,
        decisions: &mut Decisions,
    ) {
        let receivers = self.routes.receivers_at(&name.0).to_vec();
        let Some((event, ids)) = self.group_event(name, ids, "") else {
            return;
        };
        for receiver in receivers {
            let notice = Notice {
                receiver,
                alarms: ids.clone(),
                escalation: 0,
            };
            let body = Body::AlarmEvent(event.clone());
            self.tell(entry, notice, false, body, decisions);
        }
    }

    /// What is said of several alarms of a group: the most urgent, and the others behind its words.
    pub(crate) fn group_event(
        &self,
        name: &GroupName,
        mut ids: Vec<String>,
        why: &str,
    ) -> Option<(AlarmEvent, Vec<String>)> {
        ids.sort_by_key(|id| {
            let alarm = self.state.alarms.get(id);
            alarm.map(|alarm| (alarm.event.alarm_level, alarm.raised, id.clone()))
        });
        let first = ids.first().and_then(|id| self.state.alarms.get(id))?;
        let mut text = first.text(why);
        self.add_group(name, &ids, &mut text);
        first.add_said(&mut text);
        let event = AlarmEvent {
            state: first.state,
            description: text.into(),
            ..first.event.clone()
        };
        Some((event, ids))
    }

    /// Who else of a group is in alarm: a fire that spreads is read in the second notice, not guessed
    /// from two. How many they are comes first, where no receiver cuts it.
    fn add_group(&self, name: &GroupName, ids: &[String], text: &mut Text) {
        if ids.len() > 1 {
            let names = self.sources(ids.iter());
            let head = format!("同组共 {0} 条 / {0} of this group", ids.len());
            text.list(&head, ", ", &names, names.len());
        }
        let shown = (ALARMS_PER_NOTICE, &self.state.steps);
        let (before, total) = self.state.groups.told_places(name, ids, shown);
        let head = format!("此前已报 {total} 处 / {total} told before");
        text.list(&head, ", ", &before, total);
    }

    /// Where the alarms of one notice come from, each source once.
    fn sources<'a>(&self, ids: impl Iterator<Item = &'a String>) -> Vec<String> {
        let alarms = ids.filter_map(|id| self.state.alarms.get(id));
        let alarms = alarms.inspect(|_| self.state.steps.one());
        let names: BTreeSet<String> = alarms.map(|alarm| whence(&alarm.event)).collect();
        names.into_iter().collect()
    }

    /// Whoever was told of an alarm hears what became of it, but for those in `but`.
    pub(crate) fn tell_later(
        &mut self,
        entry: &Entry,
        update: &AlarmUpdate,
        later: Later,
        but: &[String],
        decisions: &mut Decisions,
    ) {
        let id = &update.alarm_id;
        let alarm = self.state.alarms.get(id);
        let told = alarm.into_iter().flat_map(|alarm| alarm.told.names());
        let told = told.filter(|it| !but.contains(*it) && self.routes.hears(it, later));
        let told: Vec<String> = told.cloned().collect();
        for receiver in told {
            let body = AlarmUpdate {
                receiver: Some(receiver.clone()),
                ..update.clone()
            };
            let notice = Notice {
                receiver,
                alarms: vec![id.clone()],
                escalation: update.escalation_level.unwrap_or_default(),
            };
            self.order(entry, notice, Body::AlarmUpdate(body), decisions);
        }
    }

    /// Whoever was told of an alarm is told of one more that is counted in it.
    pub(crate) fn tell_of_more(&mut self, entry: &Entry, id: &str, decisions: &mut Decisions) {
        let Some(alarm) = self.state.alarms.get(id) else {
            return;
        };
        let count = alarm.repeats;
        let own = named(&alarm.event);
        let newest: Vec<&String> = alarm.more.iter().rev().collect();
        // The newest is what is told; mostly the words of the alarm say it.
        let reason = match newest.first().filter(|it| ***it != own) {
            Some(it) => {
                format!("[又报，已计 {count} 次，最新 / {count} counted in it, the newest: {it}] ")
            }
            None => format!("[又报，已计 {count} 次 / one more, {count} counted in it] "),
        };
        let mut text = alarm.text(&reason);
        let before = newest.get(1..).unwrap_or_default();
        text.list("此前又报 / before it", "; ", before, before.len());
        alarm.add_said(&mut text);
        let event = AlarmEvent {
            state: alarm.state,
            description: text.into(),
            ..alarm.event.clone()
        };
        let told = alarm.told.names().cloned();
        let receivers: Vec<String> = told.filter(|it| self.routes.names(it)).collect();
        let names_more = |alarm: &Alarm| !alarm.more.is_empty();
        let alarms = &mut self.state.alarms;
        alarms.change_if(id, names_more, |alarm| alarm.more.clear());
        for receiver in receivers {
            let notice = Notice {
                receiver,
                alarms: vec![id.to_owned()],
                escalation: 0,
            };
            self.order(entry, notice, Body::AlarmEvent(event.clone()), decisions);
        }
    }

    /// Orders what a stage tells; `is_ahead` when it comes before its time.
    pub(crate) fn tell(
        &mut self,
        entry: &Entry,
        notice: Notice,
        is_ahead: bool,
        body: Body,
        decisions: &mut Decisions,
    ) {
        let (receiver, stage) = (&notice.receiver, notice.escalation);
        for id in &notice.alarms {
            self.state
                .listeners(id, |told| told.told(receiver, stage, is_ahead));
        }
        self.order(entry, notice, body, decisions);
    }

    fn order(&mut self, entry: &Entry, notice: Notice, body: Body, decisions: &mut Decisions) {
        self.ordered_now += 1;
        let deadline = entry
            .time
            .plus_seconds(i64::from(self.config.notify_within_s));
        let correlation = notice.alarms.first().cloned();
        let target = Target::receiver(&notice.receiver);
        self.state.order(notice);
        decisions.order(target, OrderLane::Routine, deadline, body, correlation);
    }

    /// Time has passed: groups that are due, deadlines that were missed.
    pub(crate) fn tick(&mut self, entry: &Entry, decisions: &mut Decisions) {
        while self.ordered_now < NOTICES_OF_ESCALATIONS
            && let Some(((due, id), ())) = self.state.timers.first_key_value()
            && *due <= self.now
        {
            let id = id.clone();
            self.state.steps.one();
            self.escalate(entry, &id, decisions);
        }
        self.tell_owed(entry, decisions);
        self.tell_more_due(entry, decisions);
        self.end_outages(entry, decisions);
        self.outages(entry, decisions);
        self.say_missed(entry, decisions);
        self.age(AGED_A_TICK);
        while self.ordered_now < NOTICES_MAX {
            let Some(name) = self.state.groups.take_due(self.now) else {
                break;
            };
            self.state.steps.one();
            self.flush(entry, &name, decisions);
        }
    }
}
