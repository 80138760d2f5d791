//! What is ordered of the lock, and what is done when it is read back: the last order holds.
//!
//! The lock is written for an order alone: for an opening until its release, and for a release until it is off. How
//! it looks without an order of ours is `seen.rs`'s.

use cordon_contract::OutcomeKind;

use super::drive::Drive;
use super::seen::Seen;
use super::{Action, Machine, Task};
use crate::profile::Output;

/// How long a write of the lock that got no answer may still be under way. A lock that is on within this time
/// although it was released since is that write, come late. Any other is another hand, and stays until RELEASE.
const LATE_WRITE_MS: u64 = 120_000;

/// Most writes without an answer that are reckoned with; each of them can come late once.
const UNANSWERED_MAX: u8 = 8;

/// What is said of a lock that stays on.
const STAYS: &str =
    "the controller acknowledged the release and the lock stays on; the lane is still held open";

/// What is said of a lock that cannot be read.
const UNREAD: &str =
    "the controller acknowledged the release; whether the lock is off could not be read";

/// What a look at the lock found that is to be told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LockNews {
    /// The lock was on after its release, by a write of ours that came late; it is released once more.
    ReleaseUndone,
    /// The lock was off under an opening; it is locked once more.
    OpeningUndone,
    /// It is on, and nobody here has ordered it.
    Found,
    /// It stays on after a release that was acknowledged.
    Stays,
    /// It was told as on without an order, and is off.
    Over,
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
    /// How far a release is.
    release: Release,
    /// The write of a release failed, and its order has not ended yet.
    is_kept: bool,
    /// The lock went off late, so the pulse that lowers may have come too early; it is given once more.
    repeats_lower: bool,
    pub(super) seen: Seen,
    /// The write of an opening was not answered: the boom is looked at before it is written again.
    looks_first: bool,
}

/// How far a release is.
#[derive(Debug, Default)]
enum Release {
    /// None is under way.
    #[default]
    No,
    /// Its write is not answered yet.
    Written(Before),
    /// The controller took it. It is carried out when the lock is read as off.
    Taken {
        /// Whether an opening was in force, or the lock was on: the boom is lowered.
        was_locked: bool,
        /// The lock must be off by then.
        until_ms: u64,
        /// It was read as on since.
        lags: bool,
        /// A newer order says what becomes of the boom.
        is_overruled: bool,
    },
}

/// What a release changes, as it was.
#[derive(Clone, Copy, Debug)]
struct Before {
    /// An opening was in force, or the lock was on, before this release or one that it repeats.
    was_locked: bool,
    locked_open: bool,
    lock_confirmed: bool,
    released: bool,
    seen_on: bool,
}

impl Relock {
    pub(super) fn opened(&mut self) {
        self.released = false;
        self.seen_on = false;
        self.release = Release::No;
        self.repeats_lower = false;
        self.seen.is_ours();
    }

    /// A newer order moves the boom, or stops it: what a release would do to it is over.
    pub(super) fn overruled(&mut self) {
        self.repeats_lower = false;
        if let Release::Taken { is_overruled, .. } = &mut self.release {
            *is_overruled = true;
        }
    }

    /// Whether the pulse that lowers is to be given once more.
    pub(super) fn take_repeat(&mut self) -> bool {
        std::mem::take(&mut self.repeats_lower)
    }

    /// Whether the order of a release has ended because its write failed.
    pub(super) fn take_kept(&mut self) -> bool {
        std::mem::take(&mut self.is_kept)
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

    /// Whether a release is written and the lock was not read as off yet.
    pub fn is_letting_go(&self) -> bool {
        !matches!(self.relock.release, Release::No)
    }

    /// Whether the boom is looked at before the lock is written again; it is written before the next look.
    pub fn take_look_first(&mut self) -> bool {
        std::mem::take(&mut self.relock.looks_first)
    }

    /// The write that sets the lock got no answer: it may come yet.
    pub fn lock_unanswered(&mut self, now_ms: u64) {
        let relock = &mut self.relock;
        relock.looks_first = true;
        if now_ms >= relock.unanswered_ms.saturating_add(LATE_WRITE_MS) {
            relock.unanswered = 0;
        }
        relock.unanswered_ms = now_ms;
        relock.unanswered = (relock.unanswered + 1).min(UNANSWERED_MAX);
    }

    /// Writes a release. Its write decides whether the opening is over, and the lock itself whether the
    /// release is carried out.
    pub(super) fn release_lock(&mut self, now_ms: u64, tasks: &mut Vec<Task>) {
        let repeats = matches!(
            self.relock.release,
            Release::Taken {
                was_locked: true,
                ..
            }
        );
        let was_locked = self.locked_open || self.relock.seen.is_shown() || repeats;
        if self.rules.has(Output::LockOpen) && !matches!(self.relock.release, Release::Written(_)) {
            self.relock.release = Release::Written(Before {
                was_locked,
                locked_open: self.locked_open,
                lock_confirmed: self.lock_confirmed,
                released: self.relock.released,
                seen_on: self.relock.seen_on,
            });
        }
        self.locked_open = false;
        self.lock_confirmed = false;
        self.relock.released = true;
        self.relock.seen_on = false;
        self.set(Output::LockOpen, false, tasks);
        if self.rules.siren_with_lock_open {
            self.set(Output::Siren, false, tasks);
        }
        if !self.rules.has(Output::LockOpen) {
            self.lock_is_off(now_ms, was_locked, false, tasks);
        }
    }

    /// The controller took the write of the release.
    pub fn lock_let_go(&mut self, now_ms: u64) {
        if let Release::Written(before) = self.relock.release {
            self.relock.release = Release::Taken {
                was_locked: before.was_locked,
                until_ms: now_ms.saturating_add(self.rules.travel_max_ms),
                lags: false,
                is_overruled: false,
            };
            self.relock.seen.begins_anew();
        }
    }

    /// The write of a release was refused, or got no answer: the lane is held as it was, and whoever
    /// wants it released orders that again.
    pub fn lock_kept(&mut self) {
        if let Release::Written(before) = self.relock.release {
            self.relock.release = Release::No;
            self.relock.is_kept = true;
            if !before.locked_open {
                self.relock.seen.owes();
            }
            self.locked_open = before.locked_open;
            self.lock_confirmed = before.lock_confirmed;
            self.relock.released = before.released;
            self.relock.seen_on = before.seen_on;
        }
    }

    /// The controller is lost. A release that it took and that was not seen is written again; true when one
    /// has ended because its write got no answer.
    pub(super) fn lock_lost(&mut self) -> bool {
        self.lock_kept();
        self.relock.release = Release::No;
        self.relock.seen.begins_anew();
        self.relock.take_kept()
    }

    /// A release is over that was written, and nobody knows whether the lock is off.
    pub(super) fn release_expired(&mut self) {
        self.relock.release = Release::No;
        self.relock.seen.owes();
    }

    /// Takes the lock as it was read back: what to do, and what is to be told.
    pub fn lock_seen(&mut self, now_ms: u64, is_on: bool) -> (Vec<Task>, Option<LockNews>) {
        let mut tasks = Vec::new();
        self.relock.seen.look(now_ms, is_on);
        let news = if self.is_letting_go() {
            self.seen_letting_go(now_ms, is_on, &mut tasks)
        } else if self.locked_open {
            self.seen_held(now_ms, is_on, &mut tasks)
        } else if self.relock.seen.sure() == Some(true)
            && !self.is_found_locked()
            && self.relock.comes_late(now_ms)
        {
            self.release_lock(now_ms, &mut tasks);
            Some(LockNews::ReleaseUndone)
        } else {
            self.seen_unheld()
        };
        (tasks, news)
    }

    /// The lock could not be read. A release of which nobody can say that it was carried out was not.
    pub fn lock_unseen(&mut self, now_ms: u64) -> Vec<Task> {
        let mut tasks = Vec::new();
        self.relock.seen.begins_anew();
        if let Release::Taken { until_ms, .. } = self.relock.release
            && until_ms <= now_ms
        {
            self.release_expired();
            let released = |action| action == Action::Release;
            self.finish(released, OutcomeKind::Failed, UNREAD, &mut tasks);
        }
        tasks
    }

    /// A release is carried out when the lock is off. One that is late is waited for as long as a travel takes.
    fn seen_letting_go(
        &mut self,
        now_ms: u64,
        is_on: bool,
        tasks: &mut Vec<Task>,
    ) -> Option<LockNews> {
        let Release::Taken {
            was_locked,
            until_ms,
            lags,
            is_overruled,
        } = &mut self.relock.release
        else {
            return None;
        };
        if !is_on {
            // One look may be a wrong bit.
            if self.relock.seen.sure() != Some(false) {
                return None;
            }
            let (was_locked, is_overruled) = (*was_locked, *is_overruled);
            self.relock.repeats_lower = *lags && !is_overruled;
            self.lock_is_off(now_ms, was_locked, is_overruled, tasks);
            return None;
        }
        *lags = true;
        if now_ms < *until_ms {
            return None;
        }
        self.relock.release = Release::No;
        self.relock.seen.shows();
        self.in_force = false;
        let released = |action| action == Action::Release;
        self.finish(released, OutcomeKind::Failed, STAYS, tasks);
        Some(LockNews::Stays)
    }

    /// The lock is off, as was ordered.
    fn lock_is_off(
        &mut self,
        now_ms: u64,
        was_locked: bool,
        is_overruled: bool,
        tasks: &mut Vec<Task>,
    ) {
        self.relock.release = Release::No;
        self.relock.seen.is_ours();
        let boom = match is_overruled {
            true => "the boom does what was ordered since",
            false => self.after_the_lock(now_ms, was_locked),
        };
        let released = |action| action == Action::Release;
        let text = format!("the lock is off; {boom}");
        self.finish(released, OutcomeKind::Confirmed, &text, tasks);
        if self.waiting.iter().any(|it| it.action == Action::Close) {
            self.lower(now_ms, tasks);
        }
    }

    /// An opening of ours is carried out until its release: off is set again, once two looks say so. A boom that
    /// comes down under it is raised at once, by its limits.
    fn seen_held(&mut self, now_ms: u64, is_on: bool, tasks: &mut Vec<Task>) -> Option<LockNews> {
        self.relock.seen_on |= is_on;
        let is_undone = self.relock.seen.sure() == Some(false);
        if !(is_undone && self.relock.seen_on && self.holds_lock()) {
            return None;
        }
        self.relock.seen_on = false;
        self.set(Output::LockOpen, true, tasks);
        if !self.is_up() {
            self.drive = Drive::Still;
            self.raise(now_ms, tasks);
        }
        Some(LockNews::OpeningUndone)
    }
}
