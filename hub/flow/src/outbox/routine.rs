//! The routine orders of one target: by how urgent they are, then fair among their authors.
//!
//! What tells of one and the same ([`Subject`]) stands in one line, in the order in which it happened; a line is as
//! urgent as the most urgent in it. The next order is the first of the most urgent line; of equally urgent ones that of the
//! author who was served longest ago; of one author's the oldest. Every fourth time only the latter counts, so
//! that nobody's red alarms keep another's yellow one waiting for good.
//!
//! What failed rests, and its line with it. While the target is in doubt ([`Fares`]) what never failed goes first, then
//! what failed longest ago: so one by one all are tried, and none that fails keeps another from it. Only the last try
//! before a deadline goes before what is no more urgent.
//!
//! All authors together have [`WAITING_MAX`] places, and while one is free nobody gives up any. When all are
//! taken the author whose orders are the most gives up his least urgent, and of these the newest; never
//! another's. What rests counts as what waits.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use cordon_model::Timestamp;

use super::held::Held;
use super::rest::Fares;
use crate::decide::rank::Subject;

#[cfg(test)]
mod tests;

/// Orders that may wait for one target in one lane.
pub(crate) const WAITING_MAX: usize = 10_000;
/// Every so many times it is the turn of whoever was served longest ago, whatever he waits with.
const FAIR_TURN: u64 = 4;

/// What waits of one author.
#[derive(Default)]
struct Author {
    /// By urgency and number of the order.
    waiting: BTreeMap<(u8, u64), Subject>,
    /// His lines of which nothing failed, by their urgency and the number of their first order.
    fresh: BTreeSet<(u8, u64, Subject)>,
    /// The turn at which he was served last.
    served: u64,
}

/// What waits of one subject, by number.
struct Line {
    /// Of the order that began it.
    author: String,
    waiting: BTreeMap<u64, Held>,
    /// How many there are of each urgency.
    urgencies: BTreeMap<u8, usize>,
}

/// What waits of all authors.
#[derive(Default)]
pub(crate) struct Routine {
    authors: BTreeMap<String, Author>,
    lines: BTreeMap<Subject, Line>,
    /// Deadline and number of each, with where it waits.
    deadlines: BTreeMap<(Timestamp, u64), Subject>,
    turn: u64,
    pub fares: Fares,
}

impl Line {
    fn of(author: &str) -> Self {
        Self {
            author: author.to_owned(),
            waiting: BTreeMap::new(),
            urgencies: BTreeMap::new(),
        }
    }

    fn first(&self) -> Option<u64> {
        self.waiting.keys().next().copied()
    }

    fn urgency(&self) -> u8 {
        self.urgencies.keys().next().copied().unwrap_or(u8::MAX)
    }

    fn insert(&mut self, held: Held) {
        *self.urgencies.entry(held.rank.urgency).or_default() += 1;
        self.waiting.insert(held.order.number, held);
    }

    fn remove(&mut self, number: u64) -> Option<Held> {
        let held = self.waiting.remove(&number)?;
        if let Some(count) = self.urgencies.get_mut(&held.rank.urgency) {
            *count -= 1;
            if *count == 0 {
                self.urgencies.remove(&held.rank.urgency);
            }
        }
        Some(held)
    }
}

impl Routine {
    pub(crate) fn len(&self) -> usize {
        self.deadlines.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.deadlines.is_empty()
    }

    /// Puts an order in its place; gives the one that has to give way, maybe this very one.
    pub(crate) fn put(&mut self, held: Held) -> Option<Held> {
        self.insert(held);
        if self.len() <= WAITING_MAX {
            return None;
        }
        let fullest = self.authors.values().max_by_key(|it| it.waiting.len())?;
        let ((_, number), subject) = fullest.waiting.last_key_value()?;
        let (number, subject) = (*number, subject.clone());
        self.remove(&subject, number)
    }

    /// Puts an order that was taken out and failed in its place again, where it rests until `latest` at the longest,
    /// whatever else waits: it is one at a time.
    pub(crate) fn put_back(
        &mut self,
        held: Held,
        (began, now): (Instant, Instant),
        latest: Instant,
    ) {
        let number = held.order.number;
        self.fares.fail(number, (began, now), Some(latest));
        let subject = Subject::of(&held.order.message);
        self.unlist(&subject);
        self.fares.put_to_rest(subject, &held, (now, latest));
        self.insert(held);
    }

    /// The next order, unless the target rests.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Held> {
        if self.fares.rests(now) {
            return None;
        }
        let turn = self.turn + 1;
        let is_fair = turn.is_multiple_of(FAIR_TURN);
        let last = self.last_try(now);
        let is_last = last.is_some();
        let again = last.or_else(|| self.again(now, is_fair));
        let subject = match (self.fresh(is_fair), again) {
            (fresh, None) => fresh?.1,
            (None, Some((_, again))) => again,
            (Some((urgency, _)), Some((other, last)))
                if is_last && !is_fair && other <= urgency =>
            {
                last
            }
            (Some((_, fresh)), Some(_)) if self.fares.spares(now) => fresh,
            (Some((urgency, fresh)), Some((other, again))) => {
                let is_first = is_fair || other <= urgency;
                if is_first { again } else { fresh }
            }
        };
        self.turn = turn;
        let line = self.lines.get(&subject)?;
        let number = line.first()?;
        if let Some(author) = self.authors.get_mut(&line.author) {
            author.served = turn;
        }
        self.remove(&subject, number)
    }

    /// The line whose turn it is among those of which nothing failed, and how urgent it is.
    fn fresh(&self, is_fair: bool) -> Option<(u8, Subject)> {
        let authors = self.authors.values();
        let waiting = authors.filter_map(|author| {
            let (urgency, number, subject) = author.fresh.first()?;
            let urgency_counts = if is_fair { 0 } else { *urgency };
            let turn = (urgency_counts, author.served, *urgency, *number);
            Some((turn, subject))
        });
        let ((_, _, urgency, _), subject) = waiting.min()?;
        Some((urgency, subject.clone()))
    }

    /// The same among those that failed and have rested.
    fn again(&self, now: Instant, is_fair: bool) -> Option<(u8, Subject)> {
        let only_turns = is_fair || self.fares.is_in_doubt();
        let rested = self.fares.rested(now).map(|(subject, turn)| {
            let urgency = self.lines.get(subject).map_or(u8::MAX, Line::urgency);
            let urgency_counts = if only_turns { 0 } else { urgency };
            ((urgency_counts, turn, urgency), subject)
        });
        let ((_, _, urgency), subject) = rested.min()?;
        Some((urgency, subject.clone()))
    }

    /// The most urgent line whose first order has its last try now, and how urgent it is.
    fn last_try(&self, now: Instant) -> Option<(u8, Subject)> {
        let due = self.fares.due(now).map(|(subject, turn)| {
            let urgency = self.lines.get(subject).map_or(u8::MAX, Line::urgency);
            ((urgency, turn), subject)
        });
        let ((urgency, _), subject) = due.min()?;
        Some((urgency, subject.clone()))
    }

    /// The order whose deadline passed first, if one did.
    pub(crate) fn next_past(&mut self, now: Timestamp) -> Option<Held> {
        let ((deadline, number), subject) = self.deadlines.first_key_value()?;
        if *deadline >= now {
            return None;
        }
        let (number, subject) = (*number, subject.clone());
        self.remove(&subject, number)
    }

    fn insert(&mut self, held: Held) {
        let subject = Subject::of(&held.order.message);
        self.unlist(&subject);
        let (deadline, number) = (held.order.deadline, held.order.number);
        self.deadlines.insert((deadline, number), subject.clone());
        let line = self.lines.entry(subject.clone());
        let line = line.or_insert_with(|| Line::of(&held.rank.author));
        let author = self.authors.entry(line.author.clone()).or_default();
        let place = (held.rank.urgency, number);
        author.waiting.insert(place, subject.clone());
        line.insert(held);
        self.list(subject);
    }

    fn remove(&mut self, subject: &Subject, number: u64) -> Option<Held> {
        self.unlist(subject);
        let line = self.lines.get_mut(subject)?;
        let is_first = line.first() == Some(number);
        let held = line.remove(number);
        let (name, is_empty) = (line.author.clone(), line.waiting.is_empty());
        if is_empty {
            self.lines.remove(subject);
        }
        let strikes = if is_first {
            self.fares.release(subject)
        } else {
            0
        };
        self.list(subject.clone());
        let mut held = held?;
        held.strikes = held.strikes.max(strikes);
        self.deadlines.remove(&(held.order.deadline, number));
        if let Some(author) = self.authors.get_mut(&name) {
            author.waiting.remove(&(held.rank.urgency, number));
            if author.waiting.is_empty() {
                self.authors.remove(&name);
            }
        }
        Some(held)
    }

    /// Takes a line from its author's list, before it changes.
    fn unlist(&mut self, subject: &Subject) {
        if let Some((name, place)) = self.place(subject)
            && let Some(author) = self.authors.get_mut(&name)
        {
            author.fresh.remove(&place);
        }
    }

    /// Puts a line on its author's list, unless it rests.
    fn list(&mut self, subject: Subject) {
        if !self.fares.has_failed(&subject)
            && let Some((name, place)) = self.place(&subject)
            && let Some(author) = self.authors.get_mut(&name)
        {
            author.fresh.insert(place);
        }
    }

    fn place(&self, subject: &Subject) -> Option<(String, (u8, u64, Subject))> {
        let line = self.lines.get(subject)?;
        let place = (line.urgency(), line.first()?, subject.clone());
        Some((line.author.clone(), place))
    }
}
