//! Which part of the time between two entries is a step of the clock and did not elapse.
//!
//! The hub writes each step down, with by how much entry time jumped. Whoever counts a duration from entry to entry
//! counts it on the scale of [`ClockSteps::steady`], on which a step takes no time: a restart and a replay count the same.
//! What holds by the clock (a validity, a plan) goes on by the clock.

use std::collections::VecDeque;

use cordon_model::{Body, Message, Timestamp};
use serde::{Deserialize, Serialize};

use crate::entry::{CLOCK_SET, Entry, EntryKind};

/// Steps that are known one by one. What is older than all of them counts as of before the oldest.
const STEPS_MAX: usize = 16;

/// By how much times jump at a step, microseconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Jump {
    /// The time of entries: less than the clock where it used a lead up, nothing where the clock was set back.
    pub entry: i64,
    /// What the clock shows: less than nothing where it was set back.
    pub clock: i64,
}

/// One step.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Step {
    /// The time of its entry: the first that carries the jump.
    at: i64,
    /// By how much entry time jumped, microseconds.
    by: i64,
    /// What names it, so that one that is told twice counts once.
    name: i64,
}

/// The steps of the clock, as the journal tells them.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct ClockSteps {
    /// All older ones together, microseconds.
    older: i64,
    steps: VecDeque<Step>,
}

impl ClockSteps {
    /// What the audit entry of a step has as its target: by how much times jumped, and the steady time at which it
    /// was seen, which names it.
    pub fn told(by: Jump, seen: Timestamp) -> String {
        format!("step:{};clock:{};at:{}", by.entry, by.clock, seen.micros())
    }

    /// Whether an entry tells of a step.
    pub fn is_of(entry: &Entry) -> bool {
        let is_set = entry.kind == EntryKind::Audit && entry.label == CLOCK_SET;
        is_set && entry.message.as_deref().and_then(step_in).is_some()
    }

    /// Takes in what an entry tells: the jump of a step that was not known.
    pub fn pass(&mut self, entry: &Entry) -> Option<Jump> {
        let message = entry.message.as_deref().filter(|_| Self::is_of(entry))?;
        self.take(message, entry.time)
    }

    /// The same of the message of an audit entry that was written at this time.
    pub fn take(&mut self, message: &Message, time: Timestamp) -> Option<Jump> {
        let (jump, name) = step_in(message)?;
        let at = time.micros();
        let by = jump.entry;
        self.put(Step { at, by, name }).then_some(jump)
    }

    fn put(&mut self, step: Step) -> bool {
        let is_known = |known: &Step| known.name == step.name;
        if self.steps.iter().any(is_known) {
            return false;
        }
        self.steps.push_back(step);
        if self.steps.len() > STEPS_MAX
            && let Some(oldest) = self.steps.pop_front()
        {
            self.older = self.older.saturating_add(oldest.by);
        }
        true
    }

    /// The time of an entry without the steps before it: it goes by what elapsed.
    pub fn steady(&self, time: Timestamp) -> Timestamp {
        let micros = time.micros();
        let before = self.steps.iter().filter(|step| step.at <= micros);
        let by = before.fold(self.older, |sum, step| sum.saturating_add(step.by));
        Timestamp::from_micros(micros.saturating_sub(by))
    }

    /// What elapsed from one entry's time to another's, milliseconds.
    pub fn elapsed_ms(&self, from: Timestamp, to: Timestamp) -> i64 {
        self.steady(to).ms_since(self.steady(from))
    }

    /// When something is over that was to be over at `until`, as counted from an entry that carried `from`: later by the
    /// steps in between.
    pub fn due(&self, from: Timestamp, until: Timestamp) -> Timestamp {
        let mut due = until.micros();
        let since = self.steps.iter().filter(|step| step.at > from.micros());
        for step in since {
            // What was due before the step stays so.
            if due > step.at.saturating_sub(step.by) {
                due = due.saturating_add(step.by);
            }
        }
        Timestamp::from_micros(due)
    }
}

/// The step that an audit entry of the hub tells, and its name. An entry from before steps were told has none.
fn step_in(message: &Message) -> Option<(Jump, i64)> {
    let Body::AuditEvent(event) = &message.body else {
        return None;
    };
    let told = event
        .target
        .as_deref()
        .filter(|_| event.action == CLOCK_SET)?;
    let (jump, name) = told.strip_prefix("step:")?.split_once(";at:")?;
    let (entry, clock) = jump.split_once(";clock:")?;
    let entry: i64 = entry.parse().ok()?;
    let jump = Jump {
        entry: entry.max(0),
        clock: clock.parse().ok()?,
    };
    Some((jump, name.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{ClockSteps, STEPS_MAX, Step};
    use cordon_model::Timestamp;

    const S: i64 = 1_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * S)
    }

    fn known(steps: &[(i64, i64)]) -> ClockSteps {
        let step = |(name, (at, by)): (usize, &(i64, i64))| Step {
            at: at * S,
            by: by * S,
            name: i64::try_from(name).unwrap(),
        };
        ClockSteps {
            older: 0,
            steps: steps.iter().enumerate().map(step).collect(),
        }
    }

    #[test]
    fn a_step_takes_no_time() {
        let steps = known(&[(1_210, 1_200), (1_300, 60)]);
        assert_eq!(steps.steady(at(9)), at(9));
        assert_eq!(steps.steady(at(1_210)), at(10));
        assert_eq!(steps.steady(at(1_310)), at(50));
        assert_eq!(steps.elapsed_ms(at(5), at(1_215)), 10_000);
        assert_eq!(steps.elapsed_ms(at(1_211), at(1_215)), 4_000);
    }

    #[test]
    fn what_is_due_after_a_step_is_so_much_later() {
        let steps = known(&[(1_210, 1_200), (1_300, 60)]);
        assert_eq!(steps.due(at(5), at(9)), at(9), "over before it");
        assert_eq!(steps.due(at(5), at(35)), at(1_235));
        assert_eq!(steps.due(at(5), at(50)), at(1_310), "beyond both");
        assert_eq!(steps.due(at(1_211), at(1_220)), at(1_220));
    }

    #[test]
    fn one_that_is_not_known_by_itself_counts_for_all_that_is_older() {
        let mut steps = known(&[(1_000, 100), (2_000, 100)]);
        for _ in 0..2 {
            for number in 5..=20 {
                steps.put(Step {
                    at: 1_000 * number * S,
                    by: 100 * S,
                    name: number,
                });
            }
        }
        assert_eq!(steps.steps.len(), STEPS_MAX);
        assert_eq!(steps.older, 200 * S, "each once");
        assert_eq!(steps.elapsed_ms(at(19_500), at(20_500)), 900_000);
    }
}
