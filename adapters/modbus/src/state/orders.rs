//! The machine's orders: which are taken, what each sets going, and how each ends.

use cordon_contract::OutcomeKind;

use super::drive::Drive;
use super::faults::{hard_fault, obstruction};
use super::late::Late;
use super::{Action, Machine, Task, WAITING_MAX};
use crate::profile::{Input, Output};

/// What is said of an order whose deadline passed.
const IN_VAIN: &str = "not confirmed before its deadline";
/// What is said of an order that a newer one ended.
pub(crate) const SUPERSEDED: &str = "superseded by a newer order";
/// What is added when its controller was told nothing of an order that is over.
pub(crate) const NOTHING_SENT: &str = "; nothing of it had been sent";

/// An order whose end has not come yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) ticket: u64,
    pub(super) action: Action,
    /// Whether anything of it was written to the controller, as far as that is known.
    pub(super) sent: bool,
}

impl Machine {
    /// Takes an order. Its end comes as [`Task::Finish`], now or later. The caller has polled the
    /// signals just before.
    pub fn order(&mut self, now_ms: u64, action: Action, ticket: u64) -> Vec<Task> {
        let mut tasks = Vec::new();
        let refusal = self.no_room(action).or_else(|| self.refusal(action));
        if let Some(text) = refusal {
            tasks.push(Task::Finish {
                ticket,
                kind: OutcomeKind::Refused,
                detail: text.to_owned(),
            });
            return tasks;
        }
        self.supersede(action, &mut tasks);
        match action {
            Action::Open => self.open(now_ms, &mut tasks),
            Action::Close => self.close(now_ms, &mut tasks),
            Action::LockOpen => self.lock_open(now_ms, &mut tasks),
            Action::Stop => {
                self.stop(&mut tasks);
                tasks.push(Task::Finish {
                    ticket,
                    kind: OutcomeKind::Accepted,
                    detail: "the controller took the stop pulse".to_owned(),
                });
                return tasks;
            }
            Action::Release => {}
        }
        self.waiting.push(Waiting {
            ticket,
            action,
            sent: true,
        });
        if action == Action::Release {
            self.release_lock(now_ms, &mut tasks);
        }
        tasks
    }

    /// Why no further order may wait; those that a new one ends make room for it.
    pub(super) fn no_room(&self, action: Action) -> Option<&'static str> {
        let stay = self.waiting.iter().filter(|old| !action.ends(old.action));
        (stay.count() >= WAITING_MAX).then_some("too many orders wait for this barrier")
    }

    /// The deadline of an order has passed. A lock that was asked for is not written again, but
    /// nothing is lowered under it until RELEASE.
    pub fn expire(&mut self, ticket: u64) -> Vec<Task> {
        self.end(ticket, OutcomeKind::Expired, IN_VAIN)
    }

    /// As [`Self::expire`], for an order whose writes the controller refused.
    pub fn expire_refused(&mut self, ticket: u64, text: &str) -> Vec<Task> {
        self.end(ticket, OutcomeKind::Refused, text)
    }

    fn end(&mut self, ticket: u64, kind: OutcomeKind, text: &str) -> Vec<Task> {
        let mut tasks = Vec::new();
        let place = self
            .waiting
            .iter()
            .position(|waiting| waiting.ticket == ticket);
        if let Some(place) = place {
            let ended = self.waiting.remove(place);
            // What the controller was not told of it has not refused.
            let (kind, text) = match ended.sent {
                true => (kind, text.to_owned()),
                false => (OutcomeKind::Expired, format!("{IN_VAIN}{NOTHING_SENT}")),
            };
            tasks.push(Task::Finish {
                ticket,
                kind,
                detail: format!("{text}; barrier {}", self.words()),
            });
            self.forget_unsent_lock(ended);
            if ended.action == Action::Release && ended.sent && !self.waits_for_release() {
                self.release_expired();
            }
            let wanted = self
                .waiting
                .iter()
                .any(|waiting| matches!(waiting.action, Action::Open | Action::LockOpen));
            if ended.action == Action::Open && !wanted && !self.locked_open {
                self.opening_is_over();
                if matches!(self.drive, Drive::Up { .. }) {
                    self.drive = Drive::Still;
                }
            }
        }
        tasks
    }

    /// Why an order is not taken; `None` when it is.
    pub(super) fn refusal(&self, action: Action) -> Option<&'static str> {
        let output = match action {
            Action::Open | Action::LockOpen => Output::Raise,
            Action::Close => Output::Lower,
            Action::Stop => Output::Stop,
            Action::Release => return None,
        };
        if !self.rules.has(output) {
            return Some("the profile names no output for this action");
        }
        if action == Action::LockOpen {
            // An emergency opening is tried whatever the inputs say.
            return None;
        }
        let Some(signals) = &self.signals else {
            return Some("the inputs are unknown");
        };
        if signals.is_on(Input::Local) {
            return Some("the switch in the cabinet stands on local");
        }
        let locked = self.locked_open || self.may_be_locked() && !self.is_letting_go();
        if locked && action != Action::Open {
            return Some("locked open; RELEASE first");
        }
        if action == Action::Stop {
            return None;
        }
        hard_fault(signals).or_else(|| {
            let held = action == Action::Close && signals.obstructed();
            held.then(|| obstruction(signals))
        })
    }

    /// Ends the orders that a new one contradicts.
    pub(super) fn supersede(&mut self, action: Action, tasks: &mut Vec<Task>) {
        self.waiting.retain(|old| {
            let ends = action.ends(old.action);
            if ends {
                let sent = if old.sent { "" } else { NOTHING_SENT };
                tasks.push(Task::Finish {
                    ticket: old.ticket,
                    kind: OutcomeKind::Failed,
                    detail: format!("{SUPERSEDED}{sent}"),
                });
            }
            !ends
        });
    }

    fn open(&mut self, now_ms: u64, tasks: &mut Vec<Task>) {
        self.relock.overruled();
        self.in_force = true;
        self.late = Late::No;
        self.stopped = false;
        self.blocked = false;
        if self.is_up() && !matches!(self.drive, Drive::Down { .. }) {
            self.lower_after_ms = self.hold_until(now_ms);
        } else {
            self.lower_after_ms = None;
            self.raise(now_ms, tasks);
        }
    }

    fn close(&mut self, now_ms: u64, tasks: &mut Vec<Task>) {
        self.in_force = false;
        self.stopped = false;
        let down = self
            .signals
            .as_ref()
            .is_some_and(|signals| signals.is_on(Input::DownLimit));
        if !down || matches!(self.drive, Drive::Up { .. }) {
            self.lower(now_ms, tasks);
        }
    }

    fn lock_open(&mut self, now_ms: u64, tasks: &mut Vec<Task>) {
        self.locked_open = true;
        self.relock.opened();
        self.in_force = true;
        self.late = Late::No;
        self.lower_after_ms = None;
        self.blocked = false;
        self.stopped = false;
        self.set(Output::LockOpen, true, tasks);
        if self.rules.siren_with_lock_open {
            self.set(Output::Siren, true, tasks);
        }
        self.lock_retry_ms = now_ms + self.rules.travel_max_ms;
        // A boom told to lower is told to rise, also while it has not left the upper limit yet.
        if !self.is_up() || matches!(self.drive, Drive::Down { .. }) {
            self.raise(now_ms, tasks);
        }
    }

    fn stop(&mut self, tasks: &mut Vec<Task>) {
        self.relock.overruled();
        self.drive = Drive::Still;
        self.late = Late::No;
        self.in_force = false;
        self.stopped = true;
        self.lower_after_ms = None;
        self.blocked = false;
        tasks.push(Task::Pulse(Output::Stop));
    }

    /// What becomes of the boom once the lock is off. One that stands up for nobody is lowered, also
    /// when the lock was set before this machine began.
    pub(super) fn after_the_lock(&mut self, now_ms: u64, was_locked: bool) -> &'static str {
        let down = self
            .signals
            .as_ref()
            .is_some_and(|signals| signals.is_on(Input::DownLimit));
        if down && !matches!(self.drive, Drive::Up { .. }) {
            return "the boom is down";
        }
        if !self.rules.auto_close {
            return "the boom stays up until CLOSE";
        }
        if was_locked || self.lower_after_ms.is_none() {
            self.lower_after_ms = Some(now_ms);
            self.in_force = false;
        }
        "the boom is lowered once nothing is under it"
    }

    pub(super) fn finish(
        &mut self,
        which: impl Fn(Action) -> bool,
        kind: OutcomeKind,
        detail: &str,
        tasks: &mut Vec<Task>,
    ) {
        self.waiting.retain(|waiting| {
            let ends = which(waiting.action);
            if ends {
                tasks.push(Task::Finish {
                    ticket: waiting.ticket,
                    kind,
                    detail: detail.to_owned(),
                });
            }
            !ends
        });
    }
}
