//! While the hub was away, by its clock: what came due in that time waits until the clock has stood.
//!
//! A start an hour later cannot be told from one whose clock is an hour ahead for a moment, nor from a clock that is
//! moved ahead while the hub runs. What is carried out then is not taken back when the clock is right: a planned mode, the
//! end of an emergency opening, an overstay that is told. So it waits as long as a clock must keep its distance before
//! it is followed. A hub that runs has an entry every minute; where its clock shows more between two entries, and it was
//! started or its clock was set between them, it was away. What a disk that hung made late waits no longer.

use cordon_contract::{CLOCK_SET, Entry, EntryKind, HUB_START};
use serde::{Deserialize, Serialize};

/// A hub that was away for less is not asked, microseconds: as between two entries of one that runs.
const GAP: i64 = 120_000_000;
/// What the clock showed is noted so often, microseconds.
const NOTED: i64 = 60_000_000;
/// So long the clock must stand, microseconds.
const STANDS: i64 = 300_000_000;
/// What came due so shortly before the hub was back does not wait, microseconds.
const RECENT: i64 = 120_000_000;

/// The last absence, by the clock, microseconds.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Away {
    from: i64,
    until: i64,
    /// What the clock showed a minute ago at most; 0 before the first entry.
    seen: i64,
    /// The hub was started, or its clock was set, and no tick has come since.
    is_new: bool,
}

impl Away {
    /// At the next entry. What has surely passed then is what had when the hub went.
    pub(crate) fn at(self, entry: &Entry) -> Self {
        let clock = entry.clock.micros();
        let says = [HUB_START, CLOCK_SET].contains(&entry.label.as_str());
        let is_new = self.is_new || says && entry.kind == EntryKind::Audit;
        let still_new = is_new && entry.kind != EntryKind::Tick;
        if self.is_noted(clock) {
            return Self {
                is_new: still_new,
                ..self
            };
        }
        let is_back = is_new && self.seen != 0 && clock.saturating_sub(self.seen) > GAP;
        let (from, until) = match is_back {
            true => (entry.settled.micros(), clock),
            false => (self.from, self.until),
        };
        Self {
            from,
            until,
            seen: clock,
            is_new: still_new,
        }
    }

    /// Whether what the clock shows is to be noted.
    pub(crate) fn is_due(self, clock: i64) -> bool {
        self.is_new || !self.is_noted(clock)
    }

    fn is_noted(self, clock: i64) -> bool {
        (self.seen..self.seen.saturating_add(NOTED)).contains(&clock)
    }

    /// Whether what was set when the clock showed the one waits when it shows the other.
    pub(crate) fn holds(self, since: i64, clock: i64) -> bool {
        !self.stands(clock) && since < self.until
    }

    /// The times at which something is due now, when the clock shows that: behind the one, up to the other. First those
    /// of before the absence, then those of its end, then those since.
    pub(crate) fn due(self, clock: i64) -> [(i64, i64); 3] {
        match self.stands(clock) {
            true => [(i64::MIN, clock), (clock, clock), (clock, clock)],
            false => [
                (i64::MIN, self.from.min(clock)),
                (self.until.saturating_sub(RECENT), self.until),
                (self.until, clock),
            ],
        }
    }

    /// When what came due at the end of the absence, or since, begins at the latest: it may wait for what came due before.
    pub(crate) fn begins(self, at: i64) -> i64 {
        match at > self.until.saturating_sub(RECENT) && at < self.until.saturating_add(STANDS) {
            true => self.until.saturating_add(STANDS),
            false => at,
        }
    }

    /// Behind what time, and up to which, the hub was away.
    pub(crate) fn span(self) -> (i64, i64) {
        (self.from, self.until)
    }

    /// Until when what came due in the absence waits; none when it does not, when the clock shows that.
    pub(crate) fn waits_until(self, clock: i64) -> Option<i64> {
        (!self.stands(clock)).then(|| self.until.saturating_add(STANDS))
    }

    /// Whether this is the first tick after a start, or a step of the clock.
    pub(crate) fn is_first(self, entry: &Entry) -> bool {
        self.is_new && entry.kind == EntryKind::Tick
    }

    /// Whether the clock has stood since, when it shows that. One that shows less was put back, and came to none of it.
    pub(crate) fn stands(self, clock: i64) -> bool {
        !(self.until..self.until.saturating_add(STANDS)).contains(&clock)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000;
    const DAY: i64 = 86_400 * S;

    fn is_due(away: Away, at: i64, clock: i64) -> bool {
        let spans = away.due(clock);
        spans
            .iter()
            .any(|(after, until)| *after < at && at <= *until)
    }

    #[test]
    fn what_came_due_in_an_absence_waits_until_the_clock_has_stood() {
        let noon = 20_000 * DAY;
        let away = Away {
            from: noon - DAY,
            until: noon,
            seen: noon,
            is_new: false,
        };
        let second = |second: i64| noon + second * S;
        for (at, clock, due) in [
            (second(-90_000), second(1), true),
            (second(-80_000), second(1), false),
            (second(-130), second(299), false),
            (second(-130), second(300), true),
            (second(-110), second(1), true),
            (second(5), second(4), false),
            (second(5), second(6), true),
            // Put back.
            (second(-80_000), second(-70_000), true),
            (second(-60_000), second(-70_000), false),
        ] {
            assert_eq!(is_due(away, at, clock), due, "{at} {clock}");
        }
        assert!(is_due(Away::default(), noon, noon));
        assert!(!is_due(Away::default(), noon + 1, noon));
    }
}
