//! What the lock says when it is read back, and what is done about it: the last order holds.

use super::drive::Drive;
use super::late::Late;
use super::{Machine, Task};
use crate::profile::Output;

/// How long after a release a lock that is on again is taken for an older order that came late. Later it is
/// another hand, and stays until RELEASE.
const LATE_WRITE_MS: u64 = 120_000;

/// What is said when an older write undid what was confirmed.
const ON_AGAIN: &str = "the lock was on again after its release; it is released once more";
const OFF_AGAIN: &str = "the lock was off again after its opening; it is locked once more";

/// What is remembered of the lock.
#[derive(Debug, Default)]
pub(super) struct Relock {
    /// When the last release was written.
    released_ms: Option<u64>,
    /// It was read as on since the opening: this controller shows it as it is.
    seen_on: bool,
}

impl Relock {
    pub(super) fn released(&mut self, now_ms: u64) {
        self.released_ms = Some(now_ms);
        self.seen_on = false;
    }
}

impl Machine {
    /// Whether an emergency opening is in force and the boom was seen up for it.
    pub fn is_lock_confirmed(&self) -> bool {
        self.locked_open && self.lock_confirmed
    }

    /// Takes the lock as it was read back: what to do, and in words what was undone.
    pub fn lock_seen(&mut self, now_ms: u64, is_on: bool) -> (Vec<Task>, Option<&'static str>) {
        let mut tasks = Vec::new();
        match (is_on, self.locked_open) {
            (true, false) => {
                let released_ms = self.relock.released_ms;
                let late = released_ms.is_some_and(|at_ms| now_ms < at_ms + LATE_WRITE_MS);
                if !late {
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
