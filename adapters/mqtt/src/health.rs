//! What is known of the link and of the devices behind it: operators see it, and every change of it
//! becomes a `DeviceStatus`.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cordon_contract::{DeviceHealth, LinkState};
use cordon_model::{DeviceId, DeviceKind, DeviceState, Timestamp};

use crate::config::{Config, DEVICES_MAX};
use crate::device::{Device, News};

/// The link and its devices. All its times are of the clock that no step moves: a clock that is set makes nobody silent.
#[derive(Debug)]
pub struct Health {
    /// The limit of devices that have none of their own, seconds.
    silent_after_s: u32,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    link: DeviceHealth,
    /// The state of the link that was told last.
    told: LinkState,
    devices: BTreeMap<DeviceId, Device>,
}

impl Health {
    /// A link that was not tried yet, and the devices that are expected behind it.
    pub fn new(config: &Config) -> Self {
        let link = DeviceHealth {
            device: config.gateway.clone(),
            state: LinkState::Starting,
            reason: String::new(),
            since: Timestamp::from_micros(0),
            readings: 0,
            dropped: 0,
            clock_offset_ms: None,
        };
        let devices = config.watch.iter().take(DEVICES_MAX).map(|watch| {
            let limit = watch.silent_after_s.unwrap_or(config.silent_after_s);
            (watch.device.clone(), Device::new(watch.kind, limit))
        });
        Self {
            silent_after_s: config.silent_after_s,
            inner: Mutex::new(Inner {
                link,
                told: LinkState::Starting,
                devices: devices.collect(),
            }),
        }
    }

    /// The link changed.
    pub fn link(&self, state: LinkState, reason: impl Into<String>, now: Timestamp) {
        let mut inner = self.lock();
        let link = &mut inner.link;
        if link.state != state {
            link.since = now;
        }
        link.state = state;
        link.reason = reason.into();
    }

    /// A message was made durable (`taken`), or it was refused or dropped.
    pub fn reading(&self, device: &DeviceId, taken: bool) {
        let mut inner = self.lock();
        inner.link.readings += u64::from(taken);
        inner.link.dropped += u64::from(!taken);
        if let Some(device) = inner.devices.get_mut(device) {
            device.count(taken);
        }
    }

    /// Something of this device arrived. Only of devices that are known it says anything: a name is
    /// not believed before a message under it was accepted.
    pub fn spoke(&self, device: &DeviceId, at: Timestamp) {
        if let Some(device) = self.lock().devices.get_mut(device) {
            device.spoke(at);
        }
    }

    /// A message that arrived at `at` was accepted: from now on its device is known.
    pub fn accepted(&self, device: &DeviceId, at: Timestamp) {
        if !self.lock().devices.contains_key(device) {
            self.with(device, |device| device.spoke(at));
        }
    }

    /// A birth message or last will was accepted; see [`Device::said`].
    pub fn said(&self, device: &DeviceId, up: bool, recorded: bool, at: Timestamp) {
        self.with(device, |device| device.said(up, recorded, at));
    }

    fn with(&self, id: &DeviceId, act: impl FnOnce(&mut Device)) {
        let mut inner = self.lock();
        let is_full = inner.devices.len() >= DEVICES_MAX && !inner.devices.contains_key(id);
        if is_full || inner.link.device == *id {
            return;
        }
        let fresh = || Device::new(DeviceKind::Sensor, self.silent_after_s);
        act(inner.devices.entry(id.clone()).or_insert_with(fresh));
    }

    /// The clock went on, so that silence can be seen.
    pub fn tick(&self, now: Timestamp) {
        let mut inner = self.lock();
        let up = (inner.link.state == LinkState::Online).then_some(inner.link.since);
        for device in inner.devices.values_mut() {
            device.look(up, now);
        }
    }

    /// What changed and is not told yet, the link first.
    pub fn news(&self, now: Timestamp) -> Vec<(DeviceId, News)> {
        self.tick(now);
        let mut inner = self.lock();
        let mut news = Vec::new();
        if let Some(state) = state_of(inner.link.state).filter(|_| inner.told != inner.link.state) {
            inner.told = inner.link.state;
            let link = News {
                kind: DeviceKind::Gateway,
                state,
                reason: inner.link.reason.clone(),
                since: inner.link.since,
            };
            news.push((inner.link.device.clone(), link));
        }
        let devices = inner.devices.iter_mut();
        news.extend(devices.filter_map(|(id, device)| Some((id.clone(), device.news()?))));
        news
    }

    /// Everything, the link first.
    pub fn all(&self) -> Vec<DeviceHealth> {
        let inner = self.lock();
        let linked = inner.link.state == LinkState::Online;
        let devices = inner.devices.iter();
        let devices = devices.map(|(id, device)| device.health(id, linked));
        std::iter::once(inner.link.clone()).chain(devices).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change is complete before the lock is left, so a panic elsewhere harms nothing.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the clock would have shown at a time of the clock that no step moves, by how the two stand to each other. Before
/// anything is known there is none.
pub fn shown(since: Timestamp, (now, steady): (Timestamp, Timestamp)) -> Timestamp {
    match since.micros() {
        0 => since,
        micros => Timestamp::from_micros(micros + (now.micros() - steady.micros())),
    }
}

/// `None` while nothing was tried.
fn state_of(link: LinkState) -> Option<DeviceState> {
    match link {
        LinkState::Starting => None,
        LinkState::Online => Some(DeviceState::Online),
        LinkState::Degraded => Some(DeviceState::Degraded),
        LinkState::Offline => Some(DeviceState::Offline),
    }
}

#[cfg(test)]
mod tests {
    use super::{Health, shown};
    use crate::config::{Config, DEVICES_MAX};
    use cordon_contract::LinkState;
    use cordon_model::{DeviceId, DeviceState, Timestamp};

    fn config(more: &str) -> Config {
        let head = "name = \"s\"\nhost = \"h\"\nport = 1\nclient_id = \"hub\"\ngateway = \"GW\"\nsilent_after_s = 60\n";
        toml::from_str(&format!("{head}{more}")).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn told(health: &Health, seconds: i64) -> Vec<(String, DeviceState)> {
        let news = health.news(at(seconds)).into_iter();
        news.map(|(id, news)| (id.to_string(), news.state))
            .collect()
    }

    fn word(id: &str, state: DeviceState) -> (String, DeviceState) {
        (id.to_owned(), state)
    }

    /// "Silent for 86404 s", when the clock was set a day ahead.
    #[test]
    fn a_step_of_the_clock_makes_nobody_silent_and_people_see_its_time() {
        use cordon_contract::{Clock as _, ManualClock};
        let clock = ManualClock::new(at(10));
        let health = Health::new(&config(""));
        let device: DeviceId = "D-1".parse().unwrap();
        health.link(LinkState::Online, "", clock.steady());
        health.accepted(&device, clock.steady());
        clock.advance_ms(20_000);
        clock.step_ms(86_400_000);
        health.tick(clock.steady());
        assert_eq!(health.all()[1].state, LinkState::Online);
        clock.advance_ms(41_000);
        health.tick(clock.steady());
        let known = health.all().remove(1);
        assert_eq!(known.reason, "silent for 61 s");
        let since = shown(known.since, clock.times());
        assert_eq!(since, at(86_410), "as the clock shows it now");
    }

    #[test]
    fn silence_and_a_lost_link_are_visible() {
        let health = Health::new(&config(""));
        let device: DeviceId = "D-1".parse().unwrap();
        health.link(LinkState::Online, "", at(10));
        health.accepted(&device, at(11));
        health.reading(&device, true);
        health.reading(&device, false);
        let seen = |index: usize| health.all().remove(index);
        assert_eq!(seen(1).state, LinkState::Online);
        assert_eq!((seen(1).readings, seen(1).dropped), (1, 1));
        health.tick(at(100));
        assert_eq!(seen(1).state, LinkState::Offline);
        assert_eq!(seen(1).reason, "silent for 89 s");
        health.link(LinkState::Offline, "refused", at(101));
        assert_eq!(seen(1).reason, "no link to the broker");
        assert_eq!(seen(0).since, at(101));
    }

    #[test]
    fn the_link_is_told_when_its_state_changes_and_not_when_its_reason_does() {
        let health = Health::new(&config(""));
        assert!(told(&health, 1).is_empty(), "nothing was tried");
        health.link(LinkState::Offline, "refused", at(2));
        assert_eq!(told(&health, 3), [word("GW", DeviceState::Offline)]);
        health.link(LinkState::Offline, "timed out", at(4));
        assert!(told(&health, 5).is_empty());
        health.link(LinkState::Online, "", at(6));
        assert_eq!(told(&health, 7), [word("GW", DeviceState::Online)]);
        assert!(told(&health, 8).is_empty());
    }

    #[test]
    fn listed_devices_are_expected_and_others_known_once_accepted() {
        let listed = "[[watch]]\ndevice = \"D-2\"\nkind = \"GAS_DETECTOR\"\nsilent_after_s = 5\n";
        let health = Health::new(&config(listed));
        let garbage: DeviceId = "D-9".parse().unwrap();
        health.link(LinkState::Online, "", at(1));
        health.spoke(&garbage, at(1));
        health.reading(&garbage, false);
        assert_eq!(told(&health, 2), [word("GW", DeviceState::Online)]);
        assert_eq!(told(&health, 7), [word("D-2", DeviceState::Offline)]);
        health.accepted(&"D-2".parse().unwrap(), at(8));
        assert!(told(&health, 8).is_empty(), "its arrival says it speaks");
        health.spoke(&"D-2".parse().unwrap(), at(9));
        assert_eq!(told(&health, 9), [word("D-2", DeviceState::Online)]);
    }

    #[test]
    fn no_more_devices_than_the_limit_are_told_apart() {
        let health = Health::new(&config(""));
        for index in 0..=DEVICES_MAX {
            health.accepted(&format!("D-{index}").parse().unwrap(), at(1));
        }
        health.accepted(&"GW".parse().unwrap(), at(1));
        assert_eq!(health.all().len(), DEVICES_MAX + 1, "and the link");
        assert_eq!(told(&health, 1).len(), DEVICES_MAX);
    }
}
