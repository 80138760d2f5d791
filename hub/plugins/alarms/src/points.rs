//! Measuring points in alarm, and how many of them are whose: a partner names as many points of his
//! devices as he likes, so his have room of their own.

use std::collections::BTreeMap;

use cordon_contract::{Owner, Rows, Table};
use cordon_model::{AlarmCode, DeviceId, Timestamp};
use serde::{Deserialize, Serialize};

/// Device and measuring point.
pub(crate) type PointKey = (DeviceId, String);

/// A measuring point in alarm.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Point {
    /// Which threshold it is beyond.
    pub code: AlarmCode,
    /// Its alarm.
    pub alarm: String,
    /// The entry for which that was raised, or rose last.
    pub raised_by: u64,
    /// The alarm in which that one is counted, if it is.
    pub counted_in: Option<String>,
    /// Since when it is back.
    pub back: Option<Timestamp>,
    /// Since it was beyond last it was not, or did not say, or its device was silent: where people have ended its alarm,
    /// what is beyond again is another one.
    pub was_away: bool,
}

/// The points in alarm.
#[derive(Debug)]
pub(crate) struct Points {
    known: Table<PointKey, Point>,
    /// How many are whose. Found again from the points, never stored.
    count: BTreeMap<Owner, usize>,
    /// How many of them are of the park's devices; not stored.
    of_park: usize,
    /// The point of each alarm; not stored.
    alarms: BTreeMap<String, PointKey>,
}

impl Points {
    pub(crate) fn new() -> Self {
        Self {
            known: Table::new("points", 4),
            count: BTreeMap::new(),
            of_park: 0,
            alarms: BTreeMap::new(),
        }
    }

    pub(crate) fn table(&mut self) -> &mut dyn Rows {
        &mut self.known
    }

    pub(crate) fn get(&self, key: &PointKey) -> Option<&Point> {
        self.known.get(key)
    }

    /// Lets a point go.
    pub(crate) fn remove(&mut self, key: &PointKey, owner: &Owner) {
        let Some(point) = self.known.remove(key) else {
            return;
        };
        self.alarms.remove(&point.alarm);
        if let Some(count) = self.count.get_mut(owner) {
            *count = count.saturating_sub(1);
        }
        if self.count.get(owner) == Some(&0) {
            self.count.remove(owner);
        }
        self.of_park = self.of_park.saturating_sub(usize::from(is_park(owner)));
    }

    /// Puts a point as it is now.
    pub(crate) fn put(&mut self, key: PointKey, point: Point, owner: &Owner) {
        match self.known.get(&key) {
            Some(before) if *before == point => return,
            Some(before) => {
                self.alarms.remove(&before.alarm);
            }
            None => {
                *self.count.entry(owner.clone()).or_default() += 1;
                self.of_park += usize::from(is_park(owner));
            }
        }
        self.alarms.insert(point.alarm.clone(), key.clone());
        self.known.insert(key, point);
    }

    /// The alarm of a point is counted in another.
    pub(crate) fn counted(&mut self, alarm: &str, leader: &str) {
        let key = self.alarms.get(alarm);
        if let Some(point) = key.and_then(|key| self.known.get_mut(key)) {
            point.counted_in = Some(leader.to_owned());
        }
    }

    /// The measuring point of its device that an alarm is about.
    pub(crate) fn of_alarm(&self, id: &str) -> Option<&str> {
        self.alarms.get(id).map(|(_, point)| point.as_str())
    }

    /// The points of a device.
    pub(crate) fn of_device(&self, device: &DeviceId) -> impl Iterator<Item = (&PointKey, &Point)> {
        let from = (device.clone(), String::new());
        let known = self.known.range(from..);
        known.take_while(move |((of, _), _)| of == device)
    }

    /// How many are in alarm of this owner's.
    pub(crate) fn of(&self, owner: &Owner) -> usize {
        self.count.get(owner).copied().unwrap_or(0)
    }

    /// How many are in alarm of the park's devices.
    pub(crate) fn of_park(&self) -> usize {
        self.of_park
    }

    /// Nobody knows what they were while the hub was away.
    pub(crate) fn all_away(&mut self) {
        let there = self.known.iter().filter(|(_, point)| !point.was_away);
        let there: Vec<PointKey> = there.map(|(key, _)| key.clone()).collect();
        for key in &there {
            if let Some(point) = self.known.get_mut(key) {
                point.was_away = true;
            }
        }
    }

    /// Lets the points go that were not told.
    pub(crate) fn retain(&mut self, is_told: impl Fn(&Point) -> bool) {
        self.known.retain(|_, point| is_told(point));
    }

    /// Counts again what was restored.
    pub(crate) fn index(&mut self, owner: impl Fn(&DeviceId) -> Owner) {
        self.count.clear();
        self.of_park = 0;
        self.alarms.clear();
        for (key, point) in &self.known {
            let owner = owner(&key.0);
            self.of_park += usize::from(is_park(&owner));
            *self.count.entry(owner).or_default() += 1;
            self.alarms.insert(point.alarm.clone(), key.clone());
        }
    }
}

fn is_park(owner: &Owner) -> bool {
    matches!(owner, Owner::Park(_))
}
