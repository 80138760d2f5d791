//! One device behind the broker: whether it speaks, and what of that the hub was told. Pure.

use cordon_contract::{DeviceHealth, LinkState};
use cordon_model::{DeviceId, DeviceKind, DeviceState, Timestamp};

/// What is known of one device.
#[derive(Clone, Debug)]
pub struct Device {
    kind: DeviceKind,
    /// Silence longer than this is told; 0 never.
    limit_ms: i64,
    state: DeviceState,
    reason: String,
    since: Timestamp,
    /// The last sign of life; `None` when there was none since the start.
    last: Option<Timestamp>,
    /// Whether the journal holds a `DeviceStatus` of this state.
    told: bool,
    readings: u64,
    dropped: u64,
}

impl Device {
    /// A device of which nothing was heard yet; there is nothing to tell of it.
    pub fn new(kind: DeviceKind, silent_after_s: u32) -> Self {
        Self {
            kind,
            limit_ms: i64::from(silent_after_s) * 1_000,
            state: DeviceState::Unknown,
            reason: String::new(),
            since: Timestamp::from_micros(0),
            last: None,
            told: true,
            readings: 0,
            dropped: 0,
        }
    }

    /// A message of it was made durable (`taken`), or it was refused or dropped.
    pub fn count(&mut self, taken: bool) {
        self.readings += u64::from(taken);
        self.dropped += u64::from(!taken);
    }

    /// It spoke, whatever it said.
    pub fn spoke(&mut self, at: Timestamp) {
        self.last = self.last.max(Some(at));
        self.enter(DeviceState::Online, "", at);
    }

    /// Its birth message or last will arrived at `at` and was accepted. `recorded` when the journal
    /// got a status of it; a repetition of a message of long ago leaves none.
    pub fn said(&mut self, up: bool, recorded: bool, at: Timestamp) {
        match self.last.filter(|last| *last > at && !up) {
            // It spoke while its will was being made durable: the journal's last word is stale.
            Some(last) => {
                self.enter(DeviceState::Online, "", last);
                self.told = false;
            }
            None if up => {
                let news = self.state != DeviceState::Online;
                self.spoke(at);
                self.told |= recorded && news;
            }
            None => {
                let news = self.state != DeviceState::Offline;
                self.enter(DeviceState::Offline, "said by its last will", at);
                self.told |= recorded && news;
            }
        }
    }

    /// Judges silence. `up` is since when the broker can be heard, `None` while it cannot.
    ///
    /// A device is silent only while somebody listens: behind a lost link its state is not known,
    /// and after the link came back it has its whole limit again.
    pub fn look(&mut self, up: Option<Timestamp>, now: Timestamp) {
        let Some(heard) = self.last.max(up) else {
            return;
        };
        let quiet_ms = now.ms_since(heard);
        if self.limit_ms == 0 || quiet_ms <= self.limit_ms {
            return;
        }
        if up.is_some() && self.state != DeviceState::Offline {
            let reason = format!("silent for {} s", quiet_ms / 1_000);
            self.enter(DeviceState::Offline, &reason, heard);
        } else if up.is_none() && self.state == DeviceState::Online {
            self.enter(DeviceState::Unknown, "no link to the broker", now);
        }
    }

    fn enter(&mut self, state: DeviceState, reason: &str, since: Timestamp) {
        if self.state == state {
            return;
        }
        self.state = state;
        reason.clone_into(&mut self.reason);
        self.since = since;
        self.told = false;
    }

    /// Its state, if the journal does not hold it yet; from now on it counts as told.
    pub fn news(&mut self) -> Option<News> {
        let told = std::mem::replace(&mut self.told, true);
        (!told).then(|| News {
            kind: self.kind,
            state: self.state,
            reason: self.reason.clone(),
            since: self.since,
        })
    }

    /// What operators see.
    pub fn health(&self, id: &DeviceId, linked: bool) -> DeviceHealth {
        let (state, reason) = match self.state {
            _ if !linked => (LinkState::Offline, "no link to the broker"),
            DeviceState::Offline => (LinkState::Offline, self.reason.as_str()),
            DeviceState::Unknown => (LinkState::Starting, ""),
            DeviceState::Online | DeviceState::Degraded => (LinkState::Online, ""),
        };
        DeviceHealth {
            device: id.clone(),
            state,
            reason: reason.to_owned(),
            since: self.since,
            readings: self.readings,
            dropped: self.dropped,
            clock_offset_ms: None,
        }
    }
}

/// A state to be told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct News {
    /// What the device is.
    pub kind: DeviceKind,
    /// Its state.
    pub state: DeviceState,
    /// Why; empty when all is well.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::Device;
    use cordon_model::{DeviceKind, DeviceState, Timestamp};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn told(device: &mut Device) -> Option<DeviceState> {
        device.news().map(|news| news.state)
    }

    #[test]
    fn silence_is_told_once_and_so_is_its_end() {
        let mut device = Device::new(DeviceKind::GasDetector, 60);
        assert_eq!(told(&mut device), None);
        device.spoke(at(10));
        assert_eq!(told(&mut device), Some(DeviceState::Online));
        device.spoke(at(30));
        device.look(Some(at(5)), at(90));
        assert_eq!(told(&mut device), None, "60 s are within the limit");
        device.look(Some(at(5)), at(91));
        let news = device.news().unwrap();
        assert_eq!((news.state, news.since), (DeviceState::Offline, at(30)));
        assert_eq!(news.reason, "silent for 61 s");
        device.look(Some(at(5)), at(500));
        assert_eq!(told(&mut device), None);
        device.spoke(at(501));
        assert_eq!(told(&mut device), Some(DeviceState::Online));
        assert_eq!(told(&mut device), None);
    }

    #[test]
    fn one_that_never_spoke_is_silent_from_the_first_link_on() {
        let mut device = Device::new(DeviceKind::Sensor, 60);
        device.look(None, at(1_000));
        assert_eq!(told(&mut device), None, "nobody could hear it");
        device.look(Some(at(1_000)), at(1_061));
        assert_eq!(told(&mut device), Some(DeviceState::Offline));
        let mut rare = Device::new(DeviceKind::Sensor, 0);
        rare.spoke(at(1));
        rare.look(Some(at(1)), at(1_000_000));
        assert_eq!(told(&mut rare), Some(DeviceState::Online), "0 means never");
    }

    #[test]
    fn behind_a_lost_link_a_device_is_unknown_and_not_offline() {
        let mut device = Device::new(DeviceKind::Sensor, 60);
        device.spoke(at(10));
        assert_eq!(told(&mut device), Some(DeviceState::Online));
        device.look(None, at(60));
        assert_eq!(told(&mut device), None);
        device.look(None, at(100));
        assert_eq!(told(&mut device), Some(DeviceState::Unknown));
        // The link is back at 200: it has its whole limit.
        device.look(Some(at(200)), at(260));
        assert_eq!(told(&mut device), None);
        device.look(Some(at(200)), at(261));
        assert_eq!(told(&mut device), Some(DeviceState::Offline));
        // An outage of the link does not bring an offline device back.
        device.look(None, at(900));
        assert_eq!(told(&mut device), None);
    }

    #[test]
    fn a_will_is_not_told_twice_and_speaking_ends_it() {
        let mut device = Device::new(DeviceKind::Sensor, 60);
        device.spoke(at(10));
        assert_eq!(told(&mut device), Some(DeviceState::Online));
        device.said(false, true, at(20));
        assert_eq!(told(&mut device), None, "its message is the status");
        device.look(Some(at(1)), at(500));
        assert_eq!(told(&mut device), None);
        device.spoke(at(501));
        assert_eq!(told(&mut device), Some(DeviceState::Online));
        // A retained word that the journal holds since before the last start.
        device.said(false, false, at(510));
        assert_eq!(told(&mut device), Some(DeviceState::Offline));
        device.said(true, true, at(520));
        assert_eq!(told(&mut device), None);
    }

    #[test]
    fn a_will_that_was_overtaken_by_a_reading_does_not_stick() {
        let mut device = Device::new(DeviceKind::Sensor, 60);
        device.spoke(at(10));
        assert_eq!(told(&mut device), Some(DeviceState::Online));
        device.spoke(at(21));
        device.said(false, true, at(20));
        assert_eq!(told(&mut device), Some(DeviceState::Online));
    }
}
