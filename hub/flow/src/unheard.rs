//! Devices of which something is not understood that may have been an alarm: people are told, one alarm for each while
//! it lasts.
//!
//! That a detector's words are an entry and a state of its row on a page is not enough: nobody looks there while it
//! burns. The alarm ends when the device is understood again.

use cordon_contract::{Decisions, Entry, Rows, Table};
use cordon_model::{
    AlarmCode, AlarmEvent, AlarmLevel, AlarmState, AlarmUpdate, Body, DeviceId, DeviceState,
    Message, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::authority::{flow_id, is_over};
use crate::guard::event;

/// Correlation of a refusal of what may have been an alarm.
const UNHEARD: &str = "unheard";
/// The same where the rest of what was said is taken.
const UNHEARD_IN_PART: &str = "unheard-in-part";

/// Who said what may have been an alarm.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The device, and its topic where there is one.
    pub name: String,
    /// Whether the rest of what was said is taken.
    pub is_part: bool,
}

impl Source {
    /// What a refusal of it bears.
    pub(crate) fn mark(&self) -> &'static str {
        match self.is_part {
            true => UNHEARD_IN_PART,
            false => UNHEARD,
        }
    }
}

/// Devices remembered at once; beyond it the oldest alarm ends by people alone.
const DEVICES_MAX: usize = 1_000;
/// So long nothing may be missed of a topic before one that was understood is believed, where each of its messages said
/// something else beside what is missed.
const CALM_MS: i64 = 120_000;
/// Messages in a row that were understood, in that case.
const CALM: u32 = 2;

const KIND: (AlarmCode, AlarmLevel) = (AlarmCode::SchemaInvalid, AlarmLevel::Yellow);

/// An alarm that stands.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Open {
    /// The entry it was raised on.
    number: u64,
    /// The device, and its topic where there is one.
    source: String,
    /// When something was missed last.
    last: Timestamp,
    /// Messages of the topic that were taken since.
    good: u32,
    /// Some of them were taken although something was missed.
    is_part: bool,
}

/// The alarms that stand, by device.
#[derive(Debug)]
pub(crate) struct Unheard {
    open: Table<String, Open>,
}

impl Default for Unheard {
    fn default() -> Self {
        Self {
            open: Table::new("unheard", 1),
        }
    }
}

impl Unheard {
    /// What is stored.
    pub(crate) fn table(&mut self) -> &mut dyn Rows {
        &mut self.open
    }

    /// Something was refused; if it may have been an alarm, people are told.
    pub(crate) fn refused(&mut self, entry: &Entry, decisions: &mut Decisions) {
        let Some(message) = entry.message.as_deref() else {
            return;
        };
        let header = &message.header;
        let is_part = match header.correlation_id.as_deref() {
            Some(UNHEARD) => false,
            Some(UNHEARD_IN_PART) => true,
            _ => return,
        };
        let (Some(source), Body::Refusal(refusal)) = (&header.source_ref, &message.body) else {
            return;
        };
        let device = device_of(source);
        if let Some(open) = self.open.get_mut(device) {
            open.is_part = is_part;
            open.source.clone_from(source);
            open.last = entry.time;
            open.good = 0;
            return;
        }
        let words = format!(
            "设备报文无法理解，可能是报警 / a message of {device} was not understood, and it may have been an alarm: {} {}",
            refusal.code, refusal.detail
        );
        let raised = AlarmEvent {
            source_device: DeviceId::new(device).ok(),
            cause_ref: Some(entry.message_id),
            ..event(entry, KIND, &words)
        };
        decisions.emit(Body::AlarmEvent(raised), None);
        let open = Open {
            number: entry.number,
            source: source.clone(),
            last: entry.time,
            good: 0,
            is_part,
        };
        self.open.insert(device.to_owned(), open);
        if self.open.len() > DEVICES_MAX {
            let oldest = self.open.iter().min_by_key(|(_, open)| open.number);
            if let Some(oldest) = oldest.map(|(device, _)| device.clone()) {
                self.open.remove(&oldest);
            }
        }
    }

    /// A message was taken: whoever is understood again is no alarm any more.
    pub(crate) fn taken(&mut self, entry: &Entry, message: &Message, decisions: &mut Decisions) {
        let source = message.header.source_ref.as_deref();
        let (Some(source), Some(_)) = (source, &message.header.attested_by) else {
            return;
        };
        let device = device_of(source);
        let Some(open) = self.open.get_mut(device) else {
            return;
        };
        if !is_good(open, source, message, entry.time) {
            return;
        }
        let number = open.number;
        self.open.remove(device);
        let over = AlarmEvent {
            alarm_id: flow_id(number),
            state: AlarmState::Cleared,
            source_device: DeviceId::new(device).ok(),
            ..event(
                entry,
                KIND,
                "设备报文恢复正常 / the device is understood again",
            )
        };
        decisions.emit(Body::AlarmEvent(over), None);
    }

    /// An alarm went a step: what people ended is raised anew when it comes again.
    pub(crate) fn stepped(&mut self, update: &AlarmUpdate) {
        if is_over(update.state) {
            self.open
                .retain(|_, open| flow_id(open.number) != update.alarm_id);
        }
    }
}

/// Whether a message says that its device is understood again: it is of the same topic, or, where there was none, the
/// device's own adapter says that all is well.
fn is_good(open: &mut Open, source: &str, message: &Message, now: Timestamp) -> bool {
    if !open.source.contains('/') {
        // Its adapter speaks of no topic; what it read of the device itself may be one of those that can be read.
        let is_adapters = open.source == source;
        let is_well = |state| state == DeviceState::Online;
        return is_adapters
            && matches!(&message.body, Body::DeviceStatus(status) if is_well(status.state));
    }
    counts(open, source, now)
}

/// Counts a message; whether it is enough.
fn counts(open: &mut Open, source: &str, now: Timestamp) -> bool {
    if open.source != source {
        return false;
    }
    open.good = open.good.saturating_add(1);
    !open.is_part || open.good >= CALM && now.ms_since(open.last) >= CALM_MS
}

fn device_of(source: &str) -> &str {
    source.split('/').next().unwrap_or(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A detector whose alarm alone is not understood says the rest of it each time: that is no end of it.
    #[test]
    fn of_what_is_read_in_part_two_in_a_row_and_some_time_are_needed() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let open = |is_part| Open {
            number: 1,
            source: "S-1/say/S-1".to_owned(),
            last: at(0),
            good: 0,
            is_part,
        };
        let mut part = open(true);
        let mut good = |seconds| counts(&mut part, "S-1/say/S-1", at(seconds));
        assert!(
            !good(300),
            "the first of a reading of which the rest is missed"
        );
        assert!(good(600));
        let mut part = open(true);
        let mut good = |seconds| counts(&mut part, "S-1/say/S-1", at(seconds));
        assert!(!good(10) && !good(20) && good(120));
        assert!(!counts(&mut open(false), "S-1/say", at(1)));
        assert!(counts(&mut open(false), "S-1/say/S-1", at(1)));
    }
}
