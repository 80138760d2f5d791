//! What the plug-in remembers: tables by name, bounded and ordered. What follows from them is an index and is not
//! stored.

use cordon_contract::{ClockSteps, Owner, Rows, Single, Steps, Table};
use cordon_model::name::mark;
use cordon_model::{AlarmCode, AlarmLevel, Timestamp};
use serde::{Deserialize, Serialize};

use crate::alarm::Alarm;
use crate::alike::{Alike, Standing};
use crate::group::{GroupName, Groups};
use crate::life::is_over;
use crate::listeners::Listeners;
use crate::missed::{Missed, Whose};
use crate::named::Named;
use crate::outage::Outages;
use crate::points::Points;
use crate::recent::{Likeness, Recents};
use crate::room::Room;

/// Orders whose outcome is awaited; the outbox ends each by its deadline.
pub(crate) const UNDERWAY_MAX: usize = 20_000;

/// Sources that are remembered for one active alarm: a text in other words is known by its mark.
const HELD_MAX: usize = 2;
/// An order under way: who is told of which alarms.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Notice {
    pub receiver: String,
    /// The alarm the message names first, then the others of its group.
    pub alarms: Vec<String>,
    /// 0 for a first notification.
    pub escalation: u32,
}

/// When an alarm is escalated next, and which.
pub(crate) type Timer = (Timestamp, String);

/// An alarm of a group of which somebody is to be told because the routes are others now; the worst first.
pub(crate) type Owed = (AlarmLevel, GroupName, String);

/// Everything.
#[derive(Debug)]
pub(crate) struct State {
    pub alarms: Table<String, Alarm>,
    /// The open ones; not stored.
    room: Room,
    /// The active ones by what they are about; not stored.
    alike: Alike,
    /// Closed and rejected alarms in a row, oldest first; they are in `alarms` too.
    closed: Table<u64, String>,
    /// By route and group.
    pub groups: Groups,
    /// Escalations to come.
    pub timers: Table<Timer, ()>,
    pub recents: Recents,
    /// Devices that are offline.
    pub outages: Outages,
    /// Points in alarm.
    pub points: Points,
    /// What partners called their alarms.
    pub named: Named,
    /// Notices decided whose order entry was not stepped yet, in a row.
    ordered: Table<u64, Notice>,
    /// Notices by the number of their order.
    pub underway: Table<u64, Notice>,
    /// What was not taken up because a limit was reached.
    pub missed: Table<Whose, Missed>,
    /// The alarm in which the hub counts what it finds of an owner who has many open.
    pub floods: Table<Owner, String>,
    /// Alarms in which something was counted that nobody was told of, by when it is told.
    pub more_due: Table<(Timestamp, String), ()>,
    /// A mark of the routes, and of the plan they look at, by which what is open is told.
    pub routed: Single<u64>,
    /// The steps of the clock, which take no time.
    pub clock_steps: Single<ClockSteps>,
    /// Who has not heard yet since they changed.
    pub owed: Table<Owed, ()>,
    /// What it all cost; not stored.
    pub steps: Steps,
}

/// The number of what comes last in a row.
fn next_number<V: Clone>(row: &Table<u64, V>) -> u64 {
    let last = row.last_key_value();
    last.map_or(0, |(number, _)| number.saturating_add(1))
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            alarms: Table::new("alarms", 5),
            room: Room::default(),
            alike: Alike::default(),
            closed: Table::new("closed", 1),
            groups: Groups::new(),
            timers: Table::new("timers", 2),
            recents: Recents::new(),
            outages: Outages::new(),
            points: Points::new(),
            ordered: Table::new("ordered", 1),
            underway: Table::new("underway", 1),
            named: Named::new(),
            missed: Table::new("missed", 1),
            floods: Table::new("floods", 1),
            more_due: Table::new("more", 1),
            routed: Single::new("routed", 1),
            clock_steps: Single::new("clock-steps", 1),
            owed: Table::new("owed", 1),
            steps: Steps::default(),
        }
    }

    /// All its tables, always in this order.
    pub(crate) fn tables(&mut self) -> Vec<&mut dyn Rows> {
        let mut tables: Vec<&mut dyn Rows> = vec![
            &mut self.alarms,
            &mut self.closed,
            &mut self.timers,
            self.recents.table(),
            self.outages.table(),
            self.points.table(),
            self.named.table(),
            &mut self.ordered,
            &mut self.underway,
            &mut self.missed,
            &mut self.floods,
            &mut self.more_due,
            &mut self.routed,
            &mut self.clock_steps,
            &mut self.owed,
        ];
        tables.extend(self.groups.tables());
        tables
    }

    /// Notes what an alarm that changed is now.
    pub(crate) fn track(&mut self, id: &str) {
        self.steps.one();
        self.room.note(id, self.alarms.get(id));
        self.alike.note(id, self.alarms.get(id));
    }

    /// Forgets an alarm.
    pub(crate) fn remove(&mut self, id: &str) {
        if let Some(alarm) = self.alarms.remove(id) {
            self.alike.forget(id, &alarm);
        }
    }

    /// Counts a name in an alarm.
    pub(crate) fn name(&mut self, name: &str, leader: &str) {
        let alarm = self.alarms.get_mut(leader);
        if alarm.is_some_and(|alarm| alarm.names.add(name)) {
            self.alike.count(mark(name), leader);
        }
    }

    /// The alarms in which a name is counted, and that of the name itself.
    pub(crate) fn called(&self, name: &str) -> impl Iterator<Item = (&String, &Alarm)> {
        let own = self.alarms.get_key_value(name);
        let counted = self.alike.leaders(mark(name));
        let counted = counted.filter_map(|id| self.alarms.get_key_value(id));
        own.into_iter().chain(counted).inspect(|_| self.steps.one())
    }

    /// The alarms that their authors called so, where the hub tells them under names of its own.
    fn renamed(&self, name: &str) -> impl Iterator<Item = (&String, &Alarm)> {
        let ids = self.alike.renamed(mark(name));
        ids.filter_map(|id| self.alarms.get_key_value(id))
    }

    /// The alarms that bear or count a name, whatever the hub calls them.
    pub(crate) fn called_so(&self, name: &str) -> impl Iterator<Item = (&String, &Alarm)> {
        self.called(name).chain(self.renamed(name))
    }

    /// The alarms of a code from a source that stand so, the newest first.
    pub(crate) fn alike(
        &self,
        code: AlarmCode,
        source: &str,
        standing: Standing,
    ) -> impl Iterator<Item = (&String, &Alarm)> {
        let alike = self.alike.of(code, source, standing);
        let alike = alike.filter_map(|id| self.alarms.get_key_value(id));
        alike.inspect(|_| self.steps.one())
    }

    /// Whether a source told of several places in alarms of this code that are remembered, under whatever names.
    pub(crate) fn tells_of_several(&self, alarm: &Alarm) -> bool {
        self.alike.are_several(alarm)
    }

    /// Finds again what is not stored. `repeat_s` is how often a route tells again.
    pub(crate) fn index(&mut self, repeat_s: impl Fn(&str) -> u32) {
        self.room = Room::default();
        self.alike = Alike::default();
        for (id, alarm) in &self.alarms {
            self.room.note(id, Some(alarm));
            self.alike.note(id, Some(alarm));
            for name in alarm.names.all() {
                self.alike.count(*name, id);
            }
        }
        let alarms = &self.alarms;
        self.groups
            .index(|id| alarms.get(id).is_some_and(Alarm::is_raised), repeat_s);
        self.recents.index();
        self.named.index();
        self.outages.index();
    }

    /// How many are open of the park, or of all partners.
    pub(crate) fn open(&self, of_partners: bool) -> usize {
        self.room.open(of_partners)
    }

    /// How many are open of one owner.
    pub(crate) fn open_of(&self, owner: &Owner) -> usize {
        self.room.open_of(owner)
    }

    /// The open alarm that can best be spared, of whoever has the most of the park's or of the partners.
    pub(crate) fn spare(&self, of_partners: bool) -> Option<String> {
        self.steps.one();
        self.room.spare(of_partners)
    }

    /// Whether an alarm is there and somebody still has to act on it.
    pub(crate) fn is_active(&self, id: &str) -> bool {
        self.alarms
            .get(id)
            .is_some_and(|alarm| !is_over(alarm.state))
    }

    /// Whether an alarm is there and nobody has seen it.
    pub(crate) fn is_raised(&self, id: &str) -> bool {
        self.alarms.get(id).is_some_and(Alarm::is_raised)
    }

    /// Somebody saw an alarm: it is neither escalated nor told again.
    pub(crate) fn seen(&mut self, id: &str) {
        self.escalates_at(id, None);
        let Some(alarm) = self.alarms.get(id) else {
            return;
        };
        for name in &alarm.groups {
            self.steps.one();
            self.groups.seen(name, id);
        }
    }

    /// An alarm is escalated next at this time, and no more at the one of before.
    pub(crate) fn escalates_at(&mut self, id: &str, next: Option<Timestamp>) {
        let Some(alarm) = self.alarms.get(id).filter(|alarm| alarm.next != next) else {
            return;
        };
        self.steps.one();
        if let Some(before) = alarm.next {
            self.timers.remove(&(before, id.to_owned()));
        }
        if let Some(next) = next {
            self.timers.insert((next, id.to_owned()), ());
        }
        if let Some(alarm) = self.alarms.get_mut(id) {
            alarm.next = next;
        }
    }

    /// An alarm is in a group.
    pub(crate) fn enter(&mut self, id: &str, name: &GroupName) {
        let is_out = |alarm: &Alarm| !alarm.groups.contains(name);
        self.alarms.change_if(id, is_out, |alarm| {
            alarm.groups.insert(name.clone());
        });
    }

    /// An alarm is in a group no more.
    pub(crate) fn leave_group(&mut self, id: &str, name: &GroupName) {
        self.groups.leave(name, id);
        let is_in = |alarm: &Alarm| alarm.groups.contains(name);
        self.alarms.change_if(id, is_in, |alarm| {
            alarm.groups.remove(name);
        });
    }

    /// Notes who was told of an alarm.
    pub(crate) fn listeners(&mut self, id: &str, note: impl FnOnce(&mut Listeners)) {
        let Some(alarm) = self.alarms.get(id) else {
            return;
        };
        let mut told = alarm.told.clone();
        note(&mut told);
        let is_other = |alarm: &Alarm| alarm.told != told;
        self.alarms
            .change_if(id, is_other, |alarm| alarm.told.clone_from(&told));
    }

    /// Takes an alarm out of all groups and timers.
    fn leave(&mut self, id: &str) {
        self.seen(id);
        self.leave_groups(id);
    }

    /// Takes an alarm out of all groups.
    pub(crate) fn leave_groups(&mut self, id: &str) {
        let Some(alarm) = self.alarms.get(id) else {
            return;
        };
        for name in &alarm.groups {
            self.steps.one();
            self.groups.leave(name, id);
        }
        let is_in = |alarm: &Alarm| !alarm.groups.is_empty();
        self.alarms
            .change_if(id, is_in, |alarm| alarm.groups.clear());
    }

    /// Nobody needs to act on an alarm any more.
    pub(crate) fn over(&mut self, id: &str) {
        self.leave(id);
        let Some(alarm) = self.alarms.get(id) else {
            return;
        };
        for likeness in &alarm.held {
            self.steps.one();
            self.recents.let_go(likeness, id);
        }
        let holds = |alarm: &Alarm| !alarm.held.is_empty();
        self.alarms.change_if(id, holds, |alarm| alarm.held.clear());
    }

    /// Remembers the last alarm of a source.
    pub(crate) fn remember(&mut self, likeness: Likeness, alarm: String, at: Timestamp) {
        self.steps.one();
        self.recents.remember(likeness, alarm, at);
    }

    /// Forgets at most `most` sources that were silent since before `since`, and those that are too many.
    /// One whose alarm is active stays until that is over.
    pub(crate) fn age(&mut self, since: Timestamp, most: usize) {
        for _ in 0..most {
            let Some(likeness) = self.recents.stale(since) else {
                return;
            };
            self.steps.one();
            let id = self.recents.get(&likeness).map(|recent| &recent.alarm);
            let alarm = id.and_then(|id| self.alarms.get_key_value(id));
            let can_hold = |alarm: &Alarm| !is_over(alarm.state) && alarm.held.len() < HELD_MAX;
            let Some((id, _)) = alarm.filter(|(_, alarm)| can_hold(alarm)) else {
                self.recents.forget(&likeness);
                continue;
            };
            let id = id.clone();
            self.recents.hold(&likeness);
            let is_new = |alarm: &Alarm| !alarm.held.contains(&likeness);
            self.alarms.change_if(&id, is_new, |alarm| {
                alarm.held.insert(likeness.clone());
            });
        }
    }

    /// Puts an alarm that is open no more at the end of the closed ones and forgets the oldest beyond `most`.
    pub(crate) fn close(&mut self, id: &str, most: usize) {
        if let Some(alarm) = self.alarms.get_mut(id) {
            alarm.rests();
        }
        if most == 0 {
            self.remove(id);
        } else {
            self.closed.insert(next_number(&self.closed), id.to_owned());
        }
        while self.closed.len() > most {
            self.steps.one();
            if let Some((_, oldest)) = self.closed.pop_first() {
                self.remove(&oldest);
            }
        }
    }

    /// A notice was decided; its order entry is still to come.
    pub(crate) fn order(&mut self, notice: Notice) {
        let number = next_number(&self.ordered);
        self.ordered.insert(number, notice);
    }

    /// Takes out the first notice that is so. Orders are numbered as they were decided: what stands before it never
    /// became one.
    pub(crate) fn take_ordered(&mut self, is_it: impl Fn(&Notice) -> bool) -> Option<Notice> {
        let mut ordered = self.ordered.iter();
        let (number, _) = ordered.find(|(_, notice)| is_it(notice))?;
        let number = *number;
        drop(ordered);
        while let Some((first, notice)) = self.ordered.pop_first() {
            if first == number {
                return Some(notice);
            }
            self.untell(&notice);
        }
        None
    }

    /// What was decided and never became an order told nobody.
    pub(crate) fn never_ordered(&mut self) {
        while let Some((_, notice)) = self.ordered.pop_first() {
            self.untell(&notice);
        }
    }

    fn untell(&mut self, notice: &Notice) {
        for id in &notice.alarms {
            self.listeners(id, |told| told.forget(&notice.receiver));
        }
    }
}
