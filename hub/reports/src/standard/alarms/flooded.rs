//! Alarms of one author beyond those that he may have open: the hub counts each in his one flood alarm.
//!
//! No plug-in is stepped over such an alarm, and it has no life of its own. The hub tells each of them as one more of
//! the flood alarm, with its code, level and place: the first begins that alarm, the others are counted here.

use std::collections::BTreeMap;

use cordon_contract::Entry;
use cordon_model::{AlarmCode, AlarmEvent, AlarmLevel, DeviceId};
use serde::{Deserialize, Serialize};

use super::super::HOURS_MAX;
use crate::span::hour_of;

/// How the names of flood alarms begin, which nobody else may give.
const OF_FLOW: &str = "flow-";
/// Different kinds in one hour; what comes beyond is counted without its place.
const KINDS_MAX: usize = 5_000;

/// What is counted apart.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct Kind {
    pub(crate) code: AlarmCode,
    pub(crate) level: AlarmLevel,
    pub(crate) area: Option<String>,
    pub(crate) device: Option<DeviceId>,
}

/// How many of which kind, by the hour in which the hub took them in.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Flooded {
    pub(crate) hours: BTreeMap<i64, BTreeMap<Kind, u64>>,
}

/// Whether the hub tells one more that is counted in a flood alarm.
pub(super) fn is_counted(entry: &Entry, event: &AlarmEvent) -> bool {
    let attested = entry.message.as_deref();
    let attested = attested.is_some_and(|message| message.header.attested_by.is_some());
    entry.cause != 0 && !attested && event.alarm_id.starts_with(OF_FLOW)
}

impl Flooded {
    /// Counts one more. When there was no room, gives the first hour that is still held.
    pub(super) fn one_more(&mut self, event: &AlarmEvent, hour: i64) -> Option<i64> {
        let kind = Kind {
            code: event.alarm_code,
            level: event.alarm_level,
            area: event.area_id.clone(),
            device: event.source_device.clone(),
        };
        count(self.hours.entry(hour).or_default(), kind, 1);
        if self.hours.len() <= HOURS_MAX {
            return None;
        }
        let (oldest, _) = self.hours.pop_first()?;
        Some(oldest + 1)
    }

    /// What is booked later than `now` is booked at it.
    pub(super) fn book_at(&mut self, now: i64) {
        let hour = hour_of(now);
        for later in self.hours.split_off(&(hour + 1)).into_values() {
            let counts = self.hours.entry(hour).or_default();
            for (kind, more) in later {
                count(counts, kind, more);
            }
        }
    }

    pub(super) fn drop_before(&mut self, before: i64) {
        self.hours = self.hours.split_off(&before);
    }
}

fn count(counts: &mut BTreeMap<Kind, u64>, kind: Kind, more: u64) {
    let kind = match counts.len() >= KINDS_MAX && !counts.contains_key(&kind) {
        true => Kind {
            area: None,
            device: None,
            ..kind
        },
        false => kind,
    };
    *counts.entry(kind).or_default() += more;
}
