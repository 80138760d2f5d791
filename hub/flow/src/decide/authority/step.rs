//! Steps of an alarm that none can take, whatever state it is in. A receipt for one would say that it was
//! done; whoever sent it would wonder why the alarm is open still.

use cordon_model::{AlarmState, AlarmUpdate, Body};

use super::Unlawful;
use crate::fault::NO_STEP;

/// Judges what an update says of itself. Whether the alarm is in the state that it names, only the alarm
/// knows; one that comes too late is told by a correction.
pub(crate) fn possible(body: &Body) -> Result<(), Unlawful> {
    let Body::AlarmUpdate(update) = body else {
        return Ok(());
    };
    match what_is_wrong(update) {
        Some((field, why)) => Err((NO_STEP, field, why.to_owned())),
        None => Ok(()),
    }
}

fn what_is_wrong(update: &AlarmUpdate) -> Option<(&'static str, &'static str)> {
    let note = update.note.as_deref().unwrap_or_default();
    match (update.previous, update.state) {
        (AlarmState::Raised, AlarmState::Closed) => Some((
            "State",
            "nobody has taken the alarm up, so nobody closes it",
        )),
        (previous, AlarmState::Closed) if previous != AlarmState::Closed => {
            let is_empty = note.trim().is_empty();
            is_empty.then_some(("Note", "an alarm is closed with a disposal note"))
        }
        (AlarmState::Raised, _) => None,
        (_, AlarmState::Raised) => Some(("State", "no step leads back to RAISED")),
        _ => None,
    }
}
