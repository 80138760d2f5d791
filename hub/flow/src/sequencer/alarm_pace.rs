//! How many words about alarms an enterprise may say in a minute: each is kept for good, and some lead to
//! more entries.

use std::collections::BTreeMap;

use cordon_model::Timestamp;

const MICROS_PER_MINUTE: i64 = 60_000_000;

/// Words of one enterprise in a minute while the disk is full: what is left is the park's too.
pub(crate) const WHILE_FULL: u32 = 60;

/// What each enterprise said of alarms in the present minute. As many as the plan has; no state.
#[derive(Debug, Default)]
pub(crate) struct AlarmPace {
    minute: i64,
    said: BTreeMap<String, u32>,
}

impl AlarmPace {
    /// Counts one word of `enterprise`; false when it said as many as `most` in this minute already.
    pub(crate) fn takes(&mut self, enterprise: &str, now: Timestamp, most: u32) -> bool {
        let minute = now.micros().div_euclid(MICROS_PER_MINUTE);
        if minute != self.minute {
            self.minute = minute;
            self.said.clear();
        }
        let said = self.said.entry(enterprise.to_owned()).or_default();
        let takes = *said < most;
        *said += u32::from(takes);
        takes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_so_many_a_minute() {
        let mut pace = AlarmPace::default();
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let mut taken = |who: &str, seconds, most| pace.takes(who, at(seconds), most);
        let many = (0..100).filter(|_| taken("ENT-1", 0, 3)).count();
        assert_eq!(many, 3);
        assert!(taken("ENT-2", 59, 3), "another's is its own");
        assert!(!taken("ENT-1", 59, 3));
        assert!(taken("ENT-1", 59, 4), "by the limit of now");
        assert!(taken("ENT-1", 60, 3), "the next minute");
    }
}
