//! An opening that is over and may still raise the boom: a drive that comes loose, a controller
//! that obeys late.
//!
//! Nobody is waiting for such a rise, so whoever drives in under it drives in unasked. It is taken
//! back by the rules of every lowering (nothing under the boom, for long enough), and the lamp
//! stays red meanwhile. It is done for one rise and within [`LATE_RISE_MS`]: what moves the boom
//! later, or a second time, is another hand, and is told instead.

use super::drive::Drive;
use super::{Action, Machine, Task};
use crate::profile::{Input, Output};

/// How long after its opening was over a rise is still taken for its own.
const LATE_RISE_MS: u64 = 120_000;

/// What is said of a boom that is up for an opening that is over.
pub(super) const LATE: &str = "up although its opening was over";

/// Whether an opening is over that may still raise the boom.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Late {
    /// None.
    No,
    /// One is over since the last look.
    Begins,
    /// One was over; it is no longer expected after this moment.
    Until(u64),
}

impl Machine {
    /// An opening ended without the up limit. What it set going is not wanted any more.
    pub(super) fn opening_is_over(&mut self) {
        let rising = matches!(self.drive, Drive::Up { .. });
        let asked = self
            .waiting
            .iter()
            .any(|waiting| waiting.action == Action::Open);
        if (rising || asked) && !self.locked_open {
            self.late = Late::Begins;
            self.in_force = false;
        }
    }

    /// Keeps the time of a late rise.
    pub(super) fn watch_late(&mut self, now_ms: u64) {
        match self.late {
            Late::Begins => self.late = Late::Until(now_ms.saturating_add(LATE_RISE_MS)),
            Late::Until(end_ms) if end_ms < now_ms => self.late = Late::No,
            Late::No | Late::Until(_) => {}
        }
    }

    pub(super) fn is_late(&self) -> bool {
        self.late != Late::No
    }

    /// Tells a controller that did not move at all that the opening is over. The boom lies at its
    /// lower limit, so this starts no travel.
    pub(super) fn take_back(&self, tasks: &mut Vec<Task>) {
        let lies_free = self.signals.as_ref().is_some_and(|signals| {
            signals.is_on(Input::DownLimit)
                && !signals.is_on(Input::UpLimit)
                && !signals.obstructed()
        });
        let may = self.rules.auto_close && self.rules.has(Output::Lower) && !self.may_be_locked();
        if self.is_late() && lies_free && may {
            tasks.push(Task::Pulse(Output::Lower));
        }
    }
}
