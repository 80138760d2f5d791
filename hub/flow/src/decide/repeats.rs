//! States of what does not answer, told again and again: an adapter tries a device that is away for ever, and each try
//! says what the one before said. Said once it is an entry; said again it is counted, and written once a day.
//!
//! Only what says that nothing is seen is left out. A barrier that is open and says so again may answer an order.

use std::collections::BTreeMap;

use cordon_model::{BarrierState, Body, DeviceState, MessageType, Timestamp};

use crate::decide::batch::Line;

/// A state that lasts is written again after so long, microseconds.
const AGAIN_MICROS: i64 = 86_400_000_000;
/// Devices whose last word is known; beyond, each is written again once. Far more than a park has.
const DEVICES_MAX: usize = 20_000;

/// What devices said last, as it stands in the journal. No state: after a start each is written once.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    said: BTreeMap<(String, MessageType), (Body, i64)>,
}

impl Repeats {
    /// Whether this says what the journal has as the last word of the device, not longer ago than a day. What is on its
    /// way into the journal is not known here.
    pub(crate) fn knows(&self, body: &Body, now: Timestamp) -> bool {
        let Some((key, said)) = timeless(body).filter(|_| says_nothing_is_seen(body)) else {
            return false;
        };
        let known = self.said.get(&key);
        known.is_some_and(|(known, at)| {
            *known == said && now.micros().saturating_sub(*at) < AGAIN_MICROS
        })
    }

    /// Takes in what was made durable.
    pub(crate) fn note(&mut self, lines: &[Line], now: Timestamp) {
        let messages = lines
            .iter()
            .filter_map(|line| line.draft.message.as_deref());
        for message in messages.filter(|message| !message.header.test) {
            let Some((key, said)) = timeless(&message.body) else {
                continue;
            };
            if self.said.len() >= DEVICES_MAX && !self.said.contains_key(&key) {
                self.said.clear();
            }
            self.said.insert(key, (said, now.micros()));
        }
    }

    /// Nobody knows what the journal has as the last word.
    pub(crate) fn forget(&mut self) {
        self.said.clear();
    }
}

fn says_nothing_is_seen(body: &Body) -> bool {
    match body {
        Body::DeviceStatus(status) => {
            matches!(status.state, DeviceState::Offline | DeviceState::Unknown)
        }
        Body::GateStatus(status) => {
            status.barrier_state == BarrierState::Unknown
                && status.command_id.is_none()
                && status.command_outcome.is_none()
                && status.loop_event.is_none()
        }
        _ => false,
    }
}

/// A device and which kind of state of it.
pub(crate) type StateOf = (String, MessageType);

/// Whose state it tells; `None` for anything that is no state.
pub(crate) fn state_of(body: &Body) -> Option<StateOf> {
    let device = match body {
        Body::DeviceStatus(status) => &status.device_id,
        Body::GateStatus(status) => &status.device_id,
        _ => return None,
    };
    Some((device.to_string(), body.message_type()))
}

/// Whose state it tells, and what it says but for the time at which it was seen.
fn timeless(body: &Body) -> Option<(StateOf, Body)> {
    let state = state_of(body)?;
    let mut said = body.clone();
    match &mut said {
        Body::DeviceStatus(status) => status.observed_at = Timestamp::from_micros(0),
        Body::GateStatus(status) => status.observed_at = Timestamp::from_micros(0),
        _ => return None,
    }
    Some((state, said))
}
