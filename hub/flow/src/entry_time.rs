//! The time that entries carry, and what the hub says of its clock.
//!
//! Entry time never goes back. Where the journal is ahead of the clock, entries go on from the last one,
//! a tenth slower than time elapses, until the clock has caught up: timers go on, and nothing jumps.

use std::time::{Duration, Instant};

use cordon_contract::{AGREED_MICROS, CLOCK_SET, ClockStanding, EntryKind, Fault, Order};
use cordon_model::{AuditOutcome, Body, Message, MessageId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::batch::Batch;
use crate::draft::Draft;
use crate::entry_reader::StoredEntry;
use crate::fault::of_wire;
use crate::flags;
use crate::kit::Kit;
use crate::outbox::{Held, Rank};
use crate::sealer::AuditNote;
use crate::sequencer::Sequencer;

/// Audit action of a wall clock that is too far away to be followed.
pub(crate) const CLOCK_OFF: &str = "clock.off";
/// Audit action of a wall clock that agrees again.
pub(crate) const CLOCK_AGREES: &str = "clock.agrees";
/// Audit action of a start whose journal is ahead of the clock.
pub(crate) const CLOCK_BEHIND: &str = "clock.behind-journal";

/// Audit action of a lead of entry time over the clock, from this entry on; its target holds it.
pub(crate) const CLOCK_LEAD: &str = "clock.lead";

/// Between two entries about the clock at least, so that one which flickers fills no journal.
const TELL_AGAIN: Duration = Duration::from_secs(60);
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

/// What was said of the clock in this run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ClockTold {
    is_off: bool,
    steps: u64,
    at: Option<Instant>,
}

impl ClockTold {
    /// What is to be said: the action and its words.
    fn news(&self, standing: ClockStanding) -> Option<(&'static str, String)> {
        if self.at.is_some_and(|at| at.elapsed() < TELL_AGAIN) && standing.steps == self.steps {
            return None;
        }
        let away = seconds(standing.offset_micros);
        if standing.steps != self.steps {
            let by = seconds(standing.step_micros);
            let words = format!("time was set by {by}, to the wall clock, which kept its distance");
            return Some((CLOCK_SET, words));
        }
        match (standing.is_off, self.is_off) {
            (true, false) => Some((
                CLOCK_OFF,
                format!("the wall clock is {away} from the time that elapsed; it is not followed"),
            )),
            (false, true) => Some((CLOCK_AGREES, "the wall clock agrees again".to_owned())),
            _ => None,
        }
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

impl Kit {
    /// Goes on with the lead that the journal knows, at a start: what was down for a moment is ahead by as much as
    /// it was, and says nothing new of it.
    pub(crate) fn take_up_lead(&mut self) {
        if self.entry_time == EntryTime::default() {
            self.entry_time = self.core.precedence().lead();
        }
    }

    /// The time of the next batch: never earlier than the entry before.
    pub(crate) fn time(&mut self) -> Timestamp {
        let now = self.ties.clock.now();
        self.entry_time.next(now, self.core.fold().now.last_time)
    }

    /// How far entry time is ahead of the clock now, microseconds.
    pub(crate) fn lead(&self) -> i64 {
        self.entry_time.lead(self.ties.clock.now())
    }

    /// An order whose deadline was counted from its entry, as the outbox and the adapters count: by the
    /// clock.
    pub(crate) fn by_clock(&self, mut order: Order) -> Order {
        let deadline = order.deadline.micros().saturating_sub(self.lead());
        order.deadline = Timestamp::from_micros(deadline);
        order
    }

    /// Writes down how far entries are ahead of the clock when that is not known: what people say from
    /// here on is put into the time of entries by it.
    pub(crate) fn admit_scale(&mut self, batch: &mut Batch, time: Timestamp) -> Result<(), Fault> {
        let (told, actual) = (self.core.precedence().lead(), self.entry_time);
        let now = self.ties.clock.now();
        if told == actual || (told.lead(now), actual.lead(now)) == (0, 0) {
            return Ok(());
        }
        // A lead that is over ended at the latest now.
        let actual = match actual.lead(now) {
            0 => EntryTime::new(0, now.micros()),
            _ => actual,
        };
        let target = format!("lead:{};clock:{}", actual.lead, actual.at);
        let hub = self.core.sealer().hub().clone();
        let words = format!(
            "entries are {} from the clock; what people say counts as of them",
            seconds(actual.lead)
        );
        let note = AuditNote {
            action: CLOCK_LEAD,
            actor: &hub,
            target: Some(&target),
            outcome: AuditOutcome::Success,
            detail: Some(&words),
        };
        let audit = self.core.sealer().audit(MessageId::random(), time, note);
        self.core.admit(batch, audit.map_err(of_wire)?);
        Ok(())
    }
}

impl Sequencer {
    /// The next batch, with what has to be known before anything else of it is judged.
    pub(crate) fn next_batch(&mut self) -> Result<Batch, Fault> {
        let time = self.kit.time();
        let mut batch = Batch::new(self.journal.next_number(), time);
        self.kit.admit_scale(&mut batch, time)?;
        // That the clock was set is said before anything that is judged by what it shows now.
        if self.kit.ties.clock.standing().steps != self.kit.clock_told.steps {
            self.admit_standing(&mut batch, time)?;
        }
        Ok(batch)
    }

    /// Hands a durable order to the outbox.
    pub(crate) fn release(&self, order: Order) {
        self.release_as(order, Held::new);
    }

    /// The same of one that may have been tried before.
    pub(crate) fn release_again(&self, order: Order) {
        self.release_as(order, Held::of_before);
    }

    fn release_as(&self, order: Order, held: fn(Order, Rank) -> Held) {
        let order = self.kit.by_clock(order);
        let open = self.kit.core.fold().open.get(&order.number);
        let terms = self.kit.ties.in_force.now();
        let owners = terms.authority.owners();
        let rank = open.map(|open| open.rank.rank(owners)).unwrap_or_default();
        self.kit.ties.dispatch.release(held(order, rank));
    }

    /// Says at a start that the journal is ahead of the clock.
    pub(crate) fn admit_lead(&mut self, batch: &mut Batch, time: Timestamp) -> Result<(), Fault> {
        let lead = self.kit.lead();
        if lead <= AGREED_MICROS {
            return Ok(());
        }
        let words = format!(
            "the journal is {} ahead of the wall clock; entries go on from the last one, a tenth slower, until it has caught up",
            seconds(lead)
        );
        self.say(batch, time, (CLOCK_BEHIND, &words), AuditOutcome::Failure)
    }

    /// Says what changed of the wall clock, at most once a minute.
    pub(crate) fn admit_standing(
        &mut self,
        batch: &mut Batch,
        time: Timestamp,
    ) -> Result<(), Fault> {
        let standing = self.kit.ties.clock.standing();
        let Some((action, words)) = self.kit.clock_told.news(standing) else {
            return Ok(());
        };
        self.kit.clock_told = ClockTold {
            is_off: standing.is_off,
            steps: standing.steps,
            at: Some(Instant::now()),
        };
        let outcome = match action {
            CLOCK_AGREES | CLOCK_SET => AuditOutcome::Success,
            _ => AuditOutcome::Failure,
        };
        self.say(batch, time, (action, &words), outcome)
    }

    /// Writes down what the hub says of itself.
    pub(crate) fn say(
        &mut self,
        batch: &mut Batch,
        time: Timestamp,
        (action, words): (&str, &str),
        outcome: AuditOutcome,
    ) -> Result<(), Fault> {
        tracing::warn!("{words}");
        let hub = self.kit.core.sealer().hub().clone();
        let note = AuditNote {
            action,
            actor: &hub,
            target: None,
            outcome,
            detail: Some(words),
        };
        let sealer = self.kit.core.sealer();
        let audit = sealer.audit(MessageId::random(), time, note);
        self.kit.core.admit(batch, audit.map_err(of_wire)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{ClockTold, EntryTime};
    use cordon_contract::ClockStanding;
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

    #[test]
    fn a_clock_that_flickers_is_told_once_a_minute() {
        let off = ClockStanding {
            offset_micros: DAY,
            is_off: true,
            ..ClockStanding::default()
        };
        let mut told = ClockTold::default();
        assert_eq!(told.news(ClockStanding::default()), None);
        assert_eq!(told.news(off).unwrap().0, super::CLOCK_OFF);
        told.is_off = true;
        told.at = Some(std::time::Instant::now());
        assert_eq!(told.news(ClockStanding::default()), None, "not yet");
        told.at = None;
        let back = told.news(ClockStanding::default());
        assert_eq!(back.unwrap().0, super::CLOCK_AGREES);
    }
}
