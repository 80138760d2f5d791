//! The lock as the controller holds it, read back from time to time.
//!
//! A write whose answer did not come may still be under way, through a gateway that is slow, and reach the
//! controller after a newer one that was answered. Closing the connection it was written to does not call it
//! back. So what was confirmed of the lock is looked at again, and the last order holds: what an
//! older write undid is done again, and told.

use cordon_contract::{Clock, OutcomeKind};
use cordon_model::{MessageId, Timestamp};

use crate::bus::Bus;
use crate::command;
use crate::lane::Lane;
use crate::line::{Broken, Line, Manners};
use crate::profile::Output;
use crate::report::About;
use crate::state::{Action, State, Task, Undone};

/// Between two looks at the lock.
const LOOK_MS: u64 = 1_000;

/// An order that is undone time and again is told of once in this time; in between it is counted.
const TOLD_EVERY_MS: u64 = 600_000;

/// What is said of a lock that nobody here has ordered.
const FOUND: &str = "found held open without an order; release it if nobody needs it";

/// What is given as a pulse and is off between two.
pub(crate) const PULSED: [Output; 3] = [Output::Raise, Output::Lower, Output::Stop];

/// Those of them that are read back time and again. A stop may be another hand's, and is left on.
const READ_BACK: [Output; 2] = [Output::Raise, Output::Lower];

/// What is known of the orders about a lane's lock.
#[derive(Debug, Default)]
pub(crate) struct LockWatch {
    look_at_ms: u64,
    /// Which of [`READ_BACK`] is looked at next.
    pulsed: usize,
    /// The opening that ended without a confirmation, as long as it is the last order.
    unconfirmed: Option<MessageId>,
    /// The release that was confirmed last.
    released: Option<MessageId>,
    /// What was undone, when that was last told, and how often it was since.
    undone: Option<(Undone, u64, u32)>,
    /// How often the lock was seen since it was found on; told at the second time.
    found: u8,
}

impl LockWatch {
    /// Whether the lock is to be looked at.
    pub(crate) fn is_due(&self, now_ms: u64) -> bool {
        self.look_at_ms <= now_ms
    }

    /// Notes how an order ended.
    pub(crate) fn ended(&mut self, action: Action, command: MessageId, kind: OutcomeKind) {
        match (action, kind) {
            (Action::LockOpen, OutcomeKind::Confirmed) => {
                self.unconfirmed = None;
                self.undone = None;
            }
            (Action::Release, OutcomeKind::Confirmed) => {
                self.unconfirmed = None;
                self.released = Some(command);
                self.undone = None;
                self.found = 0;
            }
            (Action::LockOpen, _) => self.unconfirmed = Some(command),
            _ => {}
        }
    }

    /// What is to be told of an order that was undone, if it is time to.
    fn words_of(&mut self, now_ms: u64, undone: Undone) -> Option<String> {
        let words = match undone {
            Undone::Release => "the lock was on again after its release; it is released once more",
            Undone::Opening => "the lock was off under an opening; it is locked once more",
        };
        let told = self.undone.filter(|(last, ..)| *last == undone);
        let words = match told {
            Some((_, at_ms, times)) if now_ms < at_ms.saturating_add(TOLD_EVERY_MS) => {
                self.undone = Some((undone, at_ms, times.saturating_add(1)));
                return None;
            }
            Some((_, _, times)) if times > 0 => format!("{words}; {times} times before this"),
            _ => words.to_owned(),
        };
        self.undone = Some((undone, now_ms, 0));
        Some(words)
    }
}

impl Lane {
    /// Tells of a lane that is held open although nobody here has ordered it, once. An order that comes
    /// between two looks is about it, so the second look tells.
    fn tell_found(&mut self, at: Timestamp) {
        if !self.machine.is_found_locked() {
            self.lock.found = 0;
            return;
        }
        self.lock.found = self.lock.found.saturating_add(1);
        if self.lock.found == 2 {
            tracing::warn!(device = %self.config.device, "{FOUND}");
            let about = About::Command(None, OutcomeKind::Confirmed, FOUND.to_owned());
            self.tell(at, &about, true, false);
        }
    }

    /// Tells of what was undone and is done again: a release by its name, an opening by what holds
    /// the lane, for after a restart nobody here knows its order.
    fn tell_undone(&mut self, now_ms: u64, at: Timestamp, undone: Undone) {
        let Some(words) = self.lock.words_of(now_ms, undone) else {
            return;
        };
        tracing::warn!(device = %self.config.device, "{words}");
        let command = self.lock.released.filter(|_| undone == Undone::Release);
        let about = About::Command(command, OutcomeKind::Failed, words);
        self.tell(at, &about, true, false);
    }

    /// Tells of an opening that is confirmed although it was given up before.
    pub(crate) fn confirm_late(&mut self, at: Timestamp) {
        if self.machine.is_lock_confirmed()
            && self.machine.state() == State::Open
            && let Some(command) = self.lock.unconfirmed.take()
        {
            let words = "the boom is up and held, after the order was given up".to_owned();
            let about = About::Command(Some(command), OutcomeKind::Confirmed, words);
            self.tell(at, &about, true, false);
        }
    }
}

impl Bus {
    /// Reads the lock, which outlives the hub that set it, and has the last order hold.
    pub(crate) async fn look_at_lock(
        &mut self,
        line: &mut Line<'_>,
        index: usize,
        clock: &dyn Clock,
    ) -> Result<(), Broken> {
        let now_ms = self.now_ms();
        let Some(lane) = self.lanes.get_mut(index) else {
            return Ok(());
        };
        lane.lock.look_at_ms = now_ms.saturating_add(LOOK_MS);
        let Some(request) = command::read_back(&lane.profile, Output::LockOpen) else {
            return Ok(());
        };
        let unit = lane.config.unit;
        let Ok(answer) = self.call(line, unit, request, Manners::Yields).await? else {
            return Ok(());
        };
        let now_ms = self.now_ms();
        let Some(lane) = self.lanes.get_mut(index) else {
            return Ok(());
        };
        let is_on = command::is_on(&lane.profile, Output::LockOpen, &answer);
        let (tasks, undone) = lane.machine.lock_seen(now_ms, is_on);
        lane.tell_found(clock.now());
        if let Some(undone) = undone {
            lane.tell_undone(now_ms, clock.now(), undone);
        }
        // Before anything further is written: what is told stays in the order in which it was.
        self.publish();
        self.carry_out(line, index, tasks, clock).await
    }

    /// Reads one of the outputs that are given as pulses, another each time, so that it costs one call: one
    /// that is on without a pulse was set by a write that came after its own end.
    pub(crate) async fn look_at_pulse(
        &mut self,
        line: &mut Line<'_>,
        index: usize,
        clock: &dyn Clock,
    ) -> Result<(), Broken> {
        let Some(lane) = self.lanes.get_mut(index) else {
            return Ok(());
        };
        lane.lock.pulsed = (lane.lock.pulsed + 1) % READ_BACK.len();
        let Some(output) = READ_BACK.get(lane.lock.pulsed).copied() else {
            return Ok(());
        };
        let Some(request) = command::read_back(&lane.profile, output) else {
            return Ok(());
        };
        if lane.pulses_now(output) {
            return Ok(());
        }
        let unit = lane.config.unit;
        let Ok(answer) = self.call(line, unit, request, Manners::Yields).await? else {
            return Ok(());
        };
        let Some(lane) = self.lanes.get(index) else {
            return Ok(());
        };
        if !command::is_on(&lane.profile, output, &answer) {
            return Ok(());
        }
        tracing::warn!(device = %lane.config.device, ?output, "found on without an order; it is reset");
        let reset = vec![Task::Set(output, false)];
        self.carry_out(line, index, reset, clock).await
    }
}
