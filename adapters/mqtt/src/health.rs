//! What operators see of the link and of the devices behind it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cordon_contract::{DeviceHealth, LinkState};
use cordon_model::{DeviceId, Timestamp};

/// Most devices that are told apart; further ones count for the gateway.
const DEVICES_MAX: usize = 10_000;

/// The link and its devices.
#[derive(Debug)]
pub struct Health {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    link: DeviceHealth,
    devices: BTreeMap<DeviceId, Device>,
    now: Timestamp,
}

#[derive(Debug)]
struct Device {
    first: Timestamp,
    last: Timestamp,
    readings: u64,
    dropped: u64,
}

impl Health {
    /// A link that was not tried yet.
    pub fn new(gateway: DeviceId) -> Self {
        let link = DeviceHealth {
            device: gateway,
            state: LinkState::Starting,
            reason: String::new(),
            since: Timestamp::from_micros(0),
            readings: 0,
            dropped: 0,
            clock_offset_ms: None,
        };
        let now = Timestamp::from_micros(0);
        Self {
            inner: Mutex::new(Inner {
                link,
                devices: BTreeMap::new(),
                now,
            }),
        }
    }

    /// The link changed.
    pub fn link(&self, state: LinkState, reason: impl Into<String>, now: Timestamp) {
        let mut inner = self.lock();
        inner.now = now;
        let link = &mut inner.link;
        if link.state != state {
            link.since = now;
        }
        link.state = state;
        link.reason = reason.into();
    }

    /// A reading was made durable (`taken`), or it was refused or dropped.
    pub fn reading(&self, device: &DeviceId, taken: bool, now: Timestamp) {
        let mut inner = self.lock();
        inner.now = now;
        let (readings, dropped) = (u64::from(taken), u64::from(!taken));
        inner.link.readings += readings;
        inner.link.dropped += dropped;
        if inner.link.device == *device
            || (inner.devices.len() >= DEVICES_MAX && !inner.devices.contains_key(device))
        {
            return;
        }
        let device = inner.devices.entry(device.clone()).or_insert(Device {
            first: now,
            last: now,
            readings: 0,
            dropped: 0,
        });
        device.last = now;
        device.readings += readings;
        device.dropped += dropped;
    }

    /// The clock went on, so that silence can be seen.
    pub fn tick(&self, now: Timestamp) {
        self.lock().now = now;
    }

    /// Everything, the link first.
    pub fn all(&self, silent_after_s: u32) -> Vec<DeviceHealth> {
        let inner = self.lock();
        let silent = i64::from(silent_after_s) * 1_000;
        let online = inner.link.state == LinkState::Online;
        let devices = inner.devices.iter().map(|(id, device)| {
            let quiet_ms = inner.now.ms_since(device.last);
            let quiet = silent > 0 && quiet_ms > silent;
            let (state, reason) = match (online, quiet) {
                (false, _) => (LinkState::Offline, "no link to the broker".to_owned()),
                (true, true) => (
                    LinkState::Degraded,
                    format!("silent for {} s", quiet_ms / 1_000),
                ),
                (true, false) => (LinkState::Online, String::new()),
            };
            DeviceHealth {
                device: id.clone(),
                state,
                reason,
                since: if quiet { device.last } else { device.first },
                readings: device.readings,
                dropped: device.dropped,
                clock_offset_ms: None,
            }
        });
        std::iter::once(inner.link.clone()).chain(devices).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change is complete before the lock is left, so a panic elsewhere harms nothing.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Health;
    use cordon_contract::LinkState;
    use cordon_model::{DeviceId, Timestamp};

    #[test]
    fn silence_and_a_lost_link_are_visible() {
        let health = Health::new("GW".parse().unwrap());
        let device: DeviceId = "D-1".parse().unwrap();
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        health.link(LinkState::Online, "", at(10));
        health.reading(&device, true, at(11));
        health.reading(&device, false, at(12));
        let all = health.all(60);
        assert_eq!(
            (all[1].state, all[1].readings, all[1].dropped),
            (LinkState::Online, 1, 1)
        );
        health.tick(at(100));
        assert_eq!(health.all(60)[1].state, LinkState::Degraded);
        health.link(LinkState::Offline, "refused", at(101));
        assert_eq!(health.all(60)[1].state, LinkState::Offline);
        assert_eq!(health.all(60)[0].since, at(101));
    }
}
