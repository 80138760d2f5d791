//! What the hub says of its clock, and in which time it numbers and hands over.

use std::time::{Duration, Instant};

use cordon_contract::{AGREED_MICROS, CLOCK_SET, ClockStanding, Fault, Order};
use cordon_model::{AuditOutcome, MessageId, Timestamp};

use crate::decide::batch::Batch;
use crate::decide::entry_time::{
    CLOCK_AGREES, CLOCK_BEHIND, CLOCK_LEAD, CLOCK_OFF, EntryTime, seconds,
};
use crate::decide::rank::Rank;
use crate::decide::sealer::AuditNote;
use crate::fault::of_wire;
use crate::outbox::Held;
use crate::sequencer::Sequencer;
use crate::sequencer::kit::Kit;

/// Between two entries about the clock at least, so that one which flickers fills no journal.
const TELL_AGAIN: Duration = Duration::from_secs(60);

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
        let target = actual.told();
        let hub = self.core.sealer().hub().clone();
        let words = format!(
            "entries are {} from the clock; what people say counts as of them",
            seconds(actual.lead_at_first())
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
    use super::ClockTold;
    use cordon_contract::ClockStanding;

    const DAY: i64 = 86_400 * 1_000_000;

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
