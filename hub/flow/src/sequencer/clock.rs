//! What the hub says of its clock, and in which time it numbers and hands over.

use std::time::{Duration, Instant};

use cordon_contract::{AGREED_MICROS, CLOCK_SET, ClockStanding, ClockSteps, Fault, Jump, Order};
use cordon_model::{AuditOutcome, Body, MessageId, Timestamp};

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
    at: Option<Instant>,
}

impl ClockTold {
    /// What is to be said: the action and its words.
    fn news(&self, standing: ClockStanding) -> Option<(&'static str, String)> {
        if self.at.is_some_and(|at| at.elapsed() < TELL_AGAIN) {
            return None;
        }
        let away = seconds(standing.offset_micros);
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

/// A step of the clock that is not written down yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stepped {
    /// By how much the clock was set, microseconds.
    by: i64,
    /// By how much entry time jumped with it: less where it used a lead up, nothing when the clock was set back.
    jump: i64,
    /// When it was seen, on the clock that no step moves.
    seen: Timestamp,
    /// The plug-ins heard of it; it may not be durable.
    is_admitted: bool,
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
        let (now, steady) = self.ties.clock.times();
        let last = self.core.fold().now.last_time;
        let stepped = now.micros().saturating_sub(steady.micros());
        let mut before = self.entry_time;
        let time = self.entry_time.next(now, last);
        if stepped != self.stepped {
            let without = steady.micros().saturating_add(self.stepped);
            let without = before.next(Timestamp::from_micros(without), last);
            let untold = self.step.map_or((0, 0), |step| (step.by, step.jump));
            let jump = time.micros().saturating_sub(without.micros()).max(0);
            self.step = Some(Stepped {
                by: stepped
                    .saturating_sub(self.stepped)
                    .saturating_add(untold.0),
                jump: jump.saturating_add(untold.1),
                seen: steady,
                is_admitted: false,
            });
            self.stepped = stepped;
        }
        time
    }

    /// How far entry time is ahead of the clock now, microseconds.
    pub(crate) fn lead(&self) -> i64 {
        self.entry_time.lead(self.ties.clock.now())
    }

    /// An order whose deadline was counted from its entry, as the outbox and the adapters count: on the clock that no
    /// step moves. A deadline that its message says is on the scale of the entry too, so it is taken in here.
    pub(crate) fn by_steady(&self, mut order: Order) -> Order {
        let mut deadline = order.deadline;
        if let Body::GateCommand(command) = &order.message.body {
            deadline = deadline.min(command.deadline);
        }
        let decided = order.message.header.occurred_at;
        let deadline = self.core.precedence().clock_steps().due(decided, deadline);
        // As the clock was when entries got their time last: a step since then is in neither.
        let steady = self.ties.clock.steady().micros();
        let clock = Timestamp::from_micros(steady.saturating_add(self.stepped));
        let ahead = self.entry_time.lead(clock).saturating_add(self.stepped);
        order.deadline = Timestamp::from_micros(deadline.micros().saturating_sub(ahead));
        order
    }

    /// Writes down how far entries are ahead of the clock when that is not known - what people say from
    /// here on is put into the time of entries by it - and by how much the clock was set.
    pub(crate) fn admit_scale(&mut self, batch: &mut Batch, time: Timestamp) -> Result<(), Fault> {
        if let Some((target, words)) = self.lead_to_tell() {
            self.note(batch, time, (CLOCK_LEAD, &target, &words))?;
        }
        // That the clock was set is said before anything that is judged by what it shows now.
        self.admit_step(batch, time)
    }

    fn admit_step(&mut self, batch: &mut Batch, time: Timestamp) -> Result<(), Fault> {
        let Some(step) = self.step.filter(|step| !step.is_admitted) else {
            return Ok(());
        };
        let words = format!(
            "time was set by {}, to the wall clock, which kept its distance",
            seconds(step.by)
        );
        tracing::warn!("{words}");
        let target = ClockSteps::told(
            Jump {
                entry: step.jump,
                clock: step.by,
            },
            step.seen,
        );
        self.note(batch, time, (CLOCK_SET, &target, &words))?;
        self.step = Some(Stepped {
            is_admitted: true,
            ..step
        });
        self.clock_told = ClockTold {
            is_off: self.ties.clock.standing().is_off,
            at: Some(Instant::now()),
        };
        Ok(())
    }

    fn lead_to_tell(&self) -> Option<(String, String)> {
        let (told, actual) = (self.core.precedence().lead(), self.entry_time);
        let now = self.ties.clock.now();
        if told == actual || (told.lead(now), actual.lead(now)) == (0, 0) {
            return None;
        }
        // A lead that is over ended at the latest now.
        let actual = match actual.lead(now) {
            0 => EntryTime::new(0, now.micros()),
            _ => actual,
        };
        let words = format!(
            "entries are {} from the clock; what people say counts as of them",
            seconds(actual.lead_at_first())
        );
        Some((actual.told(), words))
    }

    fn note(
        &mut self,
        batch: &mut Batch,
        time: Timestamp,
        (action, target, words): (&str, &str, &str),
    ) -> Result<(), Fault> {
        let hub = self.core.sealer().hub().clone();
        let note = AuditNote {
            action,
            actor: &hub,
            target: Some(target),
            outcome: AuditOutcome::Success,
            detail: Some(words),
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
        let order = self.kit.by_steady(order);
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
            at: Some(Instant::now()),
        };
        let outcome = match action {
            CLOCK_AGREES => AuditOutcome::Success,
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
