//! Measuring points in alarm, and how many of them are whose: a partner names as many points of his
//! devices as he likes, so his have room of their own.

use std::collections::BTreeMap;

use cordon_model::{DeviceId, PartyId};
use serde::{Deserialize, Serialize};

use crate::state::Point;

/// Device and measuring point.
pub(crate) type PointKey = (DeviceId, String);

/// The points in alarm.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Points {
    known: BTreeMap<PointKey, Point>,
    /// How many are whose, `None` being the park. Found again from the points, never saved.
    #[serde(skip)]
    count: BTreeMap<Option<PartyId>, usize>,
}

impl Points {
    /// Takes a point out, to change it or to let it go.
    pub(crate) fn take(&mut self, key: &PointKey, owner: Option<&PartyId>) -> Option<Point> {
        let point = self.known.remove(key)?;
        if let Some(count) = self.count.get_mut(&owner.cloned()) {
            *count = count.saturating_sub(1);
        }
        Some(point)
    }

    pub(crate) fn put(&mut self, key: PointKey, point: Point, owner: Option<&PartyId>) {
        if self.known.insert(key, point).is_none() {
            *self.count.entry(owner.cloned()).or_default() += 1;
        }
    }

    /// How many are in alarm of the park, or of this partner.
    pub(crate) fn of(&self, owner: Option<&PartyId>) -> usize {
        self.count.get(&owner.cloned()).copied().unwrap_or(0)
    }

    /// Counts again what was restored.
    pub(crate) fn index<'a>(&mut self, owner: impl Fn(&DeviceId) -> Option<&'a PartyId>) {
        self.count.clear();
        for (device, _) in self.known.keys() {
            *self.count.entry(owner(device).cloned()).or_default() += 1;
        }
    }
}
