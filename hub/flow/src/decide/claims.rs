//! How many vehicles and persons each partner takes for his own by his word alone. One is daily business;
//! hundreds at once may be a plant's first load, or a rival that is quicker than their owner.

use std::collections::BTreeMap;

use cordon_model::Timestamp;
use serde::{Deserialize, Serialize};

/// From so many within an hour on they are told.
pub(crate) const MANY: u32 = 100;

const MICROS_PER_HOUR: i64 = 3_600 * 1_000_000;

/// What each partner registered in the present hour: as many as the plan has partners.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Claims {
    hour: i64,
    of: BTreeMap<String, u32>,
}

impl Claims {
    /// Counts one more of `who`: how many in this hour, once they are many.
    pub(crate) fn count(&mut self, who: &str, time: Timestamp) -> Option<u32> {
        let hour = time.micros().div_euclid(MICROS_PER_HOUR);
        if hour != self.hour {
            self.hour = hour;
            self.of.clear();
        }
        let count = self.of.entry(who.to_owned()).or_default();
        *count = count.saturating_add(1);
        Some(*count).filter(|count| *count >= MANY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_within_an_hour_are_told_and_no_fewer() {
        let mut claims = Claims::default();
        let mut said = |who: &str, minutes: i64| {
            claims.count(who, Timestamp::from_micros(minutes * 60 * 1_000_000))
        };
        assert!((1..MANY).all(|_| said("ENT-1", 5).is_none()));
        assert_eq!(said("ENT-2", 6), None, "each by himself");
        assert_eq!(said("ENT-1", 59), Some(MANY));
        assert_eq!(said("ENT-1", 59), Some(MANY + 1));
        assert_eq!(said("ENT-1", 60), None, "another hour");
    }
}
