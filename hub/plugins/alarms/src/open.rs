//! The alarms that are open now, for whoever shows them.
//!
//! The plug-in's own state is the one answer to "what is open": it is the same before and after a
//! restart, and no feed that may lose entries stands in between. The plug-in writes here and never
//! reads, so what is shown decides nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use cordon_contract::Table;
use cordon_model::{AlarmCode, AlarmLevel, AlarmState, Timestamp};

use crate::alarm::Alarm;

/// One open alarm.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OpenAlarm {
    /// Its identity.
    pub id: String,
    /// What happened.
    pub code: AlarmCode,
    /// How bad.
    pub level: AlarmLevel,
    /// Where it stands in its life.
    pub state: AlarmState,
    /// When it happened, as its source says.
    pub occurred_at: Timestamp,
    /// The narrowest place that is known: lane, gate, area or device.
    pub place: String,
    /// In words.
    pub description: String,
    /// The highest escalation so far, 0 for none.
    pub escalation: u32,
    /// Identical alarms counted under it.
    pub repeats: u32,
    /// The hub raised it of itself.
    pub of_hub: bool,
}

/// By level (red first), then the newest first.
type Rank = (AlarmLevel, std::cmp::Reverse<Timestamp>, String);

#[derive(Debug, Default)]
struct Shelf {
    ranked: BTreeMap<Rank, OpenAlarm>,
    rank: BTreeMap<String, Rank>,
}

/// A handle on the open alarms; clones see the same.
#[derive(Clone, Debug, Default)]
pub struct OpenAlarms(Arc<RwLock<Shelf>>);

impl OpenAlarms {
    /// How many are open.
    pub fn total(&self) -> usize {
        self.read().ranked.len()
    }

    /// How many are open of each level that has any.
    pub fn by_level(&self) -> BTreeMap<AlarmLevel, usize> {
        let mut counts = BTreeMap::new();
        for (level, ..) in self.read().ranked.keys() {
            *counts.entry(*level).or_default() += 1;
        }
        counts
    }

    /// At most `limit` of them, the most urgent first, behind the one with id `after`; from the first
    /// when that one is open no more.
    pub fn page(&self, after: Option<&str>, limit: usize) -> Vec<OpenAlarm> {
        use std::ops::Bound::{Excluded, Unbounded};
        let shelf = self.read();
        let from = after.and_then(|id| shelf.rank.get(id));
        let range = (from.map_or(Unbounded, Excluded), Unbounded);
        let behind = shelf.ranked.range::<Rank, _>(range);
        behind.take(limit).map(|(_, alarm)| alarm.clone()).collect()
    }

    /// The state of an open alarm.
    pub fn state(&self, id: &str) -> Option<AlarmState> {
        let shelf = self.read();
        let rank = shelf.rank.get(id)?;
        shelf.ranked.get(rank).map(|alarm| alarm.state)
    }

    /// Shows an alarm as it is now, or takes it away when it is open no more.
    pub(crate) fn show(&self, id: &str, alarm: Option<&Alarm>) {
        self.write().show(id, alarm);
    }

    /// Shows these and no others.
    pub(crate) fn show_all(&self, alarms: &Table<String, Alarm>) {
        let mut shelf = self.write();
        *shelf = Shelf::default();
        for (id, alarm) in alarms {
            shelf.show(id, Some(alarm));
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Shelf> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Shelf> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    fn show(&mut self, id: &str, alarm: Option<&Alarm>) {
        if let Some(rank) = self.rank.remove(id) {
            self.ranked.remove(&rank);
        }
        if let Some(alarm) = alarm.filter(|alarm| alarm.is_open()) {
            let event = &alarm.event;
            let newest = std::cmp::Reverse(event.occurred_at);
            let rank = (event.alarm_level, newest, id.to_owned());
            self.rank.insert(id.to_owned(), rank.clone());
            self.ranked.insert(rank, line(id, alarm));
        }
    }
}

fn line(id: &str, alarm: &Alarm) -> OpenAlarm {
    let event = &alarm.event;
    let places = [
        event.lane_id.as_ref().map(ToString::to_string),
        event.gate_id.as_ref().map(ToString::to_string),
        event.area_id.clone(),
        event.source_device.as_ref().map(ToString::to_string),
    ];
    OpenAlarm {
        id: id.to_owned(),
        code: event.alarm_code,
        level: event.alarm_level,
        state: alarm.state,
        occurred_at: event.occurred_at,
        place: places.into_iter().flatten().next().unwrap_or_default(),
        description: alarm.words(),
        escalation: alarm.escalation,
        repeats: alarm.repeats,
        of_hub: alarm.of_hub,
    }
}
