//! What the plug-in remembers. All of it is bounded, ordered and in the snapshot.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cordon_model::{
    AlarmCode, AlarmEvent, AlarmLevel, AlarmState, DeviceId, MessageId, PartyId, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::life::is_over;
use crate::routes::Errand;

/// Orders whose outcome is awaited; the outbox ends each by its deadline.
pub(crate) const UNDERWAY_MAX: usize = 20_000;
/// Sources whose last alarm is remembered for flood protection.
const RECENT_MAX: usize = 10_000;

/// One alarm.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Alarm {
    /// As it was raised.
    pub event: AlarmEvent,
    /// Who raised it; nobody else ends it or lets it rise by an event.
    pub sender: PartyId,
    /// The enterprise that said it, by itself or through a device of its own; `None` for the park.
    pub partner: Option<PartyId>,
    /// Where it stands in its life.
    pub state: AlarmState,
    /// The entry's time when it was raised.
    pub raised: Timestamp,
    /// What the tree said about it when it was raised.
    pub errands: Vec<Errand>,
    /// Identical alarms counted under it.
    pub repeats: u32,
    /// The highest escalation so far, 0 for none.
    pub escalation: u32,
    /// Receivers for whom a notice of it was ordered: they hear what becomes of it.
    pub told: BTreeSet<String>,
}

impl Alarm {
    /// Neither closed nor rejected: somebody has to do something about it, or to say what was done.
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self.state, AlarmState::Closed | AlarmState::Rejected)
    }
}

/// A device that is silent.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Outage {
    /// When it is an alarm.
    pub due: Timestamp,
    /// The message that said so.
    pub cause: MessageId,
    /// Why, in the adapter's words.
    pub reason: String,
    /// Its alarm, once raised.
    pub alarm: Option<String>,
}

/// Alarms that share a route and its `group_by` values.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Group {
    /// The route's errand, as of the first alarm.
    pub errand: Errand,
    /// Alarms not told yet, and when they are due.
    pub pending: BTreeMap<String, Timestamp>,
    /// Alarms told.
    pub told: BTreeSet<String>,
    /// When the group was told last.
    pub last: Option<Timestamp>,
}

/// A measuring point in alarm.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Point {
    /// Which threshold it is beyond.
    pub code: AlarmCode,
    /// Its alarm.
    pub alarm: String,
    /// Since when it is back.
    pub back: Option<Timestamp>,
}

/// An order under way: who is told of which alarms.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Notice {
    pub receiver: String,
    /// The alarm the message names first, then the others of its group.
    pub alarms: Vec<String>,
    /// 0 for a first notification.
    pub escalation: u32,
}

/// The last alarm of a source.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Recent {
    pub alarm: String,
    pub at: Timestamp,
}

/// Code, level and source: what makes two alarms identical.
pub(crate) type Likeness = (AlarmCode, AlarmLevel, String);
/// When, which alarm, which of its errands, which step of it.
pub(crate) type Timer = (Timestamp, String, u32, u32);

/// Everything.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct State {
    pub alarms: BTreeMap<String, Alarm>,
    /// Ids of the open ones, of each partner and of the park; not saved.
    #[serde(skip)]
    open: BTreeMap<Option<PartyId>, BTreeSet<String>>,
    /// Closed and rejected alarms, oldest first; they are in `alarms` too.
    pub closed: VecDeque<String>,
    /// By route and group.
    pub groups: BTreeMap<(String, String), Group>,
    /// Escalations to come.
    pub timers: BTreeSet<Timer>,
    pub recent: BTreeMap<Likeness, Recent>,
    /// Devices that are offline.
    pub outages: BTreeMap<DeviceId, Outage>,
    /// Those of them that are no alarm yet, by when they will be.
    pub silent: BTreeSet<(Timestamp, DeviceId)>,
    /// Points in alarm.
    pub points: BTreeMap<(DeviceId, String), Point>,
    /// Notices decided whose order entry was not stepped yet.
    pub ordered: VecDeque<Notice>,
    /// Notices by the number of their order.
    pub underway: BTreeMap<u64, Notice>,
}

impl State {
    /// Notes whether an alarm that changed is open.
    pub(crate) fn track(&mut self, id: &str) {
        let alarm = self.alarms.get(id);
        match alarm.filter(|alarm| alarm.is_open()) {
            Some(alarm) => {
                let open = self.open.entry(alarm.partner.clone()).or_default();
                open.insert(id.to_owned());
            }
            None => self.open.retain(|_, open| {
                open.remove(id);
                !open.is_empty()
            }),
        }
    }

    /// Finds again what is open.
    pub(crate) fn index(&mut self) {
        self.open.clear();
        for (id, alarm) in self.alarms.iter().filter(|(_, alarm)| alarm.is_open()) {
            let open = self.open.entry(alarm.partner.clone()).or_default();
            open.insert(id.clone());
        }
    }

    /// How many are open of the park, or of all partners.
    pub(crate) fn open(&self, of_partners: bool) -> usize {
        let open = self.open.iter();
        open.filter(|(partner, _)| partner.is_some() == of_partners)
            .map(|(_, ids)| ids.len())
            .sum()
    }

    /// Whether an alarm is there and somebody still has to act on it.
    pub(crate) fn is_active(&self, id: &str) -> bool {
        self.alarms
            .get(id)
            .is_some_and(|alarm| !is_over(alarm.state))
    }

    /// Whether an alarm is there and nobody has seen it.
    pub(crate) fn is_raised(&self, id: &str) -> bool {
        self.alarms
            .get(id)
            .is_some_and(|alarm| alarm.state == AlarmState::Raised)
    }

    /// Takes an alarm out of all groups and timers.
    pub(crate) fn leave(&mut self, id: &str) {
        self.timers.retain(|(_, alarm, _, _)| alarm != id);
        for group in self.groups.values_mut() {
            group.pending.remove(id);
            group.told.remove(id);
        }
    }

    /// The open alarm that can best be spared: of the park when it is the park that needs room, else of
    /// the partner who has the most. Over before active, low before high, old before new.
    pub(crate) fn spare(&self, of_partners: bool) -> Option<String> {
        let open = self.open.iter();
        let fullest = open
            .filter(|(partner, _)| partner.is_some() == of_partners)
            .max_by_key(|(_, ids)| ids.len());
        let (_, ids) = fullest?;
        ids.iter()
            .filter_map(|id| self.alarms.get_key_value(id))
            .max_by_key(|(id, alarm)| {
                (
                    is_over(alarm.state),
                    alarm.event.alarm_level,
                    std::cmp::Reverse(alarm.raised),
                    std::cmp::Reverse((*id).clone()),
                )
            })
            .map(|(id, _)| id.clone())
    }

    /// Remembers the last alarm of a source; the longest silent source is forgotten.
    pub(crate) fn remember(&mut self, likeness: Likeness, alarm: String, at: Timestamp) {
        self.recent.insert(likeness, Recent { alarm, at });
        if self.recent.len() > RECENT_MAX {
            let oldest = self
                .recent
                .iter()
                .min_by_key(|(_, recent)| recent.at)
                .map(|(likeness, _)| likeness.clone());
            if let Some(oldest) = oldest {
                self.recent.remove(&oldest);
            }
        }
    }

    /// Puts an alarm that is open no more at the end of the closed ones and forgets the oldest beyond `most`.
    pub(crate) fn close(&mut self, id: &str, most: usize) {
        self.closed.push_back(id.to_owned());
        while self.closed.len() > most {
            if let Some(oldest) = self.closed.pop_front() {
                self.alarms.remove(&oldest);
            }
        }
    }
}
