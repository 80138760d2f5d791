//! Devices that fell silent (R050): one alarm an outage, and none for a connection that ends and is
//! there again at once.

use cordon_contract::{Decisions, Entry, Owner};
use cordon_model::{AlarmCode, Body, DeviceState, DeviceStatus};

use crate::detect::RAISED_MAX;
use crate::missed::Limit;
use crate::plugin::AlarmPlugin;
use crate::state::Outage;

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
                if self.state.outages.contains_key(device) {
                    return;
                }
                // Devices of the plan are as many as it names; names that it does not are as many as somebody likes.
                let is_planned = self.owners.of_device(device) != Owner::Unplanned;
                if !is_planned && self.state.unplanned.len() >= self.share() {
                    let about = Some((device.clone(), AlarmCode::DeviceOffline));
                    let limit = (Limit::Devices, Some(Owner::Unplanned));
                    return self.miss(limit, device.to_string(), about);
                }
                if !is_planned {
                    self.state.unplanned.insert(device.clone());
                }
                let due = entry
                    .time
                    .plus_seconds(i64::from(self.config.offline_after_s));
                let outage = Outage {
                    due,
                    cause: entry.message_id,
                    reason: status.reason.clone().unwrap_or_default(),
                    alarm: None,
                };
                self.forget_over(device);
                self.state.outages.insert(device.clone(), outage);
                self.state.silent.insert((due, device.clone()));
                self.outages(entry, decisions);
            }
            DeviceState::Online | DeviceState::Degraded => {
                let Some(outage) = self.state.outages.remove(device) else {
                    return;
                };
                self.state.silent.remove(&(outage.due, device.clone()));
                self.state.unplanned.remove(device);
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
            let due = self
                .state
                .silent
                .first()
                .filter(|(due, _)| *due <= entry.time);
            let Some((_, device)) = due.cloned() else {
                return;
            };
            self.state.silent.pop_first();
            let Some(outage) = self.state.outages.get(&device) else {
                continue;
            };
            let words = format!("设备离线 / device offline: {device} {}", outage.reason);
            let mut event = self.own(entry, index, AlarmCode::DeviceOffline, &device, &words);
            event.cause_ref = Some(outage.cause);
            if let Some(outage) = self.state.outages.get_mut(&device) {
                outage.alarm = Some(event.alarm_id.clone());
            }
            decisions.emit(Body::AlarmEvent(event), None);
        }
    }
}
