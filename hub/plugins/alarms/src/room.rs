//! Which alarms are open, in the order in which they can be spared.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use cordon_contract::Owner;
use cordon_model::{AlarmLevel, Timestamp};

use crate::alarm::Alarm;
use crate::life::is_over;

/// Over before active, low before high, old before new: the last is the one to be spared first.
type Rank = (bool, AlarmLevel, Reverse<Timestamp>, Reverse<String>);

/// The open alarms of each owner. Found again from the alarms, never stored; every question and every
/// change costs the logarithm of what is open.
#[derive(Debug, Default)]
pub(crate) struct Room {
    ranked: BTreeMap<Owner, BTreeSet<Rank>>,
    /// Where each open alarm stands in `ranked`.
    places: BTreeMap<String, (Owner, Rank)>,
    of_park: Side,
    of_partners: Side,
}

/// The park and whoever speaks for it, or all partners.
#[derive(Debug, Default)]
struct Side {
    /// By how many of theirs are open, and by the one of them that can best be spared: of two who have as
    /// many, nobody's red alarm goes before another's yellow one.
    fullest: BTreeSet<(usize, Rank, Owner)>,
    open: usize,
}

impl Side {
    fn leave(&mut self, owner: &Owner, ranks: &BTreeSet<Rank>) {
        if let Some(worst) = ranks.last() {
            self.fullest
                .remove(&(ranks.len(), worst.clone(), owner.clone()));
        }
        self.open = self.open.saturating_sub(ranks.len());
    }

    fn enter(&mut self, owner: &Owner, ranks: &BTreeSet<Rank>) {
        if let Some(worst) = ranks.last() {
            self.fullest
                .insert((ranks.len(), worst.clone(), owner.clone()));
        }
        self.open = self.open.saturating_add(ranks.len());
    }
}

impl Room {
    /// Notes what an alarm is now; `None` when it is gone.
    pub(crate) fn note(&mut self, id: &str, alarm: Option<&Alarm>) {
        if let Some((owner, rank)) = self.places.remove(id) {
            self.change(&owner, |ranks| {
                ranks.remove(&rank);
            });
        }
        if let Some(alarm) = alarm.filter(|alarm| alarm.is_open()) {
            let level = alarm.event.alarm_level;
            let age = Reverse(alarm.raised);
            let rank = (is_over(alarm.state), level, age, Reverse(id.to_owned()));
            let place = (alarm.owner.clone(), rank.clone());
            self.places.insert(id.to_owned(), place);
            self.change(&alarm.owner, |ranks| {
                ranks.insert(rank);
            });
        }
    }

    /// Changes the alarms of one owner, and what is counted of them.
    fn change(&mut self, owner: &Owner, change: impl FnOnce(&mut BTreeSet<Rank>)) {
        let mut ranks = self.ranked.remove(owner).unwrap_or_default();
        let side = match owner.is_partner() {
            true => &mut self.of_partners,
            false => &mut self.of_park,
        };
        side.leave(owner, &ranks);
        change(&mut ranks);
        side.enter(owner, &ranks);
        if !ranks.is_empty() {
            self.ranked.insert(owner.clone(), ranks);
        }
    }

    fn side(&self, of_partners: bool) -> &Side {
        match of_partners {
            true => &self.of_partners,
            false => &self.of_park,
        }
    }

    /// How many are open of the park, or of all partners.
    pub(crate) fn open(&self, of_partners: bool) -> usize {
        self.side(of_partners).open
    }

    /// How many are open of one owner.
    pub(crate) fn open_of(&self, owner: &Owner) -> usize {
        self.ranked.get(owner).map_or(0, BTreeSet::len)
    }

    /// The open alarm that can best be spared: of whoever has the most on the side that needs room.
    pub(crate) fn spare(&self, of_partners: bool) -> Option<String> {
        let (_, (_, _, _, Reverse(id)), _) = self.side(of_partners).fullest.last()?;
        Some(id.clone())
    }
}
