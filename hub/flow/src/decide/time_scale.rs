//! In which time the park's words are compared: the journal's, which never goes back.
//!
//! People speak by the clock of the day, and that may be set back while the journal is ahead of it. What
//! is said now is newer than everything journaled before all the same, so a time of the clock is put into
//! the time that entries carried when the clock showed it. The leads are entries themselves: a restart and
//! a replay compare as the hub did.

use std::collections::VecDeque;

use cordon_contract::AGREED_MICROS;
use cordon_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::decide::entry_time::EntryTime;

/// Leads kept. Beyond it the one that says most nearly what the one before it says is given up: quick
/// restarts do not use the list up, and what is lost of a word's order is the little by which the two differ.
const LEADS_MAX: usize = 16;

/// The leads of the journal over the hub's clock, by what the clock showed, oldest first.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct TimeScale(VecDeque<EntryTime>);

impl TimeScale {
    /// Takes in a lead. Those that began when the clock showed more are of a time that the clock comes
    /// to once more.
    pub(crate) fn note(&mut self, lead: EntryTime) {
        self.0.retain(|known| known.since() < lead.since());
        self.0.push_back(lead);
        while self.0.len() > LEADS_MAX {
            let alike = self.most_alike();
            self.0.remove(alike);
        }
    }

    /// The lead that differs least from the one before it when it begins; before the first there is none. Never
    /// the newest: the hub goes by it.
    fn most_alike(&self) -> usize {
        let mut before = EntryTime::default();
        let older = self.0.len().saturating_sub(1);
        let differences = self.0.iter().take(older).map(|lead| {
            let begins = Timestamp::from_micros(lead.since());
            let difference = lead.lead(begins).abs_diff(before.lead(begins));
            before = *lead;
            difference
        });
        let least = differences.enumerate().min_by_key(|(_, it)| *it);
        least.map_or(0, |(place, _)| place)
    }

    /// The lead of now.
    pub(crate) fn newest(&self) -> EntryTime {
        self.0.back().copied().unwrap_or_default()
    }

    /// What entries carried when the clock showed `occurred`, microseconds. A clock of another that
    /// agrees with the hub's may show a little less; what is older than every lead stays as it is, so
    /// that a late word is never taken for a newer one.
    pub(crate) fn entry_time_of(&self, occurred: Timestamp) -> i64 {
        let micros = occurred.micros();
        let mut leads = self.0.iter().rev();
        let of_then = leads.find(|lead| lead.since().saturating_sub(AGREED_MICROS) <= micros);
        micros.saturating_add(of_then.map_or(0, |lead| lead.lead(occurred)))
    }
}

#[cfg(test)]
mod tests {
    use super::{LEADS_MAX, TimeScale};
    use crate::decide::entry_time::EntryTime;
    use cordon_model::Timestamp;

    const S: i64 = 1_000_000;

    fn at(scale: &TimeScale, second: i64) -> i64 {
        scale.entry_time_of(Timestamp::from_micros(second * S)) / S
    }

    #[test]
    fn what_is_said_after_the_clock_was_set_back_counts_as_of_the_journal_then() {
        let mut scale = TimeScale::default();
        assert_eq!(at(&scale, 100), 100);
        scale.note(EntryTime::new(1_000 * S, 100 * S));
        assert_eq!(at(&scale, 100), 1_100);
        assert_eq!(at(&scale, 110), 1_109, "a tenth slower, as entries go");
        assert_eq!(at(&scale, 99), 1_099, "a clock that agrees");
        assert_eq!(at(&scale, 97), 97, "said before: as it was said");
        assert_eq!(at(&scale, 20_000), 20_000, "caught up");
        // Another start within the lead, then one that is not behind any more.
        scale.note(EntryTime::new(900 * S, 200 * S));
        scale.note(EntryTime::new(0, 5_000 * S));
        assert_eq!((at(&scale, 150), at(&scale, 210)), (1_145, 1_109));
        assert_eq!(at(&scale, 5_100), 5_100);
        // Set back behind all of them.
        scale.note(EntryTime::new(7_000 * S, 50 * S));
        assert_eq!((at(&scale, 40), at(&scale, 150)), (40, 7_140));
    }

    #[test]
    fn only_so_many_leads_are_kept() {
        let mut scale = TimeScale::default();
        for second in 1..=100 {
            scale.note(EntryTime::new(S, second * 10 * S));
        }
        assert_eq!(scale.0.len(), LEADS_MAX);
        assert_eq!(scale.newest(), EntryTime::new(S, 1_000 * S));
    }

    /// The oldest was dropped, and what was said within it became older than the journal.
    #[test]
    fn leads_that_say_nearly_the_same_give_way_to_those_that_do_not() {
        let mut scale = TimeScale::default();
        scale.note(EntryTime::new(86_400 * S, 100 * S));
        for second in 1..=100 {
            scale.note(EntryTime::new(
                (86_400 - second) * S,
                (100 + 2 * second) * S,
            ));
        }
        scale.note(EntryTime::new(3_600 * S, 1_000 * S));
        assert_eq!(scale.0.len(), LEADS_MAX);
        assert_eq!(at(&scale, 100), 86_500, "the first lead");
        let off = at(&scale, 200) - (200 + 86_350);
        assert!(off.abs() <= 10, "{off} s");
        assert_eq!(at(&scale, 1_000), 4_600);
    }
}
