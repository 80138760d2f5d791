//! How old what the journal holds surely is, for whoever forgets it.
//!
//! An entry is older than so many days when its time is, by the time that has surely passed; no entry carries less than
//! what the clock showed when it was recorded. One that was recorded while the clock was ahead, or while the journal was
//! ahead of the clock since, carries too much, for years perhaps. Of such a one the run of the hub tells: what it ran
//! since then has passed, whatever any clock showed. Where it was down meanwhile that keeps a little for longer.

use cordon_model::Timestamp;
use serde::{Deserialize, Serialize};

/// Microseconds of a day.
pub const DAY_MICROS: i64 = 86_400_000_000;

/// Where the journal stands, by which the age of its entries is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Reach {
    /// The last entry.
    pub number: u64,
    /// Its time.
    pub time: Timestamp,
    /// What has surely passed at it.
    pub settled: Timestamp,
    /// How long the hub has run, from the first entry to this, microseconds.
    pub ran: i64,
}

impl Reach {
    /// Whether entries carry so much more than what has surely passed that their time tells little of their age.
    pub fn is_ahead(&self) -> bool {
        self.time.micros().saturating_sub(self.settled.micros()) > DAY_MICROS
    }

    /// What is older than so many days: what was recorded before this time, or when the hub had run no longer than that.
    pub fn before(&self, days: u32) -> (Timestamp, i64) {
        let micros = i64::from(days).saturating_mul(DAY_MICROS);
        let time = self.settled.micros().saturating_sub(micros);
        (
            Timestamp::from_micros(time),
            self.ran.saturating_sub(micros),
        )
    }
}

/// Up to which entry the journal had come when the hub had run for how long: a mark a day, while entries are ahead.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Marks(Vec<(u64, i64)>);

impl Marks {
    /// Marks where the journal stands, if that is needed and the last mark is of another day. Whether it did.
    pub fn note(&mut self, now: &Reach) -> bool {
        self.hold_to(now);
        let is_due = self.0.last().is_none_or(|(number, ran)| {
            *number < now.number && ran.saturating_add(DAY_MICROS) <= now.ran
        });
        if is_due && now.is_ahead() {
            self.0.push((now.number, now.ran));
            return true;
        }
        false
    }

    /// A hub whose state was built again of what is left of its journal counts from there, and one that was cut has fewer
    /// entries: then nothing more has passed since the last mark than is known.
    fn hold_to(&mut self, now: &Reach) {
        self.0.retain(|(number, _)| *number <= now.number);
        let last = self.0.last().map_or(0, |(_, ran)| *ran);
        let more = last.saturating_sub(now.ran).max(0);
        for (_, ran) in &mut self.0 {
            *ran = ran.saturating_sub(more);
        }
    }

    /// The last entry that was recorded when the hub had run no longer than that; 0 where nobody knows.
    pub fn up_to(&self, ran: i64) -> u64 {
        let known = self.0.partition_point(|mark| mark.1 <= ran);
        let last = known.checked_sub(1).and_then(|at| self.0.get(at));
        last.map_or(0, |(number, _)| *number)
    }

    /// How long the hub had run at most when this entry was recorded.
    pub fn ran_at(&self, number: u64) -> Option<i64> {
        let at = self.0.partition_point(|mark| mark.0 < number);
        self.0.get(at).map(|(_, ran)| *ran)
    }

    /// Drops those before the last that is no later than that: what they mark is over with it. Whether there were any.
    pub fn drop_before(&mut self, ran: i64) -> bool {
        let known = self.0.partition_point(|mark| mark.1 <= ran);
        self.0.drain(..known.saturating_sub(1)).next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(number: u64, ahead_days: i64, ran_days: i64) -> Reach {
        Reach {
            number,
            time: Timestamp::from_micros((1_000 + ahead_days) * DAY_MICROS),
            settled: Timestamp::from_micros(1_000 * DAY_MICROS),
            ran: ran_days * DAY_MICROS,
        }
    }

    #[test]
    fn marks_are_set_while_entries_are_ahead_a_day_apart() {
        let mut marks = Marks::default();
        assert!(!marks.note(&reach(5, 0, 1)), "the time tells");
        assert!(marks.note(&reach(10, 400, 2)));
        assert!(!marks.note(&reach(11, 400, 2)), "the same day");
        assert!(marks.note(&reach(20, 400, 3)));
        assert!(marks.note(&reach(30, 400, 9)));
        let day = DAY_MICROS;
        let up_to: Vec<u64> = [1, 2, 3, 8, 9]
            .map(|it| marks.up_to(it * day))
            .into_iter()
            .collect();
        assert_eq!(up_to, [0, 10, 20, 20, 30]);
        assert_eq!(marks.ran_at(7), Some(2 * day));
        assert_eq!(marks.ran_at(20), Some(3 * day));
        assert_eq!(marks.ran_at(31), None);
        assert!(!marks.drop_before(day) && marks.drop_before(4 * day));
        assert_eq!(marks.up_to(8 * day), 20);
        assert!(!marks.drop_before(4 * day));
    }

    #[test]
    fn marks_of_a_longer_run_make_nothing_older() {
        let mut marks = Marks::default();
        assert!(marks.note(&reach(10, 400, 50)) && marks.note(&reach(20, 400, 60)));
        assert!(!marks.note(&reach(15, 400, 3)), "the journal was cut");
        assert_eq!(marks.ran_at(10), Some(3 * DAY_MICROS));
        assert_eq!(marks.ran_at(20), None);
    }

    #[test]
    fn what_is_old_is_old_by_both() {
        let (time, ran) = reach(5, 0, 30).before(20);
        assert_eq!((time.micros(), ran), (980 * DAY_MICROS, 10 * DAY_MICROS));
    }
}
