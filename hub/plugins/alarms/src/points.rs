//! Measuring points in alarm, and how many of them are whose: a partner names as many points of his
//! devices as he likes, so his have room of their own.

use std::collections::BTreeMap;

use cordon_contract::Owner;
use cordon_model::DeviceId;
use serde::{Deserialize, Serialize};

use crate::state::Point;

/// Device and measuring point.
pub(crate) type PointKey = (DeviceId, String);

/// The points in alarm.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Points {
    known: BTreeMap<PointKey, Point>,
    /// How many are whose. Found again from the points, never saved.
    #[serde(skip)]
    count: BTreeMap<Owner, usize>,
    /// How many of them are of the park's devices; not saved.
    #[serde(skip)]
    of_park: usize,
    /// The point of each alarm; not saved.
    #[serde(skip)]
    alarms: BTreeMap<String, PointKey>,
}

impl Points {
    /// Takes a point out, to change it or to let it go.
    pub(crate) fn take(&mut self, key: &PointKey, owner: &Owner) -> Option<Point> {
        let point = self.known.remove(key)?;
        self.alarms.remove(&point.alarm);
        if let Some(count) = self.count.get_mut(owner) {
            *count = count.saturating_sub(1);
        }
        if self.count.get(owner) == Some(&0) {
            self.count.remove(owner);
        }
        self.of_park = self.of_park.saturating_sub(usize::from(is_park(owner)));
        Some(point)
    }

    pub(crate) fn put(&mut self, key: PointKey, point: Point, owner: &Owner) {
        self.alarms.insert(point.alarm.clone(), key.clone());
        if self.known.insert(key, point).is_none() {
            *self.count.entry(owner.clone()).or_default() += 1;
            self.of_park += usize::from(is_park(owner));
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
