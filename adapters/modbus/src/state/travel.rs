//! The boom's travel as the limits tell it: arrived, on its way, stuck, or moved by another hand.

use cordon_contract::OutcomeKind;

use super::drive::Drive;
use super::faults::{hard_fault, obstruction};
use super::late::{LATE, Late};
use super::{Action, Machine, State, Task};
use crate::decode::Signals;
use crate::profile::Input;

impl Machine {
    pub(super) fn assess(&mut self, now_ms: u64, signals: &Signals, tasks: &mut Vec<Task>) {
        if signals.is_on(Input::Local) {
            let text = "the switch in the cabinet stands on local";
            self.give_up(text, tasks);
            // Whatever the boom does now, a hand does it.
            self.late = Late::No;
            self.become_state(State::LocalControl, text);
            return;
        }
        if let Some(text) = hard_fault(signals) {
            self.give_up(text, tasks);
            self.become_state(State::Fault, text);
            return;
        }
        let reversed = matches!(self.drive, Drive::Down { .. })
            && signals.obstructed()
            && !signals.is_on(Input::DownLimit);
        if reversed {
            self.reverse(now_ms, signals, tasks);
        }
        match (
            signals.is_on(Input::UpLimit),
            signals.is_on(Input::DownLimit),
        ) {
            (true, _) => self.at_up_limit(now_ms, tasks),
            (_, true) => self.at_down_limit(now_ms, tasks),
            _ => self.between_limits(now_ms, tasks),
        }
        if self.blocked && signals.obstructed() && self.state != State::Fault {
            self.become_state(State::Blocked, obstruction(signals));
        }
    }

    fn reverse(&mut self, now_ms: u64, signals: &Signals, tasks: &mut Vec<Task>) {
        self.raise(now_ms, tasks);
        self.blocked = true;
        self.lower_after_ms = self.rules.auto_close.then_some(now_ms);
        let text = format!("reversed: {}", obstruction(signals));
        self.finish(
            |action| action == Action::Close,
            OutcomeKind::Failed,
            &text,
            tasks,
        );
    }

    fn at_up_limit(&mut self, now_ms: u64, tasks: &mut Vec<Task>) {
        self.between_since_ms = None;
        self.stopped = false;
        match self.drive {
            Drive::Up { .. } => {
                self.drive = Drive::Still;
                self.travel_fault = None;
                if self.lower_after_ms.is_none() {
                    self.lower_after_ms = self.hold_until(now_ms);
                }
            }
            Drive::Down { since_ms }
                if now_ms.saturating_sub(since_ms) > self.rules.travel_max_ms =>
            {
                if self.relock.take_repeat() {
                    self.lower(now_ms, tasks);
                    self.become_state(State::Closing, "");
                    return;
                }
                self.travel_failed("did not leave the upper limit in time", tasks);
                self.lower_after_ms = self.hold_until(now_ms);
            }
            Drive::Down { .. } => {
                self.become_state(State::Closing, "");
                return;
            }
            Drive::Still => {}
        }
        if self.drive == Drive::Still {
            if self.locked_open {
                self.lock_confirmed = true;
            }
            let opened = |action| matches!(action, Action::Open | Action::LockOpen);
            self.finish(opened, OutcomeKind::Confirmed, "the up limit is on", tasks);
        }
        self.rest(State::Open);
    }

    fn at_down_limit(&mut self, now_ms: u64, tasks: &mut Vec<Task>) {
        self.between_since_ms = None;
        self.stopped = false;
        match self.drive {
            Drive::Down { .. } => {
                self.drive = Drive::Still;
                // Taking a late rise back is no proof that the next opening will do better.
                if !self.is_late() {
                    self.travel_fault = None;
                }
                self.late = Late::No;
                self.relock.take_repeat();
            }
            Drive::Up { since_ms }
                if now_ms.saturating_sub(since_ms) > self.rules.travel_max_ms =>
            {
                self.travel_failed("did not leave the lower limit in time", tasks);
            }
            Drive::Up { .. } => {
                self.become_state(State::Opening, "");
                return;
            }
            Drive::Still => {}
        }
        self.lower_after_ms = None;
        self.in_force = self.locked_open || matches!(self.drive, Drive::Up { .. });
        self.blocked = false;
        self.finish(
            |action| action == Action::Close,
            OutcomeKind::Confirmed,
            "the down limit is on",
            tasks,
        );
        self.rest(State::Closed);
    }

    fn between_limits(&mut self, now_ms: u64, tasks: &mut Vec<Task>) {
        let over = |since_ms: u64| now_ms.saturating_sub(since_ms) > self.rules.travel_max_ms;
        match self.drive {
            Drive::Up { since_ms } if over(since_ms) => {
                self.travel_failed("did not reach the upper limit in time", tasks)
            }
            Drive::Down { since_ms } if over(since_ms) => {
                self.travel_failed("did not reach the lower limit in time", tasks)
            }
            Drive::Up { .. } => return self.become_state(State::Opening, ""),
            Drive::Down { .. } => return self.become_state(State::Closing, ""),
            Drive::Still => {}
        }
        if self.travel_fault.is_some() {
            return self.rest(State::Unknown);
        }
        if self.stopped {
            return self.become_state(State::Unknown, "stopped between the limits");
        }
        // Nobody here ordered it: the controller or a hand moves the boom.
        let since_ms = *self.between_since_ms.get_or_insert(now_ms);
        if now_ms.saturating_sub(since_ms) > self.rules.travel_max_ms {
            return self.become_state(State::Fault, "stands between the limits");
        }
        match self.state {
            State::Closed | State::Opening => {
                self.become_state(State::Opening, "moved without an order")
            }
            State::Open | State::Closing => {
                self.become_state(State::Closing, "moved without an order")
            }
            _ => self.become_state(State::Unknown, "between the limits"),
        }
    }

    /// At rest: the fault of the last travel outlives the limit it stands at.
    fn rest(&mut self, state: State) {
        match self.travel_fault {
            Some(text) => self.become_state(State::Fault, text),
            None if state == State::Open && self.is_late() => self.become_state(state, LATE),
            None => self.become_state(state, ""),
        }
    }
}
