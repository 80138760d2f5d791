//! What devices said of themselves, by the hub's time.

use std::collections::BTreeMap;

use cordon_model::{DeviceId, DeviceKind, DeviceState, DeviceStatus};
use serde::{Deserialize, Serialize};

use crate::span::{hour_of, hour_start};

/// Devices held at most; further ones have no timeline and count as without data.
const DEVICES_MAX: usize = 20_000;
/// Changes of state held of one device; of one that flaps more, the oldest go, and the time before
/// them is unknown.
const CHANGES_MAX: usize = 5_000;

/// Timelines by device.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Devices {
    pub(crate) known: BTreeMap<DeviceId, Device>,
}

/// One device.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Device {
    pub(crate) kind: DeviceKind,
    pub(crate) vendor: Option<String>,
    /// Changes of state: when, and to which.
    changes: BTreeMap<i64, DeviceState>,
    /// The clock offset of the largest amount in each hour, milliseconds.
    offsets: BTreeMap<i64, i64>,
}

/// What a span saw of a device. Times in microseconds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Timeline {
    pub(crate) known: i64,
    pub(crate) online: i64,
    /// Outages that began in the span.
    pub(crate) outages: u64,
    /// Outages that ended in the span, and how long they had lasted.
    pub(crate) repairs: u64,
    pub(crate) repair: i64,
}

impl Devices {
    pub(super) fn status(&mut self, status: &DeviceStatus, now: i64) {
        let is_full = self.known.len() >= DEVICES_MAX;
        if is_full && !self.known.contains_key(&status.device_id) {
            return;
        }
        let known = self.known.entry(status.device_id.clone());
        let device = known.or_insert_with(|| Device {
            kind: status.device_kind,
            vendor: None,
            changes: BTreeMap::new(),
            offsets: BTreeMap::new(),
        });
        device.kind = status.device_kind;
        if status.vendor.is_some() {
            device.vendor.clone_from(&status.vendor);
        }
        device.change(now, status.state);
        if let Some(offset) = status.clock_offset_ms {
            device.is_off(hour_of(now), offset);
        }
    }

    /// Behind `at` nobody watched; what was said at `at` itself still counts.
    pub(super) fn unknown_after(&mut self, at: i64) {
        for device in self.known.values_mut() {
            device.change(at.saturating_add(1), DeviceState::Unknown);
        }
    }

    /// What was said later than `now` gives way to the state it came to, from `now` on: a device is in one state at
    /// a time.
    pub(super) fn book_at(&mut self, now: i64) {
        let hour = hour_of(now);
        for device in self.known.values_mut() {
            let later = device.changes.split_off(&now.saturating_add(1));
            if let Some((_, state)) = later.last_key_value() {
                device.change(now, *state);
            }
            for offset in device.offsets.split_off(&(hour + 1)).into_values() {
                device.is_off(hour, offset);
            }
        }
    }

    pub(super) fn drop_before(&mut self, before: i64) {
        let start = hour_start(before).micros();
        for device in self.known.values_mut() {
            device.offsets = device.offsets.split_off(&before);
            let later = device.changes.split_off(&start);
            // The state at the edge still holds behind it.
            let edge = device.changes.pop_last();
            device.changes = later;
            device.changes.extend(edge);
        }
    }
}

impl Device {
    fn is_off(&mut self, hour: i64, offset: i64) {
        let largest = self.offsets.entry(hour).or_insert(offset);
        if offset.unsigned_abs() > largest.unsigned_abs() {
            *largest = offset;
        }
    }

    fn change(&mut self, at: i64, state: DeviceState) {
        let is_new = self
            .changes
            .last_key_value()
            .is_none_or(|(_, last)| *last != state);
        if is_new {
            self.changes.insert(at, state);
        }
        if self.changes.len() > CHANGES_MAX {
            self.changes.pop_first();
        }
    }

    /// Its state when `end` was reached, and since when; `None` when it had said nothing.
    pub(crate) fn state_at(&self, end: i64) -> Option<(i64, DeviceState)> {
        let (at, state) = self.changes.range(..end).next_back()?;
        Some((*at, *state))
    }

    /// The clock offset of the largest amount in these hours, milliseconds.
    pub(crate) fn offset(&self, hours: std::ops::Range<i64>) -> Option<i64> {
        self.offsets
            .range(hours)
            .map(|(_, offset)| *offset)
            .max_by_key(|offset| offset.unsigned_abs())
    }

    /// What `from` (inclusive) to `end` (exclusive) saw of it.
    pub(crate) fn timeline(&self, from: i64, end: i64) -> Timeline {
        let mut seen = Timeline::default();
        let first = self.changes.range(..=from).next_back().map(|(at, _)| *at);
        let mut changes = self
            .changes
            .range(first.unwrap_or(from)..end.max(from))
            .peekable();
        let mut down_since = None;
        while let Some((at, state)) = changes.next() {
            let next = changes.peek().map_or(end, |(next, _)| **next);
            let lasted = next.min(end).saturating_sub((*at).max(from)).max(0);
            match state {
                DeviceState::Unknown => down_since = None,
                DeviceState::Offline => {
                    seen.known += lasted;
                    down_since = Some(*at);
                    seen.outages += u64::from(*at >= from);
                }
                DeviceState::Online | DeviceState::Degraded => {
                    seen.known += lasted;
                    seen.online += lasted;
                    if let Some(since) = down_since.take() {
                        seen.repairs += 1;
                        seen.repair += at - since;
                    }
                }
            }
        }
        seen
    }
}
