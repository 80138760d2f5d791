//! What the hub has to say of a partner's conduct, one alarm for each partner and code while it is open:
//! further refusals are counted in it, and it ends by itself when the park has settled all that waits.

use std::collections::{BTreeMap, BTreeSet};

use cordon_model::AlarmUpdate;
use serde::{Deserialize, Serialize};

use crate::authority::{flow_id, is_over};

/// Alarms remembered at once; beyond it the oldest ends by people alone.
const OPEN_MAX: usize = 1_000;
/// Things of one alarm that are remembered to wait; one with more ends by people alone.
const WAITING_MAX: usize = 1_000;

/// Who, and the code of what he did.
type Deed = (String, String);

/// An open alarm.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Told {
    /// The entry it was raised on.
    number: u64,
    /// What waits for the park's word.
    waiting: BTreeSet<String>,
    /// Something of it is not settled by a word.
    stays: bool,
}

/// The open alarms about conduct.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Conduct {
    open: BTreeMap<Deed, Told>,
}

impl Conduct {
    /// The open alarm about this deed.
    pub(crate) fn open(&self, deed: &Deed) -> Option<String> {
        self.open.get(deed).map(|told| flow_id(told.number))
    }

    /// Notes that an alarm was raised on entry `number`.
    pub(crate) fn raised(&mut self, deed: Deed, number: u64) {
        let told = Told {
            number,
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
        let mut over = Vec::new();
        self.open.retain(|deed, told| {
            let waited = told.waiting.remove(thing);
            let ends = waited && told.waiting.is_empty() && !told.stays;
            if ends {
                over.push((deed.clone(), flow_id(told.number)));
            }
            !ends
        });
        over
    }

    /// An alarm went a step: what is over is not counted in any more.
    pub(crate) fn stepped(&mut self, update: &AlarmUpdate) {
        if is_over(update.state) {
            self.open
                .retain(|_, told| flow_id(told.number) != update.alarm_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deed() -> Deed {
        ("ENT-2".to_owned(), "F033".to_owned())
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
        assert_eq!(conduct.open(&deed()), None);
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
            assert!(conduct.open(&deed()).is_some());
        }
    }
}
