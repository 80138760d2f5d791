//! What is forgotten, and when: each kind of message has a class, each class a time. After it the bodies of its entries go, and their
//! digests stay; after the longest, whole segments.

mod class;
mod done;
mod rule;

use std::path::{Path, PathBuf};

use cordon_flow::Audited;
use cordon_journal::{Aged, Forgetter, JournalFault};
use cordon_model::{AuditOutcome, PartyId};

pub use class::Class;
use done::Done;
use rule::Rule;

use crate::checkpoints::Bound;
use crate::config::RetentionSection;

/// Microseconds of a day.
const DAY_MICROS: i64 = 86_400_000_000;

/// The times of all classes, and how far each has come.
pub struct Forgetting {
    done: PathBuf,
    /// By class; none for what is never forgotten.
    days: Vec<(Class, u16)>,
    /// Whole segments go after so many.
    remove_days: Option<u16>,
}

/// What is to be forgotten next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Due {
    /// The bodies of one class in a segment, and of others that were as old at this time.
    Bodies(Class, Aged, i64),
    /// A whole segment.
    Segment(Aged),
}

impl Forgetting {
    /// By the rules of a park whose data lies there.
    pub fn of(rules: &RetentionSection, data: &Path) -> Self {
        let times = Class::ALL.iter().map(|class| (*class, class.days(rules)));
        Self {
            done: data.join("forgotten.json"),
            days: times.filter(|(_, days)| *days > 0).collect(),
            remove_days: Some(rules.remove_days).filter(|days| *days > 0),
        }
    }

    /// The next that is old enough at `now`, microseconds since 1970, and was so when the older checkpoint was named: `bound`, which is asked
    /// when something is. So nothing that a start needs is forgotten, and a clock that is ahead forgets nothing for a day at least.
    pub fn due(
        &self,
        forgetter: &Forgetter,
        now: i64,
        bound: &dyn Fn() -> Result<Option<Bound>, JournalFault>,
    ) -> Result<Option<Due>, JournalFault> {
        match self.next(forgetter, now)? {
            None => Ok(None),
            Some(_) => {
                let Some(bound) = bound()? else {
                    return Ok(None);
                };
                let due = self.next(forgetter, now.min(bound.time))?;
                Ok(due.filter(|due| due.aged().last < bound.number))
            }
        }
    }

    /// The next that is old enough at this time.
    fn next(&self, forgetter: &Forgetter, now: i64) -> Result<Option<Due>, JournalFault> {
        let is_old = |aged: &Aged, days: u16| aged.before <= now - i64::from(days) * DAY_MICROS;
        let packed = forgetter.packed()?;
        let mut found = None;
        if let (Some(days), Some(first)) = (self.remove_days, packed.first()) {
            let aged = forgetter.aged(*first)?;
            found = aged.filter(|it| is_old(it, days)).map(Due::Segment);
        }
        let done = Done::read(&self.done);
        for (class, days) in &self.days {
            if found.is_some() {
                break;
            }
            let after = done.of(*class);
            let Some(next) = packed.iter().find(|number| **number > after) else {
                continue;
            };
            let aged = forgetter.aged(*next)?;
            let aged = aged.filter(|it| is_old(it, *days));
            found = aged.map(|aged| Due::Bodies(*class, aged, now));
        }
        Ok(found)
    }

    /// Forgets it. What is broken off is done again.
    pub fn forget(&self, forgetter: &mut Forgetter, due: Due) -> Result<(), JournalFault> {
        match due {
            Due::Segment(aged) => {
                let gone = forgetter.remove_oldest(aged.number, aged.last.saturating_add(1))?;
                tracing::info!(?gone, "a segment is removed");
            }
            Due::Bodies(class, aged, at) => {
                let mut rule = Rule::of(&self.days, at - aged.before);
                let gone = forgetter.forget(aged.number, &mut rule)?;
                tracing::info!(?gone, class = class.name(), "expired bodies are taken out");
                let mut done = Done::read(&self.done);
                done.note(class, aged.number);
                done.write(&self.done)?;
            }
        }
        Ok(())
    }

    /// The entry that says what is being forgotten and why; it comes before.
    pub fn said(&self, due: Due, actor: &PartyId) -> Audited {
        let (action, why) = match due {
            Due::Bodies(class, aged, _) => {
                let days = self.days.iter().find(|(of, _)| *of == class);
                let days = days.map_or(0, |(_, days)| *days);
                let words = format!(
                    "bodies up to entry {} that are kept {days} days or less ({}) go, their digests stay",
                    aged.last,
                    class.name()
                );
                ("journal.forgotten", words)
            }
            Due::Segment(aged) => {
                let days = self.remove_days.unwrap_or_default();
                let words = format!("entries up to {} go: older than {days} days", aged.last);
                ("journal.removed", words)
            }
        };
        Audited {
            action: action.to_owned(),
            actor: actor.clone(),
            target: Some(format!("segment {}", due.aged().number)),
            outcome: AuditOutcome::Success,
            detail: Some(why),
        }
    }
}

impl Due {
    fn aged(&self) -> &Aged {
        match self {
            Self::Bodies(_, aged, _) | Self::Segment(aged) => aged,
        }
    }
}

#[cfg(test)]
mod tests;
