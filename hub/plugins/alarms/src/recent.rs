//! The last alarm of each source, for flood protection.

use std::collections::BTreeSet;

use cordon_contract::{Rows, Table};
use cordon_model::{AlarmCode, AlarmLevel, Timestamp};
use serde::{Deserialize, Serialize};

/// Sources whose last alarm is remembered although it may be over.
const FRESH_MAX: usize = 10_000;

/// Code, level, source and, where they tell two apart, a mark of the words: what makes two alarms identical.
pub(crate) type Likeness = (AlarmCode, AlarmLevel, String, u64);

/// The last alarm of a source.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Recent {
    pub alarm: String,
    pub at: Timestamp,
    /// Remembered for as long as its alarm is active, and no longer.
    held: bool,
}

/// The last alarms by source. A source that was silent for the whole window is remembered only while its
/// alarm is active, so that it can still say that this one ended.
#[derive(Debug)]
pub(crate) struct Recents {
    last: Table<Likeness, Recent>,
    /// Those not held, by time; not stored.
    fresh: BTreeSet<(Timestamp, Likeness)>,
}

impl Recents {
    pub(crate) fn new() -> Self {
        Self {
            last: Table::new("recents", 1),
            fresh: BTreeSet::new(),
        }
    }

    pub(crate) fn table(&mut self) -> &mut dyn Rows {
        &mut self.last
    }

    pub(crate) fn get(&self, likeness: &Likeness) -> Option<&Recent> {
        self.last.get(likeness)
    }

    /// Remembers the last alarm of a source.
    pub(crate) fn remember(&mut self, likeness: Likeness, alarm: String, at: Timestamp) {
        let recent = Recent {
            alarm,
            at,
            held: false,
        };
        if let Some(before) = self.last.get(&likeness) {
            self.fresh.remove(&(before.at, likeness.clone()));
        }
        self.fresh.insert((at, likeness.clone()));
        self.last.set(likeness, recent);
    }

    /// The longest silent source, when it was silent since before `since` or one too many is remembered.
    pub(crate) fn stale(&self, since: Timestamp) -> Option<Likeness> {
        let (at, likeness) = self.fresh.first()?;
        (*at < since || self.fresh.len() > FRESH_MAX).then(|| likeness.clone())
    }

    /// From now on a source is remembered while its alarm is active.
    pub(crate) fn hold(&mut self, likeness: &Likeness) {
        if let Some(recent) = self.last.get_mut(likeness) {
            recent.held = true;
            self.fresh.remove(&(recent.at, likeness.clone()));
        }
    }

    /// Forgets a source.
    pub(crate) fn forget(&mut self, likeness: &Likeness) {
        if let Some(recent) = self.last.remove(likeness) {
            self.fresh.remove(&(recent.at, likeness.clone()));
        }
    }

    /// Forgets a source that was remembered for this alarm.
    pub(crate) fn let_go(&mut self, likeness: &Likeness, alarm: &str) {
        let held = self.last.get(likeness);
        if held.is_some_and(|recent| recent.held && recent.alarm == alarm) {
            self.last.remove(likeness);
        }
    }

    /// Finds again what is not stored.
    pub(crate) fn index(&mut self) {
        let fresh = self.last.iter().filter(|(_, recent)| !recent.held);
        self.fresh = fresh
            .map(|(likeness, recent)| (recent.at, likeness.clone()))
            .collect();
    }
}
