//! Alarms that share a route and its `group_by` values, and when they are due.

use std::collections::{BTreeMap, BTreeSet};

use cordon_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::routes::Errand;
use crate::state::Alarm;
use crate::steps::Steps;

/// A group's route and the values it shares.
pub(crate) type GroupName = (String, String);

/// Alarms that are told together. An alarm leaves when nobody needs to act on it any more.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Group {
    /// The route's errand, as of the first alarm.
    pub errand: Errand,
    /// When the group was told last.
    pub last: Option<Timestamp>,
    /// Alarms not told yet, and when they are due.
    pending: BTreeMap<String, Timestamp>,
    /// Alarms told, and where each comes from.
    told: BTreeMap<String, String>,
    /// `pending` by time; not saved.
    #[serde(skip)]
    due: BTreeSet<(Timestamp, String)>,
    /// How many of `told` come from each place; not saved.
    #[serde(skip)]
    places: BTreeMap<String, usize>,
    /// Those of `told` that nobody has acknowledged; not saved.
    #[serde(skip)]
    waiting: BTreeSet<String>,
}

impl Group {
    /// An empty group.
    pub(crate) fn new(errand: Errand) -> Self {
        Self {
            errand,
            last: None,
            pending: BTreeMap::new(),
            told: BTreeMap::new(),
            due: BTreeSet::new(),
            places: BTreeMap::new(),
            waiting: BTreeSet::new(),
        }
    }

    /// Finds again what is not saved.
    fn index(&mut self, is_raised: impl Fn(&str) -> bool) {
        let due = self.pending.iter().map(|(id, due)| (*due, id.clone()));
        self.due = due.collect();
        self.places.clear();
        for place in self.told.values() {
            *self.places.entry(place.clone()).or_default() += 1;
        }
        let waiting = self.told.keys().filter(|id| is_raised(id));
        self.waiting = waiting.cloned().collect();
    }

    /// When the first of those that wait is due.
    pub(crate) fn first_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(due, _)| *due)
    }

    /// An alarm is to be told at `due`.
    pub(crate) fn add(&mut self, id: &str, due: Timestamp) {
        if let Some(before) = self.pending.insert(id.to_owned(), due) {
            self.due.remove(&(before, id.to_owned()));
        }
        self.due.insert((due, id.to_owned()));
    }

    /// Takes at most `most` alarms that are due, the longest due first.
    pub(crate) fn take_due(&mut self, now: Timestamp, most: usize) -> Vec<String> {
        let mut taken = Vec::new();
        while taken.len() < most && self.first_due().is_some_and(|due| due <= now) {
            if let Some((_, id)) = self.due.pop_first() {
                self.pending.remove(&id);
                taken.push(id);
            }
        }
        taken
    }

    /// An alarm from `place` was told.
    pub(crate) fn tell(&mut self, id: String, place: String, is_raised: bool) {
        if is_raised {
            self.waiting.insert(id.clone());
        }
        if self.told.insert(id, place.clone()).is_none() {
            *self.places.entry(place).or_default() += 1;
        }
    }

    /// Somebody saw an alarm: it is not told again.
    pub(crate) fn seen(&mut self, id: &str) {
        self.waiting.remove(id);
    }

    fn leave(&mut self, id: &str) {
        if let Some(due) = self.pending.remove(id) {
            self.due.remove(&(due, id.to_owned()));
        }
        if let Some(place) = self.told.remove(id)
            && let Some(count) = self.places.get_mut(&place)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.places.remove(&place);
            }
        }
        self.waiting.remove(id);
    }

    /// At most `most` of those told that nobody has acknowledged.
    pub(crate) fn waiting(&self, most: usize, steps: &Steps) -> Vec<String> {
        let first = self.waiting.iter().inspect(|_| steps.one()).take(most);
        first.cloned().collect()
    }

    /// When those that nobody has acknowledged are told again.
    pub(crate) fn repeats_at(&self) -> Option<Timestamp> {
        let repeats = self.errand.repeat_s > 0 && !self.waiting.is_empty();
        let last = self.last.filter(|_| repeats)?;
        Some(last.plus_seconds(i64::from(self.errand.repeat_s)))
    }

    /// Where the alarms come from that were told before and are not among `but`: at most `most` places,
    /// and how many there are.
    pub(crate) fn told_places(
        &self,
        but: &[String],
        most: usize,
        steps: &Steps,
    ) -> (Vec<&str>, usize) {
        let mut own: BTreeMap<&str, usize> = BTreeMap::new();
        for place in but.iter().filter_map(|id| self.told.get(id)) {
            steps.one();
            *own.entry(place).or_default() += 1;
        }
        let is_only_own = |place: &str, count: usize| own.get(place) == Some(&count);
        let hidden = own.keys().filter(|place| {
            let count = self.places.get(**place);
            count.is_some_and(|count| is_only_own(place, *count))
        });
        let total = self.places.len().saturating_sub(hidden.count());
        let shown = self.places.iter().inspect(|_| steps.one());
        let shown = shown.filter(|(place, count)| !is_only_own(place, **count));
        let shown = shown.map(|(place, _)| place.as_str()).take(most);
        (shown.collect(), total)
    }

    /// When something is to be done for the group.
    fn next(&self) -> Option<Timestamp> {
        self.first_due().into_iter().chain(self.repeats_at()).min()
    }

    fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.told.is_empty()
    }
}

/// All groups, and which is due when. An empty group is none.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Groups {
    all: BTreeMap<GroupName, Group>,
    /// Groups by when something is to be done for them; not saved.
    #[serde(skip)]
    agenda: BTreeSet<(Timestamp, GroupName)>,
}

impl Groups {
    /// Takes a group out, to be put back.
    pub(crate) fn take(&mut self, name: &GroupName) -> Option<Group> {
        let group = self.all.remove(name)?;
        if let Some(next) = group.next() {
            self.agenda.remove(&(next, name.clone()));
        }
        Some(group)
    }

    /// Takes out the group that is longest due.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<(GroupName, Group)> {
        let (due, _) = self.agenda.first()?;
        if *due > now {
            return None;
        }
        let (_, name) = self.agenda.pop_first()?;
        let group = self.all.remove(&name)?;
        Some((name, group))
    }

    /// Puts a group back.
    pub(crate) fn put(&mut self, name: GroupName, group: Group) {
        if group.is_empty() {
            return;
        }
        if let Some(next) = group.next() {
            self.agenda.insert((next, name.clone()));
        }
        self.all.insert(name, group);
    }

    /// Changes one group, if it is there.
    pub(crate) fn change(&mut self, name: &GroupName, change: impl FnOnce(&mut Group)) {
        if let Some(mut group) = self.take(name) {
            change(&mut group);
            self.put(name.clone(), group);
        }
    }

    /// Takes an alarm out of one group.
    pub(crate) fn leave(&mut self, name: &GroupName, id: &str) {
        self.change(name, |group| group.leave(id));
    }

    /// Finds again what is not saved.
    pub(crate) fn index(&mut self, alarms: &BTreeMap<String, Alarm>) {
        self.agenda.clear();
        for (name, group) in &mut self.all {
            group.index(|id| alarms.get(id).is_some_and(Alarm::is_raised));
            if let Some(next) = group.next() {
                self.agenda.insert((next, name.clone()));
            }
        }
    }
}
