//! What partners called their alarms: under a name that was given to two, no word of a partner's is sure of either,
//! however long ago that was and whatever became of them since.

use std::collections::{BTreeMap, BTreeSet};

use cordon_contract::{Rows, Table};
use cordon_model::{PartyId, Timestamp};
use serde::{Deserialize, Serialize};

/// Names remembered of one partner. Of a name that is not, no word is taken until older ones are forgotten.
const NAMES_MAX: usize = 10_000;
/// Names remembered of all partners, in even parts.
const ALL_MAX: usize = 200_000;
/// A name that was not given for so many days is forgotten.
const DAYS: i64 = 30;
/// Names forgotten for each one that comes.
const FORGOTTEN_A_NAME: usize = 4;

const DAY_MICROS: i64 = 86_400_000_000;

/// Whose name it is, and its mark.
type Key = (PartyId, u64);

/// What a name was given to.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Use {
    /// The mark of the alarm that bears or counts it.
    alarm: u64,
    /// It was given to others too.
    many: bool,
    /// The day on which it was given last, since 1970.
    day: i64,
}

/// What is known of a name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Given {
    /// It was given to this one alone, by its mark.
    One(u64),
    /// It was given to several.
    Many,
}

/// The names that partners gave.
#[derive(Debug)]
pub(crate) struct Named {
    known: Table<Key, Use>,
    /// The names by the day on which they were given last; not stored.
    days: BTreeSet<(i64, Key)>,
    /// How many each partner has; not stored.
    count: BTreeMap<PartyId, usize>,
}

impl Named {
    pub(crate) fn new() -> Self {
        Self {
            known: Table::new("named", 2),
            days: BTreeSet::new(),
            count: BTreeMap::new(),
        }
    }

    pub(crate) fn table(&mut self) -> &mut dyn Rows {
        &mut self.known
    }

    /// What a partner's name was given to; `None` when it never was, or that is not remembered.
    pub(crate) fn given(&self, partner: &PartyId, name: u64) -> Option<Given> {
        let known = self.known.get(&(partner.clone(), name))?;
        Some(match known.many {
            true => Given::Many,
            false => Given::One(known.alarm),
        })
    }

    /// A partner gives a name to what is this alarm, or is counted in it; in a park of so many partners.
    pub(crate) fn give(
        &mut self,
        (partner, name): Key,
        alarm: u64,
        at: Timestamp,
        partners: usize,
    ) {
        let day = at.micros().div_euclid(DAY_MICROS);
        self.forget_before(day - DAYS);
        let key = (partner, name);
        let before = self.known.get(&key).cloned();
        let Some(before) = before else {
            let most = NAMES_MAX.min(ALL_MAX / (partners + 1));
            let count = self.count.entry(key.0.clone()).or_default();
            if *count < most {
                *count += 1;
                self.days.insert((day, key.clone()));
                let many = false;
                self.known.insert(key, Use { alarm, many, day });
            }
            return;
        };
        let many = before.many || before.alarm != alarm;
        if (many, day) == (before.many, before.day) {
            return;
        }
        self.days.remove(&(before.day, key.clone()));
        self.days.insert((day, key.clone()));
        let alarm = before.alarm;
        self.known.insert(key, Use { alarm, many, day });
    }

    fn forget_before(&mut self, day: i64) {
        for _ in 0..FORGOTTEN_A_NAME {
            let oldest = self.days.first().filter(|(of, _)| *of < day).cloned();
            let Some((of, key)) = oldest else {
                return;
            };
            self.known.remove(&key);
            if let Some(count) = self.count.get_mut(&key.0) {
                *count = count.saturating_sub(1);
            }
            self.days.remove(&(of, key));
        }
    }

    /// Finds again what is not stored.
    pub(crate) fn index(&mut self) {
        self.days.clear();
        self.count.clear();
        for (key, known) in &self.known {
            self.days.insert((known.day, key.clone()));
            *self.count.entry(key.0.clone()).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_micros(day * DAY_MICROS)
    }

    fn partner() -> PartyId {
        PartyId::new("enterprise-1").unwrap()
    }

    #[test]
    fn a_name_is_of_one_until_it_is_given_to_another_and_forgotten_after_a_month() {
        let mut named = Named::new();
        let give = |named: &mut Named, name, alarm, day| {
            named.give((partner(), name), alarm, at(day), 3);
        };
        assert_eq!(named.given(&partner(), 7), None);
        give(&mut named, 7, 1, 0);
        give(&mut named, 7, 1, 1);
        assert_eq!(named.given(&partner(), 7), Some(Given::One(1)));
        give(&mut named, 7, 2, 1);
        give(&mut named, 7, 1, 2);
        assert_eq!(named.given(&partner(), 7), Some(Given::Many));
        give(&mut named, 8, 3, 32);
        assert_eq!(named.given(&partner(), 7), Some(Given::Many));
        give(&mut named, 8, 3, 33);
        assert_eq!(named.given(&partner(), 7), None);
        assert_eq!(named.given(&partner(), 8), Some(Given::One(3)));
    }

    #[test]
    fn of_more_names_than_are_remembered_nothing_is_known() {
        let mut named = Named::new();
        let most = ALL_MAX as u64 / 101;
        for name in 0..most + 5 {
            named.give((partner(), name), name, at(0), 100);
        }
        assert_eq!(
            named.given(&partner(), most - 1),
            Some(Given::One(most - 1))
        );
        assert_eq!(named.given(&partner(), most), None);
        named.index();
        named.give((partner(), most), 1, at(0), 100);
        assert_eq!(named.given(&partner(), most), None);
        // Old ones make room.
        named.give((partner(), most), 1, at(31), 100);
        assert_eq!(named.given(&partner(), most), Some(Given::One(1)));
    }
}
