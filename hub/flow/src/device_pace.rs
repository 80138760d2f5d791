//! How much of what costs the hub most one device may say: alarms, what is refused, and, of devices that
//! the plan does not name, anything.
//!
//! All devices of a broker come in one row, in order of arrival. What is beyond a device's pace is
//! therefore counted before it takes a place in the sequencer's queue, so that the row goes on and another
//! device's fire waits for nobody. The newest of the worst that was counted is told every few seconds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cordon_contract::Owner;
use cordon_model::{AlarmEvent, AlarmLevel, AlarmState, Body, DeviceId, PartyId, Timestamp};

use crate::authority::Authority;
use crate::corridor::{Sealed, SealedReading};

const MICROS_PER_MINUTE: i64 = 60_000_000;
/// What was not said in so many minutes may be said at once: a panel tells of a whole hall.
const BURST_MINUTES: i64 = 20;
/// Between two words about what one device said beyond its pace; at once when it grew worse.
const TELL_MICROS: i64 = 10_000_000;
/// Of what is no alarm, devices that the plan does not name may say so many times as much.
const READINGS_OF_UNPLANNED: u32 = 100;
/// Under which name those are told of together.
pub(crate) const UNPLANNED: &str = "unplanned-devices";
/// How the words begin that stand before those of an alarm that was counted.
pub(crate) const BEYOND: &str = "超出限额，已计";

/// What one reading costs.
#[derive(Clone, Copy, Debug)]
enum Cost {
    /// So many words about alarms.
    Alarms(u32),
    /// A refusal, which is an entry.
    Refusal,
    /// Anything else.
    Other,
}

/// A measure that empties with time: when it would be empty, microseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    empty_at: i64,
}

impl Bucket {
    /// Whether so many words fit at `now` where `a_minute` flow off in a minute.
    fn takes(&mut self, now: i64, words: u32, a_minute: u32) -> bool {
        let burst = BURST_MINUTES * MICROS_PER_MINUTE;
        // A clock that was set back does not close it for longer than it takes to empty.
        self.empty_at = self.empty_at.clamp(now, now.saturating_add(burst));
        let cost = MICROS_PER_MINUTE / i64::from(a_minute.max(1)) * i64::from(words);
        let filled = self.empty_at.saturating_add(cost);
        let takes = filled.saturating_sub(now) <= burst;
        if takes {
            self.empty_at = filled;
        }
        takes
    }
}

/// What one device said, or all that the plan does not name.
#[derive(Debug, Default)]
struct Said {
    alarms: Bucket,
    refusals: Bucket,
    other: Bucket,
    /// Counted since it was told of last.
    beyond: u64,
    /// The newest of the worst alarms among them.
    worst: Option<Sealed>,
    /// When it was told of last, and the worst level then.
    told: Option<(i64, Option<AlarmLevel>)>,
}

/// What is to be told of a device that said more than its pace.
#[derive(Debug)]
pub(crate) struct Beyond {
    /// The device, or [`UNPLANNED`].
    pub who: String,
    /// How many readings since it was told of last.
    pub count: u64,
    /// The newest of the worst alarms among them.
    pub worst: Option<Sealed>,
}

/// The paces of all devices: as many as the plan has, its enterprises, and one more. No state. Clones share
/// it.
#[derive(Clone, Debug)]
pub(crate) struct DevicePace {
    a_minute: u32,
    said: Arc<Mutex<BTreeMap<String, Said>>>,
}

impl DevicePace {
    /// Nothing said; `a_minute` words about alarms may be said in a minute, and as many refusals.
    pub(crate) fn new(a_minute: u32) -> Self {
        Self {
            a_minute,
            said: Arc::default(),
        }
    }

    /// Whether a reading is within its device's pace. What is not is counted.
    pub(crate) fn takes(&self, who: &str, reading: Option<&SealedReading>, now: Timestamp) -> bool {
        let is_unplanned = who == UNPLANNED;
        let (words, a_minute, cost) = match cost(reading) {
            Cost::Other if !is_unplanned => return true,
            cost @ Cost::Other => {
                let most = self.a_minute.saturating_mul(READINGS_OF_UNPLANNED);
                (1, most, cost)
            }
            cost @ Cost::Alarms(words) => (words, self.a_minute, cost),
            cost @ Cost::Refusal => (1, self.a_minute, cost),
        };
        let mut all = self.lock();
        let said = match all.contains_key(who) {
            true => all.get_mut(who),
            false => Some(all.entry(who.to_owned()).or_default()),
        };
        let Some(said) = said else {
            return true;
        };
        let bucket = match cost {
            Cost::Alarms(_) => &mut said.alarms,
            Cost::Refusal => &mut said.refusals,
            Cost::Other => &mut said.other,
        };
        bucket.takes(now.micros(), words, a_minute)
    }

    /// Counts a reading beyond its device's pace; what is to be told of it at once.
    pub(crate) fn count(
        &self,
        who: &str,
        reading: Option<SealedReading>,
        now: Timestamp,
    ) -> Option<Beyond> {
        let mut all = self.lock();
        let said = all.get_mut(who)?;
        said.beyond = said.beyond.saturating_add(1);
        for sealed in reading.map(|reading| reading.messages).unwrap_or_default() {
            let held = said.worst.as_ref().and_then(level);
            // Red comes first in the order of levels.
            if let Some(level) = level(&sealed)
                && held.is_none_or(|held| level <= held)
            {
                said.worst = Some(sealed);
            }
        }
        said.due(who, now)
    }

    /// What is to be told by now of those who fell silent.
    pub(crate) fn due(&self, now: Timestamp) -> Vec<Beyond> {
        let mut all = self.lock();
        let due = all.iter_mut();
        due.filter_map(|(who, said)| said.due(who, now)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Said>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Said {
    fn due(&mut self, who: &str, now: Timestamp) -> Option<Beyond> {
        if self.beyond == 0 {
            return None;
        }
        let worst = self.worst.as_ref().and_then(level);
        let is_due = self.told.is_none_or(|(at, told)| {
            let rests = (0..TELL_MICROS).contains(&now.micros().saturating_sub(at));
            let is_worse = worst.is_some_and(|worst| told.is_none_or(|told| worst < told));
            !rests || is_worse
        });
        if !is_due {
            return None;
        }
        self.told = Some((now.micros(), worst));
        Some(Beyond {
            who: who.to_owned(),
            count: std::mem::take(&mut self.beyond),
            worst: self.worst.take(),
        })
    }
}

/// Who a reading is counted for: the enterprise in whose name its adapter speaks, its device, or all that
/// the plan does not name.
pub(crate) fn whose(device: &DeviceId, partner: Option<&PartyId>, authority: &Authority) -> String {
    match (partner, authority.owners().of_device(device)) {
        (Some(partner), _) => partner.to_string(),
        (None, Owner::Unplanned) => UNPLANNED.to_owned(),
        (None, _) => device.to_string(),
    }
}

/// `None` is one that is refused.
fn cost(reading: Option<&SealedReading>) -> Cost {
    let Some(reading) = reading else {
        return Cost::Refusal;
    };
    let said = reading.messages.iter().filter_map(Sealed::said);
    let alarms =
        said.filter(|(_, body)| matches!(body, Body::AlarmEvent(_) | Body::AlarmUpdate(_)));
    match u32::try_from(alarms.count()).unwrap_or(u32::MAX) {
        0 => Cost::Other,
        words => Cost::Alarms(words),
    }
}

/// The level of an alarm that is raised.
fn level(sealed: &Sealed) -> Option<AlarmLevel> {
    match sealed.said()? {
        (_, Body::AlarmEvent(event)) => raised(event),
        _ => None,
    }
}

fn raised(event: &AlarmEvent) -> Option<AlarmLevel> {
    (event.state == AlarmState::Raised).then_some(event.alarm_level)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn taken(pace: &DevicePace, who: &str, reading: Option<&SealedReading>, seconds: i64) -> usize {
        let tries = 0..100_000;
        tries
            .filter(|_| pace.takes(who, reading, at(seconds)))
            .count()
    }

    #[test]
    fn a_device_has_a_burst_and_then_so_many_a_minute_and_another_its_own() {
        let pace = DevicePace::new(60);
        assert_eq!(taken(&pace, "S-09", None, 1_000), 1_200);
        assert_eq!(taken(&pace, "S-01", None, 1_000), 1_200, "its own");
        assert_eq!(taken(&pace, "S-09", None, 1_060), 60);
        assert_eq!(taken(&pace, "S-09", None, 10), 0);
        assert_eq!(taken(&pace, "S-09", None, 11), 1, "a clock set back");
    }

    #[test]
    fn readings_are_paced_of_unplanned_names_alone() {
        let pace = DevicePace::new(60);
        let reading = SealedReading {
            messages: Vec::new(),
            missed: Vec::new(),
        };
        assert_eq!(taken(&pace, "S-09", Some(&reading), 0), 100_000);
        assert_eq!(taken(&pace, UNPLANNED, Some(&reading), 0), 100_000);
        assert_eq!(taken(&pace, UNPLANNED, Some(&reading), 0), 20_000);
        assert_eq!(taken(&pace, UNPLANNED, None, 0), 1_200, "refusals beside");
    }

    #[test]
    fn what_is_beyond_is_told_in_steps_and_counted_between() {
        let pace = DevicePace::new(60);
        taken(&pace, "S-09", None, 0);
        let told = |seconds| {
            let told = (0..800).filter_map(|_| pace.count("S-09", None, at(seconds)));
            told.map(|beyond| beyond.count).collect::<Vec<_>>()
        };
        assert_eq!(told(0), [1]);
        assert!(told(9).is_empty());
        assert_eq!(told(10), [1_600]);
        assert!(pace.due(at(19)).is_empty());
        let rest: Vec<u64> = pace.due(at(20)).iter().map(|one| one.count).collect();
        assert_eq!(rest, [799], "also when it fell silent");
        assert!(pace.due(at(60)).is_empty());
    }
}
