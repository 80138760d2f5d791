//! Who is in the park: visits, counts, and who stays too long. Passages alone change it.

use std::collections::{BTreeMap, BTreeSet};

use cordon_contract::{Rows, Single, Table};
use cordon_model::{GateId, PartyId, SubjectKind, Timestamp};
use serde::{Deserialize, Serialize};

use crate::away::Away;
use crate::plate::{PlateKey, matching};
use crate::times::Times;

/// Departures remembered, so that a late report of a second gate is no false alarm.
const LEFT_MAX: usize = 20_000;

/// A stay in the park, from the passage in to the passage out (R005).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Visit {
    pub id: String,
    /// `None` for a vehicle nobody could name.
    pub plate: Option<PlateKey>,
    pub kind: SubjectKind,
    pub gate: GateId,
    pub area: Option<String>,
    pub entered: Timestamp,
    pub grant: Option<String>,
    /// The enterprise whose grant it is; `None` where the hub did not decide the entry. Several may number alike.
    pub host: Option<PartyId>,
    /// When it becomes an overstay; `None` when never, or when it was alarmed.
    pub due: Option<Timestamp>,
    /// It was alarmed.
    pub told: bool,
}

/// Counts of one kind in one scope.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Count {
    pub inside: u32,
    pub entered_today: u32,
    pub left_today: u32,
}

/// The park (`None`) or one of its areas.
pub(crate) type Scope = Option<String>;

/// All visits and what follows from them.
#[derive(Debug)]
pub(crate) struct Yard {
    visits: Table<u64, Visit>,
    counts: Table<(Scope, SubjectKind), Count>,
    /// 00:00 of the day the counts of today belong to, microseconds.
    day: Single<i64>,
    /// When a vehicle last left, microseconds.
    left: Times<PlateKey>,
    by_plate: BTreeMap<PlateKey, u64>,
    by_due: BTreeSet<(i64, u64)>,
    /// Visits of vehicles nobody could name.
    nameless: BTreeSet<u64>,
}

impl Yard {
    pub(crate) fn new() -> Self {
        Self {
            // Before form 2 rows did not name whose grant it is.
            visits: Table::new("visits", 2),
            counts: Table::new("counts", 1),
            day: Single::new("day", 1),
            left: Times::new("left", LEFT_MAX),
            by_plate: BTreeMap::new(),
            by_due: BTreeSet::new(),
            nameless: BTreeSet::new(),
        }
    }

    pub(crate) fn tables(&mut self) -> [&mut dyn Rows; 4] {
        [
            &mut self.visits,
            &mut self.counts,
            &mut self.day,
            self.left.table(),
        ]
    }

    /// Rebuilds the indexes.
    pub(crate) fn index(&mut self) {
        self.by_plate.clear();
        self.by_due.clear();
        self.nameless.clear();
        self.left.index();
        for (number, visit) in &self.visits {
            match &visit.plate {
                Some(plate) => {
                    self.by_plate.insert(plate.clone(), *number);
                }
                None => {
                    self.nameless.insert(*number);
                }
            }
            if let Some(due) = visit.due {
                self.by_due.insert((due.micros(), *number));
            }
        }
    }

    /// The number of the vehicle's open visit.
    pub(crate) fn number_of(&self, plate: &PlateKey) -> Option<u64> {
        self.by_plate.get(plate).copied().or_else(|| {
            matching(self.by_plate.range(plate.in_any_colour()), plate)
                .next()
                .map(|(_, number)| *number)
        })
    }

    pub(crate) fn visit(&self, number: u64) -> Option<&Visit> {
        self.visits.get(&number)
    }

    /// The vehicle's open visit.
    pub(crate) fn visit_of(&self, plate: &PlateKey) -> Option<&Visit> {
        self.number_of(plate)
            .and_then(|number| self.visits.get(&number))
    }

    /// Whether the vehicle left at or after this time.
    pub(crate) fn left_since(&self, plate: &PlateKey, since: Timestamp) -> bool {
        matching(self.left.range(plate.in_any_colour()), plate)
            .any(|(_, left)| *left >= since.micros())
    }

    /// A vehicle is in. Returns a visit that had to be closed because there are too many.
    pub(crate) fn enter(&mut self, number: u64, visit: Visit, max: usize) -> Option<Visit> {
        let crowded = if self.visits.len() >= max {
            self.visits
                .first_key_value()
                .map(|(oldest, _)| *oldest)
                .and_then(|oldest| self.close(oldest))
        } else {
            None
        };
        for scope in scopes(&visit.area) {
            let count = self.counts.or_default((scope, visit.kind));
            count.inside = count.inside.saturating_add(1);
            count.entered_today = count.entered_today.saturating_add(1);
        }
        match &visit.plate {
            Some(plate) => {
                self.by_plate.insert(plate.clone(), number);
            }
            None => {
                self.nameless.insert(number);
            }
        }
        if let Some(due) = visit.due {
            self.by_due.insert((due.micros(), number));
        }
        self.visits.insert(number, visit);
        crowded
    }

    /// A vehicle has left: its visit ends. A vehicle nobody can name ends the oldest nameless one.
    pub(crate) fn leave(
        &mut self,
        plate: Option<&PlateKey>,
        kind: SubjectKind,
        at: Timestamp,
    ) -> Option<Visit> {
        let number = match plate {
            Some(plate) => self.number_of(plate),
            None => self.nameless.first().copied(),
        };
        let visit = number.and_then(|number| self.close(number));
        let (kind, area) = match &visit {
            Some(visit) => (visit.kind, visit.area.clone()),
            None => (kind, None),
        };
        for scope in scopes(&area) {
            let count = self.counts.or_default((scope, kind));
            count.left_today = count.left_today.saturating_add(1);
        }
        if let Some(plate) = plate {
            let day_ago = at.plus_seconds(-86_400).micros();
            self.left.note(plate.clone(), at.micros(), day_ago);
        }
        visit
    }

    /// Ends a visit without a passage out.
    pub(crate) fn close(&mut self, number: u64) -> Option<Visit> {
        let visit = self.visits.remove(&number)?;
        for scope in scopes(&visit.area) {
            if let Some(count) = self.counts.get_mut(&(scope, visit.kind)) {
                count.inside = count.inside.saturating_sub(1);
            }
        }
        if let Some(plate) = &visit.plate
            && self.by_plate.get(plate) == Some(&number)
        {
            self.by_plate.remove(plate);
        }
        self.nameless.remove(&number);
        if let Some(due) = visit.due {
            self.by_due.remove(&(due.micros(), number));
        }
        Some(visit)
    }

    /// A visit may stay until another time; `None` when it was told that it is over.
    pub(crate) fn set_due(&mut self, number: u64, due: Option<Timestamp>) {
        let Some(old) = self.visits.get(&number).map(|visit| visit.due) else {
            return;
        };
        self.visits.change(&number, |visit| {
            visit.due = due;
            visit.told = due.is_none();
        });
        if let Some(old) = old {
            self.by_due.remove(&(old.micros(), number));
        }
        if let Some(due) = due {
            self.by_due.insert((due.micros(), number));
        }
    }

    /// Whether a visit is over its time, or another day began.
    pub(crate) fn is_due(&self, time: Timestamp, clock: Timestamp, away: Away) -> bool {
        self.first_due(clock, away).is_some() || day_of(time) != *self.day
    }

    fn first_due(&self, clock: Timestamp, away: Away) -> Option<(i64, u64)> {
        let clock = clock.micros();
        let mut first = away.due(clock).into_iter().filter_map(|(after, until)| {
            let mut due = self.by_due.range((after, u64::MAX)..);
            due.next().filter(|(at, _)| *at <= until && *at < clock)
        });
        first.next().copied()
    }

    /// Takes out one visit that is over its time; it is not told again.
    pub(crate) fn overstay(&mut self, clock: Timestamp, away: Away) -> Option<Visit> {
        let (due, number) = self.first_due(clock, away)?;
        let visit = self.visits.get(&number).cloned();
        self.set_due(number, None);
        self.by_due.remove(&(due, number));
        visit
    }

    /// Counts of today begin anew at 00:00 park time.
    pub(crate) fn turn_day(&mut self, now: Timestamp) {
        let day = day_of(now);
        if day == *self.day {
            return;
        }
        *self.day = day;
        self.counts.retain(|_, count| count.inside > 0);
        let counted: Vec<(Scope, SubjectKind)> = self.counts.keys().cloned().collect();
        for key in &counted {
            self.counts.change(key, |count| {
                count.entered_today = 0;
                count.left_today = 0;
            });
        }
    }

    /// Vehicles inside a scope, of one kind or of all.
    pub(crate) fn inside(&self, scope: &Scope, kind: Option<SubjectKind>) -> u32 {
        self.counts_of(scope)
            .filter(|(found, _)| kind.is_none_or(|kind| kind == *found))
            .fold(0, |sum, (_, count)| sum.saturating_add(count.inside))
    }

    /// The counts of a scope, by kind.
    pub(crate) fn counts_of<'a>(
        &'a self,
        scope: &'a Scope,
    ) -> impl Iterator<Item = (SubjectKind, Count)> + 'a {
        self.counts
            .iter()
            .filter(move |((found, _), _)| found == scope)
            .map(|((_, kind), count)| (*kind, *count))
    }
}

/// 00:00 park time of a day, microseconds.
fn day_of(now: Timestamp) -> i64 {
    let now = now.at_offset(Timestamp::PARK_OFFSET_MINUTES);
    now.start_of_day().micros()
}

/// The park, and the area when there is one.
fn scopes(area: &Option<String>) -> impl Iterator<Item = Scope> {
    [None].into_iter().chain(area.clone().map(Some))
}
