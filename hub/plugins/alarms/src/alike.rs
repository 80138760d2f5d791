//! Which active alarms the end of one can mean: found again from the alarms, never saved.

use std::collections::{BTreeMap, BTreeSet};

use cordon_model::AlarmCode;

use crate::life::is_over;
use crate::state::Alarm;

/// What is alarmed of, and where.
type Kind = (AlarmCode, String);

/// The active alarms by what they are about, and the names that are counted in each.
#[derive(Debug, Default)]
pub(crate) struct Alike {
    active: BTreeMap<Kind, BTreeSet<String>>,
    /// Of what kind each active alarm is.
    kinds: BTreeMap<String, Kind>,
    /// The alarms in which a name is counted that is not their own.
    counted: BTreeMap<String, BTreeSet<String>>,
}

impl Alike {
    /// Notes what an alarm is now; `None` when it is gone.
    pub(crate) fn note(&mut self, id: &str, alarm: Option<&Alarm>) {
        if let Some(kind) = self.kinds.remove(id)
            && let Some(ids) = self.active.get_mut(&kind)
        {
            ids.remove(id);
            if ids.is_empty() {
                self.active.remove(&kind);
            }
        }
        if let Some(alarm) = alarm.filter(|alarm| !is_over(alarm.state)) {
            let kind = (alarm.event.alarm_code, alarm.source.clone());
            let ids = self.active.entry(kind.clone()).or_default();
            ids.insert(id.to_owned());
            self.kinds.insert(id.to_owned(), kind);
        }
    }

    /// Notes a name that is counted in an alarm.
    pub(crate) fn count(&mut self, name: &str, leader: &str) {
        if name != leader {
            let leaders = self.counted.entry(name.to_owned()).or_default();
            leaders.insert(leader.to_owned());
        }
    }

    /// Forgets the names of an alarm that is known no more.
    pub(crate) fn forget(&mut self, leader: &str, alarm: &Alarm) {
        for name in alarm.names.all() {
            if let Some(leaders) = self.counted.get_mut(name) {
                leaders.remove(leader);
                if leaders.is_empty() {
                    self.counted.remove(name);
                }
            }
        }
    }

    /// The alarms in which a name is counted.
    pub(crate) fn leaders(&self, name: &str) -> impl Iterator<Item = &String> {
        self.counted.get(name).into_iter().flatten()
    }

    /// The active alarms of a code from a source.
    pub(crate) fn of(&self, code: AlarmCode, source: &str) -> impl Iterator<Item = &String> {
        let kind = (code, source.to_owned());
        self.active.get(&kind).into_iter().flatten()
    }
}
