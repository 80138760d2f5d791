//! Who said how much: messages by source and day, for data completeness.

use std::collections::BTreeMap;

use cordon_model::{Body, DeviceId, DeviceState, PartyId};
use serde::{Deserialize, Serialize};

use crate::span::hour_of;
use crate::standard::{HOURS_MAX, Told};

/// Sources booked under one day at most; what comes beyond is not booked.
const SOURCES_MAX: usize = 20_000;
/// Days held at most; beyond, the oldest goes and reports cannot reach back to it.
const DAYS_MAX: usize = HOURS_MAX / 24;

/// Messages by day and source.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Received {
    days: BTreeMap<i64, BTreeMap<Source, Heard>>,
}

/// Who said it.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) enum Source {
    /// A party, by its signature or through its own system.
    Party(PartyId),
    /// A device.
    Device(DeviceId),
}

/// What was heard of a source.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Heard {
    /// Messages by hour of the day.
    hours: [u32; 24],
    /// Refused messages by hour of the day.
    refused: [u32; 24],
    /// When the hub took in the last, microseconds; 0 for never.
    last: i64,
}

/// What was heard of a source in a span.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Total {
    pub(crate) messages: u64,
    pub(crate) refused: u64,
    pub(crate) hours: u64,
    pub(crate) last: i64,
}

impl Received {
    /// Books a message under each of its sources, once. When there was no room, gives the first hour that is still
    /// held.
    pub(crate) fn message(&mut self, told: &Told<'_>) -> Option<i64> {
        let message = told.message;
        let hour = hour_of(told.at(message.header.occurred_at));
        if hour < told.held_from {
            return None;
        }
        let party = match &message.header.attested_by {
            Some(_) => enterprise_of(&message.body),
            None => Some(&told.entry.sender),
        };
        let mut sources: Vec<Source> = party.cloned().map(Source::Party).into_iter().collect();
        sources.extend(devices_of(&message.body).into_iter().map(Source::Device));
        sources.sort();
        sources.dedup();
        for source in sources {
            self.book(source, hour, told.now, |heard| &mut heard.hours);
        }
        self.make_room()
    }

    pub(crate) fn refused(&mut self, sender: &PartyId, now: i64) -> Option<i64> {
        let source = Source::Party(sender.clone());
        self.book(source, hour_of(now), 0, |heard| &mut heard.refused);
        self.make_room()
    }

    fn make_room(&mut self) -> Option<i64> {
        if self.days.len() <= DAYS_MAX {
            return None;
        }
        let (oldest, _) = self.days.pop_first()?;
        Some((oldest + 1) * 24)
    }

    fn book(
        &mut self,
        source: Source,
        hour: i64,
        now: i64,
        which: impl Fn(&mut Heard) -> &mut [u32; 24],
    ) {
        let day = self.days.entry(hour.div_euclid(24)).or_default();
        if day.len() >= SOURCES_MAX && !day.contains_key(&source) {
            return;
        }
        let heard = day.entry(source).or_default();
        heard.last = heard.last.max(now);
        let of_day = usize::try_from(hour.rem_euclid(24)).unwrap_or_default();
        if let Some(count) = which(heard).get_mut(of_day) {
            *count = count.saturating_add(1);
        }
    }

    /// What was heard of a source in these hours.
    pub(crate) fn total(&self, source: &Source, hours: std::ops::Range<i64>) -> Total {
        let mut total = Total::default();
        let days = hours.start.div_euclid(24)..=hours.end.div_euclid(24);
        for (day, sources) in self.days.range(days) {
            let Some(heard) = sources.get(source) else {
                continue;
            };
            let mut any = false;
            for (hour, (messages, refused)) in
                (day * 24..).zip(heard.hours.iter().zip(&heard.refused))
            {
                if hours.contains(&hour) {
                    total.messages += u64::from(*messages);
                    total.refused += u64::from(*refused);
                    total.hours += u64::from(*messages > 0);
                    any |= *messages > 0;
                }
            }
            if any {
                total.last = total.last.max(heard.last);
            }
        }
        total
    }

    /// The hub's clock was ahead and is right again: what is booked later than `now` is booked at it.
    pub(crate) fn put_right(&mut self, now: i64) {
        let hour = hour_of(now);
        let day = hour.div_euclid(24);
        let of_day = usize::try_from(hour.rem_euclid(24)).unwrap_or_default();
        for heard in self
            .days
            .get_mut(&day)
            .into_iter()
            .flat_map(BTreeMap::values_mut)
        {
            let later = heard.take_from(of_day + 1);
            heard.add(of_day, later);
        }
        for (source, mut heard) in self.days.split_off(&(day + 1)).into_values().flatten() {
            let sources = self.days.entry(day).or_default();
            if sources.len() < SOURCES_MAX || sources.contains_key(&source) {
                let own = sources.entry(source).or_default();
                own.add(of_day, heard.take_from(0));
                own.last = own.last.max(heard.last);
            }
        }
        for heard in self.days.values_mut().flat_map(BTreeMap::values_mut) {
            heard.last = heard.last.min(now);
        }
    }

    pub(crate) fn forget(&mut self, before: i64) {
        self.days = self.days.split_off(&before.div_euclid(24));
    }
}

impl Heard {
    /// Takes out what was heard and refused from this hour of the day on.
    fn take_from(&mut self, of_day: usize) -> (u32, u32) {
        let take = |counts: &mut [u32; 24]| {
            let later = counts.iter_mut().skip(of_day).map(std::mem::take);
            later.fold(0, u32::saturating_add)
        };
        (take(&mut self.hours), take(&mut self.refused))
    }

    /// Counts as much under this hour of the day.
    fn add(&mut self, of_day: usize, (messages, refused): (u32, u32)) {
        let counts = [(&mut self.hours, messages), (&mut self.refused, refused)];
        for (counts, more) in counts {
            if let Some(count) = counts.get_mut(of_day) {
                *count = count.saturating_add(more);
            }
        }
    }
}

/// The enterprise that a message of its own system is about.
fn enterprise_of(body: &Body) -> Option<&PartyId> {
    match body {
        Body::OnDutyStatus(status) => Some(&status.enterprise_id),
        Body::AccessGrant(grant) => Some(&grant.enterprise_id),
        Body::VehicleRegistration(registration) => Some(&registration.enterprise_id),
        Body::PersonRegistration(registration) => Some(&registration.enterprise_id),
        Body::PassageRecord(record) => record.enterprise_id.as_ref(),
        Body::AlarmEvent(event) => event.enterprise_id.as_ref(),
        _ => None,
    }
}

/// The devices a message comes from.
fn devices_of(body: &Body) -> Vec<DeviceId> {
    match body {
        // That it is gone is said by somebody else: the hub, a gateway, a broker.
        Body::DeviceStatus(status)
            if matches!(status.state, DeviceState::Offline | DeviceState::Unknown) =>
        {
            Vec::new()
        }
        Body::DeviceStatus(status) => vec![status.device_id.clone()],
        Body::PlateCapture(capture) => vec![capture.device_id.clone()],
        Body::GateStatus(status) => vec![status.device_id.clone()],
        Body::SensorReadingBatch(batch) => {
            let sensors = batch.samples.iter().map(|sample| sample.device_id.clone());
            sensors.chain([batch.gateway_id.clone()]).collect()
        }
        _ => Vec::new(),
    }
}
