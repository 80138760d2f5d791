//! Devices that fell silent (R050): one alarm an outage, and none for a connection that ends and is
//! there again at once.

use std::collections::BTreeSet;

use cordon_contract::{Decisions, Entry, Owner, Rows, Table};
use cordon_model::{AlarmCode, Body, DeviceId, DeviceState, DeviceStatus, MessageId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::detect::RAISED_MAX;
use crate::missed::Limit;
use crate::plugin::AlarmPlugin;

/// A device that is silent.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Outage {
    /// When it is an alarm.
    due: Timestamp,
    /// The message that said so.
    cause: MessageId,
    /// Why, in the adapter's words.
    reason: String,
    /// Whether the plan named it.
    is_planned: bool,
    /// Its alarm, once raised.
    alarm: Option<String>,
}

/// Devices that are offline.
#[derive(Debug)]
pub(crate) struct Outages {
    known: Table<DeviceId, Outage>,
    /// Those that are no alarm yet, by when they will be. Found again from the outages, never stored.
    silent: BTreeSet<(Timestamp, DeviceId)>,
    /// How many the plan did not name; not stored.
    unplanned: usize,
}

impl Outages {
    pub(crate) fn new() -> Self {
        Self {
            known: Table::new("outages", 1),
            silent: BTreeSet::new(),
            unplanned: 0,
        }
    }

    pub(crate) fn table(&mut self) -> &mut dyn Rows {
        &mut self.known
    }

    /// How many devices are offline that the plan did not name.
    pub(crate) const fn unplanned(&self) -> usize {
        self.unplanned
    }

    /// A device is silent from now on.
    fn begin(&mut self, device: DeviceId, outage: Outage) {
        self.unplanned += usize::from(!outage.is_planned);
        self.silent.insert((outage.due, device.clone()));
        self.known.insert(device, outage);
    }

    /// A device is there again.
    fn end(&mut self, device: &DeviceId) -> Option<Outage> {
        let outage = self.known.remove(device)?;
        let unplanned = usize::from(!outage.is_planned);
        self.unplanned = self.unplanned.saturating_sub(unplanned);
        self.silent.remove(&(outage.due, device.clone()));
        Some(outage)
    }

    /// The device that has been silent for long enough, and longest, without an alarm.
    pub(crate) fn due(&self, now: Timestamp) -> Option<(&DeviceId, &Outage)> {
        let (_, device) = self.silent.first().filter(|(due, _)| *due <= now)?;
        self.known.get_key_value(device)
    }

    /// The silence of a device is this alarm.
    fn raised(&mut self, device: &DeviceId, alarm: String) {
        if let Some(outage) = self.known.get_mut(device) {
            outage.alarm = Some(alarm);
            self.silent.remove(&(outage.due, device.clone()));
        }
    }

    /// Finds again what is not stored.
    pub(crate) fn index(&mut self) {
        let waiting = self.known.iter();
        let waiting = waiting.filter(|(_, outage)| outage.alarm.is_none());
        let waiting = waiting.map(|(device, outage)| (outage.due, device.clone()));
        self.silent = waiting.collect();
        let planned = self.known.values().filter(|outage| outage.is_planned);
        self.unplanned = self.known.len().saturating_sub(planned.count());
    }
}

impl AlarmPlugin {
    /// A device says, or is seen, to be there or not.
    pub(crate) fn device_status(
        &mut self,
        entry: &Entry,
        status: &DeviceStatus,
        decisions: &mut Decisions,
    ) {
        let device = &status.device_id;
        match status.state {
            DeviceState::Offline => {
                self.points_away(device);
                if self.state.outages.known.contains_key(device) {
                    return;
                }
                // Devices of the plan are as many as it names; names that it does not are as many as somebody likes.
                let is_planned = self.owners.of_device(device) != Owner::Unplanned;
                if !is_planned && self.state.outages.unplanned() >= self.share() {
                    let about = Some((device.clone(), AlarmCode::DeviceOffline));
                    let limit = (Limit::Devices, Some(Owner::Unplanned));
                    return self.miss(limit, device.to_string(), about);
                }
                let due = entry
                    .time
                    .plus_seconds(i64::from(self.config.offline_after_s));
                let outage = Outage {
                    due,
                    cause: entry.message_id,
                    reason: status.reason.clone().unwrap_or_default(),
                    is_planned,
                    alarm: None,
                };
                self.state.outages.begin(device.clone(), outage);
                self.outages(entry, decisions);
            }
            DeviceState::Online | DeviceState::Degraded => {
                let Some(outage) = self.state.outages.end(device) else {
                    return;
                };
                if let Some(alarm) = outage.alarm {
                    let words = "设备恢复 / the device answers again";
                    self.clear(entry, &alarm, words, decisions);
                }
            }
            DeviceState::Unknown => {}
        }
    }

    /// Raises what has been silent for long enough. What is more than one entry may raise waits for
    /// the next.
    pub(crate) fn outages(&mut self, entry: &Entry, decisions: &mut Decisions) {
        for index in 0..RAISED_MAX {
            let Some((device, outage)) = self.state.outages.due(entry.time) else {
                return;
            };
            let device = device.clone();
            let words = format!("设备离线 / device offline: {device} {}", outage.reason);
            let mut event = self.own(entry, index, AlarmCode::DeviceOffline, &device, &words);
            event.cause_ref = Some(outage.cause);
            let alarm = event.alarm_id.clone();
            self.state.outages.raised(&device, alarm);
            decisions.emit(Body::AlarmEvent(event), None);
        }
    }
}
