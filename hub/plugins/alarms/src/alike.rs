//! Which alarms the end of one can mean, and which a device tells without a name: found again from the alarms,
//! never saved.

use std::collections::{BTreeMap, BTreeSet};

use cordon_model::{AlarmCode, Timestamp};

use crate::life::is_over;
use crate::state::Alarm;

/// What is alarmed of, and where.
type Kind = (AlarmCode, String);

/// How an alarm stands among those of its kind.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Standing {
    /// Active under a name.
    Named,
    /// Active, and told without any.
    Nameless,
    Over,
}

/// When an alarm was raised, and which it is.
type Place = (Timestamp, String);

/// The alarms by what they are about, and the names that are counted in each.
#[derive(Debug, Default)]
pub(crate) struct Alike {
    kinds: BTreeMap<(Kind, Standing), BTreeSet<Place>>,
    /// Where each alarm stands.
    places: BTreeMap<String, ((Kind, Standing), Place)>,
    /// The alarms in which a name is counted that is not their own.
    counted: BTreeMap<String, BTreeSet<String>>,
}

impl Alike {
    /// Notes what an alarm is now; `None` when it is gone.
    pub(crate) fn note(&mut self, id: &str, alarm: Option<&Alarm>) {
        if let Some((kind, place)) = self.places.remove(id)
            && let Some(places) = self.kinds.get_mut(&kind)
        {
            places.remove(&place);
            if places.is_empty() {
                self.kinds.remove(&kind);
            }
        }
        if let Some(alarm) = alarm {
            let standing = match is_over(alarm.state) {
                true => Standing::Over,
                false if alarm.names.are_none() => Standing::Nameless,
                false => Standing::Named,
            };
            let kind = (alarm.event.alarm_code, alarm.source.clone());
            let kind = (kind, standing);
            let place = (alarm.raised, id.to_owned());
            let places = self.kinds.entry(kind.clone()).or_default();
            places.insert(place.clone());
            self.places.insert(id.to_owned(), (kind, place));
        }
    }

    /// Notes a name that is counted in an alarm.
    pub(crate) fn count(&mut self, name: &str, leader: &str) {
        if name != leader {
            let leaders = self.counted.entry(name.to_owned()).or_default();
            leaders.insert(leader.to_owned());
        }
    }

    /// Forgets an alarm that is known no more, and its names.
    pub(crate) fn forget(&mut self, leader: &str, alarm: &Alarm) {
        self.note(leader, None);
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

    /// The alarms of a code from a source that stand so, the newest first.
    pub(crate) fn of(
        &self,
        code: AlarmCode,
        source: &str,
        standing: Standing,
    ) -> impl Iterator<Item = &String> {
        let places = self.kinds.get(&((code, source.to_owned()), standing));
        places.into_iter().flatten().rev().map(|(_, id)| id)
    }
}
