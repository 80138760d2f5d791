//! The time that entries carry, and what the hub's clock showed when they got it.
//!
//! Entry time never goes back. Where the journal is ahead of the clock, entries go on from the last one,
//! a tenth slower than time elapses, until the clock has caught up: timers go on, and nothing jumps.

use cordon_contract::EntryKind;
use cordon_model::{Body, Message, Timestamp};
use serde::{Deserialize, Serialize};

use crate::decide::draft::Draft;
use crate::decide::stored_entry::StoredEntry;
use crate::flags;

/// Audit action of a wall clock that is too far away to be followed.
pub(crate) const CLOCK_OFF: &str = "clock.off";
/// Audit action of a wall clock that agrees again.
pub(crate) const CLOCK_AGREES: &str = "clock.agrees";
/// Audit action of a start whose journal is ahead of the clock.
pub(crate) const CLOCK_BEHIND: &str = "clock.behind-journal";

/// Audit action of a lead of entry time over the clock, from this entry on; its target holds it.
pub(crate) const CLOCK_LEAD: &str = "clock.lead";

/// A lead is closed by this part of the time that elapses.
const CLOSING_PART: i64 = 10;
/// Entry time goes at most so far beyond the last entry while it is ahead, microseconds: ticks come far more
/// often. What the clock gains more than that was set, and a clock that was put right forwards uses the
/// lead up instead of carrying it along.
const STRIDE_MAX: i64 = 60_000_000;

/// How far entry time is ahead of the clock.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct EntryTime {
    /// Microseconds, when the clock showed `at`.
    lead: i64,
    at: i64,
}

impl EntryTime {
    /// Ahead by `lead` when the clock showed `at`, both in microseconds.
    pub(crate) fn new(lead: i64, at: i64) -> Self {
        Self { lead, at }
    }

    /// What the clock showed when this lead began, microseconds.
    pub(crate) fn since(&self) -> i64 {
        self.at
    }

    /// How far entry time was ahead then, microseconds.
    pub(crate) fn lead_at_first(&self) -> i64 {
        self.lead
    }

    /// As an audit entry tells it: [`lead_told`] the other way round.
    pub(crate) fn told(&self) -> String {
        format!("lead:{};clock:{}", self.lead, self.at)
    }

    /// How far entry time is ahead now, microseconds.
    pub(crate) fn lead(&self, now: Timestamp) -> i64 {
        let elapsed = now.micros().saturating_sub(self.at).max(0);
        self.lead.saturating_sub(elapsed / CLOSING_PART).max(0)
    }

    /// What the clock showed when an entry of this lead got its time: [`EntryTime::lead`] the other way round.
    pub(crate) fn clock_at(&self, time: Timestamp) -> Timestamp {
        let elapsed = time
            .micros()
            .saturating_sub(self.at.saturating_add(self.lead));
        let closed = elapsed.max(0) / (CLOSING_PART - 1);
        let lead = self.lead.saturating_sub(closed).max(0);
        Timestamp::from_micros(time.micros().saturating_sub(lead))
    }

    /// The time of the next entry, when the last one carries `last`.
    pub(crate) fn next(&mut self, now: Timestamp, last: i64) -> Timestamp {
        let most = last.saturating_add(STRIDE_MAX).saturating_sub(now.micros());
        if self.lead(now) > most.max(0) {
            *self = Self::new(most.max(0), now.micros());
        }
        let time = now.micros().saturating_add(self.lead(now));
        if time >= last {
            return Timestamp::from_micros(time);
        }
        self.lead = last.saturating_sub(now.micros());
        self.at = now.micros();
        Timestamp::from_micros(last)
    }
}

/// A distance in words.
pub(crate) fn seconds(micros: i64) -> String {
    format!("{:+.1} s", micros as f64 / 1_000_000.0)
}

/// The lead that an audit entry of the hub tells.
pub(crate) fn lead_told(draft: &Draft) -> Option<EntryTime> {
    lead_in(draft.kind, draft.flags, draft.message.as_deref())
}

fn lead_in(kind: EntryKind, bits: u16, message: Option<&Message>) -> Option<EntryTime> {
    if kind != EntryKind::Audit || bits & flags::DECIDED != 0 {
        return None;
    }
    let Body::AuditEvent(event) = &message?.body else {
        return None;
    };
    let told = event
        .target
        .as_deref()
        .filter(|_| event.action == CLOCK_LEAD)?;
    let (lead, at) = told.strip_prefix("lead:")?.split_once(";clock:")?;
    Some(EntryTime::new(lead.parse().ok()?, at.parse().ok()?))
}

/// What the hub's clock showed at each entry, for whoever reads all of them in their order: what plug-ins are told
/// as [`Entry::clock`](cordon_contract::Entry::clock).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct EntryClock(EntryTime);

impl EntryClock {
    /// Goes on from what [`EntryClock::told`] gave.
    pub fn of((lead, since): (i64, i64)) -> Self {
        Self(EntryTime::new(lead, since))
    }

    /// The lead that was told last, and what the clock showed then, both in microseconds.
    pub fn told(&self) -> (i64, i64) {
        (self.0.lead, self.0.at)
    }

    /// What the clock showed at this entry, by what the entries before it tell; then takes in what it tells itself.
    pub fn pass(&mut self, stored: &StoredEntry) -> Timestamp {
        let entry = &stored.entry;
        let clock = self.at(entry.time);
        let said = (entry.kind, stored.record.flags);
        self.take(said, entry.message.as_deref());
        clock
    }

    /// What the clock showed at an entry of this time, by what the entries before it tell.
    pub(crate) fn at(&self, time: Timestamp) -> Timestamp {
        self.0.clock_at(time)
    }

    /// Takes in what an entry tells.
    pub(crate) fn take(&mut self, (kind, bits): (EntryKind, u16), message: Option<&Message>) {
        if let Some(lead) = lead_in(kind, bits, message) {
            self.0 = lead;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::EntryTime;
    use cordon_model::Timestamp;

    const S: i64 = 1_000_000;
    const DAY: i64 = 86_400 * S;

    #[test]
    fn a_journal_a_day_ahead_goes_on_by_elapsed_time_until_the_clock_has_caught_up() {
        let mut time = EntryTime::default();
        let mut last = DAY;
        let mut next = |second: i64| {
            let next = time.next(Timestamp::from_micros(second * S), last).micros();
            assert!(next >= last, "never back");
            last = next;
            next
        };
        assert_eq!(next(0), DAY);
        assert_eq!(next(10), DAY + 9 * S, "ticks go on");
        assert_eq!(next(864_000), 864_000 * S, "caught up after ten days");
        assert_eq!(next(864_001), 864_001 * S);
    }

    #[test]
    fn a_clock_that_steps_back_during_a_run_leaves_entry_time_going_on() {
        let mut time = EntryTime::default();
        let at = Timestamp::from_micros;
        assert_eq!(time.next(at(DAY), 0).micros(), DAY);
        assert_eq!(time.next(at(10 * S), DAY).micros(), DAY);
        assert_eq!(time.next(at(20 * S), DAY).micros(), DAY + 9 * S);
        assert_eq!(time.lead(at(20 * S)), DAY - 11 * S);
    }

    /// Entries leapt by nine tenths of the step, and stayed ahead of a clock that was right.
    #[test]
    fn a_clock_that_is_put_right_forwards_uses_the_lead_up() {
        let at = Timestamp::from_micros;
        let mut time = EntryTime::default();
        // Entries are 3,000 s ahead of a clock that is 3,000 s behind.
        assert_eq!(time.next(at(DAY - 3_000 * S), DAY).micros(), DAY);
        let last = time.next(at(DAY - 2_990 * S), DAY).micros();
        assert_eq!(last, DAY + 9 * S);
        let right = time.next(at(DAY + 11 * S), last).micros();
        assert!(right <= last + 60 * S, "a leap of {} s", (right - last) / S);
        assert!(time.lead(at(DAY + 11 * S)) <= 58 * S);
        let over = time.next(at(DAY + 700 * S), right).micros();
        assert_eq!(over, DAY + 700 * S, "by the clock again");
    }

    #[test]
    fn what_the_clock_showed_is_known_of_an_entry() {
        let at = Timestamp::from_micros;
        let mut time = EntryTime::new(DAY, 100 * S);
        for now in [100 * S, 100 * S + 7, 250 * S, 9 * DAY, 11 * DAY] {
            let entry = time.next(at(now), 0);
            let off = time.clock_at(entry).micros() - now;
            assert!(off.abs() <= 1, "{now}: {off} microseconds");
        }
        assert_eq!(EntryTime::default().clock_at(at(DAY)), at(DAY));
    }
}
