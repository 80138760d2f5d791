//! What would be forgotten now, without a change anywhere: for whoever asks before it goes.

use std::collections::BTreeMap;

use cordon_journal::{Aged, Forgetter, JournalFault};
use cordon_reports::Gone;

use super::done::Done;
use super::rule::Rule;
use super::{Ages, Class, DAY_MICROS, Due, Forgetting};
use crate::checkpoints::Bound;

/// Something that is due.
pub struct Planned {
    /// What.
    pub due: Due,
    /// What would go, and by which rule; or why it would stay.
    pub gone: Result<Vec<Gone>, JournalFault>,
}

impl Forgetting {
    /// All that is due, by the same rules as [`Forgetting::due`], in the order in which it would go.
    ///
    /// # Errors
    /// The journal's folder cannot be read.
    pub fn plan(
        &self,
        forgetter: &Forgetter,
        ages: &Ages,
        bound: Bound,
    ) -> Result<Vec<Planned>, JournalFault> {
        let ages = ages.clone().when(bound.time);
        let done = Done::read(&self.done);
        let mut segments = forgetter.segments(done.removed())?;
        let mut plan = self.whole_ones(forgetter, (&ages, bound), &mut segments);
        for (number, (class, aged)) in self.with_bodies(forgetter, (&ages, bound), &done, &segments)
        {
            let due = Due::Bodies(class, aged, ages.of(&aged));
            let mut rule = Rule::of(&self.days, ages.of(&aged));
            let counted = forgetter
                .require_there(number)
                .and_then(|()| forgetter.count(number, &mut rule));
            let gone = counted.map(|_| rule.gone());
            // One in which nothing is left to take out is no news.
            if gone.as_ref().map_or(true, |gone| !gone.is_empty()) {
                plan.push(Planned { due, gone });
            }
        }
        Ok(plan)
    }

    /// Whole segments that are due, which are taken out of `segments`. The first that cannot go keeps the later ones.
    fn whole_ones(
        &self,
        forgetter: &Forgetter,
        (ages, bound): (&Ages, Bound),
        segments: &mut Vec<u64>,
    ) -> Vec<Planned> {
        let Some(days) = self.remove_days else {
            return Vec::new();
        };
        let mut plan = Vec::new();
        for number in segments.clone() {
            // Whether it is due cannot be told where its age cannot: it stays.
            let Ok(Some(aged)) = forgetter.aged(number) else {
                break;
            };
            if !is_due(ages, bound, &aged, days) {
                break;
            }
            let there = forgetter.require_there(number);
            let gone = there.and_then(|()| self.whole(forgetter, number));
            let goes = gone.is_ok();
            plan.push(Planned {
                due: Due::Segment(aged),
                gone: gone.map(|gone| vec![gone]),
            });
            if !goes {
                break;
            }
            segments.retain(|other| *other != number);
        }
        plan
    }

    /// Segments in which bodies are due, each with the first class by which they are.
    fn with_bodies(
        &self,
        forgetter: &Forgetter,
        (ages, bound): (&Ages, Bound),
        done: &Done,
        segments: &[u64],
    ) -> BTreeMap<u64, (Class, Aged)> {
        let mut all = BTreeMap::new();
        for (class, days) in &self.days {
            for number in done.open(*class, segments) {
                match forgetter.aged(number) {
                    Ok(Some(aged)) if is_due(ages, bound, &aged, *days) => {
                        all.entry(number).or_insert((*class, aged));
                    }
                    // What comes behind is younger.
                    Ok(_) => break,
                    Err(_) => {}
                }
            }
        }
        all
    }
}

/// Whether what a segment holds is older than so many days, and no start needs it.
fn is_due(ages: &Ages, bound: Bound, aged: &Aged, days: u16) -> bool {
    i64::from(days) * DAY_MICROS <= ages.of(aged) && aged.last < bound.number
}
