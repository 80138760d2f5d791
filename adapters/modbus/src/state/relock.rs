//! What the lock says when it is read back, and what is done about it: the last order holds.

use super::drive::Drive;
use super::late::Late;
use super::{Machine, Task};
use crate::profile::Output;

/// How long a write of the lock that got no answer may still be under way. A lock that is on within this time
/// although it was released since is that write, come late. Any other is another hand, and stays until RELEASE.
const LATE_WRITE_MS: u64 = 120_000;

/// What is said when an older write undid what was confirmed.
const ON_AGAIN: &str = "the lock was on again after its release; it is released once more";
const OFF_AGAIN: &str = "the lock was off again after its opening; it is locked once more";

/// What is remembered of the lock.
#[derive(Debug, Default)]
pub(super) struct Relock {
    /// When an opening was written and got no answer.
    unanswered_ms: Option<u64>,
    /// There was a release, and no opening since.
    released: bool,
    /// It was read as on since the opening: this controller shows it as it is.
    seen_on: bool,
}

impl Relock {
    pub(super) fn opened(&mut self) {
        self.released = false;
        self.seen_on = false;
    }

    pub(super) fn released(&mut self) {
        self.released = true;
        self.seen_on = false;
    }
}

impl Machine {
    /// Whether an emergency opening is in force and the boom was seen up for it.
    pub fn is_lock_confirmed(&self) -> bool {
        self.locked_open && self.lock_confirmed
    }

    /// The write that sets the lock got no answer: it may come yet.
    pub fn lock_unanswered(&mut self, now_ms: u64) {
        self.relock.unanswered_ms = Some(now_ms);
    }

    /// Takes the lock as it was read back: what to do, and in words what was undone.
    pub fn lock_seen(&mut self, now_ms: u64, is_on: bool) -> (Vec<Task>, Option<&'static str>) {
        let mut tasks = Vec::new();
        match (is_on, self.locked_open) {
            (true, false) => {
                let unanswered_ms = self.relock.unanswered_ms;
                let late = unanswered_ms.is_some_and(|at_ms| now_ms < at_ms + LATE_WRITE_MS);
                if !(late && self.relock.released) {
                    self.found_locked();
                    return (tasks, None);
                }
                self.switch_lock_off(&mut tasks);
                self.after_the_lock(now_ms, true);
                (tasks, Some(ON_AGAIN))
            }
            (true, true) => {
                self.relock.seen_on = true;
                (tasks, None)
            }
            (false, true) if self.relock.seen_on && self.holds_lock() => {
                self.relock.seen_on = false;
                self.set(Output::LockOpen, true, &mut tasks);
                if !self.is_up() {
                    self.drive = Drive::Still;
                    self.raise(now_ms, &mut tasks);
                }
                (tasks, Some(OFF_AGAIN))
            }
            (false, _) => (tasks, None),
        }
    }

    /// The controller holds the lane open although nobody here has ordered it since the start: an
    /// order of before. It stays in force until RELEASE.
    fn found_locked(&mut self) {
        self.locked_open = true;
        self.lock_confirmed = true;
        self.in_force = true;
        self.late = Late::No;
    }

    pub(super) fn switch_lock_off(&self, tasks: &mut Vec<Task>) {
        self.set(Output::LockOpen, false, tasks);
        if self.rules.siren_with_lock_open {
            self.set(Output::Siren, false, tasks);
        }
    }
}
