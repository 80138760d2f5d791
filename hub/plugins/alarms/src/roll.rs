//! Who is in a group, and what follows from it.

use std::collections::{BTreeMap, BTreeSet};

use cordon_contract::Steps;
use cordon_model::Timestamp;
use serde::{Deserialize, Serialize};

/// An alarm of a group.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Member {
    /// When it is due, until it is told.
    pub due: Option<Timestamp>,
    /// Where it comes from, once it was told.
    pub told: Option<String>,
}

/// What follows from the members of a group. Found again from them, never stored.
#[derive(Debug, Default)]
pub(crate) struct Roll {
    /// Those not told yet, by when they are due.
    due: BTreeSet<(Timestamp, String)>,
    /// How many of those told come from each place.
    places: BTreeMap<String, usize>,
    /// Those told that nobody has acknowledged.
    waiting: BTreeSet<String>,
    /// How many there are.
    size: usize,
    /// Seconds after which its route tells them again; 0 never.
    pub repeat_s: u32,
    /// Where the group stands on the agenda.
    pub next: Option<Timestamp>,
}

impl Roll {
    /// Notes a member as it is.
    pub(crate) fn note(&mut self, id: &str, member: &Member) {
        self.size += 1;
        self.due.extend(member.due.map(|due| (due, id.to_owned())));
        if let Some(place) = &member.told {
            *self.places.entry(place.clone()).or_default() += 1;
        }
    }

    /// A member is no longer as it was noted.
    pub(crate) fn forget(&mut self, id: &str, member: &Member) {
        self.size = self.size.saturating_sub(1);
        if let Some(due) = member.due {
            self.due.remove(&(due, id.to_owned()));
        }
        if let Some(place) = &member.told
            && let Some(count) = self.places.get_mut(place)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.places.remove(place);
            }
        }
    }

    /// One that was told waits for somebody to acknowledge it.
    pub(crate) fn wait(&mut self, id: &str) {
        self.waiting.insert(id.to_owned());
    }

    /// One waits no more.
    pub(crate) fn seen(&mut self, id: &str) {
        self.waiting.remove(id);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.size == 0
    }

    pub(crate) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// When the first of those not told is due.
    pub(crate) fn first_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(due, _)| *due)
    }

    /// At most `most` that are due, the longest due first.
    pub(crate) fn due(&self, now: Timestamp, most: usize) -> Vec<String> {
        let due = self.due.iter().take_while(|(due, _)| *due <= now);
        due.take(most).map(|(_, id)| id.clone()).collect()
    }

    /// At most `most` of those told that nobody has acknowledged.
    pub(crate) fn waiting(&self, most: usize, steps: &Steps) -> Vec<String> {
        let first = self.waiting.iter().inspect(|_| steps.one()).take(most);
        first.cloned().collect()
    }

    /// Where those come from that were told, without those that come from `but`, each named as often as it has told:
    /// at most `most` places, and how many there are.
    pub(crate) fn places_but<'a>(
        &self,
        but: impl Iterator<Item = &'a str>,
        (most, steps): (usize, &Steps),
    ) -> (Vec<&str>, usize) {
        let mut own: BTreeMap<&str, usize> = BTreeMap::new();
        for place in but {
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
}
