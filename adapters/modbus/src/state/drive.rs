//! What the machine drives: the boom up and down, the lock, the lamps; and when it lowers by itself.

use super::faults::{hard_fault, obstruction};
use super::{Machine, State, Task};
use crate::decode::Signals;
use crate::profile::{Input, Output};

/// A travel that the machine itself started.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Drive {
    Still,
    Up { since_ms: u64 },
    Down { since_ms: u64 },
}

impl Machine {
    pub(super) fn raise(&mut self, now_ms: u64, tasks: &mut Vec<Task>) {
        if !matches!(self.drive, Drive::Up { .. }) {
            self.drive = Drive::Up { since_ms: now_ms };
            tasks.push(Task::Pulse(Output::Raise));
        }
    }

    /// The only place that tells a barrier to lower.
    pub(super) fn lower(&mut self, now_ms: u64, tasks: &mut Vec<Task>) {
        let clear = self
            .signals
            .as_ref()
            .is_some_and(|signals| !signals.obstructed());
        if clear && !self.may_be_locked() && self.rules.has(Output::Lower) {
            self.drive = Drive::Down { since_ms: now_ms };
            tasks.push(Task::Pulse(Output::Lower));
        }
    }

    pub(super) fn set(&self, output: Output, on: bool, tasks: &mut Vec<Task>) {
        if self.rules.has(output) {
            tasks.push(Task::Set(output, on));
        }
    }

    pub(super) fn hold_until(&self, now_ms: u64) -> Option<u64> {
        (self.rules.auto_close && !self.locked_open).then(|| now_ms + self.rules.hold_ms)
    }

    pub(super) fn is_up(&self) -> bool {
        self.signals.as_ref().is_some_and(|signals| {
            signals.is_on(Input::UpLimit) && !signals.is_on(Input::DownLimit)
        })
    }

    pub(super) fn keep_locked_open(
        &mut self,
        now_ms: u64,
        signals: &Signals,
        tasks: &mut Vec<Task>,
    ) {
        let open = signals.is_on(Input::UpLimit) && !signals.is_on(Input::DownLimit);
        if open || !self.holds_lock() || now_ms < self.lock_retry_ms {
            return;
        }
        self.lock_retry_ms = now_ms + self.rules.travel_max_ms;
        self.set(Output::LockOpen, true, tasks);
        self.drive = Drive::Still;
        self.raise(now_ms, tasks);
    }

    pub(super) fn lower_when_due(&mut self, now_ms: u64, signals: &Signals, tasks: &mut Vec<Task>) {
        // A boom that rises for an opening that is over is not let up to its limit first.
        let late = self.is_late() && self.rules.auto_close && !signals.is_on(Input::DownLimit);
        let due = self
            .lower_after_ms
            .is_some_and(|after_ms| after_ms <= now_ms);
        let up = matches!(self.state, State::Open | State::Blocked | State::Fault) && self.is_up();
        let ready = self.drive == Drive::Still
            && (late || due && up)
            && self.state != State::LocalControl
            && hard_fault(signals).is_none();
        if !ready || self.may_be_locked() {
            return;
        }
        if signals.obstructed() {
            self.blocked = true;
            if self.state == State::Open {
                self.become_state(State::Blocked, obstruction(signals));
            }
            return;
        }
        let clear_ms = self
            .clear_since_ms
            .map_or(0, |since_ms| now_ms.saturating_sub(since_ms));
        if clear_ms >= self.rules.clear_ms {
            self.blocked = false;
            self.lower(now_ms, tasks);
            if matches!(self.drive, Drive::Down { .. }) {
                self.become_state(State::Closing, "");
            }
        }
    }

    pub(super) fn lamps(&mut self, tasks: &mut Vec<Task>) {
        let green = self.state == State::Open && self.in_force;
        // After a start, under a lock of before or of another hand, they are left as they stand.
        let left = self.green.is_none() && !self.in_force && self.may_be_locked();
        if self.green != Some(green) && !left {
            self.green = Some(green);
            self.set(Output::LampRed, !green, tasks);
            self.set(Output::LampGreen, green, tasks);
        }
    }
}
