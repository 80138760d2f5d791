//! Which alarms are open, in the order in which they can be spared.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use cordon_model::{AlarmLevel, PartyId, Timestamp};

use crate::life::is_over;
use crate::state::Alarm;

/// Over before active, low before high, old before new: the last is the one to be spared first.
type Rank = (bool, AlarmLevel, Reverse<Timestamp>, Reverse<String>);

/// The open alarms, of each partner and of the park. Found again from the alarms, never saved; every
/// question and every change costs the logarithm of what is open.
#[derive(Debug, Default)]
pub(crate) struct Room {
    ranked: BTreeMap<Option<PartyId>, BTreeSet<Rank>>,
    /// Where each open alarm stands in `ranked`.
    places: BTreeMap<String, (Option<PartyId>, Rank)>,
    /// Partners by how many of theirs are open.
    fullest: BTreeSet<(usize, PartyId)>,
    of_partners: usize,
}

impl Room {
    /// Notes what an alarm is now; `None` when it is gone.
    pub(crate) fn note(&mut self, id: &str, alarm: Option<&Alarm>) {
        if let Some((partner, rank)) = self.places.remove(id) {
            self.change(&partner, |ranks| {
                ranks.remove(&rank);
            });
        }
        if let Some(alarm) = alarm.filter(|alarm| alarm.is_open()) {
            let level = alarm.event.alarm_level;
            let age = Reverse(alarm.raised);
            let rank = (is_over(alarm.state), level, age, Reverse(id.to_owned()));
            let place = (alarm.partner.clone(), rank.clone());
            self.places.insert(id.to_owned(), place);
            self.change(&alarm.partner, |ranks| {
                ranks.insert(rank);
            });
        }
    }

    /// Changes the alarms of one partner or of the park, and what is counted of them.
    fn change(&mut self, partner: &Option<PartyId>, change: impl FnOnce(&mut BTreeSet<Rank>)) {
        let ranks = self.ranked.entry(partner.clone()).or_default();
        let before = ranks.len();
        change(ranks);
        let after = ranks.len();
        if after == 0 {
            self.ranked.remove(partner);
        }
        let Some(partner) = partner else {
            return;
        };
        self.fullest.remove(&(before, partner.clone()));
        if after > 0 {
            self.fullest.insert((after, partner.clone()));
        }
        self.of_partners = self
            .of_partners
            .saturating_sub(before)
            .saturating_add(after);
    }

    /// How many are open of the park, or of all partners.
    pub(crate) fn open(&self, of_partners: bool) -> usize {
        match of_partners {
            true => self.of_partners,
            false => self.ranked.get(&None).map_or(0, BTreeSet::len),
        }
    }

    /// The open alarm that can best be spared: of the park when it is the park that needs room, else of
    /// the partner who has the most.
    pub(crate) fn spare(&self, of_partners: bool) -> Option<String> {
        let fullest = || self.fullest.last().map(|(_, partner)| partner.clone());
        let partner = match of_partners {
            true => Some(fullest()?),
            false => None,
        };
        let (_, _, _, Reverse(id)) = self.ranked.get(&partner)?.last()?;
        Some(id.clone())
    }
}
