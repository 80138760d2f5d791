//! Devices of which something is not understood that may have been an alarm: people are told, one alarm for each while
//! it lasts.
//!
//! That a detector's words are an entry and a state of its row on a page is not enough: nobody looks there while it
//! burns. The alarm ends when the device is understood again.
//!
//! A battery that cannot be read is not the gas that cannot be read an hour later. So the alarm that stands is told
//! again under its own name when something of another kind is lost (another topic, field or error), and when something
//! is lost after people have seen it. How often at most stands in `open.rs`; what has to wait is told at a tick.

use cordon_contract::{Decisions, Entry, Rows, Table};
use cordon_model::{
    AlarmCode, AlarmEvent, AlarmLevel, AlarmState, AlarmUpdate, Body, DeviceId, DeviceState,
    Message, MessageId, Timestamp,
};

use crate::decide::authority::{flow_id, is_over};
use crate::decide::guard::event;

mod open;

use open::{Lost, Open};

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
/// Alarms told again at one tick; the rest follows at the next.
const TOLD_A_TICK: usize = 50;

const KIND: (AlarmCode, AlarmLevel) = (AlarmCode::SchemaInvalid, AlarmLevel::Yellow);

/// The alarms that stand, by device.
#[derive(Debug)]
pub(crate) struct Unheard {
    open: Table<String, Open>,
    /// Devices of which something is still to be told, by when.
    due: Table<(Timestamp, String), ()>,
}

impl Default for Unheard {
    fn default() -> Self {
        Self {
            open: Table::new("unheard", 2),
            due: Table::new("unheard-due", 1),
        }
    }
}

impl Unheard {
    /// What is stored.
    pub(crate) fn tables(&mut self) -> [&mut dyn Rows; 2] {
        [&mut self.open, &mut self.due]
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
        let lost = Lost::of(source, entry.message_id, refusal);
        if self.open.get(device).is_some_and(|open| !open.is_over) {
            return self.loses(entry, device, (source, is_part), lost, decisions);
        }
        let words = format!(
            "设备报文无法理解，可能是报警 / a message of {device} was not understood, and it may have been an alarm: {}",
            lost.words
        );
        let raised = said(entry, (device, entry.number), entry.message_id, &words);
        decisions.emit(Body::AlarmEvent(raised), None);
        let before = self.open.get(device);
        let open = Open::raised(entry.number, (source, is_part), &lost, entry.time, before);
        self.open.insert(device.to_owned(), open);
        if self.open.len() > DEVICES_MAX {
            self.forget_one();
        }
    }

    /// Something is lost of a device whose alarm stands.
    fn loses(
        &mut self,
        entry: &Entry,
        device: &str,
        source: (&str, bool),
        lost: Lost,
        decisions: &mut Decisions,
    ) {
        let Some(open) = self.open.get_mut(device) else {
            return;
        };
        let was_due = open.owed.as_ref().map(|owed| owed.due);
        let told = open.loses(source, lost, entry.time);
        let (number, is_due) = (open.number, open.owed.as_ref().map(|owed| owed.due));
        if was_due != is_due {
            let key = |at: Timestamp| (at, device.to_owned());
            was_due.and_then(|at| self.due.remove(&key(at)));
            if let Some(at) = is_due {
                self.due.insert(key(at), ());
            }
        }
        if let Some(lost) = told {
            tell_again(entry, (device, number), &lost, decisions);
        }
    }

    /// Whether something is to be told at this time.
    pub(crate) fn is_due(&self, time: Timestamp) -> bool {
        let first = self.due.first_key_value();
        first.is_some_and(|((at, _), ())| *at <= time)
    }

    /// Time has passed: what had to wait is told.
    pub(crate) fn ticked(&mut self, entry: &Entry, decisions: &mut Decisions) {
        for _ in 0..TOLD_A_TICK {
            if !self.is_due(entry.time) {
                return;
            }
            let Some(((_, device), ())) = self.due.pop_first() else {
                return;
            };
            let open = self.open.get_mut(&device);
            let told = open.and_then(|open| Some((open.number, open.pays(entry.time)?)));
            if let Some((number, lost)) = told {
                tell_again(entry, (&device, number), &lost, decisions);
            }
        }
    }

    /// A message was taken: whoever is understood again is no alarm any more. It stands while something is still to be
    /// told, and where a further alarm could not be told at once: a device that is understood by turns is not.
    pub(crate) fn taken(&mut self, entry: &Entry, message: &Message, decisions: &mut Decisions) {
        let source = message.header.source_ref.as_deref();
        let (Some(source), Some(_)) = (source, &message.header.attested_by) else {
            return;
        };
        let device = device_of(source);
        let is_open = self.open.get(device).is_some_and(|open| !open.is_over);
        let Some(open) = self.open.get_mut(device).filter(|_| is_open) else {
            return;
        };
        let is_good = is_good(open, source, message, entry.time);
        if !is_good || open.owed.is_some() || !open.has_room(entry.time) {
            return;
        }
        open.is_over = true;
        let over = AlarmEvent {
            alarm_id: flow_id(open.number),
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

    /// An alarm went a step: what people ended is raised anew when it comes again, and what is lost after they have seen
    /// it they are told.
    pub(crate) fn stepped(&mut self, update: &AlarmUpdate) {
        let is_it = |open: &Open| !open.is_over && flow_id(open.number) == update.alarm_id;
        let found = self.open.iter().find(|(_, open)| is_it(open));
        let Some(device) = found.map(|(device, _)| device.clone()) else {
            return;
        };
        if is_over(update.state) {
            return self.forget(&device);
        }
        let is_seen = update.state != AlarmState::Raised;
        let is_news = |open: &Open| open.is_seen != is_seen;
        self.open
            .change_if(&device, is_news, |open| open.is_seen = is_seen);
    }

    fn forget(&mut self, device: &str) {
        let owed = self.open.remove(device).and_then(|open| open.owed);
        if let Some(owed) = owed {
            self.due.remove(&(owed.due, device.to_owned()));
        }
    }

    /// What is over goes first, then the oldest.
    fn forget_one(&mut self) {
        let oldest = self.open.iter();
        let oldest = oldest.min_by_key(|(_, open)| (!open.is_over, open.number));
        if let Some(oldest) = oldest.map(|(device, _)| device.clone()) {
            self.forget(&oldest);
        }
    }
}

/// Tells the alarm that stands again, for something more that is lost.
fn tell_again(
    entry: &Entry,
    (device, number): (&str, u64),
    lost: &Lost,
    decisions: &mut Decisions,
) {
    let words = format!(
        "又有报文无法理解，可能是另一报警 / more of {device} was not understood, and it may have been another alarm: {}",
        lost.words
    );
    let again = said(entry, (device, number), lost.cause, &words);
    decisions.emit(Body::AlarmEvent(again), None);
}

/// The alarm of a device that was raised on entry `number`.
fn said(entry: &Entry, (device, number): (&str, u64), cause: MessageId, words: &str) -> AlarmEvent {
    AlarmEvent {
        alarm_id: flow_id(number),
        source_device: DeviceId::new(device).ok(),
        cause_ref: Some(cause),
        ..event(entry, KIND, words)
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
    open.counts(source, now)
}

fn device_of(source: &str) -> &str {
    source.split('/').next().unwrap_or(source)
}
