//! How the lock looks, whoever set it: a fact beside what is ordered.
//!
//! What is seen is shown, and holds back what would lower a boom under a lock. No output is ever written because
//! of it: a look may be wrong, a controller may be behind its own answer, and a lock of another hand is that hand's.

use super::late::Late;
use super::{LockNews, Machine};

/// How far apart two looks lie at least that say more than one.
const APART_MS: u64 = 150;

/// What the looks at the lock say, and what was told of it.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The newest look; `None` when it could not be read, or was not since the last order.
    last: Option<bool>,
    /// When the first look in a row said so.
    since_ms: u64,
    /// Whether a later look said the same: one may be a wrong bit, or of a controller that shows what was.
    is_sure: bool,
    /// It is told as on, and no order here holds it.
    shown: bool,
    /// A release ended without having been seen: whoever was told so is told when the lock is off.
    owed: bool,
}

impl Seen {
    pub(super) fn look(&mut self, now_ms: u64, is_on: bool) {
        if self.last.replace(is_on) == Some(is_on) {
            self.is_sure |= now_ms >= self.since_ms.saturating_add(APART_MS);
        } else {
            self.since_ms = now_ms;
            self.is_sure = false;
        }
    }

    /// What was seen says nothing of what comes.
    pub(super) fn begins_anew(&mut self) {
        self.last = None;
        self.is_sure = false;
    }

    /// An order of ours decides how the lock is shown.
    pub(super) fn is_ours(&mut self) {
        self.begins_anew();
        self.shown = false;
        self.owed = false;
    }

    /// What two looks in a row say.
    pub(super) fn sure(&self) -> Option<bool> {
        self.last.filter(|_| self.is_sure)
    }

    pub(super) fn is_shown(&self) -> bool {
        self.shown
    }

    pub(super) fn shows(&mut self) {
        self.shown = true;
    }

    pub(super) fn owes(&mut self) {
        self.owed = true;
    }

    /// Whether it may be on; one look is enough to hold something back.
    pub(super) fn may_be_on(&self) -> bool {
        self.shown || self.last == Some(true)
    }
}

impl Machine {
    /// Whether the lane is held open by a lock that is seen on and that no order here holds.
    pub fn is_found_locked(&self) -> bool {
        !self.locked_open && self.relock.seen.is_shown()
    }

    /// Whether the lock may be on, or is not off yet: nothing is lowered under it.
    pub(super) fn may_be_locked(&self) -> bool {
        self.locked_open || self.relock.seen.may_be_on() || self.is_letting_go()
    }

    /// What there is to tell of a lock that no order here holds.
    pub(super) fn seen_unheld(&mut self) -> Option<LockNews> {
        let seen = &mut self.relock.seen;
        match seen.sure()? {
            true if !seen.shown => {
                seen.shown = true;
                self.late = Late::No;
                Some(LockNews::Found)
            }
            false if seen.shown || seen.owed => {
                seen.is_ours();
                Some(LockNews::Over)
            }
            _ => None,
        }
    }
}
