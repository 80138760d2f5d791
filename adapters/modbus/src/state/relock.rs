//! What the lock says when it is read back, and what is done about it: the last order holds.

use super::drive::Drive;
use super::late::Late;
use super::{Machine, Task};
use crate::profile::Output;

/// How long a write of the lock that got no answer may still be under way. A lock that is on within this time
/// although it was released since is that write, come late. Any other is another hand, and stays until RELEASE.
const LATE_WRITE_MS: u64 = 120_000;

/// Most writes without an answer that are reckoned with; each of them can come late once.
const UNANSWERED_MAX: u8 = 8;

/// What an older write, or another hand, undid of what was confirmed; it is done again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Undone {
    /// The lock was on after its release.
    Release,
    /// The lock was off under an opening.
    Opening,
}

/// What is remembered of the lock.
#[derive(Debug, Default)]
pub(super) struct Relock {
    /// When an opening was last written and got no answer.
    unanswered_ms: u64,
    /// How many such writes may come yet.
    unanswered: u8,
    /// There was a release, and no opening since.
    released: bool,
    /// It was read as on since the opening: this controller shows it as it is.
    seen_on: bool,
    /// It was found on, and nobody here has ordered it.
    found: bool,
    /// How everything stood before a release whose write is not answered yet.
    before: Option<Before>,
}

/// What a release changes, as it was.
#[derive(Debug)]
struct Before {
    locked_open: bool,
    lock_confirmed: bool,
    in_force: bool,
    lower_after_ms: Option<u64>,
    released: bool,
    seen_on: bool,
    found: bool,
}

impl Relock {
    pub(super) fn opened(&mut self) {
        self.released = false;
        self.seen_on = false;
        self.found = false;
        self.before = None;
    }

    fn released(&mut self) {
        self.released = true;
        self.seen_on = false;
        self.found = false;
    }

    /// Whether a lock that is on after its release may be a write that came late; it is reckoned with
    /// no more.
    fn comes_late(&mut self, now_ms: u64) -> bool {
        let late = self.released
            && self.unanswered > 0
            && now_ms < self.unanswered_ms.saturating_add(LATE_WRITE_MS);
        self.unanswered -= u8::from(late);
        late
    }
}

impl Machine {
    /// Whether an emergency opening is in force and the boom was seen up for it.
    pub fn is_lock_confirmed(&self) -> bool {
        self.locked_open && self.lock_confirmed
    }

    /// Whether the lane is held open by a lock that was found on and that nobody here has ordered.
    pub fn is_found_locked(&self) -> bool {
        self.locked_open && self.relock.found
    }

    /// The write that sets the lock got no answer: it may come yet.
    pub fn lock_unanswered(&mut self, now_ms: u64) {
        let relock = &mut self.relock;
        if now_ms >= relock.unanswered_ms.saturating_add(LATE_WRITE_MS) {
            relock.unanswered = 0;
        }
        relock.unanswered_ms = now_ms;
        relock.unanswered = (relock.unanswered + 1).min(UNANSWERED_MAX);
    }

    /// A release is written: the lane is as good as released. Its write decides whether that stays.
    pub(super) fn release_lock(&mut self) {
        if self.rules.has(Output::LockOpen) {
            self.relock.before.get_or_insert(Before {
                locked_open: self.locked_open,
                lock_confirmed: self.lock_confirmed,
                in_force: self.in_force,
                lower_after_ms: self.lower_after_ms,
                released: self.relock.released,
                seen_on: self.relock.seen_on,
                found: self.relock.found,
            });
        }
        self.locked_open = false;
        self.lock_confirmed = false;
        self.relock.released();
    }

    /// The controller took the write of the release.
    pub fn lock_let_go(&mut self) {
        self.relock.before = None;
    }

    /// The write of a release was refused, or got no answer: the lane is held as it was, and whoever
    /// wants it released orders that again.
    pub fn lock_kept(&mut self) {
        let Some(before) = self.relock.before.take() else {
            return;
        };
        self.locked_open = before.locked_open;
        self.lock_confirmed = before.lock_confirmed;
        self.in_force = before.in_force;
        self.lower_after_ms = before.lower_after_ms;
        self.relock.released = before.released;
        self.relock.seen_on = before.seen_on;
        self.relock.found = before.found;
    }

    /// Takes the lock as it was read back: what to do, and what was undone.
    pub fn lock_seen(&mut self, now_ms: u64, is_on: bool) -> (Vec<Task>, Option<Undone>) {
        let mut tasks = Vec::new();
        match (is_on, self.locked_open) {
            (true, false) => {
                if !self.relock.comes_late(now_ms) {
                    self.found_locked();
                    return (tasks, None);
                }
                self.switch_lock_off(&mut tasks);
                self.after_the_lock(now_ms, true);
                (tasks, Some(Undone::Release))
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
                (tasks, Some(Undone::Opening))
            }
            (false, _) => (tasks, None),
        }
    }

    /// The controller holds the lane open although nobody here has ordered it since the start or the last
    /// release: an order of before, or another hand. It stays in force until RELEASE.
    fn found_locked(&mut self) {
        self.relock.found = true;
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
