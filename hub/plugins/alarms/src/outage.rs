//! Devices that fell silent (R050): one alarm an outage, and none for a connection that ends and is
//! there again at once.

use std::collections::BTreeSet;

use cordon_contract::{Decisions, Entry, Owner, Rows, Table};
use cordon_model::{AlarmCode, Body, DeviceId, DeviceState, DeviceStatus, MessageId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::detect::RAISED_MAX;
use crate::missed::Limit;
use crate::plugin::AlarmPlugin;

/// A millisecond of silence is forgiven for so many in which the device is there: it may be silent for a quarter of
/// the time.
const FORGIVEN_MS: i64 = 3;

/// A device that is silent, or was until a short time ago.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Outage {
    /// Since when it is silent, or was last.
    since: Timestamp,
    /// How long it had been silent before that, less what was forgiven since, milliseconds.
    before_ms: i64,
    /// When it is an alarm, if it stays silent.
    due: Timestamp,
    /// It is there again: since when, and when that counts as the end of the outage.
    there: Option<(Timestamp, Timestamp)>,
    /// It fell silent again before that.
    again: bool,
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
    /// Those that are silent and no alarm yet, by when they will be. Found again from the outages, never stored.
    silent: BTreeSet<(Timestamp, DeviceId)>,
    /// Those that are there again, by when their outage is over; not stored.
    there: BTreeSet<(Timestamp, DeviceId)>,
    /// How many the plan did not name; not stored.
    unplanned: usize,
}

impl Outages {
    pub(crate) fn new() -> Self {
        Self {
            // Before form 2 a device that was there for a moment began anew.
            known: Table::new("outages", 2),
            silent: BTreeSet::new(),
            there: BTreeSet::new(),
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
        if let Some((_, end)) = outage.there {
            self.there.remove(&(end, device.clone()));
        }
        Some(outage)
    }

    /// A device that was there for a while is silent again.
    fn go_on(&mut self, device: &DeviceId, outage: Outage) {
        let Some(known) = self.known.get_mut(device) else {
            return;
        };
        if let Some((_, end)) = known.there {
            self.there.remove(&(end, device.clone()));
        }
        if outage.alarm.is_none() {
            self.silent.insert((outage.due, device.clone()));
        }
        *known = outage;
    }

    /// A device is there again, after so much silence: since when, and when its outage is over if it stays.
    fn is_there(&mut self, device: &DeviceId, before_ms: i64, there: (Timestamp, Timestamp)) {
        if let Some(outage) = self.known.get_mut(device) {
            self.silent.remove(&(outage.due, device.clone()));
            outage.before_ms = before_ms;
            outage.there = Some(there);
            self.there.insert((there.1, device.clone()));
        }
    }

    /// The device whose outage is over, and has been for longest.
    fn over(&self, now: Timestamp) -> Option<DeviceId> {
        let (_, device) = self.there.first().filter(|(end, _)| *end <= now)?;
        Some(device.clone())
    }

    /// Whether an alarm is to be raised, or an outage is over.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.due(now).is_some() || self.over(now).is_some()
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
        let waiting = waiting.filter(|(_, it)| it.alarm.is_none() && it.there.is_none());
        let waiting = waiting.map(|(device, outage)| (outage.due, device.clone()));
        self.silent = waiting.collect();
        let there = self.known.iter();
        let there = there.filter_map(|(device, it)| Some((it.there?.1, device.clone())));
        self.there = there.collect();
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
                self.falls_silent(entry, status, decisions);
            }
            DeviceState::Online | DeviceState::Degraded => self.answers(entry, device, decisions),
            DeviceState::Unknown => {}
        }
    }

    fn falls_silent(&mut self, entry: &Entry, status: &DeviceStatus, decisions: &mut Decisions) {
        let device = &status.device_id;
        let now = self.now;
        self.end_outages(entry, decisions);
        let known = self.state.outages.known.get(device).cloned();
        if known.as_ref().is_some_and(|known| known.there.is_none()) {
            return;
        }
        // Devices of the plan are as many as it names; names that it does not are as many as somebody likes.
        let is_planned = self.owners.of_device(device) != Owner::Unplanned;
        if known.is_none() && !is_planned && self.state.outages.unplanned() >= self.share() {
            let about = Some((device.clone(), AlarmCode::DeviceOffline));
            let limit = (Limit::Devices, Some(Owner::Unplanned));
            return self.miss(limit, device.to_string(), about);
        }
        let before_ms = known.as_ref().map_or(0, |known| {
            let there_ms = known.there.map_or(0, |(since, _)| now.ms_since(since));
            (known.before_ms - there_ms / FORGIVEN_MS).max(0)
        });
        let outage = Outage {
            since: now,
            before_ms,
            due: now.plus_ms((self.offline_after_ms() - before_ms).max(0)),
            there: None,
            again: known.is_some(),
            cause: entry.message_id,
            reason: status.reason.clone().unwrap_or_default(),
            is_planned: known.as_ref().map_or(is_planned, |known| known.is_planned),
            alarm: known.as_ref().and_then(|known| known.alarm.clone()),
        };
        match known {
            Some(_) => self.state.outages.go_on(device, outage),
            None => self.state.outages.begin(device.clone(), outage),
        }
        self.outages(entry, decisions);
    }

    fn offline_after_ms(&self) -> i64 {
        i64::from(self.config.offline_after_s) * 1_000
    }

    /// A device says that it is there. An outage without a break is over; one with breaks when the device has been
    /// there for as long as it must be silent to be an alarm, or as its silence takes to be forgiven.
    fn answers(&mut self, entry: &Entry, device: &DeviceId, decisions: &mut Decisions) {
        let now = self.now;
        let after_ms = self.offline_after_ms();
        let Some(outage) = self.state.outages.known.get(device) else {
            return;
        };
        if outage.there.is_some() {
            return;
        }
        if outage.alarm.is_some() && !outage.again {
            return self.end_outage(entry, device, decisions);
        }
        let silent_ms = now.ms_since(outage.since).max(0) + outage.before_ms;
        let before_ms = silent_ms.min(after_ms);
        let end_ms = match outage.alarm {
            Some(_) => after_ms,
            None => before_ms * FORGIVEN_MS,
        };
        let there = (now, now.plus_ms(end_ms));
        self.state.outages.is_there(device, before_ms, there);
    }

    fn end_outage(&mut self, entry: &Entry, device: &DeviceId, decisions: &mut Decisions) {
        let outage = self.state.outages.end(device);
        if let Some(alarm) = outage.and_then(|outage| outage.alarm) {
            let words = "设备恢复 / the device answers again";
            self.clear(entry, &alarm, words, decisions);
        }
    }

    /// Ends what is over, and clears its alarms. What is more than one entry may clear waits for the next.
    pub(crate) fn end_outages(&mut self, entry: &Entry, decisions: &mut Decisions) {
        for _ in 0..RAISED_MAX {
            let Some(device) = self.state.outages.over(self.now) else {
                return;
            };
            self.end_outage(entry, &device, decisions);
        }
    }

    /// Raises what has been silent for long enough. What is more than one entry may raise waits for
    /// the next.
    pub(crate) fn outages(&mut self, entry: &Entry, decisions: &mut Decisions) {
        for index in 0..RAISED_MAX {
            let Some((device, outage)) = self.state.outages.due(self.now) else {
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
