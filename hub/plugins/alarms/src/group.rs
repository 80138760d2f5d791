//! Alarms that share a route and its `group_by` values, and when they are due.

use std::collections::{BTreeMap, BTreeSet};

use cordon_contract::{Rows, Steps, Table};
use cordon_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::roll::{Member, Roll};
use crate::routes::Errand;

/// A group's route and the values it shares.
pub(crate) type GroupName = (String, String);

/// Alarms that are told together. An alarm leaves when nobody needs to act on it any more. Who is told the route says
/// that bears the group's name when they are.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Group {
    /// When the group was told last.
    pub last: Option<Timestamp>,
}

/// All groups and who is in them, and which is due when. An empty group is none.
///
/// A group may have thousands of alarms, so each of them is a row of its own.
#[derive(Debug)]
pub(crate) struct Groups {
    all: Table<GroupName, Group>,
    members: Table<(GroupName, String), Member>,
    /// What follows from the members of each; not stored.
    rolls: BTreeMap<GroupName, Roll>,
    /// Groups by when something is to be done for them; not stored.
    agenda: BTreeSet<(Timestamp, GroupName)>,
}

impl Groups {
    pub(crate) fn new() -> Self {
        Self {
            all: Table::new("groups", 2),
            members: Table::new("members", 1),
            rolls: BTreeMap::new(),
            agenda: BTreeSet::new(),
        }
    }

    pub(crate) fn tables(&mut self) -> [&mut dyn Rows; 2] {
        [&mut self.all, &mut self.members]
    }

    pub(crate) fn get(&self, name: &GroupName) -> Option<&Group> {
        self.all.get(name)
    }

    /// Whether something is to be done for one.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.agenda.first().is_some_and(|(due, _)| *due <= now)
    }

    /// Takes the group that is longest due from the agenda; who has seen to it settles it.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<GroupName> {
        let (due, _) = self.agenda.first()?;
        if *due > now {
            return None;
        }
        let (_, name) = self.agenda.pop_first()?;
        if let Some(roll) = self.rolls.get_mut(&name) {
            roll.next = None;
        }
        Some(name)
    }

    /// When the first of those of a group that wait is due.
    pub(crate) fn first_due(&self, name: &GroupName) -> Option<Timestamp> {
        self.rolls.get(name).and_then(Roll::first_due)
    }

    /// At most `most` alarms of a group that are due, the longest due first.
    pub(crate) fn due(&self, name: &GroupName, now: Timestamp, most: usize) -> Vec<String> {
        let roll = self.rolls.get(name);
        roll.map(|roll| roll.due(now, most)).unwrap_or_default()
    }

    /// Begins a group that is not there, for an alarm that joins it at once; those who join it were told at `last`.
    /// Its route says how often it is told again.
    pub(crate) fn begin(&mut self, name: &GroupName, errand: &Errand, last: Option<Timestamp>) {
        if !self.all.contains_key(name) {
            self.all.insert(name.clone(), Group { last });
        }
        let roll = self.rolls.entry(name.clone()).or_default();
        roll.repeat_s = errand.repeat_s;
    }

    /// When an alarm of a group is due that was not told yet.
    pub(crate) fn due_of(&self, name: &GroupName, id: &str) -> Option<Timestamp> {
        self.members
            .get(&key(name, id))
            .and_then(|member| member.due)
    }

    /// An alarm is to be told at `due`.
    pub(crate) fn add(&mut self, name: &GroupName, id: &str, due: Timestamp) {
        let known = self.members.get(&key(name, id));
        let member = Member {
            due: Some(due),
            told: known.and_then(|known| known.told.clone()),
        };
        self.put(name, id, member);
    }

    /// An alarm from `place` was told, and nobody has acknowledged it if it is raised.
    pub(crate) fn tell(&mut self, name: &GroupName, id: &str, place: String, is_raised: bool) {
        let member = Member {
            due: None,
            told: Some(place),
        };
        self.put(name, id, member);
        if let Some(roll) = self.rolls.get_mut(name).filter(|_| is_raised) {
            roll.wait(id);
            self.settle(name);
        }
    }

    fn put(&mut self, name: &GroupName, id: &str, member: Member) {
        let key = key(name, id);
        let roll = self.rolls.entry(name.clone()).or_default();
        if let Some(before) = self.members.get(&key) {
            roll.forget(id, before);
        }
        roll.note(id, &member);
        self.members.set(key, member);
        self.settle(name);
    }

    /// A group is told now.
    pub(crate) fn told_at(&mut self, name: &GroupName, now: Timestamp) {
        let is_other = |group: &Group| group.last != Some(now);
        let tell = |group: &mut Group| group.last = Some(now);
        self.all.change_if(name, is_other, tell);
    }

    /// Somebody saw an alarm: it is not told again.
    pub(crate) fn seen(&mut self, name: &GroupName, id: &str) {
        if let Some(roll) = self.rolls.get_mut(name) {
            roll.seen(id);
            self.settle(name);
        }
    }

    /// Takes an alarm out of one group.
    pub(crate) fn leave(&mut self, name: &GroupName, id: &str) {
        let member = self.members.remove(&key(name, id));
        if let (Some(roll), Some(member)) = (self.rolls.get_mut(name), member) {
            roll.forget(id, &member);
            roll.seen(id);
            self.settle(name);
        }
    }

    /// At most `most` of those told in a group that nobody has acknowledged.
    pub(crate) fn waiting(&self, name: &GroupName, most: usize, steps: &Steps) -> Vec<String> {
        let roll = self.rolls.get(name);
        roll.map(|roll| roll.waiting(most, steps))
            .unwrap_or_default()
    }

    /// When those of a group that nobody has acknowledged are told again.
    pub(crate) fn repeats_at(&self, name: &GroupName) -> Option<Timestamp> {
        repeats_at(self.all.get(name)?, self.rolls.get(name)?)
    }

    /// Where the alarms of a group come from that were told before and are not among `but`: at most `most` places,
    /// and how many there are.
    pub(crate) fn told_places(
        &self,
        name: &GroupName,
        but: &[String],
        (most, steps): (usize, &Steps),
    ) -> (Vec<&str>, usize) {
        let Some(roll) = self.rolls.get(name) else {
            return (Vec::new(), 0);
        };
        let own = but.iter().filter_map(|id| self.members.get(&key(name, id)));
        let own = own.filter_map(|member| member.told.as_deref());
        roll.places_but(own.inspect(|_| steps.one()), (most, steps))
    }

    /// Puts a group where it stands on the agenda by now. An empty one is none.
    pub(crate) fn settle(&mut self, name: &GroupName) {
        let (Some(group), Some(roll)) = (self.all.get(name), self.rolls.get_mut(name)) else {
            return;
        };
        let next = roll.first_due().into_iter().chain(repeats_at(group, roll));
        let next = next.min();
        let before = std::mem::replace(&mut roll.next, next);
        let is_empty = roll.is_empty();
        if next != before {
            if let Some(before) = before {
                self.agenda.remove(&(before, name.clone()));
            }
            self.agenda.extend(next.map(|next| (next, name.clone())));
        }
        if is_empty {
            self.rolls.remove(name);
            self.all.remove(name);
        }
    }

    /// Finds again what is not stored.
    pub(crate) fn index(
        &mut self,
        is_raised: impl Fn(&str) -> bool,
        repeat_s: impl Fn(&str) -> u32,
    ) {
        self.agenda.clear();
        self.rolls.clear();
        for ((name, id), member) in &self.members {
            let roll = self.rolls.entry(name.clone()).or_default();
            roll.note(id, member);
            if member.told.is_some() && is_raised(id) {
                roll.wait(id);
            }
        }
        let names: Vec<GroupName> = self.all.keys().cloned().collect();
        for name in names {
            if let Some(roll) = self.rolls.get_mut(&name) {
                roll.repeat_s = repeat_s(&name.0);
            }
            self.settle(&name);
        }
    }
}

fn key(name: &GroupName, id: &str) -> (GroupName, String) {
    (name.clone(), id.to_owned())
}

fn repeats_at(group: &Group, roll: &Roll) -> Option<Timestamp> {
    let repeats = roll.repeat_s > 0 && roll.has_waiting();
    let last = group.last.filter(|_| repeats)?;
    Some(last.plus_seconds(i64::from(roll.repeat_s)))
}
