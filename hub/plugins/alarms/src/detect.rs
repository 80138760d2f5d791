//! What nobody else raises: devices that fell silent (R050) and values beyond their thresholds (R035).
//!
//! Both are states: an alarm is raised when the state begins and cleared when it ends, however often
//! the state is told in between.

use cordon_contract::{Decisions, Entry};
use cordon_model::{
    AlarmCode, AlarmEvent, AlarmState, Body, DeviceId, DeviceState, DeviceStatus, LaneId, Sample,
    SampleQuality, SensorReadingBatch,
};

use crate::plugin::{AlarmPlugin, clip};
use crate::state::Point;

/// Alarms raised for one entry; a sample beyond its threshold comes again, so none is lost.
const RAISED_MAX: usize = 200;

impl AlarmPlugin {
    pub(crate) fn device_status(
        &mut self,
        entry: &Entry,
        status: &DeviceStatus,
        decisions: &mut Decisions,
    ) {
        let device = &status.device_id;
        match status.state {
            DeviceState::Offline => {
                let known = self.state.outages.contains_key(device);
                if known || self.state.outages.len() >= self.config.open_max {
                    return;
                }
                let reason = status.reason.as_deref().unwrap_or_default();
                let words = format!("设备离线 / device offline: {device} {reason}");
                let event = self.own(entry, 0, AlarmCode::DeviceOffline, device, &words);
                self.state
                    .outages
                    .insert(device.clone(), event.alarm_id.clone());
                decisions.emit(Body::AlarmEvent(event), None);
            }
            DeviceState::Online | DeviceState::Degraded => {
                if let Some(alarm) = self.state.outages.remove(device) {
                    let words = "设备恢复 / the device answers again";
                    self.clear(entry, &alarm, words, decisions);
                }
            }
            DeviceState::Unknown => {}
        }
    }

    pub(crate) fn samples(
        &mut self,
        entry: &Entry,
        batch: &SensorReadingBatch,
        decisions: &mut Decisions,
    ) {
        let oldest = entry
            .time
            .plus_seconds(-i64::from(self.config.sample_age_s_max));
        let mut raised = 0;
        for sample in &batch.samples {
            let usable = sample.quality == SampleQuality::Good && sample.observed_at >= oldest;
            if usable && raised < RAISED_MAX && self.sample(entry, raised, sample, decisions) {
                raised += 1;
            }
        }
    }

    /// Looks at one sample; whether it raised an alarm.
    fn sample(
        &mut self,
        entry: &Entry,
        index: usize,
        sample: &Sample,
        decisions: &mut Decisions,
    ) -> bool {
        let band = band(sample);
        let key = (sample.device_id.clone(), sample.point.clone());
        let before = self.state.points.get_mut(&key);
        match (before, band) {
            (None, None) => return false,
            (Some(point), band) if band == Some(point.code) => {
                point.back = None;
                return false;
            }
            // Milder than before: only after it stayed so for a while, so that a value that swings
            // around its threshold is one alarm.
            (Some(point), band) if !band.is_some_and(|code| is_worse(code, point.code)) => {
                let since = *point.back.get_or_insert(entry.time);
                let wait = i64::from(self.config.clear_after_s) * 1_000;
                if entry.time.ms_since(since) < wait {
                    return false;
                }
            }
            _ => {}
        }
        if let Some(point) = self.state.points.remove(&key) {
            let words = format!(
                "{} {} = {} {}",
                sample.device_id, sample.point, sample.value, sample.unit
            );
            self.clear(entry, &point.alarm, &words, decisions);
        }
        let Some(code) = band else { return false };
        if self.state.points.len() >= self.config.open_max {
            return false;
        }
        let words = format!(
            "{} / {code}: {} {} = {} {}",
            code.as_chinese(),
            sample.device_id,
            sample.point,
            sample.value,
            sample.unit
        );
        let event = self.own(entry, index, code, &sample.device_id, &words);
        let point = Point {
            code,
            alarm: event.alarm_id.clone(),
            back: None,
        };
        self.state.points.insert(key, point);
        decisions.emit(Body::AlarmEvent(event), None);
        true
    }

    /// An alarm of our own about a device.
    fn own(
        &self,
        entry: &Entry,
        index: usize,
        code: AlarmCode,
        device: &DeviceId,
        words: &str,
    ) -> AlarmEvent {
        let (area, lane) = self.places.of_device(device);
        AlarmEvent {
            alarm_id: format!("alarm-{}-{index}", entry.number),
            alarm_code: code,
            alarm_level: self.config.level(code),
            state: AlarmState::Raised,
            occurred_at: entry.time,
            source_device: Some(device.clone()),
            subject: None,
            person_id: None,
            enterprise_id: None,
            area_id: area,
            gate_id: None,
            lane_id: lane.and_then(|lane| LaneId::new(lane).ok()),
            position: None,
            cause_ref: Some(entry.message_id),
            evidence: Vec::new(),
            description: clip(words),
        }
    }
}

/// The worst threshold a sample is beyond; reaching a threshold counts.
fn band(sample: &Sample) -> Option<AlarmCode> {
    let limits = sample.thresholds.as_ref()?;
    let value = sample.value;
    if limits.high_high.is_some_and(|limit| value >= limit) {
        Some(AlarmCode::SensorHh)
    } else if limits.low_low.is_some_and(|limit| value <= limit) {
        Some(AlarmCode::SensorLl)
    } else if limits.high.is_some_and(|limit| value >= limit) {
        Some(AlarmCode::SensorH)
    } else if limits.low.is_some_and(|limit| value <= limit) {
        Some(AlarmCode::SensorL)
    } else {
        None
    }
}

/// Whether a point went from `old` to something that cannot wait.
fn is_worse(new: AlarmCode, old: AlarmCode) -> bool {
    let milder = matches!(
        (old, new),
        (AlarmCode::SensorHh, AlarmCode::SensorH) | (AlarmCode::SensorLl, AlarmCode::SensorL)
    );
    !milder
}
