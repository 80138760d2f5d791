//! How much of what costs the hub most one device may say: alarms, what is refused, and, of devices that
//! the plan does not name, anything.
//!
//! All devices of a broker come in one row, in order of arrival. What is beyond a device's pace is
//! therefore counted before it takes a place in the sequencer's queue, so that the row goes on. So is what is
//! beyond the pace of all devices of the plan in one row together: before another device's fire there stand as
//! many words as one device may say at once, however many devices say as much. A few words each device may say
//! whatever the others do. The newest of the worst that was counted is told every few seconds.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cordon_contract::Owner;
use cordon_model::{AlarmEvent, AlarmLevel, Body, DeviceId, PartyId, Timestamp};

use crate::corridor::{Sealed, SealedReading};
use crate::decide::authority::{Authority, is_over};
use crate::decide::beyond_pace::UNPLANNED;

const MICROS_PER_MINUTE: i64 = 60_000_000;
/// What was not said in so many minutes may be said at once: a panel tells of a whole hall.
const BURST_MINUTES: i64 = 20;
/// All devices of the plan in one row together may say as much in a minute as one says at once; that at least.
const OF_ROW_MIN: u32 = 1_200;
/// Words in a minute that each device has beside those of the row: a fire and its end are heard.
const KEPT_A_MINUTE: u32 = 3;
/// Between two words about what one device said beyond its pace; at once when it grew worse.
const TELL_MICROS: i64 = 10_000_000;
/// Of what is no alarm, devices that the plan does not name may say so many times as much.
const READINGS_OF_UNPLANNED: u32 = 100;

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
    /// Whether so many words fit at `now` where `a_minute` flow off in a minute, and those of so many minutes
    /// fit at once.
    fn takes(&mut self, now: i64, words: u32, (a_minute, minutes): (u32, i64)) -> bool {
        let burst = minutes * MICROS_PER_MINUTE;
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
    /// What it may say whatever others say.
    kept: Bucket,
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

/// What was said by now.
#[derive(Debug, Default)]
struct Book {
    said: BTreeMap<String, Said>,
    /// By the adapter in whose row it stood: alarms and refusals of devices of the plan.
    rows: BTreeMap<Arc<str>, Bucket>,
}

/// The paces of all devices: as many as the plan has, its enterprises, and one more; and of the rows in which
/// they stand, as many as there are adapters. No state. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct DevicePace {
    a_minute: Arc<AtomicU32>,
    book: Arc<Mutex<Book>>,
}

impl DevicePace {
    /// Nothing said; `a_minute` words about alarms may be said in a minute, and as many refusals.
    pub(crate) fn new(a_minute: u32) -> Self {
        Self {
            a_minute: Arc::new(AtomicU32::new(a_minute)),
            book: Arc::default(),
        }
    }

    /// So many words may be said in a minute from here on.
    pub(crate) fn go_by(&self, a_minute: u32) {
        self.a_minute.store(a_minute, Ordering::Relaxed);
    }

    /// Whether a reading in the row of an adapter is within its device's pace and that of the row. What is not
    /// is counted.
    pub(crate) fn takes(
        &self,
        row: &Arc<str>,
        who: &str,
        reading: Option<&SealedReading>,
        now: Timestamp,
    ) -> bool {
        let is_unplanned = who == UNPLANNED;
        let most = self.a_minute.load(Ordering::Relaxed);
        let (words, a_minute, cost) = match cost(reading) {
            Cost::Other if !is_unplanned => return true,
            cost @ Cost::Other => (1, most.saturating_mul(READINGS_OF_UNPLANNED), cost),
            cost @ Cost::Alarms(words) => (words, most, cost),
            cost @ Cost::Refusal => (1, most, cost),
        };
        let mut book = self.lock();
        let Book { said, rows } = &mut *book;
        let Some(said) = one_of(said, who, str::to_owned) else {
            return true;
        };
        let bucket = match cost {
            Cost::Alarms(_) => &mut said.alarms,
            Cost::Refusal => &mut said.refusals,
            Cost::Other => &mut said.other,
        };
        let now = now.micros();
        if !bucket.takes(now, words, (a_minute, BURST_MINUTES)) {
            return false;
        }
        // Those that the plan does not name have one pace together anyhow, and take nothing of the others'.
        if is_unplanned || said.kept.takes(now, words, (KEPT_A_MINUTE, 1)) {
            return true;
        }
        let of_row = burst_of(most);
        let row = one_of(rows, row, |_| Arc::clone(row));
        row.is_none_or(|row| row.takes(now, words, (of_row.max(OF_ROW_MIN), 1)))
    }

    /// Counts a reading beyond its device's pace; what is to be told of it at once.
    pub(crate) fn count(
        &self,
        who: &str,
        reading: Option<SealedReading>,
        now: Timestamp,
    ) -> Option<Beyond> {
        let mut book = self.lock();
        let said = book.said.get_mut(who)?;
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
        let mut book = self.lock();
        let due = book.said.iter_mut();
        due.filter_map(|(who, said)| said.due(who, now)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one device may say at once.
fn burst_of(a_minute: u32) -> u32 {
    a_minute.saturating_mul(u32::try_from(BURST_MINUTES).unwrap_or(u32::MAX))
}

/// That of a name, which is made when it is asked for first: a name that is known costs no copy.
fn one_of<'m, K, V>(
    all: &'m mut BTreeMap<K, V>,
    name: &str,
    own: impl FnOnce(&str) -> K,
) -> Option<&'m mut V>
where
    K: Ord + Borrow<str>,
    V: Default,
{
    match all.contains_key(name) {
        true => all.get_mut(name),
        false => Some(all.entry(own(name)).or_default()),
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
    (!is_over(event.state)).then_some(event.alarm_level)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn taken(pace: &DevicePace, who: &str, reading: Option<&SealedReading>, seconds: i64) -> usize {
        let tries = 0..100_000;
        let row = Arc::from("mqtt-1");
        tries
            .filter(|_| pace.takes(&row, who, reading, at(seconds)))
            .count()
    }

    #[test]
    fn a_device_has_a_burst_and_then_so_many_a_minute_and_another_its_own() {
        let pace = DevicePace::new(60);
        assert_eq!(taken(&pace, "S-09", None, 1_000), 1_200);
        let row = Arc::from("modbus-1");
        let tries = 0..100_000;
        let others = tries.filter(|_| pace.takes(&row, "S-01", None, at(1_000)));
        assert_eq!(others.count(), 1_200, "its own, in another row");
        assert_eq!(taken(&pace, "S-09", None, 1_060), 60);
        assert_eq!(taken(&pace, "S-09", None, 10), 0);
        assert_eq!(taken(&pace, "S-09", None, 11), 0, "a clock set back");
        assert_eq!(taken(&pace, "S-09", None, 12), 1);
    }

    /// Twelve devices of one row that each said as much as one may say at once stood before another's fire.
    #[test]
    fn before_anothers_fire_there_stands_the_burst_of_one_however_many_devices_flood() {
        let places = |names: usize| {
            let pace = DevicePace::new(60);
            let row = Arc::from("mqtt-1");
            let mut places = 0;
            for _ in 0..1_200 {
                for name in 0..names {
                    let who = format!("S-{name}");
                    places += usize::from(pace.takes(&row, &who, None, at(1_000)));
                }
                // Made-up names have one burst together, and take nothing of what the plan's devices have.
                places += usize::from(pace.takes(&row, UNPLANNED, None, at(1_000)));
            }
            for _ in 0..KEPT_A_MINUTE {
                assert!(pace.takes(&row, "S-OWN", None, at(1_000)), "it is heard");
            }
            assert!(
                !pace.takes(&row, "S-OWN", None, at(1_000)),
                "its kept words"
            );
            let beyond = pace.count("S-OWN", None, at(1_000));
            assert!(beyond.is_some(), "and what is beyond is told at once");
            assert!(
                pace.takes(&row, "S-OWN", None, at(1_001)),
                "the row empties"
            );
            places
        };
        for names in [2, 12, 120] {
            let kept = names * usize::try_from(KEPT_A_MINUTE).unwrap();
            assert_eq!(places(names), 1_200 + kept + 1_200, "{names}");
        }
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
