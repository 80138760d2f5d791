//! What the hub has to say of a partner's conduct, one alarm for each partner and code while it is open:
//! further refusals are counted in it, and it ends by itself when the park has settled all that waits.

use std::collections::BTreeSet;

use cordon_contract::{Rows, Table};
use cordon_model::{AlarmLevel, AlarmUpdate};
use serde::{Deserialize, Serialize};

use crate::decide::authority::{flow_id, is_over};

/// Alarms remembered at once; beyond it the oldest ends by people alone.
const OPEN_MAX: usize = 1_000;
/// Things of one alarm that are remembered to wait; one with more ends by people alone.
const WAITING_MAX: usize = 1_000;

/// Done so often, a deed is worse than its first time.
const MANY: u64 = 100;

/// Whether the alarm is told again at this count: at 10, 20, 50, 100 and so on, so that a flood is told as
/// often as its count has digits, not as often as it is done.
pub(crate) fn is_round(count: u64) -> bool {
    let mut unit = count;
    while unit >= 10 && unit.is_multiple_of(10) {
        unit /= 10;
    }
    count >= 10 && matches!(unit, 1 | 2 | 5)
}

/// The level of an alarm about conduct: one worse for what is done over and over. Never red, which is for
/// what endangers people.
pub(crate) fn level_at(count: u64, first: AlarmLevel) -> AlarmLevel {
    match first {
        AlarmLevel::Blue if count >= MANY => AlarmLevel::Yellow,
        AlarmLevel::Yellow if count >= MANY => AlarmLevel::Orange,
        level => level,
    }
}

/// Who, and the code of what he did.
type Deed = (String, String);

/// An open alarm.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Told {
    /// The entry it was raised on.
    number: u64,
    /// How often he did it since.
    count: u64,
    /// What waits for the park's word.
    waiting: BTreeSet<String>,
    /// Something of it is not settled by a word.
    stays: bool,
}

/// The open alarms about conduct.
#[derive(Debug)]
pub(crate) struct Conduct {
    open: Table<Deed, Told>,
}

impl Default for Conduct {
    fn default() -> Self {
        Self {
            open: Table::new("conduct", 1),
        }
    }
}

impl Conduct {
    /// What is stored.
    pub(crate) fn table(&mut self) -> &mut dyn Rows {
        &mut self.open
    }

    /// Counts a deed in the open alarm about it: the alarm's id, and how often it was done.
    pub(crate) fn counted(&mut self, deed: &Deed) -> Option<(String, u64)> {
        let told = self.open.get_mut(deed)?;
        told.count = told.count.saturating_add(1);
        Some((flow_id(told.number), told.count))
    }

    /// Notes that an alarm was raised on entry `number`.
    pub(crate) fn raised(&mut self, deed: Deed, number: u64) {
        let told = Told {
            number,
            count: 1,
            ..Told::default()
        };
        self.open.insert(deed, told);
        if self.open.len() > OPEN_MAX {
            let oldest = self.open.iter().min_by_key(|(_, told)| told.number);
            if let Some(oldest) = oldest.map(|(deed, _)| deed.clone()) {
                self.open.remove(&oldest);
            }
        }
    }

    /// Notes what of a deed waits for the park's word; `None` for what no word settles.
    pub(crate) fn waits(&mut self, deed: &Deed, thing: Option<String>) {
        let Some(told) = self.open.get_mut(deed) else {
            return;
        };
        match thing {
            Some(thing) if told.waiting.contains(&thing) => {}
            Some(thing) if told.waiting.len() < WAITING_MAX => {
                told.waiting.insert(thing);
            }
            _ => told.stays = true,
        }
    }

    /// The park has spoken of a thing: deeds of which nothing waits any more, with their alarms.
    pub(crate) fn settled(&mut self, thing: &str) -> Vec<(Deed, String)> {
        let waits = self
            .open
            .iter()
            .filter(|(_, told)| told.waiting.contains(thing));
        let waits: Vec<Deed> = waits.map(|(deed, _)| deed.clone()).collect();
        let mut over = Vec::new();
        for deed in waits {
            let Some(told) = self.open.get_mut(&deed) else {
                continue;
            };
            told.waiting.remove(thing);
            if told.waiting.is_empty() && !told.stays {
                let id = flow_id(told.number);
                self.open.remove(&deed);
                over.push((deed, id));
            }
        }
        over
    }

    /// An alarm went a step: what is over is not counted in any more. Gives the deed it was about.
    pub(crate) fn stepped(&mut self, update: &AlarmUpdate) -> Option<Deed> {
        if !is_over(update.state) {
            return None;
        }
        let is_of = |told: &Told| flow_id(told.number) == update.alarm_id;
        let (deed, _) = self.open.iter().find(|(_, told)| is_of(told))?;
        let deed = deed.clone();
        self.open.remove(&deed);
        Some(deed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deed() -> Deed {
        ("ENT-2".to_owned(), "F033".to_owned())
    }

    #[test]
    fn a_flood_is_told_as_often_as_its_count_has_digits() {
        let told: Vec<u64> = (1..=1_000).filter(|count| is_round(*count)).collect();
        assert_eq!(told, [10, 20, 50, 100, 200, 500, 1_000]);
        let level = |count| level_at(count, AlarmLevel::Blue);
        assert_eq!(
            (level(99), level(100)),
            (AlarmLevel::Blue, AlarmLevel::Yellow)
        );
        assert_eq!(level_at(u64::MAX, AlarmLevel::Yellow), AlarmLevel::Orange);
    }

    #[test]
    fn an_alarm_ends_with_the_last_that_waits() {
        let mut conduct = Conduct::default();
        conduct.raised(deed(), 7);
        conduct.waits(&deed(), Some("a".into()));
        conduct.waits(&deed(), Some("b".into()));
        assert!(conduct.settled("c").is_empty());
        assert!(conduct.settled("a").is_empty());
        assert_eq!(conduct.settled("b"), [(deed(), "flow-7".to_owned())]);
        assert_eq!(conduct.counted(&deed()), None);
    }

    #[test]
    fn what_no_word_settles_or_is_too_much_to_remember_ends_by_people() {
        for more in [None, Some("one too many".to_owned())] {
            let mut conduct = Conduct::default();
            conduct.raised(deed(), 7);
            for number in 0..WAITING_MAX {
                conduct.waits(&deed(), Some(number.to_string()));
            }
            conduct.waits(&deed(), more);
            for number in 0..WAITING_MAX {
                assert!(conduct.settled(&number.to_string()).is_empty());
            }
            assert!(conduct.counted(&deed()).is_some());
        }
    }
}
