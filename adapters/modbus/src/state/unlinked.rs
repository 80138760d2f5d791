//! Orders for a controller that cannot be reached, or was not looked at since it can be again.
//!
//! An emergency opening waits for its controller, and so does its release; both until their deadline,
//! and the last of them holds. Whatever else is ordered is over at once; an opening that waits is over
//! with it when it contradicts it, for nobody who was told that a boom is to be lowered may see it rise.

use cordon_contract::OutcomeKind;

use super::orders::Waiting;
use super::{Action, Machine, Task};

impl Machine {
    /// Takes an order while the controller cannot be told of it; `why` ends the answer of one that
    /// does not wait. Nothing is written.
    pub fn order_unlinked(&mut self, action: Action, ticket: u64, why: &str) -> Vec<Task> {
        let mut tasks = Vec::new();
        let waits = matches!(action, Action::LockOpen | Action::Release);
        let refusal = self
            .no_room(action)
            .or_else(|| waits.then(|| self.refusal(action)).flatten());
        if let Some(text) = refusal {
            tasks.push(Task::Finish {
                ticket,
                kind: OutcomeKind::Refused,
                detail: text.to_owned(),
            });
            return tasks;
        }
        self.supersede(action, &mut tasks);
        let withdrawn = !tasks.is_empty();
        match action {
            Action::LockOpen => {
                self.locked_open = true;
                self.in_force = true;
                self.lower_after_ms = None;
            }
            // A lock that stands is known again when the controller is.
            _ if !self.awaits_lock() => self.locked_open = self.lock_confirmed,
            _ => {}
        }
        if waits {
            self.waiting.push(Waiting {
                ticket,
                action,
                sent: false,
            });
            return tasks;
        }
        let also = if withdrawn { ALSO } else { "" };
        tasks.push(Task::Finish {
            ticket,
            kind: OutcomeKind::Failed,
            detail: format!("{why}{also}"),
        });
        tasks
    }

    /// Carries out a release that waited, now that the controller was looked at. True when there was one.
    pub(super) fn release_as_ordered(&mut self, now_ms: u64, tasks: &mut Vec<Task>) -> bool {
        if !self.awaits_release() {
            return false;
        }
        self.mark_sent(Action::Release);
        self.release_lock(now_ms, tasks);
        true
    }

    /// Whether a release waits that is not under way.
    pub(super) fn awaits_release(&self) -> bool {
        !self.is_letting_go() && self.waits_for_release()
    }

    pub(super) fn waits_for_release(&self) -> bool {
        self.waiting
            .iter()
            .any(|waiting| waiting.action == Action::Release)
    }

    /// An emergency opening that waited in vain is over, and so is the lock nobody was told of.
    pub(super) fn forget_unsent_lock(&mut self, ended: Waiting) {
        if ended.action == Action::LockOpen && !ended.sent && !self.awaits_lock() {
            self.locked_open = self.lock_confirmed;
            self.in_force = self.locked_open;
        }
    }

    /// Notes that orders of this kind are written now.
    pub(super) fn mark_sent(&mut self, action: Action) {
        for waiting in &mut self.waiting {
            waiting.sent |= waiting.action == action;
        }
    }
}

/// What is added to the answer of an order that ended another.
const ALSO: &str = "; what waited for the barrier is withdrawn";
