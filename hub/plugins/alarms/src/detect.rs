//! Values beyond their thresholds (R035), which nobody else raises.
//!
//! Being beyond is a state: an alarm is raised when it begins and cleared when it ends, however often
//! it is told in between. Past a further threshold of the same side the same alarm rises; it never
//! sinks, because a leak that grows smaller is still that leak.

use cordon_contract::{Decisions, Entry};
use cordon_model::{
    AlarmCode, AlarmEvent, AlarmState, Body, DeviceId, LaneId, Sample, SampleQuality,
    SensorReadingBatch,
};

use crate::life::is_over;
use crate::missed::Limit;
use crate::plugin::{AlarmPlugin, clip};
use crate::points::{Point, PointKey};

/// Alarms raised for one entry; a sample beyond its threshold comes again, so none is lost.
pub(crate) const RAISED_MAX: usize = 200;

impl AlarmPlugin {
    pub(crate) fn samples(
        &mut self,
        entry: &Entry,
        batch: &SensorReadingBatch,
        decisions: &mut Decisions,
    ) {
        let mut raised = 0;
        for sample in &batch.samples {
            let usable = sample.quality == SampleQuality::Good;
            if !usable {
                self.point_away((sample.device_id.clone(), sample.point.clone()));
            }
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
        let key = (sample.device_id.clone(), sample.point.clone());
        let band = band(sample);
        let owner = self.owners.of_device(&key.0);
        let Some(mut point) = self.state.points.get(&key).cloned() else {
            return band.is_some_and(|code| {
                self.raise(entry, index, key, sample, (code, None), decisions)
            });
        };
        point.was_away |= band.is_none();
        // Its alarm is over: what is beyond after it was not, or was milder, is another one.
        let is_again = band == Some(point.code) && point.back.is_some();
        if (point.was_away || is_again) && self.is_point_over(entry, &point) {
            self.state.points.remove(&key, &owner);
            return band.is_some_and(|code| {
                self.raise(entry, index, key, sample, (code, None), decisions)
            });
        }
        match band {
            Some(code) if code == point.code => {
                point.back = None;
                point.was_away = false;
            }
            // A worse threshold of the same side cannot wait: the alarm rises.
            Some(code) if is_worse(code, point.code) => {
                let risen = Some(point.alarm);
                return self.raise(entry, index, key, sample, (code, risen), decisions);
            }
            // The other side is another alarm, at once.
            Some(code) if !is_worse(point.code, code) => {
                return self.left(entry, index, key, sample, (point, Some(code)), decisions);
            }
            // Without its threshold nothing is said of it.
            _ if !says_of(sample, point.code) => {}
            // Milder or normal only after it stayed so for a while, so that a value that swings around
            // its threshold is one alarm.
            band => {
                let since = *point.back.get_or_insert(self.now);
                let wait = i64::from(self.config.clear_after_s) * 1_000;
                if self.now.ms_since(since) >= wait {
                    return self.left(entry, index, key, sample, (point, band), decisions);
                }
            }
        }
        self.state.points.put(key, point, &owner);
        false
    }

    /// Whether the alarm of a point is over, or that in which it is counted. So is one that is known no more; one that was
    /// raised for this entry is yet to be taken up.
    fn is_point_over(&self, entry: &Entry, point: &Point) -> bool {
        let id = point.counted_in.as_ref().unwrap_or(&point.alarm);
        let raised_now = point.raised_by == entry.number;
        let known = self.state.alarms.get(id);
        known.map_or(!raised_now, |alarm| is_over(alarm.state))
    }

    /// A device fell silent: nobody knows what its points were meanwhile.
    pub(crate) fn points_away(&mut self, device: &DeviceId) {
        let points = self.state.points.of_device(device);
        let points: Vec<PointKey> = points.map(|(key, _)| key.clone()).collect();
        for key in points {
            self.point_away(key);
        }
    }

    /// Nobody knows what a point was at times.
    fn point_away(&mut self, key: PointKey) {
        let owner = self.owners.of_device(&key.0);
        if let Some(point) = self.state.points.get(&key).cloned() {
            let point = Point {
                was_away: true,
                ..point
            };
            self.state.points.put(key, point, &owner);
        }
    }

    /// A point stayed out of the band of its alarm; whether that raised another.
    fn left(
        &mut self,
        entry: &Entry,
        index: usize,
        key: PointKey,
        sample: &Sample,
        (point, band): (Point, Option<AlarmCode>),
        decisions: &mut Decisions,
    ) -> bool {
        let owner = self.owners.of_device(&key.0);
        if let Some(code) = band.filter(|code| is_worse(point.code, *code)) {
            // Milder, and still beyond: the same alarm, which may rise again.
            let point = Point {
                code,
                back: None,
                was_away: false,
                ..point
            };
            self.state.points.put(key, point, &owner);
            return false;
        }
        let words = format!(
            "{} {} = {} {}",
            sample.device_id, sample.point, sample.value, sample.unit
        );
        self.state.points.remove(&key, &owner);
        self.clear(entry, &point.alarm, &words, decisions);
        band.is_some_and(|code| self.raise(entry, index, key, sample, (code, None), decisions))
    }

    /// Raises an alarm about a sample, or lets `risen` rise; whether there was room.
    fn raise(
        &mut self,
        entry: &Entry,
        index: usize,
        key: PointKey,
        sample: &Sample,
        (code, risen): (AlarmCode, Option<String>),
        decisions: &mut Decisions,
    ) -> bool {
        let owner = self.owners.of_device(&key.0);
        if risen.is_none() && !self.has_room_for_point(&owner) {
            let (device, point) = key;
            let name = format!("{device} {point}");
            self.miss((Limit::Points, Some(owner)), name, Some((device, code)));
            return false;
        }
        let mut words = format!(
            "{} / {code}: {} {} = {} {}",
            code.as_chinese(),
            sample.device_id,
            sample.point,
            sample.value,
            sample.unit
        );
        // Its clock may be wrong, or it was held up on the way: an alarm all the same, and people see how old it is.
        let age_s = entry.time.ms_since(sample.observed_at) / 1_000;
        if age_s > i64::from(self.config.sample_age_s_max) {
            words += &format!(" ({age_s} s old when it came 到达时已滞后 {age_s} 秒)");
        }
        let mut event = self.own(entry, index, code, &sample.device_id, &words);
        // An alarm that ended meanwhile does not rise; another begins.
        let ended = |id: &String| {
            let known = self.state.alarms.get(id);
            known.is_some_and(|alarm| is_over(alarm.state))
        };
        if let Some(alarm) = risen.filter(|id| !ended(id)) {
            event.alarm_id = alarm;
        }
        let point = Point {
            code,
            alarm: event.alarm_id.clone(),
            raised_by: entry.number,
            counted_in: None,
            back: None,
            was_away: false,
        };
        self.state.points.put(key, point, &owner);
        decisions.emit(Body::AlarmEvent(event), None);
        true
    }

    /// An alarm of our own about a device.
    pub(crate) fn own(
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

/// Whether a sample that is not beyond a threshold says so: it has that threshold, or a nearer one of that side that it
/// does not reach.
fn says_of(sample: &Sample, code: AlarmCode) -> bool {
    let Some(limits) = &sample.thresholds else {
        return false;
    };
    let within_high = limits.high.is_some_and(|limit| sample.value < limit);
    let within_low = limits.low.is_some_and(|limit| sample.value > limit);
    match code {
        AlarmCode::SensorHh => limits.high_high.is_some() || within_high,
        AlarmCode::SensorLl => limits.low_low.is_some() || within_low,
        AlarmCode::SensorL => limits.low.is_some(),
        _ => limits.high.is_some(),
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

/// Whether `new` is the further threshold of the same side.
pub(crate) fn is_worse(new: AlarmCode, old: AlarmCode) -> bool {
    matches!(
        (old, new),
        (AlarmCode::SensorH, AlarmCode::SensorHh) | (AlarmCode::SensorL, AlarmCode::SensorLl)
    )
}
