//! Which alarms the end of one can mean, and which a device tells without a name: found again from the alarms,
//! never stored.

use std::collections::{BTreeMap, BTreeSet};

use cordon_contract::COUNTED_HERE;
use cordon_model::name::mark;
use cordon_model::{AlarmCode, DeviceId, Timestamp};

use crate::alarm::Alarm;
use crate::life::is_over;

/// What is alarmed of, and where.
type Kind = (AlarmCode, String);

/// What is alarmed of, who says so, and of which device: whatever area or gate he names.
type Teller = (AlarmCode, String, Option<DeviceId>);

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
    /// The texts of each teller's alarms, by their marks, and the alarms of each.
    texts: BTreeMap<Teller, BTreeMap<u64, usize>>,
    /// Whose each alarm is, and its text.
    tellers: BTreeMap<String, (Teller, Vec<u64>)>,
    /// Whose alarms the flow counts in one of its own and keeps from this plug-in, and in how many.
    floods: BTreeMap<String, usize>,
    /// Whose each of those is.
    flooded: BTreeMap<String, String>,
    /// The alarms that the hub tells under names of its own, by the marks of those their authors gave them.
    renamed: BTreeMap<u64, BTreeSet<String>>,
    /// The mark of each of those.
    given: BTreeMap<String, u64>,
    /// The alarms in which a name is counted that is not their own, by its mark.
    counted: BTreeMap<u64, BTreeSet<String>>,
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
        self.note_text(id, alarm);
        self.note_flood(id, alarm);
        self.note_renamed(id, alarm);
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

    fn note_text(&mut self, id: &str, alarm: Option<&Alarm>) {
        if let Some((teller, marks)) = self.tellers.remove(id)
            && let Some(texts) = self.texts.get_mut(&teller)
        {
            for mark in marks {
                let left = texts.remove(&mark).unwrap_or(0).saturating_sub(1);
                if left > 0 {
                    texts.insert(mark, left);
                }
            }
            if texts.is_empty() {
                self.texts.remove(&teller);
            }
        }
        if let Some(alarm) = alarm {
            let teller = teller(alarm);
            let texts = self.texts.entry(teller.clone()).or_default();
            // Where many are counted there are more than its first.
            let more = alarm.names.are_many().then_some(!alarm.text);
            let marks: Vec<u64> = more.into_iter().chain([alarm.text]).collect();
            for mark in &marks {
                *texts.entry(*mark).or_default() += 1;
            }
            self.tellers.insert(id.to_owned(), (teller, marks));
        }
    }

    fn note_flood(&mut self, id: &str, alarm: Option<&Alarm>) {
        if let Some(who) = self.flooded.remove(id) {
            let left = self.floods.remove(&who).unwrap_or(0).saturating_sub(1);
            if left > 0 {
                self.floods.insert(who, left);
            }
        }
        if let Some(who) = alarm.and_then(flooding) {
            *self.floods.entry(who.clone()).or_default() += 1;
            self.flooded.insert(id.to_owned(), who);
        }
    }

    fn note_renamed(&mut self, id: &str, alarm: Option<&Alarm>) {
        let given = alarm.and_then(|alarm| alarm.author);
        let given = given.filter(|given| *given != mark(id));
        if self.given.get(id).copied() == given {
            return;
        }
        if let Some(before) = self.given.remove(id)
            && let Some(ids) = self.renamed.get_mut(&before)
        {
            ids.remove(id);
            if ids.is_empty() {
                self.renamed.remove(&before);
            }
        }
        if let Some(given) = given {
            self.renamed.entry(given).or_default().insert(id.to_owned());
            self.given.insert(id.to_owned(), given);
        }
    }

    /// The alarms that their authors gave a name with this mark, and the hub another.
    pub(crate) fn renamed(&self, name: u64) -> impl Iterator<Item = &String> {
        self.renamed.get(&name).into_iter().flatten()
    }

    /// Whether its teller told of alarms of this code in several texts, or of more than came here.
    pub(crate) fn are_several(&self, alarm: &Alarm) -> bool {
        let texts = self.texts.get(&teller(alarm));
        texts.is_some_and(|texts| texts.len() > 1) || self.floods.contains_key(&alarm.speaker)
    }

    /// Notes a name that is counted in an alarm.
    pub(crate) fn count(&mut self, name: u64, leader: &str) {
        if name != mark(leader) {
            let leaders = self.counted.entry(name).or_default();
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
    pub(crate) fn leaders(&self, name: u64) -> impl Iterator<Item = &String> {
        self.counted.get(&name).into_iter().flatten()
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

/// Whose alarms the flow counts in this one, open or over: it bears his name. Of devices that the plan does not name
/// that is the newest.
fn flooding(alarm: &Alarm) -> Option<String> {
    let event = &alarm.event;
    if !alarm.of_hub || !event.description.contains(COUNTED_HERE) {
        return None;
    }
    let device = event.source_device.as_ref().map(ToString::to_string);
    device.or_else(|| event.enterprise_id.as_ref().map(ToString::to_string))
}

fn teller(alarm: &Alarm) -> Teller {
    let event = &alarm.event;
    (
        event.alarm_code,
        alarm.speaker.clone(),
        event.source_device.clone(),
    )
}
