//! Other routes, or another plan, while alarms are open: what is told from now on goes by those of now. Whoever they
//! name of a red or orange alarm that nobody has acknowledged, and who has not heard of it, is told.

use std::collections::{BTreeMap, BTreeSet};

use cordon_contract::{Decisions, Entry};
use cordon_model::{AuditOutcome, Body, Timestamp};

use crate::alarm::Alarm;
use crate::dispatch::{ALARMS_PER_NOTICE, NOTICES_BEFORE_GROUPS, whence};
use crate::escalate::steps;
use crate::facts::Facts;
use crate::group::GroupName;
use crate::life::is_over;
use crate::plugin::AlarmPlugin;
use crate::routes::{Errand, is_grave};
use crate::state::{Notice, Owed};

/// Audit action: what is open goes by other routes from now on.
const REROUTED: &str = "alarm.rerouted";
/// How it is said to whoever is told of an alarm because the routes are others.
const WHY: &str = "[通知对象已变更 / told to you since the routes changed] ";

impl AlarmPlugin {
    /// Whether what is open goes by other routes than those that hold.
    pub(crate) fn is_routed_otherwise(&self) -> bool {
        *self.state.routed != self.routed_by
    }

    /// Takes what is open over to the routes that hold. Like finding the indexes again it looks at all there is, once
    /// for each change.
    pub(crate) fn reroute(&mut self, entry: &Entry, decisions: &mut Decisions) {
        self.state.routed.set(self.routed_by);
        let active = self.state.alarms.iter();
        let active = active.filter(|(_, alarm)| !is_over(alarm.state));
        let active: Vec<String> = active.map(|(id, _)| id.clone()).collect();
        self.state.owed.clear();
        let mut owed = 0;
        for id in &active {
            self.state.steps.one();
            self.state.listeners(id, |told| told.reroute());
            let Some(alarm) = self.state.alarms.get(id) else {
                continue;
            };
            let facts = self.places.facts(&alarm.event);
            let errands = self.routes.resolve(&facts);
            self.regroup(self.now, id, &facts, &errands);
            self.schedule(id, &errands);
            owed += usize::from(self.owe(id));
        }
        if owed > 0 {
            let open = active.len();
            let why = format!(
                "the routes changed; of {open} alarms that are not over, {owed} are told to others"
            );
            let outcome = AuditOutcome::Success;
            self.audit(entry, REROUTED, "routes", outcome, &why, decisions);
        }
    }

    /// Puts an alarm into the groups of these errands, as it stood in those of before.
    fn regroup(&mut self, now: Timestamp, id: &str, facts: &Facts, errands: &[Errand]) {
        let Some(alarm) = self.state.alarms.get(id) else {
            return;
        };
        let (place, is_raised, raised) = (whence(&alarm.event), alarm.is_raised(), alarm.raised);
        let before = alarm.groups.clone();
        let groups = &mut self.state.groups;
        let told = before.iter().filter_map(|name| groups.get(name)?.last);
        let last = told.max();
        let waits = before.iter().filter_map(|name| groups.due_of(name, id));
        let waits = waits.min();
        let mut joined = BTreeSet::new();
        for errand in errands {
            let name = (errand.route.clone(), errand.group(facts));
            self.state.groups.begin(&name, errand, last);
            let due = waits.map(|due| due.min(self.due_by(errand, &name, facts, raised).max(now)));
            let groups = &mut self.state.groups;
            match due {
                Some(due) if groups.due_of(&name, id) != Some(due) => groups.add(&name, id, due),
                None if !before.contains(&name) => {
                    groups.tell(&name, id, place.clone(), is_raised);
                }
                _ => groups.settle(&name),
            }
            self.state.enter(id, &name);
            joined.insert(name);
        }
        for name in before.difference(&joined) {
            self.state.leave_group(id, name);
        }
    }

    /// When one that waits is due by an errand, at the latest.
    fn due_by(
        &self,
        errand: &Errand,
        name: &GroupName,
        facts: &Facts,
        raised: Timestamp,
    ) -> Timestamp {
        let wait = errand.wait_s(facts.level).max(self.config.flood_s);
        let due = raised.plus_seconds(i64::from(wait));
        let last = self.state.groups.get(name).and_then(|group| group.last);
        let interval = i64::from(errand.group_interval_s);
        let next = last.map(|last| last.plus_seconds(interval));
        next.map_or(due, |next| due.max(next))
    }

    /// Notes that somebody is to be told of an alarm whom the routes name and who has not heard of it. Whether there
    /// is anybody.
    pub(crate) fn owe(&mut self, id: &str) -> bool {
        let Some(alarm) = self.state.alarms.get(id) else {
            return false;
        };
        let level = alarm.event.alarm_level;
        if !alarm.is_raised() || !is_grave(level) {
            return false;
        }
        let facts = self.places.facts(&alarm.event);
        let errands = self.routes.resolve(&facts);
        // One that waits in its group is told with that.
        let lacks = |errand: &&Errand| {
            let name = (errand.route.clone(), errand.group(&facts));
            let waits = self.state.groups.due_of(&name, id).is_some();
            !waits && !lacking(alarm, errand).is_empty()
        };
        let owed: Vec<Owed> = errands
            .iter()
            .filter(lacks)
            .map(|errand| {
                let name = (errand.route.clone(), errand.group(&facts));
                (level, name, id.to_owned())
            })
            .collect();
        let is_owed = !owed.is_empty();
        for owed in owed {
            self.state.owed.set(owed, ());
        }
        is_owed
    }

    /// Whether somebody is still to be told of an alarm because the routes changed.
    pub(crate) fn is_owed(&self, id: &str) -> bool {
        let Some(alarm) = self.state.alarms.get(id) else {
            return false;
        };
        let level = alarm.event.alarm_level;
        let mut names = alarm.groups.iter();
        names.any(|name| {
            let owed = (level, name.clone(), id.to_owned());
            self.state.owed.contains_key(&owed)
        })
    }

    /// A start: what was decided and is not in the journal as an order told nobody, as when another program saw those
    /// entries. Who was to be told is told.
    pub(crate) fn owe_what_was_not_ordered(&mut self) {
        self.state.never_ordered();
        let ids: Vec<String> = self.state.alarms.keys().cloned().collect();
        for id in ids {
            self.owe(&id);
        }
    }

    /// Tells those who have not heard, of as many alarms of a group as one notice names.
    pub(crate) fn tell_owed(&mut self, entry: &Entry, decisions: &mut Decisions) {
        while self.ordered_now < NOTICES_BEFORE_GROUPS
            && let Some(((level, name, _), ())) = self.state.owed.first_key_value()
        {
            let (level, name) = (*level, name.clone());
            let from = (level, name.clone(), String::new());
            let owed = self.state.owed.range(from..);
            let owed = owed.take_while(|(owed, ())| (owed.0, &owed.1) == (level, &name));
            let owed = owed.map(|(owed, ())| owed.clone());
            let owed: Vec<Owed> = owed.take(ALARMS_PER_NOTICE).collect();
            let mut lacking_of: BTreeMap<(u32, String), Vec<String>> = BTreeMap::new();
            for one in &owed {
                self.state.steps.one();
                self.state.owed.remove(one);
                for who in self.lacking_in(&name, &one.2) {
                    lacking_of.entry(who).or_default().push(one.2.clone());
                }
            }
            for ((escalation, receiver), ids) in lacking_of {
                let Some((event, alarms)) = self.group_event(&name, ids, WHY) else {
                    continue;
                };
                let notice = Notice {
                    receiver,
                    alarms,
                    escalation,
                };
                self.tell(entry, notice, false, Body::AlarmEvent(event), decisions);
            }
        }
    }

    /// By which stage of a group's route who is to be told of an alarm, if it still is as it was.
    fn lacking_in(&self, name: &GroupName, id: &str) -> Vec<(u32, String)> {
        let alarm = self.state.alarms.get(id).filter(|alarm| alarm.is_raised());
        let Some(alarm) = alarm.filter(|_| self.state.groups.due_of(name, id).is_none()) else {
            return Vec::new();
        };
        let facts = self.places.facts(&alarm.event);
        let errands = self.routes.resolve(&facts).into_iter();
        let mut errands = errands.filter(|it| it.route == name.0 && it.group(&facts) == name.1);
        let lacking = errands.next().map(|errand| lacking(alarm, &errand));
        let lacking = lacking.unwrap_or_default().into_iter();
        lacking.map(|(receiver, stage)| (stage, receiver)).collect()
    }
}

/// Whom an errand names by now and who has not heard of an alarm since it was raised, with the last stage that did.
fn lacking(alarm: &Alarm, errand: &Errand) -> BTreeMap<String, u32> {
    let mut stages: BTreeMap<String, u32> = BTreeMap::new();
    let first = errand.receivers.iter().map(|receiver| (receiver, 0));
    let steps = steps(std::slice::from_ref(errand));
    let passed = steps
        .iter()
        .filter(|(after_s, ..)| *after_s <= alarm.passed_s);
    let passed = passed.flat_map(|(_, number, them)| them.iter().map(|it| (it, *number)));
    for (receiver, stage) in first.chain(passed) {
        if !alarm.told.has_heard(receiver) {
            stages.insert(receiver.clone(), stage);
        }
    }
    stages
}
