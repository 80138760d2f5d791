//! What a barrier is not driven in spite of, and what ends when it comes.

use cordon_contract::OutcomeKind;

use super::drive::Drive;
use super::{Action, Machine, Task};
use crate::decode::Signals;
use crate::profile::Input;

impl Machine {
    /// A hard fault or local control: what was under way is over.
    pub(super) fn give_up(&mut self, text: &str, tasks: &mut Vec<Task>) {
        self.opening_is_over();
        self.in_force = self.locked_open;
        self.drive = Drive::Still;
        self.lower_after_ms = None;
        self.between_since_ms = None;
        self.blocked = false;
        self.finish(
            |action| !matches!(action, Action::LockOpen | Action::Release),
            OutcomeKind::Failed,
            text,
            tasks,
        );
    }

    pub(super) fn travel_failed(&mut self, text: &'static str, tasks: &mut Vec<Task>) {
        if matches!(self.drive, Drive::Up { .. }) {
            self.opening_is_over();
            self.take_back(tasks);
        }
        self.drive = Drive::Still;
        self.travel_fault = Some(text);
        self.finish(
            |action| !matches!(action, Action::LockOpen | Action::Release),
            OutcomeKind::Failed,
            text,
            tasks,
        );
    }
}

/// Conditions under which nothing is driven, except to open in an emergency.
pub(super) fn hard_fault(signals: &Signals) -> Option<&'static str> {
    if signals.is_on(Input::UpLimit) && signals.is_on(Input::DownLimit) {
        Some("both limits are on: wiring fault")
    } else if signals.is_on(Input::EmergencyStop) {
        Some("the emergency stop is pressed")
    } else if signals.is_on(Input::BoomOff) {
        Some("the boom is off its arm")
    } else if signals.is_on(Input::DriveFault) {
        Some("the drive reports a fault")
    } else {
        None
    }
}

/// What is under the boom, in words.
pub(super) fn obstruction(signals: &Signals) -> &'static str {
    match (
        signals.is_on(Input::Photocell),
        signals.is_on(Input::SafetyLoop),
    ) {
        (true, true) => "photocell and safety loop are on",
        (true, false) => "the photocell is on",
        _ => "the safety loop is on",
    }
}
